"""Writes of maintenance orders: made, planned, worked on, finished, verified."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from chanye.domains.factory.models import (
    MaintenanceEvent,
    MaintenanceKey,
    MaintenanceLabour,
    MaintenanceOrder,
    MaintenancePlan,
    MaintenanceSettings,
    MaintenanceStep,
)
from chanye.domains.factory.rules.maintenance import KINDS, PRIORITIES, StepDraft, next_state, read_steps
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import DAY, now_us
from chanye.parties.audit import record
from chanye.parties.queries import members
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine

LONGEST_TITLE = 200
#: Work may not be planned farther away than this. [us]
HORIZON = 3 * 366 * DAY


def book_once(
    *, actor: Viewer, organisation_id: int, key: str, content: Mapping[str, object], book: Callable[[], str]
) -> str:
    """Book something under a client's key; the same key and content again answers the same and books nothing.

    Parameters
    ----------
    key
        Any unique text of at most 64 characters; empty books without one.
    content
        What is booked, as plain data: the same key with other content is refused.
    book
        Does it and returns what it is about, e.g. ``maintenance:12``.

    Raises
    ------
    ConfigError
        If the key was used for something else.
    """
    if not key:
        return book()
    if len(key) > 64:
        raise ConfigError("The key is longer than 64 characters; send a shorter unique text, e.g. a UUID.")
    plain = json.dumps({"by": actor.person_id, **content}, sort_keys=True, default=str)
    digest = hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()
    found = MaintenanceKey.objects.filter(organisation_id=organisation_id, key=key).first()
    if found is not None:
        if found.digest != digest:
            raise ConfigError("This key was used before for something else; give every entry a key of its own.")
        return found.target
    target = book()
    MaintenanceKey.objects.create(organisation_id=organisation_id, key=key, digest=digest, target=target, at=now_us())
    return target


def held_order(*, actor: Viewer, order_id: int, permission: str) -> MaintenanceOrder:
    """Return an order that the actor may change, held until the transaction ends.

    Raises
    ------
    DeniedError
        If there is none that the actor may see, or the permission is missing.
    """
    rows = MaintenanceOrder.objects.select_for_update().filter(id=order_id)
    if not actor.system:
        rows = rows.filter(organisation_id=actor.organisation_id or 0)
    row = rows.first()
    if row is None:
        raise DeniedError("There is no such maintenance order, or it belongs to another organisation.")
    require(actor, permission, row.organisation_id)
    return row


def note_event(
    *, actor: Viewer, order: MaintenanceOrder, verb: str, note: str = "", detail: Mapping[str, Any] | None = None
) -> None:
    """Write what happened to an order into its timeline and into the audit log."""
    MaintenanceEvent.objects.create(order=order, at=now_us(), who=who(actor=actor), verb=verb, note=note[:500])
    record(
        actor=actor,
        verb=f"{verb}_maintenance",
        target=f"maintenance:{order.pk}",
        detail={"number": order.number, "state": order.state, **({"note": note} if note else {}), **(detail or {})},
        organisation_id=order.organisation_id,
    )


def who(*, actor: Viewer) -> str:
    """Return the name under which an actor appears on an order."""
    return (actor.name or f"person:{actor.person_id}")[:150]


def _text(text: str, what: str, longest: int) -> str:
    clean = text.strip()
    if len(clean) > longest:
        raise ConfigError(f"The {what} has {len(clean)} characters; {longest} fit. Put the rest into the note.")
    return clean


@transaction.atomic
def create_order(
    *,
    actor: Viewer,
    asset_id: int,
    title: str,
    kind: str = "corrective",
    note: str = "",
    priority: int = 2,
    due_at: int | None = None,
    steps: Sequence[Mapping[str, Any]] = (),
    lockout: str = "",
    permit: bool = False,
    stops_machine: bool = True,
    minutes: int = 0,
    down_from: int | None = None,
    source: str = "hand",
    source_ref: str = "",
    plan_id: int | None = None,
    key: str = "",
) -> int:
    """Make a maintenance order; return its id.

    Parameters
    ----------
    asset_id
        The machine, line or place.
    priority
        1 now, 2 soon, 3 when it fits.
    due_at, down_from
        When it should be done; since when the machine cannot work, if it cannot. [us UTC]
    source, source_ref
        ``hand``, ``plan`` or ``call``, and what made it, e.g. ``call:12``: the same reference makes one order only.
    key
        Client key; see ``book_once``.

    Raises
    ------
    ConfigError
        Saying which value cannot be.
    DeniedError
        If the actor may not report to that organisation, or there is no such asset.
    """
    asset = spine.asset(actor, asset_id)
    require(actor, "request_maintenance", asset.organisation_id)
    _check_order(title, kind, priority, minutes, due_at, down_from)
    values = {
        "asset_id": asset.id,
        "kind": kind,
        "priority": priority,
        "title": _text(title, "title", LONGEST_TITLE),
        "note": note.strip()[:4000],
        "source": source,
        "source_ref": source_ref[:100],
        "plan_id": plan_id,
        "due_at": due_at,
        "stops_machine": stops_machine,
        "minutes": minutes,
        "lockout": lockout.strip()[:2000],
        "permit": permit,
        "down_from": down_from,
    }
    drafts = read_steps(steps)
    _queue(asset.organisation_id)
    content = {"asset": asset.id, "title": title, "kind": kind, "note": note, "priority": priority, "at": down_from}
    target = book_once(
        actor=actor,
        organisation_id=asset.organisation_id,
        key=key,
        content=content,
        book=lambda: _make(actor, asset.organisation_id, values, drafts),
    )
    return int(target.rpartition(":")[2])


def _make(actor: Viewer, organisation_id: int, values: Mapping[str, Any], drafts: Sequence[StepDraft]) -> str:
    """Make an order and its steps, unless its source made one before."""
    rows = MaintenanceOrder.objects.filter(organisation_id=organisation_id)
    if values["source_ref"]:
        made = rows.filter(source_ref=values["source_ref"]).first()
        if made is not None:
            return f"maintenance:{made.pk}"
    row = MaintenanceOrder.objects.create(
        organisation_id=organisation_id,
        number=(rows.aggregate(n=Max("number"))["n"] or 0) + 1,
        created_at=now_us(),
        created_by=who(actor=actor),
        **values,
    )
    MaintenanceStep.objects.bulk_create(
        MaintenanceStep(order=row, position=i, **asdict(step)) for i, step in enumerate(drafts, 1)
    )
    detail = {"asset": values["asset_id"], "kind": values["kind"], "title": values["title"]}
    note_event(actor=actor, order=row, verb="create", detail=detail)
    return f"maintenance:{row.pk}"


def _queue(organisation_id: int) -> None:
    """Let the orders of an organisation be made one after another: their numbers count."""
    MaintenanceSettings.objects.get_or_create(organisation_id=organisation_id)
    MaintenanceSettings.objects.select_for_update().get(organisation_id=organisation_id)


def _check_order(
    title: str, kind: str, priority: int, minutes: int, due_at: int | None, down_from: int | None
) -> None:
    _text(title, "title", LONGEST_TITLE)
    if not title.strip():
        raise ConfigError(_("The order has no title; say in a few words what is wrong or what is to be done."))
    if kind not in KINDS:
        raise ConfigError(f"Unknown kind of order {kind[:40]!r}; use one of {', '.join(KINDS)}.")
    if priority not in PRIORITIES:
        raise ConfigError("The priority is 1 (now), 2 (soon) or 3 (when it fits).")
    if not 0 <= minutes <= 100_000:
        raise ConfigError("The planned work is between 0 and 100,000 minutes.")
    now = now_us()
    if down_from is not None and not now - 366 * DAY < down_from <= now + 120_000_000:
        raise ConfigError("The machine went down at most a year ago and not in the future; correct that time.")
    if due_at is not None and not now - HORIZON < due_at < now + HORIZON:
        raise ConfigError("The date until which it should be done is farther away than three years; correct it.")


@transaction.atomic
def plan_order(
    *, actor: Viewer, order_id: int, start: int | None = None, end: int | None = None, assignee_id: int | None = None
) -> None:
    """Say when an order is worked on and by whom; the window keeps the machine for maintenance.

    Parameters
    ----------
    start, end
        Planned window [us UTC]; both or none.
    assignee_id
        A member of the organisation; None leaves it to whoever takes it.

    Raises
    ------
    ConfigError
        If the window is empty or the person is no member.
    """
    row = held_order(actor=actor, order_id=order_id, permission="plan_maintenance")
    row.state = next_state(row.state, "plan")
    if (start is None) != (end is None):
        raise ConfigError("A planned window has a start and an end; give both, or neither.")
    if start is not None and end is not None and not 0 < end - start <= 60 * DAY:
        raise ConfigError("The planned window ends after it starts and lasts at most 60 days.")
    if start is not None and abs(start - now_us()) > HORIZON:
        raise ConfigError("The planned window is farther away than three years; correct its date.")
    if assignee_id is not None and assignee_id not in _people(actor, row.organisation_id):
        raise ConfigError("This person is not a member of the organisation; choose another one.")
    row.planned_start, row.planned_end, row.assignee_id = start, end, assignee_id
    row.save(update_fields=["state", "planned_start", "planned_end", "assignee_id"])
    note_event(actor=actor, order=row, verb="plan", detail={"start": start, "end": end, "assignee": assignee_id})


def _people(actor: Viewer, organisation_id: int) -> set[int]:
    return {member.person_id for member in members(actor, organisation_id) if member.active}


@transaction.atomic
def start_order(
    *, actor: Viewer, order_id: int, locked_out: bool = False, permit_number: str = "", note: str = ""
) -> None:
    """Take an order into work, or go on with one that waited or did not hold; the actor's working time begins.

    Parameters
    ----------
    locked_out
        The actor says that what ``lockout`` names is locked out; required where it names anything.
    permit_number
        Of the permit to work; required where one is.

    Raises
    ------
    ConfigError
        If the lock-out or the permit is missing.
    """
    row = held_order(actor=actor, order_id=order_id, permission="work_maintenance")
    again = row.state == "done"
    row.state = next_state(row.state, "start")
    number = permit_number.strip()[:100] or row.permit_number
    if row.lockout and row.lockout_at is None and not locked_out:
        raise ConfigError(_("Lock out first and tick it: %(what)s") % {"what": row.lockout})
    if row.permit and not number:
        raise ConfigError(_("This work needs a permit; type its number."))
    now = now_us()
    if row.lockout and row.lockout_at is None:
        row.lockout_at, row.lockout_by = now, who(actor=actor)
    row.permit_number, row.waiting_for = number, ""
    row.started_at = row.started_at or now
    if row.assignee_id is None:
        row.assignee_id = actor.person_id
    if again:
        row.done_at, row.done_by, row.done_by_id_at = None, "", None
    row.save()
    open_labour(actor=actor, order=row, now=now)
    note_event(actor=actor, order=row, verb="reopen" if again else "start", note=note)


def open_labour(*, actor: Viewer, order: MaintenanceOrder, now: int) -> None:
    """Begin the actor's working time on an order unless it has begun; call inside an action."""
    if actor.person_id is None:
        return
    settings = MaintenanceSettings.objects.filter(organisation_id=order.organisation_id).first()
    MaintenanceLabour.objects.get_or_create(
        order=order,
        person_id=actor.person_id,
        end=None,
        defaults={"who": who(actor=actor), "start": now, "rate": settings.labour_rate if settings else 0},
    )


