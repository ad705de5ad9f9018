"""Documents that are exchanged with other systems, as they cross the wall. Times in us UTC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chanye.domains.factory.types.orders import OrderRef

Direction = Literal["in", "out"]
#: Kinds of documents -> element of B2MML.
DOCUMENTS = {
    "schedule": "OperationsSchedule",
    "performance": "OperationsPerformance",
    "materials": "MaterialInformation",
    "lots": "MaterialInformation",
}
DIRECTIONS: tuple[Direction, ...] = ("in", "out")
#: What becomes of a line of a document that comes in.
LINE_STATES = ("new", "changed", "same", "fault")


@dataclass(frozen=True, slots=True)
class MadeBooking:
    """A booking of output as it goes out; ``operation`` is the number of the step."""

    id: int
    operation: int
    good: int
    scrap: int
    rework: int
    person: str
    place: str
    event_at: int
    received_at: int
    lot: str
    reverses: int | None


@dataclass(frozen=True, slots=True)
class Made:
    """An order with what was made of it: bookings in the order they happened, uses as code, unit, quantity."""

    order: OrderRef
    bookings: tuple[MadeBooking, ...]
    uses: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """What an entry of a document would do.

    ``state`` is one of ``LINE_STATES``; ``changes``: name of what changes, what it was, what it becomes; ``why`` of
    a fault with what to do.
    """

    number: str
    state: str
    what: str
    quantity: int | None = None
    due: int | None = None
    changes: tuple[tuple[str, str, str], ...] = ()
    why: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a document would do. ``before``: when the same document came in; ``checked`` by schemas."""

    kind: str
    document: str
    digest: str
    checked: bool
    lines: tuple[Line, ...]
    faults: tuple[str, ...]
    before: int | None = None

    def count(self, state: str) -> int:
        """Return how many lines are in a state."""
        return sum(line.state == state for line in self.lines)

    @property
    def wrong(self) -> tuple[str, ...]:
        """Everything that is wrong, in words."""
        return self.faults + tuple(f"{line.place}: {line.why}" for line in self.lines if line.state == "fault")


@dataclass(frozen=True, slots=True)
class ExchangeRow:
    """A document that came in or went out."""

    id: int
    at: int
    direction: str
    kind: str
    document: str
    entries: int
    new: int
    changed: int
    checked: bool
    actor: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class SchemaState:
    """Which schemas documents are checked against.

    ``source``: ``own`` (sent by the organisation), ``folder`` (of the server) or empty; ``covers``: kinds of
    documents that the set describes; ``fault``: why the set cannot be used.
    """

    source: str
    folder: str
    files: tuple[tuple[str, int], ...]
    digest: str = ""
    covers: tuple[str, ...] = ()
    fault: str = ""
    stored_at: int | None = None
    stored_by: str = ""
