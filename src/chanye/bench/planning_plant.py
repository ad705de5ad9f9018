"""A plant of 2,500 operations: the first plan, a breakdown mended, and what a full re-solve would have found."""

from __future__ import annotations

import time

from chanye.bench.figures import Figure, Result, machine
from chanye.engines.planning.example import example_plant
from chanye.engines.planning.first import first_plan
from chanye.engines.planning.repair import Breakdown, repair
from chanye.engines.planning.solve import solve

BAR = (
    "2,500 operations with calendars, set-ups and operators: first plan ≤ 10 s, repair feasible ≤ 0.3 s and within "
    "2 % of a full re-solve after 5 s"
)
NOW, DOWN = 2900, 700


def run(*, quick: bool = False) -> Result:
    """Measure; ``quick`` takes a fifth of the orders and a tenth of the time, and gives no verdict."""
    first_plan(*example_plant(orders=5, units=5))  # compiled, or read from the cache
    orders, share = (100, 0.1) if quick else (500, 1.0)
    plant, work = example_plant(orders=orders)
    began = time.perf_counter()
    first_plan(plant, work)
    first = time.perf_counter() - began
    plan = solve(plant, work, seconds=60 * share)
    events = (Breakdown("M01", NOW, NOW + DOWN),)
    mended = repair(plant, work, plan, events, now=NOW, frozen=NOW + 60, seconds=5 * share)
    full = solve(mended.plant, mended.work, goals=("weighted_tardiness",), seconds=60 * share)
    ours, peer = mended.plan.values["weighted_tardiness"], full.values["weighted_tardiness"]
    above = 100 * (ours - peer) / max(peer, 1.0)

    def figure(name: str, value: float, unit: str, holds: bool) -> Figure:
        return Figure(name, value, unit, bar=BAR, holds=None if quick else holds)

    figures = (
        figure("first plan", first, "s", first <= 10),
        figure("repair of a breakdown, feasible", mended.first, "s", mended.first <= 0.3),
        figure("repair after 5 s above a re-solve of 60 s", above, "%", above <= 2),
    )
    return Result("plant", machine(), figures)
