"""Lots, pooling over sites, and sequences that may be watched."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chanye.engines.effects.pooling import pool
from chanye.engines.effects.randomised import difference
from chanye.engines.effects.sequence import sequence
from chanye.engines.effects.student import chi_square_above

# Thirteen trials of the BCG vaccine: log risk ratios and variances (Colditz et al. 1994, as in the metafor package)
BCG = np.array(
    [
        -0.8893,
        -1.5854,
        -1.3481,
        -1.4416,
        -0.2175,
        -0.7861,
        -1.6209,
        0.0120,
        -0.4694,
        -1.3713,
        -0.3394,
        0.4459,
        -0.0173,
    ]
)
BCG_VARIANCE = np.array(
    [0.3256, 0.1946, 0.4154, 0.0200, 0.0512, 0.0069, 0.2230, 0.0040, 0.0564, 0.0730, 0.0124, 0.5325, 0.0714]
)


def test_the_vaccine_trials_as_printed() -> None:
    found = pool(BCG, np.sqrt(BCG_VARIANCE), level=0.95)
    # the manual of metafor, rma(yi, vi, method="PM", test="knha"): tau² 0.3181, estimate -0.7150, I² of Q 152.2330
    assert found.between**2 == pytest.approx(0.3181, abs=6e-4)
    assert found.effect == pytest.approx(-0.7150, abs=2e-3)
    assert found.inconsistency == pytest.approx(1 - 12 / 152.233, abs=2e-3)
    assert found.weight.sum() == pytest.approx(1)


def test_intervals_over_sites_cover() -> None:
    rng = np.random.default_rng(1)
    covered = ahead = 0
    for _ in range(300):
        true = rng.normal(5, 2, 9)
        error = rng.uniform(0.5, 3, 8)
        found = pool(true[:8] + rng.normal(0, error), error)
        covered += found.low <= 5 <= found.high
        ahead += found.next_low <= true[8] <= found.next_high
    assert 0.87 <= covered / 300 <= 0.96
    assert 0.85 <= ahead / 300 <= 0.96


@pytest.mark.parametrize("freedom", [1, 2, 3, 8])
def test_chi_square(freedom: int) -> None:
    # tables of the upper 5 % points
    point = {1: 3.84146, 2: 5.99146, 3: 7.81473, 8: 15.50731}[freedom]
    assert chi_square_above(np.array([point]), freedom) == pytest.approx([0.05], abs=1e-6)
    assert chi_square_above(np.array([0.0]), freedom) == pytest.approx([1.0])


def test_one_site_stands_for_itself_alone() -> None:
    found = pool(np.array([3.0]), np.array([1.0]))
    assert (found.low, found.high) == pytest.approx((3 - 1.644854, 3 + 1.644854), abs=1e-5)
    assert math.isinf(found.next_high)
    for effect, error in (([], []), ([1.0], [0.0]), ([1.0, 2.0], [1.0])):
        with pytest.raises(ValueError, match="at least one site"):
            pool(np.array(effect), np.array(error))


@pytest.mark.parametrize("known", [False, True])
def test_a_lot_covers_and_a_baseline_sharpens(known: bool) -> None:
    rng = np.random.default_rng(2)
    covered, wide = 0, []
    for _ in range(300):
        baseline = rng.normal(size=50)
        arm = rng.permutation(50) < 20
        outcome = 0.8 * baseline + 0.6 * rng.normal(size=50) + arm * (0.5 + 0.5 * rng.normal(size=50))
        found = difference(outcome, arm, baseline if known else None)
        covered += found.low <= 0.5 <= found.high
        wide.append(found.high - found.low)
    assert 0.86 <= covered / 300 <= 0.96
    assert (np.mean(wide) < 0.85) == known


def test_without_a_baseline_it_is_the_plain_difference() -> None:
    outcome, arm = np.array([3.0, 5.0, 4.0, 1.0, 2.0, 0.0]), np.array([1, 1, 1, 0, 0, 0])
    assert difference(outcome, arm).effect == pytest.approx(3.0)
    with pytest.raises(ValueError, match="Each arm needs"):
        difference(outcome, arm, np.ones((6, 2)))


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_watching_every_day_raises_no_more_alarms_than_promised(level: float) -> None:
    rng = np.random.default_rng(3)
    alarms = plain = 0
    for _ in range(300):
        y = rng.normal(size=300)
        mean, low, high = sequence(y, level=level)
        alarms += bool(((low > 0) | (high < 0)).any())
        plain += bool((np.abs(mean[10:]) > 1.645 / np.sqrt(np.arange(11, 301))).any())
    assert alarms / 300 <= 1 - level + 0.04
    assert plain / 300 > 0.4


def test_a_sequence_closes_in_on_the_truth() -> None:
    y = np.random.default_rng(4).normal(1.0, 2.0, 4000)
    mean, low, high = sequence(y, block=4)
    assert len(mean) == 1000
    assert low[0] == -math.inf
    assert (low[5:] < 1.0).all()
    assert (high[5:] > 1.0).all()
    assert high[-1] - low[-1] < 0.4
    assert mean[-1] == pytest.approx(y.mean())
