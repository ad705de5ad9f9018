"""Branch, bound and remember for one cycle time: the line from either end, searched in slices, in turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from time import perf_counter

import numpy as np

from chanye.engines.lines import balance_kernels as kernels
from chanye.engines.lines import balance_loads as loads
from chanye.engines.lines.balance_types import I64, Flags, Tasks, closure

#: Loads looked at and kept of one node, first few and then more: only a search that cut nothing proves.
LIMITS = ((20_000, 2_000), (400_000, 20_000), (8_000_000, 200_000))
#: Nodes that one direction may remember.
MOST_NODES = 1_500_000
#: Loads looked at between two looks at the clock. [1]
SLICE = 300_000
#: Weights of work, positional weight and followers in Hoffmann's heuristic, as Sewell and Jacobson (2012) vary them.
WEIGHTS = tuple(
    (a, b, g) for g in (0.0, 0.01, 0.02, 0.03) for a in (0.0, 0.005, 0.01, 0.015, 0.02) for b in (0.0, 0.01)
)

#: Cycles above this are not tried for sums that fill them: the table of sums would be too long.
LARGEST_SUM = 1_000_000

Cancelled = Callable[[], bool]


class Side:
    """The line seen from its first station, or from its last, with the nodes found so far.

    Parameters
    ----------
    tasks
        What is balanced.
    cycle
        Time of a station.
    backward
        Whether precedence is turned round.
    times
        Shape (tasks,): task times, perhaps raised (see ``raised_times``).
    """

    def __init__(self, tasks: Tasks, cycle: int, *, backward: bool, times: I64) -> None:
        self.backward, self.cycle, n = backward, cycle, tasks.count
        before = tasks.before[:, ::-1] if backward else tasks.before
        reach = closure(n, before)
        self.order = np.lexsort((-reach.sum(1), -times))
        self.times = times[self.order]
        reach = reach[np.ix_(self.order, self.order)]
        direct = reach & ~((reach.astype(np.float32) @ reach.astype(np.float32)) > 0)
        self.first = np.concatenate(([0], np.cumsum(direct.sum(1)))).astype(np.int64)
        self.after = np.nonzero(direct)[1].astype(np.int64)
        self.waits = direct.sum(0).astype(np.int64)
        over = _dominators(self.times, reach)
        self.over_first = np.concatenate(([0], np.cumsum(over.sum(1)))).astype(np.int64)
        self.over = np.nonzero(over)[1].astype(np.int64)
        self.weight = self.times + reach @ self.times
        self.followers = reach.sum(1)
        self.total = int(self.times.sum())
        self.open, self.limit = True, 0
        self.state = np.zeros(7, np.int64)

    def start(self, best: int) -> None:
        """Forget all nodes; look for lines of fewer than ``best`` stations."""
        n, words = len(self.times), (len(self.times) + 63) // 64
        self.masks = np.zeros((0, words), np.uint64)
        self.level, self.idle, self.parent, self.child, self.sibling = (np.zeros(0, np.int64) for _ in range(5))
        self.key = np.zeros(0, np.float64)
        self.nodes_before = getattr(self, "nodes_before", 0) + int(self.state[kernels.USED])
        self.state = np.array([1, best, -1, 0, 0, 0, 0], np.int64)
        self.roots = np.full(n + 2, -1, np.int64)
        self._grow()
        self.parent[0] = self.child[0] = self.sibling[0] = -1
        self.roots[0] = 0
        self.table[:] = -1
        kernels.rehash(1, self.masks, self.level, self.table)

    def _grow(self) -> bool:
        size = len(self.level)
        if size >= MOST_NODES:
            return False
        larger = max(4 * size, 4 * LIMITS[self.limit][1], 1 << 12)
        for name in ("masks", "level", "idle", "parent", "key", "child", "sibling"):
            old = getattr(self, name)
            new = np.zeros((larger, *old.shape[1:]), old.dtype)
            new[:size] = old
            setattr(self, name, new)
        self.table = np.full(1 << (2 * larger - 1).bit_length(), -1, np.int64)
        kernels.rehash(int(self.state[kernels.USED]), self.masks, self.level, self.table)
        return True

    def step(self, best: int, budget: int) -> I64 | None:
        """Search on for a while; return the stations of a better line, if one was found.

        ``open`` turns False when nothing is left to search; ``exact`` says whether that is a proof.
        """
        self.state[kernels.BEST] = min(best, self.state[kernels.BEST])
        self.state[kernels.BEST_NODE] = -1
        steps, most = LIMITS[self.limit]
        s = self
        line = (s.times, s.first, s.after, s.waits, s.over_first, s.over)
        store = (s.masks, s.level, s.idle, s.parent, s.child, s.sibling, s.table, s.key, s.roots)
        reason = kernels.search(s.cycle, s.total, line, store, s.state, budget, steps, most)
        if reason == kernels.FULL and not self._grow():
            self.open, self.state[kernels.CUT] = False, 1
        if reason == kernels.DONE:
            if self.state[kernels.CUT] and self.limit + 1 < len(LIMITS):
                self.limit += 1
                self.start(int(self.state[kernels.BEST]))
            else:
                self.open = False
        return self._stations() if self.state[kernels.BEST_NODE] >= 0 else None

    @property
    def exact(self) -> bool:
        """Whether the search ended and cut nothing."""
        return not self.open and not self.state[kernels.CUT]

    @property
    def nodes(self) -> int:
        """How many part-filled lines were kept."""
        return getattr(self, "nodes_before", 0) + int(self.state[kernels.USED])

    def _stations(self) -> I64:
        station = np.full(len(self.times), -1, np.int64)
        node = int(self.state[kernels.BEST_NODE])
        bits = np.arange(len(self.times))
        while self.parent[node] >= 0:
            mine = (self.masks[node][bits >> 6] >> (bits & 63).astype(np.uint64)) & np.uint64(1)
            station[mine.astype(bool)] = self.level[node] - 1
            node = int(self.parent[node])
        return self.original(station)

    def original(self, station: I64) -> I64:
        """Return stations in the order of the caller's tasks, counted from the line's beginning."""
        placed = np.empty_like(station)
        placed[self.order] = station.max() - station if self.backward else station
        return placed

    def heuristic(self, weights: tuple[float, float, float], steps: int) -> I64:
        """Return the stations of a line filled by Hoffmann's rule with these weights."""
        alpha, beta, gamma = weights
        worth = (
            self.times + alpha * self.weight + beta * self.followers * max(1.0, self.cycle / 100) - gamma * self.cycle
        )
        station = np.zeros(len(self.times), np.int64)
        loads.hoffmann(self.cycle, self.times, worth, self.first, self.after, self.waits, steps, station)
        return self.original(station)


