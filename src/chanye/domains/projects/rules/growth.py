"""Growth of the same scope, levels, and what months not yet reported will come to. Pure, on arrays.

A panel holds one row per firm and one column per month; what a firm did not report is NaN, and whether a firm
belongs to the scope of a month is a matrix of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chanye.domains.projects.rules import months as calendar
from chanye.domains.projects.types.statistics import Growth, IndicatorRef, Nowcast
from chanye.engines.effects.student import quantile

F64 = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

#: Firms (or months) that an interval needs at least.
ENOUGH = 4
CONFIDENCE = 0.90


@dataclass(frozen=True, slots=True)
class Panel:
    """What firms reported.

    Parameters
    ----------
    months
        YYYY-MM, in order, without gaps.
    values
        Code of an indicator -> [firms, months], steps, NaN where nothing is reported.
    member
        [firms, months]: above scale in that month.
    """

    months: tuple[str, ...]
    values: Mapping[str, F64]
    member: Flags

    def at(self, month: str) -> int:
        """Return the column of a month, -1 if the panel does not reach there."""
        return self.months.index(month) if month in self.months else -1

    def only(self, firms: Flags) -> Panel:
        """Return the panel of some firms."""
        return Panel(self.months, {code: x[firms] for code, x in self.values.items()}, self.member[firms])


def amounts(panel: Panel, one: IndicatorRef, month: str, *, year_to_date: bool) -> F64:
    """Return what each firm comes to in a month, or since January: [firms], steps, NaN if not known.

    A flow since January is known only where every month of it is. What is reported as since January is that, and
    the month of it is what it grew by.
    """
    at = panel.at(month)
    table = panel.values.get(one.code)
    if at < 0 or table is None:
        return np.full(len(panel.member), np.nan)
    first = panel.at(calendar.january(month))
    if one.kind == "flow" and year_to_date:
        return table[:, first : at + 1].sum(axis=1) if first >= 0 else np.full(len(table), np.nan)
    if one.kind == "cumulative" and not year_to_date and at != first:
        return table[:, at] - table[:, at - 1] if at > 0 else np.full(len(table), np.nan)
    return table[:, at]


def _sides(
    panel: Panel, one: IndicatorRef, every: Mapping[str, IndicatorRef], month: str, *, year_to_date: bool
) -> tuple[F64, F64 | None]:
    """Return what is summed over firms: amounts, or of a ratio numerator and denominator in its steps."""
    if one.kind != "ratio" or one.numerator not in every or one.denominator not in every:
        return amounts(panel, one, month, year_to_date=year_to_date), None
    upper, lower = every[one.numerator], every[one.denominator]
    scale = one.factor * 10**one.decimals * 10**lower.decimals / 10**upper.decimals
    top = amounts(panel, upper, month, year_to_date=year_to_date) * scale
    bottom = amounts(panel, lower, month, year_to_date=year_to_date)
    both = np.isfinite(top) & np.isfinite(bottom)
    return np.where(both, top, np.nan), np.where(both, bottom, np.nan)


def _level(top: F64, bottom: F64 | None, firms: Flags) -> float | None:
    if not firms.any():
        return None
    total = float(top[firms].sum())
    if bottom is None:
        return total
    below = float(bottom[firms].sum())
    return total / below if below else None


def _relative(now: float | None, before: float | None) -> float | None:
    return now / before - 1 if now is not None and before is not None and before > 0 else None


@dataclass(frozen=True, slots=True)
class Scope:
    """Which firms a figure is of: [firms] each. ``matched`` belong to both periods and reported both."""

    members: Flags
    members_before: Flags
    reported: Flags
    reported_before: Flags
    matched: Flags


def firms_of(
    panel: Panel, one: IndicatorRef, every: Mapping[str, IndicatorRef], month: str, *, year_to_date: bool
) -> Scope:
    """Return the firms of a month's figure and of the same month a year before."""
    before = calendar.shift(month, -12)
    now_top, _now = _sides(panel, one, every, month, year_to_date=year_to_date)
    old_top, _old = _sides(panel, one, every, before, year_to_date=year_to_date)
    here, there = panel.at(month), panel.at(before)
    nobody = np.zeros(len(panel.member), dtype=bool)
    members = panel.member[:, here] if here >= 0 else nobody
    members_before = panel.member[:, there] if there >= 0 else nobody
    reported, reported_before = members & np.isfinite(now_top), members_before & np.isfinite(old_top)
    return Scope(members, members_before, reported, reported_before, reported & reported_before)


