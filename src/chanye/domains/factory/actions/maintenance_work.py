"""Writes while an order is worked on: steps of its check list, spare parts, working time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from chanye.domains.factory.actions.maintenance import (
    book_once,
    finish_order,
    held_order,
    note_event,
    open_labour,
    start_order,
    wait_order,
    who,
)
from chanye.domains.factory.models import (
    MaintenanceLabour,
    MaintenanceSettings,
    MaintenanceStep,
    SpareMove,
    SparePart,
)
from chanye.domains.factory.rules.maintenance import judge
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import DAY, now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine

MOST = 1_000_000


@transaction.atomic
def record_step(
    *,
    actor: Viewer,
    order_id: int,
    position: int,
    result: str = "",
    value: float | None = None,
    note: str = "",
    picture_id: int | None = None,
    key: str = "",
) -> str:
    """Write what a step of the check list showed; return its result. Writing it again corrects it.

    Parameters
    ----------
    result
        ``pass``, ``fail`` or ``skip``; of a step with a value it follows from the value and its limits.
    value
        In the step's unit.
    note
        Required for ``fail`` and ``skip``.
    picture_id
        A stored picture; required where the step asks for one. None keeps the one that is there.

    Raises
    ------
    ConfigError
        If the order is not in work, or the value or note is missing.
    """
    order = held_order(actor=actor, order_id=order_id, permission="work_maintenance")
    if value is not None and not math.isfinite(value):
        raise ConfigError("The value is not a number; read the gauge again and type it, e.g. 4.5.")

    def book() -> str:
        if order.state != "in_progress":
            raise ConfigError(f"The order is {order.state}; start it first, then go through its steps.")
        step = order.steps.filter(position=position).first()
        if step is None:
            raise ConfigError(f"The order has no step {position}; reload it.")
        words = note.strip()[:500]
        found = _result(step, result, value, words)
        if picture_id is not None:
            step.picture_id = spine.file(actor, picture_id).id
        if step.photo and step.picture_id is None and found != "skip":
            raise ConfigError(_("Take a picture for this step, or skip it with a reason."))
        step.result, step.value, step.note = found, value, words
        step.done_at, step.done_by = now_us(), who(actor=actor)
        step.save()
        note_event(
            actor=actor,
            order=order,
            verb="step",
            note=f"{position} {found}"
            + (f" {value:g}" if value is not None else "")
            + (f": {words}" if words else ""),
        )
        return found

    content = {"order": order_id, "step": position, "result": result, "value": value, "note": note}
    content |= {"picture": picture_id}
    return book_once(actor=actor, organisation_id=order.organisation_id, key=key, content=content, book=book)


def _result(step: MaintenanceStep, result: str, value: float | None, words: str) -> str:
    """Return how a step came out, or say what is missing."""
    found = result
    if step.kind == "value" and found != "skip":
        found = judge(value, step.low, step.high)
        if not found:
            raise ConfigError(_("This step asks for a value; type what the gauge shows, or skip it."))
    if found not in ("pass", "fail", "skip"):
        raise ConfigError("A step passes, fails or is skipped; send pass, fail or skip.")
    if found == "skip" and not words:
        raise ConfigError(_("Say why the step is skipped."))
    if found == "fail" and not words and step.kind != "value":
        raise ConfigError(_("Say what is wrong, so that it can be put right."))
    if step.kind == "note" and not words:
        raise ConfigError(_("This step asks for a text; write what you saw."))
    return found


@transaction.atomic
def use_part(*, actor: Viewer, order_id: int, part_id: int, quantity: int, note: str = "", key: str = "") -> int:
    """Take spare parts from stock for an order (negative: bring them back); return what is left in stock.

    Raises
    ------
    ConfigError
        If there are not so many, or more would come back than were taken.
    """
    order = held_order(actor=actor, order_id=order_id, permission="work_maintenance")

    def book() -> str:
        if order.state in ("verified", "cancelled"):
            raise ConfigError(f"The order is {order.state}; parts can no longer be booked on it.")
        part = _held_part(actor, part_id)
        if part.organisation_id != order.organisation_id:
            raise DeniedError("There is no such spare part in this organisation.")
        taken = -sum(order.parts.filter(part=part).values_list("quantity", flat=True))
        if quantity < 0 and taken + quantity < 0:
            raise ConfigError(f"Only {taken} were taken for this order; no more can come back.")
        left = _move(actor, part, -quantity, note)
        SpareMove.objects.create(
            part=part,
            order=order,
            quantity=-quantity,
            price=part.price,
            at=now_us(),
            who=who(actor=actor),
            note=note.strip()[:200],
        )
        note_event(actor=actor, order=order, verb="use_part", note=f"{part.code} × {quantity}")
        return f"{left}"

    content = {"order": order_id, "part": part_id, "quantity": quantity}
    return int(book_once(actor=actor, organisation_id=order.organisation_id, key=key, content=content, book=book))


def _held_part(actor: Viewer, part_id: int) -> SparePart:
    rows = SparePart.objects.select_for_update().filter(id=part_id)
    if not actor.system:
        rows = rows.filter(organisation_id=actor.organisation_id or 0)
    row = rows.first()
    if row is None:
        raise DeniedError("There is no such spare part, or it belongs to another organisation.")
    return row


def _move(actor: Viewer, part: SparePart, change: int, note: str) -> int:
    """Change the stock of a held part; return what is left."""
    if change == 0 or abs(change) > MOST:
        raise ConfigError("Give a whole quantity other than zero, at most a million.")
    if part.stock + change < 0:
        raise ConfigError(
            _("Only %(stock)s of %(code)s are in stock; receive parts first, or correct the count.")
            % {"stock": part.stock, "code": part.code}
        )
    SparePart.objects.filter(id=part.pk).update(stock=F("stock") + change)
    return part.stock + change


@transaction.atomic
def save_part(
    *,
    actor: Viewer,
    organisation_id: int,
    code: str,
    name: str,
    unit: str = "{part}",
    place: str = "",
    minimum: int = 0,
    price: int = 0,
) -> int:
    """Make a spare part, or change the one of that code; return its id. Stock changes by ``move_part`` alone.

    Parameters
    ----------
    price
        [fen per unit]
    minimum
        Below this stock it is to be ordered.
    """
    require(actor, "edit_spares", organisation_id)
    code, name = code.strip(), name.strip()
    if not code or len(code) > 64 or not name or len(name) > 200:
        raise ConfigError("A spare part needs a code of at most 64 and a name of at most 200 characters.")
    if not 0 <= minimum <= MOST or not 0 <= price <= 10**12:
        raise ConfigError("The minimum and the price of a spare part are zero or more.")
    values = {"name": name, "unit": unit[:32], "place": place.strip()[:100], "minimum": minimum, "price": price}
    row, _made = SparePart.objects.update_or_create(organisation_id=organisation_id, code=code, defaults=values)
    record(
        actor=actor, verb="save_part", target=f"spare:{row.pk}", detail=values | {"code": code},
        organisation_id=organisation_id,
    )  # fmt: skip
    return int(row.pk)


@transaction.atomic
def move_part(*, actor: Viewer, part_id: int, quantity: int, note: str, key: str = "") -> int:
    """Receive spare parts (positive) or take away what the count of the store does not find; return the stock."""
    part = _held_part(actor, part_id)
    require(actor, "edit_spares", part.organisation_id)

    def book() -> str:
        left = _move(actor, part, quantity, note)
        SpareMove.objects.create(
            part=part, quantity=quantity, price=part.price, at=now_us(), who=who(actor=actor), note=note.strip()[:200]
        )
        record(
            actor=actor,
            verb="move_part",
            target=f"spare:{part.pk}",
            detail={"code": part.code, "quantity": quantity, "stock": left, "note": note},
            organisation_id=part.organisation_id,
        )
        return f"{left}"

    content = {"part": part_id, "quantity": quantity, "note": note}
    return int(book_once(actor=actor, organisation_id=part.organisation_id, key=key, content=content, book=book))


@transaction.atomic
def begin_labour(*, actor: Viewer, order_id: int) -> None:
    """Begin the actor's own working time on an order that is in work: a second pair of hands."""
    order = held_order(actor=actor, order_id=order_id, permission="work_maintenance")
    if order.state != "in_progress":
        raise ConfigError(f"The order is {order.state}; start it first.")
    open_labour(actor=actor, order=order, now=now_us())
    note_event(actor=actor, order=order, verb="join")


