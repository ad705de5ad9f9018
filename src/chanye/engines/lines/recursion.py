"""Flow lines without an event list: when each part leaves each station, by maxima and sums.

Part n begins at station j when it has come from all stations before and the part before it has left; it leaves j
when it is finished and every station behind has room, which is when part ``n - space - servers`` has left that one
(blocking after service). Dallery and Gershwin (1992), Queueing Systems 12:3-94, doi 10.1007/BF01158636, section 2;
Buzacott and Shanthikumar (1993), Stochastic Models of Manufacturing Systems, chapters 5 and 6.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import prange

from chanye.engines.jit import inlined, lean, parallel, spliced
from chanye.engines.lines import compiled as c
from chanye.engines.lines.check import order_of, require_sound
from chanye.engines.lines.compiled import Stations, compile_stations
from chanye.engines.lines.draws import (
    B1,
    EXPONENTIAL,
    F64,
    FIXED,
    I64,
    QUALITY,
    U64,
    WORK,
    law_of,
    streams,
    uniform,
    variate,
)
from chanye.engines.lines.operate import LAST, MEMORY, failures, first_failure, opened, operate
from chanye.engines.lines.types import Line
from chanye.kernel.errors import ConfigError

#: How often the counters are kept on the way, so that the warm-up can be taken off afterwards.
MARKS = 100
#: Columns of ``lane``: how plain a station is, its ring, its link out and the ring behind
#: that, whether parts come in or leave here.
PLAIN, AT, MASK, LINK, NEXT_AT, NEXT_MASK, SOURCE, SINK, LANES = range(9)
NOT, HEAD, INNER = 0, 1, 2


class Graph(NamedTuple):
    """Links as arrays: those into station i are ``into[into_first[i]:into_first[i+1]]``, likewise out of it.

    ``arc`` (links, 2): before, after; ``way`` transport [s]; ``scraps``: a part may be missing on the
    way.
    """

    into_first: I64
    into: I64
    out_first: I64
    out: I64
    arc: I64
    way: F64
    scraps: bool


class Flow(NamedTuple):
    """What the recursion reads."""

    stations: Stations
    graph: Graph
    sequence: I64
    arrival: F64
    order: list[int]
    space: I64


class Trace(NamedTuple):
    """What an engine found.

    ``came`` and ``left`` (runs, parts), ``left`` nan where scrapped [s]; ``marks`` (runs, MARKS + 1, stations,
    STATS): the counters when the first ``parts * k // MARKS`` parts had left.
    """

    came: F64
    left: F64
    marks: F64


def applies(line: Line) -> list[str]:
    """Return why the recursion cannot simulate this line; empty: it can."""
    found = []
    if line.routes:
        found.append("parts follow routes")
    if any(one.rework for one in line.stations):
        found.append("parts go back for rework")
    if any(one.pool for one in line.stations):
        found.append("operators are shared")
    if any(one.dispatch != "fifo" for one in line.stations):
        found.append("a dispatch rule chooses")
    if any(one.servers > 1 and (one.breakdown or one.setup or one.tools) for one in line.stations):
        found.append("a station with several servers stops")
    if not line.routes and _scrap_meets_assembly(line):
        found.append("parts are scrapped in front of an assembly")
    return found


def _scrap_meets_assembly(line: Line) -> bool:
    into: dict[str, list[str]] = {one.name: [] for one in line.stations}
    for link in line.links:
        into[link.after].append(link.before)
    lost = {one.name for one in line.stations if one.scrap > 0}
    for i in order_of(line) or []:
        name = line.stations[i].name
        before = lost & set(into[name])
        if before and len(into[name]) > 1:
            return True
        if before:
            lost.add(name)
    return False


def compile_flow(line: Line) -> Flow:
    """Return a sound line as arrays, stations in the order of flow.

    Raises
    ------
    ConfigError
        If the line is not sound, or needs the event engine.
    """
    require_sound(line)
    why = applies(line)
    if why:
        raise ConfigError(f"The recursion cannot simulate this line, use the event engine: {', '.join(why)}.")
    order = order_of(line) or []
    place = {line.stations[number].name: i for i, number in enumerate(order)}
    arc = np.array([(place[a.before], place[a.after]) for a in line.links], np.int64).reshape(-1, 2)
    many = len(order)
    into, out = np.argsort(arc[:, 1], kind="stable"), np.argsort(arc[:, 0], kind="stable")
    firsts = [np.searchsorted(arc[by, column], np.arange(many + 1)) for by, column in ((into, 1), (out, 0))]
    way = np.array([a.transport for a in line.links])
    scraps = any(one.scrap > 0 for one in line.stations)
    graph = Graph(firsts[0].astype(np.int64), into, firsts[1].astype(np.int64), out, arc, way, scraps)
    space = np.array([-1 if a.space is None else a.space for a in line.links], np.int64)
    arrival = np.array([line.arrival.mean, *law_of(line.arrival)] if line.arrival else [0.0] * 4)
    return Flow(compile_stations(line, order), graph, np.array(line.sequence, np.int64), arrival, order, space)


def trace(flow: Flow, *, parts: int, seed: int, replications: I64, spaces: I64 | None = None) -> Trace:
    """Simulate runs, in parallel where numba has threads.

    Parameters
    ----------
    replications
        Shape (runs,): which random streams each run meets.
    spaces
        Shape (runs, links): its buffers; None: those of the line. A line without links has one column.
    """
    which = np.asarray(replications, np.int64)
    given = np.tile(flow.space, (len(which), 1)) if spaces is None else np.asarray(spaces, np.int64)
    ring = _rings(flow, given)
    lane = _lanes(flow, ring)
    return Trace(
        *_runs(flow.stations, flow.graph, lane, given, ring, flow.sequence, flow.arrival, parts, seed, which)
    )


def _rings(flow: Flow, spaces: I64) -> I64:
    """Return (stations, 2): where the last departures of each station are kept, and the mask of their number."""
    many = len(flow.order)
    servers = flow.stations.whole[:, c.SERVERS]
    need = servers + 2
    for link, (_before, after) in enumerate(flow.graph.arc):
        need[after] = max(need[after], int(spaces[:, link].max(initial=0)) + servers[after] + 2)
    size = 2 ** np.ceil(np.log2(need)).astype(np.int64)
    ring = np.zeros((many + 1, 2), np.int64)
    ring[1:, 0], ring[:-1, 1] = np.cumsum(size), size - 1
    return ring


def _lanes(flow: Flow, ring: I64) -> I64:
    """Return (stations, LANES): stations without anything but work and wear, one after the other, which need less."""
    g, many = flow.graph, len(flow.order)
    lane = np.full((many, LANES), -1, np.int64)
    whole, real = flow.stations.whole, flow.stations.real
    simple = (whole[:, c.SERVERS] == 1) & (whole[:, c.EXTRA] == 0) & (whole[:, c.FAILS] != c.BY_TIME)
    simple &= np.isinf(real[:, c.PERIOD]) & (not g.scraps)
    for i in range(many):
        into, out = g.into[g.into_first[i] : g.into_first[i + 1]], g.out[g.out_first[i] : g.out_first[i + 1]]
        follows = not len(into) or (len(into) == 1 and g.arc[into[0], 0] == i - 1 and g.way[into[0]] == 0)
        leads = not len(out) or (len(out) == 1 and whole[g.arc[out[0], 1], c.SERVERS] == 1)
        lane[i, PLAIN] = NOT if not (simple[i] and follows and leads) else INNER if len(into) else HEAD
        lane[i, AT], lane[i, MASK] = ring[i]
        lane[i, SOURCE], lane[i, SINK] = not len(into), not len(out)
        if len(out):
            lane[i, LINK], (lane[i, NEXT_AT], lane[i, NEXT_MASK]) = out[0], ring[g.arc[out[0], 1]]
    return lane


@parallel
def _runs(
    s: Stations,
    g: Graph,
    lane: I64,
    spaces: I64,
    ring: I64,
    sequence: I64,
    arrival: F64,
    parts: int,
    seed: int,
    which: I64,
) -> tuple[F64, F64, F64]:
    runs, many = len(which), len(s.whole)
    came, left = np.empty((runs, parts)), np.empty((runs, parts))
    marks = np.zeros((runs, MARKS + 1, many, c.STATS))
    for r in prange(runs):
        state = streams(seed, which[r], many + 1)
        _run(s, g, lane, spaces[r], ring, sequence, arrival, state, came[r], left[r], marks[r])
    return came, left, marks


@spliced
def _run(
    s: Stations, g: Graph, lane: I64, space: I64, ring: I64, sequence: I64, arrival: F64, state: U64, came: F64,
    left: F64, marks: F64,
) -> None:  # fmt: skip
    many = len(s.whole)
    clock, memory = np.zeros((many, c.CLOCKS)), np.zeros((many, MEMORY), np.int64)
    count, past = np.zeros(many, np.int64), np.zeros(ring[many, 0])
    for i in range(many):
        memory[i, LAST] = -1
        first_failure(s.real, s.whole, i, state, clock)
    dead, stats = np.zeros(many, np.bool_), np.zeros((many, c.STATS))
    _flow(
        s, g, lane, space, ring, sequence, arrival, state, came, left, marks, clock, memory, count, past, dead, stats
    )


@lean
def _flow(
    s: Stations, g: Graph, lane: I64, space: I64, ring: I64, sequence: I64, arrival: F64, state: U64, came: F64,
    left: F64, marks: F64, clock: F64, memory: I64, count: I64, past: F64, gone: B1, stats: F64,
) -> None:  # fmt: skip
    """Carry all parts through, one after the other. Without allocations, so that numba counts no references."""
    many, parts, models, t, mark = len(s.whole), len(came), len(sequence), 0.0, 1
    for n in range(parts):
        model = sequence[n % models]
        if arrival[0] > 0:
            t += arrival[0] * variate(arrival[1], arrival[2], arrival[3], uniform(state, many, WORK))
        first, last, leaves = np.inf, t, t
        for i in range(many):
            if lane[i, PLAIN] != NOT:
                here = leaves if lane[i, PLAIN] == INNER else t
                began, leaves = _plain(s, lane, i, n, model, here, space, past, state, clock, stats)
                count[i] = n + 1
            else:
                here = _arrives(g, i, t, ring, count, past, gone)
                gone[i] = here < 0
                if gone[i]:
                    continue
                began, leaves = _pass(s, g, i, model, here, space, ring, count, past, state, clock, memory, stats)
                gone[i] = leaves < 0
            first, last = _ends(lane, i, t if arrival[0] > 0 else began, leaves, first, last)
        came[n], left[n] = first, last
        while mark <= MARKS and n + 1 >= mark * parts // MARKS:
            _note(s, ring, count, past, clock, stats, marks, mark)
            mark += 1


@inlined
def _ends(lane: I64, i: int, began: float, leaves: float, first: float, last: float) -> tuple[float, float]:
    """Return when the part came in first and left last, as far as station i knows."""
    if lane[i, SOURCE]:
        first = min(first, began)
    if leaves < 0:
        return first, np.nan
    return first, max(last, leaves) if lane[i, SINK] else last


@lean
def _note(s: Stations, ring: I64, count: I64, past: F64, clock: F64, stats: F64, marks: F64, mark: int) -> None:
    """Keep the counters, each station's at the moment when its last part left."""
    for i in range(len(count)):
        left = past[ring[i, 0] + ((count[i] - 1) & ring[i, 1])] if count[i] else 0.0
        stats[i, c.CLOCK], stats[i, c.DONE] = left, count[i]
        stats[i, c.OPEN_S] = opened(s, i, left, clock)
        for k in range(c.STATS):
            marks[mark, i, k] = stats[i, k]


