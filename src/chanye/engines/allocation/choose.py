"""The best choice of projects, proven."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

import numpy as np

from chanye.engines.allocation.model import Table, conflict, counted, keeps, model_of, table_of
from chanye.engines.allocation.types import Choice, InfeasibleError, Programme, Project
from chanye.engines.linear import Flags

#: A choice counts as the best when no other can add more than this share of its effect. [1]
GAP = 1e-4


def choose(projects: Sequence[Project], programme: Programme, *, seconds: float = 30.0, gap: float = GAP) -> Choice:
    """Choose the projects whose expected effects add up to most under the rules of the programme.

    Parameters
    ----------
    projects
        What there is to choose from.
    programme
        Envelopes, quotas and caps.
    seconds
        After this the best so far is returned, with the gap that is left.
    gap
        How near the proven bound counts as proved, as a share of the effect; zero: exactly.

    Raises
    ------
    InfeasibleError
        If no choice keeps all rules, or none was found in time; it names what would have to give way.
    ValueError
        If what was given contradicts itself.
    """
    began = perf_counter()
    table = table_of(projects, programme)
    return solve(table, programme, seconds=seconds, gap=gap, began=began)


def solve(
    table: Table, programme: Programme, *, seconds: float, gap: float, began: float, start: Flags | None = None
) -> Choice:
    """Choose from a table; ``start`` is a choice to begin with."""
    if not table.ids:
        return Choice((), 0.0, 0.0, 0.0, True, (0,) * len(programme.envelopes), (), 0.0)
    model = model_of(table, programme)
    model.limit(seconds=seconds, gap=gap)
    if start is not None:
        model.begin(start.astype(np.float64))
    found = model.solve()
    if not len(found.x):
        raise conflict(table, programme, seconds=seconds)
    taken = found.x > 0.5
    _prove_kept(table, programme, taken)
    objective = float(table.effect[taken].sum())
    bound = max(found.bound, objective)
    left = (bound - objective) / max(abs(objective), 1e-12)
    return Choice(
        tuple(sorted(np.array(table.ids)[taken].tolist())),
        objective,
        bound,
        left,
        found.optimal,
        tuple(int(spent) * table.unit for spent in table.money[:, taken].sum(1)),
        tuple(one for one, may in zip(table.ids, table.may, strict=True) if not may),
        perf_counter() - began,
    )


def _prove_kept(table: Table, programme: Programme, taken: Flags) -> None:
    """Hold the choice against every rule in whole numbers: a solver works within tolerances, the law does not."""
    spent = table.money[:, taken].sum(1) * table.unit
    if any(s > e for s, e in zip(spent, programme.envelopes, strict=True)):
        raise ArithmeticError("The solver's choice overspends an envelope.")
    for quota in programme.quotas:
        if not keeps(quota, counted(table, quota, taken)):
            raise ArithmeticError(f"The solver's choice breaks {quota.name}.")


def infeasible_rules(projects: Sequence[Project], programme: Programme, *, seconds: float = 10.0) -> InfeasibleError:
    """Return what would have to give way for any choice to be possible; no rules where nothing has to."""
    return conflict(table_of(projects, programme), programme, seconds=seconds)
