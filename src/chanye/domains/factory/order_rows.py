"""Orders and operations as rows: found, locked, turned into values of the rules. For the room itself."""

from __future__ import annotations

from django.utils.translation import gettext as _

from chanye.domains.factory.models import Operation, Order, WorkSpan
from chanye.domains.factory.rules.orders import Step, require_move
from chanye.domains.factory.types.orders import OperationRef
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.parties.prepared import Prepared
from chanye.parties.rules import require
from chanye.parties.types import Viewer

_locked = Prepared(
    lambda order: Order.objects.select_for_update().select_related("revision__material").filter(id=order)
)
_order_of = Prepared(lambda operation: Operation.objects.filter(id=operation).values_list("order_id"))
_steps = Prepared(lambda order: Operation.objects.filter(order_id=order))


def locked_order(actor: Viewer, permission: str, order_id: int) -> Order:
    """Return an order for change, locked until the transaction ends; ``actor`` holds ``permission`` there.

    Raises
    ------
    DeniedError
        If there is no such order for the actor, or the permission is missing.
    """
    row = _locked.one(order=order_id)
    if row is None or not (actor.system or row.organisation_id == actor.organisation_id):
        raise DeniedError(_("There is no such order, or it belongs to another organisation."))
    require(actor, permission, row.organisation_id)
    return row


def open_for_booking(actor: Viewer, operation_id: int, event_at: int) -> tuple[Order, Operation]:
    """Return an operation and its order, locked, if they could be booked on when it happened [us UTC].

    Raises
    ------
    ConfigError
        If the order or operation was on hold or closed then, saying what to do.
    DeniedError
        If there is no such operation for the actor, or it may not report.
    """
    found = _order_of.one(operation=operation_id)
    if found is None:
        raise DeniedError(_("There is no such operation, or it belongs to another organisation."))
    order = locked_order(actor, "report_output", found[0])
    if not (order.state == "held" and order.held_at is not None and event_at < order.held_at):
        require_move("book", order.state, order.number)
    (operation,) = (row for row in _steps(order=order.pk) if row.pk == operation_id)
    if operation.state == "held" and not (operation.held_at and event_at < operation.held_at):
        raise ConfigError(
            _("Operation %(number)s of %(order)s is on hold (%(reason)s): ask quality or the line leader.")
            % {"number": operation.number, "order": order.number, "reason": operation.hold_reason}
        )
    return order, operation


def steps_of(order: Order) -> tuple[dict[int, Operation], dict[int, Step]]:
    """Return the operations of an order by number, as rows and as values of the rules."""
    rows = {row.number: row for row in _steps(order=order.pk)}
    return rows, {number: step_of(row) for number, row in rows.items()}


def step_of(row: Operation) -> Step:
    """Return an operation's counts as the rules see them."""
    return Step(row.number, row.kind, row.on_fail, row.returns_to, row.arrived, row.good, row.scrap, row.rework)


def close_spans(*, order_id: int, at: int, operation_id: int | None = None, person_id: int | None = None) -> int:
    """End open work spans of an order, or of one operation or person of it; return how many."""
    open_spans = WorkSpan.objects.filter(operation__order_id=order_id, end=None)
    if operation_id is not None:
        open_spans = open_spans.filter(operation_id=operation_id)
    if person_id is not None:
        open_spans = open_spans.filter(person_id=person_id)
    done = 0
    for span in open_spans:
        span.end = max(at, span.start)
        span.save(update_fields=["end"])
        done += 1
    return done


def operation_ref(row: Operation, last: bool) -> OperationRef:
    """Return an operation as a value; ``row`` comes with its order, revision and material."""
    order_row = row.order
    return OperationRef(
        id=row.pk,
        order_id=order_row.pk,
        order=order_row.number,
        product=order_row.revision.material.code,
        product_name=order_row.revision.material.name,
        revision=order_row.revision.code,
        number=row.number,
        name=row.name,
        kind=row.kind,
        state=row.state,  # type: ignore[arg-type]  # one of OPERATION_STATES by its choices
        work_centre_id=row.work_centre_id,
        place_id=row.place_id,
        run_time=row.run_time,
        setup_time=row.setup_time,
        setup_family=row.setup_family,
        due=order_row.due,
        priority=order_row.priority,
        planned_start=row.planned_start,
        planned_end=row.planned_end,
        position=row.position,
        planned=order_row.quantity,
        arrived=row.arrived,
        good=row.good,
        scrap=row.scrap,
        rework=row.rework,
        started_at=row.started_at,
        finished_at=row.finished_at,
        hold_reason=row.hold_reason or order_row.hold_reason,
        last=last,
    )