@transaction.atomic
def wait_order(*, actor: Viewer, order_id: int, waiting_for: str) -> None:
    """Say what an order waits for, e.g. a part; all working time on it ends."""
    row = held_order(actor=actor, order_id=order_id, permission="work_maintenance")
    reason = _text(waiting_for, "reason", 200)
    if not reason:
        raise ConfigError(_("Say what it waits for, e.g. the part and when it comes."))
    row.state, row.waiting_for = next_state(row.state, "wait"), reason
    row.save(update_fields=["state", "waiting_for"])
    row.labour.filter(end=None).update(end=now_us())
    note_event(actor=actor, order=row, verb="wait", note=reason)


@transaction.atomic
def finish_order(
    *,
    actor: Viewer,
    order_id: int,
    remedy: str = "",
    cause: str = "",
    down_to: int | None = None,
    other_cost: int = 0,
    key: str = "",
) -> None:
    """Finish an order: its required steps are done, working time ends, the plan that made it starts anew.

    Parameters
    ----------
    down_to
        Since when the machine can work again; now if it was down and nothing is said. [us UTC]
    other_cost
        Outside services. [fen]
    key
        Client key; see ``book_once``.

    Raises
    ------
    ConfigError
        Naming the steps that are still open.
    """
    row = held_order(actor=actor, order_id=order_id, permission="work_maintenance")

    def book() -> str:
        _finish(actor, row, remedy, cause, down_to, other_cost)
        return f"maintenance:{row.pk}"

    content = {"finish": order_id, "remedy": remedy, "cause": cause, "down_to": down_to, "cost": other_cost}
    book_once(actor=actor, organisation_id=row.organisation_id, key=key, content=content, book=book)


