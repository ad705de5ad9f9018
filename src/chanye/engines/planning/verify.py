"""A slow, independent check of every rule of a plan. It shares no code with what makes plans."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from chanye.engines.planning.calendars import calendars_of, open_time
from chanye.engines.planning.types import Mode, Operation, Placed, Plan, Plant, SetUp, Work, WorkUnit
from chanye.kernel.intervals import Intervals


def broken(plant: Plant, work: Work, plan: Plan) -> tuple[str, ...]:
    """Return every rule that a plan breaks, in words; nothing if it keeps them all."""
    return tuple(_Check(plant, work, plan).all())


class _Check:
    def __init__(self, plant: Plant, work: Work, plan: Plan) -> None:
        self.plant, self.work, self.plan = plant, work, plan
        self.operations = {one.id: one for job in work.jobs for one in job.operations}
        self.placed = {one.operation: one for one in plan.placed}
        self.units = {one.id: one for one in plant.units}
        calendars = calendars_of(plant)
        self.open = {one.id: open_time(one, calendars) for one in plant.units}
        self.people = {one.id: one for one in plant.people}
        self.there = {one.id: calendars[one.calendar] for one in plant.people}
        self.setups = {one.operation: one for one in plan.setups}
        self.way = {(t.origin, t.destination): t.time for t in plant.transport}

    def all(self) -> Iterator[str]:
        if sorted(one.operation for one in self.plan.placed) != sorted(self.operations):
            yield "not every operation is placed once"
            return
        for job in self.work.jobs:
            low = max(job.release, job.material)
            for one in job.operations:
                at = self.placed[one.id]
                if one.pin is None and at.start < max(low, one.earliest, self.plant.now):
                    yield f"{one.id} starts before it may"
                yield from self._one(one, at)
                yield from self._links(one, at)
        yield from self._alone()
        yield from self._sequences()
        yield from self._setup_people()
        yield from self._levels()
        yield from self._values()

    def _mode(self, one: Operation) -> Mode:
        return one.modes[self.placed[one.id].mode]

    def _batch(self, at: Placed) -> list[Placed]:
        """Return the operations that share an operation's batch, itself included."""
        if not self.units[at.unit].batch:
            return [at]
        return [p for p in self.plan.placed if (p.unit, p.start, p.end) == (at.unit, at.start, at.end)]

    def _one(self, one: Operation, at: Placed) -> Iterator[str]:
        mode = self._mode(one)
        if mode.unit != at.unit:
            yield f"{one.id} is not on the unit of its mode"
        if one.pin and (one.pin.start != at.start or one.pin.mode != at.mode):
            yield f"{one.id} left its pin"
        persons = [name for name in at.people if name in self.people]
        tools = [name.split("#")[0] for name in at.people if name not in self.people]
        if len(persons) != bool(mode.skill) or any(mode.skill not in self.people[p].skills for p in persons):
            yield f"{one.id} has the wrong people"
        if one.pin and not set(one.pin.people) & set(self.people) <= set(at.people):
            yield f"{one.id} lost the people it is pinned to"
        if sorted(tools) != sorted(mode.tools):
            yield f"{one.id} has the wrong tools"
        time = max(self._mode(self.operations[p.operation]).time for p in self._batch(at))
        open_ = self._common(at).clip(at.start, at.end)
        if open_.total != time:
            yield f"{one.id} works {open_.total} instead of {time}"
        if not one.pausable and at.end - at.start != time:
            yield f"{one.id} pauses and must not"
        if time and (not open_.contains([at.start])[0] or not open_.contains([at.end - 1])[0]):
            yield f"{one.id} starts or ends while its unit or person is away"

    def _common(self, at: Placed) -> Intervals:
        open_ = self.open[at.unit]
        for name in at.people:
            if name in self.people:
                open_ = open_.intersect(self.there[name])
        return open_

    def _transport(self, before: Placed, after: Placed) -> int:
        return self.way.get((self.units[before.unit].area, self.units[after.unit].area), 0)

    def _links(self, one: Operation, at: Placed) -> Iterator[str]:
        running = one.pin is not None and at.start <= self.plant.now
        for link in one.after:
            before = self.placed[link.operation]
            wait = at.start - before.end - self._transport(before, at)
            if wait < link.least and not running:
                yield f"{one.id} starts too early behind {link.operation}"
            if link.most is not None and wait > link.most and one.pin is None:
                yield f"{one.id} waits too long behind {link.operation}"

    def _alone(self) -> Iterator[str]:
        """One thing at a time for each person and tool, one batch or operation for each unit, set-ups included."""
        spans: dict[str, set[tuple[int, int, str]]] = defaultdict(set)
        for at in self.plan.placed:
            batch = bool(self.units[at.unit].batch)
            spans[f"unit {at.unit}"].add((at.start, at.end, "" if batch else at.operation))
            for name in at.people:
                spans[name].add((at.start, at.end, at.unit if batch else at.operation))
        for one in self.plan.setups:
            spans[f"unit {one.unit}"].add((one.start, one.end, f"set-up of {one.operation}"))
            if one.person:
                spans[one.person].add((one.start, one.end, f"set-up of {one.operation}"))
        for name, several in spans.items():
            for before, after in pairwise(sorted(several)):
                if before[1] > after[0]:
                    yield f"{name} does {before[2]} and {after[2]} at once"

    def _sequences(self) -> Iterator[str]:
        matrices = {one.id: one for one in self.plant.matrices}
        on: dict[str, list[Placed]] = defaultdict(list)
        for at in self.plan.placed:
            on[at.unit].append(at)
        for name, several in on.items():
            unit = self.units[name]
            groups: dict[tuple[int, int], list[Placed]] = defaultdict(list)
            for at in sorted(several, key=lambda p: (p.start, p.end)):
                key = (at.start, at.end) if unit.batch else (at.start, len(groups))
                groups[key].append(at)
            if unit.batch:
                yield from self._batches(unit, list(groups.values()))
            family, free = unit.family, self.plant.now
            for group in groups.values():
                own = self.operations[group[0].operation].family
                need = matrices[unit.matrix].time(family, own) if unit.matrix else 0
                if group[0].start > self.plant.now or self.operations[group[0].operation].pin is None:
                    yield from self._set_up(unit, group, need, free)
                family, free = own, max(p.end for p in group)

    def _batches(self, unit: WorkUnit, groups: list[list[Placed]]) -> Iterator[str]:
        for group in groups:
            ones = [self.operations[p.operation] for p in group]
            if sum(one.size for one in ones) > unit.batch:
                yield f"a batch on {unit.id} is too large"
            if len({one.family for one in ones}) > 1:
                yield f"a batch on {unit.id} mixes families"

    def _set_up(self, unit: WorkUnit, group: list[Placed], need: int, free: int) -> Iterator[str]:
        held = [self.setups[p.operation] for p in group if p.operation in self.setups]
        if not need:
            if held:
                yield f"{unit.id} is set up for nothing before {group[0].operation}"
            return
        if len(held) != 1 or held[0].end - held[0].start != need:
            yield f"{unit.id} is not set up for {group[0].operation}, which takes {need}"
            return
        one = held[0]
        if one.start < max(free, self.plant.now) or one.end > group[0].start:
            yield f"the set-up for {one.operation} is not between its neighbours"
        open_ = self.open[unit.id]
        if one.person:
            open_ = open_.intersect(self.there[one.person])
        if open_.clip(one.start, one.end).total != need:
            yield f"the set-up for {one.operation} is in a break"

    def _setup_people(self) -> Iterator[str]:
        for one in self.plan.setups:
            yield from self._setter(one, self.units[one.unit].setter)

    def _setter(self, one: SetUp, skill: str) -> Iterator[str]:
        if bool(skill) != bool(one.person) or (skill and skill not in self.people[one.person].skills):
            yield f"the set-up for {one.operation} has the wrong person"

    def _levels(self) -> Iterator[str]:
        for buffer in self.plant.buffers:
            steps: list[tuple[int, float]] = []
            for at in self.plan.placed:
                before = [self.placed[link.operation] for link in self.operations[at.operation].after]
                if at.unit in buffer.units and before:
                    come = max(p.end + self._transport(p, at) for p in before)
                    steps += [(come, 1), (at.start, -1)] if at.start > come else []
            if _most(steps) > buffer.places:
                yield f"buffer {buffer.id} overflows"
        if self.plant.peak is not None:
            power: list[tuple[int, float]] = []
            for at in self.plan.placed:
                for low, high in self._common(at).clip(at.start, at.end):
                    kw = self._mode(self.operations[at.operation]).power
                    power += [(low, kw), (high, -kw)]
            if _most(power) > self.plant.peak + 1e-6:
                yield "the power limit is exceeded"

    def _values(self) -> Iterator[str]:
        late = energy = 0.0
        for job in self.work.jobs:
            end = max((self.placed[one.id].end for one in job.operations), default=0)
            late += job.weight * max(0, end - job.due) if job.due is not None and job.operations else 0
        for at in self.plan.placed:
            kw = self._mode(self.operations[at.operation]).power / self.plant.hour
            for low, high in self._common(at).clip(at.start, at.end):
                for one in self.plant.tariff:
                    energy += max(0, min(high, one.end) - max(low, one.start)) * one.price * kw
        told = self.plan.values
        true = {
            "weighted_tardiness": late,
            "makespan": max((p.end for p in self.plan.placed), default=0),
            "setup_time": sum(one.end - one.start for one in self.plan.setups),
            "energy_cost": energy,
        }
        for name, value in true.items():
            if abs(value - told[name]) > 1e-6 * max(1, abs(value)):
                yield f"{name} is {value}, not {told[name]}"
        if self.plan.bound > told[self.plan.goal] + 1e-6:
            yield "the bound is above the value"


def _most(steps: list[tuple[int, float]]) -> float:
    level = most = 0.0
    for _, step in sorted(steps):
        level += step
        most = max(most, level)
    return most
