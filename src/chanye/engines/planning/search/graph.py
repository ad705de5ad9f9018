"""The graph of a shop's plan: every operation waits for the one before it in its job and on its machine.

A plan is one table of a row for each operation, so that what is asked together lies together: ``node`` (ops, 13) of
int64, with the columns below. ``HEAD`` is the longest way to the start of an operation, ``TAIL`` that from its end to
the end of everything. Row i holds in ``QUEUE`` the i-th operation of an order in which nothing waits for a later one.
``opening`` (machines,) is the first operation of each machine; -1 stands for none everywhere.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from chanye.engines.jit import kernel, spliced
from chanye.engines.planning.search.shop import I32, I64, Shop

BEFORE, AFTER, EARLY, FAMILY, MODE, MACHINE, TIME, PREVIOUS, FOLLOWING, HEAD, TAIL, QUEUE, WAIT = range(13)


class Plant(NamedTuple):
    """What a search does not change: modes, and set-ups (``setup`` of length 0 where there are none)."""

    mode_first: I64
    mode_machine: I32
    mode_time: I64
    setup: I64
    first: I64


def plant_of(shop: Shop) -> Plant:
    """Return a shop as the kernels see it."""
    setup, first = shop.setups()
    if shop.setup is None:
        setup = np.zeros((0, 0, 0), np.int64)
    return Plant(shop.mode_first, shop.mode_machine, shop.mode_time, setup, first)


def empty_plan(shop: Shop) -> tuple[I64, I64]:
    """Return ``node`` and ``opening`` of a shop without a plan."""
    node = np.zeros((shop.ops, 13), np.int64)
    node[:, BEFORE], node[:, AFTER] = np.arange(shop.ops) - 1, np.arange(shop.ops) + 1
    node[shop.job_first[:-1], BEFORE] = -1
    node[shop.job_first[1:] - 1, AFTER] = -1
    node[shop.job_first[:-1], EARLY] = shop.release
    node[:, FAMILY] = shop.family
    return node, np.full(shop.machines, -1, np.int64)


@kernel
def load(plant: Plant, node: I64, opening: I64, order: I64, mode: I64) -> None:
    """Take over a plan that is told as an order of all operations and their modes."""
    last = np.full(len(opening), -1, np.int64)
    opening[:] = -1
    for o in order:
        q = mode[o]
        m = plant.mode_machine[q]
        node[o, MODE], node[o, MACHINE], node[o, TIME] = q, m, plant.mode_time[q]
        node[o, PREVIOUS], node[o, FOLLOWING] = last[m], -1
        if last[m] >= 0:
            node[last[m], FOLLOWING] = o
        else:
            opening[m] = o
        last[m] = o


@spliced
def take(node: I64, opening: I64, o: int) -> None:
    """Take an operation off its machine."""
    a, b = node[o, PREVIOUS], node[o, FOLLOWING]
    if a >= 0:
        node[a, FOLLOWING] = b
    else:
        opening[node[o, MACHINE]] = b
    if b >= 0:
        node[b, PREVIOUS] = a


@spliced
def put_after(node: I64, opening: I64, o: int, a: int) -> None:
    """Put an operation on its machine after another; a < 0: first of all."""
    m = node[o, MACHINE]
    b = opening[m] if a < 0 else node[a, FOLLOWING]
    node[o, PREVIOUS], node[o, FOLLOWING] = a, b
    if a >= 0:
        node[a, FOLLOWING] = o
    else:
        opening[m] = o
    if b >= 0:
        node[b, PREVIOUS] = o


@spliced
def between(node: I64, setup: I64, m: int, a: int, b: int) -> int:
    """Return the set-up of machine m from operation a to b."""
    return int(setup[m, node[a, FAMILY], node[b, FAMILY]]) if len(setup) else 0


@spliced
def ready_at(node: I64, setup: I64, first: I64, o: int) -> int:
    """Return the head of an operation from the heads of the two before it."""
    at, j, a = node[o, EARLY], node[o, BEFORE], node[o, PREVIOUS]
    if j >= 0:
        at = max(at, node[j, HEAD] + node[j, TIME])
    if a >= 0:
        return int(max(at, node[a, HEAD] + node[a, TIME] + between(node, setup, node[o, MACHINE], a, o)))
    return int(max(at, first[node[o, MACHINE], node[o, FAMILY]]))


@spliced
def left_after(node: I64, setup: I64, o: int) -> int:
    """Return the tail of an operation from the tails of the two after it."""
    at, j, b = 0, node[o, AFTER], node[o, FOLLOWING]
    if j >= 0:
        at = node[j, TAIL] + node[j, TIME]
    if b >= 0:
        at = max(at, node[b, TAIL] + node[b, TIME] + between(node, setup, node[o, MACHINE], o, b))
    return int(at)


# The two sweeps are written out: a call for each operation, with arrays handed over, costs five times the work.


@kernel
def forward(node: I64, setup: I64, first: I64) -> int:
    """Fill heads and queue; return the makespan, or -1 where operations wait for each other in a circle."""
    ops, count, makespan, sets = len(node), 0, 0, len(setup) > 0
    for o in range(ops):
        node[o, WAIT] = (node[o, BEFORE] >= 0) + (node[o, PREVIOUS] >= 0)
        if node[o, WAIT] == 0:
            node[count, QUEUE] = o
            count += 1
    done = 0
    while done < count:
        o = node[done, QUEUE]
        done += 1
        at, j, a, m = node[o, EARLY], node[o, BEFORE], node[o, PREVIOUS], node[o, MACHINE]
        if j >= 0:
            at = max(at, node[j, HEAD] + node[j, TIME])
        if a < 0:
            at = max(at, first[m, node[o, FAMILY]])
        elif sets:
            at = max(at, node[a, HEAD] + node[a, TIME] + setup[m, node[a, FAMILY], node[o, FAMILY]])
        else:
            at = max(at, node[a, HEAD] + node[a, TIME])
        node[o, HEAD] = at
        makespan = max(makespan, at + node[o, TIME])
        for column in (AFTER, FOLLOWING):
            n = node[o, column]
            if n >= 0:
                node[n, WAIT] -= 1
                if node[n, WAIT] == 0:
                    node[count, QUEUE] = n
                    count += 1
    return makespan if done == ops else -1


@kernel
def backward(node: I64, setup: I64) -> None:
    """Fill tails, after ``forward``."""
    sets = len(setup) > 0
    for i in range(len(node) - 1, -1, -1):
        o = node[i, QUEUE]
        at, j, b = 0, node[o, AFTER], node[o, FOLLOWING]
        if j >= 0:
            at = node[j, TAIL] + node[j, TIME]
        if b >= 0:
            wait = setup[node[o, MACHINE], node[o, FAMILY], node[b, FAMILY]] if sets else 0
            at = max(at, node[b, TAIL] + node[b, TIME] + wait)
        node[o, TAIL] = at
