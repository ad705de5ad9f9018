"""From priorities to a plan: operations are placed one after the other, each as early as every rule lets it.

A serial schedule-generation scheme (Kolisch 1996, doi:10.1016/0377-2217(95)00357-6) that fills gaps. Operations whose
waits are limited (a longest lag, a buffer) are placed together: one that would wait too long pushes those before it.
"""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np

from chanye.engines.jit import kernel
from chanye.engines.planning.arrays import LOOSE
from chanye.engines.planning.timeline import (
    NONE,
    clash,
    first_clash_end,
    interval_at,
    level_clash,
    put,
    raise_level,
    set_up,
    take,
    work,
)

#: How often the operations of a part may push each other before it goes behind everything else, and then at all.
_PUSHES = 400


@kernel
def _setup(f: Any, s: Any, unit: int, before: int, o: int) -> int:
    """Return the set-up time of ``o`` behind ``before`` (-1: what the unit is set up for). [tick]."""
    matrix = f.units.matrix[unit]
    if matrix < 0:
        return 0
    family = f.units.state[unit] if before < 0 else f.ops.family[before]
    return int(f.setups[matrix, family, f.ops.family[o]])


@kernel
def _person(f: Any, s: Any, m: int, o: int, t: int, high: int, person: int, out: Any) -> tuple[int, int]:
    """Return the earliest start and end from ``t`` on with a free person, who goes into ``out[0]``."""
    unit, time, pausable, group = f.modes.unit[m], f.modes.time[m], f.ops.pausable[o], f.modes.skill[m]
    if group < 0:
        return work(f, unit, -1, t, time, pausable)
    start, end = NONE, NONE
    for g in range(f.groups.group_from[group], f.groups.group_to[group]):
        one, at = f.member[g], t
        if person >= 0 and one != person:
            continue
        while True:
            a, b = work(f, unit, one, at, time, pausable)
            if b >= end or b > high:
                break
            if clash(s, one, a, b) == -NONE:
                start, end, out[0] = a, b, one
                break
            at = first_clash_end(s, one, a, b)
    return start, end


@kernel
def _tools(f: Any, s: Any, m: int, start: int, end: int, out: Any) -> int:
    """Return ``start`` if a piece of each tool is free in ``[start, end)``, or else when one may be."""
    later = start
    for g in range(f.modes.tool_from[m], f.modes.tool_to[m]):
        tool, free = f.tool[g], NONE
        for i in range(f.groups.group_from[tool], f.groups.group_to[tool]):
            one = f.member[i]
            if clash(s, one, start, end) == -NONE:
                free, out[1 + g - f.modes.tool_from[m]] = start, one
                break
            free = min(free, first_clash_end(s, one, start, end))
        later = max(later, free)
    return later


@kernel
def _crew(f: Any, s: Any, m: int, o: int, t: int, high: int, person: int, out: Any) -> tuple[int, int]:
    """Return the earliest start and end from ``t`` on with everybody there; who in ``out``."""
    out[:] = -1
    while True:
        start, end = _person(f, s, m, o, t, high, person, out)
        if end > high or end >= NONE:
            return NONE, NONE
        later = _tools(f, s, m, start, end, out)
        if later == start and f.peak >= 0 and f.modes.power[m] > 0:
            later = max(start, level_clash(s, len(f.places), start, end, f.peak - f.modes.power[m]))
        if later == start:
            return start, end
        t = later


@kernel
def _gap(f: Any, s: Any, m: int, o: int, t: int, before: int, after: int, person: int, out: Any, crew: Any) -> bool:
    """Fit ``o`` between two neighbours; ``out`` gets start, end, set-up begin, setter, and those of the one after."""
    unit, time = f.modes.unit[m], f.modes.time[m]
    low = t if before < 0 else max(t, s.ops.finish[before])
    out[2], out[3], out[4], out[5], out[6], out[8] = NONE, -1, NONE, -1, 0, after
    high = NONE
    need = 0
    if after >= 0:
        high = s.spans.begin[after]
        held = 0 if s.ops.set_begin[after] == NONE else s.ops.set_end[after] - s.ops.set_begin[after]
        need = _setup(f, s, unit, o, after) if s.ops.start[after] > f.now else 0
        if need != held:
            high, out[6] = s.ops.start[after] - need, 1
    if low + time > high:
        return False
    first = _setup(f, s, unit, before, o)
    if first > 0 and not (f.ops.pinned[o] != LOOSE and f.ops.pinned[o] <= f.now):
        free = f.now if before < 0 else max(f.now, s.ops.finish[before])
        begin, by = set_up(f, s, unit, first, free, high)
        if begin == NONE:
            return False
        out[2], out[3] = begin, by
        low = max(low, begin + first)
    start, end = _crew(f, s, m, o, low, high, person, crew)
    if end > high:
        return False
    if out[2] != NONE and start > out[2] + first:
        begin, _ = work(f, unit, out[3], start - first, first, False)
        if begin == start - first and (out[3] < 0 or clash(s, out[3], begin, start) == -NONE):
            out[2] = begin  # just before it: nothing stands set up for long
    out[0], out[1] = start, end
    if out[6] and need:
        begin, by = set_up(f, s, unit, need, end, s.ops.start[after])
        out[4], out[5] = begin, by
        return bool(begin != NONE)
    return True


