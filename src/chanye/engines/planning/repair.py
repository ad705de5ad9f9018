"""A plan mended after something happened: everything that can stay does, and a list says what moved and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from time import perf_counter
from typing import TypeVar

import numpy as np

from chanye.engines.planning.arrays import F64, Compiled, compile_plant
from chanye.engines.planning.check import require
from chanye.engines.planning.decode import decode
from chanye.engines.planning.first import nothing, plan_of, unplaced
from chanye.engines.planning.solve import Clock, climb, positions
from chanye.engines.planning.timeline import State, empty_state, pack
from chanye.engines.planning.types import (
    Calendar,
    Cancelled,
    Goal,
    Job,
    Operation,
    Pin,
    Placed,
    Plan,
    Plant,
    Report,
    Work,
)
from chanye.kernel.errors import ConfigError

#: Another work unit than before must end so much earlier to be taken at once. [hour]
_STICK = 4


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A work unit is down in ``[start, end)``. [tick]."""

    unit: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Absence:
    """A person is away in ``[start, end)``. [tick]."""

    person: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class LateMaterial:
    """The material of a job comes at ``until``. [tick]."""

    job: str
    until: int


@dataclass(frozen=True, slots=True)
class RushOrder:
    """A new job."""

    job: Job


_T = TypeVar("_T")
Event = Breakdown | Absence | LateMaterial | RushOrder


@dataclass(frozen=True, slots=True)
class Change:
    """One operation that moved; ``start`` and ``unit`` before (None and empty: it was not there) and after."""

    operation: str
    job: str
    unit_before: str
    unit: str
    start_before: int | None
    start: int
    why: str


@dataclass(frozen=True, slots=True)
class Repaired:
    """The new plan, what it is a plan of, and what moved; ``first`` is how long the first mended plan took. [s]."""

    plan: Plan
    plant: Plant
    work: Work
    changes: tuple[Change, ...]
    first: float


def repair(
    plant: Plant,
    work: Work,
    plan: Plan,
    events: Sequence[Event],
    *,
    now: int,
    frozen: int | None = None,
    seconds: float = 0.0,
    rounds: int | None = None,
    seed: int = 1,
    goal: Goal = "weighted_tardiness",
    progress: Report | None = None,
    cancelled: Cancelled | None = None,
) -> Repaired:
    """Return a plan that keeps every rule after the events, with few moves.

    What has started, and what starts before ``frozen``, stays unless an event hits it or leaves it no room. The rest
    is decoded in its old order on its old work units; with ``seconds`` left it gets better: first the goal, then the
    number of changed work units, then the ticks moved.

    Parameters
    ----------
    now, frozen
        The present, and the end of the frozen zone. [tick]
    seconds
        Zero: the first mended plan only. [s]

    Raises
    ------
    ConfigError
        If an event names what is not there, or an operation fits nowhere.
    """
    began = perf_counter()
    line = now if frozen is None else max(now, frozen)
    new_plant, new_work = apply_events(plant, work, events, now)
    old = {one.operation: one for one in plan.placed}
    pausable = {one.id for job in work.jobs for one in job.operations if one.pausable}
    pins = {name: one for name, one in old.items() if one.start < line and not _hit(one, events, now, pausable)}
    while True:
        pinned = _pinned(new_work, pins)
        data = compile_plant(new_plant, pinned)
        state, rank, failed = _decode_old(data, old)
        if failed < 0:
            break
        name = data.operations[failed].id
        # what is pinned and lost its room, or else what was pinned behind it, has to give way
        loose = [name] if name in pins and pins[name].start >= now else [n for n in pins if pins[n].start >= now]
        if not loose:
            raise unplaced(data, failed)
        for one in loose:
            del pins[one]
    base = positions(data, plan)
    goals: tuple[Goal, ...] = (goal, "stability")
    first = perf_counter() - began
    if seconds > first or rounds:
        clock = Clock(began, max(seconds, first), rounds, cancelled)
        better = climb(data, state, rank, goals, seed=seed, old=base, clock=clock, progress=progress)
    else:
        better = plan_of(data, state, goals, old=base)
    return Repaired(better, new_plant, pinned, changes(data, plan, better, events), first)


def apply_events(plant: Plant, work: Work, events: Sequence[Event], now: int) -> tuple[Plant, Work]:
    """Return plant and work as they are after the events.

    Raises
    ------
    ConfigError
        If an event names what is not there, or a rush order makes no sense.
    """
    units = {one.id: one for one in plant.units}
    people = {one.id: one for one in plant.people}
    calendars = {one.id: one for one in plant.calendars}
    jobs = {one.id: one for one in work.jobs}
    for event in events:
        if isinstance(event, Breakdown):
            unit = _known(units, event.unit, "work unit")
            units[unit.id] = replace(unit, maintenance=(*unit.maintenance, _span(event.start, event.end)))
        elif isinstance(event, Absence):
            person = _known(people, event.person, "person")
            spans = calendars[person.calendar].open if person.calendar else ((0, 1 << 40),)
            name = f"{person.calendar}-{person.id}"
            left = _cut(spans, *_span(event.start, event.end))
            calendars[name] = Calendar(name, left)
            people[person.id] = replace(person, calendar=name)
        elif isinstance(event, LateMaterial):
            job = _known(jobs, event.job, "job")
            jobs[job.id] = replace(job, material=max(job.material, event.until))
        else:
            if event.job.id in jobs:
                raise ConfigError(f"Job {event.job.id} is there already: give the rush order another name.")
            jobs[event.job.id] = event.job
            require(plant, Work((event.job,)))
    changed = replace(
        plant,
        units=tuple(units.values()),
        people=tuple(people.values()),
        calendars=tuple(calendars.values()),
        now=now,
    )
    return changed, Work(tuple(jobs.values()))


