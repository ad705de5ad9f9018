"""The data of the benches, made from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from chanye.spine.history import Batch

DAY = 86_400_000_000
T0 = 1_780_272_000_000_000
SERIES = 2_000
FAST = 100


class Rows(NamedTuple):
    """Columns in their order of arrival."""

    series: npt.NDArray[np.uint32]
    time: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    quality: npt.NDArray[np.uint16]

    def batches(self, source: str, size: int = 10_000) -> Iterator[Batch]:
        """Cut into batches as a source delivers them."""
        for k, at in enumerate(range(0, len(self.time), size)):
            cut = slice(at, at + size)
            yield Batch(source, k + 1, self.series[cut], self.time[cut], self.value[cut], self.quality[cut])

    def cut(self, first: int, last: int) -> Rows:
        """Return some rows."""
        at = slice(first, last)
        return Rows(self.series[at], self.time[at], self.value[at], self.quality[at])

    def shifted(self, by: int) -> Rows:
        """Return the same rows at another time. [us]."""
        return self._replace(time=self.time + by)


class Walk(NamedTuple):
    """The noisy walk: rows in order of arrival, and which series are fast."""

    rows: Rows
    distinct: int
    fast: npt.NDArray[np.int64]
    slow: npt.NDArray[np.int64]


def noisy_walk(total: int = 20_000_000) -> Walk:
    """Return one day of 2,000 series with 1 % late and 1 % duplicate rows.

    100 fast series (1 Hz at full size) and 1,900 slow ones; random walks rounded to 2 decimals on jittered
    microsecond clocks, 0.5 % uncertain.
    """
    rng = np.random.default_rng(7)
    fast_rows = int(86_400 * total / 20_000_000)
    slow_rows = (total - FAST * fast_rows) // (SERIES - FAST)
    order = rng.permutation(SERIES)
    blocks = [_walk(rng, int(s), fast_rows if i < FAST else slow_rows) for i, s in enumerate(order)]
    series, time, value, quality = (np.concatenate(c) for c in zip(*blocks, strict=True))
    del blocks
    n = len(time)
    arrival = time + rng.integers(0, 200_000, n)
    late = rng.random(n) < 0.01
    arrival[late] += rng.integers(1_000_000, 300_000_000, int(late.sum()))
    again = np.flatnonzero(rng.random(n) < 0.01)
    arrival = np.concatenate((arrival, arrival[again] + rng.integers(1, 60_000_000, len(again))))
    at = np.argsort(arrival, kind="stable")
    at = np.where(at >= n, again[np.minimum(np.maximum(at - n, 0), max(len(again) - 1, 0))], at)
    return Walk(Rows(series[at], time[at], value[at], quality[at]), n, order[:FAST], order[FAST:])


def _walk(rng: np.random.Generator, series: int, n: int) -> tuple[np.ndarray, ...]:
    step = DAY / n
    t = (np.arange(n) * step + rng.uniform(0, step * 0.9, n) * 0.05 + rng.integers(0, 5000, n)).astype(np.int64)
    v = np.round(rng.uniform(10, 500) + np.cumsum(rng.normal(0, 0.05, n)) + rng.normal(0, 0.02, n), 2)
    q = np.where(rng.random(n) < 0.005, 0x4000, 0).astype(np.uint16)
    return np.full(n, series, np.uint32), np.minimum(t, DAY - 1) + T0, v, q


def fleet(seconds: int = 86_400) -> Rows:
    """Return 200 vehicles with 8 tags every 10 s: position, speed, heading, fuel, load, status, consumption.

    Clocks tick on whole milliseconds with a fixed phase per vehicle, as trackers do; a third of the time
    vehicles stand.
    """
    rng = np.random.default_rng(11)
    n = seconds // 10
    columns = []
    for vehicle in range(200):
        phase = int(rng.integers(0, 10_000)) * 1000
        time = T0 + phase + np.arange(n, dtype=np.int64) * 10_000_000
        moving = np.repeat(rng.random(n // 90 + 1) < 0.66, 90)[:n]
        speed = np.where(moving, np.round(50 + 20 * np.sin(np.cumsum(rng.normal(0, 0.02, n)))), 0.0)
        heading = np.round(np.mod(np.cumsum(np.where(moving, rng.normal(0, 2, n), 0.0)), 360))
        lat = np.round(29.5 + np.cumsum(speed * np.cos(np.radians(heading))) * 2.5e-8 * 10, 5)
        lon = np.round(106.5 + np.cumsum(speed * np.sin(np.radians(heading))) * 2.9e-8 * 10, 5)
        fuel = np.round(1.0 - np.cumsum(speed) / (np.sum(speed) + 1) * 0.8, 2)
        load = np.repeat(rng.integers(0, 5000, n // 1440 + 1).astype(float), 1440)[:n]
        values = (lat, lon, speed, heading, fuel, load, moving.astype(float), np.full(n, rng.integers(10, 30) / 2))
        for tag, v in enumerate(values):
            columns.append((np.full(n, vehicle * 8 + tag, np.uint32), time, v))
    series, time, value = (np.concatenate([c[i] for c in columns]) for i in range(3))
    at = np.argsort(time, kind="stable")
    return Rows(series[at], time[at], value[at], np.zeros(len(at), np.uint16))