@kernel
def _join(f: Any, s: Any, m: int, o: int, t: int) -> int:
    """Return the batch with room that ends first and may take ``o`` from ``t`` on, or -1."""
    unit = f.modes.unit[m]
    best, x = -1, s.res.tail[unit]
    while x >= 0 and s.ops.start[x] >= t:
        held = s.ops.mode[x]
        same = f.ops.family[x] == f.ops.family[o] and f.modes.skill[held] == f.modes.skill[m]
        fits = s.ops.load[x] + f.ops.volume[o] <= f.units.batch[unit] and f.modes.time[held] >= f.modes.time[m]
        if same and fits:
            tools = f.modes.tool_to[m] > f.modes.tool_from[m]
            room = f.peak - f.modes.power[m]
            power = f.peak >= 0 and level_clash(s, len(f.places), s.ops.start[x], s.ops.finish[x], room) != -NONE
            if not tools and not power and f.ops.pausable[x] == f.ops.pausable[o]:
                best = x
        x = s.spans.prev[x]
    return int(best)


@kernel
def _fit(f: Any, s: Any, m: int, o: int, t: int, out: Any, crew: Any) -> None:
    """Find the earliest place of ``o`` in mode ``m`` from ``t`` on; ``out[1]`` is NONE if there is none."""
    unit, person = f.modes.unit[m], -1
    if f.ops.pinned[o] != LOOSE:
        person = f.ops.pin_person[o]
    joins = -1
    if f.units.batch[unit] > 0:
        joins = _join(f, s, m, o, t)
    after, before = -1, s.res.tail[unit]
    while before >= 0 and s.spans.begin[before] > t:
        after, before = before, s.spans.prev[before]
    while True:
        if _gap(f, s, m, o, t, before, after, person, out, crew):
            break
        if after < 0:
            out[1] = NONE
            break
        before, after = after, s.spans.next[after]
    out[7] = -1
    if joins >= 0 and s.ops.finish[joins] <= out[1]:
        out[0], out[1], out[2], out[7] = s.ops.start[joins], s.ops.finish[joins], NONE, joins


@kernel
def _setter_span(s: Any, o: int) -> int:
    return int(len(s.ops) * (1 + s.crew.shape[1]) + o)


@kernel
def _new_setup(s: Any, o: int, begin: int, end: int, by: int) -> None:
    """Give ``o`` another set-up, or none if ``begin`` is NONE."""
    if s.ops.set_by[o] >= 0:
        take(s, s.ops.set_by[o], _setter_span(s, o))
    s.ops.set_begin[o], s.ops.set_end[o], s.ops.set_by[o] = begin, end, by
    s.spans.begin[o] = s.ops.start[o] if begin == NONE else begin
    if by >= 0:
        put(s, by, _setter_span(s, o), begin, end)


@kernel
def _arrival(f: Any, s: Any, o: int, unit: int) -> tuple[int, int]:
    """Return when the parts of ``o`` have come to a unit, and the operation they came from last (-1: none placed)."""
    at, last = -NONE, -1
    for i in range(f.ops.link_from[o], f.ops.link_to[o]):
        p = f.links.pred[i]
        if s.ops.start[p] == NONE:
            continue
        come = s.ops.finish[p] + f.transport[f.units.area[f.modes.unit[s.ops.mode[p]]], f.units.area[unit]]
        if come > at:
            at, last = come, p
    return at, last