def _known(things: dict[str, _T], name: str, kind: str) -> _T:
    if name not in things:
        raise ConfigError(f"There is no {kind} {name}: correct the name.")
    return things[name]


def _span(start: int, end: int) -> tuple[int, int]:
    if end <= start:
        raise ConfigError(f"An event from {start} to {end} must end after it starts.")
    return start, end


def _cut(spans: tuple[tuple[int, int], ...], low: int, high: int) -> tuple[tuple[int, int], ...]:
    pieces = [piece for a, b in spans for piece in ((a, min(b, low)), (max(a, high), b))]
    return tuple((a, b) for a, b in pieces if b > a)


def _hit(one: Placed, events: Sequence[Event], now: int, pausable: set[str]) -> bool:
    """Tell whether an event makes it impossible that an operation stays; one that has started may pause instead."""
    if one.end <= now:
        return False
    may_pause = one.operation in pausable
    for event in events:
        if isinstance(event, LateMaterial):
            if event.job == one.job and max(one.start, now) < event.until and one.start >= now:
                return True
        elif isinstance(event, Breakdown | Absence):
            who = one.unit == event.unit if isinstance(event, Breakdown) else event.person in one.people
            meets = event.start < one.end and one.start < event.end
            if who and meets and not (may_pause and one.start < event.start):
                return True
    return False


def _pinned(work: Work, pins: dict[str, Placed]) -> Work:
    """Return the work with every kept operation pinned where it was."""

    def kept(one: Operation) -> Operation:
        if one.id not in pins:
            return one
        at = pins[one.id]
        return replace(one, pin=Pin(at.start, at.mode, at.people))

    return Work(tuple(replace(job, operations=tuple(kept(one) for one in job.operations)) for job in work.jobs))


def _decode_old(data: Compiled, old: dict[str, Placed]) -> tuple[State, F64, int]:
    """Decode in the old order; what is new goes by its due date."""
    f = data.floor
    rank, wish = np.zeros(len(data.operations)), nothing(f)
    for o, one in enumerate(data.operations):
        at = old.get(one.id)
        if at is None:
            rank[o] = f.now  # a rush order goes before everything that has not begun
            continue
        rank[o] = at.start
        wish[o] = f.mode_first[o] + at.mode
    state = empty_state(f)
    stick = int(_STICK * f.hour)
    failed = decode(pack(f), state, rank, nothing(f), nothing(f), wish, stick)
    return state, rank, int(failed)


def changes(data: Compiled, before: Plan, after: Plan, events: Sequence[Event]) -> tuple[Change, ...]:
    """Return what moved, in order of the new start, and why."""
    old = {one.operation: one for one in before.placed}
    new = {one.operation: one for one in after.placed}
    moved = {
        name
        for name, one in new.items()
        if name not in old or (one.unit, one.start) != (old[name].unit, old[name].start)
    }
    on: dict[str, list[Placed]] = {}
    for one in sorted(after.placed, key=lambda p: p.start):
        on.setdefault(one.unit, []).append(one)
    ahead = {b.operation: a.operation for line in on.values() for a, b in pairwise(line)}
    found = []
    for name in sorted(moved, key=lambda n: (new[n].start, n)):
        one, was = new[name], old.get(name)
        why = _why(data, one, was, moved, ahead.get(name, ""), events)
        unit, start = (was.unit, was.start) if was else ("", None)
        found.append(Change(name, one.job, unit, one.unit, start, one.start, why))
    return tuple(found)


def _why(
    data: Compiled, one: Placed, was: Placed | None, moved: set[str], ahead: str, events: Sequence[Event]
) -> str:
    if was is None:
        return "new order"
    for event in events:
        if (
            isinstance(event, Breakdown)
            and was.unit == event.unit
            and was.end > event.start
            and was.start < event.end
        ):
            return f"{event.unit} is down from {event.start} to {event.end}"
        if (
            isinstance(event, Absence)
            and event.person in was.people
            and was.end > event.start
            and was.start < event.end
        ):
            return f"{event.person} is away from {event.start} to {event.end}"
        if isinstance(event, LateMaterial) and event.job == one.job and was.start < event.until:
            return f"material comes at {event.until}"
    before = [link.operation for link in data.operations[data.index[one.operation]].after if link.operation in moved]
    if before:
        return f"follows {before[0]}, which moved"
    if one.start < was.start:
        return "moved up into room that became free"
    return f"behind {ahead} on {one.unit}" if ahead else "its people or tools are needed elsewhere"
