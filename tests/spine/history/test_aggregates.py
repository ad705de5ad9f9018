"""Aggregates against a reference that walks every microsecond stretch in plain Python."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chanye.spine.history.aggregates import FORMULAS, RAW_FORMULAS, durations_of, summarise
from chanye.spine.history.columns import Slice
from chanye.spine.history.points import points_of
from chanye.spine.history.types import SeriesSpec

GOOD, UNCERTAIN, BAD = 0, 0x4000, 0x8000


def slice_of(rows) -> Slice:
    return Slice(
        np.array([r[0] for r in rows], np.int64),
        np.array([r[1] for r in rows], float),
        np.array([r[2] for r in rows], np.uint16),
        np.zeros(len(rows), np.int64),
    )


def reference(rows, stepped, hold, until, start, end):
    """One interval, microsecond by microsecond (times are small)."""

    def known(i):
        return rows[i][2] != BAD and math.isfinite(rows[i][1])

    def at(us):
        """(value, good) on [us, us+1), the value as a pair (at us, at us+1); None if unknown."""
        before = [i for i in range(len(rows)) if rows[i][0] <= us]
        if not before:
            return None
        i = before[-1]
        if not known(i):
            return None
        t, v, q = rows[i]
        last = i == len(rows) - 1
        nxt = until if last else rows[i + 1][0]
        if us >= nxt or (hold is not None and us >= t + hold):
            return None
        good = q == GOOD
        if not stepped and not last and known(i + 1) and (hold is None or nxt - t <= hold):
            rise = Fraction(rows[i + 1][1] - v) / (nxt - t)
            return (v + rise * (us - t), v + rise * (us + 1 - t), good and rows[i + 1][2] == GOOD)
        return (Fraction(v), Fraction(v), good)

    area = kn = gd = Fraction(0)
    low, high = [], []
    for us in range(start, end):
        p = at(us)
        if p:
            area += (p[0] + p[1]) / 2
            kn += 1
            gd += p[2]
            low.append(min(p[:2]))
            high.append(max(p[:2]))
    inside = [r for i, r in enumerate(rows) if start <= r[0] < end and known(i)]
    out = {
        "TimeAverage": float(area / kn) if kn else math.nan,
        "DurationGood": float(gd),
        "DurationBad": float(end - start - kn),
        "PercentGood": float(100 * gd / (end - start)),
        "Count": float(len(inside)),
        "Average": float(sum(Fraction(r[1]) for r in inside) / len(inside)) if inside else math.nan,
        "Minimum": min((r[1] for r in inside), default=math.nan),
        "Maximum": max((r[1] for r in inside), default=math.nan),
        "Start": inside[0][1] if inside else math.nan,
        "End": inside[-1][1] if inside else math.nan,
        "Delta": inside[-1][1] - inside[0][1] if inside else math.nan,
        "Minimum2": float(min([*low, *(r[1] for r in inside)], default=math.nan)),
        "Maximum2": float(max([*high, *(r[1] for r in inside)], default=math.nan)),
    }
    p = at(start)
    exact = [r for i, r in enumerate(rows) if r[0] == start and known(i)]
    out["Interpolative"] = float(p[0]) if p else (exact[0][1] if exact else math.nan)
    gain, before, seen = 0.0, None, False
    for i, r in enumerate(rows):
        if known(i):
            if before is not None and start <= r[0] < end:
                # a fall below half is a restart from zero, a smaller one a correction that adds nothing
                gain += r[1] - before if r[1] >= before else max(r[1], 0.0) if r[1] < before / 2 else 0.0
            before = r[1]
            seen = seen or start <= r[0] < end
    out["Increase"] = gain if seen or kn else math.nan
    mean = out["Average"]
    out["VariancePopulation"] = sum((r[1] - mean) ** 2 for r in inside) / len(inside) if inside else math.nan
    return out


rows_of = st.lists(
    st.tuples(
        st.integers(1, 60),
        st.one_of(st.integers(-9, 9).map(float), st.just(math.nan), st.just(math.inf)),
        st.sampled_from([GOOD, GOOD, GOOD, UNCERTAIN, BAD]),
    ),
    max_size=12,
    unique_by=lambda r: r[0],
).map(sorted)


@settings(max_examples=300, deadline=None)
@given(rows_of, st.booleans(), st.one_of(st.none(), st.integers(1, 20)), st.integers(1, 80), st.integers(1, 25))
def test_every_aggregate_equals_the_reference(rows, stepped, hold, until, step) -> None:
    start, end = 5, 55
    edges = np.append(np.arange(start, end, step), end)
    got = summarise(points_of(slice_of(rows)), SeriesSpec(1, stepped, hold), edges, [*FORMULAS, *RAW_FORMULAS], until)
    for k, (a, b) in enumerate(itertools.pairwise(edges)):
        want = reference(rows, stepped, hold, until, int(a), int(b))
        for name, value in want.items():
            assert got[name][k] == pytest.approx(value, nan_ok=True, rel=1e-9, abs=1e-9), (name, int(a), int(b))
        assert got["percent_known"][k] == pytest.approx(100 - 100 * want["DurationBad"] / (b - a))


@settings(max_examples=200, deadline=None)
@given(rows_of, st.one_of(st.none(), st.integers(1, 20)), st.integers(1, 80))
def test_times_in_state_fill_the_window(rows, hold, until) -> None:
    got = durations_of(points_of(slice_of(rows)), SeriesSpec(1, True, hold), 5, 55, until)
    assert sum(got.values()) == 50
    for code in {int(r[1]) for r in rows if math.isfinite(r[1])}:
        want = 0
        for us in range(5, 55):
            one = reference(rows, True, hold, until, us, us + 1)
            want += one["TimeAverage"] == code
        if code != -1:
            assert got.get(code, 0) == want
