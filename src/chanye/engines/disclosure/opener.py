"""What to suppress to let one cell stay open, by a linear programme: where cuboids do not fit, or cost much.

The incremental attacker problem of Fischetti and Salazar 2001, Manag. Sci. 47:1008-1027.
"""

from __future__ import annotations

import numpy as np

from chanye.engines.disclosure.attack import ceiling
from chanye.engines.disclosure.table import I64
from chanye.engines.disclosure.task import Task
from chanye.engines.linear import F64, Flags, Model, Rows


class Opener:
    """Opens one cell at a time."""

    def __init__(self, task: Task) -> None:
        self.task, relations = task, task.table.relations
        self.count = len(task.weight)
        both = Rows(
            (relations.start * 2).astype(np.int32),
            _twice(relations, self.count),
            _twice_values(relations),
            relations.low,
            relations.high,
        )
        may = ~task.never
        value = task.table.value
        self._upper = np.concatenate([np.maximum(ceiling(task.table) - value, 0.0) * may, value * may])
        self._model = Model(np.zeros(2 * self.count), both, np.zeros(2 * self.count), self._upper)

    def open(self, cell: int, level: float, price: F64) -> I64 | None:
        """Return cells to suppress so that one stays open ``level`` to both sides, or None.

        ``price``, shape (cells,), says what each adds: nothing where it is suppressed anyway, infinite where it must
        not be. What moves in part costs in part, so the answer is good, not best.
        """
        may = np.isfinite(price)
        cost = np.where(may, price, 0.0) / max(level, 1e-9)
        self._model.objective(np.concatenate([cost, cost]))
        taken: Flags = np.zeros(self.count, np.bool_)
        for side in (0, self.count):
            lower, upper = np.zeros(2 * self.count), self._upper * np.concatenate([may, may])
            lower[cell + side] = upper[cell + side] = min(level, self._upper[cell + side])
            upper[cell + self.count - side] = 0.0
            self._model.bounds(lower, upper)
            found = self._model.solve()
            if not len(found.x):
                return None
            moved = found.x[: self.count] + found.x[self.count :]
            taken |= moved > 1e-7 * max(level, 1e-9)
        taken[cell] = True
        return np.flatnonzero(taken)


def _twice(relations: Rows, count: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Return the columns of rises and of falls of each row, one after the other."""
    spans = [relations.column[a:b] for a, b in zip(relations.start[:-1], relations.start[1:], strict=True)]
    return np.concatenate([np.concatenate([one, one + count]) for one in spans]).astype(np.int32)


def _twice_values(relations: Rows) -> F64:
    spans = [relations.value[a:b] for a, b in zip(relations.start[:-1], relations.start[1:], strict=True)]
    return np.concatenate([np.concatenate([one, -one]) for one in spans]).astype(np.float64)
