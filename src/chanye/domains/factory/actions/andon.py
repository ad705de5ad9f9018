"""Calls for help and hand-over notes: raised at a machine, answered, closed."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.factory.actions.bookings import Report
from chanye.domains.factory.actions.maintenance import create_order
from chanye.domains.factory.models import AndonCall, HandoverNote, Reason
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.parties.audit import record
from chanye.parties.rules import may, require
from chanye.parties.types import Viewer

#: A call of this kind makes a maintenance order of its own.
MAINTENANCE = "maintenance"


@transaction.atomic
def raise_call(*, actor: Viewer, organisation_id: int, key: str, kind: str, at: Report) -> int:
    """Call for help at ``at.place_id``; return the call. An open call of the same kind there is the same call.

    Parameters
    ----------
    key
        The sender's key: the call can be answered and closed by it before its number is known.
    kind
        Code from the reason tree ``help``.

    Raises
    ------
    ConfigError
        If there is no such kind of help, or no place.
    """
    require(actor, "call_help", organisation_id)
    if at.place_id is None:
        raise ConfigError(_("Say at which machine help is needed: choose the machine, or scan its label."))
    type_ = Reason.objects.filter(organisation_id=organisation_id, tree="help", code=kind, active=True).first()
    if type_ is None:
        raise ConfigError(_("There is no kind of help %(kind)s: choose one from the list.") % {"kind": kind})
    same = AndonCall.objects.filter(
        organisation_id=organisation_id, place_id=at.place_id, type=type_, closed_at=None
    ).first()
    if same is not None:
        return int(same.pk)
    row = AndonCall.objects.create(
        organisation_id=organisation_id,
        place_id=at.place_id,
        key=key,
        type=type_,
        note=at.note[:500],
        raised_at=at.event_at,
        received_at=at.received_at,
        raised_by_id=at.person_id,
    )
    _record(actor, "raise_call", row)
    if type_.code == MAINTENANCE and may(actor, "request_maintenance", organisation_id):
        create_order(
            actor=actor,
            asset_id=at.place_id,
            title=at.note[:200] or type_.name,
            priority=1,
            source="call",
            source_ref=f"call:{row.pk}",
        )
    return int(row.pk)


@transaction.atomic
def answer_call(*, actor: Viewer, organisation_id: int, call: int | str, at: Report) -> int:
    """Say that help has come; return the call. Whoever answers first is kept.

    Raises
    ------
    ConfigError
        If the call is closed.
    DeniedError
        If there is no such call for the actor.
    """
    row = _open_call(actor, organisation_id, call)
    if row.answered_at is None:
        row.answered_at, row.answered_by_id = max(at.event_at, row.raised_at), at.person_id
        row.save(update_fields=["answered_at", "answered_by"])
        _record(actor, "answer_call", row)
    return int(row.pk)


@transaction.atomic
def close_call(*, actor: Viewer, organisation_id: int, call: int | str, at: Report) -> int:
    """Close a call, with a note of what was done; return the call.

    Raises
    ------
    ConfigError
        If it is closed already.
    DeniedError
        If there is no such call for the actor.
    """
    row = _open_call(actor, organisation_id, call)
    moment = max(at.event_at, row.raised_at)
    if row.answered_at is None:
        row.answered_at, row.answered_by_id = moment, at.person_id
    row.closed_at, row.closed_by_id, row.closing_note = max(moment, row.answered_at), at.person_id, at.note[:500]
    row.save()
    _record(actor, "close_call", row)
    return int(row.pk)


@transaction.atomic
def write_handover(*, actor: Viewer, organisation_id: int, shift: str, at: Report) -> int:
    """Leave ``at.note`` for the next shift at a machine; return the note.

    Raises
    ------
    ConfigError
        If it is empty or has no place.
    """
    require(actor, "report_output", organisation_id)
    if at.place_id is None or not at.note.strip():
        raise ConfigError(_("Write what the next shift has to know, and at which machine."))
    row = HandoverNote.objects.create(
        organisation_id=organisation_id,
        place_id=at.place_id,
        note=at.note.strip()[:1000],
        shift=shift[:64],
        event_at=at.event_at,
        received_at=at.received_at,
        person_id=at.person_id,
    )
    record(
        actor=actor,
        verb="write_handover",
        target=f"handover:{row.pk}",
        detail={"place": row.place_id, "note": row.note},
        organisation_id=organisation_id,
    )
    return int(row.pk)


def _open_call(actor: Viewer, organisation_id: int, call: int | str) -> AndonCall:
    require(actor, "answer_call", organisation_id)
    rows = AndonCall.objects.select_for_update().filter(organisation_id=organisation_id)
    row = (rows.filter(pk=call) if isinstance(call, int) else rows.filter(key=call)).first()
    if row is None:
        raise DeniedError(_("There is no such call, or it belongs to another organisation."))
    if row.closed_at is not None:
        raise ConfigError(_("This call is closed already: raise a new one if help is still needed."))
    return row


def _record(actor: Viewer, verb: str, row: AndonCall) -> None:
    record(
        actor=actor,
        verb=verb,
        target=f"call:{row.pk}",
        detail={"place": row.place_id, "type": row.type.code, "note": row.closing_note or row.note},
        organisation_id=row.organisation_id,
    )
