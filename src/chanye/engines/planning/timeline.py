"""Compiled parts of the decoder: open time, who is busy when, and levels over time.

A resource's busy spans are a doubly linked list sorted by start, walked from its end, since plans grow there.
Spans are numbered: operation ``o`` on its work unit is ``o``; person and tools of an operation and the setter of the
set-up before it have places of their own behind.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chanye.engines.jit import kernel
from chanye.engines.planning.arrays import I64, Floor

#: Later than everything. [tick]
NONE = 1 << 60


class State(NamedTuple):
    """A plan being made, in record arrays: few arguments make kernels quick to compile.

    Parameters
    ----------
    res
        Of each resource: ``head`` and ``tail`` of its spans, -1 if there is none.
    spans
        ``begin``, ``end``, ``next``, ``prev``. On work units ``begin`` includes the set-up. [tick]
    ops
        ``start`` (``NONE`` until placed), ``finish``, ``mode``; ``leader`` is the operation whose batch it shares, or
        itself, ``load`` what its batch holds; ``set_begin`` (``NONE``: no set-up), ``set_end``, ``set_by``;
        ``changed`` is the neighbour whose set-up placing it changed, ``old_*`` what that was.
    crew
        Shape (ops, 1 + tools): resources with it, -1 for nobody.
    levels, profiles
        Steps ``level_time``, ``level`` of each profile, buffers first, power last; ``level_first``, ``level_count``.
    """

    res: Any
    spans: Any
    ops: Any
    crew: NDArray[np.int64]
    levels: Any
    profiles: Any


class Packed(NamedTuple):
    """``Floor`` in record arrays."""

    ops: Any
    links: Any
    modes: Any
    units: Any
    res: Any
    open: Any
    groups: Any
    parts: Any
    jobs: Any
    prices: Any
    setups: Any
    transport: Any
    member: I64
    tool: I64
    places: I64
    part: I64
    part_after: I64
    peak: float
    hour: float
    now: int


def records(**columns: Any) -> Any:
    """Return a record array of columns of one length."""
    kinds = [(name, "f8" if np.asarray(one).dtype == np.float64 else "i8") for name, one in columns.items()]
    table = np.zeros(len(next(iter(columns.values()))), np.dtype(kinds, align=True))
    for name, one in columns.items():
        table[name] = one
    return table


def pack(f: Floor) -> Packed:
    """Return what the kernels read."""
    return Packed(
        records(
            earliest=f.earliest, family=f.family, volume=f.size, pausable=f.pausable, pinned=f.pinned,
            pin_mode=f.pin_mode, pin_person=f.pin_person, job=f.job, part_of=f.part_of,
            mode_from=f.mode_first[:-1], mode_to=f.mode_first[1:], link_from=f.op_first[:-1], link_to=f.op_first[1:],
        ),
        records(pred=f.pred, pred_least=f.pred_least, pred_most=f.pred_most),
        records(
            unit=f.unit, time=f.time, skill=f.skill, power=f.power,
            tool_from=f.tool_first[:-1], tool_to=f.tool_first[1:],
        ),
        records(matrix=f.matrix, state=f.state, setter=f.setter, batch=f.batch, buffer=f.buffer, area=f.area),
        records(open_from=f.cal_first[f.cal], open_to=f.cal_first[f.cal + 1]),
        records(cal_start=f.cal_start, cal_end=f.cal_end),
        records(group_from=f.group_first[:-1], group_to=f.group_first[1:]),
        records(
            part_from=f.part_first[:-1], part_to=f.part_first[1:], waits=f.part_waits,
            after_from=f.part_after_first[:-1], after_to=f.part_after_first[1:],
        ),
        records(due=f.due, weight=f.weight),
        records(price_start=f.price_start, price_end=f.price_end, price=f.price),
        f.setups, f.transport, f.member, f.tool, f.places, f.part, f.part_after, f.peak, f.hour, f.now,
    )  # fmt: skip


def empty_state(f: Floor) -> State:
    """Return a plan with nothing in it."""
    ops, resources = len(f.op_first) - 1, len(f.cal)
    wide = 1 + (int(np.diff(f.tool_first).max()) if len(f.tool_first) > 1 else 0)
    buffered = np.bincount(f.buffer[f.unit][f.buffer[f.unit] >= 0], minlength=len(f.places))
    room = np.concatenate([2 * np.minimum(buffered, ops) + 4, [2 * ops + 4 if f.peak >= 0 else 4]]).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(room)]).astype(np.int64)

    def table(n: int, names: str) -> Any:
        return np.zeros(n, np.dtype([(name, "i8") for name in names.split()], align=True))

    return State(
        table(resources, "head tail"),
        table(ops * (2 + wide), "begin end next prev"),
        table(ops, "start finish mode leader load set_begin set_end set_by changed old_begin old_end old_by"),
        np.full((ops, wide), -1, np.int64),
        records(level_time=np.zeros(int(first[-1]), np.int64), level=np.zeros(int(first[-1]))),
        records(level_first=first[:-1], level_count=np.zeros(len(room), np.int64)),
    )


@kernel
def put(s: Any, r: int, x: int, begin: int, end: int) -> None:
    """Add span ``x`` to the list of resource ``r``."""
    s.spans.begin[x], s.spans.end[x] = begin, end
    before = s.res.tail[r]
    while before >= 0 and s.spans.begin[before] >= begin:
        if s.spans.begin[before] == begin and s.spans.end[before] <= end:
            break
        before = s.spans.prev[before]
    after = s.res.head[r] if before < 0 else s.spans.next[before]
    s.spans.prev[x], s.spans.next[x] = before, after
    if before < 0:
        s.res.head[r] = x
    else:
        s.spans.next[before] = x
    if after < 0:
        s.res.tail[r] = x
    else:
        s.spans.prev[after] = x


@kernel
def take(s: Any, r: int, x: int) -> None:
    """Take span ``x`` off the list of resource ``r``."""
    before, after = s.spans.prev[x], s.spans.next[x]
    if before < 0:
        s.res.head[r] = after
    else:
        s.spans.next[before] = after
    if after < 0:
        s.res.tail[r] = before
    else:
        s.spans.prev[after] = before


@kernel
def clash(s: Any, r: int, begin: int, end: int) -> int:
    """Return the end of the last busy span of ``r`` that meets ``[begin, end)``, or -NONE."""
    x = s.res.tail[r]
    while x >= 0 and s.spans.begin[x] >= end:
        x = s.spans.prev[x]
    # spans of one resource do not meet each other, so the last one decides
    if x >= 0 and s.spans.end[x] > begin:
        return int(s.spans.end[x])
    return -NONE


@kernel
def interval_at(f: Any, r: int, t: int) -> int:
    """Return the first open interval of resource ``r`` that ends after ``t``; one past the last if none does."""
    low, high = f.res.open_from[r], f.res.open_to[r]
    while low < high:
        middle = (low + high) // 2
        if f.open.cal_end[middle] > t:
            high = middle
        else:
            low = middle + 1
    return int(low)


@kernel
def work(f: Any, unit: int, person: int, t: int, time: int, pausable: bool) -> tuple[int, int]:
    """Return start and end of ``time`` ticks of work from ``t`` on while unit and person (or -1) are both there."""
    i, last_i = interval_at(f, unit, t), f.res.open_to[unit]
    j, last_j = 0, 1
    if person >= 0:
        j, last_j = interval_at(f, person, t), f.res.open_to[person]
    start, left = NONE, time
    while i < last_i and j < last_j:
        low, high = max(f.open.cal_start[i], t), f.open.cal_end[i]
        if person >= 0:
            low, high = max(low, f.open.cal_start[j]), min(high, f.open.cal_end[j])
        if high > low and (pausable or high - low >= time):
            if start == NONE:
                start = low
            if high - low >= left:
                return start, low + left
            left -= high - low
        if person >= 0 and f.open.cal_end[j] < f.open.cal_end[i]:
            j += 1
        else:
            i += 1
    return NONE, NONE


@kernel
def set_up(f: Any, s: Any, unit: int, time: int, low: int, high: int) -> tuple[int, int]:
    """Return begin (NONE: there is none) and setter (-1: nobody) of the earliest set-up in ``[low, high)``."""
    group = f.units.setter[unit]
    best, by = NONE, -1
    if group < 0:
        best = work(f, unit, -1, low, time, False)[0]
    else:
        for g in range(f.groups.group_from[group], f.groups.group_to[group]):
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


@kernel
def first_clash_end(s: Any, r: int, begin: int, end: int) -> int:
    """Return the end of the first busy span of ``r`` that meets ``[begin, end)``; there is one."""
    x = s.res.tail[r]
    found = end
    while x >= 0 and s.spans.end[x] > begin:
        if s.spans.begin[x] < end:
            found = s.spans.end[x]
        x = s.spans.prev[x]
    return int(found)


@kernel
def level_clash(s: Any, p: int, begin: int, end: int, room: float) -> int:
    """Return the end of the last step of profile ``p`` that is above ``room`` in ``[begin, end)``, or -NONE."""
    first, count = s.profiles.level_first[p], s.profiles.level_count[p]
    i = np.searchsorted(s.levels.level_time[first : first + count], end)  # steps before it begin before the end
    while i > 0:
        i -= 1
        if s.levels.level[first + i] > room + 1e-9:
            upto = s.levels.level_time[first + i + 1] if i + 1 < count else NONE
            if upto > begin:
                return int(upto)
        if s.levels.level_time[first + i] <= begin:
            break
    return -NONE


@kernel
def _step(s: Any, p: int, t: int) -> int:
    """Return the step of profile ``p`` that begins at ``t``, made if need be."""
    first, count = s.profiles.level_first[p], s.profiles.level_count[p]
    i = np.searchsorted(s.levels.level_time[first : first + count], t)
    if i < count and s.levels.level_time[first + i] == t:
        return int(i)
    for k in range(first + count, first + i, -1):
        s.levels.level_time[k], s.levels.level[k] = s.levels.level_time[k - 1], s.levels.level[k - 1]
    s.levels.level_time[first + i] = t
    s.levels.level[first + i] = s.levels.level[first + i - 1] if i > 0 else 0.0
    s.profiles.level_count[p] = count + 1
    return int(i)


@kernel
def raise_level(s: Any, p: int, begin: int, end: int, much: float) -> None:
    """Add ``much`` to profile ``p`` in ``[begin, end)``; steps that part equal levels again are taken out."""
    if end <= begin or much == 0.0:
        return
    low = _step(s, p, begin)
    high = _step(s, p, end)
    first = s.profiles.level_first[p]
    for k in range(first + low, first + high):
        s.levels.level[k] += much
    for i in (high, low):
        before = s.levels.level[first + i - 1] if i > 0 else 0.0
        if abs(s.levels.level[first + i] - before) < 1e-9:
            s.profiles.level_count[p] -= 1
            for k in range(first + i, first + s.profiles.level_count[p]):
                s.levels.level_time[k], s.levels.level[k] = s.levels.level_time[k + 1], s.levels.level[k + 1]
