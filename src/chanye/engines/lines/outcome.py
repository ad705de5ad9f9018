"""What a simulation says: one value per replication, and intervals; variants in pairs that met the same luck.

MSER-5: White, Cobb and Spratt (2000), Proc. Winter Simulation Conference, 755-760. Intervals over replications and
paired comparison under common random numbers: Law (2015), Simulation Modeling and Analysis, 5th ed., 9.4 and 10.2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from chanye.engines.lines import compiled as c
from chanye.engines.lines.draws import F64
from chanye.engines.lines.recursion import MARKS, Trace
from chanye.engines.lines.types import Line, Power
from chanye.kernel.errors import ConfigError

#: What a station does, as columns of ``Outcome.shares``. ``down`` counts failures that hold a part up.
STATES = ("working", "setup", "down", "blocked", "waiting", "starved", "closed")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over replications with its interval; ``values`` holds one of each replication."""

    mean: float
    low: float
    high: float
    values: tuple[float, ...]

    @property
    def half(self) -> float:
        """Half the width of the interval."""
        return (self.high - self.low) / 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """Results of all replications after the warm-up.

    Parameters
    ----------
    stations
        Names, as rows of ``shares``.
    throughput
        Shape (replications,). [good parts/h] of the clock
    lead_time, lead_time_95
        Shape (replications,): mean and 95 % quantile from arrival to exit. [s]
    wip
        Shape (replications,): parts inside, by Little's law.
    shares
        Shape (replications, stations, states): parts of the clock; they add up to one.
    energy
        Shape (replications,). [kWh/good part]
    scrapped, redone
        Shape (replications,): per part that came in.
    warm_up
        Parts left out at the beginning.
    settled
        Whether MSER-5 found an end of the warm-up in the first half: if not, simulate more parts.
    """

    stations: tuple[str, ...]
    throughput: F64
    lead_time: F64
    lead_time_95: F64
    wip: F64
    shares: F64
    energy: F64
    scrapped: F64
    redone: F64
    warm_up: int
    settled: bool

    def share(self, station: str, state: str) -> F64:
        """Return the share of one state of a station, shape (replications,)."""
        return self.shares[:, self.stations.index(station), STATES.index(state)]


def estimate(values: F64, level: float = 0.95) -> Estimate:
    """Return mean and t interval over replications; one replication has an infinite interval."""
    from scipy.stats import t as student

    n, mean = len(values), float(np.mean(values))
    half = float(student.ppf((1 + level) / 2, n - 1) * np.std(values, ddof=1) / math.sqrt(n)) if n > 1 else math.inf
    return Estimate(mean, mean - half, mean + half, tuple(map(float, values)))


def compare(before: F64, after: F64, level: float = 0.95) -> Estimate:
    """Return ``after - before`` by pairs of replications, which met the same random numbers.

    Raises
    ------
    ConfigError
        If the two have not the same number of replications.
    """
    if len(before) != len(after):
        raise ConfigError("Compare variants with the same number of replications and the same seed.")
    return estimate(after - before, level)


def mser5(series: F64) -> int:
    """Return how many values at the beginning to leave out: the truncation with the least standard error.

    Averages of five; at most half of the series. A series with a value of half its length has not settled.
    """
    y = series[: len(series) // 5 * 5].reshape(-1, 5).mean(axis=1)
    if len(y) < 4:
        return 0
    y = y - y.mean()
    many = np.arange(len(y), 0, -1)
    total, squares = np.cumsum(y[::-1])[::-1], np.cumsum((y * y)[::-1])[::-1]
    error = (squares - total**2 / many) / many**2
    return 5 * int(np.argmin(error[: len(y) // 2 + 1]))


def read(line: Line, order: list[int], found: Trace, warm_up: int | None) -> Outcome:
    """Return what a trace says about a line whose stations were simulated in ``order``."""
    parts = found.left.shape[1]
    gaps = np.diff(np.fmax.accumulate(found.left, axis=1), axis=1, prepend=0.0).mean(axis=0)
    cut = mser5(gaps) if warm_up is None else warm_up
    settled = warm_up is not None or cut < (parts - 1) // 10 * 5
    mark = max(min(math.ceil(cut / parts * MARKS), MARKS - 1), 0)
    first = mark * parts // MARKS
    stats = found.marks[:, MARKS] - found.marks[:, mark]
    lead, rate, lead_95 = (np.zeros(len(stats)) for _ in range(3))
    for r in range(len(stats)):
        good = ~np.isnan(found.left[r])
        begin = np.nanmax(found.left[r, :first], initial=0.0)
        times = found.left[r, first:][good[first:]] - found.came[r, first:][good[first:]]
        span = np.nanmax(found.left[r], initial=0.0) - begin
        rate[r] = len(times) / span if span > 0 else 0.0
        lead[r], lead_95[r] = (times.mean(), np.quantile(times, 0.95)) if len(times) else (np.nan, np.nan)
    seen = [line.stations[number] for number in order]
    servers = np.array([one.servers for one in seen], np.float64)
    shares = _shares(stats, servers)
    kilowatt = np.array([_power(one.power) for one in seen])
    energy = (shares * kilowatt).sum(axis=(1, 2)) / np.where(rate > 0, rate * 3600, np.nan)
    came = np.maximum(parts - first, 1)
    back = np.argsort(order)
    return Outcome(
        tuple(one.name for one in line.stations), rate * 3600, lead, lead_95, rate * lead, shares[:, back], energy,
        stats[:, :, c.SCRAPPED].sum(1) / came, stats[:, :, c.REDONE].sum(1) / came, first, settled,
    )  # fmt: skip


def _shares(stats: F64, servers: F64) -> F64:
    span = np.maximum(stats[:, :, c.CLOCK], 1e-12)
    used = stats[:, :, [c.WORKING, c.SETTING, c.FAILED, c.BLOCKED, c.WAITING]] / servers[:, None] / span[:, :, None]
    opened = np.minimum(stats[:, :, c.OPEN_S] / span, 1.0)
    starved = np.maximum(opened - used.sum(2), 0.0)
    return np.concatenate([used, starved[:, :, None], (1 - opened)[:, :, None]], axis=2)


def _power(power: Power) -> list[float]:
    return [power.working, power.setup, power.down, power.idle, power.idle, power.idle, power.off]