def _finish(
    actor: Viewer, row: MaintenanceOrder, remedy: str, cause: str, down_to: int | None, other_cost: int
) -> None:
    row.state = next_state(row.state, "finish")
    left = [step.position for step in row.steps.filter(required=True, result="")]
    if left:
        numbers = ", ".join(str(position) for position in left[:10])
        raise ConfigError(
            _("These steps are still open: %(steps)s. Do them, or skip them with a reason.") % {"steps": numbers}
        )
    if not 0 <= other_cost <= 10**12:
        raise ConfigError("Other costs are an amount of zero or more.")
    now = now_us()
    if row.down_from is not None:
        row.down_to = now if down_to is None else down_to
        if not row.down_from < row.down_to <= now + 120_000_000:
            raise ConfigError("The machine works again after it went down, and not in the future; correct that time.")
    row.remedy, row.cause = remedy.strip()[:4000], _text(cause, "cause", 200)
    row.other_cost, row.done_at, row.done_by, row.done_by_id_at = other_cost, now, who(actor=actor), actor.person_id
    row.waiting_for = ""
    row.save()
    row.labour.filter(end=None).update(end=now)
    if row.plan_id is not None:
        MaintenancePlan.objects.filter(id=row.plan_id, last_at__lt=now).update(last_at=now)
    failed = row.steps.filter(result="fail").count()
    note_event(actor=actor, order=row, verb="finish", note=row.remedy, detail={"failed_steps": failed})


