"""Reading certificates: the register, one certificate, how many sites are certified."""

from __future__ import annotations

from django.db.models import Count, F, QuerySet

from chanye.domains.programme.models import Certificate
from chanye.domains.programme.types.certificates import CertificateRef, outcome_of
from chanye.kernel.errors import DeniedError
from chanye.parties.rules import may
from chanye.parties.types import Viewer
from chanye.sheets import Rows, View


def visible(viewer: Viewer) -> QuerySet[Certificate]:
    """Return the certificates a viewer may see: the office those it decides on, a firm its own."""
    rows = Certificate.objects.select_related("organisation").annotate(firm=F("organisation__name"))
    if viewer.system:
        return rows
    here = viewer.organisation_id
    if viewer.office:
        return rows.filter(office_id=here or 0) if may(viewer, "read_programme", here) else rows.none()
    return rows.filter(organisation_id=here or 0) if may(viewer, "read_applications", here) else rows.none()


def _ref(row: Certificate) -> CertificateRef:
    """Return a row as it crosses the wall."""
    return CertificateRef(
        row.pk,
        row.office_id,
        row.organisation_id,
        row.organisation.name,
        row.site_id,
        row.site,
        row.gate,
        row.state,
        row.number,
        row.on_paper,
        row.start,
        row.end,
        outcome_of(row.asked_outcome),
        outcome_of(row.outcome),
        outcome_of(row.look),
        row.looked_at,
        row.asked_at,
        row.asked_by,
        row.decided_at,
        row.decided_by,
        row.certified_on,
        row.reason,
    )


def certificate_table(viewer: Viewer, view: View) -> Rows:
    """Return the certificates that a view asks for."""
    return view.apply(visible(viewer), make=_ref)


def certificate_page(viewer: Viewer, *, state: str = "", after: int = 0, limit: int = 200) -> list[CertificateRef]:
    """Return certificates with numbers above ``after``, of one state if it is given, in the order they came."""
    rows = visible(viewer).filter(pk__gt=after)
    if state:
        rows = rows.filter(state=state)
    return [_ref(row) for row in rows.order_by("pk")[:limit]]


def certificate(viewer: Viewer, certificate_id: int) -> CertificateRef:
    """Return one certificate.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    row = visible(viewer).filter(pk=certificate_id).first()
    if row is None:
        raise DeniedError("There is no such certificate, or it is not open to you.")
    return _ref(row)


def certificates_of(viewer: Viewer, organisation_id: int) -> list[CertificateRef]:
    """Return the certificates of a firm, newest first."""
    rows = visible(viewer).filter(organisation_id=organisation_id).order_by("-asked_at", "-pk")
    return [_ref(row) for row in rows]


def certified(viewer: Viewer) -> dict[str, int]:
    """Return how many sites hold a certificate, by gate."""
    rows = visible(viewer).filter(state="certified").order_by().values("gate").annotate(n=Count("pk"))
    return {row["gate"]: row["n"] for row in rows}
