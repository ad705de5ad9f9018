"""Reads of what terminals and other systems sent: mostly of what was refused and waits for the line leader."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from chanye.domains.factory.models import InboxEntry, Operation
from chanye.domains.factory.types.inbox import EntryRef
from chanye.kernel.errors import DeniedError
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.sheets import Rows, View


def _visible(viewer: Viewer) -> QuerySet[InboxEntry]:
    rows = InboxEntry.objects.select_related("person", "place", "settled_by")
    return rows if viewer.system else rows.filter(organisation_id=viewer.organisation_id or 0)


def refused_table(viewer: Viewer, view: View) -> Rows:
    """Return the entries that were refused, settled since or not, that a view asks for.

    Raises
    ------
    DeniedError
        If the viewer may not settle them.
    """
    require(viewer, "settle_entries", viewer.organisation_id)
    rows = _visible(viewer).exclude(outcome="booked")
    return view.apply(rows, make=lambda row: _ref(row, _orders([row])))


def open_conflicts(viewer: Viewer) -> int:
    """Return how many refused entries nobody has settled yet."""
    return _visible(viewer).filter(outcome="refused").count()


def entry(viewer: Viewer, entry_id: int) -> EntryRef:
    """Return one entry.

    Raises
    ------
    DeniedError
        If there is none that the viewer may settle.
    """
    require(viewer, "settle_entries", viewer.organisation_id)
    row = _visible(viewer).filter(id=entry_id).first()
    if row is None:
        raise DeniedError(_("There is no such entry, or it belongs to another organisation."))
    return _ref(row, _orders([row]))


def _orders(rows: Iterable[InboxEntry]) -> dict[int, str]:
    """Return the order numbers of the operations that entries name, of the same organisation only."""
    named = {row.body.get("operation"): row.organisation_id for row in rows if isinstance(row.body, dict)}
    wanted = [key for key in named if isinstance(key, int) and not isinstance(key, bool) and 0 < key < 1 << 62]
    found = Operation.objects.filter(id__in=wanted, order__organisation_id__in=set(named.values()))
    return dict(found.values_list("id", "order__number"))


def _ref(row: InboxEntry, orders: dict[int, str]) -> EntryRef:
    body = row.body if isinstance(row.body, dict) else {}
    operation = body.get("operation")
    return EntryRef(
        id=row.pk,
        key=row.key,
        kind=row.kind,
        terminal=row.terminal,
        person=str(row.person or body.get("person") or ""),
        place=(row.place.name or row.place.code) if row.place else str(body.get("place") or ""),
        order=orders.get(operation, "") if isinstance(operation, int) else "",
        event_at=row.event_at,
        received_at=row.received_at,
        outcome=row.outcome,
        why=row.why,
        target=row.target,
        settlement=row.settlement,
        settled_by=str(row.settled_by or ""),
        settled_at=row.settled_at,
        body=body,
    )
