"""Inspections: opened, measured, judged; a lot split into what is accepted and what is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.factory import gates
from chanye.domains.factory.models import (
    Characteristic,
    Inspection,
    Measurement,
    Operation,
    Plan,
)
from chanye.domains.factory.rules.quality import judge, verdict
from chanye.domains.factory.types.quality import Asked, Given
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer

Values = Mapping[str, Any]


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
    quantity: float | None = None,
    due_at: int | None = None,
) -> int:
    """Make an inspection due: of an operation, or of a lot that came in; return its id.

    Raises
    ------
    ConfigError
        If the plan is not released or holds for no material.
    DeniedError
        If there is no such plan or operation for the actor.
    """
    plan = Plan.objects.filter(id=plan_id).select_related("material").first()
    if plan is None or not (actor.system or plan.organisation_id == actor.organisation_id):
        raise DeniedError(_("There is no such inspection plan, or it belongs to another organisation."))
    require(actor, "record_inspection", plan.organisation_id)
    if plan.state != "released" or plan.material is None:
        raise ConfigError(_("The plan %(code)s is not released: release it first.") % {"code": plan.code})
    operation = None
    if operation_id is not None:
        operation = Operation.objects.filter(id=operation_id, order__organisation_id=plan.organisation_id).first()
        if operation is None:
            raise DeniedError(_("There is no such operation, or it belongs to another organisation."))
    row = Inspection.objects.create(
        organisation_id=plan.organisation_id,
        plan=plan,
        kind=plan.kind,
        asked=gates.asked_of(plan),
        gate=plan.gate,
        operation=operation,
        material=plan.material,
        lot=lot.strip()[:100],
        quantity=quantity,
        due_at=due_at or now_us(),
    )
    _record(actor, "open_inspection", row, {"plan": plan.code, "lot": row.lot})
    return int(row.pk)


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
    serial: str = "",
    file: int | None = None,
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
        If a value is none of its characteristic, or the inspection is judged already.
    DeniedError
        If there is no such inspection for the actor.
    """
    row = _inspection(actor, "record_inspection", inspection_id)
    if row.state != "open":
        raise ConfigError(_("This inspection is judged already: open another one to measure again."))
    asked = {one.code: one for one in gates.read_asked(row.asked)}
    known = gates.given_of(row)
    numbers = dict(
        Characteristic.objects.filter(organisation_id=row.organisation_id, code__in=list(asked)).values_list(
            "code", "id"
        )
    )
    fresh = [given for code, raw in values.items() for given in _read(asked, known, code, raw, serial)]
    if not fresh:
        raise ConfigError(_("There is no value in it: measure at least one."))
    for given in fresh:
        Measurement.objects.create(
            inspection=row,
            characteristic_id=numbers[given.characteristic],
            sample=given.sample,
            value=given.value,
            choice=given.choice,
            good=given.good,
            serial=given.serial[:100],
            file=file,
            person_id=person_id or actor.person_id,
            event_at=event_at,
            received_at=received_at,
        )
        known[given.characteristic, given.sample] = given
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
        raise ConfigError(_("This inspection does not ask for %(code)s.") % {"code": code})
    if isinstance(raw, list):
        pairs = [(i, value) for i, value in enumerate(raw) if value is not None]
    elif isinstance(raw, dict):
        if not all(isinstance(key, str) and key.isdecimal() and len(key) < 6 for key in raw):
            raise ConfigError(_("Samples are numbered 0, 1, 2 …"))
        pairs = [(int(key), value) for key, value in raw.items()]
    else:
        free = [i for i in range(asked[code].samples) if (code, i) not in known]
        pairs = [(free[0] if free else asked[code].samples - 1, raw)]
    return [judge(asked[code], sample, value, serial) for sample, value in pairs]


def _judge(actor: Viewer, row: Inspection, state: str, at: int, person_id: int | None) -> None:
    """Judge an inspection; a rejected one may hold its operation, by rule."""
    row.state, row.judged_at, row.judged_by_id = state, at, person_id or actor.person_id
    row.save()
    _record(actor, "judge_inspection", row, {"state": state})
    operation = row.operation
    if state != "rejected" or operation is None or operation.state in ("held", "finished"):
        return
    order = operation.order
    if gates.hold_rules(order, operation, "failed_inspection"):
        gates.hold(actor, order, operation, at, _("Inspection %(plan)s failed") % {"plan": row.plan.code})


@transaction.atomic
def split_lot(*, actor: Viewer, inspection_id: int, accepted: float, rejected: float, note: str = "") -> None:
    """Judge a lot in two parts: what is accepted and what is rejected; together they are what was inspected.

    Raises
    ------
    ConfigError
        If the parts do not add up, or values are still missing.
    DeniedError
        If the actor may not judge.
    """
    row = _inspection(actor, "judge_inspection", inspection_id)
    if row.state == "cancelled" or row.quantity is None:
        raise ConfigError(_("This inspection has no quantity to split."))
    if accepted < 0 or rejected < 0 or abs(accepted + rejected - row.quantity) > 1e-9 * max(1.0, row.quantity):
        raise ConfigError(_("Accepted and rejected must add up to %(quantity)s.") % {"quantity": row.quantity})
    row.accepted, row.rejected, row.note = accepted, rejected, note[:500]
    row.state = "split" if accepted and rejected else "accepted" if accepted else "rejected"
    row.judged_at, row.judged_by_id = now_us(), actor.person_id
    row.save()
    _record(actor, "split_lot", row, {"accepted": accepted, "rejected": rejected, "note": note})
