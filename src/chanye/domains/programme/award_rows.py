"""Agreements and claims as rows: who may see them, found, locked, turned into values. For the room itself."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from chanye.domains.programme.case_rows import visible
from chanye.domains.programme.models import Agreement, Claim, Milestone, Posting, Tranche
from chanye.domains.programme.rules.awards import digest_of, terms_of
from chanye.domains.programme.types.awards import (
    AgreementRecord,
    AgreementRef,
    ClaimRef,
    InvoiceRef,
    MilestoneRef,
    ProofRef,
    SignatureRef,
    TrancheRef,
)
from chanye.domains.programme.types.payout import Due
from chanye.kernel.errors import DeniedError
from chanye.parties.types import Viewer

_PLAIN = [
    one.name
    for one in fields(AgreementRef)
    if one.name not in ("id", "application_id", "office_id", "organisation_id", "firm", "office", "title")
    and one.name not in ("project_code", "sector", "upgrade_kind")
]
_CLAIM = [
    one.name
    for one in fields(ClaimRef)
    if one.name not in ("agreement", "application_id", "firm", "title", "tranche", "amount", "due")
]


def agreements(viewer: Viewer) -> QuerySet[Agreement]:
    """Return the agreements a viewer may see: of the applications the viewer may see."""
    rows = Agreement.objects.select_related("application__organisation", "application__office")
    return rows if viewer.system else rows.filter(application__in=visible(viewer))


def claims(viewer: Viewer) -> QuerySet[Claim]:
    """Return the claims a viewer may see."""
    rows = Claim.objects.select_related("agreement__application__organisation", "tranche")
    return rows if viewer.system else rows.filter(agreement__application__in=visible(viewer))


def seen_agreement(viewer: Viewer, agreement_id: int) -> Agreement:
    """Return an agreement that the viewer may see.

    Raises
    ------
    DeniedError
        If there is none.
    """
    row = agreements(viewer).filter(pk=agreement_id).first()
    if row is None:
        raise DeniedError(_("There is no such agreement, or it is not open to you."))
    return row


def seen_claim(viewer: Viewer, claim_id: int) -> Claim:
    """Return a claim that the viewer may see.

    Raises
    ------
    DeniedError
        If there is none.
    """
    row = claims(viewer).filter(pk=claim_id).first()
    if row is None:
        raise DeniedError(_("There is no such claim, or it is not open to you."))
    return row


def locked_agreement(actor: Viewer, agreement_id: int) -> Agreement:
    """Return an agreement that the actor may see, locked until the transaction ends."""
    seen_agreement(actor, agreement_id)
    rows = Agreement.objects.select_for_update(of=("self",))
    return rows.select_related("application__organisation", "application__office").get(pk=agreement_id)


def locked_claim(actor: Viewer, claim_id: int) -> Claim:
    """Return a claim that the actor may see; its agreement is locked until the transaction ends."""
    locked_agreement(actor, seen_claim(actor, claim_id).agreement_id)
    return Claim.objects.select_related("agreement__application__organisation", "tranche").get(pk=claim_id)


def paid_of(tranche: Tranche) -> int:
    """Return what has been approved and paid of a tranche, less what came back [fen]."""
    done = tranche.claims.filter(state__in=("approved", "paid")).aggregate(a=Sum("pay"), b=Sum("claw_back"))
    return int((done["a"] or 0) - (done["b"] or 0))


def bound(application_id: int, account: str, *, claim_id: int | None = None) -> dict[int, int]:
    """Return the balance of an account of a project by year [fen]."""
    rows = Posting.objects.filter(application=application_id, account=account)
    if claim_id is not None:
        rows = rows.filter(claim=claim_id)
    found = rows.order_by().values("year").annotate(n=Sum("amount"))
    return {one["year"]: int(one["n"]) for one in found if one["n"]}


def agreement_ref(row: Agreement) -> AgreementRef:
    """Return the row as a value."""
    case = row.application
    plain: dict[str, Any] = {name: getattr(row, name) for name in _PLAIN}
    return AgreementRef(
        id=row.pk,
        application_id=case.pk,
        office_id=case.office_id,
        organisation_id=case.organisation_id,
        firm=case.organisation.name,
        office=case.office.name,
        title=case.title,
        project_code=case.project_code,
        sector=case.sector,
        upgrade_kind=case.upgrade_kind,
        **plain,
    )


def agreement_record(row: Agreement) -> AgreementRecord:
    """Return an agreement with all its parts."""
    tranches = tuple(
        TrancheRef(one.pk, one.kind, one.year, one.amount, paid_of(one), one.state)
        for one in row.tranches.order_by("position")
    )
    stones = row.milestones.prefetch_related("proofs__file").order_by("position")
    signed = row.signatures.order_by("at", "pk")
    return AgreementRecord(
        agreement_ref(row),
        terms_of(row.terms),
        tranches,
        tuple(map(milestone_ref, stones)),
        tuple(SignatureRef(one.side, one.name, one.digest, one.at) for one in signed),
        not row.digest or digest_of(row.content) == row.digest,
    )


def milestone_ref(row: Milestone) -> MilestoneRef:
    """Return a milestone with its proofs."""
    proofs = tuple(
        ProofRef(
            one.file_id, one.file.name, one.file.kind, one.file.sha256, one.taken_on, one.latitude, one.longitude,
            one.at,
        )
        for one in row.proofs.all()
    )  # fmt: skip
    plain = {one.name: getattr(row, one.name) for one in fields(MilestoneRef) if one.name not in ("id", "proofs")}
    return MilestoneRef(id=row.pk, proofs=proofs, **plain)


def claim_ref(row: Claim) -> ClaimRef:
    """Return a claim as a value."""
    case = row.agreement.application
    plain: dict[str, Any] = {name: getattr(row, name) for name in _CLAIM}
    return ClaimRef(
        agreement=row.agreement.number,
        application_id=case.pk,
        firm=case.organisation.name,
        title=case.title,
        tranche=row.tranche.kind,
        amount=row.tranche.amount,
        due=Due(**row.due),
        **plain,
    )


def invoice_refs(row: Claim) -> tuple[InvoiceRef, ...]:
    """Return the invoices of a claim."""
    return tuple(
        InvoiceRef(
            one.pk, one.number, one.seller, one.dated, one.amount, one.eligible, one.file_id,
            one.file.name if one.file else "",
        )
        for one in row.invoices.select_related("file").order_by("pk")
    )  # fmt: skip
