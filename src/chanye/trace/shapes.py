"""What the API of the room takes and answers.

Times are us UTC. Quantities are in the unit of the item. Bookings carry a ``key`` of the caller: the same key books
once.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from ninja import Field, Schema

from chanye.spine.api import Moment, Number
from chanye.trace.types import Booked

ItemId = Annotated[int, Field(ge=1, le=2**62, description="number of an item")]
Text = Annotated[str, Field(max_length=200)]
Quantity = Annotated[Decimal, Field(gt=0, le=10**11)]


class ItemName(Schema):
    """An item by number and name."""

    id: int
    kind: str
    code: str
    material_code: str
    material_name: str


class Item(ItemName):
    """An item; ``made = left + consumed + scrapped`` in ``unit`` (UCUM)."""

    unit: str
    made: Decimal
    left: Decimal
    consumed: Decimal
    scrapped: Decimal
    status: str
    blocked: str
    place_id: int | None
    place: str
    holder: str
    container: ItemName | None
    attributes: dict[str, Any]
    reference: str
    source: str
    made_at: int
    changed_at: int


class Reached(Schema):
    """An item on the way; ``quantity`` as ``Genealogy`` says, ``stage`` is the fewest steps from the start."""

    id: int
    code: str
    stage: int
    quantity: float


class Genealogy(Schema):
    """Items reached: with ``quantity``, how much of the start each holds; backward, how much of each the start holds.

    ``total`` counts all of them; ``items`` are those numbered ``after`` and up, at most 10,000; go on at
    ``next_after``.
    """

    total: int
    stages: int
    items: list[Reached]
    next_after: int | None


class RecallRow(Schema):
    """Items of one material in one state at one place; ``attributed`` is how much of the recalled item they hold."""

    material_code: str
    material_name: str
    kind: str
    unit: str
    stage: int
    status: str
    blocked: bool
    place_id: int | None
    place: str
    holder: str
    container: ItemName | None
    count: int
    quantity: Decimal
    attributed: float


class Recall(Schema):
    """What became of an item, in its unit: ``unused + here + shipped + scrapped`` is what was made of it."""

    item: Item
    unused: float
    here: float
    shipped: float
    scrapped: float
    rows: list[RecallRow]


class Part(Schema):
    """``count`` items in an event, from the first to the last."""

    role: str
    first: ItemName
    last: ItemName
    count: int
    quantity: Decimal | None
    unit: str


class Event(Schema):
    """Something that happened: ``event_at`` when, ``recorded_at`` when it became known."""

    id: int
    uid: str
    verb: str
    step: str
    reference: str
    place_id: int | None
    place: str
    party: str
    event_at: int
    recorded_at: int
    actor: str
    detail: dict[str, Any]
    contradictions: list[str]
    parts: list[Part]
    more_parts: int


class Span(Schema):
    """Items made, numbered consecutively."""

    first: int
    count: int


class Answer(Schema):
    """What a booking answers; ``repeated`` if the key had booked it before."""

    event_id: int
    items: list[Span]
    contradictions: list[str]
    repeated: bool

    @staticmethod
    def of(booked: Booked) -> Answer:
        """Make it from the room's own value."""
        return Answer(
            event_id=booked.event_id,
            items=[Span(first=r.start, count=len(r)) for r in booked.items],
            contradictions=list(booked.contradictions),
            repeated=booked.repeated,
        )


class Facts(Schema):
    """What may be said of any event."""

    key: Text
    reference: Text = ""
    event_at: Moment | None = None


class NewLot(Schema):
    """A lot to be made."""

    material_code: Text
    material_name: Text = ""
    lot: Text
    quantity: Quantity
    unit: Text = "{part}"
    attributes: dict[str, Any] = {}


class NewSerials(Schema):
    """Pieces to be made: ``serials``, or ``count`` numbers after ``prefix`` from ``start`` on."""

    material_code: Text
    material_name: Text = ""
    serials: Annotated[list[Text], Field(max_length=100_000)] = []
    count: Annotated[int, Field(ge=0, le=100_000)] = 0
    prefix: Text = ""
    start: Annotated[int, Field(ge=0)] = 1
    width: Annotated[int, Field(ge=0, le=30)] = 0
    attributes: dict[str, Any] = {}


class Commission(Facts):
    """New lots and serials."""

    lots: list[NewLot] = []
    serials: list[NewSerials] = []
    place_id: Number | None = None
    source: Text = ""


class Used(Schema):
    """An input: a lot with the quantity taken (all that is left without), or ``count`` serials from it on."""

    item: ItemId
    count: Annotated[int, Field(ge=1, le=100_000)] = 1
    quantity: Quantity | None = None


class Grown(Schema):
    """More of a lot that is there."""

    item: ItemId
    quantity: Quantity


class Consume(Facts):
    """Inputs go into outputs; ``each``: one like operation per serial made."""

    inputs: Annotated[list[Used], Field(min_length=1, max_length=10_000)]
    lots: list[NewLot] = []
    serials: list[NewSerials] = []
    more: list[Grown] = []
    each: bool = False
    step: Text = ""
    place_id: Number | None = None


class ItemsIn(Facts):
    """Items named one by one or as ``count`` from one on."""

    items: Annotated[list[Span], Field(min_length=1, max_length=10_000)]

    @property
    def ranges(self) -> list[range]:
        """The items as ranges."""
        return [range(one.first, one.first + one.count) for one in self.items]


class Pack(ItemsIn):
    """Items put into a container."""

    container: ItemId


class Move(ItemsIn):
    """Items brought to a place."""

    place_id: Number


class Ship(ItemsIn):
    """Items sent away."""

    to: Text


class Hold(ItemsIn):
    """Items blocked, released or scrapped, and why; ``quantity`` of one lot to be scrapped."""

    reason: Text
    quantity: Quantity | None = None


class Captured(Schema):
    """What became of a document."""

    captured: int
    repeated: int
    contradictions: list[str]
