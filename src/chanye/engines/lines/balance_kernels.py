"""The compiled search of line balancing: memory of task sets, heaps by station, expansion of nodes.

Tasks are numbered by falling time here. A set of tasks is a row of 64-bit words. A node is a set of tasks that the
first stations do; its load is what it has more than its parent.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chanye.engines.jit import kernel
from chanye.engines.lines.balance_loads import CURSOR, DEPTH, OPEN, REST, STEPS, begin, least_stations, next_load

I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]

#: Places in the state of the search.
USED, BEST, BEST_NODE, LEVEL, CUT, EXPANDED, LOADS = range(7)
#: What ``search`` comes back with.
DONE, PAUSED, FULL = range(3)
#: Weight of tasks not yet placed when nodes are compared, as in Morrison, Sewell and Jacobson (2014).
LEFT_WEIGHT = 0.02


@kernel
def _better(a: int, b: int, key: Any) -> bool:
    return bool(key[a] < key[b] or (key[a] == key[b] and a < b))


@kernel
def _meld(a: int, b: int, key: Any, child: I64, sibling: I64) -> int:
    """Join two pairing heaps (Fredman et al. 1986)."""
    if a < 0:
        return b
    if b < 0:
        return a
    if _better(b, a, key):
        a, b = b, a
    sibling[b] = child[a]
    child[a] = b
    return a


@kernel
def _pop(root: int, key: Any, child: I64, sibling: I64) -> int:
    """Return the heap without its root: pairs from the left, then all from the right."""
    one = child[root]
    pairs = -1
    while one >= 0:
        other = sibling[one]
        rest = sibling[other] if other >= 0 else -1
        sibling[one] = -1
        if other >= 0:
            sibling[other] = -1
        pair = _meld(one, other, key, child, sibling)
        sibling[pair] = pairs
        pairs = pair
        one = rest
    heap = -1
    while pairs >= 0:
        rest = sibling[pairs]
        sibling[pairs] = -1
        heap = _meld(heap, pairs, key, child, sibling)
        pairs = rest
    return heap


@kernel
def _slot(mask: U64, masks: U64, table: I64) -> int:
    """Return the place of a set in the table, or the empty place where it belongs."""
    mixed = np.uint64(1469598103934665603)
    for word in mask:
        mixed = (mixed ^ word) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    limit = np.uint64(len(table) - 1)
    place = np.int64(mixed & limit)
    while table[place] >= 0:
        row = table[place]
        same = True
        for w in range(len(mask)):
            if masks[row, w] != mask[w]:
                same = False
                break
        if same:
            return int(place)
        place = np.int64((place + 1) & np.int64(limit))
    return int(place)


@kernel
def rehash(used: int, masks: U64, level: I64, table: I64) -> None:
    """Fill an empty table with all nodes; of equal sets the one with fewest stations stays."""
    for node in range(used):
        place = _slot(masks[node], masks, table)
        if table[place] < 0 or level[node] < level[table[place]]:
            table[place] = node


@kernel
def _unpack(mask: U64, done: Any, waits0: I64, waits: I64, first: I64, after: I64) -> tuple[int, int]:
    """Write a set of tasks as flags, with the predecessors that each task still waits for."""
    n = len(done)
    left = 0
    more = 0
    for task in range(n):
        waits[task] = waits0[task]
    for task in range(n):
        done[task] = (mask[task >> 6] >> np.uint64(task & 63)) & np.uint64(1)
        if done[task]:
            for k in range(first[task], first[task + 1]):
                waits[after[k]] -= 1
        else:
            left += 1
            if first[task + 1] > first[task]:
                more += 1
    return left, more


@kernel
def _dominated(cursor: I64, times: I64, eligible: I64, chosen: I64, inside: Any, over_first: I64, over: I64) -> bool:
    """Tell whether a task of the load could give its place to one that is longer and that all its followers follow.

    Jackson (1956). ``over[over_first[j]:over_first[j + 1]]`` are the tasks that dominate j; one that is eligible and
    outside the load and for which there is room makes the load superfluous.
    """
    for k in range(cursor[DEPTH]):
        j = eligible[chosen[k]]
        room = cursor[REST] + times[j]
        for d in range(over_first[j], over_first[j + 1]):
            i = over[d]
            if times[i] <= room and not inside[i]:
                for e in range(cursor[OPEN]):
                    if eligible[e] == i:
                        return True
    return False


@kernel
def _barren(cursor: I64, first: I64, eligible: I64, chosen: I64) -> bool:
    """Tell whether nothing waits for any task of the load."""
    for k in range(cursor[DEPTH]):
        task = eligible[chosen[k]]
        if first[task + 1] > first[task]:
            return False
    return True


@kernel
def _keep(node: int, cursor: I64, eligible: I64, chosen: I64, store: Any, state: I64) -> int:
    """Remember the node with the load added, unless its set is known with no more stations (-1)."""
    masks, level, idle, parent, child, sibling, table = store[:7]
    new = state[USED]
    mask = masks[new]
    mask[:] = masks[node]
    for k in range(cursor[DEPTH]):
        task = eligible[chosen[k]]
        mask[task >> 6] |= np.uint64(1) << np.uint64(task & 63)
    place = _slot(mask, masks, table)
    if table[place] >= 0 and level[table[place]] <= level[node] + 1:
        return -1
    state[USED] += 1
    level[new] = level[node] + 1
    idle[new] = idle[node] + cursor[REST]
    parent[new] = node
    child[new] = sibling[new] = -1
    table[place] = new
    return int(new)


@kernel
def _expand(
    node: int, cycle: int, total: int, line: Any, store: Any, state: I64, most_steps: int, most_loads: int
) -> int:
    """Add every load worth trying to a node; return the steps that took."""
    times, first, after, waits0, over_first, over = line
    masks, level, idle, _, child, sibling, _, key, roots = store
    n = len(times)
    done, inside = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    waits, work, eligible, chosen, width = np.zeros((5, n), np.int64)
    cursor = np.zeros(CURSOR, np.int64)
    left, more = _unpack(masks[node], done, waits0, waits, first, after)
    stations = level[node] + 1
    if stations - 1 + least_stations(done, inside, cycle, times, work) >= state[BEST]:
        return 1
    state[EXPANDED] += 1
    begin(done, cycle, times, waits, cursor, eligible, inside)
    slack = (state[BEST] - 1) * cycle - total - idle[node]
    loads = 0
    while slack >= 0 and next_load(
        times, first, after, waits, cursor, eligible, chosen, width, inside, cycle - slack, most_steps, cycle
    ):
        if loads >= most_loads:
            state[CUT] = 1
            break
        if _dominated(cursor, times, eligible, chosen, inside, over_first, over):
            continue
        if more > 0 and _barren(cursor, first, eligible, chosen):  # these can as well come later
            continue
        rest = left - cursor[DEPTH]
        if rest > 0 and stations + least_stations(done, inside, cycle, times, work) >= state[BEST]:
            continue
        new = _keep(node, cursor, eligible, chosen, store, state)
        if new < 0:
            continue
        loads += 1
        if rest == 0:
            state[BEST] = stations
            state[BEST_NODE] = new
            break
        key[new] = idle[new] / stations - LEFT_WEIGHT * rest
        roots[stations] = _meld(roots[stations], new, key, child, sibling)
    if cursor[STEPS] >= most_steps:
        state[CUT] = 1
    state[LOADS] += loads
    return int(cursor[STEPS]) + 1


@kernel
def search(
    cycle: int, total: int, line: Any, store: Any, state: I64, budget: int, most_steps: int, most_loads: int
) -> int:
    """Expand nodes, the best of each number of stations in turn, until nothing is left or the steps are used up.

    Cyclic best-first branch, bound and remember: Sewell and Jacobson (2012), Morrison, Sewell and Jacobson (2014).
    It also pauses when it has found a better line (``BEST_NODE``), and is full when the store may not take a node.
    """
    masks, level, _, _, child, sibling, table, key, roots = store
    spent, empty, best = 0, 0, state[BEST]
    while empty <= best:
        at = state[LEVEL] if state[LEVEL] < best - 1 else 0
        node = roots[at]
        if node < 0:
            state[LEVEL] = at + 1
            empty += 1
            continue
        if spent >= budget:
            return PAUSED
        if state[USED] + most_loads + 2 >= len(level):
            return FULL
        empty = 0
        roots[at] = _pop(node, key, child, sibling)
        child[node] = -1
        state[LEVEL] = at + 1
        spent += 1
        if table[_slot(masks[node], masks, table)] == node:  # else its set was reached with fewer stations
            spent += _expand(node, cycle, total, line, store, state, most_steps, most_loads)
            if state[BEST] < best:
                return PAUSED
    return DONE
