"""Inspections: opened, measured, judged; a lot split into what is accepted and what is not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.factory import gates, quality_lots
from chanye.domains.factory.models import Characteristic, Inspection, Measurement, Operation, Order, Plan, Tool
from chanye.domains.factory.rules.quality import judge, require_gauge, verdict
from chanye.domains.factory.types.quality import Asked, Given
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import now_us
from chanye.parties import events
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine

Values = Mapping[str, Any]

events.declare("inspection.judged", "An inspection was judged")
events.declare("operation.held", "An operation was put on hold by a rule")


@dataclass(frozen=True, slots=True)
class With:
    """What came with values: serial or lot, the gauge used and the pictures taken, by characteristic.

    ``pictures``: characteristic code -> sample as text -> number of a stored file.
    """

    serial: str = ""
    note: str = ""
    gauges: Mapping[str, Any] = field(default_factory=dict)
    pictures: Mapping[str, Any] = field(default_factory=dict)


def _inspection(actor: Viewer, permission: str, inspection_id: int) -> Inspection:
    row = Inspection.objects.select_for_update().filter(id=inspection_id).first()
    if row is None or not (actor.system or row.organisation_id == actor.organisation_id):
        raise DeniedError(_("There is no such inspection, or it belongs to another organisation."))
    require(actor, permission, row.organisation_id)
    return row


@transaction.atomic
def open_inspection(
    *,
    actor: Viewer,
    plan_id: int,
    operation_id: int | None = None,
    lot: str = "",
    item: int | None = None,
    supplier: str = "",
    quantity: float | None = None,
    due_at: int | None = None,
) -> int:
    """Make an inspection due: of an operation, or of a lot that came in; return its id.

    Parameters
    ----------
    item
        The lot in trace; it is blocked until the inspection is judged.
    quantity
        What is judged, in the unit of the material.

    Raises
    ------
    ConfigError
        If the plan is not released or holds for no material, or is for another material.
    DeniedError
        If there is no such plan or operation for the actor.
    """
    plan = Plan.objects.filter(id=plan_id).select_related("material").first()
    if plan is None or not (actor.system or plan.organisation_id == actor.organisation_id):
        raise DeniedError(_("There is no such inspection plan, or it belongs to another organisation."))
    require(actor, "record_inspection", plan.organisation_id)
    if plan.state != "released" or plan.material is None:
        raise ConfigError(_("The plan %(code)s is not released: release it first.") % {"code": plan.code})
    if quantity is not None and not (math.isfinite(quantity) and quantity > 0):
        raise ConfigError(_("The quantity must be more than 0."))
    operation = _operation(plan, operation_id)
    row = Inspection.objects.create(
        organisation_id=plan.organisation_id,
        plan=plan,
        kind=plan.kind,
        asked=gates.asked_of(plan),
        gate=plan.gate,
        operation=operation,
        place_id=operation.place_id if operation else None,
        pieces_at=operation.good + operation.scrap if operation else 0,
        material=plan.material,
        lot=lot.strip()[:100],
        item=item,
        supplier=supplier.strip()[:200],
        quantity=quantity,
        due_at=due_at or now_us(),
    )
    quality_lots.quarantine(actor, row)
    _record(actor, "open_inspection", row, {"plan": plan.code, "lot": row.lot})
    return int(row.pk)


def _operation(plan: Plan, operation_id: int | None) -> Operation | None:
    if operation_id is None:
        return None
    row = (
        Operation.objects.filter(id=operation_id, order__organisation_id=plan.organisation_id)
        .select_related("order__revision")
        .first()
    )
    if row is None:
        raise DeniedError(_("There is no such operation, or it belongs to another organisation."))
    if row.order.revision.material_id != plan.material_id:
        raise ConfigError(_("The plan %(code)s is for another product.") % {"code": plan.code})
    return row


def _record(actor: Viewer, verb: str, row: Inspection, detail: Mapping[str, object]) -> None:
    record(
        actor=actor,
        verb=verb,
        target=f"inspection:{row.pk}",
        detail=dict(detail),
        organisation_id=row.organisation_id,
    )


def find_open(*, actor: Viewer, operation_id: int, plan: str = "") -> int:
    """Return the open inspection of an operation that became due first; of one plan, if it is named.

    Raises
    ------
    ConfigError
        If there is none.
    """
    rows = Inspection.objects.filter(operation_id=operation_id, state="open")
    if not actor.system:
        rows = rows.filter(organisation_id=actor.organisation_id or 0)
    row = (rows.filter(plan__code=plan) if plan else rows).order_by("due_at", "id").first()
    if row is None:
        raise ConfigError(_("No inspection is open on this operation: start it, or ask quality for one."))
    return int(row.pk)


@transaction.atomic
def record_values(
    *,
    actor: Viewer,
    inspection_id: int,
    values: Values,
    event_at: int,
    received_at: int,
    person_id: int | None = None,
    extra: With | None = None,
) -> str:
    """Store values of an inspection and judge it when they are all there; return its state.

    Parameters
    ----------
    values
        Characteristic code -> one value, a list of values (sample by sample, null for none), or
        ``{"sample": value}``.

    Raises
    ------
    ConfigError
        If a value is none of its characteristic, a gauge may not be used, or the inspection is judged already.
    DeniedError
        If there is no such inspection for the actor.
    """
    row = _inspection(actor, "record_inspection", inspection_id)
    extra = extra or With()
    if row.state != "open":
        raise ConfigError(_("This inspection is judged already: open another one to measure again."))
    asked = {one.code: one for one in gates.read_asked(row.asked)}
    known = gates.given_of(row)
    numbers = dict(
        Characteristic.objects.filter(organisation_id=row.organisation_id, code__in=list(asked)).values_list(
            "code", "id"
        )
    )
    fresh = [given for code, raw in values.items() for given in _read(asked, known, code, raw, extra.serial)]
    if not fresh:
        raise ConfigError(_("There is no value in it: measure at least one."))
    gauges = {code: _gauge(row, asked[code], extra, event_at) for code in {one.characteristic for one in fresh}}
    pictures = _pictures(actor, row, extra.pictures)
    for given in fresh:
        Measurement.objects.create(
            inspection=row,
            characteristic_id=numbers[given.characteristic],
            sample=given.sample,
            value=given.value,
            choice=given.choice,
            good=given.good,
            serial=given.serial[:100],
            gauge_id=gauges[given.characteristic],
            file=pictures.get((given.characteristic, given.sample)),
            person_id=person_id or actor.person_id,
            event_at=event_at,
            received_at=received_at,
        )
        known[given.characteristic, given.sample] = given
    if extra.note:
        row.note = extra.note.strip()[:500]
        row.save(update_fields=["note"])
    _record(actor, "record_values", row, {"values": len(fresh), "bad": sum(not one.good for one in fresh)})
    found = verdict(list(asked.values()), known)
    if found is not None:
        _judge(actor, row, found, event_at, person_id)
    return row.state


def _read(
    asked: Mapping[str, Asked], known: Mapping[tuple[str, int], Given], code: str, raw: object, serial: str
) -> list[Given]:
    """Return the values in what was sent for one characteristic; a single one goes to the first free sample."""
    if code not in asked:
        raise ConfigError(_("This inspection does not ask for %(code)s.") % {"code": code[:64]})
    if isinstance(raw, list):
        pairs = [(i, value) for i, value in enumerate(raw) if value is not None]
    elif isinstance(raw, dict):
        if not all(isinstance(key, str) and key.isascii() and key.isdecimal() and len(key) < 6 for key in raw):
            raise ConfigError(_("Samples are numbered 0, 1, 2 …"))
        pairs = [(int(key), value) for key, value in raw.items()]
    else:
        free = [i for i in range(asked[code].samples) if (code, i) not in known]
        pairs = [(free[0] if free else asked[code].samples - 1, raw)]
    return [judge(asked[code], sample, value, serial) for sample, value in pairs]


def _gauge(row: Inspection, asked: Asked, extra: With, at: int) -> int | None:
    """Return the gauge that was used: the one named, else the plan's; refuse one that may not be measured with."""
    code = extra.gauges.get(asked.code) or asked.gauge
    if not code:
        return None
    found = Tool.objects.filter(organisation_id=row.organisation_id, code=str(code)[:64]).first()
    if found is None:
        raise ConfigError(_("There is no gauge %(gauge)s: choose one from the list.") % {"gauge": str(code)[:64]})
    require_gauge(found.code, found.kind, found.state, found.calibrated_until, at)
    return int(found.pk)


