"""Critical-path tabu search for the makespan of job shops and flexible job shops.

One mode for every operation: one of a critical block moves before or behind others of it, to the block's ends (N6 of
Balas and Vazacopoulos 1998, doi:10.1287/mnsc.44.2.262) and from the ends inside (N7 of Zhang, Li, Guan and Rao 2007,
 doi:10.1016/j.cor.2005.12.002), judged by heads and tails of the moved stretch alone. Several modes: a critical
operation is taken out and put where it is best, on any of its machines (Mastrolilli and Gambardella 2000,
doi:10.1002/(SICI)1099-1425(200001/02)3:1<3::AID-JOS32>3.0.CO;2-Y), judged exactly from the graph without it.
A move is forbidden for a while if it would undo a former one, unless it leads to a new best.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from chanye.engines.jit import kernel, spliced
from chanye.engines.planning.search.draws import U64, below
from chanye.engines.planning.search.graph import (
    AFTER,
    BEFORE,
    EARLY,
    FAMILY,
    FOLLOWING,
    HEAD,
    MACHINE,
    MODE,
    PREVIOUS,
    QUEUE,
    TAIL,
    TIME,
    Plant,
    backward,
    between,
    forward,
    left_after,
    load,
    put_after,
    ready_at,
    take,
)
from chanye.engines.planning.search.shop import I64

_FAR = 2**62
#: Places of ``Memory.tally``: turns done, the best makespan, turns since it was found, the makespan now.
TURNS, BEST, SINCE, NOW = range(4)


class Memory(NamedTuple):
    """What a tabu search remembers between calls.

    ``until`` (a power of two,): when a pair of operations, or an operation and a machine, may be chosen again.
    ``best_order``, ``best_mode`` (ops,): the best plan. ``path``, ``row``, ``room``, ``move``: to work in.
    """

    until: I64
    best_order: I64
    best_mode: I64
    tally: I64
    path: I64
    row: I64
    room: I64
    move: I64


def memory_of(ops: int) -> Memory:
    """Return an empty memory."""
    size = 1 << min(max(int(ops * ops - 1).bit_length(), 10), 22)
    rooms = [np.zeros(n, np.int64) for n in (size, ops, ops, 4, ops + 2, ops + 2, 2 * ops + 2, 10)]
    return Memory(*rooms)


@kernel
def keep_best(node: I64, memory: Memory) -> None:
    """Keep the plan as the best."""
    memory.best_order[:] = node[:, QUEUE]
    memory.best_mode[:] = node[:, MODE]


@kernel
def begin(plant: Plant, node: I64, opening: I64, memory: Memory, order: I64, mode: I64) -> None:
    """Start a search from a plan; what was forbidden is forgotten."""
    load(plant, node, opening, order, mode)
    makespan = forward(node, plant.setup, plant.first)
    backward(node, plant.setup)
    keep_best(node, memory)
    memory.until[:] = 0
    memory.tally[:] = np.array([0, makespan, 0, makespan])


@kernel
def critical(node: I64, setup: I64, first: I64, makespan: int, path: I64, rng: U64) -> int:
    """Fill one critical path, chosen at random where it forks; return its length."""
    found, ties = -1, 0
    for o in range(len(node)):
        at = node[o, HEAD]
        if at + node[o, TIME] + node[o, TAIL] != makespan:
            continue
        earliest = node[o, EARLY]
        if node[o, PREVIOUS] < 0:
            earliest = max(earliest, first[node[o, MACHINE], node[o, FAMILY]])
        if at == earliest:
            ties += 1
            if below(rng, ties) == 0:
                found = o
    n = 0
    while found >= 0:
        path[n] = found
        n += 1
        o = found
        end, j, b, found = node[o, HEAD] + node[o, TIME], node[o, AFTER], node[o, FOLLOWING], -1
        if b >= 0:
            start = end + between(node, setup, node[o, MACHINE], o, b)
            if node[b, HEAD] == start and start + node[b, TIME] + node[b, TAIL] == makespan:
                found = b
        by_job = j >= 0 and node[j, HEAD] == end and end + node[j, TIME] + node[j, TAIL] == makespan
        if by_job and (found < 0 or below(rng, 2) == 0):
            found = j
    return n


@spliced
def judged(node: I64, setup: I64, first: I64, row: I64, room: I64, n: int, a: int, b: int) -> int:
    """Return the longest way through ``row[:n]``, put in that order between a and b on their machine."""
    m, worst, at, p = node[row[0], MACHINE], 0, 0, a
    if a >= 0:
        at = node[a, HEAD] + node[a, TIME]
    for i in range(n):
        o = row[i]
        at = max(at + between(node, setup, m, p, o) if p >= 0 else first[m, node[o, FAMILY]], node[o, EARLY])
        j = node[o, BEFORE]
        if j >= 0:
            at = max(at, node[j, HEAD] + node[j, TIME])
        at += node[o, TIME]
        room[i] = at
        p = o
    left, f = 0, b
    if b >= 0:
        left = node[b, TAIL] + node[b, TIME]
    for i in range(n - 1, -1, -1):
        o = row[i]
        if f >= 0:
            left += between(node, setup, m, o, f)
        j = node[o, AFTER]
        if j >= 0:
            left = max(left, node[j, TAIL] + node[j, TIME])
        worst = max(worst, room[i] + left)
        left += node[o, TIME]
        f = o
    return worst


@spliced
def _stretch(path: I64, row: I64, low: int, high: int, forth: bool) -> int:
    """Lay ``path[low : high + 1]`` into ``row``, its first moved behind the last, or its last before the first."""
    n = high - low + 1
    if forth:
        row[: n - 1] = path[low + 1 : high + 1]
        row[n - 1] = path[low]
    else:
        row[1:n] = path[low:high]
        row[0] = path[high]
    return n


@spliced
def _may(node: I64, u: int, v: int, forth: bool) -> bool:
    """Say whether no way leads around the move of u behind v, or of v before u."""
    if forth:
        j = node[u, AFTER]
        return bool(j < 0 or node[v, TAIL] + node[v, TIME] >= node[j, TAIL] + node[j, TIME])
    j = node[v, BEFORE]
    return bool(j < 0 or node[u, HEAD] + node[u, TIME] >= node[j, HEAD] + node[j, TIME])


@spliced
def _free(until: I64, path: I64, ops: int, now: int, low: int, high: int, forth: bool) -> bool:
    """Say whether no pair that the move would turn round is forbidden."""
    mask = len(until) - 1
    for i in range(low, high):
        a, b = (path[i + 1], path[low]) if forth else (path[high], path[i])
        if until[(a * ops + b) & mask] > now:
            return False
    return True


@kernel
def _in_block(node: I64, setup: I64, first: I64, memory: Memory, s: int, e: int, n: int, rng: U64) -> None:
    """Judge the moves of the block ``path[s : e + 1]`` of n; ``move`` holds the best so far.

    ``move``: value, ties, low, high, forth of the best allowed; then low, high, forth of any at random, how many.
    """
    path, row, room, move, until = memory.path, memory.row, memory.room, memory.move, memory.until
    now, goal, ops = memory.tally[TURNS], memory.tally[BEST], len(node)
    for x in range(s, e):
        for y in range(x + 1, e + 1):
            if not ((x == s and s > 0) or (y == e and e < n - 1)):
                # within the first or the last block nothing gets shorter
                continue
            a, b = node[path[x], PREVIOUS], node[path[y], FOLLOWING]
            for way in range(1 if y == x + 1 else 2):
                forth = way == 0
                if not _may(node, path[x], path[y], forth):
                    continue
                move[7] += 1
                if below(rng, move[7]) == 0:
                    move[5], move[6] = x * ops + y, way
                value = judged(node, setup, first, row, room, _stretch(path, row, x, y, forth), a, b)
                if value > move[0] or (value >= goal and not _free(until, path, ops, now, x, y, forth)):
                    continue
                move[1] = move[1] + 1 if value == move[0] else 1
                if below(rng, move[1]) == 0:
                    move[2], move[3], move[4] = x, y, way
                move[0] = value


@kernel
def turn_blocks(plant: Plant, node: I64, opening: I64, memory: Memory, n: int, rng: U64) -> bool:
    """Make the best allowed move in the blocks of the critical path of n operations; return whether there was one."""
    path, move, ops = memory.path, memory.move, len(node)
    move[:] = -1
    move[0], move[1], move[7] = _FAR, 0, 0
    s = 0
    while s < n:
        e = s
        while e + 1 < n and node[path[e], FOLLOWING] == path[e + 1]:
            e += 1
        _in_block(node, plant.setup, plant.first, memory, s, e, n, rng)
        s = e + 1
    if move[2] < 0 and move[5] >= 0:
        move[2], move[3], move[4] = move[5] // ops, move[5] % ops, move[6]
    if move[2] < 0:
        return False
    _turn(plant, node, opening, memory, move[2], move[3], move[4] == 0, rng)
    return True


@kernel
def _turn(plant: Plant, node: I64, opening: I64, memory: Memory, low: int, high: int, forth: bool, rng: U64) -> None:
    """Carry out a move within a block and forbid its reverse for a while."""
    path, ops, mask = memory.path, len(node), len(memory.until) - 1
    u, v = path[low], path[high]
    machines = len(opening)
    jobs = ops // machines
    least = 10 + jobs // machines
    until = memory.tally[TURNS] + least + below(rng, least * (4 if jobs <= 2 * machines else 5) // 10 + 1)
    for i in range(low, high):
        a, b = (u, path[i + 1]) if forth else (path[i], v)
        memory.until[(a * ops + b) & mask] = until
    moved = u if forth else v
    a, back = v if forth else node[u, PREVIOUS], node[moved, PREVIOUS]
    take(node, opening, moved)
    put_after(node, opening, moved, a)
    if forward(node, plant.setup, plant.first) < 0:
        take(node, opening, moved)
        put_after(node, opening, moved, back)
        forward(node, plant.setup, plant.first)


@kernel
def _without(node: I64, opening: I64, setup: I64, first: I64, o: int, at: int) -> int:
    """Take an operation off its machine, renew heads and tails beyond it in the queue; return the makespan."""
    take(node, opening, o)
    makespan, kept, jb, ja = 0, node[o, TIME], node[o, BEFORE], node[o, AFTER]
    node[o, TIME] = 0
    for i in range(len(node)):
        x = node[i, QUEUE]
        if x == o:
            node[o, HEAD] = max(node[o, EARLY], node[jb, HEAD] + node[jb, TIME] if jb >= 0 else 0)
        elif i > at:
            node[x, HEAD] = ready_at(node, setup, first, x)
        makespan = max(makespan, node[x, HEAD] + node[x, TIME])
    node[o, TAIL] = node[ja, TAIL] + node[ja, TIME] if ja >= 0 else 0
    for i in range(at - 1, -1, -1):
        x = node[i, QUEUE]
        node[x, TAIL] = left_after(node, setup, x)
    node[o, TIME] = kept
    return makespan


@kernel
def _places(plant: Plant, node: I64, opening: I64, memory: Memory, o: int, makespan: int, old: int, rng: U64) -> None:
    """Judge all places of an operation that was taken out; ``move`` holds the best so far.

    ``move``: 0 value, 1 way through, 2 operation, 3 mode, 4 ties, 8 after which, of the best allowed; 5 mode, 6 after
    which, 9 operation, 7 until when, of the one that is forbidden for the shortest time.
    """
    move, machines, mask = memory.move, len(opening), len(memory.until) - 1
    jb, ja, here = node[o, BEFORE], node[o, AFTER], node[o, MACHINE]
    past = node[jb, HEAD] if jb >= 0 else -1
    limit = node[ja, HEAD] + node[ja, TIME] if ja >= 0 else _FAR
    for q in range(plant.mode_first[o], plant.mode_first[o + 1]):
        m, time = plant.mode_machine[q], plant.mode_time[q]
        until, a, b = memory.until[(o * machines + m) & mask], -1, opening[m]
        while True:
            # what follows must not lead to the operation before o in its job, and o not to what comes first
            if (b < 0 or node[b, HEAD] + node[b, TIME] > past) and not (here == m and a == old):
                head, tail = node[o, HEAD], node[o, TAIL]
                if a >= 0:
                    head = max(head, node[a, HEAD] + node[a, TIME] + between(node, plant.setup, m, a, o))
                else:
                    head = max(head, plant.first[m, node[o, FAMILY]])
                if b >= 0:
                    tail = max(tail, node[b, TIME] + node[b, TAIL] + between(node, plant.setup, m, o, b))
                through = head + time + tail
                value = max(makespan, through)
                if q == node[o, MODE] and value >= memory.tally[NOW]:
                    # else it would shift work about on a full machine for ever, and never take any off it
                    value += time // 2
                _weigh(move, memory.tally, value, time - node[o, TIME], until, q, a, o, rng)
            if b < 0 or node[b, HEAD] >= limit:
                break
            a, b = b, node[b, FOLLOWING]


@spliced
def _weigh(move: I64, count: I64, value: int, through: int, until: int, q: int, a: int, o: int, rng: U64) -> None:
    if until > count[TURNS] and value >= count[BEST]:
        if until < move[7]:
            move[7], move[5], move[6], move[9] = until, q, a, o
        return
    if value > move[0] or (value == move[0] and through > move[1]):
        return
    move[4] = move[4] + 1 if value == move[0] and through == move[1] else 1
    move[0], move[1] = value, through
    if below(rng, move[4]) == 0:
        move[2], move[3] = o, q
        move[8] = a


@kernel
def turn_modes(plant: Plant, node: I64, opening: I64, memory: Memory, n: int, rng: U64) -> bool:
    """Put the critical operation where it helps most, on any of its machines; return whether there was a move."""
    ops, at, room, move = len(node), memory.row, memory.room, memory.move
    for i in range(ops):
        at[node[i, QUEUE]] = i
    room[:ops], room[ops : 2 * ops] = node[:, HEAD], node[:, TAIL]
    move[:] = -1
    move[0], move[1], move[7] = _FAR, _FAR, _FAR
    for p in range(n):
        o = memory.path[p]
        old = node[o, PREVIOUS]
        makespan = _without(node, opening, plant.setup, plant.first, o, at[o])
        _places(plant, node, opening, memory, o, makespan, old, rng)
        put_after(node, opening, o, old)
        node[:, HEAD], node[:, TAIL] = room[:ops], room[ops : 2 * ops]
    o, mode, after = move[2], move[3], move[8]
    if mode < 0:
        mode, after, o = move[5], move[6], move[9]
    if mode < 0:
        return False
    mask, machines = len(memory.until) - 1, len(opening)
    tenure = n + below(rng, n + 2) if node[o, MODE] == mode else n // 2 + below(rng, n // 2 + 2)
    memory.until[(o * machines + node[o, MACHINE]) & mask] = memory.tally[TURNS] + tenure
    _move(plant, node, opening, o, mode, after)
    return True


@kernel
def _move(plant: Plant, node: I64, opening: I64, o: int, mode: int, after: int) -> None:
    """Carry out an insertion; take it back if it closes a circle."""
    old, old_mode = node[o, PREVIOUS], node[o, MODE]
    take(node, opening, o)
    node[o, MODE], node[o, MACHINE], node[o, TIME] = mode, plant.mode_machine[mode], plant.mode_time[mode]
    put_after(node, opening, o, after)
    if forward(node, plant.setup, plant.first) < 0:
        take(node, opening, o)
        mode = old_mode
        node[o, MODE], node[o, MACHINE], node[o, TIME] = mode, plant.mode_machine[mode], plant.mode_time[mode]
        put_after(node, opening, o, old)
        forward(node, plant.setup, plant.first)


@kernel
def search(
    plant: Plant, node: I64, opening: I64, memory: Memory, turns: int, patience: int, goal: int, rng: U64
) -> None:
    """Make some turns; end early when nothing was found for ``patience`` turns, or the goal is reached."""
    flexible, setup, first, count = len(plant.mode_machine) > len(node), plant.setup, plant.first, memory.tally
    for _ in range(turns):
        if count[BEST] <= goal or count[SINCE] >= patience:
            break
        count[TURNS] += 1
        count[SINCE] += 1
        n = critical(node, setup, first, count[NOW], memory.path, rng)
        if flexible:
            moved = turn_modes(plant, node, opening, memory, n, rng)
        else:
            moved = turn_blocks(plant, node, opening, memory, n, rng)
        if not moved:
            # the chain of one job alone is critical: nothing can be better
            count[SINCE] = patience
            break
        backward(node, setup)
        count[NOW] = 0
        for o in range(len(node)):
            count[NOW] = max(count[NOW], node[o, HEAD] + node[o, TIME])
        if count[NOW] < count[BEST]:
            count[BEST], count[SINCE] = count[NOW], 0
            keep_best(node, memory)
