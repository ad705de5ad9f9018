"""Buffer allocation against the enumeration of all allocations, valued by the exact Markov chain."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from chanye.bench.lines_exact import throughput
from chanye.engines.lines import Breakdown, Line, Link, Runs, Station, Time, allocate, allocate_for, serial
from chanye.engines.lines.buffers import evaluate
from chanye.engines.lines.recursion import compile_flow
from chanye.kernel.errors import ConfigError

RUNS = Runs(60_000, 6, seed=5)


def line(rates: list[float]) -> Line:
    return serial(
        [Station(f"s{i}", Time(3600 / one, "exponential")) for i, one in enumerate(rates)], [0] * (len(rates) - 1)
    )


@pytest.mark.parametrize(
    ("rates", "total"), [([1.0, 1.0, 1.0, 1.0], 4), ([1.0, 1.0, 0.8, 1.0], 3), ([2.0, 1.0, 1.0], 6)]
)
def test_no_allocation_is_better(rates, total):
    found = allocate(line(rates), total, RUNS)
    links = len(rates) - 1
    every = [one for one in itertools.product(range(total + 1), repeat=links) if sum(one) == total]
    exact = {one: throughput(rates, list(one)) for one in every}
    assert exact[found.spaces] >= max(exact.values()) * (1 - 5e-4)
    assert found.throughput.mean() == pytest.approx(exact[found.spaces], rel=5e-3)
    assert sum(found.spaces) == total


def test_a_balanced_line_wants_a_little_more_in_the_middle():
    # Hillier, So and Boling (1993): the storage bowl.
    assert allocate(line([1.0] * 4), 4, RUNS, start=(4, 0, 0)).spaces == (1, 2, 1)


def test_a_symmetric_line_is_as_good_the_other_way_round():
    flow = compile_flow(line([1.0] * 4))
    there, back = evaluate(flow, np.array([(3, 1, 0), (0, 1, 3)]), RUNS)
    assert there.mean() == pytest.approx(back.mean(), rel=5e-3)


def test_the_space_goes_to_where_the_failures_are():
    broken = Breakdown(Time(7200, "exponential"), Time(600, "exponential"))
    stations = [Station(f"s{i}", Time(60), breakdown=broken if i in (2, 3) else None) for i in range(6)]
    found = allocate(serial(stations, [None, 0, 0, 0, 0]), 40, Runs(5_000, 4))
    assert found.spaces[1] >= 20


def test_the_fewest_spaces_for_a_target():
    found = allocate_for(line([1.0, 1.0, 1.0]), 0.70, RUNS)
    total = sum(found.spaces)
    best = [max(throughput([1.0] * 3, [k, n - k]) for k in range(n + 1)) for n in (total - 1, total)]
    assert best[0] < 0.70 < best[1]
    with pytest.raises(ConfigError, match="slowest"):
        allocate_for(line([1.0, 1.0]), 1.1, RUNS)


def test_what_cannot_be_spread_is_refused():
    endless = Line((Station("a", Time(1)), Station("b", Time(1))), (Link("a", "b", None),))
    with pytest.raises(ConfigError, match="finite"):
        allocate(endless, 3, RUNS)
    with pytest.raises(ConfigError, match="add up"):
        allocate(line([1.0, 1.0]), 3, RUNS, start=(2,))
