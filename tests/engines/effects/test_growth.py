"""A plant that changes its size: refused beyond what its months have shown, an honest interval within."""

from __future__ import annotations

import numpy as np
import pytest

from chanye.engines.effects.days import DAY, OWN
from chanye.engines.effects.growth import growth
from chanye.engines.effects.measured import measure

BEFORE, START, END = 330, 350, 640
PLAN = {
    "measure": {
        "code": "energy",
        "unit": "kW.h/{part}",
        "direction": -1,
        "kind": "ratio",
        "floor": 0.8,
        "normalisers": [],
    },
    "method": "baseline",
    "baseline": {"start": 0, "end": BEFORE * DAY},
    "exclusions": [],
    "claim": 0.1,
    "confidence": 0.9,
    "one_sided": 0.68,
    "limits": {},
}
SINCE = {"start": START * DAY, "end": END * DAY, "events": [], "controls": {}}


def _grown(rng: np.random.Generator, size: float, *, idle_too: bool) -> dict:
    """Return what is said of a plant that saves 10 %, makes ``size`` more, and runs so much more idle, or not."""
    days = np.arange(END)
    slow = np.convolve(rng.normal(size=END + 60), np.ones(60) / 60, "valid")[:END]
    since = days >= START
    pieces = np.round(1000 * np.exp(0.06 * rng.normal(size=END) + 0.15 * slow) * np.where(since, 1 + size, 1.0))
    idle = rng.uniform(250, 400) * np.where(since & idle_too, 1 + size, 1.0)
    taken = (idle + pieces) * np.exp(0.04 * rng.normal(size=END)) * np.where(since, 0.9, 1.0)
    rows = np.r_[0:BEFORE, START:END]
    n = len(rows)
    table = {
        "unit": [OWN] * n,
        "variable": ["energy"] * n,
        "time": rows * DAY,
        "value": (taken / pieces)[rows],
        "weight": pieces[rows],
        "coverage": np.ones(n),
    }
    return measure(PLAN, SINCE, table)


@pytest.mark.parametrize("idle_too", [True, False])
def test_a_plant_that_grows_within_its_months_has_an_interval_for_both_answers(*, idle_too: bool) -> None:
    rng = np.random.default_rng(8)
    found = [_grown(rng, 0.1, idle_too=idle_too) for _ in range(25)]
    held = [one["lower"] <= 0.1 <= one["upper"] for one in found if one["state"] == "measured"]
    assert len(held) >= 15
    assert np.mean(held) >= 0.8
    if idle_too:  # without the rule most would miss it
        plain = [one["upper"] - one["detail"]["idle_shift"] for one in found if one["state"] == "measured"]
        assert np.mean(np.array(plain) >= 0.1) <= 0.5


@pytest.mark.parametrize("size", [0.2, 0.3, 0.4, -0.3])
def test_a_plant_of_another_size_is_refused_or_its_interval_holds(size: float) -> None:
    rng = np.random.default_rng(9)
    for _ in range(8):
        found = _grown(rng, size, idle_too=True)
        assert found["state"] == "not_measurable" or found["lower"] <= 0.1 <= found["upper"]
        if abs(size) >= 0.3:
            assert "size" in found["reasons"]


def test_a_plant_that_stays_is_left_alone() -> None:
    rng = np.random.default_rng(10)
    found = [_grown(rng, 0.0, idle_too=True) for _ in range(8)]
    assert all(one["state"] == "measured" for one in found)
    assert all(one["detail"]["idle_shift"] == 0.0 for one in found if abs(one["detail"]["production"]) <= 0.03)


def test_months_by_hand() -> None:
    made = np.concatenate([np.full(28, 100.0), np.full(28, 120.0), np.full(5, 900.0)])
    ordinal = np.arange(100, 161)
    before = made.mean()
    found = growth(made, ordinal, np.full(50, 150.0))
    assert found.change == pytest.approx(150 / before - 1)
    assert found.beyond == pytest.approx(150 / 120 - 1)  # five days are no month
    assert growth(made, ordinal, np.full(50, 90.0)).beyond == pytest.approx(0.1)
    assert growth(made, ordinal, np.full(50, 110.0)).beyond == 0
    assert growth(np.ones(5), np.arange(5), np.full(5, 2.0)).beyond == 1
