"""Reading awards: agreements, what claims would pay, claims."""

from __future__ import annotations

from django.db.models import Exists, F, OuterRef

from chanye.domains.programme.award_rows import (
    agreement_record,
    agreement_ref,
    agreements,
    claim_ref,
    claims,
    invoice_refs,
    seen_agreement,
    seen_claim,
)
from chanye.domains.programme.case_rows import application_ref, visible
from chanye.domains.programme.claim_due import preview
from chanye.domains.programme.models import Agreement, Invoice, MilestoneProof, Posting
from chanye.domains.programme.rules.ledger import SOURCE
from chanye.domains.programme.types.applications import ApplicationRef
from chanye.domains.programme.types.awards import AgreementRecord, AgreementRef, ClaimRecord, ClaimRef, Preview
from chanye.kernel.errors import DeniedError
from chanye.kernel.time import now_us
from chanye.parties.types import SYSTEM, Viewer
from chanye.sheets import Rows, View
from chanye.spine import queries as spine
from chanye.spine.types import FileRef


def agreement(viewer: Viewer, agreement_id: int) -> AgreementRecord:
    """Return an agreement with its parts.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    return agreement_record(seen_agreement(viewer, agreement_id))


def agreement_of(viewer: Viewer, application_id: int) -> AgreementRef | None:
    """Return the agreement of an application, None if there is none that the viewer may see."""
    row = agreements(viewer).filter(application_id=application_id).first()
    return None if row is None else agreement_ref(row)


def waiting(viewer: Viewer) -> list[tuple[ApplicationRef, bool]]:
    """Return the approved applications without an agreement, and whether money is committed to each."""
    committed = Posting.objects.filter(application=OuterRef("pk")).exclude(account__in=(SOURCE, "envelope"))
    rows = (
        visible(viewer)
        .select_related("call", "organisation", "asset")
        .filter(~Exists(Agreement.objects.filter(application=OuterRef("pk"))), state="approved")
        .annotate(committed=Exists(committed))
    )
    return [(application_ref(row), row.committed) for row in rows.order_by("pk")]


def agreement_table(viewer: Viewer, view: View) -> Rows:
    """Return the agreements that a view asks for."""
    rows = agreements(viewer).annotate(
        firm=F("application__organisation__name"), title=F("application__title"), sector=F("application__sector")
    )
    return view.apply(rows, make=agreement_ref)


def agreement_page(viewer: Viewer, *, state: str = "", after: int = 0, limit: int = 200) -> list[AgreementRef]:
    """Return agreements with numbers above ``after``, of one state if it is given, in the order they came."""
    rows = agreements(viewer).filter(pk__gt=after)
    if state:
        rows = rows.filter(state=state)
    return [agreement_ref(row) for row in rows.order_by("pk")[:limit]]


def previews(viewer: Viewer, agreement_id: int, *, now: int | None = None) -> list[Preview]:
    """Return for each tranche what a claim would pay now, or what stands in its way."""
    row = seen_agreement(viewer, agreement_id)
    at = now_us() if now is None else now
    return [preview(row, one, at) for one in row.tranches.order_by("position")]


def claim(viewer: Viewer, claim_id: int) -> ClaimRecord:
    """Return a claim with its invoices.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    row = seen_claim(viewer, claim_id)
    return ClaimRecord(claim_ref(row), invoice_refs(row))


def claims_of(viewer: Viewer, agreement_id: int) -> list[ClaimRef]:
    """Return the claims under an agreement, in the order they came."""
    rows = claims(viewer).filter(agreement_id=agreement_id).order_by("number")
    return [claim_ref(row) for row in rows]


def claim_page(viewer: Viewer, *, state: str = "", after: int = 0, limit: int = 200) -> list[ClaimRef]:
    """Return claims with numbers above ``after``, of one state if it is given, in the order they came."""
    rows = claims(viewer).filter(pk__gt=after)
    if state:
        rows = rows.filter(state=state)
    return [claim_ref(row) for row in rows.order_by("pk")[:limit]]


def claim_table(viewer: Viewer, view: View) -> Rows:
    """Return the claims that a view asks for."""
    rows = claims(viewer).annotate(
        firm=F("agreement__application__organisation__name"),
        title=F("agreement__application__title"),
        kind=F("tranche__kind"),
        agreement_number=F("agreement__number"),
    )
    return view.apply(rows, make=claim_ref)


def award_file(viewer: Viewer, agreement_id: int, file_id: int) -> FileRef:
    """Return a file that was handed in under an agreement the viewer may see: proof of a milestone, an invoice.

    Raises
    ------
    DeniedError
        If there is none.
    """
    row: Agreement = seen_agreement(viewer, agreement_id)
    proof = MilestoneProof.objects.filter(milestone__agreement=row, file_id=file_id).exists()
    if not proof and not Invoice.objects.filter(claim__agreement=row, file_id=file_id).exists():
        raise DeniedError("There is no such file, or it belongs to another organisation.")
    return spine.file(SYSTEM, file_id)