@transaction.atomic
def verify_order(*, actor: Viewer, order_id: int, note: str = "") -> None:
    """Confirm that finished work holds; not by the person who did it.

    Raises
    ------
    ConfigError
        If the actor finished it.
    """
    row = held_order(actor=actor, order_id=order_id, permission="verify_maintenance")
    row.state = next_state(row.state, "verify")
    if actor.person_id is not None and actor.person_id == row.done_by_id_at:
        raise ConfigError(_("Whoever finished the work does not verify it; ask a colleague or the line leader."))
    row.verified_at, row.verified_by = now_us(), who(actor=actor)
    row.save(update_fields=["state", "verified_at", "verified_by"])
    note_event(actor=actor, order=row, verb="verify", note=note)


@transaction.atomic
def cancel_order(*, actor: Viewer, order_id: int, reason: str) -> None:
    """Take back an order that is not wanted; its plan waits a full interval from now."""
    row = held_order(actor=actor, order_id=order_id, permission="plan_maintenance")
    words = _text(reason, "reason", 200)
    if not words:
        raise ConfigError("Say why the order is not wanted; it stays in the record.")
    row.state = next_state(row.state, "cancel")
    row.save(update_fields=["state"])
    now = now_us()
    row.labour.filter(end=None).update(end=now)
    if row.plan_id is not None:
        MaintenancePlan.objects.filter(id=row.plan_id, last_at__lt=now).update(last_at=now)
    note_event(actor=actor, order=row, verb="cancel", note=words)
