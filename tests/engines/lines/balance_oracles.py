"""Slow, plain solvers and printed instances that line balancing is held against."""

from __future__ import annotations

from functools import cache

import numpy as np
from ortools.sat.python import cp_model

from chanye.engines.lines.balance_types import Tasks


def tasks_of(times: str, arcs: str) -> Tasks:
    """Return tasks from a line of times and a line of arcs such as ``1-2``, numbered from 1 as they are printed."""
    pairs = [[int(end) - 1 for end in arc.split("-")] for arc in arcs.split()]
    return Tasks(np.array([int(t) for t in times.split()]), np.array(pairs, np.int64).reshape(-1, 2))


#: J. R. Jackson, A computing procedure for a line balancing problem, Management Science 2 (1956), 261-271.
JACKSON = tasks_of("6 2 5 7 1 2 3 6 5 5 4", "1-2 1-3 1-4 1-5 2-6 3-7 4-7 5-7 6-8 7-9 8-10 9-11 10-11")
#: E. H. Bowman, Assembly-line balancing by linear programming, Operations Research 8 (1960), 385-389.
BOWMAN = tasks_of("11 17 9 5 8 12 10 3", "1-2 2-3 2-4 3-5 3-6 4-6 5-7 6-8")
#: Fewest stations by cycle, as listed by A. Scholl, Data of assembly line balancing problems (1993).
JACKSON_STATIONS = {7: 8, 9: 6, 10: 5, 13: 4, 14: 4, 21: 3}
BOWMAN_STATIONS = {20: 5}


def generated(seed: int, count: int, *, cycle: int = 100, longest: int = 60, arcs: float = 0.15) -> Tasks:
    """Return tasks drawn at random, some with times that occur often."""
    rng = np.random.default_rng(seed)
    times = rng.integers(1, min(longest, cycle) + 1, count)
    pairs = np.argwhere(np.triu(rng.random((count, count)) < arcs, 1))
    shuffled = rng.permutation(count)
    return Tasks(times, shuffled[pairs].reshape(-1, 2))


def stations_by_subsets(tasks: Tasks, cycle: int) -> int:
    """Return the fewest stations by going through all sets of tasks that may come first; about 14 tasks at most."""
    needs = [0] * tasks.count
    for first, then in tasks.before.tolist():
        needs[then] |= 1 << first
    times, full = tasks.times.tolist(), (1 << tasks.count) - 1

    @cache
    def best(done: int) -> tuple[int, int]:
        """Return stations begun and time used of the last one, smallest in this order, that ``done`` may take."""
        if not done:
            return (0, cycle)
        found = []
        for task in range(tasks.count):
            rest = done & ~(1 << task)
            if done >> task & 1 and needs[task] & ~rest == 0 and (rest == 0 or closed(rest)):
                stations, used = best(rest)
                fits = used + times[task] <= cycle
                found.append((stations, used + times[task]) if fits else (stations + 1, times[task]))
        return min(found)

    def closed(done: int) -> bool:
        return all(needs[task] & ~done == 0 for task in range(tasks.count) if done >> task & 1)

    return best(full)[0]


def stations_by_cp_sat(tasks: Tasks, cycle: int, most: int) -> int:
    """Return the fewest stations by OR-Tools CP-SAT."""
    model = cp_model.CpModel()
    at = [[model.new_bool_var("") for _ in range(most)] for _ in range(tasks.count)]
    number = [sum(k * at[t][k] for k in range(most)) for t in range(tasks.count)]
    last = model.new_int_var(0, most - 1, "")
    for task in range(tasks.count):
        model.add_exactly_one(at[task])
        model.add(number[task] <= last)
    for k in range(most):
        model.add(sum(int(tasks.times[t]) * at[t][k] for t in range(tasks.count)) <= cycle)
    for first, then in tasks.before.tolist():
        model.add(number[first] <= number[then])
    model.minimize(last)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    assert solver.solve(model) == cp_model.OPTIMAL
    return int(solver.objective_value) + 1


def cycle_by_subsets(tasks: Tasks, stations: int) -> int:
    """Return the shortest cycle by trying one after the other; small tasks only."""
    cycle = max(int(tasks.times.max()), -(-int(tasks.times.sum()) // stations))
    while stations_by_subsets(tasks, cycle) > stations:
        cycle += 1
    return cycle
