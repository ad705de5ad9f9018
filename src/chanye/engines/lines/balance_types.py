"""What a line is balanced from, and what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from chanye.kernel.errors import ConfigError

I64 = NDArray[np.int64]
Flags = NDArray[np.bool_]
#: Longer times would overflow the sums of a large line.
LONGEST = 2**40


@dataclass(frozen=True, eq=False)
class Tasks:
    """The tasks of an assembly line.

    Parameters
    ----------
    times
        Shape (tasks,): how long each takes, whole numbers of any one unit; zero is allowed.
    before
        Shape (arcs, 2): the first task of a pair is done at the same station as the second or an earlier one.
    names
        What the tasks are called in messages; left out: their numbers from 1.

    Raises
    ------
    ConfigError
        All that is wrong, at once: no tasks, times out of range, arcs to unknown tasks, a circle.
    """

    times: I64
    before: I64 = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        times = np.asarray(self.times)
        before = np.asarray(self.before)
        wrong = []
        if times.ndim != 1 or not len(times):
            raise ConfigError("A line needs a list of at least one task: give a time for each.")
        if times.dtype.kind not in "iu":
            wrong.append("Task times are whole numbers: choose a smaller unit, such as tenths of a second.")
        elif times.min() < 0 or times.max() > LONGEST:
            wrong.append(f"Task times lie between 0 and {LONGEST}.")
        if before.size and (before.ndim != 2 or before.shape[1] != 2 or before.dtype.kind not in "iu"):
            raise ConfigError("Precedence is a list of pairs of task numbers (first, then).")
        before = before.reshape(-1, 2)
        if before.size and (before.min() < 0 or before.max() >= len(times)):
            wrong.append(f"Precedence names a task that is not there: numbers go from 0 to {len(times) - 1}.")
        if self.names and len(self.names) != len(times):
            wrong.append(f"There are {len(times)} tasks and {len(self.names)} names.")
        if wrong:
            raise ConfigError(" ".join(wrong))
        object.__setattr__(self, "times", np.ascontiguousarray(times, np.int64))
        object.__setattr__(self, "before", np.unique(before.astype(np.int64), axis=0).reshape(-1, 2))
        circle = find_circle(len(times), self.before)
        if circle:
            names = " → ".join(self.name(task) for task in (*circle, circle[0]))
            raise ConfigError(f"These tasks wait for each other: {names}. Remove one of these precedences.")

    @property
    def count(self) -> int:
        """How many tasks."""
        return len(self.times)

    def name(self, task: int) -> str:
        """Return what a task is called."""
        return self.names[task] if self.names else str(task + 1)

    def followers(self) -> Flags:
        """Return shape (tasks, tasks): whether the column's task comes after the row's, directly or not."""
        return closure(self.count, self.before)


def closure(count: int, before: I64) -> Flags:
    """Return shape (count, count): whether the column is reached from the row."""
    reach = np.zeros((count, count), np.bool_)
    reach[before[:, 0], before[:, 1]] = True
    for middle in range(count):
        reach |= np.outer(reach[:, middle], reach[middle])
    return reach


def find_circle(count: int, before: I64) -> tuple[int, ...]:
    """Return the tasks of one circle of precedence, in order; empty where there is none."""
    waits = np.bincount(before[:, 1], minlength=count)
    after: list[list[int]] = [[] for _ in range(count)]
    sources: list[list[int]] = [[] for _ in range(count)]
    for first, then in before.tolist():
        after[first].append(then)
        sources[then].append(first)
    ready = [task for task in range(count) if not waits[task]]
    for task in ready:
        for then in after[task]:
            waits[then] -= 1
            if not waits[then]:
                ready.append(then)
    left = set(range(count)) - set(ready)
    if not left:
        return ()
    path = [min(left)]
    while True:  # each task that is left waits for another one that is left: going back must close
        back = next(task for task in sources[path[-1]] if task in left)
        if back in path:
            return tuple(reversed(path[path.index(back) :]))
        path.append(back)


@dataclass(frozen=True, eq=False)
class Balance:
    """A balanced line.

    Parameters
    ----------
    station
        Shape (tasks,): the station of each task, from 0.
    stations, cycle
        How many stations there are, and the time each has.
    bound
        What no other line can be better than: stations where the cycle was given, the cycle where stations were.
    proved
        Whether nothing better exists.
    nodes
        Part-filled lines looked at.
    seconds
        How long it took.
    """

    station: I64
    stations: int
    cycle: int
    bound: int
    proved: bool
    nodes: int
    seconds: float

    def loads(self, times: Sequence[int] | I64) -> I64:
        """Return shape (stations,): the work of each station."""
        return np.bincount(self.station, np.asarray(times, np.float64), self.stations).astype(np.int64)


def check_balance(tasks: Tasks, balance: Balance) -> list[str]:
    """Return what is wrong with a balance: slow and plain, it trusts no search."""
    wrong = []
    if len(balance.station) != tasks.count or set(balance.station.tolist()) - set(range(balance.stations)):
        return ["Not every task has one of the stations."]
    for first, then in tasks.before.tolist():
        if balance.station[first] > balance.station[then]:
            wrong.append(f"Task {tasks.name(first)} stands behind {tasks.name(then)}.")
    for number, load in enumerate(balance.loads(tasks.times).tolist()):
        if load > balance.cycle:
            wrong.append(f"Station {number + 1} works {load} of {balance.cycle}.")
    return wrong
