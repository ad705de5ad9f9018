"""Agreements, their milestones and claims over HTTP. Money in fen, moments in us UTC, effects relative."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from chanye.domains.programme.actions import claims as acts
from chanye.domains.programme.queries import awards as queries
from chanye.domains.programme.types.awards import (
    AgreementRecord,
    AgreementRef,
    ClaimRecord,
    ClaimRef,
    InvoiceDraft,
    MilestoneRef,
    Preview,
)
from chanye.kernel.errors import ConfigError
from chanye.spine.api import PROBLEMS, viewer_of

router = Router(tags=["programme"])
Number = Annotated[int, Field(ge=0, le=9_007_199_254_740_991)]
Fen = Annotated[int, Field(ge=0, le=10**15, description="fen")]


class Agreement(Schema):
    """An agreement; ``claim`` is the relative effect that was promised (0.12 is 12 % better)."""

    id: int
    number: str
    application_id: int
    organisation_id: int
    firm: str
    office: str
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


class AgreedShare(Schema):
    """A tranche in the terms; ``share`` in basis points of the grant."""

    kind: str
    share: int


class AgreedTerms(Schema):
    """How the grant is paid; shares in basis points, ``months`` as [months after the upgrade, share by then]."""

    version: str
    share: int
    cap: int
    tranches: list[AgreedShare]
    months: list[tuple[int, int]]
    cure_days: int
    one_sided: float


class AgreedTranche(Schema):
    """A tranche, the budget year it falls due in, and what has been paid of it."""

    id: int
    kind: str
    year: int
    amount: int
    paid: int
    state: str


class AgreementSignature(Schema):
    """Who signed for a side, and the digest of what was signed."""

    side: str
    name: str
    digest: str
    at: int


class MilestoneProof(Schema):
    """A photo or document; its place is WGS-84 [deg]."""

    file_id: int
    name: str
    sha256: str
    taken_on: date | None
    latitude: float | None
    longitude: float | None
    at: int


class AgreedMilestone(Schema):
    """A milestone, the tranche that waits for it, and its proofs."""

    id: int
    position: int
    kind: str
    title: str
    tranche: str
    due: date | None
    state: str
    done_on: date | None
    reported_at: int | None
    judged_at: int | None
    note: str
    reason: str
    proofs: list[MilestoneProof]


class AgreementDetail(Schema):
    """An agreement with its parts; ``sound``: the digest is that of the text."""

    head: Agreement
    terms: AgreedTerms
    tranches: list[AgreedTranche]
    milestones: list[AgreedMilestone]
    signatures: list[AgreementSignature]
    sound: bool


class ClaimDue(Schema):
    """What is due and why; ``held`` waits for the time to cure."""

    state: str
    earned: int
    pay: int
    claw_back: int
    held: int
    reason: str


class Claim(Schema):
    """A claim; ``months`` after the upgrade is the measurement ``effect_id`` it is paid on."""

    id: int
    agreement_id: int
    agreement: str
    application_id: int
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
    due: ClaimDue
    pay: int
    claw_back: int
    reason: str
    filed_at: int
    verified_at: int | None
    approved_at: int | None
    paid_at: int | None


class ClaimInvoice(Schema):
    """An invoice in a claim; ``eligible`` is null until it is verified."""

    id: int
    number: str
    seller: str
    dated: date | None
    amount: int
    eligible: int | None
    file_id: int | None


class ClaimDetail(Schema):
    """A claim with its invoices."""

    head: Claim
    invoices: list[ClaimInvoice]


class ClaimPreview(Schema):
    """What a claim would pay now, or the ``obstacle``; ``least``: the lower bound of the effect it would rest on."""

    tranche: str
    amount: int
    paid: int
    due: ClaimDue | None
    obstacle: str
    effect_id: int | None
    months: int | None
    least: float | None
    share: float | None
    cured: bool


class InvoiceIn(Schema):
    """An invoice."""

    number: str = Field(min_length=1, max_length=64)
    amount: Fen
    seller: str = Field("", max_length=200)
    dated: date | None = None
    file_id: Number | None = None


class ClaimIn(Schema):
    """A claim for a tranche; the same ``key`` and content files once."""

    key: str = Field(min_length=1, max_length=64)
    tranche: Literal["start", "acceptance", "measured"]
    invoices: list[InvoiceIn] = Field([], max_length=acts.MOST_INVOICES)
    effect_id: Number | None = None


class ClaimDecision(Schema):
    """The next step of a claim; ``eligible``: what of an invoice is eligible, by its number, with verify alone."""

    decision: Literal["verify", "approve", "pay", "refuse"]
    eligible: dict[int, Fen] = {}
    reason: str = Field("", max_length=1000)


@router.get("/agreements", response={200: list[Agreement], **PROBLEMS}, summary="Agreements")
def list_agreements(request: HttpRequest, state: str = "", after: Number = 0) -> Sequence[AgreementRef]:
    """Return 200 agreements of a state (all if none is given) with numbers above ``after``."""
    return queries.agreement_page(viewer_of(request), state=state, after=after)


@router.get("/agreements/{agreement_id}", response={200: AgreementDetail, **PROBLEMS}, summary="One agreement")
def one_agreement(request: HttpRequest, agreement_id: Number) -> AgreementRecord:
    """Return an agreement with its terms, tranches, milestones and signatures."""
    return queries.agreement(viewer_of(request), agreement_id)


@router.get(
    "/agreements/{agreement_id}/milestones",
    response={200: list[AgreedMilestone], **PROBLEMS},
    summary="Milestones of an agreement",
)
def list_milestones(request: HttpRequest, agreement_id: Number) -> Sequence[MilestoneRef]:
    """Return the milestones of an agreement with their proofs."""
    return queries.agreement(viewer_of(request), agreement_id).milestones


@router.get(
    "/agreements/{agreement_id}/due",
    response={200: list[ClaimPreview], **PROBLEMS},
    summary="What claims would pay now",
)
def list_due(request: HttpRequest, agreement_id: Number) -> Sequence[Preview]:
    """Return for each tranche what a claim would pay now, or what stands in its way."""
    return queries.previews(viewer_of(request), agreement_id)


@router.get("/claims", response={200: list[Claim], **PROBLEMS}, summary="Claims")
def list_claims(request: HttpRequest, state: str = "", after: Number = 0) -> Sequence[ClaimRef]:
    """Return 200 claims of a state (all if none is given) with numbers above ``after``."""
    return queries.claim_page(viewer_of(request), state=state, after=after)


@router.get("/claims/{claim_id}", response={200: ClaimDetail, **PROBLEMS}, summary="One claim")
def one_claim(request: HttpRequest, claim_id: Number) -> ClaimRecord:
    """Return a claim with its invoices."""
    return queries.claim(viewer_of(request), claim_id)


@router.post("/agreements/{agreement_id}/claims", response={201: ClaimDetail, **PROBLEMS}, summary="File a claim")
def make_claim(request: HttpRequest, agreement_id: Number, claim: ClaimIn) -> Status[ClaimRecord]:
    """File a claim of your firm for a tranche."""
    viewer = viewer_of(request)
    number = acts.file_claim(
        actor=viewer,
        agreement_id=agreement_id,
        tranche=claim.tranche,
        invoices=[InvoiceDraft(**one.dict()) for one in claim.invoices],
        effect_id=claim.effect_id,
        key=claim.key,
    )
    return Status(201, queries.claim(viewer, number))


@router.post("/claims/{claim_id}/decisions", response={200: ClaimDetail, **PROBLEMS}, summary="Decide on a claim")
def decide_claim(request: HttpRequest, claim_id: Number, step: ClaimDecision) -> ClaimRecord:
    """Verify, approve, pay or refuse a claim; nobody does two of these in one case."""
    viewer = viewer_of(request)
    if step.eligible and step.decision != "verify":
        raise ConfigError("What is eligible is said with verify alone.")
    if step.reason.strip() and step.decision != "refuse":
        raise ConfigError("A reason goes with refuse alone.")
    if step.decision == "verify":
        acts.verify_claim(actor=viewer, claim_id=claim_id, eligible=step.eligible)
    elif step.decision == "approve":
        acts.approve_claim(actor=viewer, claim_id=claim_id)
    elif step.decision == "pay":
        acts.pay_claim(actor=viewer, claim_id=claim_id)
    else:
        acts.refuse_claim(actor=viewer, claim_id=claim_id, reason=step.reason)
    return queries.claim(viewer, claim_id)
