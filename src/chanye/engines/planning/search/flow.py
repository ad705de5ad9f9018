"""Permutation flow shops: insertion, local search and iterated greedy on one order of the jobs.

NEH (Nawaz, Enscore and Ham 1983, doi:10.1016/0305-0483(83)90088-9) with the acceleration of Taillard (1990,
doi:10.1016/0377-2217(90)90090-X) for makespans; iterated greedy of Ruiz and Stützle (2007,
doi:10.1016/j.ejor.2005.12.009; with set-ups 2008, doi:10.1016/j.ejor.2006.07.029), with the local search on the part
that is left (Dubois-Lacoste, Pagnozzi and Stützle 2017, doi:10.1016/j.cor.2016.12.021) and ties broken by the idle
time a place would cause (the thought of Fernandez-Viagas and Framinan 2014, doi:10.1016/j.cor.2013.12.012).
Due dates have no tails to look up: places are tried from the back, and given up as soon as they cost too much.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from chanye.engines.jit import kernel, spliced
from chanye.engines.planning.search.draws import U64, below
from chanye.engines.planning.search.shop import F64, I64

_FAR = 2**62


class Line(NamedTuple):
    """A flow shop as its kernels see it.

    ``time`` (jobs, machines); ``setup`` (jobs before, jobs after, machines), of length 0 without set-ups; ``first``
    (jobs, machines): how early a machine may start when the job is its first; the others (jobs,).
    ``late``: minimise weighted lateness beyond due dates instead of the makespan. ``end`` (jobs + 1,
    machines) and ``tail`` (jobs + 1, machines + 1) are room to work in.
    """

    time: I64
    setup: I64
    first: I64
    release: I64
    due: I64
    weight: F64
    late: bool
    end: I64
    tail: I64


@spliced
def ready(line: Line, before: int, job: int, free: int, m: int) -> int:
    """Return when machine m is ready for a job after another that left it at ``free``; before < 0: none was there."""
    if before < 0:
        return int(line.first[job, m])
    if len(line.setup):
        return int(free + line.setup[before, job, m])
    return int(free)


@kernel
def ends(line: Line, order: I64, n: int) -> float:
    """Fill ``end[k + 1, m]``, when the k-th of n jobs leaves machine m; return the objective."""
    machines = line.time.shape[1]
    total = 0.0
    for k in range(n):
        job, before = order[k], order[k - 1] if k else -1
        at = line.release[job]
        for m in range(machines):
            at = max(at, ready(line, before, job, line.end[k, m], m)) + line.time[job, m]
            line.end[k + 1, m] = at
        total += line.weight[job] * max(at - line.due[job], 0)
    return total if line.late else float(line.end[n, machines - 1])


@kernel
def tails(line: Line, order: I64, n: int) -> None:
    """Fill ``tail[k, m]``: from the start of the k-th of n jobs on machine m to the end of everything.

    One column more: how long it takes at the least because of releases from the k-th on.
    """
    machines = line.time.shape[1]
    line.tail[n, :] = 0
    for k in range(n - 1, -1, -1):
        job, at = order[k], 0
        for m in range(machines - 1, -1, -1):
            after = line.tail[k + 1, m]
            if len(line.setup) and k + 1 < n:
                after += line.setup[job, order[k + 1], m]
            at = max(at, after) + line.time[job, m]
            line.tail[k, m] = at
        line.tail[k, machines] = max(line.tail[k + 1, machines], line.release[job] + at)


@kernel
def place(line: Line, order: I64, n: int, job: int, rng: U64) -> tuple[int, float]:
    """Return the best place of a job among n others for the makespan, and that makespan, from heads and tails."""
    machines = line.time.shape[1]
    best, where, least, ties = _FAR, 0, _FAR, 1
    for k in range(n + 1):
        at, worst, idle = line.release[job], line.tail[k, machines], 0
        before = order[k - 1] if k else -1
        for m in range(machines):
            free = ready(line, before, job, line.end[k, m], m)
            idle += max(at - free, 0)
            at = max(at, free) + line.time[job, m]
            after = line.tail[k, m]
            if len(line.setup) and k < n:
                after += line.setup[job, order[k], m]
            worst = max(worst, at + after)
            if worst > best:
                break
        if worst < best or (worst == best and idle < least):
            best, where, least, ties = worst, k, idle, 1
        elif worst == best and idle == least:
            ties += 1
            if below(rng, ties) == 0:
                where = k
    return where, float(best)


@kernel
def with_job(line: Line, order: I64, n: int, job: int, k: int, before: F64, row: I64, best: float) -> float:
    """Return the lateness of n jobs with another at place k; more than ``best`` where it is given up."""
    machines = line.time.shape[1]
    total, last = before[k], order[k - 1] if k else -1
    row[:] = line.end[k]
    for p in range(k, n + 1):
        j = job if p == k else order[p - 1]
        at, same = line.release[j], p > k
        for m in range(machines):
            at = max(at, ready(line, last, j, row[m], m)) + line.time[j, m]
            same = same and at == line.end[p, m]
            row[m] = at
        total += line.weight[j] * max(at - line.due[j], 0)
        last = j
        if same:
            # from here on everything ends as it did without the job
            return float(total + before[n] - before[p])
        if total > best:
            break
    return float(total)


@kernel
def place_late(line: Line, order: I64, n: int, job: int, rng: U64) -> tuple[int, float]:
    """Return the best place of a job among n others for the sum of weighted lateness, and that sum."""
    last = line.time.shape[1] - 1
    before, row = np.zeros(n + 1), np.empty(last + 1, np.int64)
    for k in range(n):
        j = order[k]
        before[k + 1] = before[k] + line.weight[j] * max(line.end[k + 1, last] - line.due[j], 0)
    best, where, ties = np.inf, n, 1
    for k in range(n, -1, -1):
        if before[k] > best:
            continue
        total = with_job(line, order, n, job, k, before, row, best)
        if total < best:
            best, where, ties = total, k, 1
        elif total == best:
            ties += 1
            if below(rng, ties) == 0:
                where = k
    return where, best


@kernel
def put(line: Line, order: I64, n: int, job: int, rng: U64) -> tuple[int, float]:
    """Return the best place of a job among the n first of an order, and the objective there."""
    ends(line, order, n)
    if line.late:
        return place_late(line, order, n, job, rng)
    tails(line, order, n)
    return place(line, order, n, job, rng)


@kernel
def insert(order: I64, n: int, at: int, job: int) -> None:
    """Put a job at a place among n others."""
    for k in range(n, at, -1):
        order[k] = order[k - 1]
    order[at] = job


@kernel
def remove(order: I64, n: int, at: int) -> int:
    """Take the job at a place out of n; return it."""
    job = order[at]
    for k in range(at, n - 1):
        order[k] = order[k + 1]
    return int(job)


@kernel
def descend(line: Line, order: I64, n: int, value: float, effort: int, rng: U64) -> float:
    """Put each of n jobs, in random turn, at its best place until no turn or effort is left; return the objective."""
    turn = order[:n].copy()
    for i in range(n - 1, 0, -1):
        k = below(rng, i + 1)
        turn[i], turn[k] = turn[k], turn[i]
    since, i = 0, 0
    while since < n and effort > 0:
        effort -= 1
        job, at = turn[i], 0
        while order[at] != job:
            at += 1
        remove(order, n, at)
        where, found = put(line, order, n - 1, job, rng)
        since = 0 if found < value else since + 1
        if found <= value:
            at, value = where, found
        insert(order, n - 1, at, job)
        i = (i + 1) % n
    return value


@kernel
def build(line: Line, turn: I64, order: I64, rng: U64) -> float:
    """Insert jobs one by one in a given turn, each at its best place; return the objective."""
    value = 0.0
    for n in range(len(turn)):
        where, value = put(line, order, n, turn[n], rng)
        insert(order, n, where, turn[n])
    return value


@kernel
def iterate(
    line: Line, turns: int, cut: int, effort: int, heat: float, now: I64, best: I64, values: F64, rng: U64
) -> None:
    """Iterated greedy from ``now`` for some turns; ``values`` are those of now and best.

    Takes ``cut`` jobs out, improves what is left (makespans only: it pays there), puts them back, improves the whole,
    and keeps the outcome if it is no worse, or with the probability ``exp(-worse / heat)``.
    ``effort`` bounds the insertions of one improvement.
    """
    n = len(now)
    cut = min(cut, n - 1)
    order, out = np.empty(n, np.int64), np.empty(cut, np.int64)
    for _ in range(turns):
        order[:] = now
        for c in range(cut):
            out[c] = remove(order, n - c, below(rng, n - c))
        if not line.late:
            descend(line, order, n - cut, ends(line, order, n - cut), effort, rng)
        value = 0.0
        for c in range(cut):
            where, value = put(line, order, n - cut + c, out[c], rng)
            insert(order, n - cut + c, where, out[c])
        value = descend(line, order, n, value, effort, rng)
        if value < values[1]:
            values[1] = value
            best[:] = order
        worse = value - values[0]
        if worse <= 0 or (heat > 0 and below(rng, 1 << 30) < np.exp(-worse / heat) * (1 << 30)):
            values[0] = value
            now[:] = order
