"""What is wrong with a plant and its work, all at once and in the user's words, before anything is solved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from chanye.engines.planning.calendars import after, calendars_of, longest, open_time
from chanye.engines.planning.types import (
    FOREVER,
    Job,
    Mode,
    Operation,
    Plant,
    Problem,
    Span,
    Work,
    WorkUnit,
)
from chanye.kernel.errors import ConfigError
from chanye.kernel.intervals import EMPTY, Intervals

#: What is planned at once at most.
MOST_OPERATIONS, MOST_MODES = 200_000, 2_000_000
#: The first so many problems are put into an error's words.
_TOLD = 20


def require(plant: Plant, work: Work) -> None:
    """Refuse data that no plan can be made of.

    Raises
    ------
    ConfigError
        Telling every problem, one a line.
    """
    found = problems(plant, work)
    if found:
        words = [one.words for one in found[:_TOLD]]
        more = [f"And {len(found) - _TOLD} more."] if len(found) > _TOLD else []
        raise ConfigError("\n".join(words + more))


def problems(plant: Plant, work: Work) -> tuple[Problem, ...]:
    """Return everything that is wrong; what depends on names is looked at only once all names are right."""
    big = tuple(_size(work))
    if big:
        return big
    found = (*_names(plant, work), *_plant(plant), *_numbers(work))
    if found:
        return found
    return (*_order(work), *_pins(plant, work), *_Windows(plant).problems(work))


def _size(work: Work) -> Iterator[Problem]:
    operations = sum(len(job.operations) for job in work.jobs)
    modes = sum(len(one.modes) for job in work.jobs for one in job.operations)
    for what, number, most in (("operations", operations, MOST_OPERATIONS), ("alternatives", modes, MOST_MODES)):
        if number > most:
            yield Problem(
                "too_big",
                what,
                f"The work has {number:,} {what}; at most {most:,} are planned at once. "
                "Plan fewer weeks ahead, or one shop at a time.",
            )


def _twice(kind: str, names: Iterable[str]) -> Iterator[Problem]:
    for name, times in Counter(names).items():
        if times > 1:
            yield Problem("twice", name, f"{kind} {name} is there {times} times: give each a name of its own.")
        if not name:
            yield Problem("no_name", "", f"{kind} without a name: give it one.")


def _names(plant: Plant, work: Work) -> Iterator[Problem]:
    operations = [one for job in work.jobs for one in job.operations]
    for kind, names in (
        ("Work unit", [one.id for one in plant.units]),
        ("Person", [one.id for one in plant.people]),
        ("Tool", [one.id for one in plant.tools]),
        ("Calendar", [one.id for one in plant.calendars]),
        ("Set-up matrix", [one.id for one in plant.matrices]),
        ("Buffer", [one.id for one in plant.buffers]),
        ("Job", [one.id for one in work.jobs]),
        ("Operation", [one.id for one in operations]),
    ):
        yield from _twice(kind, names)
    known = {one.id for one in operations}
    for operation in operations:
        for link in operation.after:
            if link.operation not in known:
                yield Problem(
                    "unknown", operation.id, f"Operation {operation.id} follows {link.operation}, which is not there."
                )
    yield from _unknown(plant, operations)
    settled = {one.id for one in plant.units if one.matrix}
    for operation in operations:
        unit = next((mode.unit for mode in operation.modes if mode.unit in settled), "")
        if unit and not operation.family:
            yield Problem(
                "family",
                operation.id,
                f"Operation {operation.id} may go on {unit}, which has set-ups: name its family.",
            )


def _unknown(plant: Plant, operations: list[Operation]) -> Iterator[Problem]:
    calendars = {"", *(one.id for one in plant.calendars)}
    skills = {"", *(skill for one in plant.people for skill in one.skills)}
    matrices = {"", *(one.id for one in plant.matrices)}
    units, tools = {one.id for one in plant.units}, {one.id for one in plant.tools}
    asked: list[tuple[str, str, str, set[str]]] = []
    for unit in plant.units:
        name = f"Work unit {unit.id}"
        asked += [(name, "calendar", unit.calendar, calendars), (name, "set-up matrix", unit.matrix, matrices)]
        asked.append((name, "skill of a setter", unit.setter, skills))
    asked += [(f"Person {one.id}", "calendar", one.calendar, calendars) for one in plant.people]
    asked += [(f"Buffer {one.id}", "work unit", unit, units) for one in plant.buffers for unit in one.units]
    for operation in operations:
        name = f"Operation {operation.id}"
        for mode in operation.modes:
            asked += [(name, "work unit", mode.unit, units), (name, "skill", mode.skill, skills)]
            asked += [(name, "tool", tool, tools) for tool in mode.tools]
    for who, what, name, known in dict.fromkeys((a, b, c, id(d)) for a, b, c, d in asked if c not in d):
        del known
        yield Problem(
            "unknown", who, f"{who} needs the {what} {name}, which is not there: add it or correct the name."
        )


def _spans(kind: str, name: str, spans: Iterable[Span]) -> Iterator[Problem]:
    listed = list(spans)
    if any(end <= start or abs(start) > FOREVER or abs(end) > FOREVER for start, end in listed):
        yield Problem("span", name, f"{kind} {name}: each span must end after it starts.")
    if any(after_[0] < before[1] for before, after_ in pairwise(listed)):
        yield Problem("span", name, f"{kind} {name}: spans must be sorted and must not overlap.")


def _plant(plant: Plant) -> Iterator[Problem]:
    if not plant.units:
        yield Problem("no_unit", "", "The plant has no work unit: add one.")
    for calendar in plant.calendars:
        yield from _spans("Calendar", calendar.id, calendar.open)
        if not any(end > plant.now for _, end in calendar.open):
            yield Problem(
                "never_open", calendar.id, f"Calendar {calendar.id} is never open from now on: give it shifts."
            )
    for unit in plant.units:
        yield from _spans("Maintenance of work unit", unit.id, sorted(unit.maintenance))
        if unit.batch < 0:
            yield Problem("negative", unit.id, f"Work unit {unit.id}: the room of a batch must not be below zero.")
    for what, name, number in (
        *(("Transport", f"{one.origin}-{one.destination}", one.time) for one in plant.transport),
        *(("Buffer", one.id, one.places) for one in plant.buffers),
        *(("Tool", one.id, one.count - 1) for one in plant.tools),
        *(("Set-up matrix", one.id, min([one.other, *one.times.values()])) for one in plant.matrices),
        *(("Power limit", "", plant.peak or 0) for _ in range(1)),
        *(("Ticks of an hour", "", plant.hour - 1) for _ in range(1)),
    ):
        if not 0 <= number < FOREVER:
            yield Problem(
                "negative", name, f"{what} {name}: {number} is out of range; no times or counts below zero."
            )
    placed = Counter(unit for one in plant.buffers for unit in one.units)
    for name, times in placed.items():
        if times > 1:
            yield Problem("buffer", name, f"Work unit {name} has {times} buffers: put it behind one.")


def _numbers(work: Work) -> Iterator[Problem]:
    for job in work.jobs:
        begins = max(job.release, job.material)
        if job.due is not None and job.due < job.release:
            yield Problem(
                "due", job.id, f"Job {job.id} is due at {job.due}, before its release at {job.release}: correct one."
            )
        if not (0 <= job.weight < 1e12) or not (abs(begins) < FOREVER and abs(job.due or 0) < FOREVER):
            yield Problem("range", job.id, f"Job {job.id}: weight or a time is out of range.")
        for one in job.operations:
            yield from _operation(one)


def _operation(one: Operation) -> Iterator[Problem]:
    if not one.modes:
        yield Problem("no_unit", one.id, f"Operation {one.id} has no work unit: name one that can do it.")
    if any(not 0 <= mode.time < FOREVER for mode in one.modes):
        yield Problem("negative", one.id, f"Operation {one.id} takes a negative or endless time: correct it.")
    if any(not 0 <= mode.power < 1e9 for mode in one.modes) or one.size < 1 or abs(one.earliest) > FOREVER:
        yield Problem("negative", one.id, f"Operation {one.id}: power, size or earliest start is out of range.")
    for link in one.after:
        if not 0 <= link.least < FOREVER or (link.most is not None and link.most < link.least):
            yield Problem(
                "lag",
                one.id,
                f"Operation {one.id} must start {link.least} to {link.most} after {link.operation}: "
                "no time satisfies that.",
            )
    if one.pin is not None and not 0 <= one.pin.mode < len(one.modes):
        yield Problem("pin", one.id, f"Operation {one.id} is pinned to an alternative that it does not have.")


def _order(work: Work) -> Iterator[Problem]:
    """Yield one problem that names the operations of a cycle (Kahn 1962, then a walk backwards)."""
    before = {one.id: [link.operation for link in one.after] for job in work.jobs for one in job.operations}
    waiting = {name: len(set(links)) for name, links in before.items()}
    follows: dict[str, list[str]] = {name: [] for name in before}
    for name, links in before.items():
        for link in set(links):
            follows[link].append(name)
    free = [name for name, number in waiting.items() if not number]
    while free:
        name = free.pop()
        del waiting[name]
        for next_ in follows[name]:
            waiting[next_] -= 1
            if not waiting[next_]:
                free.append(next_)
    if not waiting:
        return
    walk = [next(iter(waiting))]
    while walk[-1] not in walk[:-1]:
        walk.append(next(link for link in before[walk[-1]] if link in waiting))
    cycle = walk[walk.index(walk[-1]) :][::-1]
    names = " → ".join(cycle[:8]) + (" → …" if len(cycle) > 8 else "")
    yield Problem("cycle", cycle[0], f"Operations wait for each other: {names}. Take one of these links away.")


def _pins(plant: Plant, work: Work) -> Iterator[Problem]:
    people = {one.id for one in plant.people} | {f"{t.id}#{n}" for t in plant.tools for n in range(t.count)}
    for one in (one for job in work.jobs for one in job.operations if one.pin is not None):
        missing = [name for name in one.pin.people if name not in people] if one.pin else []
        if missing:
            yield Problem("unknown", one.id, f"Operation {one.id} is pinned to {missing[0]}, who is not there.")


class _Windows:
    """Whether there is a span long enough for each alternative; each set of resources is looked at once."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.calendars = calendars_of(plant)
        self.units: Mapping[str, WorkUnit] = {one.id: one for one in plant.units}
        self.of: dict[tuple[str, str], tuple[int, Intervals]] = {}

    def together(self, unit: str, skill: str) -> tuple[int, Intervals]:
        """Return the longest span in which a unit and one with the skill are there, and all time of any of them."""
        if (unit, skill) not in self.of:
            open_ = after(open_time(self.units[unit], self.calendars), self.plant.now)
            both = [open_] if not skill else self._with(open_, skill)
            every = EMPTY
            for one in both:
                every = every.union(one)
            self.of[unit, skill] = max((longest(one) for one in both), default=0), every
        return self.of[unit, skill]

    def _with(self, open_: Intervals, skill: str) -> list[Intervals]:
        names = {one.calendar for one in self.plant.people if skill in one.skills}
        return [open_.intersect(self.calendars[name]) for name in sorted(names)]

    def problems(self, work: Work) -> Iterator[Problem]:
        for job in work.jobs:
            for one in job.operations:
                if one.pin is None:
                    why = [self._why_not(job, one, mode) for mode in one.modes]
                    if all(why):
                        yield Problem("window", one.id, f"Operation {one.id} of job {job.id} fits nowhere: {why[0]}.")
        yield from self._setups(work)

    def _why_not(self, job: Job, one: Operation, mode: Mode) -> str:
        """Return why an alternative can never be; empty if it can."""
        unit = self.units[mode.unit]
        who = f"{mode.unit} and somebody who can {mode.skill}" if mode.skill else mode.unit
        longest_, every = self.together(mode.unit, mode.skill)
        rest = after(every, max(job.release, job.material, one.earliest)).total
        if unit.batch and one.size > unit.batch:
            return f"its size {one.size} is more than {mode.unit} holds ({unit.batch})"
        if self.plant.peak is not None and mode.power > self.plant.peak:
            return f"it draws {mode.power:g} kW, more than the limit of {self.plant.peak:g} kW"
        if not one.pausable and mode.time > longest_:
            return (
                f"it must not pause and takes {mode.time}, but {who} are there for {longest_} at a time at most; "
                "let it pause or give a longer shift"
            )
        if mode.time > rest or not every.total:
            return f"it takes {mode.time}, but {who} are there for {rest} in all; extend the calendar"
        return ""

    def _setups(self, work: Work) -> Iterator[Problem]:
        families: dict[str, set[str]] = {}
        for one in (one for job in work.jobs for one in job.operations):
            for mode in one.modes:
                families.setdefault(mode.unit, set()).add(one.family)
        matrices = {one.id: one for one in self.plant.matrices}
        for unit in self.plant.units:
            if not unit.matrix:
                continue
            used = sorted({*families.get(unit.id, ()), unit.family})
            times = {(a, b): matrices[unit.matrix].time(a, b) for a in used for b in used if b != unit.family or a}
            (before, next_), most = max(times.items(), key=lambda item: item[1], default=(("", ""), 0))
            room = self.together(unit.id, unit.setter)[0]
            if most > room:
                yield Problem(
                    "setup",
                    unit.id,
                    f"Setting {unit.id} up from {before} to {next_} takes {most}, the longest time for it is {room}: "
                    "a set-up does not go on after a break.",
                )
