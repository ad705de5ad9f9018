"""What a plan is worth on a real day: each order's chance to be on time under breakdowns, varying times and yield.

The plan's sequences are kept, its times are not: an operation begins when its job and its machine are free, not
before ``earliest``. So the answer is that of a shop which follows the dispatch list and never re-plans.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import prange

from chanye.engines.jit import lean, parallel
from chanye.engines.lines.draws import (
    DOWN,
    F64,
    I64,
    QUALITY,
    U64,
    UP,
    WORK,
    law_of,
    normal,
    streams,
    uniform,
    variate,
)
from chanye.engines.lines.types import Breakdown, Time
from chanye.kernel.errors import ConfigError

#: Operations times replications that one call simulates at most.
MOST = 10**10


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as arrays; times in seconds of open hours since its beginning.

    Parameters
    ----------
    job
        Shape (ops,): job of each operation; operations of a job stand in their order.
    machine
        Shape (ops,): machine that was chosen.
    start
        Shape (ops,): planned start, which says the sequence on each machine.
    duration
        Shape (ops,).
    due
        Shape (jobs,): inf where there is none.
    earliest
        Shape (ops,): release, frozen start or material; None: 0.
    quantity, good
        Shape (ops,): pieces, and the share of them that are good; None: no yield. Pieces lost are made again at once.
    """

    job: I64
    machine: I64
    start: F64
    duration: F64
    due: F64
    earliest: F64 | None = None
    quantity: F64 | None = None
    good: F64 | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """What may be promised.

    Parameters
    ----------
    on_time
        Shape (jobs,): share of replications that finish by the due date.
    low, high
        Shape (jobs,): Wilson's 95 % interval of it.
    finish
        Shape (jobs, 3): 10 %, 50 % and 90 % quantile of the finish. [s]
    """

    on_time: F64
    low: F64
    high: F64
    finish: F64


def promise(
    plan: Plan,
    *,
    breakdowns: tuple[Breakdown | None, ...],
    cv: float = 0.0,
    replications: int = 1000,
    seed: int = 1,
) -> Promise:
    """Simulate a plan.

    Parameters
    ----------
    breakdowns
        Of each machine, by operation: measured by the spine, or assumed.
    cv
        Spread of durations about the plan's, lognormal: standard deviation over mean.

    Raises
    ------
    ConfigError
        If arrays do not fit, or the sequence contradicts the order of a job's operations.
    """
    _require(plan, breakdowns, cv, replications)
    order, before_job, before_machine = _order(plan)
    many, ops = len(breakdowns), len(plan.job)
    fails = np.zeros((many, 9))
    for i, one in enumerate(breakdowns):
        if one:
            fails[i] = [1.0, *law_of(one.up), one.up.mean, *law_of(one.down), one.down.mean]
    earliest = np.zeros(ops) if plan.earliest is None else np.asarray(plan.earliest, np.float64)
    extra = _extra(plan)
    end = _replicate(
        order, before_job, before_machine, np.asarray(plan.machine, np.int64), np.asarray(plan.duration, np.float64),
        earliest, extra, fails, np.array(law_of(Time(1.0, "lognormal", cv))), seed, replications,
    )  # fmt: skip
    finish = np.full((replications, len(plan.due)), -np.inf)
    for o in range(ops):
        np.maximum(finish[:, plan.job[o]], end[:, o], out=finish[:, plan.job[o]])
    share = (finish <= plan.due).mean(axis=0)
    low, high = _wilson(share, replications)
    return Promise(share, low, high, np.quantile(finish, [0.1, 0.5, 0.9], axis=0, method="lower").T)


def _require(plan: Plan, breakdowns: tuple[Breakdown | None, ...], cv: float, replications: int) -> None:
    problems, ops = [], len(plan.job)
    given = (plan.machine, plan.start, plan.duration, plan.earliest, plan.quantity, plan.good)
    if any(one is not None and len(one) != ops for one in given) or not ops:
        raise ConfigError("A plan needs at least one operation, and arrays of the same length for all of them.")
    if plan.job.min() < 0 or plan.job.max() >= len(plan.due):
        problems.append("Give a due date for each job.")
    if plan.machine.min() < 0 or plan.machine.max() >= len(breakdowns):
        problems.append("Give breakdowns, or None, for each machine.")
    if not (np.isfinite(plan.duration).all() and (plan.duration >= 0).all()):
        problems.append("Durations are 0 or more.")
    if (plan.good is None) != (plan.quantity is None):
        problems.append("Yield needs both the quantity and the share of good pieces.")
    elif plan.good is not None and not ((plan.good > 0) & (plan.good <= 1)).all():
        problems.append("Shares of good pieces lie above 0 and up to 1.")
    elif plan.quantity is not None and not (plan.quantity > 0).all():
        problems.append("Quantities are above 0.")
    if not 0 <= cv <= 10 or replications < 1 or replications * ops > MOST:
        problems.append("Take a spread between 0 and 10, and fewer replications of so large a plan.")
    if problems:
        raise ConfigError(" ".join(problems))


