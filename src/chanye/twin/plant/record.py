"""The truth: what every machine did from instant to instant, what became of every piece, who worked on what."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from chanye.twin.parts import HOUR
from chanye.twin.plant.layout import STATIONS

#: Power in each state as a share of idle power; running is drawn from the machine's running power.
POWER = {"off": 0.0, "rest": 1.0, "setup": 1.15, "fault": 0.7, "hold": 0.9, "minor": 1.1}
#: What a control is when it does not say more than "ready".
IDLE = frozenset({"blocked", "starved", "noorder", "material", "operator"})


@dataclass(frozen=True, slots=True)
class Doing:
    """What a machine does.

    ``state``, the ``reason`` of a stop, the machine that is to blame (``cause``, index or -1), ``order`` and ``step``
    (index) or -1, ``person`` who works on it, mean ``power`` [kW].
    """

    state: str
    reason: str = ""
    cause: int = -1
    order: int = -1
    step: int = -1
    person: str = ""
    power: float = 0.0


@dataclass(frozen=True, slots=True)
class Span:
    """``doing`` held in ``[start, end)`` (us UTC)."""

    start: int
    end: int
    doing: Doing


@dataclass(frozen=True, slots=True)
class Piece:
    """Something happened to a piece.

    ``cycle``: a machine has worked it; ``spoiled``: something is wrong with it from now on, whoever knows; ``good``,
    ``scrap`` or ``rework``: what became of it at an operation; ``mended``: it has been put right and goes through the
    operation again; ``reason`` of the defect.
    """

    time: int
    machine: int
    order: int
    step: int
    piece: int
    what: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Labour:
    """Somebody worked on an operation in ``[start, end)``; ``phase`` is ``setup`` or ``run``."""

    person: str
    machine: int
    order: int
    step: int
    phase: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Act:
    """Somebody did something at a machine.

    He began to set up (``setup``) or to run (``run``) an operation, or left it (``pause``); he called maintenance
    (``call``, with no order), a technician came (``answer``) and was done (``close``).
    """

    time: int
    machine: int
    order: int
    step: int
    what: str
    person: str


@dataclass(slots=True)
class Record:
    """Columns that only grow, one list of spans per machine, pieces in time order."""

    start: int
    spans: list[list[Span]] = field(default_factory=lambda: [[] for _ in STATIONS])
    current: list[tuple[int, Doing]] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    labour: list[Labour] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    now: int = 0

    def __post_init__(self) -> None:
        self.now = self.start
        self.current = [(self.start, Doing("off")) for _ in STATIONS]

    def enter(self, machine: int, time: int, doing: Doing) -> bool:
        """Say what a machine does from ``time`` on; return whether that is news."""
        since, before = self.current[machine]
        if before == doing:
            return False
        if time > since:
            self.spans[machine].append(Span(since, time, before))
        self.current[machine] = (time, doing)
        return True

    def tell(self, piece: Piece) -> None:
        """Note what happened to a piece."""
        self.pieces.append(piece)

    # ---- questions -------------------------------------------------------------------------------------------
    def between(self, machine: int, start: int, end: int) -> Iterator[Span]:
        """Yield the spans that overlap ``[start, end)``, cut to it; they tile it as far as the plant was played."""
        spans = self.spans[machine]
        for index in range(bisect_right(spans, start, key=lambda span: span.end), len(spans)):
            span = spans[index]
            if span.start >= end:
                return
            yield Span(max(span.start, start), min(span.end, end), span.doing)
        since, doing = self.current[machine]
        if max(since, start) < min(self.now, end):
            yield Span(max(since, start), min(self.now, end), doing)

    def happened(self, start: int, end: int) -> list[Piece]:
        """Return what happened to pieces in ``[start, end)``."""
        first = bisect_left(self.pieces, start, key=lambda piece: piece.time)
        return self.pieces[first : bisect_left(self.pieces, end, key=lambda piece: piece.time)]

    def counts(self, start: int, end: int) -> Counter[tuple[int, int, str]]:
        """Return how often each ``(order, step, what)`` happened in the window."""
        return Counter((one.order, one.step, one.what) for one in self.happened(start, end))

    def cycles(self, start: int, end: int) -> Counter[int]:
        """Return the pieces each machine has worked in the window, those of no order included."""
        return Counter(one.machine for one in self.happened(start, end) if one.what == "cycle")

    def energy(self, machine: int, start: int, end: int) -> float:
        """Return what a machine drew in the window [kWh]."""
        return sum(s.doing.power * (s.end - s.start) for s in self.between(machine, start, end)) / HOUR

    def energy_of_orders(self, start: int, end: int) -> dict[int, float]:
        """Return what the machines drew while they were on each order in the window [kWh]; -1: on none."""
        found: dict[int, float] = {}
        for machine in range(len(STATIONS)):
            for span in self.between(machine, start, end):
                drawn = span.doing.power * (span.end - span.start) / HOUR
                found[span.doing.order] = found.get(span.doing.order, 0.0) + drawn
        return found

    def time_in(self, start: int, end: int, machine: int | None = None) -> Counter[str]:
        """Return how long machines were in each state in the window [us]."""
        found: Counter[str] = Counter()
        for number in range(len(STATIONS)) if machine is None else (machine,):
            for span in self.between(number, start, end):
                found[span.doing.state] += span.end - span.start
        return found

    def stops(self, machine: int, start: int, end: int) -> list[Span]:
        """Return the stops of a machine: time at work in which it neither runs nor rests."""
        return [s for s in self.between(machine, start, end) if s.doing.state not in ("running", "off", "rest")]


def power(machine: int, state: str) -> float:
    """Return the mean power of a machine in a state [kW]."""
    station = STATIONS[machine]
    return station.run_kw if state == "running" else round(station.idle_kw * POWER.get(state, 1.0), 6)
