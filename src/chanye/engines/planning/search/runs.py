"""Searches that go on where they stopped: each takes turns, and can say at any time what it has found.

Where a search stops between two calls makes no difference to what it does, so that plans with a number of turns
depend on the seed alone.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from chanye.engines.planning.search import anneal, flow, graph, tabu
from chanye.engines.planning.search.draws import below, seeded
from chanye.engines.planning.search.first import between_two, dispatch, shuffled
from chanye.engines.planning.search.shop import F64, I64, NEVER, Objective, Shop

Order = tuple[I64, I64]
_FAR = 2**62


class Run(Protocol):
    """A search under way."""

    @property
    def value(self) -> float:
        """The best objective so far."""

    def step(self, turns: int, share: float) -> int:
        """Take at most some turns, having used a share of what was granted; return how many were taken."""

    def best(self) -> Order:
        """Return the best order of all operations, and their modes."""

    def take(self, order: I64, mode: I64) -> None:
        """Go on from a better plan that was found elsewhere."""


def weights(shop: Shop, objective: Objective) -> tuple[I64, F64]:
    """Return due dates and weights under which the sum of lateness is the objective."""
    if objective == "completion":
        return np.zeros(shop.jobs, np.int64), shop.weight
    return shop.due, shop.weight if objective == "weighted_tardiness" else np.ones(shop.jobs)


def urgency(shop: Shop, objective: Objective) -> F64:
    """Return how urgent operations are, small first: what is due soon, or has much work ahead."""
    least = np.minimum.reduceat(shop.mode_time, shop.mode_first[:-1])
    total = np.add.reduceat(least, shop.job_first[:-1])
    done = np.cumsum(least) - least
    left = np.repeat(total + done[shop.job_first[:-1]], np.diff(shop.job_first)) - done
    if objective == "makespan":
        ahead: F64 = -left.astype(np.float64)
        return ahead
    due, weight = weights(shop, objective)
    if objective == "completion":
        ratio: F64 = total / np.maximum(weight, 1e-9)
        return np.repeat(ratio, np.diff(shop.job_first))
    slack = np.where(due >= NEVER, 2.0**61, due - total).astype(np.float64)
    return np.repeat(slack, np.diff(shop.job_first))


def first_plan(shop: Shop, objective: Objective) -> Order:
    """Return order and modes of a plan without needless waiting, by urgency."""
    order, mode = np.zeros(shop.ops, np.int64), np.zeros(shop.ops, np.int64)
    plant = graph.plant_of(shop)
    dispatch(plant, shop.job_first, shop.release, shop.family, urgency(shop, objective), order, mode)
    return order, mode


def line_of(shop: Shop, objective: Objective) -> flow.Line | None:
    """Return a shop as a line, if all jobs visit the same machines in the same order, each in one mode and once."""
    steps = np.diff(shop.job_first)
    if len(shop.mode_time) != shop.ops or (steps != steps[0]).any():
        return None
    route = shop.mode_machine.reshape(shop.jobs, -1)
    if (route != route[0]).any() or len(set(route[0].tolist())) != len(route[0]):
        return None
    family = shop.family.reshape(shop.jobs, -1)
    _, first = shop.setups()
    setup = np.zeros((0, 0, 0), np.int64)
    if shop.setup is not None:
        columns = [shop.setup[m][np.ix_(family[:, k], family[:, k])] for k, m in enumerate(route[0])]
        setup = np.ascontiguousarray(np.stack(columns, axis=-1))
    due, weight = weights(shop, objective)
    return flow.Line(
        shop.mode_time.reshape(shop.jobs, -1).copy(),
        setup,
        np.ascontiguousarray(first[route[0][None, :], family]),
        shop.release,
        due,
        weight,
        objective != "makespan",
        np.zeros((shop.jobs + 1, len(route[0])), np.int64),
        np.zeros((shop.jobs + 1, len(route[0]) + 1), np.int64),
    )


class FlowRun:
    """Iterated greedy on one order of the jobs."""

    #: Steps of the recursion that one turn, and building the first order, may take at most.
    TURN, BUILD = 2e7, 5e8

    def __init__(self, shop: Shop, line: flow.Line, seed: int, hint: Order | None) -> None:
        self._shop, self._line, self._rng = shop, line, seeded(seed)
        n, machines = line.time.shape
        work = n * n * machines / 2 if line.late else 3 * n * machines
        self._effort = max(int(self.TURN / work), 20)
        self._now, self._best, self._values = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(2)
        if hint is None:
            key = (line.due - line.time.sum(1)) if line.late and line.due.max() > 0 else -line.time.sum(1)
            turn = np.argsort(key, kind="stable")
            if work * n / 3 < self.BUILD:
                value = flow.build(line, turn, self._now, self._rng)
            else:
                self._now[:] = turn
                value = flow.ends(line, self._now, n)
        else:
            self._now[:] = self._jobs(hint[0])
            value = flow.ends(line, self._now, n)
        self._values[:] = value
        self._best[:] = self._now
        self._heat = (2.0 if line.late else 0.7) * float(line.time.mean()) / 10

    def _jobs(self, order: I64) -> I64:
        """Return jobs in the order of their last operations."""
        return self._shop.job_of[order[np.isin(order, self._shop.job_first[1:] - 1)]]

    @property
    def value(self) -> float:
        """The best objective so far."""
        return float(self._values[1])

    def step(self, turns: int, share: float) -> int:
        """See ``Run``."""
        cut = 5 if self._line.late else 2
        flow.iterate(self._line, turns, cut, self._effort, self._heat, self._now, self._best, self._values, self._rng)
        return turns

    def best(self) -> Order:
        """See ``Run``."""
        steps = self._line.time.shape[1]
        return (self._best[:, None] * steps + np.arange(steps)).ravel(), np.arange(self._shop.ops)

    def take(self, order: I64, mode: I64) -> None:
        """See ``Run``."""
        jobs = self._jobs(order)
        value = flow.ends(self._line, jobs, len(jobs))
        if value < self._values[1]:
            self._values[:] = value
            self._now[:], self._best[:] = jobs, jobs


class TabuRun:
    """Tabu searches from plans between those of a small population (after Peng, Lü and Cheng 2015).

    doi:10.1016/j.cor.2014.08.006; here the plans between two are averages of ranks.
    """

    def __init__(self, shop: Shop, seed: int, hint: Order | None, goal: float) -> None:
        self._shop, self._goal, self._rng = shop, int(goal), seeded(seed)
        self._plant, (self._node, self._opening) = graph.plant_of(shop), graph.empty_plan(shop)
        self._memory = tabu.memory_of(shop.ops)
        self._flexible = len(shop.mode_machine) > shop.ops
        self._patience = 4000 if self._flexible else 12500
        self._people: list[tuple[int, I64, I64]] = []
        self._size, self._first = 10, 4
        self._found: tuple[int, I64, I64] = (_FAR, np.zeros(0, np.int64), np.zeros(0, np.int64))
        self._begin(*(hint or first_plan(shop, "makespan")))

    @property
    def value(self) -> float:
        """The best makespan so far."""
        return float(min(self._found[0], self._memory.tally[tabu.BEST]))

    def step(self, turns: int, share: float) -> int:
        """See ``Run``."""
        used, count = 0, self._memory.tally
        while used < turns:
            before = int(count[tabu.TURNS])
            tabu.search(
                self._plant,
                self._node,
                self._opening,
                self._memory,
                turns - used,
                self._patience,
                self._goal,
                self._rng,
            )
            used += max(int(count[tabu.TURNS]) - before, 1)
            if count[tabu.BEST] <= self._goal:
                break
            if count[tabu.SINCE] >= self._patience:
                self._next()
        return used

    def best(self) -> Order:
        """See ``Run``."""
        memory = self._memory
        if memory.tally[tabu.BEST] <= self._found[0]:
            return memory.best_order.copy(), memory.best_mode.copy()
        return self._found[1], self._found[2]

    def take(self, order: I64, mode: I64) -> None:
        """See ``Run``."""
        self._keep()
        self._begin(order, mode)

    def _begin(self, order: I64, mode: I64) -> None:
        tabu.begin(self._plant, self._node, self._opening, self._memory, order, mode)

    def _keep(self) -> None:
        """Let the plan that was searched last into the population, in place of its like or of the worst."""
        memory = self._memory
        one = (int(memory.tally[tabu.BEST]), memory.best_order.copy(), memory.best_mode.copy())
        if one[0] < self._found[0]:
            self._found = one
        like = [i for i, other in enumerate(self._people) if other[0] == one[0]]
        if like:
            self._people[like[0]] = one
        elif len(self._people) < self._size:
            self._people.append(one)
        else:
            worst = max(range(self._size), key=lambda i: self._people[i][0])
            if one[0] < self._people[worst][0]:
                self._people[worst] = one

    def _next(self) -> None:
        self._keep()
        if len(self._people) < self._first or below(self._rng, 12) == 0:
            self._begin(shuffled(self._shop.job_first, self._rng), self._random_modes())
            return
        i = below(self._rng, len(self._people))
        k = (i + 1 + below(self._rng, len(self._people) - 1)) % len(self._people)
        one, other = self._people[i], self._people[k]
        share = 0.3 + 0.4 * below(self._rng, 1000) / 1000
        mode = np.array(
            [(a, b)[below(self._rng, 1000) < share * 1000] for a, b in zip(one[2], other[2], strict=True)]
        )
        self._begin(between_two(one[1], other[1], share), mode)

    def _random_modes(self) -> I64:
        first, count = self._shop.mode_first[:-1], np.diff(self._shop.mode_first)
        return first + np.array([below(self._rng, int(n)) if n > 1 else 0 for n in count], np.int64)


class AnnealRun:
    """Annealing on critical paths, from hot to cold over what is granted, then cooler again."""

    #: How often it is heated, and the hottest and coldest: shares of the mean duration times what a job weighs.
    ROUNDS, HOT, COLD = 3, 1.0, 0.01

    def __init__(self, shop: Shop, objective: Objective, seed: int, hint: Order | None) -> None:
        self._shop, self._rng = shop, seeded(seed)
        self._plant, (self._node, self._opening) = graph.plant_of(shop), graph.empty_plan(shop)
        due, weight = weights(shop, objective)
        self._goal = anneal.Goal(
            shop.job_first[1:] - 1,
            due,
            weight.copy(),
            objective == "makespan",
            np.zeros(shop.ops, np.int64),
            np.zeros(shop.ops, np.int64),
            np.full(2, np.inf),
        )
        self._heat = float(shop.mode_time.mean()) * (1.0 if objective == "makespan" else float(weight.mean()))
        self._round = 0
        self.take(*(hint or first_plan(shop, objective)))

    @property
    def value(self) -> float:
        """The best objective so far."""
        return float(self._goal.value[1])

    def step(self, turns: int, share: float) -> int:
        """See ``Run``."""
        rounds = min(int(share * self.ROUNDS), self.ROUNDS - 1)
        if rounds != self._round:
            self._round = rounds
            self._load(*self.best())
        within = min(share * self.ROUNDS - rounds, 1.0)
        heat = self._heat * self.HOT / (1 + rounds) * (self.COLD / self.HOT) ** within
        anneal.anneal(self._plant, self._node, self._opening, self._goal, turns, heat, self._rng)
        return turns

    def best(self) -> Order:
        """See ``Run``."""
        return self._goal.order.copy(), self._goal.mode.copy()

    def take(self, order: I64, mode: I64) -> None:
        """See ``Run``."""
        value = self._load(order, mode)
        if value < self._goal.value[1]:
            self._goal.value[1] = value
            self._goal.order[:], self._goal.mode[:] = order, mode

    def _load(self, order: I64, mode: I64) -> float:
        graph.load(self._plant, self._node, self._opening, order, mode)
        graph.forward(self._node, self._plant.setup, self._plant.first)
        self._goal.value[0] = anneal.worth(self._node, self._goal)
        return float(self._goal.value[0])
