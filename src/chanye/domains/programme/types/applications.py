"""Applications as other parts see them. Money in fen, moments in us UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

#: States in the order a case goes through them.
STATES = (
    "draft",
    "submitted",
    "returned",
    "eligible",
    "reviewed",
    "approved",
    "agreed",
    "closed",
    "refused",
    "declined",
    "withdrawn",
)
DUTIES = ("enter", "review", "approve", "pay", "verify")


@dataclass(frozen=True, slots=True)
class ApplicationRef:
    """An application without its lines."""

    id: int
    number: str
    call_id: int
    call_code: str
    office_id: int
    organisation_id: int
    firm: str
    asset_id: int | None
    asset: str
    title: str
    project_code: str
    sector: str
    upgrade_kind: str
    summary: str
    rules_version: int
    total_cost: int
    eligible_cost: int
    requested: int
    measure: str
    method: str
    claim: float | None
    detectable: dict[str, Any]
    plan_id: int | None
    planned_start: date | None
    planned_finish: date | None
    state: str
    round: int
    reason: str
    score: float | None
    approved: int | None
    created_at: int
    changed_at: int
    submitted_at: int | None
    decided_at: int | None

    @property
    def name(self) -> str:
        """Number and title, whichever there are."""
        return " ".join(part for part in (self.number, self.title) if part) or f"#{self.id}"


@dataclass(frozen=True, slots=True)
class CostRef:
    """A cost of the project."""

    id: int
    kind: str
    text: str
    amount: int
    eligible: bool


@dataclass(frozen=True, slots=True)
class DocumentRef:
    """A paper or picture."""

    id: int
    file_id: int
    kind: str
    number: str
    name: str
    sha256: str
    picture_hash: str
    stored_at: int


@dataclass(frozen=True, slots=True)
class QuoteRef:
    """A supplier's offer."""

    id: int
    supplier: str
    supplier_code: str
    supplier_phone: str
    item: str
    amount: int
    number: str
    dated: date | None
    chosen: bool


@dataclass(frozen=True, slots=True)
class EquipmentRef:
    """A machine by its nameplate; ``price`` is of one piece."""

    id: int
    name: str
    model: str
    serial: str
    supplier: str
    price: int
    pieces: int
    bought: date | None
    asset_id: int | None


@dataclass(frozen=True, slots=True)
class Dossier:
    """An application with all its lines."""

    head: ApplicationRef
    costs: tuple[CostRef, ...] = ()
    documents: tuple[DocumentRef, ...] = ()
    quotes: tuple[QuoteRef, ...] = ()
    equipment: tuple[EquipmentRef, ...] = ()


@dataclass(frozen=True, slots=True)
class ApplicationDraft:
    """What a firm fills in; everything may be missing until it is submitted. Money in fen, ``claim`` relative."""

    asset_id: int | None = None
    title: str = ""
    project_code: str = ""
    sector: str = ""
    upgrade_kind: str = ""
    summary: str = ""
    requested: int = 0
    measure: str = ""
    method: str = ""
    claim: float | None = None
    planned_start: date | None = None
    planned_finish: date | None = None


@dataclass(frozen=True, slots=True)
class CostDraft:
    """A cost as it is typed."""

    kind: str
    text: str
    amount: int
    eligible: bool = True


@dataclass(frozen=True, slots=True)
class QuoteDraft:
    """An offer as it is typed."""

    supplier: str
    item: str
    amount: int
    supplier_code: str = ""
    supplier_phone: str = ""
    number: str = ""
    dated: date | None = None
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class EquipmentDraft:
    """A machine as it is typed; ``asset_id`` if it is on the spine already."""

    name: str
    model: str = ""
    serial: str = ""
    supplier: str = ""
    price: int = 0
    pieces: int = 1
    bought: date | None = None
    asset_id: int | None = None


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of an application; None leaves those of a kind as they are."""

    costs: tuple[CostDraft, ...] | None = None
    quotes: tuple[QuoteDraft, ...] | None = None
    equipment: tuple[EquipmentDraft, ...] | None = None


@dataclass(frozen=True, slots=True)
class DeedRef:
    """Who has which duty in a case."""

    person_id: int
    person: str
    duty: str
    at: int


@dataclass(frozen=True, slots=True)
class Ruling:
    """What became of one rule: ``state`` is holds, fails or unknown; ``seen`` is the value looked at, in words."""

    kind: str
    state: str
    seen: str
    words: str
    clause: str


@dataclass(frozen=True, slots=True)
class FoundRef:
    """What a check found, and what was answered."""

    check: str
    severity: str
    words: str
    ref: str
    id: int | None = None
    answer: str = ""
    answered_by: str = ""
    answered_at: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the timeline."""

    at: int
    who: str
    verb: str
    detail: dict[str, object] = field(default_factory=dict)
