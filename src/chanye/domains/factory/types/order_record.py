"""What the list and the record of orders show. Times in us UTC."""

from __future__ import annotations

from dataclasses import dataclass

from chanye.domains.factory.types.orders import OperationRef, OrderRef


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as a row of the list and of files."""

    id: int
    number: str
    product: str
    product_name: str
    revision: str
    routing: str
    state: str
    quantity: int
    good: int
    scrap: int
    rework: int
    open: int
    due: int | None
    late: bool
    priority: int
    customer: str
    reference: str
    note: str
    site: str
    released_at: int | None
    closed_at: int | None


@dataclass(frozen=True, slots=True)
class OperationRow:
    """An operation of an order with names of what it is worked with; ``done``: share that has left it, 0..1."""

    ref: OperationRef
    work_centre: str
    tool: str
    gauge: str
    program: str
    digest: str
    skill: str
    done: float


@dataclass(frozen=True, slots=True)
class BookingRow:
    """A row of the ledger: when it happened and when it came in; ``taken_back`` by a later row."""

    id: int
    kind: str
    operation: int
    operation_name: str
    good: int
    scrap: int
    rework: int
    reason: str
    person: str
    place: str
    event_at: int
    received_at: int
    origin: str
    lot: str
    note: str
    taken_back: bool
    reverses: int | None

    @property
    def late(self) -> bool:
        """Whether it came in more than five minutes after it happened."""
        return self.received_at - self.event_at > 300_000_000


@dataclass(frozen=True, slots=True)
class UseRow:
    """A material of an operation: what the order takes, what the pieces begun should have taken, what was booked."""

    operation: int
    code: str
    name: str
    unit: str
    planned: float
    due: float
    consumed: float


@dataclass(frozen=True, slots=True)
class PutRow:
    """Material that was put in: when it happened; ``quantity`` in its unit; ``taken_back`` by a later row."""

    id: int
    operation: int
    code: str
    unit: str
    lot: str
    item: int | None
    quantity: float
    person: str
    event_at: int
    taken_back: bool


@dataclass(frozen=True, slots=True)
class Deed:
    """A row of the history of changes."""

    at: int
    actor: str
    verb: str
    detail: dict[str, object]


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """One order with everything about it."""

    order: OrderRef
    routing: str
    note: str
    site: str
    ordered: int
    operations: tuple[OperationRow, ...]
    bookings: tuple[BookingRow, ...]
    uses: tuple[UseRow, ...]
    put: tuple[PutRow, ...]
    splits: tuple[OrderRef, ...]
    split_from_id: int | None
    history: tuple[Deed, ...]


@dataclass(frozen=True, slots=True)
class ToRelease:
    """An order that is not released, and what stands in the way; empty if nothing."""

    order: OrderRef
    obstacle: str


@dataclass(frozen=True, slots=True)
class Makeable:
    """A product that can be ordered: its newest released revision and the routings of it."""

    code: str
    name: str
    revision: str
    revisions: tuple[str, ...]
    routings: tuple[str, ...]
