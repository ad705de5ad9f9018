"""Applications as rows: who may see them, found, locked, turned into values. For the room itself."""

from __future__ import annotations

from dataclasses import fields

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from chanye.domains.programme.models import Application
from chanye.domains.programme.types.applications import (
    ApplicationRef,
    CostRef,
    DocumentRef,
    Dossier,
    EquipmentRef,
    QuoteRef,
)
from chanye.kernel.errors import DeniedError
from chanye.parties.rules import may
from chanye.parties.types import Viewer

#: Roles of the office that see every application; reviewers alone see what is assigned to them.
_SEE_ALL = frozenset({"officer", "finance", "auditor", "manager", "admin"})
#: What is taken over as it is.
_PLAIN = [one.name for one in fields(ApplicationRef) if one.name not in ("call_code", "firm", "asset")]


def visible(viewer: Viewer) -> QuerySet[Application]:
    """Return the applications a viewer may see.

    A firm sees its own. The office sees those submitted to it; its reviewers those assigned to them and not blocked.
    """
    rows = Application.objects.all()
    if viewer.system:
        return rows
    here = viewer.organisation_id
    if viewer.office:
        if not may(viewer, "read_programme", here):
            return rows.none()
        rows = rows.filter(office_id=here or 0, submitted_at__isnull=False)
        if not viewer.roles & _SEE_ALL:
            mine = Q(reviews__person_id=viewer.person_id) & ~Q(reviews__state__in=("blocked", "void"))
            rows = rows.filter(mine).distinct()
        return rows
    return rows.filter(organisation_id=here or 0) if may(viewer, "read_applications", here) else rows.none()


def seen_row(viewer: Viewer, application_id: int) -> Application:
    """Return one application that the viewer may see.

    Raises
    ------
    DeniedError
        If there is none.
    """
    row = visible(viewer).select_related("call", "organisation", "asset").filter(pk=application_id).first()
    if row is None:
        raise DeniedError(_("There is no such application, or it is not open to you."))
    return row


def locked_row(actor: Viewer, application_id: int) -> Application:
    """Return one application that the actor may see, locked until the transaction ends.

    Raises
    ------
    DeniedError
        If there is none.
    """
    found = visible(actor).values_list("pk", flat=True).filter(pk=application_id)
    row = Application.objects.select_for_update().filter(pk=application_id).first() if found else None
    if row is None:
        raise DeniedError(_("There is no such application, or it is not open to you."))
    return row


def application_ref(row: Application) -> ApplicationRef:
    """Return the row as a value that may cross the wall."""
    plain = {name: getattr(row, name) for name in _PLAIN}
    asset = row.asset.name if row.asset else ""
    return ApplicationRef(call_code=row.call.code, firm=row.organisation.name, asset=asset, **plain)


def dossier_of(row: Application) -> Dossier:
    """Return an application with all its lines."""
    return Dossier(
        application_ref(row),
        tuple(CostRef(c.pk, c.kind, c.text, c.amount, c.eligible) for c in row.costs.order_by("pk")),
        tuple(
            DocumentRef(d.pk, d.file_id, d.kind, d.number, d.name, d.sha256, d.picture_hash, d.stored_at)
            for d in row.documents.order_by("pk")
        ),
        tuple(
            QuoteRef(
                q.pk, q.supplier, q.supplier_code, q.supplier_phone, q.item, q.amount, q.number, q.dated, q.chosen
            )
            for q in row.quotes.order_by("pk")
        ),
        tuple(
            EquipmentRef(e.pk, e.name, e.model, e.serial, e.supplier, e.price, e.pieces, e.bought, e.asset_id)
            for e in row.equipment.order_by("pk")
        ),
    )
