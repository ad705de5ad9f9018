"""The best choice of projects, proven."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

import numpy as np

from chanye.engines.allocation.model import Table, conflict, counted, keeps, model_of, rows_of, table_of
from chanye.engines.allocation.types import Choice, InfeasibleError, Programme, Project
from chanye.engines.linear import F64, Flags, Model, Solved

#: A choice counts as the best when no other can add more than this share of its effect. [1]
GAP = 1e-4
#: Projects in the core, how near its best it is searched, and for how long. [1], [1], [s]
CORE, CORE_GAP, CORE_SECONDS = 80, 1e-3, 5.0
#: A share this near to another is that other. [1]
NEAR = 1e-6
#: What the relaxed programme's own tolerance may add to its bound, as a share of it. [1]
SLACK = 1e-7
#: With a good choice at hand the search needs no heuristics, and no cuts below the root: half the time, measured.
SEARCH = {
    "mip_heuristic_effort": 0.0,
    "mip_heuristic_run_rins": False,
    "mip_heuristic_run_rens": False,
    "mip_allow_cut_separation_at_nodes": False,
}


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
    """Choose from a table; ``start`` is a choice to begin with.

    First the best among the projects that the relaxed programme is least sure of is found in a moment (the core of
    Balas and Zemel 1980, doi:10.1287/opre.28.5.1130); then what no better choice can hold is settled by its reduced
    cost, and the rest is solved from there.
    """
    if not table.ids:
        return Choice((), 0.0, 0.0, 0.0, True, (0,) * len(programme.envelopes), (), 0.0)
    model, ends = model_of(table, programme), perf_counter() + seconds
    model.limit(seconds=seconds, gap=gap, **SEARCH)
    relaxed = model_of(table, programme, whole=False).solve()
    if len(relaxed.x):
        if start is not None and _keeps_rules(table, programme, start):
            first = start.astype(np.float64)
        else:
            first = _best_of_core(table, model, relaxed, min(seconds, CORE_SECONDS))
        if len(first):
            room = relaxed.objective - float(table.effect[first > 0.5].sum()) + SLACK * (1 + abs(relaxed.objective))
            _settle(table, model, relaxed, np.abs(relaxed.column_price) > room)
            model.begin(first)
        else:
            model.bounds(table.must.astype(np.float64), table.may.astype(np.float64))
    model.limit(seconds=max(0.0, ends - perf_counter()), gap=gap, **SEARCH)
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


def _best_of_core(table: Table, model: Model, relaxed: Solved, seconds: float) -> F64:
    """Return the best choice that differs from the relaxed one in its core only; empty if there is none."""
    doubt = np.where(np.abs(relaxed.x - relaxed.x.round()) > NEAR, -1.0, np.abs(relaxed.column_price))
    outside = np.ones(len(doubt), np.bool_)
    outside[np.argsort(doubt, kind="stable")[:CORE]] = False
    _settle(table, model, relaxed, outside)
    model.limit(seconds=seconds, gap=CORE_GAP, **SEARCH)
    return model.solve().x


def _settle(table: Table, model: Model, relaxed: Solved, certain: Flags) -> None:
    """Let only the columns that are not certain differ from the relaxed choice."""
    at = relaxed.x.round()
    model.bounds(
        np.where(certain, at, table.must).astype(np.float64), np.where(certain, at, table.may).astype(np.float64)
    )


def _keeps_rules(table: Table, programme: Programme, taken: Flags) -> bool:
    rows = rows_of(table, programme)
    sums = rows.sums(taken.astype(np.float64))
    kept = (sums >= rows.low - NEAR) & (sums <= rows.high + NEAR)
    return bool(kept.all() and (taken >= table.must).all() and (taken <= table.may).all())


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