@spliced
def _arrives(g: Graph, i: int, t: float, ring: I64, count: I64, past: F64, gone: B1) -> float:
    """Return when a part has come from all stations before; -1: it was scrapped."""
    for k in range(g.into_first[i], g.into_first[i + 1]):
        link = g.into[k]
        before = g.arc[link, 0]
        if g.scraps and gone[before]:
            return -1.0
        t = max(t, past[ring[before, 0] + ((count[before] - 1) & ring[before, 1])] + g.way[link])
    return t


@spliced
def _plain(
    s: Stations, lane: I64, i: int, n: int, model: int, here: float, space: I64, past: F64, state: U64, clock: F64,
    stats: F64,
) -> tuple[float, float]:  # fmt: skip
    """Do what ``_pass`` does, where part n is the n-th of its station and nothing but work and wear takes time."""
    if n > 0:
        here = max(here, past[lane[i, AT] + ((n - 1) & lane[i, MASK])])
    work, law, held = s.mean[i, model], s.real[i, c.LAW], 0.0
    if law == EXPONENTIAL:
        work *= -math.log(uniform(state, i, WORK))
    elif law != FIXED:
        work *= variate(law, s.real[i, c.LAW_A], s.real[i, c.LAW_B], uniform(state, i, WORK))
    if clock[i, c.FAILS_AT] <= work:
        held = failures(s.real, i, 0.0, work, False, state, clock)
        stats[i, c.FAILED] += held
    else:
        clock[i, c.FAILS_AT] -= work
    stats[i, c.WORKING] += work
    leaves = here + (work + held)
    if lane[i, LINK] >= 0:
        room = space[lane[i, LINK]]
        if 0 <= room < n:
            free = past[lane[i, NEXT_AT] + ((n - room - 1) & lane[i, NEXT_MASK])]
            if free > leaves:
                stats[i, c.BLOCKED] += free - leaves
                leaves = free
    past[lane[i, AT] + (n & lane[i, MASK])] = leaves
    return here, leaves