def _dominators(times: I64, reach: Flags) -> Flags:
    """Return shape (tasks, tasks): column i dominates row j: no shorter, followed by all that follow j, unrelated."""
    misses = (reach.astype(np.float32) @ (~reach).astype(np.float32).T) > 0  # [j, i]: j has a follower that i lacks
    over: Flags = ~misses & (times[None, :] >= times[:, None]) & ~reach & ~reach.T
    same = over & over.T  # equals: the one of lower number dominates
    over &= ~(same & (np.arange(len(times))[None, :] > np.arange(len(times))[:, None]))
    np.fill_diagonal(over, False)
    return over


def raised_times(times: I64, cycle: int) -> I64:
    """Raise a task's time to what it takes of a cycle at least, given what can be put beside it.

    If no other tasks fill what a task leaves of a cycle, the rest is lost wherever it goes; counting the rest
    as work leaves the feasible lines as they are and makes bounds tighter (Sewell and Jacobson 2012).
    """
    raised = times.tolist()
    if cycle > LARGEST_SUM:
        return times
    for task in np.argsort(-times).tolist():
        room = cycle - raised[task]
        if raised[task] < room:
            break
        sums, mask = 1, (1 << (room + 1)) - 1
        for other, time in enumerate(raised):
            if other != task and time <= room:
                sums |= (sums << time) & mask
        raised[task] += room - (sums.bit_length() - 1)
    return np.array(raised, np.int64)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a search for fewer stations found: ``station`` is None where there is no line below the limit."""

    station: I64 | None
    bound: int
    proved: bool
    nodes: int


def fewest(
    tasks: Tasks, cycle: int, *, limit: int, goal: int, seconds: float, cancelled: Cancelled | None = None
) -> Outcome:
    """Look for the line with the fewest stations, fewer than ``limit``; be content with ``goal``.

    ``proved`` is True if the line found has as few stations as there can be, or none below the limit exists. A line
    is looked for by the heuristic at least once, however little time there is.
    """
    end = perf_counter() + seconds

    def over() -> bool:
        return perf_counter() >= end or (cancelled is not None and cancelled())

    times = raised_times(tasks.times, cycle)
    bound = root_bound(times, cycle)
    goal = max(goal, bound)
    if bound >= limit:
        return Outcome(None, bound, True, 0)
    sides = [Side(tasks, cycle, backward=back, times=times) for back in (False, True)]
    best = None
    for number, (weights, side) in enumerate(product(WEIGHTS, sides)):
        if limit <= goal or (number and over()):
            break
        found = side.heuristic(weights, 1_000)
        if int(found.max()) + 1 < limit:
            best, limit = found, int(found.max()) + 1
    exact, nodes = False, 0
    if limit > goal and not over():
        better, exact, nodes = _search(sides, limit, goal, over)
        best = best if better is None else better
        limit = limit if better is None else int(better.max()) + 1
    return Outcome(best, limit if exact else bound, exact or limit <= bound, nodes)


def _search(sides: list[Side], limit: int, goal: int, over: Cancelled) -> tuple[I64 | None, bool, int]:
    """Let the sides search in turn, twice as long each time."""
    for side in sides:
        side.start(limit)
    best, budget = None, SLICE // 10
    while limit > goal and not any(side.exact for side in sides) and any(side.open for side in sides) and not over():
        for side in sides:
            spent = 0
            while side.open and spent < budget and limit > goal and not over():
                found = side.step(limit, min(budget, SLICE))
                spent += SLICE
                if found is not None:
                    best, limit = found, int(found.max()) + 1
            if side.exact:
                break
        budget *= 2
    return best, any(side.exact for side in sides), sum(side.nodes for side in sides)


def root_bound(times: I64, cycle: int) -> int:
    """Return a lower bound of the stations of a line."""
    none = np.zeros(len(times), np.bool_)
    falling = np.sort(times)[::-1].copy()
    return max(1, int(loads.least_stations(none, none, cycle, falling, np.zeros(len(times), np.int64))))
