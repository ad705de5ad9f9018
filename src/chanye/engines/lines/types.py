"""One description of a line or a plant, read by both simulators. Times are seconds, power is kW."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Law = Literal["fixed", "exponential", "uniform", "lognormal", "weibull"]
Dispatch = Literal["fifo", "shortest", "family", "due"]


@dataclass(frozen=True, slots=True)
class Time:
    """A time that varies.

    Parameters
    ----------
    mean
        [s]
    law
        How it varies about its mean.
    cv
        Standard deviation over mean; not read for ``fixed`` and ``exponential``; at most 0.577 for ``uniform``.
    """

    mean: float
    law: Law = "fixed"
    cv: float = 0.0

    @classmethod
    def measured(cls, seconds: Sequence[float]) -> Time:
        """Return the lognormal time with the mean and the spread of a sample. [s]."""
        n = len(seconds)
        mean = sum(seconds) / n
        spread = (sum((one - mean) ** 2 for one in seconds) / max(n - 1, 1)) ** 0.5
        return cls(mean, "lognormal", spread / mean) if spread > 0 else cls(mean)


@dataclass(frozen=True, slots=True)
class Breakdown:
    """How a station fails.

    Parameters
    ----------
    up
        Between the end of a repair and the next failure. [s]
    down
        Repair. [s]
    by
        ``operation``: only work ages the station; ``time``: it fails idle as well. Open hours only, in both.
    """

    up: Time
    down: Time
    by: Literal["operation", "time"] = "operation"


@dataclass(frozen=True, slots=True)
class SetUp:
    """Change-overs between families, made when the part is there.

    Parameters
    ----------
    family
        Family of each model, 0-based.
    seconds
        ``seconds[i][j]`` from family i to family j. [s]
    """

    family: tuple[int, ...]
    seconds: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class ToolChange:
    """A stop after every so many parts: a die change between batches, a tip dress, a coil.

    Parameters
    ----------
    every
        Parts.
    seconds
        [s]
    """

    every: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Rework:
    """Parts that go back to an earlier station (event engine only)."""

    share: float
    to: str


@dataclass(frozen=True, slots=True)
class Power:
    """What a station draws in each state. [kW]."""

    working: float = 0.0
    setup: float = 0.0
    down: float = 0.0
    idle: float = 0.0
    off: float = 0.0


@dataclass(frozen=True, slots=True)
class Calendar:
    """Open hours that come again.

    Parameters
    ----------
    name
        What stations call it.
    period
        After which it begins anew, for instance a week. [s]
    windows
        (opens, closes) within the period, in order, without overlap. [s]
    """

    name: str
    period: float
    windows: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Station:
    """A place where one part at a time, or ``servers`` parts, are worked on.

    Parameters
    ----------
    name
        Unique.
    time
        One operation. [s]
    models
        Mean for each model instead of ``time.mean``; the law stays. [s]
    servers
        Parts at once. In the recursion they leave in the order they came, as on a conveyor or in an oven.
    redo
        Share of operations that are done once more on the spot.
    scrap
        Share of parts that end here.
    room
        Places for parts that wait, where ``Line.routes`` and not links lead here; None: any number. Parts that
        come in from outside always find one.
    transport
        Way to here, where ``Line.routes`` lead here. [s]
    pool
        Operators it needs for set-up, work and repair; empty: none.
    calendar
        Its open hours; empty: always.
    """

    name: str
    time: Time
    models: tuple[float, ...] = ()
    servers: int = 1
    breakdown: Breakdown | None = None
    setup: SetUp | None = None
    tools: ToolChange | None = None
    redo: float = 0.0
    scrap: float = 0.0
    rework: Rework | None = None
    room: int | None = None
    transport: float = 0.0
    pool: str = ""
    dispatch: Dispatch = "fifo"
    calendar: str = ""
    power: Power = field(default_factory=Power)


@dataclass(frozen=True, slots=True)
class Link:
    """From one station to the next, with finite space between. Several links into a station are an assembly.

    Parameters
    ----------
    space
        Parts that may stand between; None: any number.
    transport
        Way from one to the other; what is on its way takes space. [s]
    """

    before: str
    after: str
    space: int | None = 0
    transport: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """Stations, what connects them, and what comes in.

    Parameters
    ----------
    links
        Without cycles. Each part passes all stations; an assembly takes one part from each of its links.
    routes
        Instead of links: the stations that each model visits, in order, again where it must (event engine only).
    arrival
        Time between parts that come in; None: there is always one.
    sequence
        Models in the order in which they come, repeated.
    pools
        (name, operators) of shared operators (event engine only).
    allowance
        Due date of each model after its arrival, for the dispatch rule ``due``. [s]
    """

    stations: tuple[Station, ...]
    links: tuple[Link, ...] = ()
    routes: tuple[tuple[str, ...], ...] = ()
    arrival: Time | None = None
    sequence: tuple[int, ...] = (0,)
    pools: tuple[tuple[str, int], ...] = ()
    calendars: tuple[Calendar, ...] = ()
    allowance: tuple[float, ...] = ()

    @property
    def models(self) -> int:
        """How many models there are."""
        return max(self.sequence) + 1


@dataclass(frozen=True, slots=True)
class Runs:
    """How much is simulated.

    Parameters
    ----------
    parts
        That come in, in each replication.
    replications
        Independent repetitions.
    seed
        The same seed gives the same random numbers to each cause of each station: variants meet the same luck.
    warm_up
        Parts left out at the beginning; None: as many as MSER-5 says.
    """

    parts: int
    replications: int = 10
    seed: int = 1
    warm_up: int | None = None


def serial(stations: Sequence[Station], spaces: Sequence[int | None], **more: Any) -> Line:
    """Return a line of stations one after the other with ``len(stations) - 1`` spaces between."""
    pairs = zip(stations[:-1], stations[1:], spaces, strict=True)
    links = tuple(Link(a.name, b.name, space) for a, b, space in pairs)
    return Line(tuple(stations), links, **more)
