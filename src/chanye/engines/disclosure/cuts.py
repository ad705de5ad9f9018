"""Secondary suppression to the proven least: take cells until every attack fails; each that works adds a rule.

The capacity and bridgeless inequalities of Fischetti and Salazar 2001, Manag. Sci. 47:1008-1027.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chanye.engines.disclosure.attack import ceiling
from chanye.engines.disclosure.task import Task
from chanye.engines.disclosure.unions import bare_unions
from chanye.engines.linear import F64, INFINITE, Flags, Model, Row, Rows

#: Above this many cells only the bound is computed: the whole-number programme would not end in time.
EXACT = 600


def least(task: Task, most: float, left: Callable[[], float]) -> tuple[Flags | None, float]:
    """Return the best pattern if it was proven, and a bound that no pattern is below.

    Parameters
    ----------
    task
        What to protect.
    most
        The weight of a pattern that is known.
    left
        Seconds left.
    """
    table = task.table
    exact = len(table.value) <= EXACT
    lower, upper = task.primary.astype(np.float64), (~task.never).astype(np.float64)
    whole = np.ones(len(lower), np.bool_) if exact else None
    master = Model(task.weight, Rows.of(_bridges(task, lower)), lower, upper, whole)
    bound = 0.0
    while left() > 0:
        master.limit(seconds=left(), gap=0.0)
        found = master.solve()
        if not len(found.x) or not np.isfinite(found.bound):
            break
        bound = max(bound, found.bound)
        rows = _bridges(task, found.x)
        if not rows and exact:
            pattern = found.x > 0.5
            rows = _capacities(task, pattern) or _unions(task, pattern)
            if not rows:
                return (pattern if found.optimal else None), bound
        if not rows or bound >= most:
            break
        master.add(Rows.of(rows))
    return None, min(bound, most)


def _bridges(task: Task, x: F64) -> list[Row]:
    """Return where a cell is suppressed and too little else in one of its sums is."""
    relations = task.table.relations
    which = np.repeat(np.arange(len(relations.low)), np.diff(relations.start))
    total = relations_total(relations, x)
    short = np.flatnonzero(2 * x[relations.column] > total[which] + 1e-6)
    rows: list[Row] = []
    for entry in short:
        span = slice(relations.start[which[entry]], relations.start[which[entry] + 1])
        columns = relations.column[span]
        rows.append((columns, np.where(columns == relations.column[entry], -1.0, 1.0), 0.0, INFINITE))
    return rows


def relations_total(relations: Rows, x: F64) -> F64:
    """Return how much of each relation is suppressed."""
    which = np.repeat(np.arange(len(relations.low)), np.diff(relations.start))
    return np.bincount(which, x[relations.column], minlength=len(relations.low)).astype(np.float64)


def _unions(task: Task, pattern: Flags) -> list[Row]:
    """Return for each sum that gives away its suppressed parts together: one more of its cells has to go."""
    relations = task.table.relations
    rows: list[Row] = []
    for row, parts in bare_unions(task.table, pattern, task.rules):
        columns = relations.column[relations.start[row] : relations.start[row + 1]]
        inside = np.isin(columns, parts)
        rows.append((columns, np.where(inside, -1.0, 1.0), 1.0 - len(parts), INFINITE))
    return rows


def _capacities(task: Task, pattern: Flags) -> list[Row]:
    """Return an inequality for each side of a primary cell that an attack closes too far."""
    table = task.table
    up = np.maximum(ceiling(table) - table.value, 0.0)
    down = table.value
    model = Model(np.zeros(len(up)), table.relations, -down * pattern, up * pattern, maximise=True)
    rows: list[Row] = []
    for cell in np.flatnonzero(task.primary):
        for sign in (1.0, -1.0):
            asked = float(task.level[cell]) if sign > 0 else float(min(task.level[cell], down[cell]))
            goal = np.zeros(len(up))
            goal[cell] = sign
            model.objective(goal)
            found = model.solve()
            if found.objective >= asked - 1e-6 * max(1.0, asked):
                continue
            price = found.column_price
            strength = np.minimum(up * np.maximum(price, 0.0) + down * np.maximum(-price, 0.0), asked)
            columns = np.flatnonzero((strength > 1e-9) & ~task.never).astype(np.int32)
            rows.append((columns, strength[columns] / asked, 1.0, INFINITE))
    return rows
