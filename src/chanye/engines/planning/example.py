"""A plant as it might be, from a seed: for tests, the bench and the documentation."""

from __future__ import annotations

import numpy as np

from chanye.engines.planning.types import (
    After,
    Calendar,
    Job,
    Mode,
    Operation,
    Person,
    Plant,
    SetupMatrix,
    Tool,
    Transport,
    Work,
    WorkUnit,
)

#: A working day of two shifts with a meal each, in minutes after midnight; the third shift is the night.
_SHIFTS = (((360, 600), (630, 840)), ((840, 1080), (1110, 1320)), ((1320, 1560), (1590, 1800)))
_FAMILIES = ("A", "B", "C", "D", "E", "F")


def example_plant(*, orders: int = 500, units: int = 40, seed: int = 1, days: int = 0) -> tuple[Plant, Work]:
    """Return a parts factory and its orders; times are minutes from a Monday 00:00.

    Five groups of equal machines (press, mill, turn, furnace-free finishing and assembly) stand in three areas; four
    in five orders have a due date that a good plan can nearly keep. Operators work one shift each.

    Parameters
    ----------
    orders, units
        Each order has three to seven operations, five on average.
    seed
        The same seed gives the same plant.
    days
        How far calendars reach; zero: far enough. [day]
    """
    rng = np.random.default_rng(seed)
    days = days or max(30, 8 * orders // units)
    groups = [f"G{g}" for g in range(max(1, min(5, units // 2)))]
    of_group: dict[str, list[WorkUnit]] = {g: [] for g in groups}
    for n in range(units):
        g = n % len(groups)
        night = "three" if rng.random() < 0.3 else "two"
        unit = WorkUnit(
            f"M{n + 1:02d}",
            area=f"hall {g % 3}",
            calendar=night,
            maintenance=_maintenance(rng, days),
            matrix="tools" if g < 2 else "",
            family=str(rng.choice(_FAMILIES)) if g < 2 else "",
            setter="setter" if g == 0 else "",
        )
        of_group[groups[g]].append(unit)
    every = tuple(unit for one in of_group.values() for unit in one)
    plant = Plant(
        every,
        people=_people(rng, groups, units),
        tools=(Tool("gauge", max(2, units // 5)),),
        calendars=_calendars(days),
        matrices=(_matrix(rng),),
        transport=tuple(Transport(f"hall {a}", f"hall {b}", 15) for a in range(3) for b in range(3) if a != b),
    )
    span = 950 * orders * 5 * 60 // (units * 950 * 5)  # what the machines need, roughly, before set-ups
    jobs = tuple(_job(rng, j, groups, of_group, span) for j in range(orders))
    return plant, Work(jobs)


def _maintenance(rng: np.random.Generator, days: int) -> tuple[tuple[int, int], ...]:
    if rng.random() > 0.3:
        return ()
    start = int(rng.integers(1, max(2, days // 2))) * 1440 + 600
    return ((start, start + 240),)


def _calendars(days: int) -> tuple[Calendar, ...]:
    def of(shifts: tuple[int, ...], first: int = 0) -> tuple[tuple[int, int], ...]:
        spans = [
            (day * 1440 + low, day * 1440 + high)
            for day in range(first, days)
            if day % 7 < 6
            for shift in shifts
            for low, high in _SHIFTS[shift]
        ]
        return tuple(sorted(spans))

    return (
        Calendar("two", of((0, 1))),
        Calendar("three", of((0, 1, 2))),
        *(Calendar(f"shift {n + 1}", of((n,))) for n in range(3)),
    )


def _people(rng: np.random.Generator, groups: list[str], units: int) -> tuple[Person, ...]:
    people: list[Person] = []
    for shift, share in ((1, 0.7), (2, 0.7), (3, 0.25)):
        for n in range(max(2, round(units * share))):
            own = groups[n % len(groups)]
            other = str(rng.choice(groups))
            people.append(Person(f"P{shift}{n + 1:02d}", frozenset({own, other}), f"shift {shift}"))
        setters = max(1, units // 20)
        people += [Person(f"S{shift}{n + 1}", frozenset({"setter"}), f"shift {shift}") for n in range(setters)]
    return tuple(people)


def _matrix(rng: np.random.Generator) -> SetupMatrix:
    times = {(a, b): int(rng.integers(2, 7)) * 10 for a in _FAMILIES for b in _FAMILIES if a != b}
    return SetupMatrix("tools", times, 30)


def _job(rng: np.random.Generator, j: int, groups: list[str], of_group: dict[str, list[WorkUnit]], span: int) -> Job:
    family = str(rng.choice(_FAMILIES))
    operations: list[Operation] = []
    route = rng.permutation(len(groups)) if rng.random() < 0.3 else np.arange(len(groups))
    for n in range(int(rng.integers(3, 8))):
        group = groups[int(route[n % len(route)])]
        base = int(rng.integers(4, 25)) * 5
        units = of_group[group]
        several = rng.choice(len(units), size=min(len(units), int(rng.integers(2, 4))), replace=False)
        skill = group if rng.random() < 0.8 else ""
        tools = ("gauge",) if rng.random() < 0.1 else ()
        modes = tuple(
            Mode(units[int(u)].id, int(base * rng.choice([1.0, 1.0, 1.2])), skill, tools, 10.0)
            for u in sorted(several)
        )
        name = f"J{j + 1:04d}-{n + 1}"
        after = (After(operations[-1].id),) if operations else ()
        operations.append(Operation(name, modes, after, family, pausable=bool(rng.random() < 0.8)))
    release = int(rng.integers(0, max(1, span // 2))) if rng.random() < 0.5 else 0
    due = release + int(rng.integers(2880, 2880 + 2 * span + 1440))
    weight = float(rng.choice([1.0, 1.0, 2.0, 4.0]))
    return Job(f"J{j + 1:04d}", tuple(operations), due, weight, release)
