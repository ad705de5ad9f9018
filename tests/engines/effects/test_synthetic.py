"""Synthetic control and synthetic difference-in-differences: print, brute force, placebos."""

from __future__ import annotations

import time

import numpy as np
import pytest

from chanye.engines.effects.simplex import simplex_least_squares
from chanye.engines.effects.synthetic import conformal_interval, conformal_p, placebo, synthetic
from engines.effects.published import california


@pytest.mark.parametrize(
    ("method", "printed"),
    [("synthetic_did", -15.60383), ("synthetic_control", -19.61966), ("did", -27.34911)],
)
def test_california_as_printed(method: str, printed: float) -> None:
    controls, own, before, _ = california()
    assert synthetic(controls, own, before, method=method, as_published=True).effect == pytest.approx(
        printed, abs=6e-6
    )


def test_the_best_weights_fit_better_than_the_published_ones() -> None:
    controls, own, before, names = california()
    best = synthetic(controls, own, before, method="synthetic_control")
    printed = synthetic(controls, own, before, method="synthetic_control", as_published=True)
    assert best.fit < printed.fit
    # Abadie, Diamond and Hainmueller (2010), table 2, on outcomes and covariates: the same states carry it
    carry = {name for name, weight in zip(names, best.unit_weight.tolist(), strict=True) if weight > 0.05}
    assert {"Utah", "Montana", "Nevada", "Connecticut"} <= carry


@pytest.mark.parametrize("seed", range(40))
def test_weights_are_the_best_there_are(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = int(rng.integers(2, 30)), int(rng.integers(2, 12))
    design, target = rng.normal(size=(rows, columns)), rng.normal(size=rows)
    ridge = float(rng.choice([0.0, 0.1, 3.0]))
    weight = simplex_least_squares(design, target, ridge)
    assert weight.sum() == pytest.approx(1)
    assert (weight >= 0).all()

    def cost(w: np.ndarray) -> np.ndarray:
        rest = w @ design.T - target
        return (rest**2).sum(axis=-1) + ridge * (w**2).sum(axis=-1)

    others = rng.dirichlet(np.full(columns, 0.3), 20_000)
    towards = 0.99 * weight + 0.01 * others
    assert cost(weight) <= cost(others).min() + 1e-9
    assert cost(weight) <= cost(towards).min() + 1e-9


def test_copies_and_ties_do_not_trip_it() -> None:
    column = np.arange(5.0)
    design = np.column_stack([column, column, column[::-1], np.zeros(5)])
    weight = simplex_least_squares(design, column)
    assert design @ weight == pytest.approx(column, abs=1e-6)


def test_placebos_of_california_take_less_than_a_second() -> None:
    controls, own, before, _ = california()
    begin = time.perf_counter()
    found = placebo(controls, own, before)
    assert time.perf_counter() - begin < 1
    assert len(found.effects) == 38
    assert 7 < found.error < 12  # printed 8.59 from 100 random draws
    assert found.p == pytest.approx(2 / 39)


def test_a_known_effect_is_found_and_no_effect_is_not() -> None:
    rng = np.random.default_rng(2)
    refused = [0, 0]
    for _ in range(100):
        common = np.cumsum(rng.normal(size=(2, 40)), axis=1)
        load = rng.uniform(0, 1, (21, 2))
        outcome = load @ common + rng.normal(0, 0.3, (21, 40))
        for i, effect in enumerate((0.0, 3.0)):
            own = outcome[:1] + effect * (np.arange(40) >= 32)
            refused[i] += conformal_p(outcome[1:], own, 32) <= 0.1
    assert refused[0] / 100 <= 0.2
    assert refused[1] / 100 >= 0.8


def test_an_interval_holds_what_is_not_refused() -> None:
    rng = np.random.default_rng(8)
    outcome = np.cumsum(rng.normal(size=40)) + rng.normal(0, 0.3, (21, 40))
    own = outcome[:1] + 2.0 * (np.arange(40) >= 30)
    low, high = conformal_interval(outcome[1:], own, 30, level=0.9)
    assert low < 2.0 < high
    assert conformal_p(outcome[1:], own, 30, effect=low) > 0.1 + 1e-12
    assert conformal_p(outcome[1:], own, 30, effect=high + (high - low)) <= 0.1


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="two controls"):
        synthetic(np.ones((1, 9)), np.ones((1, 9)), 5)
    with pytest.raises(ValueError, match="two periods before"):
        synthetic(np.ones((3, 9)), np.ones((1, 9)), 1)
    with pytest.raises(ValueError, match="missing"):
        synthetic(np.full((3, 9), np.nan), np.ones((1, 9)), 5)
    with pytest.raises(ValueError, match="more controls"):
        placebo(np.ones((3, 9)), np.ones((2, 9)), 5)