@spliced
def _pass(
    s: Stations, g: Graph, i: int, model: int, here: float, space: I64, ring: I64, count: I64, past: F64, state: U64,
    clock: F64, memory: I64, stats: F64,
) -> tuple[float, float]:  # fmt: skip
    """Return when station i begins a part, and when the part leaves it; -1: it is scrapped."""
    at, mask, n, servers = ring[i, 0], ring[i, 1], count[i], s.whole[i, c.SERVERS]
    if n >= servers:
        here = max(here, past[at + ((n - servers) & mask)])
    done, began = operate(s, i, model, here, state, clock, memory, stats)
    lost = g.scraps and s.real[i, c.SCRAP] > 0 and uniform(state, i, QUALITY) < s.real[i, c.SCRAP]
    leaves = done
    if servers > 1 and n > 0:
        leaves = max(leaves, past[at + ((n - 1) & mask)])
    if lost:
        stats[i, c.SCRAPPED] += 1
    else:
        for k in range(g.out_first[i], g.out_first[i + 1]):
            link = g.out[k]
            after = g.arc[link, 1]
            back = count[after] - space[link] - s.whole[after, c.SERVERS]
            if space[link] >= 0 and back >= 0:
                leaves = max(leaves, past[ring[after, 0] + (back & ring[after, 1])])
    if leaves > done:
        if leaves < clock[i, c.HIGH] and done >= clock[i, c.LOW]:
            stats[i, c.BLOCKED] += leaves - done
        else:
            before = opened(s, i, done, clock)
            stats[i, c.BLOCKED] += opened(s, i, leaves, clock) - before
    past[at + (n & mask)] = leaves
    count[i] = n + 1
    return began, -1.0 if lost else leaves
