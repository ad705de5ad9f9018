"""How often the interval holds the truth, over many simulated plants; the truth is known because we made it."""

from __future__ import annotations

import numpy as np
import pytest

from chanye.engines.effects.days import OWN
from chanye.engines.effects.measured import measure
from chanye.evidence.rules.plans import content_of
from evidence_kit import day, energy_plan, memory

CODE = "factory.energy_per_piece"
MEASURE = {"code": CODE, "unit": "kW.h/{part}", "direction": -1, "kind": "ratio", "floor": 0.8, "normalisers": []}
BEFORE, START, END = 300, 330, 480


def plant(rng: np.random.Generator, effect: float, *, rho: float, trend: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return energy per piece and pieces of each day."""
    pieces = np.round(1000 * (1 + 0.1 * rng.normal(size=END)))
    level = np.exp(memory(rng, END, rho, 0.05)) * trend * np.where(np.arange(END) >= START, 1 - effect, 1.0)
    return (200 + 1.8 * pieces) * level / pieces, pieces


def measured(rng: np.random.Generator, effect: float, method: str, *, rho: float, others: int = 0) -> dict:
    """Return the result for one simulated plant, with others that share its trend where the method compares."""
    slope = rng.normal(0, 0.1) if others else 0.0
    trend = np.exp(slope * np.arange(END) / 365)
    names = [f"p{i:02}" for i in range(others)]
    chosen = np.r_[0:BEFORE, START:END]
    value, pieces = plant(rng, effect, rho=rho, trend=trend)
    columns = {"unit": [OWN] * len(chosen), "time": [day(int(i)) for i in chosen], "value": list(value[chosen])}
    weight = list(pieces[chosen])
    size = 7 if method == "synthetic" else 28
    starts = [BEFORE - size * k for k in range(BEFORE // size, 0, -1)]
    starts += [START + size * k for k in range((END - START) // size)]
    for name in names:
        own, made = plant(rng, 0.0, rho=rho, trend=trend)
        logs = np.log([np.average(own[a : a + size], weights=made[a : a + size]) for a in starts])
        logs -= logs[: BEFORE // size].mean()
        columns["unit"] += [name] * len(starts)
        columns["time"] += [day(a) for a in starts]
        columns["value"] += list(logs)
        weight += [1.0] * len(starts)
    n = len(weight)
    table = columns | {"variable": [CODE] * n, "weight": weight, "coverage": [1.0] * n}
    plan = content_of(energy_plan(method=method), MEASURE, asset="a", controls=names, timezone="Asia/Shanghai")
    since = {"start": day(START), "end": day(END), "events": [], "controls": dict.fromkeys(names)}
    return measure(plan, since, table)


def share(effect: float, method: str, plants: int, *, seed: int = 1, **options) -> tuple[float, float]:
    """Return how often the interval holds the truth, and how often it leaves out zero."""
    rng = np.random.default_rng(seed)
    found = [measured(rng, effect, method, **options) for _ in range(plants)]
    assert all(one["state"] == "measured" for one in found), found[0]["reasons"]
    holds = np.mean([one["lower"] <= effect <= one["upper"] for one in found])
    return float(holds), float(np.mean([one["lower"] > 0 or one["upper"] < 0 for one in found]))


def test_the_others_take_the_common_trend_away() -> None:
    holds, _shown = share(0.1, "group_time", 40, rho=0.5, others=8)
    assert holds > 0.75  # nominal 0.9; forty plants tell no more
    _holds, alarms = share(0.0, "group_time", 40, rho=0.5, others=8)
    assert alarms < 0.25


@pytest.mark.soak
@pytest.mark.parametrize(
    ("method", "rho", "others"),
    [
        ("baseline", 0.0, 0),
        ("baseline", 0.5, 0),
        ("baseline", 0.8, 0),
        ("group_time", 0.5, 6),
        ("group_time", 0.8, 20),
    ],
)
def test_nine_of_ten_intervals_hold_the_truth(method: str, rho: float, others: int) -> None:
    holds, _shown = share(0.1, method, 1000, rho=rho, others=others)
    assert 0.87 <= holds <= 0.93, holds
    _holds, alarms = share(0.0, method, 1000, seed=2, rho=rho, others=others)
    assert 0.07 <= alarms <= 0.13, alarms