@kernel
def _commit(f: Any, s: Any, m: int, o: int, out: Any, crew: Any) -> None:
    unit = f.modes.unit[m]
    s.ops.mode[o], s.ops.start[o], s.ops.finish[o] = m, out[0], out[1]
    s.ops.changed[o] = -1
    s.ops.leader[o] = o if out[7] < 0 else out[7]
    s.ops.load[s.ops.leader[o]] += f.ops.volume[o]
    s.crew[o, :] = -1
    if f.peak >= 0:
        raise_level(s, len(f.places), out[0], out[1], f.modes.power[m])
    if f.units.buffer[unit] >= 0:
        come, last = _arrival(f, s, o, unit)
        if last >= 0:
            raise_level(s, f.units.buffer[unit], come, out[0], 1.0)
    if out[7] >= 0:
        return
    s.ops.set_begin[o], s.ops.set_by[o] = NONE, -1
    if out[6]:  # the one after gives way first, so that spans stay sorted
        after = out[8]
        s.ops.changed[o] = after
        s.ops.old_begin[o], s.ops.old_end[o] = s.ops.set_begin[after], s.ops.set_end[after]
        s.ops.old_by[o] = s.ops.set_by[after]
        need = _setup(f, s, unit, o, after)
        _new_setup(s, after, out[4], NONE if out[4] == NONE else out[4] + need, out[5])
    first = 0 if out[2] == NONE else _setup_length(f, s, unit, o, out[0])
    put(s, unit, o, out[0] if out[2] == NONE else out[2], out[1])
    if out[2] != NONE:
        _new_setup(s, o, out[2], out[2] + first, out[3])
    for i in range(s.crew.shape[1]):
        s.crew[o, i] = crew[i]
        if crew[i] >= 0:
            put(s, crew[i], len(s.ops) * (1 + i) + o, out[0], out[1])


@kernel
def _setup_length(f: Any, s: Any, unit: int, o: int, start: int) -> int:
    """Return the set-up time of ``o`` behind what ends before ``start``. [tick]."""
    before = s.res.tail[unit]
    while before >= 0 and s.spans.begin[before] >= start:
        before = s.spans.prev[before]
    return _setup(f, s, unit, before, o)


@kernel
def _undo(f: Any, s: Any, o: int) -> None:
    """Take back the operation that was placed last."""
    m = s.ops.mode[o]
    unit = f.modes.unit[m]
    if f.peak >= 0:
        raise_level(s, len(f.places), s.ops.start[o], s.ops.finish[o], -f.modes.power[m])
    if f.units.buffer[unit] >= 0:
        come, last = _arrival(f, s, o, unit)
        if last >= 0:
            raise_level(s, f.units.buffer[unit], come, s.ops.start[o], -1.0)
    s.ops.load[s.ops.leader[o]] -= f.ops.volume[o]
    if s.ops.leader[o] == o:
        after = s.ops.changed[o]
        if after >= 0:
            _new_setup(s, after, s.ops.old_begin[o], s.ops.old_end[o], s.ops.old_by[o])
        if s.ops.set_by[o] >= 0:
            take(s, s.ops.set_by[o], _setter_span(s, o))
        s.ops.set_begin[o], s.ops.set_end[o], s.ops.set_by[o] = NONE, NONE, -1
        take(s, unit, o)
        for i in range(s.crew.shape[1]):
            if s.crew[o, i] >= 0:
                take(s, s.crew[o, i], len(s.ops) * (1 + i) + o)
                s.crew[o, i] = -1
    s.ops.leader[o] = o
    s.ops.start[o] = s.ops.finish[o] = NONE


@kernel
def _ready(f: Any, s: Any, o: int, unit: int, floor_: int) -> int:
    t = max(floor_, f.now)
    for i in range(f.ops.link_from[o], f.ops.link_to[o]):
        p = f.links.pred[i]
        if s.ops.start[p] != NONE:
            way = f.transport[f.units.area[f.modes.unit[s.ops.mode[p]]], f.units.area[unit]]
            t = max(t, s.ops.finish[p] + f.links.pred_least[i] + way)
    return int(t)


@kernel
def _place(f: Any, s: Any, o: int, low: int, fixed: int, wish: int, stick: int, out: Any, crew: Any) -> bool:
    """Place ``o`` in the mode with the earliest end; another than ``wish`` costs ``stick`` ticks."""
    best, cost = -1, NONE
    for m in range(f.ops.mode_from[o], f.ops.mode_to[o]):
        if fixed >= 0 and m != fixed:
            continue
        _fit(f, s, m, o, _ready(f, s, o, f.modes.unit[m], low), out, crew)
        if out[1] >= NONE:
            continue
        price = out[1] + (stick if wish >= 0 and f.modes.unit[m] != f.modes.unit[wish] else 0)
        if price < cost:
            best, cost = m, price
    if best < 0:
        return False
    _fit(f, s, best, o, _ready(f, s, o, f.modes.unit[best], low), out, crew)
    _commit(f, s, best, o, out, crew)
    return True


