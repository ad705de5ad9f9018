"""Agreements, milestones and claims as other parts see them. Money in fen, moments in us UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from chanye.domains.programme.types.payout import Due, Terms

MILESTONES = ("begun", "installed", "connected", "finished", "other")
AGREEMENT_STATES = ("draft", "offered", "in_force", "settled")
CLAIM_STATES = ("filed", "verified", "approved", "paid", "refused")


@dataclass(frozen=True, slots=True)
class SignatureRef:
    """Who signed for a side, when, and which digest."""

    side: str
    name: str
    digest: str
    at: int


@dataclass(frozen=True, slots=True)
class TrancheRef:
    """A tranche with what has been paid of it."""

    id: int
    kind: str
    year: int
    amount: int
    paid: int
    state: str


@dataclass(frozen=True, slots=True)
class ProofRef:
    """A photo or document of a milestone."""

    file_id: int
    name: str
    kind: str
    sha256: str
    taken_on: date | None
    latitude: float | None
    longitude: float | None
    at: int


@dataclass(frozen=True, slots=True)
class MilestoneRef:
    """A milestone with its proofs."""

    id: int
    position: int
    kind: str
    title: str
    tranche: str
    due: date | None
    state: str
    done_on: date | None
    reported_at: int | None
    reported_by: str
    judged_at: int | None
    judged_by: str
    note: str
    reason: str
    proofs: tuple[ProofRef, ...]


@dataclass(frozen=True, slots=True)
class AgreementRef:
    """An agreement without its parts."""

    id: int
    application_id: int
    office_id: int
    organisation_id: int
    firm: str
    office: str
    number: str
    title: str
    project_code: str
    sector: str
    upgrade_kind: str
    state: str
    grant: int
    eligible_cost: int
    audited_cost: int | None
    claim: float | None
    measure: str
    plan_id: int | None
    plan_digest: str
    digest: str
    created_at: int
    in_force_at: int | None


@dataclass(frozen=True, slots=True)
class AgreementRecord:
    """An agreement with its terms, tranches, milestones and signatures. ``sound``: its digest is that of its text."""

    head: AgreementRef
    terms: Terms
    tranches: tuple[TrancheRef, ...]
    milestones: tuple[MilestoneRef, ...]
    signatures: tuple[SignatureRef, ...]
    sound: bool


@dataclass(frozen=True, slots=True)
class InvoiceDraft:
    """An invoice as it is typed; ``file_id`` of the stored scan."""

    number: str
    amount: int
    seller: str = ""
    dated: date | None = None
    file_id: int | None = None


@dataclass(frozen=True, slots=True)
class InvoiceRef:
    """An invoice in a claim."""

    id: int
    number: str
    seller: str
    dated: date | None
    amount: int
    eligible: int | None
    file_id: int | None
    file_name: str


@dataclass(frozen=True, slots=True)
class ClaimRef:
    """A claim without its invoices."""

    id: int
    agreement_id: int
    application_id: int
    agreement: str
    firm: str
    title: str
    number: int
    tranche: str
    amount: int
    state: str
    invoiced: int
    eligible: int | None
    effect_id: int | None
    months: int | None
    cured: bool
    due: Due
    pay: int
    claw_back: int
    reason: str
    filed_at: int
    filed_by: str
    verified_at: int | None
    verified_by: str
    approved_at: int | None
    approved_by: str
    paid_at: int | None
    paid_by: str


@dataclass(frozen=True, slots=True)
class ClaimRecord:
    """A claim with its invoices."""

    head: ClaimRef
    invoices: tuple[InvoiceRef, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a claim for a tranche would pay now, or why it cannot be made (``obstacle``, in words)."""

    tranche: str
    amount: int
    paid: int
    due: Due | None
    obstacle: str
    effect_id: int | None = None
    months: int | None = None
    least: float | None = None
    share: float | None = None
    cured: bool = False
