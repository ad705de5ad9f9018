"""The array form of a shop, what a search returns, and the slow checker that trusts neither.

Jobs are chains of operations; an operation is done in one of its modes, each on one machine; a machine does one
operation at a time and may need a set-up between two families. All times are integers of
one unit of the choice of the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from chanye.engines.jit import kernel
from chanye.kernel.errors import ConfigError

I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
F64 = NDArray[np.float64]
Objective = Literal["makespan", "tardiness", "weighted_tardiness", "completion"]
#: What may be minimised; ``completion`` is the sum of the jobs' ends times their weights.
OBJECTIVES: tuple[Objective, ...] = ("makespan", "tardiness", "weighted_tardiness", "completion")
#: A due date that nobody can miss.
NEVER = np.int64(2**62)


@dataclass(frozen=True, eq=False)
class Shop:
    """Jobs, their operations and the machines.

    Parameters
    ----------
    job_first
        Shape (jobs + 1,): operations of job j are ``job_first[j] : job_first[j + 1]``, in order.
    mode_first
        Shape (ops + 1,): modes of operation o are ``mode_first[o] : mode_first[o + 1]``.
    mode_machine, mode_time
        Shape (modes,): the machine, and how long it takes there.
    machines
        How many machines there are.
    release, due, weight
        Shape (jobs,): nothing of a job starts before its release; due dates and weights matter for tardiness.
        Left out: 0, ``NEVER`` and 1.
    family
        Shape (ops,): set-up family of each operation. Left out: 0.
    setup
        Shape (machines, families, families): between the end of an operation and the start of the next one on a
        machine; the work need not be there yet. None: no set-ups.
    first_setup
        Shape (machines, families): a machine's first operation starts no earlier (also: when the machine is ready).
    same_order
        Jobs never overtake: every machine takes them in the same order (a permutation flow shop).

    Raises
    ------
    ConfigError
        All that is wrong, at once.
    """

    job_first: I64
    mode_first: I64
    mode_machine: I32
    mode_time: I64
    machines: int
    release: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    due: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    weight: F64 = field(default_factory=lambda: np.zeros(0, np.float64))
    family: I32 = field(default_factory=lambda: np.zeros(0, np.int32))
    setup: I64 | None = None
    first_setup: I64 | None = None
    same_order: bool = False

    def __post_init__(self) -> None:
        jobs, ops = len(self.job_first) - 1, len(self.mode_first) - 1
        kinds = {
            "job_first": np.int64,
            "mode_first": np.int64,
            "mode_machine": np.int32,
            "mode_time": np.int64,
            "release": np.int64,
            "due": np.int64,
            "weight": np.float64,
            "family": np.int32,
        }
        default = {"release": (jobs, 0), "due": (jobs, NEVER), "weight": (jobs, 1.0), "family": (ops, 0)}
        for name, kind in kinds.items():
            value = np.ascontiguousarray(getattr(self, name), kind)
            if name in default and not len(value):
                value = np.full(max(default[name][0], 0), default[name][1], kind)
            object.__setattr__(self, name, value)
        for name in ("setup", "first_setup"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), np.int64))
        wrong = _problems(self)
        if wrong:
            raise ConfigError(" ".join(wrong))

    @property
    def jobs(self) -> int:
        """How many jobs."""
        return len(self.job_first) - 1

    @property
    def ops(self) -> int:
        """How many operations."""
        return len(self.mode_first) - 1

    @property
    def job_of(self) -> I64:
        """Shape (ops,): the job of each operation."""
        return cast("I64", np.repeat(np.arange(self.jobs), np.diff(self.job_first)))

    @property
    def families(self) -> int:
        """How many set-up families."""
        return int(self.family.max(initial=0)) + 1

    def setups(self) -> tuple[I64, I64]:
        """Return set-ups between families and before the first operation, of zeros where the shop has none."""
        none = np.zeros((self.machines, self.families, self.families), np.int64)
        between = none if self.setup is None else self.setup
        first = none[:, :, 0].copy() if self.first_setup is None else self.first_setup
        return between, first


@dataclass(frozen=True, eq=False)
class Found:
    """The best plan of a search.

    Parameters
    ----------
    start, mode
        Shape (ops,): when each operation starts, and its mode (an index into ``mode_machine``).
    value, bound
        Of the objective, and what no plan can be better than.
    trace
        (seconds, value) of each improvement; seconds are iterations where the search was given a number of these.
    """

    start: I64
    mode: I64
    value: float
    bound: float
    trace: tuple[tuple[float, float], ...] = ()

    @property
    def gap(self) -> float:
        """How far the value may be from the best, as a share of the bound; 0: proved."""
        if self.value <= self.bound:
            return 0.0
        return (self.value - self.bound) / self.bound if self.bound > 0 else float("inf")


def _problems(shop: Shop) -> list[str]:
    jobs, ops, modes = len(shop.job_first) - 1, len(shop.mode_first) - 1, len(shop.mode_machine)
    if jobs < 1 or ops < 1:
        return ["Give at least one job with one operation."]
    found = []
    if shop.job_first[0] != 0 or shop.job_first[-1] != ops or (np.diff(shop.job_first) < 1).any():
        found.append("job_first must grow from 0 to the number of operations: every job needs an operation.")
    if shop.mode_first[0] != 0 or shop.mode_first[-1] != modes or (np.diff(shop.mode_first) < 1).any():
        found.append("mode_first must grow from 0 to the number of modes: give every operation a machine.")
    if len(shop.mode_time) != modes:
        found.append("mode_time must be as long as mode_machine.")
    if modes and (shop.mode_machine.min() < 0 or shop.mode_machine.max() >= shop.machines):
        found.append(f"mode_machine must lie between 0 and {shop.machines - 1}.")
    wanted = {"release": jobs, "due": jobs, "weight": jobs, "family": ops}
    found += [f"{name} must hold {n} values." for name, n in wanted.items() if len(getattr(shop, name)) != n]
    negative = [n for n in ("mode_time", "release", "weight", "family") if (getattr(shop, n) < 0).any()]
    found += [f"{name} must not be negative." for name in negative]
    if found:
        return found
    shapes = {"setup": (shop.machines, shop.families, shop.families), "first_setup": (shop.machines, shop.families)}
    for name, shape in shapes.items():
        value = getattr(shop, name)
        if value is not None and (
            value.ndim != len(shape) or any(a < b for a, b in zip(value.shape, shape, strict=True))
        ):
            found.append(f"{name} must have the shape {shape}.")
        elif value is not None and (value < 0).any():
            found.append(f"{name} must not be negative.")
    return found


@kernel
def semi_active(
    job_first: I64,
    machine: I32,
    time: I64,
    release: I64,
    family: I32,
    setup: I64,
    first: I64,
    order: I64,
    start: I64,
) -> bool:
    """Start operations in a given order, each as early as its job and its machine's last operation let it.

    ``machine`` and ``time`` are by operation. Fills ``start``; returns whether the order keeps that of every job.
    """
    jobs, ops = len(job_first) - 1, len(order)
    job = np.empty(ops, np.int64)
    for j in range(jobs):
        job[job_first[j] : job_first[j + 1]] = j
    ready, following = release.copy(), job_first[:-1].copy()
    free, last = np.zeros(len(first), np.int64), np.full(len(first), -1, np.int64)
    for o in order:
        j, m = job[o], machine[o]
        if following[j] != o:
            return False
        before = last[m]
        wait = first[m, family[o]] if before < 0 else free[m] + setup[m, family[before], family[o]]
        start[o] = max(ready[j], wait)
        ready[j] = free[m] = start[o] + time[o]
        last[m] = o
        following[j] += 1
    return True


def decode(shop: Shop, mode: I64, order: I64) -> I64:
    """Return the semi-active starts of operations taken in an order.

    Parameters
    ----------
    mode
        Shape (ops,): the mode of each operation, an index into ``mode_machine``.
    order
        Shape (ops,): a permutation of the operations that keeps the order of every job.

    Raises
    ------
    ConfigError
        The order does not keep that of a job, or is none.
    """
    setup, first = shop.setups()
    start = np.zeros(shop.ops, np.int64)
    order = np.ascontiguousarray(order, np.int64)
    machine, time = shop.mode_machine[mode], shop.mode_time[mode]
    if len(order) != shop.ops or not semi_active(
        shop.job_first, machine, time, shop.release, shop.family, setup, first, order, start
    ):
        raise ConfigError("The order must name every operation once, those of a job one after the other.")
    return start


def order_of(shop: Shop, start: I64, mode: I64) -> I64:
    """Return the operations of a plan in the order of their starts; ``decode`` of it starts nothing later."""
    end = start + shop.mode_time[mode]
    return np.lexsort((np.arange(shop.ops), end, start))


def cost(shop: Shop, start: I64, mode: I64, objective: Objective) -> float:
    """Return the objective's value of a plan."""
    last = shop.job_first[1:] - 1
    end = start[last] + shop.mode_time[mode[last]]
    if objective == "makespan":
        return float(end.max())
    if objective == "completion":
        return float((shop.weight * end).sum())
    late = np.maximum(end - shop.due, 0)
    return float((shop.weight * late).sum() if objective == "weighted_tardiness" else late.sum())


