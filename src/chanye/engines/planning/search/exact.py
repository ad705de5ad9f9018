"""A shop as a model of OR-Tools CP-SAT: the partner that proves, and a peer of its own in the bench."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from itertools import combinations, pairwise

import numpy as np
from ortools.sat.python import cp_model

from chanye.engines.planning.search.bounds import lower_bound
from chanye.engines.planning.search.shop import NEVER, Found, Objective, Shop

#: Weights that are no whole numbers are counted in thousandths, rounded down: a bound stays one.
_FINE = 1000


class Model:
    """The model, and how to read its answers.

    Families are followed along a circuit on each machine that needs set-ups; jobs that never overtake share one.
    """

    def __init__(self, shop: Shop, objective: Objective, *, below: float | None = None) -> None:
        self.shop, self.objective = shop, objective
        self.cp = cp_model.CpModel()
        longest = np.maximum.reduceat(shop.mode_time, shop.mode_first[:-1])
        extra = 0 if shop.setup is None else int(shop.setup.max()) * shop.ops
        first = 0 if shop.first_setup is None else int(shop.first_setup.max())
        self._end_of_all = int(longest.sum() + shop.release.max() + extra + first)
        if objective == "makespan" and below is not None:
            self._end_of_all = min(self._end_of_all, int(below))
        self.start = [self.cp.new_int_var(0, self._end_of_all, "") for _ in range(shop.ops)]
        self.end: list[cp_model.LinearExprT] = []
        self.chosen: list[list[cp_model.IntVar | None]] = []
        self._on: dict[int, list[tuple[int, cp_model.IntervalVar, cp_model.IntVar | None]]] = defaultdict(list)
        for o in range(shop.ops):
            self._operation(o)
        for j in range(shop.jobs):
            chain = range(int(shop.job_first[j]), int(shop.job_first[j + 1]))
            self.cp.add(self.start[chain[0]] >= int(shop.release[j]))
            for a, b in pairwise(chain):
                self.cp.add(self.start[b] >= self.end[a])
        self._machines()
        self.scale = 1
        self._goal(below)

    def _operation(self, o: int) -> None:
        modes = range(int(self.shop.mode_first[o]), int(self.shop.mode_first[o + 1]))
        times = [int(self.shop.mode_time[q]) for q in modes]
        machines = [int(self.shop.mode_machine[q]) for q in modes]
        if len(times) == 1:
            self.end.append(self.start[o] + times[0])
            interval = self.cp.new_fixed_size_interval_var(self.start[o], times[0], "")
            self._on[machines[0]].append((o, interval, None))
            self.chosen.append([None])
            return
        literals = [self.cp.new_bool_var("") for _ in modes]
        self.cp.add_exactly_one(literals)
        self.end.append(self.start[o] + sum(t * one for t, one in zip(times, literals, strict=True)))
        for t, m, one in zip(times, machines, literals, strict=True):
            self._on[m].append((o, self.cp.new_optional_fixed_size_interval_var(self.start[o], t, one, ""), one))
        self.chosen.append(list(literals))

    def _machines(self) -> None:
        shop = self.shop
        for m, rows in self._on.items():
            self.cp.add_no_overlap([interval for _, interval, _ in rows])
            if shop.first_setup is not None:
                for o, _, one in rows:
                    ready = self.cp.add(self.start[o] >= int(shop.first_setup[m, shop.family[o]]))
                    if one is not None:
                        ready.only_enforce_if(one)
            if shop.setup is not None and not shop.same_order and shop.setup[m].any():
                self._circuit(m, rows)
        if shop.same_order:
            self._one_order()

    def _circuit(self, m: int, rows: list[tuple[int, cp_model.IntervalVar, cp_model.IntVar | None]]) -> None:
        """Follow the operations of a machine one after the other, with set-ups between."""
        arcs: list[tuple[int, int, cp_model.LiteralT]] = [(0, 0, self.cp.new_bool_var(""))]
        table = self.shop.setup
        assert table is not None
        for i, (a, _, one) in enumerate(rows, 1):
            arcs += [(0, i, self.cp.new_bool_var("")), (i, 0, self.cp.new_bool_var(""))]
            if one is not None:
                arcs.append((i, i, one.negated()))
            for k, (b, _, _) in enumerate(rows, 1):
                if i != k:
                    follows = self.cp.new_bool_var("")
                    arcs.append((i, k, follows))
                    wait = int(table[m, self.shop.family[a], self.shop.family[b]])
                    self.cp.add(self.start[b] >= self.end[a] + wait).only_enforce_if(follows)
        self.cp.add_circuit(arcs)

    def _one_order(self) -> None:
        """Let every machine take the jobs in the same order."""
        shop, steps = self.shop, int(self.shop.job_first[1])
        if shop.setup is None:
            for i, k in combinations(range(shop.jobs), 2):
                before = self.cp.new_bool_var("")
                for s in range(steps):
                    a, b = i * steps + s, k * steps + s
                    self.cp.add(self.start[b] >= self.end[a]).only_enforce_if(before)
                    self.cp.add(self.start[a] >= self.end[b]).only_enforce_if(before.negated())
            return
        arcs: list[tuple[int, int, cp_model.LiteralT]] = []
        for i in range(shop.jobs):
            arcs += [(0, i + 1, self.cp.new_bool_var("")), (i + 1, 0, self.cp.new_bool_var(""))]
            for k in range(shop.jobs):
                if i == k:
                    continue
                follows = self.cp.new_bool_var("")
                arcs.append((i + 1, k + 1, follows))
                for s in range(steps):
                    a, b = i * steps + s, k * steps + s
                    m = shop.mode_machine[a]
                    wait = int(shop.setup[m, shop.family[a], shop.family[b]])
                    self.cp.add(self.start[b] >= self.end[a] + wait).only_enforce_if(follows)
        self.cp.add_circuit(arcs)

    def _goal(self, below: float | None) -> None:
        shop, objective = self.shop, self.objective
        last = [self.end[int(o) - 1] for o in shop.job_first[1:]]
        bound = lower_bound(shop, objective)
        if objective == "makespan":
            span = self.cp.new_int_var(int(bound), max(self._end_of_all, int(bound)), "")
            for end in last:
                self.cp.add(span >= end)
            self.cp.minimize(span)
            return
        weight = np.ones(shop.jobs) if objective == "tardiness" else shop.weight
        self.scale = 1 if (weight == np.floor(weight)).all() else _FINE
        terms = []
        for end, due, w in zip(
            last, shop.due.tolist(), np.floor(weight * self.scale).astype(int).tolist(), strict=True
        ):
            if objective == "completion":
                terms.append(w * end)
            elif w and due < NEVER:
                late = self.cp.new_int_var(0, self._end_of_all, "")
                self.cp.add(late >= end - due)
                terms.append(w * late)
        total = sum(terms)
        if below is not None and terms:
            self.cp.add(total <= int(np.ceil(below * self.scale)))
        self.cp.minimize(total)

    def hint(self, found: Found) -> None:
        """Tell a complete plan to start from."""
        for o in range(self.shop.ops):
            self.cp.add_hint(self.start[o], int(found.start[o]))
            for q, one in enumerate(self.chosen[o]):
                if one is not None:
                    self.cp.add_hint(one, int(found.mode[o] == self.shop.mode_first[o] + q))

    def read(self, value: Callable[[cp_model.IntVar], int]) -> tuple[np.ndarray, np.ndarray]:
        """Return starts and modes, given how to look a variable up."""
        start = np.array([value(one) for one in self.start], np.int64)
        mode = self.shop.mode_first[:-1].copy()
        for o, literals in enumerate(self.chosen):
            if len(literals) > 1:
                mode[o] += next(q for q, one in enumerate(literals) if one is not None and value(one))
        return start, mode


def size(shop: Shop) -> int:
    """Return about how many constraints the model takes, to see beforehand whether it is too big."""
    if shop.same_order:
        return shop.jobs * shop.ops * (1 if shop.setup is None else 2)
    count = len(shop.mode_time)
    if shop.setup is None:
        return count
    on = np.bincount(shop.mode_machine, minlength=shop.machines)
    return int(count + (on * on)[[bool(table.any()) for table in shop.setup]].sum())
