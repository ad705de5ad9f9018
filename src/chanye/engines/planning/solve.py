"""Better plans under one clock: priorities are changed where a plan hurts, and decoded again.

Every candidate is decoded under every rule, so each plan met on the way can be given back at once. Moves: a late job
earlier, an early one later, one set-up less, some alternatives free again. A candidate a little worse than the best
may be followed (record-to-record travel, Dueck 1993, doi:10.1006/jcph.1993.1010).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from chanye.engines.planning.arrays import F64, I64, LOOSE, Compiled, compile_plant
from chanye.engines.planning.bounds import bound_of
from chanye.engines.planning.check import require
from chanye.engines.planning.decode import decode, score
from chanye.engines.planning.exact import prove
from chanye.engines.planning.first import GOAL_ORDER, first_state, nothing, plan_of, weigh
from chanye.engines.planning.timeline import NONE, State, empty_state, pack
from chanye.engines.planning.types import Cancelled, Goal, Plan, Plant, Progress, Report, Work

#: A candidate this much worse than the best is still followed. [1]
_SLACK = 0.003
#: Of the time, what CP-SAT may have for a proof of a small problem. [1]
_PROOF = 0.4


@dataclass
class Search:
    """A search around a decoded plan."""

    data: Compiled
    goals: tuple[Goal, ...]
    state: State
    seed: int
    rank: F64
    old: tuple[I64, I64] | None = None
    packed: Any = None
    fixed: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    value: F64 = field(default_factory=lambda: np.zeros(0))
    rounds: int = 0

    def __post_init__(self) -> None:
        """Take the plan in ``state`` as the start."""
        self.packed = pack(self.data.floor)
        self.rng = np.random.default_rng(self.seed)
        self.at = weigh(self.goals)
        self.loose = nothing(self.data.floor)
        self.reference = self.old or (self.loose, self.loose)
        self._hold(self.rank, self.loose)
        self.best = (self.value, self.rank, self.fixed)
        self.adopt(self.state.ops["start"].astype(np.float64), self.state.ops["mode"].copy())

    def adopt(self, rank: F64, fixed: I64) -> bool:
        """Decode some priorities and go on from them if they are not worse; return whether they are better."""
        if decode(self.packed, self.state, rank, self.loose, fixed, self.loose, 0) >= 0:
            return False
        value = score(self.packed, self.state, *self.reference)
        key, best = self.key(value), self.key(self.best[0])
        if key > best:
            return False
        self._hold(rank, fixed)
        self.best = (self.value, rank, fixed)
        return key < best

    def _hold(self, rank: F64, fixed: I64) -> None:
        """Go on from the plan in ``state``, which these priorities and alternatives make."""
        ops = self.state.ops
        self.rank, self.fixed = rank, fixed
        self.begin, self.mode = ops["start"].copy(), ops["mode"].copy()
        self.finish = ops["finish"].copy()
        self.set_begin = ops["set_begin"].copy()
        self.value = score(self.packed, self.state, *self.reference)

    def key(self, value: F64) -> tuple[float, ...]:
        """Return what decides between two plans, the least is the best."""
        return tuple(value[self.at].tolist())

    def step(self) -> bool:
        """Try one candidate; return whether it is the best so far."""
        self.rounds += 1
        rank, fixed = self._candidate()
        if decode(self.packed, self.state, rank, self.loose, fixed, self.loose, 0) >= 0:
            return False
        value = score(self.packed, self.state, *self.reference)
        key, best = self.key(value), self.key(self.best[0])
        if key[0] <= best[0] + _SLACK * abs(best[0]):
            self._hold(rank, fixed)
        if key >= best:
            if self.rounds % 60 == 0:
                self._return()
            return False
        self.best = (self.value, rank, fixed)
        return True

    def _return(self) -> None:
        """Go on from the best plan."""
        self.finish_at_best()
        self._hold(self.best[1], self.best[2])

    def finish_at_best(self) -> None:
        """Leave the best plan in ``state``."""
        if decode(self.packed, self.state, self.best[1], self.loose, self.best[2], self.loose, 0) >= 0:
            raise ArithmeticError("The decoder contradicts itself.")

    def _candidate(self) -> tuple[F64, I64]:
        rank, fixed = self.rank.copy(), self.fixed.copy()
        for _ in range(int(self.rng.integers(1, 4))):
            move = self.rng.random()
            if move < 0.55:
                self._job_earlier(rank, fixed)
            elif move < 0.75:
                self._job_later(rank)
            elif move < 0.9:
                self._setup_less(rank)
            else:
                self._window(rank, fixed)
        return rank, fixed

    def _lateness(self) -> tuple[I64, I64]:
        f = self.data.floor
        done = np.full(len(f.due), -NONE, np.int64)
        np.maximum.at(done, f.job, self.finish)
        return done, done - f.due

    def _job_earlier(self, rank: F64, fixed: I64) -> None:
        """Move a job up that is late, the costlier the likelier, or the last one."""
        f = self.data.floor
        done, late = self._lateness()
        if self.goals[0] == "makespan":
            job = int(np.argmax(done + self.rng.integers(0, 1 + int(done.max()) // 20, len(done))))
        else:
            cost = np.where(f.weight > 0, f.weight * np.maximum(late, 0), 0.0)
            total = cost.sum()
            if total > 0:
                job = int(self.rng.choice(len(cost), p=cost / total))
            else:
                job = int(self.rng.integers(len(cost)))
        ops = np.flatnonzero(f.job == job)
        first = int(self.rng.integers(len(ops))) if len(ops) else 0
        ops = ops[first:]
        if len(ops):
            span = max(float(late[job]) if late[job] < NONE else 0.0, 60.0)
            rank[ops] -= self.rng.random() * 1.5 * min(span, float(rank.max() - rank.min()) + 1.0)
            if self.rng.random() < 0.5:
                fixed[ops] = -1

    def _job_later(self, rank: F64) -> None:
        """Move a job back that is early or weighs little."""
        f = self.data.floor
        _, late = self._lateness()
        job = int(self.rng.integers(len(late)))
        slack = float(min(-late[job], int(self.finish.max())))
        ops = f.job == job
        rank[ops] += self.rng.random() * max(slack, 120.0)

    def _setup_less(self, rank: F64) -> None:
        """Bring an operation that needs a set-up next to one of its family on its work unit."""
        f = self.data.floor
        set_up = np.flatnonzero(self.set_begin != NONE)
        if not len(set_up):
            return
        o = int(self.rng.choice(set_up))
        same = (f.unit[self.mode] == f.unit[self.mode[o]]) & (f.family == f.family[o])
        others = np.flatnonzero(same & (np.arange(len(rank)) != o))
        if len(others):
            near = others[np.argsort(np.abs(self.begin[others] - self.begin[o]))[:3]]
            rank[o] = self.rank[int(self.rng.choice(near))] + self.rng.choice([-0.5, 0.5])

    def _window(self, rank: F64, fixed: I64) -> None:
        """Free the alternatives of a stretch of time and shuffle it a little."""
        low = self.rank[int(self.rng.integers(len(rank)))]
        inside = (self.rank >= low) & (self.rank < low + 480) & (self.rng.random(len(rank)) < 0.3)
        fixed[inside] = -1
        rank[inside] += self.rng.normal(0, 60, int(inside.sum()))


def solve(
    plant: Plant,
    work: Work,
    *,
    goals: tuple[Goal, ...] = GOAL_ORDER,
    seconds: float = 30.0,
    rounds: int | None = None,
    seed: int = 1,
    start: Plan | None = None,
    progress: Report | None = None,
    cancelled: Cancelled | None = None,
) -> Plan:
    """Return the best plan found in the time given, with a lower bound.

    Parameters
    ----------
    goals
        In order: a later one decides only between plans that are equal in those before.
    seconds
        Limit of the whole call. [s]
    rounds
        Candidates tried at most, and no proof by clock: with it and without a time limit that bites the same seed
        gives the same plan.
    start
        A plan of the same work to begin with; it also is what ``stability`` compares with.
    progress
        Told every better plan.
    cancelled
        Asked often; the best so far is returned once it says yes.

    Raises
    ------
    ConfigError
        If the data makes no sense, or an operation fits nowhere.
    """
    began = perf_counter()
    require(plant, work)
    data = compile_plant(plant, work)
    old = positions(data, start) if start is not None else None
    state, rank = _begin(data, goals, start)
    clock = Clock(began, seconds, rounds, cancelled)
    return climb(data, state, rank, goals, seed=seed, old=old, clock=clock, progress=progress)


@dataclass(frozen=True)
class Clock:
    """When to stop: seconds since ``began``, rounds, or when asked to."""

    began: float
    seconds: float
    rounds: int | None = None
    cancelled: Cancelled | None = None

    def over(self, rounds: int) -> bool:
        """Tell whether it is time to stop."""
        if self.rounds is not None and rounds >= self.rounds:
            return True
        return perf_counter() - self.began >= self.seconds or bool(self.cancelled and self.cancelled())


def climb(
    data: Compiled,
    state: State,
    rank: F64,
    goals: tuple[Goal, ...],
    *,
    seed: int,
    old: tuple[I64, I64] | None,
    clock: Clock,
    progress: Report | None = None,
) -> Plan:
    """Search on from a decoded plan until the clock stops it."""
    began = clock.began
    search = Search(data, goals, state, seed, rank, old)
    bound = bound_of(data, goals[0], search.loose)
    trace: list[Progress] = []

    def told(by: str) -> None:
        value = float(search.best[0][search.at[0]])
        trace.append(Progress(perf_counter() - began, value, min(bound, value), by))
        if progress is not None:
            progress(trace[-1])

    told("rules")
    proof = prove(data, goals[0], search.best, clock=clock, share=_PROOF)
    if proof is not None:
        bound = max(bound, proof.bound)
        if proof.rank is not None:
            search.adopt(proof.rank, proof.mode)
        told("proof")
    done = len(goals) == 1 and float(search.best[0][search.at[0]]) <= bound
    while not done and len(data.operations) and not clock.over(search.rounds):
        if search.step():
            told("search")
            done = len(goals) == 1 and float(search.best[0][search.at[0]]) <= bound
    search.finish_at_best()
    return plan_of(data, state, goals, old=old, bound=bound, trace=tuple(trace))


def positions(data: Compiled, plan: Plan) -> tuple[I64, I64]:
    """Return unit and start of each operation in a plan; -1 for one that it does not have."""
    unit, start = nothing(data.floor), nothing(data.floor)
    number = {name: r for r, name in enumerate(data.resources[: len(data.plant.units)])}
    for one in plan.placed:
        if one.operation in data.index:
            o = data.index[one.operation]
            unit[o], start[o] = number.get(one.unit, -1), one.start
    return unit, start


def _begin(data: Compiled, goals: tuple[Goal, ...], start: Plan | None) -> tuple[State, F64]:
    """Return the plan to begin with: the given one decoded again if it has everything, or the rules'."""
    f = data.floor
    if start is None or {one.operation for one in start.placed} != set(data.index):
        return first_state(data, goals)[:2]
    rank, mode = np.zeros(len(data.operations)), nothing(f)
    for one in start.placed:
        o = data.index[one.operation]
        rank[o] = one.start
        if f.pinned[o] == LOOSE and one.mode < f.mode_first[o + 1] - f.mode_first[o]:
            mode[o] = f.mode_first[o] + one.mode
    state = empty_state(f)
    if decode(pack(f), state, rank, nothing(f), mode, nothing(f), 0) >= 0:
        return first_state(data, goals)[:2]
    return state, rank
