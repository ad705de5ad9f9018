"""Earned value and earned schedule: what a project should have cost, has earned, and will need.

Earned value: ANSI/EIA-748; PMI, Practice Standard for Earned Value Management (2011). Earned schedule: W. Lipke,
"Schedule is Different", The Measurable News, March 2003; Vandevoorde and Vanhoucke, International Journal of
Project Management 24 (2006) 289-302, doi:10.1016/j.ijproman.2005.10.004.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from chanye.domains.projects.types.progress import EarnedValue
from chanye.kernel.errors import ConfigError


def earned_schedule(times: Sequence[float], planned: Sequence[float], ev: float) -> float:
    """Return the time at which the earned value should have been earned, by interpolation of the plan.

    Parameters
    ----------
    times
        Rising, the first one being the start of the project. [periods]
    planned
        Cumulative planned value at those times, never falling. [money]
    ev
        Earned value. [money]

    Notes
    -----
    Where the plan stands still, the time is that of the end of the pause: work earned up to there is on time until
    it ends (Lipke: ES is the last period whose planned value is reached). At or beyond the whole budget it is the
    first moment at which the plan reaches it.
    """
    _check(times, planned)
    if ev >= planned[-1]:
        return times[next(i for i, value in enumerate(planned) if value >= planned[-1])]
    below = bisect_right(planned, ev) - 1
    if below < 0:
        return times[0]
    step = planned[below + 1] - planned[below]
    return times[below] + (ev - planned[below]) / step * (times[below + 1] - times[below])


def planned_value(times: Sequence[float], planned: Sequence[float], at: float) -> float:
    """Return the planned value at a time, by interpolation; before the plan 0, after it the whole budget."""
    _check(times, planned)
    if at >= times[-1]:
        return float(planned[-1])
    below = bisect_right(times, at) - 1
    if below < 0:
        return 0.0
    share = (at - times[below]) / (times[below + 1] - times[below])
    return planned[below] + share * (planned[below + 1] - planned[below])


def assess(times: Sequence[float], planned: Sequence[float], *, ev: float, ac: float, at: float) -> EarnedValue:
    """Return all figures at a status time.

    Parameters
    ----------
    times, planned
        The plan: cumulative planned value at rising times; its last value is the budget at completion.
    ev, ac
        Earned value and actual cost at the status time. [money]
    at
        Time since the start of the project; ``times[0]`` is its start. [periods]

    Notes
    -----
    Estimates at completion: ``cpi`` BAC/CPI; ``budget`` AC + (BAC - EV), the rest as planned; ``both``
    AC + (BAC - EV)/(CPI SPI), time pressure too. TCPI is what the rest must reach to keep the budget, ``tcpi_eac``
    to keep the estimate BAC/CPI. An index whose divisor is zero is None, never infinite.
    """
    _check(times, planned)
    bac, pv = float(planned[-1]), planned_value(times, planned, at)
    duration = times[next(i for i, value in enumerate(planned) if value >= bac)] - times[0]
    cpi, spi = _ratio(ev, ac), _ratio(ev, pv)
    es = earned_schedule(times, planned, ev) - times[0]
    elapsed = at - times[0]
    spi_t = _ratio(es, elapsed)
    both = None if cpi is None or spi is None else _ratio(bac - ev, cpi * spi)
    eac = {
        "cpi": _ratio(bac, cpi),
        "budget": ac + bac - ev,
        "both": None if both is None else ac + both,
    }
    estimate = eac["cpi"]
    return EarnedValue(
        bac=bac, pv=pv, ev=ev, ac=ac, at=elapsed, pd=duration,
        cv=ev - ac, sv=ev - pv, cpi=cpi, spi=spi, eac=eac,
        tcpi=_ratio(bac - ev, bac - ac),
        tcpi_eac=None if estimate is None else _ratio(bac - ev, estimate - ac),
        vac=None if estimate is None else bac - estimate,
        es=es, sv_t=es - elapsed, spi_t=spi_t, ieac_t=_ratio(duration, spi_t),
    )  # fmt: skip


def _ratio(over: float, under: float | None) -> float | None:
    return None if not under else over / under


def _check(times: Sequence[float], planned: Sequence[float]) -> None:
    if len(times) != len(planned) or len(times) < 2:
        raise ConfigError("A plan needs at least two points in time, each with a planned value.")
    if any(a >= b for a, b in pairwise(times)):
        raise ConfigError("The times of a plan must rise.")
    if planned[0] < 0 or any(a > b for a, b in pairwise(planned)) or planned[-1] <= 0:
        raise ConfigError("The planned value must not fall, and must end above zero.")
