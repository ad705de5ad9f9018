"""The chance to be on time against probabilities worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import lognorm

from chanye.engines.lines import Breakdown, Plan, Time, promise
from chanye.kernel.errors import ConfigError


def plan(**more) -> Plan:
    given = {
        "job": np.array([0, 0, 1]),
        "machine": np.array([0, 1, 1]),
        "start": np.array([0.0, 100.0, 0.0]),
        "duration": np.array([100.0, 50.0, 80.0]),
        "due": np.array([150.0, 80.0]),
    }
    return Plan(**(given | more))


def test_without_chance_the_plan_holds_or_not():
    assert promise(plan(), breakdowns=(None, None), replications=10).on_time.tolist() == [1.0, 1.0]
    late = promise(plan(due=np.array([149.0, np.inf])), breakdowns=(None, None), replications=10)
    assert late.on_time.tolist() == [0.0, 1.0]
    assert late.finish[:, 1].tolist() == [150.0, 80.0]
    assert late.high[0] < 0.35


def test_one_machine_that_may_fail():
    # No failure during 100 s of work: exp(-100 / 400); with one the repair of 1000 s is too long.
    one = Plan(np.array([0]), np.array([0]), np.array([0.0]), np.array([100.0]), np.array([500.0]))
    broken = Breakdown(Time(400, "exponential"), Time(1000))
    found = promise(one, breakdowns=(broken,), replications=20_000)
    assert found.on_time[0] == pytest.approx(math.exp(-0.25), abs=0.01)
    assert found.low[0] < math.exp(-0.25) < found.high[0]


def test_times_that_vary():
    one = Plan(np.array([0]), np.array([0]), np.array([0.0]), np.array([100.0]), np.array([120.0]))
    sigma = math.sqrt(math.log(1 + 0.3**2))
    exact = lognorm(sigma, scale=100 * math.exp(-(sigma**2) / 2)).cdf(120)
    assert promise(one, breakdowns=(None,), cv=0.3, replications=20_000).on_time[0] == pytest.approx(exact, abs=0.01)


def test_pieces_that_are_lost_are_made_again():
    one = Plan(
        np.array([0]), np.array([0]), np.array([0.0]), np.array([100.0]), np.array([1e9]),
        quantity=np.array([400.0]), good=np.array([0.8]),
    )  # fmt: skip
    found = promise(one, breakdowns=(None,), replications=4_000)
    assert found.finish[0, 1] == pytest.approx(125, rel=0.01)
    spread = (found.finish[0, 2] - found.finish[0, 0]) / (2 * 1.2816)
    assert spread == pytest.approx(100 * math.sqrt(0.2 / 400) / 0.8, rel=0.1)


def test_sequences_are_kept():
    first = plan(start=np.array([0.0, 100.0, 200.0]), due=np.array([150.0, 229.0]))
    assert promise(first, breakdowns=(None, None), replications=5).on_time.tolist() == [1.0, 0.0]
    wait = plan(earliest=np.array([0.0, 0.0, 30.0]))
    assert promise(wait, breakdowns=(None, None), replications=5).finish[:, 1].tolist() == [160.0, 110.0]


def test_contradictions_and_gaps_are_refused():
    job, machine, start = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 0]), np.array([9.0, 0.0, 9.0, 0.0])
    with pytest.raises(ConfigError, match="contradicts"):
        promise(Plan(job, machine, start, np.ones(4), np.ones(2)), breakdowns=(None, None))
    with pytest.raises(ConfigError, match="each machine"):
        promise(plan(), breakdowns=(None,))
    with pytest.raises(ConfigError, match="same length"):
        promise(plan(start=np.zeros(2)), breakdowns=(None, None))
