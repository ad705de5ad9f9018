"""A plant, its work and a plan. Times are whole ticks (a minute, a second) from an origin the caller chooses.

Names follow ISA-95 (IEC 62264-1): work unit, person, operation; a time span is half-open, ``[start, end)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Span = tuple[int, int]
Goal = Literal["weighted_tardiness", "makespan", "setup_time", "energy_cost", "stability"]
GOALS: tuple[Goal, ...] = ("weighted_tardiness", "makespan", "setup_time", "energy_cost", "stability")
#: The end of a calendar that is never closed. [tick]
FOREVER = 1 << 40


@dataclass(frozen=True, slots=True)
class Calendar:
    """When something works: sorted, disjoint spans; it is closed in all other time. [tick]."""

    id: str
    open: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class WorkUnit:
    """A machine, cell or furnace.

    Parameters
    ----------
    id
        Unique among work units.
    area
        Where it stands; transport times are between areas.
    calendar
        Name of its calendar; empty: always open.
    maintenance
        Spans in which it is closed whatever the calendar says. [tick]
    matrix
        Name of its set-up matrix; empty: no set-ups.
    family
        What it is set up for at the beginning; empty: anything, the first set-up is free.
    setter
        Skill that somebody needs to set it up; empty: nobody is needed.
    batch
        Room for operations of one family that start and end together; zero: one operation at a time. [size]
    """

    id: str
    area: str = ""
    calendar: str = ""
    maintenance: tuple[Span, ...] = ()
    matrix: str = ""
    family: str = ""
    setter: str = ""
    batch: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who runs or sets up work units, one at a time."""

    id: str
    skills: frozenset[str]
    calendar: str = ""


@dataclass(frozen=True, slots=True)
class Tool:
    """A mould, fixture or gauge of which there are ``count``; always at hand."""

    id: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class SetupMatrix:
    """Set-up time from one family to another [tick]; a pair that is not named takes ``other``, the same family 0."""

    id: str
    times: Mapping[tuple[str, str], int]
    other: int = 0

    def time(self, before: str, after: str) -> int:
        """Return the set-up time between two families; none from an empty one. [tick]."""
        if before == after or not before or not after:
            return 0
        return self.times.get((before, after), self.other)


@dataclass(frozen=True, slots=True)
class Transport:
    """How long a part is on its way from one area to another. [tick]."""

    origin: str
    destination: str
    time: int


@dataclass(frozen=True, slots=True)
class Buffer:
    """Places before some work units. A part takes one from its arrival until its operation starts there."""

    id: str
    units: tuple[str, ...]
    places: int


@dataclass(frozen=True, slots=True)
class Price:
    """What energy costs in a span: ``[start, end)`` [tick], ``price`` [fen/kWh]."""

    start: int
    end: int
    price: float


@dataclass(frozen=True, slots=True)
class Plant:
    """What work is done with; everything in it has its own name.

    Parameters
    ----------
    now
        Nothing starts before it, but what is pinned. [tick]
    tariff
        Sorted; energy is free outside. [fen/kWh]
    peak
        The power of all running operations stays within it; None: no limit. [kW]
    hour
        Ticks in an hour.
    """

    units: tuple[WorkUnit, ...]
    people: tuple[Person, ...] = ()
    tools: tuple[Tool, ...] = ()
    calendars: tuple[Calendar, ...] = ()
    matrices: tuple[SetupMatrix, ...] = ()
    transport: tuple[Transport, ...] = ()
    buffers: tuple[Buffer, ...] = ()
    tariff: tuple[Price, ...] = ()
    peak: float | None = None
    hour: int = 60
    now: int = 0


@dataclass(frozen=True, slots=True)
class Mode:
    """One way to do an operation.

    Parameters
    ----------
    unit
        The work unit.
    time
        Working time without pauses. [tick]
    skill
        One person who has it is there from start to end; empty: nobody is needed.
    tools
        One of each from start to end.
    power
        While it works, not in pauses. [kW]
    """

    unit: str
    time: int
    skill: str = ""
    tools: tuple[str, ...] = ()
    power: float = 0.0


@dataclass(frozen=True, slots=True)
class After:
    """The operation before, and how long after its end this one may start; transport comes on top of ``least``."""

    operation: str
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Pin:
    """Where an operation is fixed: start [tick], place of the mode in the list, and the person (anybody if empty)."""

    start: int
    mode: int = 0
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """A step of a job.

    Parameters
    ----------
    id
        Unique in all the work.
    modes
        Its alternatives.
    after
        What must have ended before.
    family
        For set-ups and batches; every operation that may go on a work unit with set-ups has one.
    size
        Room it takes in a batch.
    pausable
        Whether it may stop when its work unit or person pauses and go on after. It keeps both meanwhile.
    earliest
        No start before it. [tick]
    pin
        Fixed: running, frozen or pinned by a person.
    """

    id: str
    modes: tuple[Mode, ...]
    after: tuple[After, ...] = ()
    family: str = ""
    size: int = 1
    pausable: bool = True
    earliest: int = 0
    pin: Pin | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """An order's work.

    Parameters
    ----------
    release, material
        Nothing starts before either. [tick]
    due
        None: no due date. [tick]
    weight
        Cost of a tick of tardiness.
    """

    id: str
    operations: tuple[Operation, ...]
    due: int | None = None
    weight: float = 1.0
    release: int = 0
    material: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """All jobs to be planned."""

    jobs: tuple[Job, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an operation is in a plan; ``people`` holds persons and tools (``name#number``)."""

    operation: str
    job: str
    mode: int
    unit: str
    start: int
    end: int
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetUp:
    """The set-up before an operation; ``person`` is empty where none is needed."""

    unit: str
    operation: str
    start: int
    end: int
    before: str
    after: str
    person: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """After how many seconds which value and bound of the first goal were known, and by what."""

    seconds: float
    value: float
    bound: float
    by: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan that keeps every rule, and how good it is.

    Parameters
    ----------
    placed
        In the order of the work.
    values
        Of every goal: tick, tick, tick, fen; ``stability`` counts changed work units, ``shift`` the ticks moved.
    goal
        The first goal.
    bound
        No plan has less of the first goal.
    gap
        ``(value - bound) / value`` of the first goal, zero where both are equal.
    trace
        How it came about.
    """

    placed: tuple[Placed, ...]
    setups: tuple[SetUp, ...]
    values: Mapping[str, float]
    goal: Goal = "weighted_tardiness"
    bound: float = 0.0
    gap: float = 0.0
    trace: tuple[Progress, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a plant or its work: ``code`` for machines, ``about`` a name, ``words`` for people."""

    code: str
    about: str
    words: str


Report = Callable[[Progress], None]
Cancelled = Callable[[], bool]
