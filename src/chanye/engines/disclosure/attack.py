"""What a reader can work out: the least and the greatest that each suppressed cell can be, by linear programmes.

The reader knows all that is published, how sums are made, and that no value is below zero (the attacker problems of
Fischetti and Salazar 2001, Manag. Sci. 47:1008-1027).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chanye.engines.disclosure.table import I64, Table
from chanye.engines.linear import F64, INFINITE, Flags, Model, Row, Rows


@dataclass(frozen=True, slots=True, eq=False)
class Audit:
    """What is open about each suppressed cell.

    Parameters
    ----------
    cell
        Shape (suppressed,): numbers of the cells.
    low, high
        Shape (suppressed,): what a reader can be sure of. With ``exact`` these are the limits themselves; otherwise
        they were only proven to be at least that far away.
    exact
        Whether every limit was solved for.
    """

    cell: I64
    low: F64
    high: F64
    exact: bool

    def exposed(self, table: Table, level: F64, which: Flags) -> I64:
        """Return the cells among ``which`` that a reader knows more closely than ``level`` allows to either side."""
        value, asked = table.value[self.cell], level[self.cell]
        slack = 1e-6 * np.maximum(1.0, value)
        short = (self.high < value + asked - slack) | (self.low > np.maximum(value - asked, 0.0) + slack)
        found: I64 = self.cell[short & which[self.cell]]
        return found


def audit(table: Table, suppressed: Flags, *, level: F64 | None = None, which: Flags | None = None) -> Audit:
    """Attack a table with some cells suppressed.

    Parameters
    ----------
    table
        The table as it is.
    suppressed
        Shape (cells,): what is not published.
    level
        Stop at each side of a cell as soon as it is proven open that far; None: solve for the limits themselves.
    which
        The suppressed cells that are asked for; None: all.
    """
    cells = np.flatnonzero(suppressed)
    low, high = table.value[cells].copy(), table.value[cells].copy()
    asked = np.ones(len(cells), np.bool_) if which is None else which[cells]
    far = np.full(len(cells), INFINITE) if level is None else level[cells]
    for group in components(table.relations, suppressed):
        place = np.searchsorted(cells, group)
        if asked[place].any():
            low[place], high[place] = _attacked(table, group, far[place], asked[place])
    return Audit(cells, low, high, level is None)


def _attacked(table: Table, group: I64, far: F64, asked: Flags) -> tuple[F64, F64]:
    """Return what is open about the cells of one connected group; other cells do not bear on them."""
    value = table.value[group]
    room = ceiling(table)
    model = Model(
        np.zeros(len(group)),
        restricted(table.relations, group),
        -value,
        np.maximum(room - value, 0.0),
        maximise=True,
    )
    below, above = np.zeros(len(group)), np.zeros(len(group))
    for i in np.flatnonzero(asked):
        for sign, side in ((1.0, above), (-1.0, below)):
            enough = far[i] if sign > 0 else min(far[i], value[i])
            if side[i] >= enough:
                continue
            goal = np.zeros(len(group))
            goal[i] = sign
            model.objective(goal)
            found = model.solve()
            if not len(found.x):
                raise ArithmeticError("The attack on a table could not be solved.")
            # every solution is a table that the reader cannot tell from the true one: it opens all cells it moves
            np.maximum(above, found.x, out=above)
            np.maximum(below, -found.x, out=below)
    return value - below, value + above


def ceiling(table: Table) -> float:
    """Return what a reader knows that no cell exceeds, where no published sum says it more closely."""
    return 2.0 * float(table.value.max(initial=0.0)) + 1.0


def restricted(relations: Rows, group: I64) -> Rows:
    """Return the relations among some cells, numbered by their place; what else they sum is published."""
    inside = np.full(int(relations.column.max(initial=0)) + 1, -1)
    inside[group] = np.arange(len(group))
    rows: list[Row] = []
    place = inside[relations.column]
    for row in range(len(relations.low)):
        span = slice(relations.start[row], relations.start[row + 1])
        there = place[span] >= 0
        if there.any():
            rows.append((place[span][there].astype(np.int32), relations.value[span][there], 0.0, 0.0))
    return Rows.of(rows)


def components(relations: Rows, suppressed: Flags) -> list[I64]:
    """Return the suppressed cells in groups that share no relation, each ascending."""
    owner = np.arange(len(suppressed))
    which = np.repeat(np.arange(len(relations.low)), np.diff(relations.start))
    open_ = suppressed[relations.column]
    row, cell = which[open_], relations.column[open_]
    while True:
        least = np.full(len(relations.low), len(suppressed))
        np.minimum.at(least, row, owner[cell])
        before = owner.copy()
        np.minimum.at(owner, cell, least[row])
        if (owner == before).all():
            break
    cells = np.flatnonzero(suppressed)
    order = np.argsort(owner[cells], kind="stable")
    edges = np.flatnonzero(np.diff(owner[cells][order])) + 1
    return [np.sort(group) for group in np.split(cells[order], edges) if len(group)]