@transaction.atomic
def end_labour(*, actor: Viewer, order_id: int) -> None:
    """End the actor's own working time on an order."""
    order = held_order(actor=actor, order_id=order_id, permission="work_maintenance")
    if actor.person_id is None or not order.labour.filter(person_id=actor.person_id, end=None).update(end=now_us()):
        raise ConfigError("You have no running working time on this order.")
    note_event(actor=actor, order=order, verb="leave")


@transaction.atomic
def add_labour(*, actor: Viewer, order_id: int, start: int, end: int, key: str = "") -> None:
    """Book working time of the actor afterwards, ``[start, end)`` us UTC."""
    order = held_order(actor=actor, order_id=order_id, permission="work_maintenance")
    now = now_us()
    if not 0 < end - start <= DAY or end > now + 120_000_000 or start < now - 366 * DAY:
        raise ConfigError("Working time ends after it starts, lasts at most a day and lies in the past year.")

    def book() -> str:
        settings = MaintenanceSettings.objects.filter(organisation_id=order.organisation_id).first()
        MaintenanceLabour.objects.create(
            order=order,
            person_id=actor.person_id,
            who=who(actor=actor),
            start=start,
            end=end,
            rate=settings.labour_rate if settings else 0,
        )
        note_event(actor=actor, order=order, verb="labour", detail={"start": start, "end": end})
        return f"maintenance:{order.pk}"

    content = {"labour": order_id, "start": start, "end": end}
    book_once(actor=actor, organisation_id=order.organisation_id, key=key, content=content, book=book)