@kernel
def _push(f: Any, s: Any, o: int) -> tuple[int, int]:
    """Return which operation before ``o`` must come later, and by how much at least; (-1, 0) if nothing must."""
    unit = f.modes.unit[s.ops.mode[o]]
    for i in range(f.ops.link_from[o], f.ops.link_to[o]):
        p = f.links.pred[i]
        if f.links.pred_most[i] >= 0 and s.ops.start[p] != NONE:
            way = f.transport[f.units.area[f.modes.unit[s.ops.mode[p]]], f.units.area[unit]]
            over = s.ops.start[o] - s.ops.finish[p] - way - f.links.pred_most[i]
            if over > 0:
                return p, over
    b = f.units.buffer[unit]
    if b >= 0:
        at, last = _arrival(f, s, o, unit)
        full = level_clash(s, b, at, s.ops.start[o], float(f.places[b]))
        if last >= 0 and full != -NONE:
            # its own place counts too: what makes it too many ends at ``full``, or at its start
            return last, max(1, min(full, s.ops.start[o]) - at)
    return -1, 0


@kernel
def _back(f: Any, s: Any, i: int, o: int) -> int:
    """Take back what was placed of a part, from place ``i`` to operation ``o``; return the place of ``o``."""
    while True:
        if f.ops.pinned[f.part[i]] == LOOSE and s.ops.start[f.part[i]] != NONE:
            _undo(f, s, f.part[i])
        if f.part[i] == o:
            return i
        i -= 1


@kernel
def _try_part(f: Any, s: Any, k: int, least: Any, fixed: Any, wish: Any, stick: int, out: Any, crew: Any) -> int:
    """Place the operations of a part, none before ``least``; return the one that fits nowhere, or -1."""
    first, last = f.parts.part_from[k], f.parts.part_to[k]
    i, pushes = first, 0
    while i < last:
        o = f.part[i]
        if f.ops.pinned[o] != LOOSE:
            i += 1
            continue
        if pushes > _PUSHES or not _place(f, s, o, least[i - first], fixed[o], wish[o], stick, out, crew):
            break
        p, over = _push(f, s, o)
        if p < 0:
            i += 1
            continue
        if f.ops.pinned[p] != LOOSE:
            break
        at = s.ops.start[p] + over
        i = _back(f, s, i, p)
        least[i - first] = at
        pushes += 1
    if i == last:
        return -1
    o = f.part[i]
    _back(f, s, i, f.part[first])
    return int(o)


@kernel
def _part(f: Any, s: Any, k: int, low: Any, fixed: Any, wish: Any, stick: int, out: Any, crew: Any) -> int:
    """Place the operations of a part together, behind everything if need be; return what fits nowhere, or -1."""
    first, last = f.parts.part_from[k], f.parts.part_to[k]
    least = np.empty(last - first, np.int64)
    for i in range(first, last):
        least[i - first] = max(f.ops.earliest[f.part[i]], low[f.part[i]])
    failed = _try_part(f, s, k, least, fixed, wish, stick, out, crew)
    if failed < 0 or last - first == 1:
        return failed
    behind = f.now
    for o in range(len(s.ops)):
        if s.ops.start[o] != NONE:
            behind = max(behind, s.ops.finish[o])
    for i in range(first, last):
        least[i - first] = max(f.ops.earliest[f.part[i]], low[f.part[i]], behind)
    return _try_part(f, s, k, least, fixed, wish, stick, out, crew)


@kernel
def _clear(s: Any) -> None:
    s.res.head[:] = -1
    s.res.tail[:] = -1
    s.ops.start[:] = NONE
    s.ops.finish[:] = NONE
    s.ops.load[:] = 0
    s.crew[:, :] = -1
    s.ops.set_begin[:] = NONE
    s.ops.set_end[:] = NONE
    s.ops.set_by[:] = -1
    s.profiles.level_count[:] = 0
    for o in range(len(s.ops)):
        s.ops.leader[o] = o


@kernel
def _pins(f: Any, s: Any, out: Any, crew: Any) -> int:
    """Place what is pinned in order of start; return the first that cannot be there, or -1."""
    for o in np.argsort(f.ops.pinned.copy(), kind="mergesort"):
        if f.ops.pinned[o] == LOOSE:
            continue
        m = f.ops.mode_from[o] + f.ops.pin_mode[o]
        _fit(f, s, m, o, f.ops.pinned[o], out, crew)
        if out[1] >= NONE or out[0] != f.ops.pinned[o]:
            return int(o)
        _commit(f, s, m, o, out, crew)
    return -1


