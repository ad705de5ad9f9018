"""Orders: create, change, release, split, hold, resume, close, cancel. Quantities always balance."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.factory import events
from chanye.domains.factory.models import (
    BillLine,
    Operation,
    OperationMaterial,
    Order,
    ProgramVersion,
    Revision,
    Routing,
    RoutingStep,
)
from chanye.domains.factory.order_rows import close_spans, locked_order, steps_of
from chanye.domains.factory.rules.orders import balance, main_steps, require_move
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine

MOST_PIECES = 10_000_000


def _record(actor: Viewer, verb: str, order: Order, detail: dict[str, object]) -> None:
    record(
        actor=actor,
        verb=verb,
        target=f"order:{order.pk}",
        detail={"number": order.number, **detail},
        organisation_id=order.organisation_id,
    )


@transaction.atomic
def create_order(
    *,
    actor: Viewer,
    site_id: int,
    number: str,
    product: str,
    quantity: int,
    revision: str = "",
    routing: str = "",
    due: int | None = None,
    priority: int = 50,
    customer: str = "",
    reference: str = "",
    note: str = "",
) -> int:
    """Create an order and return its id. The same number with the same content again returns the same order.

    Parameters
    ----------
    product, revision
        Codes; without a revision the released one that is newest is taken.
    quantity
        Pieces, 1 .. 10 million.
    due
        us UTC.
    priority
        1 first .. 99 last.

    Raises
    ------
    ConfigError
        Naming what is wrong and what to do.
    DeniedError
        If the actor may not plan orders there.
    """
    site = spine.asset(actor, site_id)
    require(actor, "plan_orders", site.organisation_id)
    _check_numbers(number, quantity, priority)
    wanted = _revision(site.organisation_id, product, revision)
    content = {
        "site_id": site.id,
        "revision_id": wanted.pk,
        "routing_code": routing,
        "ordered": quantity,
        "due": due,
        "priority": priority,
        "customer": customer,
        "reference": reference,
        "note": note,
    }
    known = Order.objects.filter(organisation_id=site.organisation_id, number=number.strip()).first()
    if known is not None:
        if all(getattr(known, name) == value for name, value in content.items()):
            return int(known.pk)
        raise ConfigError(_("There is an order %(number)s already: choose another number.") % {"number": number})
    row = Order.objects.create(
        organisation_id=site.organisation_id,
        number=number.strip(),
        quantity=quantity,
        created_at=now_us(),
        **content,
    )
    _record(actor, "create_order", row, {"product": product, "revision": wanted.code, "quantity": quantity})
    return int(row.pk)


def _check_numbers(number: str, quantity: int, priority: int) -> None:
    if not 0 < len(number.strip()) <= 64:
        raise ConfigError(_("Give the order a number of 1 to 64 characters."))
    if not 0 < quantity <= MOST_PIECES:
        raise ConfigError(_("The quantity must be a whole number from 1 to %(most)s.") % {"most": MOST_PIECES})
    if not 1 <= priority <= 99:
        raise ConfigError(_("The priority must be from 1 (first) to 99 (last)."))


def _revision(organisation_id: int, product: str, code: str) -> Revision:
    found = Revision.objects.filter(
        material__organisation_id=organisation_id, material__code=product, state="released"
    ).select_related("material")
    row = found.filter(code=code).first() if code else found.order_by("-released_at", "-id").first()
    if row is not None:
        return row
    if code:
        raise ConfigError(
            _("Product %(product)s has no released revision %(code)s: release it, or take another.")
            % {"product": product, "code": code}
        )
    raise ConfigError(_("There is no product %(product)s with a released revision.") % {"product": product})


@transaction.atomic
def change_order(
    *,
    actor: Viewer,
    order_id: int,
    quantity: int | None = None,
    due: int | None = None,
    priority: int | None = None,
    note: str | None = None,
) -> None:
    """Change an order; what is None stays. A quantity below what is begun is refused.

    Raises
    ------
    ConfigError, DeniedError
        As ``create_order``.
    """
    row = locked_order(actor, "plan_orders", order_id)
    require_move("change", row.state, row.number)
    _check_numbers(row.number, row.quantity if quantity is None else quantity, priority or row.priority)
    detail: dict[str, object] = {"quantity": quantity, "due": due, "priority": priority, "note": note}
    if quantity is not None and quantity != row.quantity:
        _change_quantity(row, quantity)
        row.ordered = quantity
    row.due = row.due if due is None else due
    row.priority = row.priority if priority is None else priority
    row.note = row.note if note is None else note
    row.save()
    _record(actor, "change_order", row, {name: value for name, value in detail.items() if value is not None})


def _change_quantity(row: Order, quantity: int) -> None:
    """Change how many pieces are to be made; the first operation gets or gives them."""
    rows, steps = steps_of(row)
    row.quantity = quantity
    if not steps:
        return
    first = rows[main_steps(steps)[0]]
    left = first.good + first.scrap + first.rework
    if quantity < left or balance(quantity, steps).open < 0:
        raise ConfigError(_("%(left)s pieces are begun already: the order cannot be smaller.") % {"left": left})
    first.arrived = quantity
    first.save(update_fields=["arrived"])


@transaction.atomic
def release_order(*, actor: Viewer, order_id: int) -> None:
    """Release an order: copy routing, bill and programs onto it, so that later changes leave it alone.

    Raises
    ------
    ConfigError
        If it is released already, or its routing is missing or incomplete.
    DeniedError
        If the actor may not release orders.
    """
    row = locked_order(actor, "release_orders", order_id)
    require_move("release", row.state, row.number)
    steps = _routing_steps(row)
    bill = list(BillLine.objects.filter(revision=row.revision).select_related("component"))
    first = min(step.number for step in steps if step.kind == "main")
    for step in steps:
        operation = _operation(row, step, row.quantity if step.number == first else 0, step.number == first)
        own = [line for line in bill if (line.step or first) == step.number]
        OperationMaterial.objects.bulk_create(
            OperationMaterial(
                operation=operation, component=line.component, quantity=line.quantity * (1 + line.scrap_share)
            )
            for line in own
        )
    row.state, row.released_at = "released", now_us()
    row.save()
    _record(actor, "release_order", row, {"steps": [step.number for step in steps]})
    events.tell_order(actor, "order.released", row)


def _routing_steps(order: Order) -> list[RoutingStep]:
    found = Routing.objects.filter(revision=order.revision)
    routing = (
        found.filter(code=order.routing_code).first() if order.routing_code else found.filter(default=True).first()
    )
    if routing is None:
        raise ConfigError(
            _("Product %(product)s has no routing to release by: make one, or mark one as default.")
            % {"product": order.revision.material.code}
        )
    steps = list(RoutingStep.objects.filter(routing=routing))
    if not any(step.kind == "main" for step in steps):
        raise ConfigError(_("The routing %(code)s has no step: add one.") % {"code": routing.code})
    return steps


def _operation(order: Order, step: RoutingStep, arrived: int, first: bool) -> Operation:
    program = None
    if step.program_id:
        program = (
            ProgramVersion.objects.filter(program_id=step.program_id, state="released").order_by("-version").first()
        )
        if program is None:
            raise ConfigError(
                _("Step %(number)s needs a program that has no released version: release one.")
                % {"number": step.number}
            )
    copied = (
        "number",
        "name",
        "kind",
        "work_centre_id",
        "run_time",
        "setup_time",
        "setup_family",
        "scrap_share",
        "skill_id",
        "tool_id",
        "gauge_id",
        "on_fail",
        "returns_to",
        "alternatives",
    )
    return Operation.objects.create(
        order=order,
        program=program,
        arrived=arrived,
        state="ready" if first else "waiting",
        **{name: getattr(step, name) for name in copied},
    )


@transaction.atomic
def split_order(*, actor: Viewer, order_id: int, quantity: int, number: str) -> int:
    """Move pieces that are not begun into an order of their own; return its id.

    Raises
    ------
    ConfigError
        If not so many pieces are free, or the number is taken.
    DeniedError
        If the actor may not plan orders there.
    """
    row = locked_order(actor, "plan_orders", order_id)
    require_move("split", row.state, row.number)
    _check_numbers(number, quantity, row.priority)
    if Order.objects.filter(organisation_id=row.organisation_id, number=number.strip()).exists():
        raise ConfigError(_("There is an order %(number)s already: choose another number.") % {"number": number})
    rows, steps = steps_of(row)
    free = row.quantity if not steps else min(steps[main_steps(steps)[0]].here, balance(row.quantity, steps).open)
    if quantity >= row.quantity or quantity > free:
        raise ConfigError(
            _("Only %(free)s pieces are not begun: split fewer, and leave the order at least one.") % {"free": free}
        )
    _change_quantity(row, row.quantity - quantity)
    row.ordered -= quantity
    row.save()
    part = Order.objects.create(
        organisation_id=row.organisation_id,
        site_id=row.site_id,
        number=number.strip(),
        revision=row.revision,
        routing_code=row.routing_code,
        quantity=quantity,
        ordered=quantity,
        due=row.due,
        priority=row.priority,
        customer=row.customer,
        reference=row.reference,
        note=row.note,
        split_from=row,
        created_at=now_us(),
        state="created" if not rows else "released",
        released_at=now_us() if rows else None,
    )
    first = main_steps(steps)[0] if steps else None
    for operation in rows.values():
        _copy_operation(operation, part, quantity if operation.number == first else 0, operation.number == first)
    _record(actor, "split_order", row, {"quantity": quantity, "into": part.number})
    return int(part.pk)


def _copy_operation(operation: Operation, part: Order, arrived: int, first: bool) -> None:
    """Give the split part the operation as the order has it: the plan it was released with, not the newest one."""
    materials = list(OperationMaterial.objects.filter(operation=operation))
    copy = Operation.objects.get(pk=operation.pk)
    copy.pk = None
    copy._state.adding = True  # noqa: SLF001  # Django's documented way to copy a row
    copy.order, copy.arrived, copy.state = part, arrived, "ready" if first else "waiting"
    copy.good = copy.scrap = copy.rework = 0
    copy.place = copy.started_at = copy.finished_at = copy.held_at = None
    copy.position = copy.planned_start = copy.planned_end = None
    copy.held_from = copy.hold_reason = ""
    copy.save()
    OperationMaterial.objects.bulk_create(
        OperationMaterial(operation=copy, component_id=line.component_id, quantity=line.quantity)
        for line in materials
    )


@transaction.atomic
def hold_order(*, actor: Viewer, order_id: int, reason: str) -> None:
    """Put an order on hold: nothing that happens from now on can be booked on it."""
    row = locked_order(actor, "hold_orders", order_id)
    require_move("hold", row.state, row.number)
    if not reason.strip():
        raise ConfigError(_("Say why the order is held: whoever meets it must know."))
    row.state, row.hold_reason, row.held_at = "held", reason.strip()[:200], now_us()
    row.save()
    close_spans(order_id=row.pk, at=row.held_at)
    _record(actor, "hold_order", row, {"reason": row.hold_reason})


@transaction.atomic
def resume_order(*, actor: Viewer, order_id: int) -> None:
    """Take an order off hold."""
    row = locked_order(actor, "hold_orders", order_id)
    require_move("resume", row.state, row.number)
    row.state, row.hold_reason, row.held_at = "released", "", None
    row.save()
    _record(actor, "resume_order", row, {})


@transaction.atomic
def close_order(*, actor: Viewer, order_id: int, short: bool = False) -> None:
    """Close an order. Open pieces are refused, unless the rest is given up: ``short`` lowers the quantity by it.

    Raises
    ------
    ConfigError
        Saying how many pieces are open, and where pieces still lie.
    DeniedError
        If the actor may not close orders.
    """
    row = locked_order(actor, "close_orders", order_id)
    require_move("close", row.state, row.number)
    rows, steps = steps_of(row)
    now = balance(row.quantity, steps)
    begun = [step.number for step in steps.values() if step.here and step.number != main_steps(steps)[0]]
    if now.rework or (begun and now.open):
        raise ConfigError(
            _("Pieces lie at operation %(number)s: book them as good or scrap, then close.")
            % {"number": (begun or [0])[0]}
        )
    if now.open and not short:
        raise ConfigError(
            _("%(open)s pieces are open: book them, split them off, or close short and give them up.")
            % {"open": now.open}
        )
    at = now_us()
    if now.open:
        _change_quantity(row, row.quantity - now.open)
    row.state, row.closed_at, row.hold_reason, row.held_at = "closed", at, "", None
    row.save()
    close_spans(order_id=row.pk, at=at)
    for operation in rows.values():
        operation.state, operation.finished_at = "finished", operation.finished_at or at
        operation.save(update_fields=["state", "finished_at"])
    _record(actor, "close_order", row, {"good": now.good, "scrap": now.scrap, "given_up": now.open})
    events.tell_order(actor, "order.closed", row)


@transaction.atomic
def cancel_order(*, actor: Viewer, order_id: int, reason: str) -> None:
    """Cancel an order on which nothing is booked."""
    row = locked_order(actor, "plan_orders", order_id)
    require_move("cancel", row.state, row.number)
    _rows, steps = steps_of(row)
    if any(step.good or step.scrap or step.rework for step in steps.values()):
        raise ConfigError(_("Pieces are booked on it: close it short instead, so that they stay accounted for."))
    row.state, row.closed_at, row.hold_reason, row.held_at = "cancelled", now_us(), reason.strip()[:200], None
    row.save()
    close_spans(order_id=row.pk, at=row.closed_at)
    _record(actor, "cancel_order", row, {"reason": reason})
