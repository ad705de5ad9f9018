"""One entry for all shops: recognise what it is, choose the search, give the best so far when time is up."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from chanye.engines.planning.search.bounds import lower_bound
from chanye.engines.planning.search.runs import AnnealRun, FlowRun, Order, Run, TabuRun, line_of
from chanye.engines.planning.search.shop import OBJECTIVES, Found, Objective, Shop, cost, decode, order_of
from chanye.kernel.errors import ConfigError

#: Between two looks at the clock. [s]
LOOK_S = 0.05
#: Turns between two looks where turns are granted instead of seconds.
LOOK_TURNS = 200
#: What a line whose jobs may overtake gets as a line, before it is searched as a shop.
LINE_SHARE = 0.2

Progress = Callable[[float, float, float], None]


@dataclass
class Session:
    """The best plan of one call, and what is left of the grant."""

    shop: Shop
    objective: Objective
    granted: float
    by_turns: bool
    bound: float
    progress: Progress | None = None
    cancelled: Callable[[], bool] | None = None
    clock: Callable[[], float] = time.monotonic
    value: float = float("inf")
    order: Order | None = None
    trace: list[tuple[float, float]] = field(default_factory=list)
    stopped: bool = False
    used: float = 0.0

    def __post_init__(self) -> None:
        self._began = self.clock()

    def at(self) -> float:
        """Return what was used of the grant: turns, or seconds."""
        return self.used if self.by_turns else self.clock() - self._began

    def see(self, order: Order, value: float) -> None:
        """Take over a plan if it is better, and tell."""
        if value < self.value:
            self.value, self.order = value, order
            self.trace.append((self.at(), value))
            if self.progress is not None:
                self.progress(self.at(), value, self.bound)

    def ended(self, share: float = 1.0) -> bool:
        """Say whether a share of the grant is used up, the best is proved, or somebody cancelled."""
        self.stopped = self.stopped or (self.cancelled is not None and self.cancelled())
        return self.stopped or self.value <= self.bound or self.at() >= share * self.granted

    def go(self, run: Run, share: float = 1.0, exchange: Callable[[Run], None] | None = None) -> None:
        """Let a search take turns until ``ended``."""
        self.see(run.best(), run.value)
        turns = LOOK_TURNS if self.by_turns else 1
        while not self.ended(share):
            left = int(self.granted - self.used) if self.by_turns else turns
            began = self.clock()
            self.used += run.step(max(min(turns, left), 1), self.at() / self.granted)
            if not self.by_turns:
                ratio = LOOK_S / max(self.clock() - began, 1e-6)
                turns = max(int(turns * min(max(ratio, 0.1), 4.0)), 1)
            if run.value < self.value:
                self.see(run.best(), run.value)
            if exchange is not None:
                exchange(run)

    def found(self) -> Found:
        """Return the best plan."""
        assert self.order is not None
        order, mode = self.order
        start = decode(self.shop, mode, order)
        # a search may know its value by estimate of an order that decodes to something better
        value = cost(self.shop, start, mode, self.objective)
        return Found(start, mode, value, min(self.bound, value), tuple(self.trace))


def improve(
    shop: Shop,
    *,
    objective: Objective = "makespan",
    seconds: float | None = None,
    turns: int | None = None,
    seed: int = 1,
    hint: Found | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    exchange: Callable[[Run], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Found:
    """Search for a better plan until time is up, it is proved, or somebody cancels; return the best so far.

    Lines (jobs that never overtake) by iterated greedy, makespans of shops by tabu search, all else by annealing.
    A line whose jobs may overtake is searched as a line first, and then as a shop.

    Parameters
    ----------
    objective
        ``makespan``, ``tardiness``, ``weighted_tardiness``, or ``completion`` (times weights).
    seconds, turns
        What is granted: one of the two. The same turns and seed give the same plan. The first call on a machine also
        compiles the kernels, which takes some ten seconds once.
    hint
        A plan to start from; the outcome is no worse.
    progress
        Is told (seconds or turns, value, bound) at each improvement.
    cancelled
        Is asked every 0.05 s.
    exchange
        Is given the search every 0.05 s: may take its best plan, or make it go on from another.
    clock
        Seconds of any origin.

    Raises
    ------
    ConfigError
        Neither or both of seconds and turns; an unknown objective; a hint that is no plan of the shop; jobs that must
        not overtake in a shop that is no line.
    """
    if (seconds is None) == (turns is None) or objective not in OBJECTIVES:
        raise ConfigError(f"Grant either seconds or turns, and one objective of {', '.join(OBJECTIVES)}.")
    granted = float(seconds if turns is None and seconds is not None else turns or 0)
    session = Session(
        shop,
        objective,
        max(granted, 1e-9),
        turns is not None,
        lower_bound(shop, objective),
        progress,
        cancelled,
        clock,
    )
    start = None if hint is None else _order(shop, hint)
    if start is not None:
        session.see(start, cost(shop, decode(shop, start[1], start[0]), start[1], objective))
    line = line_of(shop, objective)
    if shop.same_order:
        if line is None:
            raise ConfigError(
                "Jobs that never overtake must visit the same machines in the same order, each in one mode: "
                "correct the routes, or let jobs overtake."
            )
        session.go(FlowRun(shop, line, seed, start), exchange=exchange)
        return session.found()
    if line is not None and start is None:
        session.go(FlowRun(shop, line, seed, None), LINE_SHARE)
        start = session.order
    if not session.ended() or session.order is None:
        session.go(_shop_run(shop, objective, seed, start, session.bound), exchange=exchange)
    return session.found()


def _shop_run(shop: Shop, objective: Objective, seed: int, hint: Order | None, bound: float) -> Run:
    if objective == "makespan":
        return TabuRun(shop, seed, hint, bound)
    return AnnealRun(shop, objective, seed, hint)


def _order(shop: Shop, hint: Found) -> Order:
    """Return the order of a hint."""
    mode = np.asarray(hint.mode, np.int64)
    if len(mode) != shop.ops or (mode < shop.mode_first[:-1]).any() or (mode >= shop.mode_first[1:]).any():
        raise ConfigError("The plan to start from is of another shop: give one with these operations and modes.")
    return order_of(shop, np.asarray(hint.start, np.int64), mode), mode
