"""What the rules cost: another envelope, a quota less, and the projects that would come and go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

import numpy as np

from chanye.engines.allocation.choose import GAP, solve
from chanye.engines.allocation.model import Table, counted, model_of, table_of
from chanye.engines.allocation.types import (
    Choice,
    EnvelopePrice,
    Flip,
    InfeasibleError,
    Programme,
    Project,
    QuotaPrice,
)
from chanye.engines.linear import Flags


def envelope_prices(
    projects: Sequence[Project],
    programme: Programme,
    choice: Choice,
    *,
    more: int,
    seconds: float = 10.0,
    gap: float = GAP,
) -> tuple[EnvelopePrice, ...]:
    """Return for each year what a fen more would bring at the margin, and what ``more`` fen would bring in whole.

    The first is the dual of the relaxed programme; whole projects come in lumps, so the second is solved anew and may
    be nothing, or more than the first promises. A gain below the gap of the two choices cannot be told from none.
    """
    table = table_of(projects, programme)
    relaxed = model_of(table, programme, whole=False).solve()
    found = []
    for year, envelope in enumerate(programme.envelopes):
        envelopes = list(programme.envelopes)
        envelopes[year] = envelope + more
        again = _again(table, replace(programme, envelopes=tuple(envelopes)), _taken(table, choice), seconds, gap)
        gain = max(0.0, again.objective - choice.objective) if again else 0.0
        marginal = float(relaxed.row_price[year]) / table.unit if len(relaxed.row_price) else float("nan")
        found.append(EnvelopePrice(year, max(0.0, marginal), more, gain))
    return tuple(found)


def quota_prices(
    projects: Sequence[Project], programme: Programme, choice: Choice, *, seconds: float = 10.0, gap: float = GAP
) -> tuple[QuotaPrice, ...]:
    """Return for each quota the effect of the best choice without it, less with it.

    A quota that the programme without whole projects leaves slack may still cost something: all are solved anew.
    """
    table = table_of(projects, programme)
    taken = _taken(table, choice)
    found = []
    for quota in programme.quotas:
        others = tuple(one for one in programme.quotas if one is not quota)
        again = _again(table, replace(programme, quotas=others), taken, seconds, gap)
        price = max(0.0, again.objective - choice.objective) if again else 0.0
        value = counted(table, quota, taken)
        found.append(QuotaPrice(quota.name, value, quota.low, quota.high, price > gap * abs(choice.objective), price))
    return tuple(found)


def flips(
    projects: Sequence[Project],
    programme: Programme,
    choice: Choice,
    *,
    factors: Sequence[float] = (0.9, 0.95, 1.05, 1.1),
    seconds: float = 10.0,
    gap: float = GAP,
) -> tuple[Flip, ...]:
    """Return which projects come in and which go out when all envelopes are multiplied by each factor."""
    table = table_of(projects, programme)
    now = set(choice.chosen)
    found = []
    for factor in factors:
        envelopes = tuple(int(one * factor) for one in programme.envelopes)
        start = _taken(table, choice) if factor >= 1 else None
        again = _again(table, replace(programme, envelopes=envelopes), start, seconds, gap)
        then = set(again.chosen) if again else set()
        joins, leaves = (then - now, now - then) if again else (set(), set())
        objective = again.objective if again else None
        found.append(Flip(factor, objective, tuple(sorted(joins)), tuple(sorted(leaves))))
    return tuple(found)


def _again(table: Table, programme: Programme, start: Flags | None, seconds: float, gap: float) -> Choice | None:
    try:
        return solve(table, programme, seconds=seconds, gap=gap, began=perf_counter(), start=start)
    except InfeasibleError:
        return None


def _taken(table: Table, choice: Choice) -> Flags:
    return np.isin(np.array(table.ids, np.int64), np.array(choice.chosen, np.int64))
