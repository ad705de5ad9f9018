"""Which aggregates of the statistics may be shown to who reads them inside the office.

The figures of a month are weighed against each other, and against what is since January a month before: levels
first, then growth of the same scope and its base a year before, then what a nowcast adds, then targets. What is
published to everybody goes through the log of releases instead, which remembers all of a year (`releasing`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from chanye.domains.projects.panel import RULES, Books
from chanye.domains.projects.rules import growth
from chanye.domains.projects.rules import months as calendar
from chanye.domains.projects.rules.gate import F64, Flags, Gate
from chanye.domains.projects.types.statistics import IndicatorRef
from chanye.domains.projects.types.targets import TargetRef


def tokens(held: Books, one: IndicatorRef, year: str) -> F64:
    """Return what each firm did in each month of a year, as far as the books reach: [firms, months], steps.

    What is reported since January is what it grew by since the last report before.
    """
    months = [month for month in held.panel.months if month[:4] == year]
    table = held.panel.values[one.code][:, [held.panel.at(month) for month in months]]
    if one.kind != "cumulative":
        return table
    before = np.zeros(len(table))
    found = np.empty_like(table)
    for t in range(table.shape[1]):
        found[:, t] = np.maximum(0.0, table[:, t] - before)
        before = np.where(np.isfinite(table[:, t]), table[:, t], before)
    return found


@dataclass(eq=False)
class Shown:
    """What may be shown of a month: by indicator and whether since January."""

    held: Books
    month: str
    levels: dict[tuple[str, bool], bool] = field(default_factory=dict)
    bases: dict[tuple[str, bool], bool] = field(default_factory=dict)
    scopes: dict[tuple[str, bool], bool] = field(default_factory=dict)
    nowcasts: dict[str, bool] = field(default_factory=dict)
    gates: dict[tuple[str, str], Gate] = field(default_factory=dict)
    targets: dict[int, bool] = field(default_factory=dict)

    def gate(self, one: IndicatorRef, year: str) -> Gate:
        """Return the gate of what an indicator came to in a year."""
        key = one.code, year
        if key not in self.gates:
            self.gates[key] = Gate(tokens(self.held, one, year), RULES)
        return self.gates[key]

    def admits(self, one: IndicatorRef, firms: Flags, month: str, *, year_to_date: bool) -> bool:
        """Say whether the sum over some firms may be shown; of a ratio, both sums."""
        return all(
            self.gate(part, month[:4]).admits(self._mask(part, firms, month, year_to_date=year_to_date))
            for part in parts_of(one, self.held.indicators)
        )

    def _mask(self, one: IndicatorRef, firms: Flags, month: str, *, year_to_date: bool) -> Flags:
        months = [m for m in self.held.panel.months if m[:4] == month[:4]]
        at = months.index(month)
        summed = one.kind in ("flow", "cumulative") and year_to_date
        found = np.zeros((len(firms), len(months)), dtype=bool)
        found[firms, 0 if summed else at : at + 1] = True
        return found


def parts_of(one: IndicatorRef, every: Mapping[str, IndicatorRef]) -> tuple[IndicatorRef, ...]:
    """Return the indicators whose sums an indicator tells: itself, or of a ratio numerator and denominator."""
    if one.kind == "ratio" and one.numerator in every and one.denominator in every:
        return every[one.numerator], every[one.denominator]
    return (one,)


def shown_of(held: Books, month: str) -> Shown:
    """Return what may be shown of a month, kept as long as the books are."""
    found = held.kept.get(month)
    if not isinstance(found, Shown):
        found = held.kept[month] = Shown(held, month)
        if held.panel.at(month) >= 0:
            for one in held.indicators.values():
                _weigh(found, one)
    return found


def _weigh(shown: Shown, one: IndicatorRef) -> None:
    """Decide what is shown of an indicator."""
    held, month = shown.held, shown.month
    last, before = calendar.shift(month, -1), calendar.shift(month, -12)
    if last[:4] == month[:4]:
        earlier = growth.firms_of(held.panel, one, held.indicators, last, year_to_date=True).reported
        shown.admits(one, earlier, last, year_to_date=True)
    spans = {
        year: growth.firms_of(held.panel, one, held.indicators, month, year_to_date=year) for year in (True, False)
    }
    for year, sets in spans.items():
        shown.levels[one.code, year] = shown.admits(one, sets.reported, month, year_to_date=year)
    if held.panel.at(before) < 0:
        return
    for year, sets in spans.items():
        shown.bases[one.code, year] = shown.admits(one, sets.reported_before, before, year_to_date=year)
    for year, sets in spans.items():
        now = shown.admits(one, sets.matched, month, year_to_date=year)
        shown.scopes[one.code, year] = now and shown.admits(one, sets.matched, before, year_to_date=year)
    if one.kind != "ratio":
        old = growth.amounts(held.panel, one, before, year_to_date=False)
        left = spans[False].members & ~spans[False].reported & np.isfinite(old) & (old > 0)
        shown.nowcasts[one.code] = shown.admits(one, left, before, year_to_date=False)


def target_shown(held: Books, one: TargetRef, firms: Flags, month: str) -> bool:
    """Say whether where a target stands may be shown beside the headlines and the targets asked for before."""
    shown = shown_of(held, month)
    if one.id not in shown.targets:
        sets = growth.firms_of(held.panel, one.indicator, held.indicators, month, year_to_date=True)
        of = (sets.matched if one.measure == "growth" else sets.reported) & firms
        found = shown.admits(one.indicator, of, month, year_to_date=True)
        if found and one.measure == "growth":
            found = shown.admits(one.indicator, of, calendar.shift(month, -12), year_to_date=True)
        shown.targets[one.id] = found
    return shown.targets[one.id]