@kernel
def decode(f: Any, s: Any, rank: Any, low: Any, fixed: Any, wish: Any, stick: int) -> int:
    """Make the plan of some priorities in ``s``; return -1, or the operation that fits nowhere.

    Parameters
    ----------
    rank
        Shape (ops,): of what may be placed next, the part with the least rank is.
    low
        Shape (ops,): no start before it. [tick]
    fixed, wish
        Shape (ops,): the mode it must have, or should have; -1: any.
    stick
        What another work unit than the wished costs. [tick]
    """
    _clear(s)
    out = np.zeros(9, np.int64)
    crew = np.full(s.crew.shape[1], -1, np.int64)
    failed = _pins(f, s, out, crew)
    if failed < 0:
        failed = _parts(f, s, rank, low, fixed, wish, stick, out, crew)
    if failed >= 0:
        return failed
    for o in range(len(rank)):
        waits = f.ops.pinned[o] != LOOSE and f.ops.pinned[o] > f.now
        if waits and _ready(f, s, o, f.modes.unit[s.ops.mode[o]], f.now) > s.ops.start[o]:
            return o
    return -1


@kernel
def _parts(f: Any, s: Any, rank: Any, low: Any, fixed: Any, wish: Any, stick: int, out: Any, crew: Any) -> int:
    """Place part after part by rank; return the operation that fits nowhere, or -1."""
    parts = len(f.parts.waits)
    waits = f.parts.waits.copy()
    order = np.full(parts, np.inf)
    for o in range(len(rank)):
        order[f.ops.part_of[o]] = min(order[f.ops.part_of[o]], rank[o])
    heap = [(np.inf, -1)]
    for k in range(parts):
        if waits[k] == 0:
            heapq.heappush(heap, (order[k], k))
    while True:
        k = heapq.heappop(heap)[1]
        if k < 0:
            break
        failed = _part(f, s, k, low, fixed, wish, stick, out, crew)
        if failed >= 0:
            return failed
        for i in range(f.parts.after_from[k], f.parts.after_to[k]):
            after = f.part_after[i]
            waits[after] -= 1
            if waits[after] == 0:
                heapq.heappush(heap, (order[after], after))
    return -1


@kernel
def _energy(f: Any, s: Any, o: int) -> float:
    """Return what the energy of an operation costs. [fen]."""
    m, cost = s.ops.mode[o], 0.0
    lead = s.ops.leader[o]
    unit, person = f.modes.unit[m], s.crew[lead, 0]
    t, left = s.ops.start[o], f.modes.time[s.ops.mode[lead]]
    while left > 0:
        # one stretch of work at a time: up to the next pause
        begin, _ = work(f, unit, person, t, 1, True)
        i = interval_at_end(f, unit, begin)
        end = min(begin + left, i)
        if person >= 0:
            end = min(end, interval_at_end(f, person, begin))
        for k in range(len(f.prices)):
            common = min(end, f.prices.price_end[k]) - max(begin, f.prices.price_start[k])
            if common > 0:
                cost += common * f.prices.price[k]
        left -= end - begin
        t = end
    return float(cost * f.modes.power[m] / f.hour)


@kernel
def interval_at_end(f: Any, r: int, t: int) -> int:
    """Return when the open interval around ``t`` ends. [tick]."""
    return int(f.open.cal_end[interval_at(f, r, t)])


@kernel
def score(f: Any, s: Any, old_unit: Any, old_start: Any) -> Any:
    """Return weighted tardiness, makespan, set-up time, energy cost, changed units and ticks moved of a plan."""
    value = np.zeros(6)
    done = np.full(len(f.jobs), -NONE, np.int64)
    for o in range(len(s.ops)):
        done[f.ops.job[o]] = max(done[f.ops.job[o]], s.ops.finish[o])
        if s.ops.set_begin[o] != NONE:
            value[2] += s.ops.set_end[o] - s.ops.set_begin[o]
        if len(f.prices) and f.modes.power[s.ops.mode[o]] > 0:
            value[3] += _energy(f, s, o)
        if old_unit[o] >= 0:
            value[4] += f.modes.unit[s.ops.mode[o]] != old_unit[o]
            value[5] += abs(s.ops.start[o] - old_start[o])
    for j in range(len(f.jobs)):
        value[0] += f.jobs.weight[j] * max(0, done[j] - f.jobs.due[j])
        value[1] = max(value[1], done[j])
    return value
