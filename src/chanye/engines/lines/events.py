"""The event engine, for what the recursion cannot: rework, shared operators, dispatch rules, re-entrance, transport.

Only the ends of operations, arrivals and the ends of transports are events. Failures, closed hours and set-ups are
worked into an operation when it begins (``operate``), so on lines that both can simulate the two engines draw the
same numbers and give the same times.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import prange

from chanye.engines.jit import inlined, lean, parallel, spliced
from chanye.engines.lines import compiled as c
from chanye.engines.lines.check import order_of, require_sound
from chanye.engines.lines.compiled import Stations, compile_stations
from chanye.engines.lines.draws import F64, I64, QUALITY, U64, WORK, law_of, streams, uniform, variate
from chanye.engines.lines.heap import Heap, drop, push
from chanye.engines.lines.operate import LAST, MEMORY, first_failure, opened, operate
from chanye.engines.lines.recursion import MARKS, Trace
from chanye.engines.lines.types import Line
from chanye.kernel.errors import ConfigError

#: Columns of a place (a station): room with servers, transport towards it does not count as work, operators, rule.
CAP, POOL, RULE, BACK, FIRST, AFTER, HEAD, TAIL, HELD, B_HEAD, B_TAIL, PLACES = range(12)
#: Columns of a server.
STATION, PART, NEXT_BLOCKED, NEXT_WAITING, SERVERS = range(5)
#: Columns of a part.
MODEL, STEP, NEXT, PARTS = range(4)
#: Columns of a part's times, and of a place's numbers.
CAME, DUE, TIMES = range(3)
WAY, REWORK, REALS = range(3)
#: Columns of a pool of operators.
FREE, P_HEAD, P_TAIL, POOLS = range(4)
#: Counters: parts let in, parts out, first free record, records ever used, state, events,
#: servers that are ready to begin.
IN, OUT, SPARE, USED, STATE, EVENTS, READY, COUNTS = range(8)
GOING, FULL = 0, 1
FIFO, SHORTEST, FAMILY, BY_DUE = range(4)
_RULES = {"fifo": FIFO, "shortest": SHORTEST, "family": FAMILY, "due": BY_DUE}
#: More parts inside at once than this: arrivals outrun the line.
INSIDE = 100_000


class Given(NamedTuple):
    """What does not change: ``route`` (models, steps) ended by -1, and the rest by columns."""

    place: I64
    real: F64
    route: I64
    sequence: I64
    arrival: F64
    allowance: F64
    server: I64
    pool: I64


class Shop(NamedTuple):
    """Servers as stations and what else does not change (numba's parallel loops take no tuples within tuples)."""

    s: Stations
    real: F64
    route: I64
    sequence: I64
    arrival: F64
    allowance: F64
    server: I64


class World(NamedTuple):
    """What changes during a replication; rows as the columns above say."""

    place: I64
    server: I64
    pool: I64
    part: I64
    times: F64
    since: F64
    ready: I64
    tally: I64
    state: U64
    clock: F64
    memory: I64
    stats: F64
    came: F64
    left: F64
    marks: F64


def compile_shop(line: Line) -> tuple[Stations, Given]:
    """Return a sound line as arrays.

    Raises
    ------
    ConfigError
        If the line is not sound, or has an assembly.
    """
    require_sound(line)
    routes = _routes(line)
    rows = [i for i, one in enumerate(line.stations) for _ in range(one.servers)]
    index = {one.name: i for i, one in enumerate(line.stations)}
    into = {link.after: link for link in line.links}
    place = np.full((len(line.stations), PLACES), -1, np.int64)
    real = np.zeros((len(line.stations), REALS))
    pools = [name for name, _people in line.pools]
    for i, one in enumerate(line.stations):
        link = into.get(one.name)
        room = link.space if link else one.room
        place[i, CAP] = 2**40 if room is None else room + one.servers
        place[i, POOL] = pools.index(one.pool) if one.pool else -1
        place[i, RULE], place[i, HELD] = _RULES[one.dispatch], 0
        place[i, FIRST] = rows.index(i)
        place[i, AFTER] = place[i, FIRST] + one.servers
        real[i, WAY] = link.transport if link else one.transport
        if one.rework:
            real[i, REWORK], place[i, BACK] = one.rework.share, index[one.rework.to]
    server = np.full((len(rows), SERVERS), -1, np.int64)
    server[:, STATION] = rows
    pool = np.array([(people, -1, -1) for _name, people in line.pools], np.int64).reshape(-1, POOLS)
    arrival = np.array([line.arrival.mean, *law_of(line.arrival)] if line.arrival else [0.0] * 4)
    allowance = np.array([*line.allowance, *[np.inf] * line.models][: line.models])
    sequence = np.array(line.sequence, np.int64)
    given = Given(place, real, routes, sequence, arrival, allowance, server, pool)
    return compile_stations(line, rows), given


def _routes(line: Line) -> I64:
    index = {one.name: i for i, one in enumerate(line.stations)}
    if line.routes:
        found = [[index[name] for name in route] for route in line.routes[: line.models]]
    else:
        befores, afters = [one.before for one in line.links], [one.after for one in line.links]
        chain = len(set(befores)) == len(befores) and len(set(afters)) == len(afters)
        if not chain or len(line.links) != len(line.stations) - 1:
            raise ConfigError("The event engine simulates chains and routes: leave assemblies to the recursion.")
        found = [order_of(line) or []] * line.models
    for station in line.stations:
        here = index[station.name]
        for number, route in enumerate(found):
            if station.rework and here in route and index[station.rework.to] not in route:
                raise ConfigError(f"Rework of {station.name!r} leads off the route of model {number}.")
    routes = np.full((len(found), max(map(len, found)) + 1), -1, np.int64)
    for row, route in zip(routes, found, strict=True):
        row[: len(route)] = route
    return routes


def trace(
    shop: tuple[Stations, Given], *, parts: int, seed: int, replications: I64, inside: int = INSIDE
) -> tuple[Trace, int]:
    """Simulate replications until ``parts`` have left in each; return what happened, and how many events that took.

    Raises
    ------
    ConfigError
        If the line locks up, or arrivals outrun it.
    """
    came, left, marks, count = _runs(*shop, parts, seed, np.asarray(replications, np.int64), inside)
    if (count[:, STATE] == FULL).any():
        raise ConfigError(
            f"More than {inside} parts are inside: arrivals outrun the line, add capacity or let in fewer."
        )
    if (count[:, OUT] < parts).any():
        raise ConfigError(
            "The line locks up: parts wait for each other's room. Give more room where rework comes back."
        )
    return Trace(came, left, _by_station(shop[1], marks)), int(count[:, EVENTS].sum())


def _by_station(shop: Given, marks: F64) -> F64:
    """Add the servers of each station; its clock is that of one."""
    found = np.add.reduceat(marks, shop.place[:, FIRST], axis=2)
    servers = shop.place[:, AFTER] - shop.place[:, FIRST]
    found[..., [c.CLOCK, c.OPEN_S]] /= servers[:, None]
    return np.asarray(found, np.float64)


@parallel
def _runs(s: Stations, g: Given, parts: int, seed: int, which: I64, inside: int) -> tuple[F64, F64, F64, I64]:
    runs, many = len(which), len(g.server)
    came, left = np.empty((runs, parts)), np.empty((runs, parts))
    marks, count = np.zeros((runs, MARKS + 1, many, c.STATS)), np.zeros((runs, COUNTS), np.int64)
    for r in prange(runs):
        _run(s, g, seed, which[r], inside, came[r], left[r], marks[r], count[r])
    return came, left, marks, count


@spliced
def _run(
    s: Stations, g: Given, seed: int, run: int, inside: int, came: F64, left: F64, marks: F64, count: I64
) -> None:
    many = len(g.server)
    state, clock = streams(seed, run, many + 1), np.zeros((many, c.CLOCKS))
    memory = np.zeros((many, MEMORY), np.int64)
    for v in range(many):
        memory[v, LAST] = -1
        first_failure(s.real, s.whole, v, state, clock)
    count[SPARE] = -1
    part, times, stats = np.zeros((inside, PARTS), np.int64), np.zeros((inside, TIMES)), np.zeros((many, c.STATS))
    place, server, pool = g.place.copy(), g.server.copy(), g.pool.copy()
    since, ready = np.zeros(many), np.zeros(many, np.int64)
    w = World(place, server, pool, part, times, since, ready, count, state, clock, memory, stats, came, left, marks)
    size = inside + many + 8
    h = Heap(np.empty(size), np.empty(size, np.int64), np.empty(size, np.int64), np.zeros(2, np.int64))
    shop = Shop(s, g.real, g.route, g.sequence, g.arrival, g.allowance, g.server)
    _loop(shop, w, h)


@lean
def _loop(shop: Shop, w: World, h: Heap) -> None:
    """Take events until all parts have left, none is left, or there are too many parts."""
    many, parts, t = len(shop.server), len(w.came), 0.0
    saturated = shop.arrival[0] == 0
    if not saturated:
        push(h, _gap(shop, w), many)
    while True:
        if saturated:
            _feed(shop, w, t)
        _begin(shop, w, h, t)
        if w.tally[OUT] == parts or h.size[0] == 0 or w.tally[STATE] != GOING:
            return
        t, what = h.time[0], h.what[0]
        drop(h)
        w.tally[EVENTS] += 1
        if what < many:
            _ended(shop, w, h, what, t)
        else:
            if what == many:
                push(h, t + _gap(shop, w), many)
                p = _new(shop, w, t)
                w.place[shop.route[w.part[p, MODEL], 0], HELD] += 1
            else:
                p = what - many - 1
            _arrive(shop, w, p, shop.route[w.part[p, MODEL], w.part[p, STEP]], t)


@lean
def _gap(shop: Shop, w: World) -> float:
    a = shop.arrival
    return float(a[0]) * variate(a[1], a[2], a[3], uniform(w.state, len(shop.server), WORK))


@inlined
def _new(shop: Shop, w: World, t: float) -> int:
    """Let a part in; return its record."""
    p = w.tally[SPARE]
    if p >= 0:
        w.tally[SPARE] = w.part[p, NEXT]
    else:
        p = w.tally[USED]
        w.tally[USED] = p + 1
        if p >= len(w.part) - 2:
            w.tally[STATE] = FULL
    model = shop.sequence[w.tally[IN] % len(shop.sequence)]
    w.tally[IN] += 1
    w.part[p, MODEL], w.part[p, STEP], w.part[p, NEXT] = model, 0, -1
    w.times[p, CAME], w.times[p, DUE] = t, t + shop.allowance[model]
    return int(p)


@spliced
def _feed(shop: Shop, w: World, t: float) -> None:
    """Where there is always material: start the next part as soon as a server is idle that it goes to first."""
    while w.tally[STATE] == GOING:
        station = shop.route[shop.sequence[w.tally[IN] % len(shop.sequence)], 0]
        v = _idle(w, station)
        if v < 0:
            return
        p = _new(shop, w, t)
        w.place[station, HELD] += 1
        _take(shop, w, v, p, t)


@inlined
def _idle(w: World, station: int) -> int:
    for v in range(w.place[station, FIRST], w.place[station, AFTER]):
        if w.server[v, PART] < 0:
            return v
    return -1


@inlined
def _arrive(shop: Shop, w: World, p: int, station: int, t: float) -> None:
    """A part is there, and room was kept for it: begin, or queue."""
    v = _idle(w, station)
    if v >= 0:
        _take(shop, w, v, p, t)
        return
    w.part[p, NEXT] = -1
    if w.place[station, HEAD] < 0:
        w.place[station, HEAD] = p
    else:
        w.part[w.place[station, TAIL], NEXT] = p
    w.place[station, TAIL] = p


@inlined
def _take(shop: Shop, w: World, v: int, p: int, t: float) -> None:
    """Server ``v`` takes a part; it is ready when an operator is free."""
    w.server[v, PART] = p
    pool = w.place[w.server[v, STATION], POOL]
    if pool >= 0:
        if w.pool[pool, FREE] == 0:
            w.since[v] = opened(shop.s, v, t, w.clock)
            w.server[v, NEXT_WAITING] = -1
            if w.pool[pool, P_HEAD] < 0:
                w.pool[pool, P_HEAD] = v
            else:
                w.server[w.pool[pool, P_TAIL], NEXT_WAITING] = v
            w.pool[pool, P_TAIL] = v
            return
        w.pool[pool, FREE] -= 1
    w.ready[w.tally[READY]] = v
    w.tally[READY] += 1


@spliced
def _begin(shop: Shop, w: World, h: Heap, t: float) -> None:
    """Begin wherever a part and its operator are ready."""
    for k in range(w.tally[READY]):
        v = w.ready[k]
        p = w.server[v, PART]
        ended, began = operate(shop.s, v, w.part[p, MODEL], t, w.state, w.clock, w.memory, w.stats)
        if w.part[p, STEP] == 0 and shop.arrival[0] == 0 and w.times[p, CAME] == t:
            w.times[p, CAME] = began
        push(h, ended, v)
    w.tally[READY] = 0


@spliced
def _ended(shop: Shop, w: World, h: Heap, v: int, t: float) -> None:
    """An operation ends: hand the operator over, decide where the part goes, move on or stay blocked."""
    station, p = w.server[v, STATION], w.server[v, PART]
    pool = w.place[station, POOL]
    if pool >= 0:
        _release(shop, w, pool, t)
    w.stats[v, c.DONE] += 1
    if shop.s.real[v, c.SCRAP] > 0 and uniform(w.state, v, QUALITY) < shop.s.real[v, c.SCRAP]:
        w.stats[v, c.SCRAPPED] += 1
        _out(shop, w, p, t, lost=True)
        _free(shop, w, h, v, t)
        return
    model = w.part[p, MODEL]
    if shop.real[station, REWORK] > 0 and uniform(w.state, v, QUALITY) < shop.real[station, REWORK]:
        w.stats[v, c.REDONE] += 1
        step = 0
        while shop.route[model, step] != w.place[station, BACK]:
            step += 1
    else:
        step = w.part[p, STEP] + 1
    w.part[p, STEP] = step
    to = shop.route[model, step]
    if to < 0:
        _out(shop, w, p, t, lost=False)
    elif to != station and w.place[to, HELD] >= w.place[to, CAP]:
        _block(shop, w, v, to, t)
        return
    else:
        _send(shop, w, h, p, to, t)
    _free(shop, w, h, v, t)


@inlined
def _release(shop: Shop, w: World, pool: int, t: float) -> None:
    """Give an operator to the server that has waited longest."""
    v = w.pool[pool, P_HEAD]
    if v < 0:
        w.pool[pool, FREE] += 1
        return
    w.pool[pool, P_HEAD] = w.server[v, NEXT_WAITING]
    w.stats[v, c.WAITING] += opened(shop.s, v, t, w.clock) - w.since[v]
    w.ready[w.tally[READY]] = v
    w.tally[READY] += 1


@inlined
def _block(shop: Shop, w: World, v: int, to: int, t: float) -> None:
    w.since[v] = opened(shop.s, v, t, w.clock)
    w.server[v, NEXT_BLOCKED] = -1
    if w.place[to, B_HEAD] < 0:
        w.place[to, B_HEAD] = v
    else:
        w.server[w.place[to, B_TAIL], NEXT_BLOCKED] = v
    w.place[to, B_TAIL] = v


@inlined
def _send(shop: Shop, w: World, h: Heap, p: int, to: int, t: float) -> None:
    """Send a part on: room is kept for it from now on."""
    w.place[to, HELD] += 1
    if shop.real[to, WAY] > 0:
        push(h, t + shop.real[to, WAY], len(shop.server) + 1 + p)
    else:
        _arrive(shop, w, p, to, t)


@inlined
def _free(shop: Shop, w: World, h: Heap, v: int, t: float) -> None:
    """Empty a server; it takes the next part, and whoever waited for the room moves up, and so on upstream."""
    while v >= 0:
        station = w.server[v, STATION]
        w.server[v, PART] = -1
        w.place[station, HELD] -= 1
        p = _choose(shop, w, v, station)
        if p >= 0:
            _take(shop, w, v, p, t)
        v = w.place[station, B_HEAD]
        if v < 0 or w.place[station, HELD] >= w.place[station, CAP]:
            return
        w.place[station, B_HEAD] = w.server[v, NEXT_BLOCKED]
        w.stats[v, c.BLOCKED] += opened(shop.s, v, t, w.clock) - w.since[v]
        _send(shop, w, h, w.server[v, PART], station, t)


@inlined
def _choose(shop: Shop, w: World, v: int, station: int) -> int:
    """Take the next part out of a queue by the station's rule; the first come of those that are equal."""
    head = w.place[station, HEAD]
    if head < 0:
        return -1
    if w.place[station, RULE] == FIFO:
        w.place[station, HEAD] = w.part[head, NEXT]
        return int(head)
    return _best(shop, w, v, station)


@lean
def _best(shop: Shop, w: World, v: int, station: int) -> int:
    best, before, best_rank, last, p = -1, -1, np.inf, -1, w.place[station, HEAD]
    while p >= 0:
        rank = _rank(shop, w, v, station, p)
        if best < 0 or rank < best_rank:
            best, before, best_rank = p, last, rank
        last, p = p, w.part[p, NEXT]
    if before < 0:
        w.place[station, HEAD] = w.part[best, NEXT]
    else:
        w.part[before, NEXT] = w.part[best, NEXT]
    if w.place[station, TAIL] == best:
        w.place[station, TAIL] = before
    return int(best)


@lean
def _rank(shop: Shop, w: World, v: int, station: int, p: int) -> float:
    rule = w.place[station, RULE]
    if rule == SHORTEST:
        return float(shop.s.mean[v, w.part[p, MODEL]])
    if rule == BY_DUE:
        return float(w.times[p, DUE])
    return 0.0 if shop.s.family[v, w.part[p, MODEL]] == w.memory[v, LAST] else 1.0


@inlined
def _out(shop: Shop, w: World, p: int, t: float, lost: bool) -> None:
    """Note a part that leaves, and keep the counters on the way."""
    n, parts = w.tally[OUT], len(w.came)
    w.came[n], w.left[n] = w.times[p, CAME], np.nan if lost else t
    w.tally[OUT] = n + 1
    w.part[p, NEXT] = w.tally[SPARE]
    w.tally[SPARE] = p
    if (n + 1) * MARKS // parts > n * MARKS // parts:
        _note(shop, w, t, n * MARKS // parts + 1, (n + 1) * MARKS // parts)


@lean
def _note(shop: Shop, w: World, t: float, first: int, last: int) -> None:
    for mark in range(first, last + 1):
        for v in range(len(shop.server)):
            w.stats[v, c.CLOCK] = t
            w.stats[v, c.OPEN_S] = opened(shop.s, v, t, w.clock)
            for k in range(c.STATS):
                w.marks[mark, v, k] = w.stats[v, k]
