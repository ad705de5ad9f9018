"""A baseline carried forward: cover over simulated plants, change points, gates that refuse."""

from __future__ import annotations

import os

import numpy as np
import pytest

from chanye.engines.effects.baseline import Weather, avoided, find_weather
from chanye.engines.effects.gates import Limits, data_gates, model_gates
from engines.effects.test_autoregression import series

PLAYED = int(os.environ.get("CHANYE_TEST_SERIES", "60"))


def _plant(rng: np.random.Generator, rho: float, effect: float, n: int = 365, m: int = 120):  # arrays
    """Return outcome, its columns besides the weather, temperature, and what was saved in truth."""
    day = np.arange(n + m)
    temperature = 15 + 12 * np.sin(2 * np.pi * day / 365) + rng.normal(0, 3, n + m)
    made = rng.poisson(80, (n + m, 2)) * np.array([1.0, 0.6])
    shift = (day % 7 < 5) * 1.0
    base = 200 + 2 * made[:, 0] + 3.5 * made[:, 1] + 40 * shift
    base = base + 6 * np.maximum(temperature - 22, 0) + 4 * np.maximum(8 - temperature, 0)
    outcome = base + 12 * series(rho, n + m, rng)
    outcome[n:] -= effect * base[n:]
    return outcome, np.column_stack([np.ones(n + m), made, shift]), temperature, float((effect * base[n:]).sum())


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8])
def test_ninety_percent_intervals_cover(rho: float) -> None:
    rng = np.random.default_rng(int(10 * rho) + 1)
    covered, off = 0, []
    for _ in range(PLAYED):
        outcome, other, temperature, saved = _plant(rng, rho, 0.06)
        weather = find_weather(outcome[:365], other[:365], temperature[:365])
        design = np.column_stack([other, weather.columns(temperature)])
        found = avoided(outcome[:365], design[:365], outcome[365:], design[365:])
        covered += found.low <= saved <= found.high
        off.append(found.relative - 0.06)
    assert abs(covered / PLAYED - 0.9) <= 0.03 + 3 * np.sqrt(0.09 / PLAYED)
    assert abs(float(np.mean(off))) <= 0.002 + 3 * float(np.std(off)) / np.sqrt(PLAYED)


def test_change_points_are_found_where_they_are_and_nowhere_else() -> None:
    rng = np.random.default_rng(5)
    temperature = rng.uniform(-5, 35, 400)
    one = np.ones((400, 1))
    noise = rng.normal(0, 2, 400)
    both = find_weather(
        100 + 3 * np.maximum(10 - temperature, 0) + 5 * np.maximum(temperature - 24, 0) + noise, one, temperature
    )
    assert both.heating == pytest.approx(10, abs=1.5)
    assert both.cooling == pytest.approx(24, abs=1.5)
    warm = find_weather(100 + 5 * np.maximum(temperature - 20, 0) + noise, one, temperature)
    assert (warm.heating, warm.cooling) == (None, pytest.approx(20, abs=1.5))
    assert find_weather(100 + noise, one, temperature) == Weather()


def test_without_memory_it_is_the_textbook_interval_of_a_sum() -> None:
    """Seber and Lee, Linear Regression Analysis, 5.3: variance of the sum of m new observations."""
    rng = np.random.default_rng(2)
    x, new = (
        np.column_stack([np.ones(300), rng.normal(size=300)]),
        np.column_stack([np.ones(20), rng.normal(size=20)]),
    )
    y = x @ [5.0, 2.0] + rng.normal(size=300)
    found = avoided(y, x, np.zeros(20), new)
    lean = new.sum(axis=0)
    line = np.linalg.lstsq(x, y, rcond=None)[0]
    sigma2 = float(((y - x @ line) ** 2).sum() / 298)
    error = np.sqrt(sigma2 * (lean @ np.linalg.inv(x.T @ x) @ lean + 20))
    assert found.expected == pytest.approx(float((new @ line).sum()), rel=0.01)
    assert (found.high - found.low) / 2 == pytest.approx(1.65 * error, rel=0.15)


def test_gaps_in_time_are_counted() -> None:
    rng = np.random.default_rng(3)
    y = 10 + series(0.7, 400, rng)
    kept = rng.random(400) < 0.8
    kept[0] = True
    step = np.diff(np.flatnonzero(kept), prepend=-1)
    one = np.ones((int(kept[:300].sum()), 1))
    many = np.ones((int(kept[300:].sum()), 1))
    cut = int(kept[:300].sum())
    found = avoided(y[:300][kept[:300]], one, y[300:][kept[300:]], many, steps=[step[:cut], step[cut:]])
    assert found.rho == pytest.approx(0.7, abs=0.15)


def test_gates_refuse_what_cannot_be_measured() -> None:
    rng = np.random.default_rng(4)
    good = rng.normal(100, 10, 365)
    known, since = np.ones(365, bool), np.ones(90, bool)
    assert all(gate.holds for gate in data_gates(known, since, good, Limits()))
    stuck = good.copy()
    stuck[100:200] = stuck[100]
    assert _failing(data_gates(known, since, stuck, Limits())) == {"longest_still"}
    rough = np.round(good, -1)
    assert "distinct_values" in _failing(data_gates(known, since, rough, Limits()))
    dark = rng.random(365) < 0.7
    assert _failing(data_gates(dark, since, good[dark], Limits())) == {"baseline_known"}
    assert _failing(data_gates(known, since[:20], good, Limits())) == {"length_since"}
    assert _failing(data_gates(known, ~since, good, Limits())) == {"known_since"}
    nothing = np.zeros(0)
    assert len(_failing(data_gates(~known, since, nothing, Limits()))) >= 3

    seen, met = rng.uniform(50, 100, (365, 2)), rng.uniform(50, 100, (90, 2))
    assert all(gate.holds for gate in model_gates(rng.normal(0, 10, 365), good, seen, met, Limits()))
    met[:20, 1] = 160
    assert _failing(model_gates(rng.normal(0, 10, 365), good, seen, met, Limits())) == {"outside_baseline"}
    assert "unexplained" in _failing(model_gates(rng.normal(0, 200, 365), good, seen, met, Limits()))


def _failing(gates) -> set[str]:  # a list of gates
    return {gate.name for gate in gates if not gate.holds}
