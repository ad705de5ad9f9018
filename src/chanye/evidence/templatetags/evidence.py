"""The interval of an effect as a small drawing, for cells and certificates."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django import template

from chanye.evidence import measures
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import from_us

register = template.Library()

#: Relative effects at the two ends of the drawing.
LOW, HIGH = -0.2, 0.4


@register.inclusion_tag("evidence/interval.html")
def interval(row: Any, claim: float) -> dict[str, Any]:
    """Draw estimate, interval and claim of a plan or an effect; nothing was measured: only the claim."""
    known = row.estimate is not None
    return {
        "known": known,
        "zero": _at(0.0),
        "claim": _at(claim),
        "from": _at(row.lower) if known else 0.0,
        "length": round(_at(row.upper) - _at(row.lower), 1) if known else 0.0,
        "estimate": _at(row.estimate) if known else 0.0,
    }


def _at(value: float) -> float:
    return round(2 + 116 * (min(max(value, LOW), HIGH) - LOW) / (HIGH - LOW), 1)


@register.filter
def percent(value: float | None) -> str:
    """Return a relative effect with its sign, or a word where it is not known."""
    return "–" if value is None else f"{100 * value:+.1f} %".replace("-", "−")


@register.filter
def measure_label(code: str) -> str:
    """Return the words of a measure, its code if no room declares it any more."""
    try:
        return str(measures.get(code).label)
    except ConfigError:
        return code


@register.filter
def add_px(value: float, more: float) -> str:
    """Return a coordinate moved by some pixels."""
    return f"{value + more:.1f}"


@register.filter
def last_day(end: int) -> str:
    """Return the last local day before a moment at which days end."""
    return f"{from_us(end - 1, ZoneInfo('Asia/Shanghai')):%Y-%m-%d}"
