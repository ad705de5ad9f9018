"""What may cross the wall of the room: items, what is done to them, what is answered.

An *item* is a lot, a serial or a container, and has a number of its own. Items made in one call have consecutive
numbers, so thousands of them are named by one ``range``: wherever items are asked for, a number, a range and a
sequence of both will do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

#: Lot: a quantity under one number. Serial: one piece. Container: a box, pallet or bin that holds items.
Kind = Literal["lot", "serial", "container"]

#: active: here and usable. consumed: went into something else, wholly. shipped: left the house. scrapped: destroyed.
Status = Literal["active", "consumed", "shipped", "scrapped"]

#: Part of an item in an event; ``content`` was moved along inside an object, ``void_…`` was told wrongly.
Role = Literal["input", "output", "object", "parent", "content", "void_input", "void_output"]

#: Amount in the unit of the material; exact decimals with up to six places.
Amount = Decimal | int | float | str

#: One or more items: a number, consecutive numbers, or several of these.
Items = int | range | Sequence[int | range]


@dataclass(frozen=True, slots=True)
class LotDraft:
    """A lot to be made.

    Parameters
    ----------
    material_code, material_name
        What it is; the material is remembered with its unit when it is first named.
    lot
        Lot number, once per material.
    quantity
        [unit]
    unit
        UCUM code; the same for all items of a material.
    attributes
        Anything worth keeping with the item, e.g. the hash of the NC program.
    """

    material_code: str
    lot: str
    quantity: Amount
    unit: str = "{part}"
    material_name: str = ""
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SerialsDraft:
    """Pieces to be made, each with a serial number of its own.

    Parameters
    ----------
    serials
        The numbers; or give ``count``, ``prefix`` and ``start``, and they are ``prefix`` + number, as wide as
        ``width`` or as the last number.
    """

    material_code: str
    serials: Sequence[str] = ()
    count: int = 0
    prefix: str = ""
    start: int = 1
    width: int = 0
    material_name: str = ""
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ContainerDraft:
    """A container to be made; ``code`` is its SSCC or the plant's own number."""

    code: str
    material_code: str = "container"
    material_name: str = ""
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class More:
    """More of a lot that is there: an order that reports its output in several bookings grows one lot."""

    item: int
    quantity: Amount


@dataclass(frozen=True, slots=True)
class Use:
    """Items that go into something else.

    Parameters
    ----------
    items
        A lot, or serials.
    quantity
        Taken from the lot; None takes all that is left. Serials are always taken whole. [unit of the material]
    """

    items: Items
    quantity: Amount | None = None


Output = LotDraft | SerialsDraft | More


@dataclass(frozen=True, slots=True)
class Booked:
    """What a write answers.

    Parameters
    ----------
    event_id
        The event it wrote.
    items
        The items it made, one range per draft, in the order of the drafts.
    contradictions
        What was booked before and does not fit the time of this event; empty if all is well.
    repeated
        True if the same key had booked it before; nothing was written this time.
    """

    event_id: int
    items: tuple[range, ...] = ()
    contradictions: tuple[str, ...] = ()
    repeated: bool = False

    @property
    def item(self) -> int:
        """The first item made, for calls that make one."""
        return self.items[0].start


@dataclass(frozen=True, slots=True)
class ItemRef:
    """An item by number and name."""

    id: int
    kind: Kind
    code: str
    material_code: str
    material_name: str


@dataclass(frozen=True, slots=True)
class ItemView:
    """An item with its state. Quantities in ``unit``; times in us UTC.

    ``made`` = ``left`` + ``consumed`` + ``scrapped``; ``place_id`` is an asset while it is here, ``holder`` says who
    has it when it was shipped.
    """

    id: int
    organisation_id: int
    kind: Kind
    code: str
    material_code: str
    material_name: str
    unit: str
    made: Decimal
    left: Decimal
    scrapped: Decimal
    status: Status
    blocked: str
    place_id: int | None
    place: str
    holder: str
    container: ItemRef | None
    attributes: dict[str, object]
    reference: str
    source: str
    made_at: int
    changed_at: int
    event_id: int

    @property
    def consumed(self) -> Decimal:
        """What went into other items. [unit]."""
        return self.made - self.left - self.scrapped

    @property
    def ref(self) -> ItemRef:
        """The item by number and name."""
        return ItemRef(self.id, self.kind, self.code, self.material_code, self.material_name)


@dataclass(frozen=True, slots=True)
class Reach:
    """All items that an item went into (forward), or that went into it (backward), itself included.

    Parameters
    ----------
    start
        The items asked about: one, or what a container holds.
    items
        Their numbers, ascending, each once however many paths lead to it. Shape (n,).
    stage
        Fewest steps from the start, 0 for itself. Shape (n,).
    quantity
        Forward: how much of the start each item holds [unit of the start]. Backward: how much of each item the start
        holds [unit of that item]. Shape (n,). The rule is in ``docs/explanation/genealogy.md``.
    starts, counts
        The same numbers as ranges. Shape (m,).
    """

    start: tuple[range, ...]
    forward: bool
    items: I64
    stage: I64
    quantity: F64
    starts: I64
    counts: I64

    @property
    def ranges(self) -> list[range]:
        """The items as ranges."""
        return [range(a, a + n) for a, n in zip(self.starts.tolist(), self.counts.tolist(), strict=True)]

    @property
    def stages(self) -> int:
        """The number of steps to the farthest item."""
        return int(self.stage.max(initial=0))


@dataclass(frozen=True, slots=True)
class EventPart:
    """Items in an event; ``quantity`` over all of them, None where none was booked."""

    role: Role
    first: ItemRef
    last: ItemRef
    count: int
    quantity: Decimal | None
    unit: str


@dataclass(frozen=True, slots=True)
class EventView:
    """Something that happened to items. ``event_at``: when; ``recorded_at``: when it became known. [us UTC]."""

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
    detail: dict[str, object]
    contradictions: tuple[str, ...]
    parts: tuple[EventPart, ...] = ()
    more_parts: int = 0


@dataclass(frozen=True, slots=True)
class Balance:
    """Where the quantity of an item went; the four parts add up to ``made``. [unit]."""

    unit: str
    made: Decimal
    left: Decimal
    shipped: Decimal
    consumed: Decimal
    scrapped: Decimal


@dataclass(frozen=True, slots=True)
class RecallRow:
    """Items of one material in one state at one place, that an item went into.

    ``quantity`` is what is left of them [unit]; ``attributed`` is how much of the recalled item they hold now
    [unit of the recalled item].
    """

    material_code: str
    material_name: str
    kind: Kind
    unit: str
    stage: int
    status: Status
    blocked: bool
    place_id: int | None
    place: str
    holder: str
    container: ItemRef | None
    count: int
    quantity: Decimal
    attributed: float
    first: int


@dataclass(frozen=True, slots=True)
class Recall:
    """What became of an item: what, where, who, already shipped. ``attributed`` in the unit of the item.

    ``unused`` + ``here`` + ``shipped`` + ``scrapped`` is what was made of it, up to rounding.
    """

    item: ItemView
    rows: tuple[RecallRow, ...]
    reach: Reach
    unused: float
    here: float
    shipped: float
    scrapped: float
