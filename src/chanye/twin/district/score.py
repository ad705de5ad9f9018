"""How much of the district's truth was told: intervals that cover, bias, false alarms, refusals, caught cheats."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from chanye.twin.district.catalogue import Firm, Measure
from chanye.twin.district.model import RATIOS, District

#: What has to be reached: coverage of 90 % intervals over enough of them, and false alarms at 5 %, in percent.
COVERAGE_BAR, ENOUGH = (87.0, 93.0), 200
#: Share of refusals with clean meters that is borne: years bring conditions that no baseline has seen.
WRONGLY = 0.1
#: Share of the days looked at that may be unknown or frozen: below nobody needs to refuse, above everybody has to.
CLEAN, RUINED = 0.02, 0.2
#: Counter of the firm that holds each item.
_COLUMN = {"pieces": "part_count", "scrap": "scrap_count", "energy": "energy", "labour": "labour", "cost": "cost"}


@dataclass(frozen=True, slots=True)
class Told:
    """What the product says of one plan: figures are None where it says "not measurable".

    ``before`` and ``since`` are the days looked at, half open, counted from the first one of the district.
    """

    firm: int
    measure: Measure
    method: str
    before: tuple[int, int]
    since: tuple[int, int]
    estimate: float | None
    lower: float | None
    upper: float | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """One answer beside the truth.

    ``spoilt`` is the share of days at which the meters were dark or stood, the worse of before and since; ``steady``
    that neither a line was moved in nor much more is made since: to refuse otherwise may be right or not.
    """

    told: Told
    true: float
    rho: float
    spoilt: float
    steady: bool

    @property
    def measured(self) -> bool:
        """Tell whether a figure was given."""
        return self.told.lower is not None and self.told.upper is not None

    @property
    def covers(self) -> bool:
        """Tell whether the interval holds the truth."""
        lower, upper = self.told.lower, self.told.upper
        return lower is not None and upper is not None and lower <= self.true <= upper

    @property
    def alarm(self) -> bool:
        """Tell whether an effect is shown, of either sign, where there is none."""
        lower, upper = self.told.lower, self.told.upper
        return abs(self.true) < 1e-9 and lower is not None and upper is not None and (lower > 0 or upper < 0)


@dataclass(frozen=True, slots=True)
class Score:
    """What is made of many answers; shares in percent, NaN where there is nothing to share.

    Parameters
    ----------
    measured, coverage
        Figures given, and how many of their intervals hold the truth.
    bias, half
        Mean error of the estimates, and mean half width of the intervals. [points]
    idle, alarms
        Figures for upgrades that do nothing, and share of those shown as effects.
    refused_rightly, ruined
        Refusals where the meters were ruined, of how many.
    refused_wrongly, clean
        Refusals where the meters were clean, of how many.
    """

    measured: int
    coverage: float
    bias: float
    half: float
    idle: int
    alarms: float
    refused_rightly: int
    ruined: int
    refused_wrongly: int
    clean: int

    @property
    def holds(self) -> bool:
        """Tell whether the bars are reached; coverage counts once there are enough figures to tell."""
        low, high = COVERAGE_BAR
        sure = self.measured >= ENOUGH
        return (
            self.refused_rightly == self.ruined
            and self.refused_wrongly <= WRONGLY * self.clean
            and (low <= self.coverage <= high if sure else True)
        )


def spoilt(firm: Firm, measure: Measure, span: tuple[int, int]) -> float:
    """Return the share of the days of a span on which what the measure needs was dark or stood still."""
    needed = {_COLUMN[item] for item in RATIOS[measure] if item}
    first, last = span
    days = np.zeros(max(last - first, 1), bool)
    for fault in firm.faults:
        if fault.kind == "dark" or (fault.kind == "stuck" and fault.item in needed):
            days[max(fault.first - first, 0) : max(fault.last - first, 0)] = True
    return float(days.mean())


def judge(district: District, answers: Iterable[Told]) -> list[Judged]:
    """Hold answers against the truth of their district."""
    found = []
    for told in answers:
        firm = district.firms[told.firm]
        true = district.effect(told.firm, told.measure, *told.since)
        worse = max(spoilt(firm, told.measure, span) for span in (told.before, told.since))
        moved = any(fault.kind == "moved_in" for fault in firm.faults)
        grown = firm.upgrade is not None and firm.upgrade.effects.get("output", 0.0) > 0
        found.append(Judged(told, true, firm.rho, worse, not moved and not grown))
    return found


def total(judged: Sequence[Judged]) -> Score:
    """Return what is made of all answers together."""
    measured = [one for one in judged if one.measured]
    errors = [one.told.estimate - one.true for one in measured if one.told.estimate is not None]
    halves = [
        (one.told.upper - one.told.lower) / 2
        for one in measured
        if one.told.upper is not None and one.told.lower is not None and np.isfinite(one.told.upper - one.told.lower)
    ]
    idle = [one for one in measured if abs(one.true) < 1e-9]
    ruined = [one for one in judged if one.spoilt > RUINED]
    clean = [one for one in judged if one.spoilt <= CLEAN and one.steady]
    return Score(
        len(measured),
        _percent([one.covers for one in measured]),
        100 * float(np.mean(errors)) if errors else float("nan"),
        100 * float(np.mean(halves)) if halves else float("nan"),
        len(idle),
        _percent([one.alarm for one in idle]),
        sum(not one.measured for one in ruined),
        len(ruined),
        sum(not one.measured for one in clean),
        len(clean),
    )


def _percent(held: Sequence[bool]) -> float:
    return 100 * float(np.mean(held)) if held else float("nan")


def plain_before_after(district: District, told: Told) -> Told:
    """Return what a plain comparison of daily values before and since would say: the usual way, and a wrong one.

    Welch's interval at 90 % as if every day were news; days without anything made are left out.
    """
    over, under = RATIOS[told.measure]
    top, bottom = (
        district.actual.daily(item)[told.firm] if item else np.ones(district.days) for item in (over, under)
    )
    value = np.divide(top, bottom, out=np.full(district.days, np.nan), where=bottom > 0)
    one, two = (v[np.isfinite(v) & (v > 0)] for v in (value[slice(*told.before)], value[slice(*told.since)]))
    change = two.mean() / one.mean() - 1
    error = np.sqrt(one.var(ddof=1) / len(one) + two.var(ddof=1) / len(two)) / one.mean()
    sign = 1 if told.measure == "output" else -1
    ends = sorted((sign * (change - 1.645 * error), sign * (change + 1.645 * error)))
    return Told(
        told.firm,
        told.measure,
        "before_after",
        told.before,
        told.since,
        float(sign * change),
        float(ends[0]),
        float(ends[1]),
    )