def growth(
    panel: Panel, one: IndicatorRef, every: Mapping[str, IndicatorRef], month: str, *, year_to_date: bool
) -> Growth:
    """Return the growth against the same month a year before, of the same scope and of the published levels.

    The matched firms belong to the scope of both periods and reported both. The levels are each of the firms in
    scope then: their quotient mixes growth with firms that came in and went out, which is why both are given.
    Source: notes of the National Bureau of Statistics on figures of industry above designated size.
    """
    before = calendar.shift(month, -12)
    now_top, now_bottom = _sides(panel, one, every, month, year_to_date=year_to_date)
    old_top, old_bottom = _sides(panel, one, every, before, year_to_date=year_to_date)
    firms = firms_of(panel, one, every, month, year_to_date=year_to_date)
    members, members_before, reported, reported_before, matched = (
        firms.members, firms.members_before, firms.reported, firms.reported_before, firms.matched,
    )  # fmt: skip
    current, base = _level(now_top, now_bottom, reported), _level(old_top, old_bottom, reported_before)
    matched_current, matched_base = _level(now_top, now_bottom, matched), _level(old_top, old_bottom, matched)
    return Growth(
        same_scope=_relative(matched_current, matched_base),
        levels=_relative(current, base),
        matched=int(matched.sum()),
        members=int(members.sum()),
        reported=int(reported.sum()),
        before=int(members_before.sum()),
        current=current,
        base=base,
        matched_current=matched_current,
        matched_base=matched_base,
    )


def nowcast(panel: Panel, one: IndicatorRef, month: str) -> Nowcast | None:
    """Return what a month will come to when the firms that are still missing have reported.

    While some have reported: each missing firm is taken at its figure of a year before times the growth of those
    that reported; the interval is that of the ratio model (Royall, Biometrika 57 (1970) 377: variance of a firm's
    figure in proportion to its base). While nobody has: everybody is carried on with the growth of the month
    before, and the interval comes from how much that growth moved from month to month.

    Returns
    -------
    None if all have reported, for ratios, or if too little is known.
    """
    here = panel.at(month)
    if here < 0 or one.kind == "ratio":
        return None
    now = amounts(panel, one, month, year_to_date=False)
    old = amounts(panel, one, calendar.shift(month, -12), year_to_date=False)
    members = panel.member[:, here]
    reported, based = members & np.isfinite(now), np.isfinite(old) & (old > 0)
    missing = members & ~reported
    if not missing.any():
        return None
    if not reported.any():
        return _carried_on(panel, one, month, old, members & based, int(members.sum()))
    return _from_reported(now, old, reported, missing, based)


def _from_reported(now: F64, old: F64, reported: Flags, missing: Flags, based: Flags) -> Nowcast | None:
    known, ahead = reported & based, missing & based
    n = int(known.sum())
    if n < ENOUGH or not ahead.any():
        return None
    x, y = old[known], now[known]
    rate = y.sum() / x.sum()
    left = old[ahead].sum()
    variance = float(((y - rate * x) ** 2 / x).sum() / (n - 1))
    spread = float(np.sqrt(variance * left * (x.sum() + left) / x.sum()))
    value = float(now[reported].sum() + rate * left)
    half = quantile(0.5 + CONFIDENCE / 2, n - 1) * spread
    return Nowcast(value, value - half, value + half, CONFIDENCE, int(reported.sum()), int(missing.sum()), "ratio")


def _carried_on(panel: Panel, one: IndicatorRef, month: str, old: F64, firms: Flags, members: int) -> Nowcast | None:
    rates: list[float] = []
    for back in range(1, 13):
        then = calendar.shift(month, -back)
        if panel.at(then) < 0 or panel.at(calendar.shift(then, -12)) < 0:
            break
        rate = growth(panel, one, {}, then, year_to_date=False).same_scope
        if rate is None:
            break
        rates.append(1 + rate)
    if len(rates) < ENOUGH + 1 or not firms.any():
        return None
    steps = -np.diff(np.asarray(rates))
    spread = float(np.sqrt((steps**2).mean()))
    base = float(old[firms].sum())
    half = quantile(0.5 + CONFIDENCE / 2, len(steps)) * spread * base
    value = rates[0] * base
    return Nowcast(value, value - half, value + half, CONFIDENCE, 0, members, "carried")


def trend(
    panel: Panel, one: IndicatorRef, every: Mapping[str, IndicatorRef], shown: Sequence[str], *, year_to_date: bool
) -> tuple[tuple[str, float | None], ...]:
    """Return the growth of the same scope of several months."""
    found = (growth(panel, one, every, month, year_to_date=year_to_date).same_scope for month in shown)
    return tuple(zip(shown, found, strict=True))
