"""First plans: whatever can start earliest starts, the more urgent first; and plans between two others."""

from __future__ import annotations

import numpy as np

from chanye.engines.jit import kernel
from chanye.engines.planning.search.draws import U64, below
from chanye.engines.planning.search.graph import Plant
from chanye.engines.planning.search.shop import F64, I32, I64


@kernel
def dispatch(plant: Plant, job_first: I64, release: I64, family: I32, urgency: F64, order: I64, mode: I64) -> None:
    """Fill order and modes of a plan without needless waiting; of two that can start at once the more urgent does.

    ``urgency`` (ops,): small is urgent. Takes operations times jobs steps.
    """
    jobs, machines = len(job_first) - 1, len(plant.first)
    ready, following = release.copy(), job_first[:-1].copy()
    free, last = np.zeros(machines, np.int64), np.full(machines, -1, np.int64)
    for i in range(len(order)):
        soon, least, job, best_end = 2**62, np.inf, -1, 2**62
        for j in range(jobs):
            o = following[j]
            if o == job_first[j + 1] or ready[j] > soon:
                continue
            start, end, chosen = 2**62, 2**62, -1
            for q in range(plant.mode_first[o], plant.mode_first[o + 1]):
                m = plant.mode_machine[q]
                at = plant.first[m, family[o]]
                if last[m] >= 0:
                    at = free[m] + (plant.setup[m, family[last[m]], family[o]] if len(plant.setup) else 0)
                at = max(at, ready[j])
                if at + plant.mode_time[q] < end:
                    start, end, chosen = at, at + plant.mode_time[q], q
            if start < soon or (start == soon and urgency[o] < least):
                soon, least, job, best_end = start, urgency[o], j, end
                mode[o] = chosen
        o = following[job]
        order[i] = o
        m = plant.mode_machine[mode[o]]
        following[job] += 1
        ready[job] = free[m] = best_end
        last[m] = o


def between_two(one: I64, other: I64, share: float) -> I64:
    """Return an order between two: what both put in the same order stays so (a step of path relinking).

    Ranks are averaged, so the order of each job is kept, too.
    """
    rank = np.empty((2, len(one)))
    rank[0, one] = np.arange(len(one))
    rank[1, other] = np.arange(len(one))
    return np.lexsort((rank[0], (1 - share) * rank[0] + share * rank[1]))


def shuffled(job_first: I64, rng: U64) -> I64:
    """Return an order of all operations at random that keeps that of every job."""
    jobs = np.repeat(np.arange(len(job_first) - 1), np.diff(job_first))
    _shuffle(jobs, rng)
    order = np.empty(len(jobs), np.int64)
    order[np.argsort(jobs, kind="stable")] = np.arange(len(jobs))
    return order


@kernel
def _shuffle(values: I64, rng: U64) -> None:
    for i in range(len(values) - 1, 0, -1):
        k = below(rng, i + 1)
        values[i], values[k] = values[k], values[i]
