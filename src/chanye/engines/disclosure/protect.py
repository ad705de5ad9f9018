"""Which cells to leave out so that no sensitive one can be worked out: least in weight, as far as time allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from chanye.engines.disclosure.cubes import Cubes
from chanye.engines.disclosure.cuts import least
from chanye.engines.disclosure.rules import Rules, primary, protection
from chanye.engines.disclosure.table import Table
from chanye.engines.disclosure.task import Task
from chanye.engines.disclosure.unions import bare_unions
from chanye.engines.linear import F64, Flags


@dataclass(frozen=True, slots=True, eq=False)
class Protected:
    """What may not be published, and how near the least that is.

    Parameters
    ----------
    suppressed, primary
        Shape (cells,): all that goes, and what of it is sensitive by itself.
    weight, bound
        What goes weighs this; no safe pattern weighs less than the bound.
    proved
        Whether the two are the same.
    seconds
        How long it took.
    """

    suppressed: Flags
    primary: Flags
    weight: float
    bound: float
    proved: bool
    seconds: float


def protect(
    table: Table, rules: Rules, *, weight: F64 | None = None, also: Flags | None = None, seconds: float = 10.0
) -> Protected:
    """Suppress cells of a table so that every sensitive cell stays open as far as ``protection`` says.

    Parameters
    ----------
    table
        From ``tabulate``.
    rules
        What is sensitive.
    weight
        Shape (cells,), above zero: what not publishing a cell costs; None: its value.
    also
        Shape (cells,): cells that are sensitive for a reason outside the table; cells nobody contributes to are not.
    seconds
        About how long to look for better and for the proof; a safe pattern is returned however little that is.

    Notes
    -----
    Cells nobody contributes to are known to be zero and never help. Sums of suppressed parts that a published total
    gives away must pass the rules as well. A cell that is suppressed only to protect others is not sensitive: it
    stays open, but perhaps not as far.
    """
    began = perf_counter()
    first = primary(table, rules)
    if also is not None:
        first = first | (also & (table.contributors > 0))
    cost = np.asarray(table.value if weight is None else weight, np.float64)
    cost = np.maximum(cost, 1e-6 * max(float(cost.max(initial=0.0)), 1e-6))
    task = Task(table, rules, first, protection(table, rules), cost, table.contributors == 0)
    if not first.any():
        return Protected(first, first, 0.0, 0.0, True, perf_counter() - began)

    def left() -> float:
        return seconds - (perf_counter() - began)

    pattern = _safe(task, lambda: left() < 0.4 * seconds)
    total = float(cost[pattern].sum())
    best, bound = least(task, total, left)
    if best is not None:
        pattern, total = best, float(cost[best].sum())
        bound = min(bound, total)
    proved = best is not None or bound >= total * (1 - 1e-9)
    return Protected(pattern, first, total, total if proved else bound, proved, perf_counter() - began)


def _safe(task: Task, until: Callable[[], bool]) -> Flags:
    """Return a pattern that no attack opens."""
    cubes = Cubes(task)
    for cell in np.flatnonzero(task.primary)[np.argsort(-task.level[task.primary], kind="stable")]:
        _open(cubes, int(cell))
    cubes.improve(until)
    while _widened(cubes, task):
        pass
    return cubes.used > 0


def _open(cubes: Cubes, cell: int) -> None:
    if not cubes.put(cell):
        raise ArithmeticError("A cell could not be protected: the relations of the table contradict its values.")


def _widened(cubes: Cubes, task: Task) -> bool:
    """Take one more cell into each sum that gives its suppressed parts away together; say whether there was one."""
    kept, relations = cubes.used > 0, task.table.relations
    bare = bare_unions(task.table, kept, task.rules)
    for row, _parts in bare:
        columns = relations.column[relations.start[row] : relations.start[row + 1]]
        may = columns[~kept[columns] & ~task.never[columns]]
        more = int(may[np.argmin(task.weight[may])])
        if not cubes.used[more]:
            # it is not sensitive itself: that it moves at all is enough
            cubes.level[more] = min(cubes.level[more], 0.01 * task.table.value[more] + 1e-9)
            cubes.keep(more)
            _open(cubes, more)
    return bool(bare)
