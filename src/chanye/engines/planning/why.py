"""Why an order is late: what each of its operations waited for, and what would help, found by planning again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from chanye.engines.planning.solve import solve
from chanye.engines.planning.types import Goal, Placed, Plan, Plant, SetUp, Work

Kind = Literal["release", "before", "unit", "setup", "person", "calendar"]


@dataclass(frozen=True, slots=True)
class Cause:
    """What held an operation until it started: ``by`` is what, free at ``until`` [tick]."""

    operation: str
    kind: Kind
    by: str
    until: int


@dataclass(frozen=True, slots=True)
class Relief:
    """What one change of the plant would do: ticks the job would end earlier, and tardiness cost saved in all."""

    what: str
    about: str
    earlier: int
    saved: float


def causes(plant: Plant, work: Work, plan: Plan, job: str) -> tuple[Cause, ...]:
    """Return the chain of what held a job, from its end back to something that held nothing before it.

    Each step is the last thing that became free before the operation started; the walk goes on with what occupied it.
    """
    walk = _Walk(plant, work, plan)
    own = [one for one in plan.placed if one.job == job]
    found: list[Cause] = []
    at = max(own, key=lambda one: one.end, default=None)
    seen: set[str] = set()
    while at is not None and at.operation not in seen:
        seen.add(at.operation)
        cause, at = walk.step(at)
        found.append(cause)
    return tuple(found)


class _Walk:
    def __init__(self, plant: Plant, work: Work, plan: Plan) -> None:
        self.plant, self.plan = plant, plan
        self.placed = {one.operation: one for one in plan.placed}
        self.setups = {one.operation: one for one in plan.setups}
        self.units = {one.id: one for one in plant.units}
        self.ways = {(one.origin, one.destination): one.time for one in plant.transport}
        self.of = {one.id: (job, one) for job in work.jobs for one in job.operations}

    def step(self, at: Placed) -> tuple[Cause, Placed | None]:
        """Return what held an operation last, and the operation that did."""
        job, one = self.of[at.operation]
        low = max(job.release, job.material, one.earliest, self.plant.now)
        options: list[tuple[int, Kind, str, Placed | None]] = [(low, "release", job.id, None)]
        for link in one.after:
            before = self.placed[link.operation]
            way = self.ways.get((self.units[before.unit].area, self.units[at.unit].area), 0)
            options.append((before.end + link.least + way, "before", link.operation, before))
        setup: SetUp | None = self.setups.get(at.operation)
        ahead = self._last(at.start, lambda other: other.unit == at.unit and other.operation != at.operation)
        if setup is not None:
            options.append((setup.end, "setup", at.unit, ahead))
        elif ahead is not None:
            options.append((ahead.end, "unit", at.unit, ahead))
        for name in at.people:
            busy = self._with(name, at)
            if busy is not None:
                options.append((busy.end, "person", name, busy))
        until, kind, by, who = max(options, key=lambda option: option[0])
        if until < at.start:  # everything was there but open time
            return Cause(at.operation, "calendar", at.unit, at.start), who
        return Cause(at.operation, kind, by, until), who

    def _with(self, name: str, at: Placed) -> Placed | None:
        return self._last(at.start, lambda other: name in other.people and other is not at)

    def _last(self, start: int, fits: Callable[[Placed], bool]) -> Placed | None:
        ones = [one for one in self.plan.placed if one.end <= start and fits(one)]
        return max(ones, key=lambda one: one.end, default=None)


def reliefs(
    plant: Plant,
    work: Work,
    plan: Plan,
    job: str,
    *,
    goal: Goal = "weighted_tardiness",
    seconds: float = 5.0,
    rounds: int | None = 40,
    most: int = 3,
) -> tuple[Relief, ...]:
    """Return what would help a job most: the plant is planned again with one thing relaxed, and compared.

    Relaxed are, in the order of the chain of causes: the calendar of a unit (always open), the set-ups of a unit, one
    more person like one who was waited for. The plant as it is is searched as long, for a fair comparison.

    Parameters
    ----------
    seconds, rounds
        For each change. [s]
    most
        Changes tried at most.
    """

    def again(changed: Plant) -> tuple[float, int]:
        found = solve(changed, work, goals=(goal,), seconds=seconds, rounds=rounds, start=plan)
        return found.values[goal], max((one.end for one in found.placed if one.job == job), default=0)

    tried: dict[tuple[str, str], Plant] = {}
    for cause in causes(plant, work, plan, job):
        name, changed = _relaxed(plant, cause)
        if changed is not None and len(tried) < most:
            tried.setdefault((name, cause.by), changed)
    cost, end = again(plant)
    found = []
    for (name, about), changed in tried.items():
        new_cost, new_end = again(changed)
        found.append(Relief(name, about, end - new_end, cost - new_cost))
    return tuple(sorted(found, key=lambda one: (-one.earlier, -one.saved)))


def _relaxed(plant: Plant, cause: Cause) -> tuple[str, Plant | None]:
    """Return what is changed about a cause, and the plant with it."""
    if cause.kind == "calendar":
        units = tuple(replace(one, calendar="") if one.id == cause.by else one for one in plant.units)
        return "always open", replace(plant, units=units)
    if cause.kind == "setup":
        units = tuple(replace(one, matrix="") if one.id == cause.by else one for one in plant.units)
        return "no set-ups", replace(plant, units=units)
    if cause.kind == "person":
        twin = [replace(one, id=f"{one.id}+") for one in plant.people if one.id == cause.by]
        return "one more person", replace(plant, people=(*plant.people, *twin)) if twin else None
    return "", None
