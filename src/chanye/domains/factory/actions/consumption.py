"""Material that goes into an operation."""

from __future__ import annotations

import math

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from chanye.domains.factory import genealogy
from chanye.domains.factory.actions.bookings import Report
from chanye.domains.factory.models import Consumption, Material, Operation, OperationMaterial
from chanye.domains.factory.order_rows import open_for_booking
from chanye.kernel.errors import ConfigError
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
    OperationMaterial.objects.filter(operation=operation, component=component).update(
        consumed=F("consumed") + quantity
    )
    record(
        actor=actor,
        verb="consume_material",
        target=f"operation:{operation.pk}",
        detail={"order": order.number, "material": component.code, "lot": row.lot, "quantity": quantity},
        organisation_id=order.organisation_id,
    )
    return int(row.pk)


def _component(operation: Operation, code: str) -> Material:
    line = OperationMaterial.objects.filter(operation=operation, component__code=code).select_related("component")
    found = line.first()
    if found is None:
        raise ConfigError(
            _("%(material)s is not in the bill of operation %(number)s: take the right material, or ask the planner.")
            % {"material": code, "number": operation.number}
        )
    return found.component
