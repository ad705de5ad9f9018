"""Figures of the statistics as people read them, in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import get_language

from chanye.domains.projects.types.statistics import IndicatorRef
from chanye.domains.projects.types.targets import GROWTH_STEPS
from chanye.kernel.unit_names import unit_label

#: Yuan of a unit and the unit's name.
_ZH = ((10**8, "亿元"), (10**4, "万元"), (1, "元"))
_EN = ((10**9, "bn CNY"), (10**6, "M CNY"), (10**3, "k CNY"), (1, "CNY"))


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


def money(fen: float) -> Said:
    """Return an amount in the unit in which people speak of it."""
    for size, word in _ZH if chinese() else _EN:
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