def _pictures(actor: Viewer, row: Inspection, sent: Mapping[str, Any]) -> dict[tuple[str, int], int]:
    """Return stored pictures by characteristic and sample; refuse what is no picture of this organisation."""
    found = {
        (code, int(sample)): number
        for code, by_sample in sent.items()
        for sample, number in (by_sample.items() if isinstance(by_sample, dict) else ())
        if str(sample).isascii() and str(sample).isdecimal() and len(str(sample)) < 6
    }
    check_pictures(actor=actor, organisation_id=row.organisation_id, numbers=list(found.values()))
    return found


def check_pictures(*, actor: Viewer, organisation_id: int, numbers: list[Any]) -> None:
    """Go on only if all are stored pictures of the organisation.

    Raises
    ------
    ConfigError
        If one is not.
    """
    wanted = [n for n in numbers if isinstance(n, int) and not isinstance(n, bool) and 0 < n < 1 << 62]
    known = spine.files_by_id(actor, wanted)
    mine = [n for n in wanted if n in known and known[n].organisation_id == organisation_id]
    if len(mine) != len(numbers) or any(known[n].kind != "picture" for n in mine):
        raise ConfigError(_("There is no such picture: take it again."))


def _judge(actor: Viewer, row: Inspection, state: str, at: int, person_id: int | None) -> None:
    """Judge an inspection: its lot is released or stays blocked; a rejected one may hold its operation, by rule."""
    row.state, row.judged_at, row.judged_by_id = state, at, person_id or actor.person_id
    if state == "accepted" and row.quantity is not None:
        row.accepted, row.rejected = row.quantity, 0.0
    row.save()
    _tell(actor, row)
    if state == "accepted":
        quality_lots.let_go(actor, row)
        return
    quality_lots.quarantine(actor, row)
    if row.operation_id is None:
        return
    order = Order.objects.select_for_update().get(operations=row.operation_id)
    operation = Operation.objects.get(id=row.operation_id)
    if operation.state not in ("held", "finished") and gates.hold_rules(order, operation, "failed_inspection"):
        gates.hold(actor, order, operation, at, _("Inspection %(plan)s failed") % {"plan": row.plan.code})