@transaction.atomic
def configure_maintenance(
    *,
    actor: Viewer,
    organisation_id: int,
    labour_rate: int,
    failure_from: int = 300_000_000,
    join_within: int = 60_000_000,
) -> None:
    """Say what an organisation reckons with; see ``MaintenanceSettings``. Spans already open keep their rate."""
    require(actor, "plan_maintenance", organisation_id)
    if not 0 <= labour_rate <= 10**9:
        raise ConfigError("The rate of labour is an amount per hour of zero or more.")
    if not 0 <= failure_from <= DAY or not 0 <= join_within <= DAY:
        raise ConfigError("The limits of a failure lie between 0 and a day.")
    values = {"labour_rate": labour_rate, "failure_from": failure_from, "join_within": join_within}
    MaintenanceSettings.objects.update_or_create(
        organisation_id=organisation_id, defaults=values | {"changed_at": now_us()}
    )
    record(
        actor=actor,
        verb="configure_maintenance",
        target=f"organisation:{organisation_id}",
        detail=values,
        organisation_id=organisation_id,
    )


def do_entry(*, actor: Viewer, order_id: int, do: str, members: Mapping[str, Any], note: str) -> str:
    """Do what a terminal sent for an order; return what it is about. The inbox sees that it is done once.

    Parameters
    ----------
    do
        ``start`` (``locked_out``, ``permit_number``), ``step`` (``step``, ``result``, ``value``), ``part`` (``part``,
        ``quantity``), ``wait`` or ``finish``; ``note`` with each.

    Raises
    ------
    ConfigError
        If a member is missing or of the wrong kind.
    """

    def whole(name: str) -> int:
        value = members.get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ConfigError(_("“%(name)s” must be a whole number.") % {"name": name})
        return value

    value = members.get("value")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ConfigError(_("“%(name)s” must be a number.") % {"name": "value"})
    if do == "start":
        permit = str(members.get("permit_number") or "")
        start_order(
            actor=actor, order_id=order_id, locked_out=members.get("locked_out") is True, permit_number=permit
        )
    elif do == "step":
        result = str(members.get("result") or "")
        record_step(actor=actor, order_id=order_id, position=whole("step"), result=result, value=value, note=note)
    elif do == "part":
        use_part(actor=actor, order_id=order_id, part_id=whole("part"), quantity=whole("quantity"), note=note)
    elif do == "wait":
        wait_order(actor=actor, order_id=order_id, waiting_for=note)
    elif do == "finish":
        finish_order(actor=actor, order_id=order_id, remedy=note)
    else:
        raise ConfigError(_("“do” is start, step, part, wait or finish."))
    return f"maintenance:{order_id}"
