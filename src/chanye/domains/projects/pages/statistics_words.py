"""Words and figures of the statistics, in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language, gettext_lazy, pgettext_lazy

from chanye.domains.projects.types.statistics import IndicatorRef
from chanye.domains.projects.types.targets import GROWTH_STEPS
from chanye.kernel.unit_names import unit_label

SIZE_WORDS = {
    "large": pgettext_lazy("size of a firm", "large"),
    "medium": pgettext_lazy("size of a firm", "medium"),
    "small": pgettext_lazy("size of a firm", "small"),
    "micro": pgettext_lazy("size of a firm", "micro"),
}
STAGE_WORDS = {
    "first": pgettext_lazy("return", "first figure"),
    "revised": pgettext_lazy("return", "revised"),
    "final": pgettext_lazy("return", "final"),
    "missing": pgettext_lazy("return", "not reported"),
}
STAGE_TONES = {"first": "setup", "revised": "waiting", "final": "running", "missing": "unknown"}
KIND_WORDS = {
    "flow": gettext_lazy("of the month"),
    "stock": gettext_lazy("at the end of the month"),
    "ratio": gettext_lazy("ratio"),
    "cumulative": gettext_lazy("since January"),
}
MEASURE_WORDS = {
    "level": pgettext_lazy("target", "level"),
    "growth": pgettext_lazy("target", "growth of the same scope"),
}
METHOD_WORDS = {
    "ratio": gettext_lazy("missing firms at their figure of a year before times the growth of those that reported"),
    "carried": gettext_lazy("all firms at their figure of a year before times the growth of the month before"),
}

#: Yuan of a unit, the unit in Chinese and in English.
_MONEY = ((10**8, "亿元", "100 M CNY"), (10**4, "万元", "10k CNY"), (1, "元", "CNY"))
_MONEY_EN = ((10**9, "bn CNY"), (10**6, "M CNY"), (10**3, "k CNY"), (1, "CNY"))


@dataclass(frozen=True, slots=True)
class Said:
    """A figure as people read it: its digits and its unit."""

    text: str
    unit: str

    def __str__(self) -> str:
        return f"{self.text} {self.unit}".strip()


def chinese() -> bool:
    """Tell whether the reader's language is Chinese."""
    return (get_language() or "").startswith("zh")


def name_of(one: IndicatorRef) -> str:
    """Return the name of an indicator."""
    return one.name if chinese() else one.name_en


def money(fen: float) -> Said:
    """Return an amount in the unit in which people speak of it."""
    steps: Any = ((size, zh) for size, zh, _en in _MONEY) if chinese() else _MONEY_EN
    for size, word in steps:
        if abs(fen) >= size * 100 or size == 1:
            value = fen / 100 / size
            digits = 0 if abs(value) >= 1000 or value == int(value) else 1 if abs(value) >= 100 else 2
            return Said(f"{value:,.{digits}f}", word)
    return Said("0", "")


def amount(one: IndicatorRef, steps: float | None) -> Said | None:
    """Return steps of an indicator as people read them; None where nothing is known."""
    if steps is None:
        return None
    if one.unit == "CNY" and one.decimals == 2:
        return money(steps)
    value = one.amount(steps)
    digits = 0 if abs(value) >= 1000 else min(one.decimals, 4)
    return Said(f"{value:,.{digits}f}", unit_label(one.unit, get_language() or "en"))


def of_target(one: IndicatorRef, measure: str, steps: float | None) -> Said | None:
    """Return steps of a target as people read them."""
    if steps is None:
        return None
    if measure == "growth":
        return Said(f"{100 * steps / GROWTH_STEPS:+.1f}", "%")
    return amount(one, steps)


def percent(value: float | None, digits: int = 1) -> str:
    """Return a relative change as +12.3 %; a dash where there is none."""
    return "–" if value is None else f"{100 * value:+.{digits}f} %"


def sparkline(points: tuple[tuple[str, float | None], ...], width: int = 96, height: int = 24) -> str:
    """Return the path of a small line through points in time; what is unknown breaks it."""
    known = [value for _month, value in points if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(*known, 0.0), max(*known, 0.0)
    spread = (high - low) or 1.0
    step = width / max(1, len(points) - 1)
    path, pen = [], "M"
    for i, (_month, value) in enumerate(points):
        if value is None:
            pen = "M"
            continue
        path.append(f"{pen}{i * step:.1f} {height - 2 - (value - low) / spread * (height - 4):.1f}")
        pen = "L"
    return "".join(path)