def _tell(actor: Viewer, row: Inspection) -> None:
    detail = {
        "state": row.state,
        "plan": row.plan.code,
        "lot": row.lot,
        "accepted": row.accepted,
        "rejected": row.rejected,
    }
    _record(actor, "judge_inspection", row, detail)
    events.emit(
        actor=actor,
        kind="inspection.judged",
        target=f"inspection:{row.pk}",
        payload=detail | {"kind": row.kind, "operation": row.operation_id, "item": row.item},
        organisation_id=row.organisation_id,
    )


@transaction.atomic
def split_lot(*, actor: Viewer, inspection_id: int, accepted: float, rejected: float, note: str = "") -> None:
    """Judge a lot in two parts: what is accepted and what is rejected; together they are what was inspected.

    In trace the rejected part becomes a lot of its own that stays blocked, and the rest is released.

    Raises
    ------
    ConfigError
        If the parts do not add up, values are still missing, or it was decided already.
    DeniedError
        If the actor may not judge.
    """
    row = _inspection(actor, "judge_inspection", inspection_id)
    if row.state == "cancelled" or row.quantity is None:
        raise ConfigError(_("This inspection has no quantity to split."))
    if row.state == "open":
        raise ConfigError(_("Values are still missing: measure first, then split."))
    if row.accepted is not None:
        raise ConfigError(_("It is decided already: report a nonconformance if more was found."))
    whole = row.quantity
    if not (accepted >= 0 and rejected >= 0 and abs(accepted + rejected - whole) <= 1e-9 * max(1.0, whole)):
        raise ConfigError(_("Accepted and rejected must add up to %(quantity)s.") % {"quantity": f"{whole:g}"})
    row.accepted, row.rejected, row.note = accepted, rejected, (note or row.note)[:500]
    row.state = "split" if accepted and rejected else "accepted" if accepted else "rejected"
    row.judged_at, row.judged_by_id = now_us(), actor.person_id
    row.save()
    _divide(actor, row)
    _tell(actor, row)


def _divide(actor: Viewer, row: Inspection) -> None:
    """Do to the lot in trace as the inspection was decided."""
    if row.state == "accepted":
        quality_lots.let_go(actor, row)
    elif row.state == "split" and row.item is not None:
        why = _("Rejected by inspection %(number)s") % {"number": row.pk}
        key = f"inspection:{row.pk}:divide"
        row.rejected_item = quality_lots.divide(actor, row.item, row.rejected or 0.0, why, key)
        row.save(update_fields=["rejected_item"])
    elif row.item is not None:
        row.rejected_item = row.item
        row.save(update_fields=["rejected_item"])


@transaction.atomic
def cancel_inspection(*, actor: Viewer, inspection_id: int, reason: str) -> None:
    """Take an open inspection back: it became due by mistake; say why. Its lot is released.

    Raises
    ------
    ConfigError
        If it is judged already, or no reason is given.
    """
    row = _inspection(actor, "judge_inspection", inspection_id)
    if row.state != "open":
        raise ConfigError(_("This inspection is judged already: open another one to measure again."))
    if not reason.strip():
        raise ConfigError(_("Say why it is not needed."))
    row.state, row.note, row.judged_at, row.judged_by_id = (
        "cancelled",
        reason.strip()[:500],
        now_us(),
        actor.person_id,
    )
    row.save()
    quality_lots.let_go(actor, row)
    _record(actor, "cancel_inspection", row, {"reason": row.note})
