"""The compiled parts of line balancing that look at one station: its maximal loads, bounds, Hoffmann's heuristic.

Tasks are numbered by falling time here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chanye.engines.jit import kernel

I64 = NDArray[np.int64]

#: Places in the cursor of the enumeration.
AT, DEPTH, OPEN, REST, LEAF, STEPS = range(6)
#: How long a cursor is.
CURSOR = 6


@kernel
def begin(done: Any, cycle: int, times: I64, waits: I64, cursor: I64, eligible: I64, inside: Any) -> None:
    """Set the cursor before the first load of a station, with tasks whose predecessors are done."""
    count = 0
    for task in range(len(times)):
        inside[task] = False
        if not done[task] and waits[task] == 0:
            eligible[count] = task
            count += 1
    cursor[AT] = 0
    cursor[DEPTH] = 0
    cursor[OPEN] = count
    cursor[REST] = cycle
    cursor[LEAF] = 0
    cursor[STEPS] = 0


@kernel
def next_load(  # noqa: C901 - a compiled loop, told in one piece
    times: I64,
    first: I64,
    after: I64,
    waits: I64,
    cursor: I64,
    eligible: I64,
    chosen: I64,
    width: I64,
    inside: Any,
    least: int,
    most_steps: int,
    cycle: int,
) -> bool:
    """Go on to the next load that no task can be added to and that works at least ``least``; False: no more.

    Each eligible task is first taken, then left out; tasks that become eligible are appended: every load comes once.
    """
    at, depth, count, rest = cursor[AT], cursor[DEPTH], cursor[OPEN], cursor[REST]
    leaf = cursor[LEAF]
    while True:
        if leaf == 1:  # take back the last task, and leave it out
            if depth == 0:
                return False
            depth -= 1
            at = chosen[depth]
            task = eligible[at]
            inside[task] = False
            rest += times[task]
            for k in range(first[task], first[task + 1]):
                waits[after[k]] += 1
            count = width[depth]
            at += 1
        while at < count:
            task = eligible[at]
            if times[task] <= rest:
                chosen[depth] = at
                width[depth] = count
                depth += 1
                inside[task] = True
                rest -= times[task]
                for k in range(first[task], first[task + 1]):
                    waits[after[k]] -= 1
                    if waits[after[k]] == 0:
                        eligible[count] = after[k]
                        count += 1
            at += 1
        leaf = 1
        cursor[STEPS] += 1
        full = cycle - rest >= least
        if full:
            for k in range(count):
                if not inside[eligible[k]] and times[eligible[k]] <= rest:
                    full = False
                    break
        if full or cursor[STEPS] >= most_steps:
            cursor[AT], cursor[DEPTH], cursor[OPEN], cursor[REST], cursor[LEAF] = at, depth, count, rest, 1
            if full:
                return True
            while depth > 0:  # out of steps: leave the counts of predecessors as they were
                depth -= 1
                task = eligible[chosen[depth]]
                inside[task] = False
                for k in range(first[task], first[task + 1]):
                    waits[after[k]] += 1
            return False


@kernel
def least_stations(done: Any, inside: Any, cycle: int, times: I64, work: I64) -> int:  # noqa: C901 - a compiled loop, told in one piece
    """Return a lower bound of the stations for the tasks that are left.

    The largest of: bound LM3 of Scholl and Becker (2006) with thirds, and for every threshold the bound L2 of
    Martello and Toth (1990), which contains LM1 (total work) and LM2 (tasks above half).
    """
    count = 0
    total = 0
    sixths = 0
    for task in range(len(times)):  # by falling time
        if not done[task] and not inside[task]:
            t = times[task]
            work[count] = t
            count += 1
            total += t
            if 3 * t > 2 * cycle:
                sixths += 6
            elif 3 * t == 2 * cycle:
                sixths += 4
            elif 3 * t > cycle:
                sixths += 3
            elif 3 * t == cycle:
                sixths += 2
    best = max((total + cycle - 1) // cycle, (sixths + 5) // 6)
    half = 0
    sum_half = 0
    while half < count and 2 * work[half] > cycle:
        sum_half += work[half]
        half += 1
    alone = half  # tasks above cycle - threshold: nothing counted fits beside these
    sum_alone = sum_half
    small = half
    sum_small = 0
    # thresholds fall, so fewer large tasks count as alone and more small ones are counted
    while small < count:
        threshold = work[small]
        while small < count and work[small] == threshold:
            sum_small += work[small]
            small += 1
        while alone > 0 and work[alone - 1] <= cycle - threshold:
            alone -= 1
            sum_alone -= work[alone]
        room = (half - alone) * cycle - (sum_half - sum_alone)
        more = (sum_small - room + cycle - 1) // cycle
        best = max(best, half + max(more, 0))
    return max(best, half)


@kernel
def hoffmann(  # noqa: C901 - a compiled loop, told in one piece
    cycle: int, times: I64, worth: Any, first: I64, after: I64, waits0: I64, most_steps: int, station: I64
) -> int:
    """Fill stations one after the other with the load of most worth (Hoffmann 1963, modified); return how many.

    ``worth``: float64 (tasks,); ``station`` is filled; ``most_steps`` bounds the loads looked at per station.
    """
    n = len(times)
    done = np.zeros(n, np.bool_)
    inside = np.zeros(n, np.bool_)
    keep = np.zeros(n, np.bool_)
    waits = waits0.copy()
    cursor = np.zeros(CURSOR, np.int64)
    eligible, chosen, width = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    left = n
    stations = 0
    while left:
        begin(done, cycle, times, waits, cursor, eligible, inside)
        best = -1e300
        while next_load(times, first, after, waits, cursor, eligible, chosen, width, inside, 0, most_steps, cycle):
            value = 0.0
            for k in range(cursor[DEPTH]):
                value += worth[eligible[chosen[k]]]
            if value > best:
                best = value
                keep[:] = inside
            if cursor[STEPS] >= most_steps:
                break
        for task in range(n):
            if keep[task]:
                done[task] = True
                station[task] = stations
                left -= 1
        keep[:] = False
        for task in range(n):
            waits[task] = waits0[task]
        for task in range(n):
            if done[task]:
                for k in range(first[task], first[task + 1]):
                    waits[after[k]] -= 1
        stations += 1
    return stations
