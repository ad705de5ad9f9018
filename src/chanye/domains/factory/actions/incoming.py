"""Material that comes in: a lot in trace, blocked until what its plans ask for is inspected."""

from __future__ import annotations

import math

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.factory.actions.quality import open_inspection
from chanye.domains.factory.models import Inspection, Material, Plan
from chanye.domains.factory.quality_lots import by_rule
from chanye.kernel.errors import ConfigError
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.trace import actions as trace


@transaction.atomic
def receive_lot(
    *,
    actor: Viewer,
    organisation_id: int,
    material: str,
    lot: str,
    quantity: float,
    supplier: str,
    key: str,
    reference: str = "",
    place_id: int | None = None,
    event_at: int | None = None,
) -> list[int]:
    """Take in a lot from a supplier; return the inspections that are due, none if no plan asks for any.

    Parameters
    ----------
    quantity
        In the unit of the material.
    reference
        Delivery note.
    key
        Of the caller; the same key takes in once.

    Raises
    ------
    ConfigError
        If there is no such material, the lot is known already, or the supplier is missing.
    DeniedError
        If the actor may not book there.
    """
    require(actor, "book_item", organisation_id)
    row = Material.objects.filter(organisation_id=organisation_id, code=material.strip(), active=True).first()
    if row is None:
        raise ConfigError(_("There is no material %(code)s: choose one from the list.") % {"code": material[:64]})
    if row.tracking == "none":
        raise ConfigError(_("%(code)s is not followed by lot: set that in its master data.") % {"code": row.code})
    if not (math.isfinite(quantity) and 0 < quantity < 1e9):
        raise ConfigError(_("The quantity must be more than 0."))
    if not supplier.strip():
        raise ConfigError(_("Say who supplied it: a recall starts there."))
    booked = trace.commission_lot(
        actor=actor,
        organisation_id=organisation_id,
        material_code=row.code,
        material_name=row.name,
        unit=row.unit,
        lot=lot,
        quantity=quantity,
        source=supplier.strip()[:200],
        reference=reference.strip()[:100],
        place_id=place_id,
        key=key,
        event_at=event_at,
    )
    if booked.repeated:
        return list(Inspection.objects.filter(item=booked.item, kind="incoming").values_list("id", flat=True))
    made = [
        open_inspection(
            actor=by_rule(actor),
            plan_id=plan.pk,
            lot=lot.strip(),
            item=booked.item,
            supplier=supplier,
            quantity=quantity,
            due_at=event_at,
        )
        for plan in Plan.objects.filter(material=row, kind="incoming", state="released").order_by("code")
    ]
    record(
        actor=actor,
        verb="receive_lot",
        target=f"item:{booked.item}",
        detail={"material": row.code, "lot": lot.strip(), "quantity": quantity, "supplier": supplier.strip()},
        organisation_id=organisation_id,
    )
    return made
