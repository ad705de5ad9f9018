"""The worked examples of OPC 10000-13, Annex A, for the historians 1 to 3.

The expected values are those of the annex, as the tests of node-opcua list them. Where the annex bridges a bad
stretch by a line, or holds a value through it, we say "not known" on purpose; where it leaves an uncertain value
out, we use it and report it. Those places are listed as ours.
"""

import math

import numpy as np
import pytest

from chanye.spine.history.aggregates import summarise
from chanye.spine.history.columns import Slice
from chanye.spine.history.points import points_of
from chanye.spine.history.types import SeriesSpec

S = 1_000_000
NOON = 12 * 3600 * S
GOOD, UNCERTAIN, BAD = 0, 0x4000, 0x8000
NAN = math.nan

ONE = [(0, NAN, BAD), (10, 10, GOOD), (20, 20, GOOD), (30, 30, GOOD), (40, 40, BAD), (50, 50, GOOD), (60, 60, GOOD),
       (70, 70, UNCERTAIN), (80, 80, GOOD), (90, 90, GOOD)]  # fmt: skip
TWO = [(0, 10, BAD), (2, 10, GOOD), (25, 20, GOOD), (28, 25, GOOD), (39, 30, GOOD), (42, NAN, BAD), (48, 40, GOOD),
       (52, 50, GOOD), (72, 60, GOOD), (77, 70, UNCERTAIN), (83, 70, GOOD), (86, 80, GOOD),
       (90, 90, GOOD)]  # fmt: skip


def aggregate(rows, name: str, step: int, *, stepped: bool = False):
    samples = Slice(
        np.array([NOON + r[0] * S for r in rows]),
        np.array([r[1] for r in rows], float),
        np.array([r[2] for r in rows], np.uint16),
        np.zeros(len(rows), np.int64),
    )
    starts = range(0, 100, step)
    edges = NOON + np.array([*starts, 100]) * S
    found = summarise(points_of(samples), SeriesSpec(1, stepped), edges, [name], NOON + 200 * S)
    return dict(zip(starts, found[name].tolist(), strict=True))


def interpolated(rows, *, stepped: bool):
    return aggregate(rows, "Interpolative", 5, stepped=stepped)


def check(got, want, ours) -> None:
    for second, value in {**want, **ours}.items():
        assert got[second] == pytest.approx(value, abs=5e-4, nan_ok=True), second


def test_historian_1_sloped() -> None:
    annex = {0: NAN, 5: NAN, 10: 10, 15: 15, 20: 20, 25: 25, 30: 30, 35: 35, 40: 40, 45: 45, 50: 50, 55: 55, 60: 60,
             65: 65, 70: 70, 75: 75, 80: 80, 85: 85, 90: 90, 95: 90}  # fmt: skip
    # the value at 12:00:40 is bad: the annex draws a line over it
    check(interpolated(ONE, stepped=False), annex, {35: 30, 40: NAN, 45: NAN})


def test_historian_2_sloped() -> None:
    annex = {0: NAN, 5: 11.304, 10: 13.478, 15: 15.652, 20: 17.826, 25: 20, 30: 25.909, 35: 28.182, 40: 31.111,
             45: 36.667, 50: 45, 55: 51.5, 60: 54, 65: 56.5, 70: 59, 75: 62.727, 80: 67.273, 85: 76.667, 90: 90,
             95: 90}  # fmt: skip
    # bad at 12:00:42; and the annex treats the uncertain 70 at 12:01:17 as bad here, we use it and report it
    ours = {40: 30, 45: NAN, 75: 66, 80: 70}
    check(interpolated(TWO, stepped=False), annex, ours)


def test_historian_3_stepped() -> None:
    annex = {0: NAN, 5: 10, 10: 10, 15: 10, 20: 10, 25: 20, 30: 25, 35: 25, 40: 30, 45: 30, 50: 40, 55: 50, 60: 50,
             65: 50, 70: 50, 75: 60}  # fmt: skip
    check(interpolated(TWO, stepped=True), annex, {45: NAN})


def test_average_of_raw_values() -> None:
    annex = dict.fromkeys(range(0, 100, 5), NAN) | {10: 10, 20: 20, 30: 30, 50: 50, 60: 60, 80: 80, 90: 90}
    check(aggregate(ONE, "Average", 5), annex, {70: 70})
    annex = dict.fromkeys(range(0, 100, 5), NAN)
    annex |= {0: 10, 25: 22.5, 35: 30, 45: 40, 50: 50, 70: 60, 80: 70, 85: 80, 90: 90}
    check(aggregate(TWO, "Average", 5), annex, {75: 70})


def test_maximum_and_count_of_raw_values() -> None:
    annex = {0: 10, 16: 25, 32: 30, 48: 50, 64: 60, 80: 90, 96: NAN}
    check(aggregate(TWO, "Maximum", 16), annex, {64: 70})
    annex = {0: 1, 16: 2, 32: 1, 48: 2, 64: 1, 80: 3}
    check(aggregate(TWO, "Count", 16), annex, {64: 2})


def test_percent_good_of_historian_1() -> None:
    got = aggregate(ONE, "PercentGood", 16)
    assert got[0] == pytest.approx(37.5)
    assert got[16] == pytest.approx(100)
