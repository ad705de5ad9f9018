"""Annealing on critical paths: any shop, any sum over jobs, with set-ups, releases and alternatives.

A job that costs something is drawn; the way that makes it end as late as it does is followed back; an operation on it
that waits for its machine moves before one that it waits for, next to its own family, or to another machine. The
change is judged by the exact heads of the whole plan (after van Laarhoven, Aarts and Lenstra 1992,
doi:10.1287/opre.40.1.113, and for weighted tardiness Mati, Dauzère-Pérès and Lahlou 2011,
doi:10.1016/j.ejor.2011.01.017).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from chanye.engines.jit import kernel
from chanye.engines.planning.search.draws import U64, below
from chanye.engines.planning.search.graph import (
    BEFORE,
    EARLY,
    FAMILY,
    FOLLOWING,
    HEAD,
    MACHINE,
    MODE,
    PREVIOUS,
    QUEUE,
    TIME,
    Plant,
    between,
    forward,
    put_after,
    take,
)
from chanye.engines.planning.search.shop import F64, I64


class Goal(NamedTuple):
    """What counts: ends of jobs beyond due dates times weights, or the latest end of all (``span``).

    ``last`` (jobs,): the last operation of each job; ``order``, ``mode`` (ops,): the best plan; ``value`` (2,): now,
    best.
    """

    last: I64
    due: I64
    weight: F64
    span: bool
    order: I64
    mode: I64
    value: F64


@kernel
def worth(node: I64, goal: Goal) -> float:
    """Return the objective of heads."""
    total = 0.0
    for j in range(len(goal.last)):
        end = node[goal.last[j], HEAD] + node[goal.last[j], TIME]
        if goal.span:
            total = max(total, float(end))
        else:
            total += goal.weight[j] * max(end - goal.due[j], 0)
    return total


@kernel
def _costly(node: I64, goal: Goal, rng: U64) -> int:
    """Draw a job that costs something; with a makespan, one of those that end last."""
    jobs, found, seen = len(goal.last), below(rng, len(goal.last)), 0
    for j in range(jobs):
        end = node[goal.last[j], HEAD] + node[goal.last[j], TIME]
        costs = end >= goal.value[0] if goal.span else (end > goal.due[j] and goal.weight[j] > 0)
        if costs:
            seen += 1
            if below(rng, seen) == 0:
                found = j
    return found


@kernel
def _waiting(node: I64, setup: I64, o: int, rng: U64) -> int:
    """Follow the way back from an operation; return one on it that waits for its machine, drawn at random, or -1."""
    found, seen = -1, 0
    while o >= 0:
        a, j, at = node[o, PREVIOUS], node[o, BEFORE], node[o, HEAD]
        by_job = j >= 0 and node[j, HEAD] + node[j, TIME] == at
        by_machine = a >= 0 and node[a, HEAD] + node[a, TIME] + between(node, setup, node[o, MACHINE], a, o) == at
        if by_machine:
            seen += 1
            if below(rng, seen) == 0:
                found = o
        if not by_machine and at <= node[o, EARLY]:
            break
        o = a if by_machine and not (by_job and below(rng, 2) == 0) else j
    return found


@kernel
def _elsewhere(plant: Plant, node: I64, opening: I64, o: int, rng: U64) -> int:
    """Give an operation another mode; return after which it goes there: the last that starts before it did."""
    count = plant.mode_first[o + 1] - plant.mode_first[o]
    q = plant.mode_first[o] + below(rng, count)
    node[o, MODE], node[o, MACHINE], node[o, TIME] = q, plant.mode_machine[q], plant.mode_time[q]
    a, b = -1, opening[node[o, MACHINE]]
    while b >= 0 and node[b, HEAD] < node[o, HEAD]:
        a, b = b, node[b, FOLLOWING]
    if a >= 0 and below(rng, 2) == 0:
        a = node[a, PREVIOUS]
    return int(a)


@kernel
def _earlier(node: I64, o: int, a: int, rng: U64) -> int:
    """Return after which of those before it an operation goes: mostly one place further to the front."""
    steps, family = below(rng, 4), node[o, FAMILY]
    if steps == 3:
        # to its own family, if that is near
        for _ in range(12):
            if a < 0 or node[a, FAMILY] == family:
                break
            a = node[a, PREVIOUS]
        return int(a)
    for _ in range(1 + steps * below(rng, 3)):
        if a >= 0:
            a = node[a, PREVIOUS]
    return int(a)


@kernel
def anneal(plant: Plant, node: I64, opening: I64, goal: Goal, turns: int, heat: float, rng: U64) -> None:
    """Make some turns at one heat; heads must be those of the plan."""
    for _ in range(turns):
        o = _waiting(node, plant.setup, goal.last[_costly(node, goal, rng)], rng)
        if o < 0:
            o = below(rng, len(node))
        a, old_mode = node[o, PREVIOUS], node[o, MODE]
        many = plant.mode_first[o + 1] - plant.mode_first[o] > 1
        take(node, opening, o)
        after = _elsewhere(plant, node, opening, o, rng) if many and below(rng, 2) else _earlier(node, o, a, rng)
        put_after(node, opening, o, after)
        fits = forward(node, plant.setup, plant.first) >= 0
        value = worth(node, goal) if fits else np.inf
        worse = value - goal.value[0]
        if fits and (worse <= 0 or (heat > 0 and below(rng, 1 << 30) < np.exp(-worse / heat) * (1 << 30))):
            goal.value[0] = value
            if value < goal.value[1]:
                goal.value[1] = value
                goal.order[:] = node[:, QUEUE]
                goal.mode[:] = node[:, MODE]
        else:
            take(node, opening, o)
            node[o, MODE] = old_mode
            node[o, MACHINE], node[o, TIME] = plant.mode_machine[old_mode], plant.mode_time[old_mode]
            put_after(node, opening, o, a)
            forward(node, plant.setup, plant.first)
