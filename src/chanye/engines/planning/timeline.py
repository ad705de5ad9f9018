"""Compiled parts of the decoder: open time, who is busy when, and levels over time.

A resource's busy spans are a doubly linked list sorted by start, walked from its end, since plans grow there.
Spans are numbered: operation ``o`` on its work unit is ``o``; person and tools of an operation and the setter of the
set-up before it have places of their own behind.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from chanye.engines.planning.arrays import I64, Floor

#: Later than everything. [tick]
NONE = 1 << 60


class State(NamedTuple):
    """A plan being made.

    Parameters
    ----------
    head, tail
        Shape (resources,): first and last span of each, -1 if there is none.
    begin, end, next, prev
        Shape (spans,). On work units ``begin`` includes the set-up. [tick]
    start, finish, mode, leader
        Shape (ops,): start is ``NONE`` until placed; ``leader`` is the operation whose batch it shares, or itself.
    load
        Shape (ops,): what a batch holds.
    crew
        Shape (ops, 1 + tools): resources with it, -1 for nobody.
    set_begin, set_end, set_by
        Shape (ops,): the set-up before it, ``set_begin`` is ``NONE`` if there is none.
    changed, old_begin, old_end, old_by
        Shape (ops,): the neighbour whose set-up placing it changed, and what it was.
    level_time, level, level_first, level_count
        Steps of each profile: buffers first, power last.
    """

    head: I64
    tail: I64
    begin: I64
    end: I64
    next: I64
    prev: I64
    start: I64
    finish: I64
    mode: I64
    leader: I64
    load: I64
    crew: NDArray[np.int64]
    set_begin: I64
    set_end: I64
    set_by: I64
    changed: I64
    old_begin: I64
    old_end: I64
    old_by: I64
    level_time: I64
    level: NDArray[np.float64]
    level_first: I64
    level_count: I64


def empty_state(f: Floor) -> State:
    """Return a plan with nothing in it."""
    ops, resources = len(f.op_first) - 1, len(f.cal)
    wide = 1 + (int(np.diff(f.tool_first).max()) if len(f.tool_first) > 1 else 0)
    spans = ops * (2 + wide)
    buffered = np.zeros(len(f.places), np.int64)
    for b in f.buffer[f.unit][f.buffer[f.unit] >= 0]:
        buffered[b] += 1
    room = np.concatenate([2 * np.minimum(buffered, ops) + 4, [2 * ops + 4 if f.peak >= 0 else 4]])
    first = np.concatenate([[0], np.cumsum(room)]).astype(np.int64)

    def full(n: int, value: int) -> I64:
        return np.full(n, value, np.int64)

    return State(
        full(resources, -1), full(resources, -1), full(spans, 0), full(spans, 0), full(spans, -1), full(spans, -1),
        full(ops, NONE), full(ops, NONE), full(ops, 0), np.arange(ops, dtype=np.int64), full(ops, 0),
        np.full((ops, wide), -1, np.int64),
        full(ops, NONE), full(ops, NONE), full(ops, -1),
        full(ops, -1), full(ops, NONE), full(ops, NONE), full(ops, -1),
        full(int(first[-1]), 0), np.zeros(int(first[-1])), first, full(len(room), 0),
    )  # fmt: skip


@njit(cache=True)
def put(s: Any, r: int, x: int, begin: int, end: int) -> None:
    """Add span ``x`` to the list of resource ``r``."""
    s.begin[x], s.end[x] = begin, end
    before = s.tail[r]
    while before >= 0 and (s.begin[before] > begin or (s.begin[before] == begin and s.end[before] > end)):
        before = s.prev[before]
    after = s.head[r] if before < 0 else s.next[before]
    s.prev[x], s.next[x] = before, after
    if before < 0:
        s.head[r] = x
    else:
        s.next[before] = x
    if after < 0:
        s.tail[r] = x
    else:
        s.prev[after] = x


@njit(cache=True)
def take(s: Any, r: int, x: int) -> None:
    """Take span ``x`` off the list of resource ``r``."""
    before, after = s.prev[x], s.next[x]
    if before < 0:
        s.head[r] = after
    else:
        s.next[before] = after
    if after < 0:
        s.tail[r] = before
    else:
        s.prev[after] = before


@njit(cache=True)
def clash(s: Any, r: int, begin: int, end: int) -> int:
    """Return the end of the last busy span of ``r`` that meets ``[begin, end)``, or -NONE."""
    x = s.tail[r]
    while x >= 0 and s.begin[x] >= end:
        x = s.prev[x]
    # spans of one resource do not meet each other, so the last one decides
    if x >= 0 and s.end[x] > begin:
        return int(s.end[x])
    return -NONE


@njit(cache=True)
def interval_at(f: Any, r: int, t: int) -> int:
    """Return the first open interval of resource ``r`` that ends after ``t``; one past the last if none does."""
    c = f.cal[r]
    low, high = f.cal_first[c], f.cal_first[c + 1]
    while low < high:
        middle = (low + high) // 2
        if f.cal_end[middle] > t:
            high = middle
        else:
            low = middle + 1
    return int(low)


@njit(cache=True)
def work(f: Any, unit: int, person: int, t: int, time: int, pausable: bool) -> tuple[int, int]:
    """Return start and end of ``time`` ticks of work from ``t`` on while unit and person (or -1) are both there."""
    i, last_i = interval_at(f, unit, t), f.cal_first[f.cal[unit] + 1]
    j, last_j = 0, 1
    if person >= 0:
        j, last_j = interval_at(f, person, t), f.cal_first[f.cal[person] + 1]
    start, left = NONE, time
    while i < last_i and j < last_j:
        low, high = max(f.cal_start[i], t), f.cal_end[i]
        if person >= 0:
            low, high = max(low, f.cal_start[j]), min(high, f.cal_end[j])
        if high > low and (pausable or high - low >= time):
            if start == NONE:
                start = low
            if high - low >= left:
                return start, low + left
            left -= high - low
        if person >= 0 and f.cal_end[j] < f.cal_end[i]:
            j += 1
        else:
            i += 1
    return NONE, NONE


@njit(cache=True)
def set_up(f: Any, s: Any, unit: int, time: int, low: int, high: int) -> tuple[int, int]:
    """Return begin (NONE: there is none) and setter (-1: nobody) of the earliest set-up in ``[low, high)``."""
    group = f.setter[unit]
    best, by = NONE, -1
    if group < 0:
        best = work(f, unit, -1, low, time, False)[0]
    else:
        for g in range(f.group_first[group], f.group_first[group + 1]):
            person, t = f.member[g], low
            while True:
                begin, end = work(f, unit, person, t, time, False)
                if begin >= best or end > high:
                    break
                busy = clash(s, person, begin, end)
                if busy == -NONE:
                    best, by = begin, person
                    break
                # an earlier gap may be before the last clash: step past the first one only
                t = first_clash_end(s, person, begin, end)
    if best + time > high:
        return NONE, -1
    return best, by


@njit(cache=True)
def first_clash_end(s: Any, r: int, begin: int, end: int) -> int:
    """Return the end of the first busy span of ``r`` that meets ``[begin, end)``; there is one."""
    x = s.tail[r]
    found = end
    while x >= 0 and s.end[x] > begin:
        if s.begin[x] < end:
            found = s.end[x]
        x = s.prev[x]
    return int(found)


@njit(cache=True)
def level_clash(s: Any, p: int, begin: int, end: int, room: float) -> int:
    """Return the end of the last step of profile ``p`` that is above ``room`` in ``[begin, end)``, or -NONE."""
    first, count = s.level_first[p], s.level_count[p]
    i = np.searchsorted(s.level_time[first : first + count], end)  # steps before it begin before the end
    while i > 0:
        i -= 1
        if s.level[first + i] > room + 1e-9:
            upto = s.level_time[first + i + 1] if i + 1 < count else NONE
            if upto > begin:
                return int(upto)
        if s.level_time[first + i] <= begin:
            break
    return -NONE


@njit(cache=True)
def _step(s: Any, p: int, t: int) -> int:
    """Return the step of profile ``p`` that begins at ``t``, made if need be."""
    first, count = s.level_first[p], s.level_count[p]
    i = np.searchsorted(s.level_time[first : first + count], t)
    if i < count and s.level_time[first + i] == t:
        return int(i)
    for k in range(first + count, first + i, -1):
        s.level_time[k], s.level[k] = s.level_time[k - 1], s.level[k - 1]
    s.level_time[first + i] = t
    s.level[first + i] = s.level[first + i - 1] if i > 0 else 0.0
    s.level_count[p] = count + 1
    return int(i)


@njit(cache=True)
def raise_level(s: Any, p: int, begin: int, end: int, much: float) -> None:
    """Add ``much`` to profile ``p`` in ``[begin, end)``; steps that part equal levels again are taken out."""
    if end <= begin or much == 0.0:
        return
    low = _step(s, p, begin)
    high = _step(s, p, end)
    first = s.level_first[p]
    for k in range(first + low, first + high):
        s.level[k] += much
    for i in (high, low):
        before = s.level[first + i - 1] if i > 0 else 0.0
        if abs(s.level[first + i] - before) < 1e-9:
            s.level_count[p] -= 1
            for k in range(first + i, first + s.level_count[p]):
                s.level_time[k], s.level[k] = s.level_time[k + 1], s.level[k + 1]