def _order(plan: Plan) -> tuple[I64, I64, I64]:
    """Return operations so that all that wait for each other stand in order, and whom each waits for (-1: nobody)."""
    ops = len(plan.job)
    before_job, before_machine = np.full(ops, -1, np.int64), np.full(ops, -1, np.int64)
    last_job: dict[int, int] = {}
    for o, job in enumerate(plan.job):
        before_job[o] = last_job.get(int(job), -1)
        last_job[int(job)] = o
    last: dict[int, int] = {}
    for o in np.lexsort((np.arange(ops), plan.duration, plan.start)):
        machine = int(plan.machine[o])
        before_machine[o] = last.get(machine, -1)
        last[machine] = int(o)
    after: list[list[int]] = [[] for _ in range(ops)]
    waits = np.zeros(ops, np.int64)
    for o in range(ops):
        for before in {int(before_job[o]), int(before_machine[o])} - {-1}:
            after[before].append(o)
            waits[o] += 1
    order = [int(o) for o in np.flatnonzero(waits == 0)]
    for o in order:
        for other in after[o]:
            waits[other] -= 1
            if waits[other] == 0:
                order.append(other)
    if len(order) < ops:
        raise ConfigError("The plan's sequence on the machines contradicts the order of a job's operations.")
    return np.array(order, np.int64), before_job, before_machine


def _extra(plan: Plan) -> F64:
    """Return (ops, 2): mean and spread of the pieces made again over the quantity; negative binomial, as a normal."""
    found = np.zeros((len(plan.job), 2))
    if plan.good is not None and plan.quantity is not None:
        lost = 1 - plan.good
        found[:, 0] = lost / plan.good
        found[:, 1] = np.sqrt(lost / plan.quantity) / plan.good
    return found


@parallel
def _replicate(
    order: I64, before_job: I64, before_machine: I64, machine: I64, duration: F64, earliest: F64, extra: F64,
    fails: F64, spread: F64, seed: int, replications: int,
) -> F64:  # fmt: skip
    end = np.empty((replications, len(order)))
    for r in prange(replications):
        of_op, of_machine = streams(seed, r, len(order)), streams(seed + 1, r, len(fails))
        left = np.empty(len(fails))
        _follow(
            order, before_job, before_machine, machine, duration, earliest, extra, fails, spread, of_op, of_machine,
            left, end[r],
        )  # fmt: skip
    return end


@lean
def _follow(
    order: I64, before_job: I64, before_machine: I64, machine: I64, duration: F64, earliest: F64, extra: F64,
    fails: F64, spread: F64, of_op: U64, of_machine: U64, left: F64, end: F64,
) -> None:  # fmt: skip
    for i in range(len(left)):
        left[i] = np.inf
        if fails[i, 0]:
            left[i] = fails[i, 4] * variate(fails[i, 1], fails[i, 2], fails[i, 3], uniform(of_machine, i, UP))
    for o in order:
        t = earliest[o]
        if before_job[o] >= 0:
            t = max(t, end[before_job[o]])
        if before_machine[o] >= 0:
            t = max(t, end[before_machine[o]])
        work = duration[o] * variate(spread[0], spread[1], spread[2], uniform(of_op, o, WORK))
        if extra[o, 0] > 0:
            work *= 1 + max(extra[o, 0] + extra[o, 1] * normal(uniform(of_op, o, QUALITY)), 0.0)
        i, held = machine[o], 0.0
        while left[i] < work:
            held += fails[i, 8] * variate(fails[i, 5], fails[i, 6], fails[i, 7], uniform(of_machine, i, DOWN))
            left[i] += fails[i, 4] * variate(fails[i, 1], fails[i, 2], fails[i, 3], uniform(of_machine, i, UP))
        left[i] -= work
        end[o] = t + work + held


def _wilson(share: F64, many: int, z: float = 1.959963984540054) -> tuple[F64, F64]:
    """Return Wilson's interval of a share: Wilson (1927), JASA 22:209-212."""
    centre = (share + z * z / (2 * many)) / (1 + z * z / many)
    half = z / (1 + z * z / many) * np.sqrt(share * (1 - share) / many + z * z / (4 * many * many))
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)
