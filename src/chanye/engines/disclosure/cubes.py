"""Secondary suppression by cuboids, improved by taking cuboids out and putting them back elsewhere.

If all corners of a cuboid are suppressed, a reader cannot tell how much moves around it; each corner must hold as
much as is to move (hypercube method: Giessing and Repsilber 2002, LNCS 2316). Whether a corner lies in a margin does
not matter: a sum moves with its part. Where no cuboid fits, or it costs much, a linear programme finds another way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import product

import numpy as np

from chanye.engines.disclosure.opener import Opener
from chanye.engines.disclosure.table import I64
from chanye.engines.disclosure.task import Task
from chanye.engines.linear import F64

#: Programmes are tried for a cell that holds more than this share of all weight suppressed. [1]
HEAVY = 0.002


class Cubes:
    """For each cell that has to stay open a set of cells whose suppression does it, and what they take together.

    Parameters
    ----------
    task
        What to protect; primary cells are suppressed from the start.
    """

    def __init__(self, task: Task) -> None:
        self.task, self.shape = task, task.table.shape
        self.level = task.level.copy()
        self.room = task.table.value.reshape(self.shape)
        self.weight = np.where(task.never, np.inf, task.weight)
        #: how often each cell is needed: by such sets, and for its own sake
        self.used = task.primary.astype(np.int64)
        #: what keeps each cell open
        self.corners: dict[int, I64] = {}
        self._users: dict[int, set[int]] = defaultdict(set)
        self._opener: Opener | None = None
        self._offsets = [tuple(one) for one in product((False, True), repeat=len(self.shape))][1:]

    def total(self) -> float:
        """Return the weight of all that is suppressed."""
        return float(self.weight[self.used > 0].sum())

    def keep(self, cell: int) -> None:
        """Suppress a cell for its own sake."""
        self.used[cell] += 1

    def put(self, cell: int, *, programme: bool = True) -> bool:
        """Keep a cell open at the least additional weight; false if that cannot be, by cuboids alone if so asked."""
        corners = self._cuboid(cell) if self.task.table.plain else None
        if corners is None and programme:
            corners = self._programme(cell)
        if corners is None:
            return False
        self._settle(cell, corners)
        return True

    def take(self, cell: int) -> I64:
        """Take away what keeps a cell open, and return it."""
        corners = self.corners.pop(cell)
        self.used[corners] -= 1
        for corner in corners.tolist():
            self._users[corner].discard(cell)
        return corners

    def _settle(self, cell: int, corners: I64) -> None:
        self.corners[cell] = corners
        self.used[corners] += 1
        for corner in corners.tolist():
            self._users[corner].add(cell)

    def _price(self) -> F64:
        return np.where(self.used > 0, np.where(np.isinf(self.weight), np.inf, 0.0), self.weight)

    def _cuboid(self, cell: int) -> I64 | None:
        where, level = np.unravel_index(cell, self.shape), float(self.level[cell])
        price = self._price().reshape(self.shape)
        cost: F64 = np.zeros(self.shape)
        for side in self._offsets:
            at = tuple(
                slice(None) if free else slice(int(w), int(w) + 1) for free, w in zip(side, where, strict=True)
            )
            cost = cost + np.where(self.room[at] >= level, price[at], np.inf)
        for axis, w in enumerate(where):
            cost[(slice(None),) * axis + (int(w),)] = np.inf
        best = int(np.argmin(cost))
        if not np.isfinite(cost.flat[best]):
            return None
        ends = [(int(a), int(b)) for a, b in zip(where, np.unravel_index(best, self.shape), strict=True)]
        return np.array([np.ravel_multi_index(corner, self.shape) for corner in product(*ends)], np.int64)

    def _programme(self, cell: int) -> I64 | None:
        self._opener = self._opener or Opener(self.task)
        return self._opener.open(cell, float(self.level[cell]), self._price())

    def improve(self, until: Callable[[], bool]) -> None:
        """Move what keeps cells open as long as that saves weight: all that need one cell, then one at a time."""
        better = True
        while better and not until():
            better = False
            spare = np.flatnonzero((self.used > 0) & ~self.task.primary)
            for cell in spare[np.argsort(-self.weight[spare])].tolist():
                better |= self._without(cell)
                if until():
                    return
            for cell in list(self.corners):
                better |= self._moved([cell])
                if until():
                    return

    def _without(self, cell: int) -> bool:
        """Try to publish a cell after all."""
        users = self._users[cell]
        if not users or len(users) < self.used[cell]:
            return False
        return self._moved(sorted(users), cell)

    def _moved(self, cells: Iterable[int], avoid: int | None = None) -> bool:
        """Keep some cells open in another way if that saves weight."""
        before = self.total()
        old = {cell: self.take(cell) for cell in cells}
        heavy = False
        if avoid is not None:
            weight = float(self.weight[avoid])
            heavy = weight > HEAVY * before
            self.weight[avoid] = np.inf
        # stop as soon as what is put back costs more than what was there
        done = all(self.put(cell, programme=heavy) and self.total() < before for cell in old)
        if avoid is not None:
            self.weight[avoid] = weight
        if done and self.total() < before * (1 - 1e-12):
            return True
        for cell, corners in old.items():
            if cell in self.corners:
                self.take(cell)
            self._settle(cell, corners)
        return False
