"""What a terminal shows of a machine, as it crosses the wall. Times: us UTC."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Place:
    """A machine or work centre to work at; ``group``: the line or site above it."""

    id: int
    code: str
    name: str
    kind: str
    group: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a work instruction; ``file``: address of its picture or empty."""

    text: str
    file: str
    confirm: bool


@dataclass(frozen=True, slots=True)
class Need:
    """A material that an operation takes: for all its pieces, and booked so far, both in ``unit``.

    ``tracking``: none, lot or serial.
    """

    code: str
    name: str
    unit: str
    tracking: str
    needed: float
    used: float


@dataclass(frozen=True, slots=True)
class LotLeft:
    """A lot or piece of a material that is here and not blocked; ``left`` in the unit of the material."""

    code: str
    left: float


@dataclass(frozen=True, slots=True)
class Task:
    """An operation at a terminal; ``here``: pieces that wait or are worked on; durations in s.

    ``missing``: what must be there before it can run, in words; ``warnings``: what will soon be missing.
    ``people``: badges of those who work on it now; ``serial``: each good piece is reported with its serial number.
    """

    id: int
    order: str
    product: str
    product_name: str
    revision: str
    number: int
    name: str
    kind: str
    state: str
    place: str
    planned: int
    arrived: int
    good: int
    scrap: int
    rework: int
    here: int
    due: int | None
    priority: int
    run_time: float
    setup_time: float
    started_at: int | None
    hold_reason: str
    reworkable: bool
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    materials: tuple[Need, ...] = ()
    people: tuple[str, ...] = ()
    serial: bool = False
    instruction: tuple[Page, ...] = ()
    instruction_title: str = ""
    instruction_version: int = 0


@dataclass(frozen=True, slots=True)
class Booked:
    """An output booking at this place that can still be taken back."""

    id: int
    operation: int
    good: int
    scrap: int
    rework: int
    event_at: int
    person: str
    serials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PutIn:
    """Material that was put into an operation lately and can still be taken back; ``quantity`` in its unit."""

    id: int
    operation: int
    material: str
    lot: str
    quantity: float
    event_at: int
    person: str


@dataclass(frozen=True, slots=True)
class ReasonOut:
    """A node of a reason tree; ``used``: how often it was booked lately, by which terminals sort."""

    code: str
    name: str
    name_en: str
    parent: str
    used: int


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who may sign in at a terminal by badge."""

    badge: str
    name: str


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop of the machine that wants a reason; ``end`` is null while it lasts; ``proposal``: code of a reason."""

    start: int
    end: int | None
    text: str
    proposal: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """Pieces the machine counted for an operation beyond what was booked; ``last``: when the last was counted."""

    operation: int
    good: int
    last: int


@dataclass(frozen=True, slots=True)
class Call:
    """A call for help; ``answered_at`` null while nobody has come, ``closed_at`` while it is open."""

    id: int
    key: str
    type: str
    type_name: str
    type_name_en: str
    place: str
    place_name: str
    note: str
    raised_at: int
    raised_by: str
    answered_at: int | None
    answered_by: str
    closed_at: int | None = None
    closed_by: str = ""
    closing_note: str = ""


@dataclass(frozen=True, slots=True)
class Handover:
    """A note from one shift to the next; ``badge``: of who wrote it."""

    id: int
    note: str
    shift: str
    at: int
    by: str
    badge: str


@dataclass(frozen=True, slots=True)
class TerminalState:
    """All that a terminal shows; without ``place`` only the places to choose from and the people.

    ``lots``: by code of the component, what can be put in, newest first.
    """

    place: Place | None
    viewer: Member
    site: str = ""
    simulated: bool = False
    places: tuple[Place, ...] = ()
    tasks: tuple[Task, ...] = ()
    lots: dict[str, list[LotLeft]] = field(default_factory=dict)
    booked: tuple[Booked, ...] = ()
    put: tuple[PutIn, ...] = ()
    stops: tuple[Stop, ...] = ()
    counted: tuple[Counted, ...] = ()
    calls: tuple[Call, ...] = ()
    handovers: tuple[Handover, ...] = ()
    people: tuple[Member, ...] = ()
    reasons: dict[str, list[ReasonOut]] = field(default_factory=dict)
