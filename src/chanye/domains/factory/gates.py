"""What quality has to say when something is booked: inspections become due, operations are held. For actions only.

Runs inside the transaction of the booking, so that a piece and the inspection it makes due are stored together.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _

from chanye.domains.factory import quality_lots
from chanye.domains.factory.models import Booking, HoldRule, Inspection, Measurement, Operation, Order, Plan
from chanye.domains.factory.order_rows import close_spans
from chanye.domains.factory.rules.quality import due_by_count, too_much_scrap
from chanye.domains.factory.types.quality import Asked, Given
from chanye.kernel.errors import ConfigError
from chanye.parties import events
from chanye.parties.audit import record
from chanye.parties.prepared import Prepared
from chanye.parties.types import Viewer

#: Bookings looked at for a scrap rate.
MOST_BOOKINGS = 500


_plans = Prepared(
    lambda organisation, material: Plan.objects.filter(
        organisation_id=organisation, material_id=material, state="released"
    ).order_by("version")
)
_rules = Prepared(lambda organisation: HoldRule.objects.filter(organisation_id=organisation, active=True))


def asked_of(plan: Plan) -> list[dict[str, Any]]:
    """Return what a plan asks for, as it is stored with an inspection; a released one as it was released."""
    if plan.frozen:
        return list(plan.frozen)
    samples = int(plan.sampling.get("samples", 1))
    return [
        asdict(
            Asked(
                code=line.characteristic.code,
                name=line.characteristic.name,
                kind=line.characteristic.kind,
                unit=line.characteristic.unit,
                digits=line.characteristic.digits,
                nominal=line.characteristic.nominal,
                lower=line.characteristic.lower if line.lower is None else line.lower,
                upper=line.characteristic.upper if line.upper is None else line.upper,
                choices=tuple((c["code"], c["name"], bool(c["good"])) for c in line.characteristic.choices),
                samples=line.samples or samples,
                gauge=line.characteristic.gauge.code if line.characteristic.gauge else "",
                method=line.characteristic.method,
                critical=line.characteristic.critical,
            )
        )
        for line in plan.lines.select_related("characteristic__gauge")
    ]


def read_asked(rows: list[dict[str, Any]]) -> list[Asked]:
    """Return what an inspection asks for, from what is stored with it."""
    return [Asked(**(row | {"choices": tuple((c[0], c[1], bool(c[2])) for c in row["choices"])})) for row in rows]


def given_of(inspection: Inspection) -> dict[tuple[str, int], Given]:
    """Return the values of an inspection that count: the last one of each sample."""
    rows = Measurement.objects.filter(inspection=inspection).select_related("characteristic").order_by("id")
    return {
        (row.characteristic.code, row.sample): Given(
            row.characteristic.code, row.sample, row.value, row.choice, row.good, row.serial
        )
        for row in rows
    }


def plans_for(order: Order, operation: Operation, *kinds: str) -> list[Plan]:
    """Return the newest released plans of some kinds that hold for an operation."""
    plans = [
        plan
        for plan in _plans(organisation=order.organisation_id, material=order.revision.material_id)
        if plan.kind in kinds
    ]
    if not plans:
        return []
    last = operation.kind == "main" and not order.operations.filter(kind="main", number__gt=operation.number).exists()
    here = (operation.number, None) if last else (operation.number,)
    return list({plan.code: plan for plan in plans if plan.step in here}.values())


def make_inspection(
    plan: Plan, order: Order, operation: Operation, at: int, pieces: int, place: int | None, **lot: object
) -> Inspection:
    """Make an inspection due for an operation; the plan is copied onto it."""
    return Inspection.objects.create(
        organisation_id=order.organisation_id,
        plan=plan,
        kind=plan.kind,
        asked=asked_of(plan),
        gate=plan.gate,
        operation=operation,
        material_id=order.revision.material_id,
        place_id=place or operation.place_id,
        pieces_at=pieces,
        due_at=at,
        **lot,
    )


def after_start(order: Order, operation: Operation, phase: str, at: int, place: int | None) -> None:
    """Make the first-piece inspection due: at the first start, and anew after each set-up."""
    for plan in plans_for(order, operation, "first_piece"):
        known = Inspection.objects.filter(plan=plan, operation=operation).exclude(state="cancelled")
        if phase == "setup":
            known.filter(state="open").update(state="cancelled")
            make_inspection(plan, order, operation, at, operation.good + operation.scrap, place)
        elif not known.exists():
            make_inspection(plan, order, operation, at, operation.good + operation.scrap, place)


def before_output(order: Order, operation: Operation) -> None:
    """Refuse pieces while a gate is shut: the first piece is not released.

    Raises
    ------
    ConfigError
        Saying what has to be inspected.
    """
    for plan in plans_for(order, operation, "first_piece"):
        if not plan.gate:
            continue
        newest = (
            Inspection.objects.filter(plan=plan, operation=operation)
            .exclude(state="cancelled")
            .order_by("-id")
            .first()
        )
        if newest is None or newest.state in ("open", "rejected"):
            raise ConfigError(
                _("The first piece of operation %(number)s is not released: inspect it by plan %(plan)s first.")
                % {"number": operation.number, "plan": plan.code}
            )


def after_output(actor: Viewer, order: Order, operation: Operation, at: int) -> None:
    """Make inspections due by count and time, the final one when the operation is finished; hold on scrap."""
    pieces = operation.good + operation.scrap
    for plan in plans_for(order, operation, "count", "time", "final"):
        last = Inspection.objects.filter(plan=plan, operation=operation).order_by("-id").first()
        if plan.kind == "final":
            if operation.state == "finished" and last is None:
                _final(actor, plan, order, operation, at)
            continue
        if plan.kind == "count":
            due = due_by_count(plan.every or 1, pieces, last.pieces_at if last else 0)
        else:
            since = last.due_at if last else (operation.started_at or at)
            due = pieces if at - since >= (plan.every or 0) else None
        if due is not None:
            make_inspection(plan, order, operation, at, due, None)
    _hold_on_scrap(actor, order, operation, at)


def _final(actor: Viewer, plan: Plan, order: Order, operation: Operation, at: int) -> None:
    """Make the final inspection due of each lot the operation put out; with a gate, nothing of it leaves before."""
    lots: dict[int | None, list[Any]] = {}
    for row in Booking.objects.filter(operation=operation, kind="output", reversed_by=None, good__gt=0):
        by_lot = order.revision.material.tracking == "lot" and row.items
        found = lots.setdefault(row.items[0][0] if by_lot else None, [row.lot or order.number, 0])
        found[1] += row.good
    pieces = operation.good + operation.scrap
    for item, (code, good) in lots.items():
        lot = {"item": item, "lot": code if item else order.number, "quantity": good}
        made = make_inspection(plan, order, operation, at, pieces, None, **lot)
        if plan.gate and item is not None:
            quality_lots.quarantine(actor, made)


def hold_rules(order: Order, operation: Operation, kind: str) -> list[HoldRule]:
    """Return the rules of a kind that hold for an operation."""
    material, places = order.revision.material_id, (None, operation.work_centre_id, operation.place_id)
    return [
        rule
        for rule in _rules(organisation=order.organisation_id)
        if rule.kind == kind and rule.material_id in (None, material) and rule.work_centre_id in places
    ]


def _hold_on_scrap(actor: Viewer, order: Order, operation: Operation, at: int) -> None:
    rules = hold_rules(order, operation, "scrap_rate")
    if not rules or operation.state in ("held", "finished"):
        return
    rows = Booking.objects.filter(operation=operation, kind__in=("output", "correct")).order_by("-event_at", "-id")
    if operation.cleared_at is not None:  # what was looked at when the hold was released does not hold it again
        rows = rows.filter(event_at__gt=operation.cleared_at)
    outputs = [(good + scrap, scrap) for good, scrap in rows.values_list("good", "scrap")[:MOST_BOOKINGS]]
    for rule in rules:
        ratio = too_much_scrap(outputs, rule.window, rule.least, rule.limit)
        if ratio is not None:
            why = _("Scrap ratio %(ratio)s %% is above %(limit)s %%") % {
                "ratio": round(ratio * 100, 1),
                "limit": round(rule.limit * 100, 1),
            }
            hold(actor, order, operation, at, why)
            return


def hold(actor: Viewer, order: Order, operation: Operation, at: int, why: str) -> None:
    """Put an operation on hold by a rule; nothing that happens from then on can be booked on it."""
    operation.held_from, operation.state, operation.held_at = operation.state, "held", at
    operation.hold_reason = why[:200]
    operation.save(update_fields=["held_from", "state", "held_at", "hold_reason"])
    close_spans(order_id=order.pk, operation_id=operation.pk, at=at)
    events.emit(
        actor=actor,
        kind="operation.held",
        target=f"operation:{operation.pk}",
        payload={"order": order.number, "operation": operation.number, "reason": why, "at": at},
        organisation_id=order.organisation_id,
    )
    record(
        actor=actor,
        verb="hold_operation",
        target=f"operation:{operation.pk}",
        detail={"order": order.number, "operation": operation.number, "reason": why, "rule": True},
        organisation_id=order.organisation_id,
    )
