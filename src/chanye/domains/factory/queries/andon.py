"""Reads of calls for help."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from chanye.domains.factory.models import AndonCall
from chanye.domains.factory.types.terminal import Call
from chanye.parties.prepared import Prepared
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.sheets import Rows, View

_PARTS = ("type", "place", "raised_by", "answered_by", "closed_by")
_open_at = Prepared(
    lambda places, organisation: (
        AndonCall.objects.filter(place_id__in=places, organisation_id=organisation, closed_at=None)
        .select_related(*_PARTS)
        .order_by("raised_at", "id")
    )
)


def visible_calls(viewer: Viewer) -> QuerySet[AndonCall]:
    """Return the calls the viewer may see, to be filtered, sorted and cut by the caller."""
    rows = AndonCall.objects.select_related(*_PARTS)
    return rows if viewer.system else rows.filter(organisation_id=viewer.organisation_id or 0)


def open_calls(
    viewer: Viewer, *, place_ids: Iterable[int] | None = None, site_path: str = "", limit: int = 200
) -> list[Call]:
    """Return calls that are not closed, oldest first: of some machines, or of all below a site."""
    if place_ids is not None and not site_path and not viewer.system:
        found = _open_at(places=list(place_ids), organisation=viewer.organisation_id or 0)
        return [call_ref(viewer, row) for row in found[:limit]]
    rows = visible_calls(viewer).filter(closed_at=None)
    if place_ids is not None:
        rows = rows.filter(place_id__in=list(place_ids))
    if site_path:
        rows = rows.filter(place__path__startswith=f"{site_path}/")
    return [call_ref(viewer, row) for row in rows.order_by("raised_at", "id")[:limit]]


def call_ref(viewer: Viewer, row: AndonCall) -> Call:
    """Return a call as a value; ``row`` comes from ``visible_calls``."""
    return Call(
        id=row.pk,
        key=row.key,
        type=row.type.code,
        type_name=row.type.name,
        type_name_en=row.type.name_en or row.type.name,
        place=row.place.code,
        place_name=row.place.name or row.place.code,
        note=row.note,
        raised_at=row.raised_at,
        raised_by=str(row.raised_by or ""),
        answered_at=row.answered_at,
        answered_by=str(row.answered_by or ""),
        closed_at=row.closed_at,
        closed_by=str(row.closed_by or ""),
        closing_note=row.closing_note,
    )


def calls_table(viewer: Viewer, view: View) -> Rows:
    """Return the calls that a view asks for, open and closed."""
    require(viewer, "read_site", viewer.organisation_id)
    return view.apply(visible_calls(viewer), make=lambda row: call_ref(viewer, row))
