"""Material that goes into an operation."""

from __future__ import annotations

import math

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.factory import genealogy
from chanye.domains.factory.actions.bookings import Report
from chanye.domains.factory.models import Consumption, Material, Operation, OperationMaterial
from chanye.domains.factory.order_rows import open_for_booking
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.parties.audit import record
from chanye.parties.types import Viewer


@transaction.atomic
def consume_material(
    *, actor: Viewer, operation_id: int, at: Report, material: str, quantity: float, lot: str = ""
) -> int:
    """Book material that went into an operation; return the row.

    Parameters
    ----------
    material
        Code of a material of the operation's bill.
    quantity
        In the unit of the material, more than 0.
    lot
        Number of the lot or piece, as scanned; required where the material is tracked.

    Raises
    ------
    ConfigError
        If it is not in the bill, there is no such lot, or not so much of it.
    DeniedError
        If there is no such operation for the actor.
    """
    if not math.isfinite(quantity) or quantity <= 0:
        raise ConfigError(_("The quantity must be more than 0."))
    order, operation = open_for_booking(actor, operation_id, at.event_at)
    component = _component(operation, material)
    if component.tracking != "none" and not lot:
        raise ConfigError(_("%(material)s is followed by lot: scan the lot.") % {"material": component.code})
    row = Consumption(
        operation=operation,
        component=component,
        lot=lot[:100],
        quantity=quantity,
        place_id=at.place_id,
        person_id=at.person_id,
        event_at=at.event_at,
        received_at=at.received_at,
    )
    row.save()
    if lot:
        item = genealogy.find_item(actor, order.organisation_id, component, lot)
        row.item = item.id
        row.save(update_fields=["item"])
        where = genealogy.Moment(f"consumption:{row.pk}", at.event_at, at.place_id)
        operation.order = order
        genealogy.take_up(actor, operation, item, quantity, where)
    _add_consumed(row)
    record(
        actor=actor,
        verb="consume_material",
        target=f"operation:{operation.pk}",
        detail={"order": order.number, "material": component.code, "lot": row.lot, "quantity": quantity},
        organisation_id=order.organisation_id,
    )
    return int(row.pk)


@transaction.atomic
def correct_consumption(*, actor: Viewer, consumption_id: int, at: Report) -> int:
    """Take material back that was put in by mistake, whole; return the row that does it.

    It is in its lot again, and no piece of the order holds it. What really went in is booked anew, at the time it
    did.

    Raises
    ------
    ConfigError
        If it was taken back already, the order is closed or on hold, or pieces with it were shipped.
    DeniedError
        If there is no such row for the actor.
    """
    first = Consumption.objects.select_related("component").filter(id=consumption_id).first()
    if first is None:
        raise DeniedError(_("There is no such consumption, or it belongs to another organisation."))
    order, operation = open_for_booking(actor, first.operation_id, at.event_at)
    if first.reverses_id is not None:
        raise ConfigError(_("This took material back: put the material in again instead."))
    if Consumption.objects.filter(reverses=first).exists():
        raise ConfigError(_("This material was taken back already."))
    row = Consumption(
        operation=operation,
        component=first.component,
        item=first.item,
        lot=first.lot,
        quantity=-first.quantity,
        place_id=first.place_id,  # where it was booked, so that its cost is taken back there
        person_id=at.person_id,
        event_at=at.event_at,
        received_at=at.received_at,
        reverses=first,
    )
    row.save()
    if first.item is not None:
        genealogy.give_back(actor, order, first.item, first.pk, row.pk)
    _add_consumed(row)
    detail = {"order": order.number, "material": first.component.code, "lot": first.lot, "quantity": first.quantity}
    record(
        actor=actor,
        verb="correct_consumption",
        target=f"operation:{operation.pk}",
        detail=detail | {"consumption": first.pk, "origin": at.origin, "note": at.note[:500]},
        organisation_id=order.organisation_id,
    )
    return int(row.pk)


def _add_consumed(row: Consumption) -> None:
    """Keep the sum beside the bill; the order is locked. Rounded, so that all taken back leaves nothing."""
    line = OperationMaterial.objects.get(operation_id=row.operation_id, component_id=row.component_id)
    line.consumed = round(max(0.0, line.consumed + row.quantity), 9)
    line.save(update_fields=["consumed"])


def _component(operation: Operation, code: str) -> Material:
    line = OperationMaterial.objects.filter(operation=operation, component__code=code).select_related("component")
    found = line.first()
    if found is None:
        raise ConfigError(
            _("%(material)s is not in the bill of operation %(number)s: take the right material, or ask the planner.")
            % {"material": code, "number": operation.number}
        )
    return found.component