def verify(shop: Shop, found: Found, objective: Objective | None = None) -> list[str]:
    """Say what is wrong with a plan, in words; an empty list: it is feasible, and its value is as told.

    Slow, and independent of every kernel: plain comparisons of all neighbours on each machine and in each job. Of
    operations that take no time and start at one instant on one machine, the lower number counts as the earlier.
    """
    start, mode = found.start.tolist(), found.mode.tolist()
    if len(start) != shop.ops or len(mode) != shop.ops:
        return ["not one start and one mode for every operation"]
    wrong = [f"operation {o} in no mode of its own" for o in range(shop.ops) if not _own(shop, o, mode[o])]
    if wrong:
        return wrong
    end = [start[o] + int(shop.mode_time[mode[o]]) for o in range(shop.ops)]
    for j in range(shop.jobs):
        chain = range(int(shop.job_first[j]), int(shop.job_first[j + 1]))
        if start[chain[0]] < shop.release[j]:
            wrong.append(f"job {j} starts before its release")
        wrong += [f"operation {o} starts before {o - 1} ends" for o in chain[1:] if start[o] < end[o - 1]]
    on: list[list[int]] = [[] for _ in range(shop.machines)]
    for o in sorted(range(shop.ops), key=lambda o: (start[o], end[o], o)):
        on[int(shop.mode_machine[mode[o]])].append(o)
    for m, row in enumerate(on):
        wrong += _wrong_on(shop, m, row, start, end)
    if shop.same_order:
        jobs = shop.job_of
        rows = {tuple(int(jobs[o]) for o in row) for row in on if row}
        wrong += ["jobs overtake"] if len(rows) > 1 else []
    if objective is not None and abs(cost(shop, found.start, found.mode, objective) - found.value) > 1e-6:
        wrong.append("the value is not that of the plan")
    if found.bound > found.value + 1e-6:
        wrong.append("the bound is above the value")
    return wrong


def _own(shop: Shop, o: int, mode: int) -> bool:
    return int(shop.mode_first[o]) <= mode < int(shop.mode_first[o + 1])


def _wrong_on(shop: Shop, m: int, row: Sequence[int], start: list[int], end: list[int]) -> list[str]:
    wrong, family = [], shop.family
    if row and shop.first_setup is not None and start[row[0]] < shop.first_setup[m, family[row[0]]]:
        wrong.append(f"machine {m} starts before its first set-up ends")
    for a, b in pairwise(row):
        between = 0 if shop.setup is None else int(shop.setup[m, family[a], family[b]])
        if start[b] < end[a] + between:
            wrong.append(f"operation {b} starts on machine {m} before {a} and the set-up end")
    return wrong
