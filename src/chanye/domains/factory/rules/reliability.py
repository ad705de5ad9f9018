"""Failures, and what they say of an asset: MTBF with bounds, MTTR, availability, corrective maintenance ratio. Pure.

``MTBF = T / r`` with T the time in operation that is known and r the failures in it; with fewer than two failures it
is not stated. Bounds come from the chi-square distribution for a test that ends at a fixed time:
``2T / chi2(1 - a/2; 2r + 2) <= MTBF <= 2T / chi2(a/2; 2r)`` (NIST/SEMATECH e-Handbook, 8.4.5.1; exact for a constant
failure rate). ``MTTR = sum of times to restore / failures restored``; ``availability = MTBF / (MTBF + MTTR)``;
corrective maintenance ratio ``CMT / (CMT + PMT)`` (ISO 22400-2).
"""

from __future__ import annotations

import math

import numpy as np

from chanye.domains.factory.types.machines import Figure
from chanye.domains.factory.types.maintenance import Reliability
from chanye.kernel.intervals import I64, Intervals

HOUR = 3_600_000_000
#: Fewer failures say nothing of a mean.
LEAST_FAILURES = 2
CONFIDENCE = 0.90


def failures(
    fault_start: I64, fault_end: I64, reported: Intervals, *, failure_from: int, join_within: int
) -> Intervals:
    """Return the failures of an asset, one interval each, from what the machine says and what people report.

    Parameters
    ----------
    fault_start, fault_end
        When the machine was in the state class ``fault``. [us UTC]
    reported
        When corrective orders say that it could not work. [us UTC]
    failure_from
        A fault shorter than this is a minor stop unless an order reports it. [us]
    join_within
        Faults that follow each other within this time are one. [us]
    """
    joined = Intervals.of(fault_start, np.asarray(fault_end, np.int64) + join_within)
    faults = Intervals.of(joined.start, joined.end - join_within)
    whole = Intervals.of(np.concatenate([faults.start, reported.start]), np.concatenate([faults.end, reported.end]))
    long = (whole.end - whole.start) >= failure_from
    touched = np.array([bool(len(reported.clip(a, b))) for a, b in whole], bool)
    keep = long | touched if len(whole) else long
    return Intervals(whole.start[keep], whole.end[keep])


def mtbf_bounds(operated: float, count: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the two-sided bounds of the MTBF, in the unit of ``operated``.

    Parameters
    ----------
    operated
        Time in operation, T.
    count
        Failures in it, r; at least 1.

    Raises
    ------
    ValueError
        Without a failure: there is no upper bound.
    """
    if count < 1:
        msg = "bounds on both sides need at least one failure"
        raise ValueError(msg)
    tail = (1 - confidence) / 2
    return operated / _half_chi2(1 - tail, count + 1), operated / _half_chi2(tail, count)


def _half_chi2(share: float, half: int) -> float:
    """Return half the quantile of the chi-square distribution with ``2 * half`` degrees of freedom.

    With an even number of degrees of freedom, P(chi2 > 2m) is the chance of fewer than ``half`` events of a Poisson
    distribution with mean m; bisection finds m.
    """
    low, high = 0.0, half + 10.0 * math.sqrt(half) + 40.0
    for _ in range(100):
        middle = (low + high) / 2
        above = sum(math.exp(i * math.log(middle) - middle - math.lgamma(i + 1)) for i in range(half))
        low, high = (middle, high) if 1 - above < share else (low, middle)
    return (low + high) / 2


def reliability(
    operated: int, down: Intervals, until: int, coverage: float, *, corrective: int, preventive: int, floor: float
) -> Reliability:
    """Return the figures of one asset, or of several together.

    Parameters
    ----------
    operated
        Known time in operation. [us]
    down
        Failures that began in the window, each up to its end.
    until
        A failure that reaches this moment is not restored yet. [us UTC]
    coverage
        Known share of the window, 0..1; below ``floor`` no mean is stated.
    corrective, preventive
        Time worked on corrective and on preventive orders. [us]
    """
    count = len(down)
    over = down.end < until
    repair = int((down.end - down.start)[over].sum())
    return reliability_of(
        operated,
        count,
        int(over.sum()),
        repair,
        coverage,
        corrective=corrective,
        preventive=preventive,
        floor=floor,
    )


def reliability_of(
    operated: int,
    count: int,
    restored: int,
    repair: int,
    coverage: float,
    *,
    corrective: int,
    preventive: int,
    floor: float,
) -> Reliability:
    """Return the figures from sums: operation and repair [us], failures and how many of them are over."""

    def hours(top: float, n: int) -> Figure:
        if coverage <= 0:
            return Figure(None, "h", coverage, "no_data")
        if coverage < floor:
            return Figure(None, "h", coverage, "below_floor")
        if n < LEAST_FAILURES:
            return Figure(None, "h", coverage, "few_failures")
        return Figure(top / n / HOUR, "h", coverage)

    mtbf, mttr = hours(operated, count), hours(repair, restored)
    low = high = None
    if mtbf.value is not None:
        low, high = (bound / HOUR for bound in mtbf_bounds(operated, count))
    if mtbf.value is None or mttr.value is None:
        available = Figure(None, "1", coverage, mtbf.why or mttr.why)
    else:
        whole = mtbf.value + mttr.value
        available = Figure(mtbf.value / whole, "1", coverage) if whole else Figure(None, "1", coverage, "no_data")
    worked = corrective + preventive
    ratio = Figure(corrective / worked, "1", 1.0) if worked else Figure(None, "1", 0.0, "no_labour")
    return Reliability(
        operated, count, restored, repair, mtbf, low, high, mttr, available, corrective, preventive, ratio, CONFIDENCE
    )
