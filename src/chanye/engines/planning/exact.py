"""A proof for small problems: CP-SAT over a model that leaves some rules out, whose bound holds for every plan.

Kept: alternatives, working time over calendars as start-to-end pieces, links and transport, one operation at a time
on a unit, persons of a skill as a crowd, tools, set-ups by a circuit. Left out: who sets up, batches, buffers, power,
and who exactly does what. The order it finds is decoded under every rule.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from chanye.engines.planning.arrays import F64, I64, LOOSE, NEVER, Compiled
from chanye.engines.planning.calendars import calendars_of, open_time
from chanye.engines.planning.types import Goal
from chanye.kernel.intervals import EMPTY, Intervals

#: A problem with more operations is not proved whole.
MOST = 150


@dataclass(frozen=True)
class Proof:
    """A bound, and the ranks and modes of what was found; None if nothing was."""

    bound: float
    rank: F64 | None
    mode: I64


def prove(data: Compiled, goal: Goal, best: tuple[F64, F64, I64], *, clock: Any, share: float) -> Proof | None:
    """Return what CP-SAT says about a small problem within its share of the time; None if it is too large."""
    if not 0 < len(data.operations) <= MOST or goal not in ("weighted_tardiness", "makespan"):
        return None
    left = clock.seconds - (perf_counter() - clock.began)
    if left <= 0 or (clock.cancelled is not None and clock.cancelled()):
        return None
    model = _Relaxed(data, goal, int(best[1].max()) + int(data.floor.time.max()) + 1, float(best[0][0]))
    return model.solve(left * share if clock.rounds is None else left, clock, best)


class _Relaxed:
    def __init__(self, data: Compiled, goal: Goal, span: int, value: float) -> None:
        self.data, self.goal = data, goal
        self.model = cp_model.CpModel()
        f = data.floor
        self.horizon = 4 * span + int(f.setups.max(initial=0)) + 1440
        calendars = calendars_of(data.plant)
        self.units = [open_time(one, calendars) for one in data.plant.units]
        self.skilled: dict[str, Intervals] = {"": calendars[""]}
        for person in data.plant.people:
            for skill in person.skills:
                self.skilled[skill] = self.skilled.get(skill, EMPTY).union(calendars[person.calendar])
        # starts before now are pins
        low = min(int(f.pinned[f.pinned != LOOSE].min(initial=f.now)), f.now)
        ops = range(len(data.operations))
        self.start = [self.model.new_int_var(low, self.horizon, f"s{o}") for o in ops]
        self.end = [self.model.new_int_var(low, self.horizon, f"e{o}") for o in ops]
        self.chosen: dict[int, Any] = {}
        self.on: dict[int, list[tuple[int, Any, Any]]] = defaultdict(list)
        self.crowd: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for o in ops:
            self._operation(o)
        self._links()
        self._units()
        self._crowds()
        self._objective()

    def _operation(self, o: int) -> None:
        f, model, one = self.data.floor, self.model, self.data.operations[o]
        modes = range(f.mode_first[o], f.mode_first[o + 1])
        for m, mode in zip(modes, one.modes, strict=True):
            self.chosen[m] = model.new_bool_var(f"m{m}")
            self._pieces(o, m, self.units[int(f.unit[m])].intersect(self.skilled[mode.skill]))
            size = model.new_int_var(0, self.horizon * 2, "")
            held = model.new_optional_interval_var(self.start[o], size, self.end[o], self.chosen[m], "")
            self.on[int(f.unit[m])].append((o, self.chosen[m], held))
            for group in (("skill", mode.skill), *(("tool", tool) for tool in mode.tools)):
                if group[1]:
                    self.crowd[group].append(held)
        model.add_exactly_one(self.chosen[m] for m in modes)
        if f.pinned[o] != LOOSE:
            model.add(self.start[o] == int(f.pinned[o]))
            model.add(self.chosen[modes[int(f.pin_mode[o])]] == 1)
        else:
            model.add(self.start[o] >= max(int(f.earliest[o]), f.now))

    def _pieces(self, o: int, m: int, open_: Intervals) -> None:
        """Tie the end to the start: in each open interval as long as the same pauses come between.

        On the axis of working time an operation has one length; a piece is where its start and its end each stay in
        one open interval, and end minus start is its length plus the pauses between the two.
        """
        f, model = self.data.floor, self.model
        time, on = int(f.time[m]), self.chosen[m]
        pairs = [(int(a), int(b)) for a, b in open_ if a <= self.horizon and b > f.now - self.horizon]
        if self.data.plant.units[int(f.unit[m])].batch or len(pairs) > 400:
            model.add(self.end[o] - self.start[o] >= time).only_enforce_if(on)
            return
        done = np.concatenate([[0], np.cumsum([b - a for a, b in pairs])]).tolist() if pairs else [0]
        literals = []
        # who is there changes between persons: with a skill the union is only a relaxation
        exact = self.data.operations[o].modes[m - int(f.mode_first[o])].skill == ""
        for i, (a, b) in enumerate(pairs):
            for k in range(i, len(pairs) if f.pausable[o] else i + 1):
                # working time at the start is done[i] + (s - a): the end lies in interval k
                low = max(a, a + done[k] - done[i] - time + (1 if k > i else 0))
                high = min(b - 1 if time else b, a + done[k + 1] - done[i] - time)
                if low > high:
                    if done[k] - done[i] > time + (b - a):
                        break
                    continue
                shift = time + pairs[k][0] - done[k] - a + done[i]
                piece = model.new_bool_var("")
                literals.append(piece)
                model.add_linear_constraint(self.start[o], low, high).only_enforce_if(piece)
                gap = self.end[o] - self.start[o]
                model.add(gap == shift if exact else gap >= shift).only_enforce_if(piece)
                model.add_implication(piece, on)
        model.add_bool_or(literals).only_enforce_if(on)

    def _links(self) -> None:
        f, model = self.data.floor, self.model
        for o in range(len(self.start)):
            for i in range(int(f.op_first[o]), int(f.op_first[o + 1])):
                p, least, most = int(f.pred[i]), int(f.pred_least[i]), int(f.pred_most[i])
                if f.pinned[o] != LOOSE and f.pinned[o] <= f.now:
                    continue
                for m in range(int(f.mode_first[o]), int(f.mode_first[o + 1])):
                    for n in range(int(f.mode_first[p]), int(f.mode_first[p + 1])):
                        way = int(f.transport[f.area[f.unit[n]], f.area[f.unit[m]]])
                        both = [self.chosen[m], self.chosen[n]]
                        wait = self.start[o] - self.end[p]
                        model.add(wait >= least + way).only_enforce_if(both)
                        if most >= 0:
                            model.add(wait <= most + way).only_enforce_if(both)

    def _units(self) -> None:
        f, model = self.data.floor, self.model
        for unit, held in self.on.items():
            if f.batch[unit]:
                continue
            model.add_no_overlap([interval for _, _, interval in held])
            if f.matrix[unit] >= 0 and f.setups[f.matrix[unit]].any():
                self._circuit(unit, held)

    def _circuit(self, unit: int, held: list[tuple[int, Any, Any]]) -> None:
        """Chain the operations of a unit: between two neighbours there is time for the set-up."""
        f, model = self.data.floor, self.model
        setups = f.setups[f.matrix[unit]]
        arcs: list[Any] = []
        idle = model.new_bool_var("")
        arcs.append((0, 0, idle))
        for i, (o, on, _) in enumerate(held, 1):
            arcs.append((i, i, on.negated()))
            model.add_implication(on, idle.negated())
            first, last = model.new_bool_var(""), model.new_bool_var("")
            arcs += [(0, i, first), (i, 0, last)]
            loose = not (f.pinned[o] != LOOSE and f.pinned[o] <= f.now)
            if loose:
                need = int(setups[f.state[unit], f.family[o]])
                model.add(self.start[o] >= f.now + need).only_enforce_if(first)
            for k, (p, _, _) in enumerate(held, 1):
                if k == i:
                    continue
                before = model.new_bool_var("")
                arcs.append((k, i, before))
                need = int(setups[f.family[p], f.family[o]]) if loose else 0
                model.add(self.start[o] >= self.end[p] + need).only_enforce_if(before)
        model.add_circuit(arcs)

    def _crowds(self) -> None:
        people = self.data.plant.people
        for (kind, name), held in self.crowd.items():
            if kind == "skill":
                number = sum(name in one.skills for one in people)
            else:
                number = next(one.count for one in self.data.plant.tools if one.id == name)
            self.model.add_cumulative(held, [1] * len(held), number)

    def _objective(self) -> None:
        f, model = self.data.floor, self.model
        ends: dict[int, list[int]] = defaultdict(list)
        for o in range(len(self.end)):
            ends[int(f.job[o])].append(o)
        self.scale = 1.0
        if self.goal == "makespan":
            most = model.new_int_var(-self.horizon, self.horizon, "makespan")
            model.add_max_equality(most, [*self.end, 0])
            model.minimize(most)
            return
        self.scale = 1.0 if (f.weight == np.round(f.weight)).all() else 1000.0
        late = []
        for j, ops in ends.items():
            if f.due[j] < NEVER and f.weight[j] > 0:
                much = model.new_int_var(0, self.horizon + abs(int(f.due[j])), "")
                for o in ops:
                    model.add(much >= self.end[o] - int(f.due[j]))
                late.append(int(np.floor(f.weight[j] * self.scale)) * much)
        model.minimize(sum(late) if late else 0)

    def solve(self, seconds: float, clock: Any, best: tuple[F64, F64, I64]) -> Proof:
        """Solve with one worker from the plan that is there."""
        f = self.data.floor
        for o, start in enumerate(best[1].tolist()):
            self.model.add_hint(self.start[o], int(start))
            for m in range(int(f.mode_first[o]), int(f.mode_first[o + 1])):
                self.model.add_hint(self.chosen[m], int(m == best[2][o]))
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 1
        solver.parameters.max_time_in_seconds = max(0.05, seconds)
        if clock.rounds is not None:
            solver.parameters.max_deterministic_time = clock.rounds / 50
        status = solver.solve(self.model, _Stop(clock))
        if status == cp_model.MODEL_INVALID:
            raise ArithmeticError(self.model.validate())
        if status == cp_model.INFEASIBLE:
            return Proof(0.0, None, best[2])
        bound = max(0.0, solver.best_objective_bound / self.scale)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return Proof(bound, None, best[2])
        rank = np.array([solver.value(one) for one in self.start], np.float64)
        mode = np.array(
            [
                next(m for m in range(f.mode_first[o], f.mode_first[o + 1]) if solver.value(self.chosen[m]))
                for o in range(len(self.start))
            ],
            np.int64,
        )
        return Proof(bound, rank, mode)


class _Stop(cp_model.CpSolverSolutionCallback):
    """Stops at a better plan if the caller has had enough."""

    def __init__(self, clock: Any) -> None:
        super().__init__()
        self.clock = clock

    def on_solution_callback(self) -> None:
        """Ask whether to go on."""
        if self.clock.cancelled is not None and self.clock.cancelled():
            self.stop_search()
