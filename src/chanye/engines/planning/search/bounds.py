"""What no plan can be better than: bounds from single jobs and single machines."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np

from chanye.engines.planning.search.shop import I64, NEVER, Objective, Shop


def preemptive(release: Sequence[int], time: Sequence[int], tail: Sequence[int]) -> int:
    """Return the shortest span of one machine where work may be interrupted.

    Always works on what has the longest tail (Jackson's rule; Carlier 1982, doi:10.1016/S0377-2217(82)80007-6).
    """
    rows = sorted(zip(release, time, tail, strict=True))
    waiting: list[list[int]] = []
    now, best, i = 0, 0, 0
    while i < len(rows) or waiting:
        if not waiting:
            now = max(now, rows[i][0])
        while i < len(rows) and rows[i][0] <= now:
            heapq.heappush(waiting, [-rows[i][2], rows[i][1]])
            i += 1
        until = rows[i][0] if i < len(rows) else None
        left = waiting[0][1]
        if until is None or now + left <= until:
            now += left
            best = max(best, now - heapq.heappop(waiting)[0])
        else:
            waiting[0][1] -= until - now
            now = until
    return best


def lower_bound(shop: Shop, objective: Objective) -> float:
    """Return a bound on an objective: jobs alone for sums, jobs and machines alone for the makespan."""
    least = np.minimum.reduceat(shop.mode_time, shop.mode_first[:-1])
    length = np.add.reduceat(least, shop.job_first[:-1])
    end = shop.release + length
    if objective == "completion":
        return float((shop.weight * end).sum())
    if objective != "makespan":
        late = np.where(shop.due >= NEVER, 0, np.maximum(end - shop.due, 0))
        return float((late * (shop.weight if objective == "weighted_tardiness" else 1)).sum())
    bound = max(int(end.max()), -(-int(least.sum()) // shop.machines) + int(shop.release.min()))
    done = np.cumsum(least) - least
    base = np.repeat(done[shop.job_first[:-1]], np.diff(shop.job_first))
    head = np.repeat(shop.release, np.diff(shop.job_first)) + done - base
    tail = np.repeat(length, np.diff(shop.job_first)) - (done - base) - least
    first, last = shop.mode_first[:-1], shop.mode_first[1:] - 1
    low = np.minimum.reduceat(shop.mode_machine, first)
    alone = low == np.maximum.reduceat(shop.mode_machine, first)
    assert (last >= first).all()
    for m in range(shop.machines):
        on = np.flatnonzero(alone & (low == m))
        if len(on):
            rows = (head[on].tolist(), least[on].tolist(), tail[on].tolist())
            bound = max(bound, preemptive(*rows))
            bound = max(bound, int(head[on].min() + least[on].sum() + tail[on].min()) + _least_setups(shop, m, on))
    return float(bound)


def _least_setups(shop: Shop, m: int, on: I64) -> int:
    """Return what the set-ups of all operations of a machine but one take at the least."""
    if shop.setup is None or len(on) < 2:
        return 0
    family = shop.family[on]
    present, counts = np.unique(family, return_counts=True)
    table = shop.setup[m][np.ix_(present, present)].astype(np.int64)
    alone = np.flatnonzero(counts == 1)
    table[alone, alone] = np.iinfo(np.int64).max
    into = table.min(0)
    return int((into * counts).sum() - into.max())
