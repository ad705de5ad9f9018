"""What people and machines report of operations: start, pause, finish, output, counter, correction, hold.

Each is one row of the ledger. It carries the time it happened and the time it came in; a late report is booked at
the time it happened, as long as the order or operation was open then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.factory import events, gates, genealogy
from chanye.domains.factory.models import Booking, Operation, Order, Reason, WorkSpan
from chanye.domains.factory.order_rows import close_spans, locked_order, open_for_booking, steps_of
from chanye.domains.factory.rules.orders import Step, balance, is_done, main_steps, move_pieces
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.parties.audit import record
from chanye.parties.types import Viewer
from chanye.spine import queries as spine


@dataclass(frozen=True, slots=True)
class Report:
    """Who reports, where and when: us UTC by the reporter's clock, and when it came in."""

    event_at: int
    received_at: int
    place_id: int | None = None
    person_id: int | None = None
    origin: str = "terminal"
    note: str = ""


@dataclass(slots=True)
class _Work:
    """An operation being booked on, with its order and all its steps, locked."""

    order: Order
    rows: dict[int, Operation]
    steps: dict[int, Step]
    operation: Operation


def _open(actor: Viewer, operation_id: int, at: Report) -> _Work:
    """Lock the order of an operation and make sure that it could be booked on when it happened."""
    order, operation = open_for_booking(actor, operation_id, at.event_at)
    rows, steps = steps_of(order)
    _check_place(actor, operation, at.place_id)
    return _Work(order, rows, steps, rows[operation.number])


def _check_place(actor: Viewer, operation: Operation, place_id: int | None) -> None:
    """Refuse a machine that is neither the operation's work centre, nor in it, nor an alternative."""
    if place_id is None:
        return
    place = spine.asset(actor, place_id)
    allowed = [operation.work_centre_id, *(one["work_centre"] for one in operation.alternatives)]
    for number in allowed:
        centre = spine.asset(actor, number)
        if place.path == centre.path or place.path.startswith(f"{centre.path}/"):
            return
    raise ConfigError(
        _("%(place)s is not a work centre of this operation: choose one that is, or ask the planner.")
        % {"place": place.name}
    )


def _write(work: _Work, actor: Viewer, kind: str, at: Report, **values: object) -> Booking:
    booking = Booking.objects.create(
        operation=work.operation,
        kind=kind,
        place_id=at.place_id,
        person_id=at.person_id,
        event_at=at.event_at,
        received_at=at.received_at,
        origin=at.origin,
        note=at.note[:500],
        **values,
    )
    work.operation.save()
    if work.order.started_at is None or at.event_at < work.order.started_at:
        work.order.started_at = at.event_at
    work.order.save()
    detail = {
        "order": work.order.number,
        "operation": work.operation.number,
        "event_at": at.event_at,
        "good": booking.good,
        "scrap": booking.scrap,
        "rework": booking.rework,
    }
    record(
        actor=actor,
        verb=f"book_{kind}",
        target=f"booking:{booking.pk}",
        detail=detail,
        organisation_id=work.order.organisation_id,
    )
    return booking


@transaction.atomic
def start_operation(*, actor: Viewer, operation_id: int, at: Report, phase: str = "run") -> int:
    """Start setting up or running an operation; return the booking. Opens the person's work span.

    Raises
    ------
    ConfigError
        If it cannot be started now, saying what to do.
    DeniedError
        If there is no such operation for the actor.
    """
    if phase not in ("setup", "run"):
        raise ConfigError(_("The phase is setup or run."))
    work = _open(actor, operation_id, at)
    operation = work.operation
    if operation.state == "finished":
        raise ConfigError(_("Operation %(number)s is finished.") % {"number": operation.number})
    _check_free(operation, at)
    for span in WorkSpan.objects.filter(operation=operation, end=None):
        if (span.place_id, span.person_id) == (at.place_id, at.person_id):
            span.end = max(at.event_at, span.start)
            span.save(update_fields=["end"])
    WorkSpan.objects.create(
        operation=operation, place_id=at.place_id, person_id=at.person_id, phase=phase, start=at.event_at
    )
    operation.state = "running" if phase == "run" else "setup"
    operation.place_id = at.place_id or operation.place_id
    if operation.started_at is None or at.event_at < operation.started_at:
        operation.started_at = at.event_at
    made = int(_write(work, actor, "start" if phase == "run" else "setup", at).pk)
    gates.after_start(work.order, operation, phase, at.event_at, at.place_id)
    return made


def _check_free(operation: Operation, at: Report) -> None:
    """Refuse a second operation on one machine; at a bench or line several may run at once."""
    busy = (
        WorkSpan.objects.filter(place_id=at.place_id, place__kind="work_unit", end=None)
        .exclude(operation=operation)
        .select_related("operation__order")
        .first()
    )
    if busy is not None:
        raise ConfigError(
            _("%(order)s, operation %(number)s runs on this machine: pause or finish it first.")
            % {"order": busy.operation.order.number, "number": busy.operation.number}
        )


@transaction.atomic
def pause_operation(*, actor: Viewer, operation_id: int, at: Report, reason: str = "") -> int:
    """Pause an operation; return the booking. Ends its work spans."""
    work = _open(actor, operation_id, at)
    if work.operation.state not in ("running", "setup"):
        raise ConfigError(_("Operation %(number)s is not running.") % {"number": work.operation.number})
    why = _reason(work.order, ("downtime", "hold"), reason) if reason else None
    close_spans(order_id=work.order.pk, operation_id=operation_id, at=at.event_at)
    work.operation.state = "paused"
    return int(_write(work, actor, "pause", at, reason=why).pk)


@transaction.atomic
def leave_operation(*, actor: Viewer, operation_id: int, at: Report) -> str:
    """End the reporting person's own work on an operation; it goes on while others work on it, else it pauses.

    Returns
    -------
    What was made: ``booking:…`` of the pause, or ``operation:…`` where somebody still works.

    Raises
    ------
    ConfigError
        If the person does not work on it.
    DeniedError
        If there is no such operation for the actor.
    """
    work = _open(actor, operation_id, at)
    person = at.person_id  # without one the spans of all would be closed
    if person is None or not close_spans(
        order_id=work.order.pk, operation_id=operation_id, person_id=person, at=at.event_at
    ):
        raise ConfigError(
            _("You do not work on operation %(number)s: join it first.") % {"number": work.operation.number}
        )
    if not WorkSpan.objects.filter(operation_id=operation_id, end=None).exists():
        return f"booking:{pause_operation(actor=actor, operation_id=operation_id, at=at)}"
    detail = {
        "order": work.order.number,
        "operation": work.operation.number,
        "person": at.person_id,
        "event_at": at.event_at,
    }
    target = f"operation:{operation_id}"
    record(
        actor=actor,
        verb="leave_operation",
        target=target,
        detail=detail,
        organisation_id=work.order.organisation_id,
    )
    return target


@transaction.atomic
def finish_operation(*, actor: Viewer, operation_id: int, at: Report) -> int:
    """Finish an operation; return the booking.

    Raises
    ------
    ConfigError
        If pieces are still here or can still arrive.
    """
    work = _open(actor, operation_id, at)
    operation = work.operation
    finished = [row.number for row in work.rows.values() if row.state == "finished"]
    step = work.steps[operation.number]
    if step.here > 0:
        raise ConfigError(
            _("%(here)s pieces are still here: book them as good or scrap first, or pause.") % {"here": step.here}
        )
    if not is_done(work.steps, finished, operation.number):
        raise ConfigError(_("The step before is not finished, more pieces can come: pause instead."))
    _finish(work, operation, at.event_at)
    made = _write(work, actor, "finish", at)
    events.tell_finished(actor, work.order, operation)
    return int(made.pk)


def _finish(work: _Work, operation: Operation, at: int) -> None:
    close_spans(order_id=work.order.pk, operation_id=operation.pk, at=at)
    operation.state, operation.finished_at = "finished", at


@transaction.atomic
def report_output(
    *,
    actor: Viewer,
    operation_id: int,
    at: Report,
    good: int = 0,
    scrap: int = 0,
    rework: int = 0,
    reason: str = "",
    lot: str = "",
    serials: Sequence[str] = (),
) -> int:
    """Report pieces that left an operation: good, scrap, rework in one go; return the booking.

    Parameters
    ----------
    reason
        Code from the tree ``scrap`` (or ``rework``); required where anything is not good.
    lot
        Lot the good pieces of the last operation belong to; the order's number if empty.
    serials
        Serial number of each good piece of the last operation, where the product is followed piece by piece.

    Raises
    ------
    ConfigError
        If the numbers are wrong or there are not so many pieces, saying what to do.
    DeniedError
        If there is no such operation for the actor.
    """
    if min(good, scrap, rework) < 0:
        raise ConfigError(_("Quantities cannot be negative: take a wrong booking back with a correction."))
    if good + scrap + rework == 0:
        raise ConfigError(_("Nothing to book: give good, scrap or rework pieces."))
    work = _open(actor, operation_id, at)
    why = None
    if scrap or rework:
        if not reason:
            raise ConfigError(_("Scrap and rework need a reason: choose one."))
        why = _reason(work.order, ("scrap", "rework") if scrap else ("rework", "scrap"), reason)
    gates.before_output(work.order, work.operation)
    _move(work, good, scrap, rework)
    operation = work.operation
    if operation.state in ("waiting", "ready"):
        operation.state = "running"
    if operation.started_at is None:
        operation.started_at = at.event_at
    operation.place_id = at.place_id or operation.place_id
    done = _finish_what_is_done(work, at.event_at)
    made = _write(work, actor, "output", at, good=good, scrap=scrap, rework=rework, reason=why, lot=lot[:100])
    last = operation.number == main_steps(work.steps)[-1]
    genealogy.leave(actor, work.order, operation, made, serials, last)
    gates.after_output(actor, work.order, operation, at.event_at)
    events.tell_output(actor, work.order, made)
    for row in done:
        events.tell_finished(actor, work.order, row)
    return int(made.pk)


@transaction.atomic
def correct_output(*, actor: Viewer, booking_id: int, at: Report) -> int:
    """Take an output booking back, whole; return the row that does it. The pieces are where they were.

    Raises
    ------
    ConfigError
        If it was taken back already, is no output, or its pieces have been worked further.
    DeniedError
        If there is no such booking for the actor.
    """
    first = Booking.objects.filter(id=booking_id).first()
    if first is None:
        raise DeniedError(_("There is no such booking, or it belongs to another organisation."))
    work = _open(actor, first.operation_id, at)
    if first.kind != "output":
        raise ConfigError(_("Only output can be taken back."))
    if Booking.objects.filter(reverses=first).exists():
        raise ConfigError(_("This booking was taken back already."))
    _move(work, -first.good, -first.scrap, -first.rework)
    for number, row in work.rows.items():
        if row.state == "finished" and work.steps[number].here > 0:
            row.state, row.finished_at = "paused", None
            row.save()
    back = {"good": -first.good, "scrap": -first.scrap, "rework": -first.rework}
    made = _write(work, actor, "correct", at, **back, reason=first.reason, lot=first.lot, reverses=first)
    genealogy.take_back(actor, work.order, first, made)
    events.tell_output(actor, work.order, made)
    return int(made.pk)


def _move(work: _Work, good: int, scrap: int, rework: int) -> None:
    """Move pieces and keep rows, steps and the order's own counts together."""
    work.steps = move_pieces(work.order.quantity, work.steps, work.operation.number, good, scrap, rework)
    for number, step in work.steps.items():
        row = work.rows[number]
        changed = (row.arrived, row.good, row.scrap, row.rework) != (step.arrived, step.good, step.scrap, step.rework)
        row.arrived, row.good, row.scrap, row.rework = step.arrived, step.good, step.scrap, step.rework
        if row.state == "waiting" and step.here > 0:
            row.state, changed = "ready", True
        if changed and row is not work.operation:
            row.save()
    now = balance(work.order.quantity, work.steps)
    work.order.good, work.order.scrap, work.order.rework = now.good, now.scrap, now.rework


def _finish_what_is_done(work: _Work, at: int) -> list[Operation]:
    """Finish operations from which everything is gone and to which nothing can come, in order of flow."""
    done = []
    finished = [row.number for row in work.rows.values() if row.state == "finished"]
    for number in sorted(work.rows):
        row = work.rows[number]
        if row.kind == "main" and row.state != "finished" and is_done(work.steps, finished, number):
            _finish(work, row, at)
            row.save()
            finished.append(number)
            done.append(row)
    for number, row in work.rows.items():
        fed = [other.number for other in work.steps.values() if other.on_fail == number]
        begun = row.kind == "rework" and row.started_at is not None and row.state != "finished"
        if begun and work.steps[number].here <= 0 and set(fed) <= set(finished):
            _finish(work, row, at)
            row.save()
            done.append(row)
    return done


@transaction.atomic
def hold_operation(*, actor: Viewer, operation_id: int, at: Report, reason: str, text: str = "") -> int:
    """Put an operation on hold; what happens on it from then on is refused. Return its id.

    Parameters
    ----------
    reason
        Code from the tree ``hold``, or a rule's own word.
    """
    work = _open(actor, operation_id, at)
    known = Reason.objects.filter(organisation_id=work.order.organisation_id, tree="hold", code=reason).first()
    operation = work.operation
    close_spans(order_id=work.order.pk, operation_id=operation_id, at=at.event_at)
    operation.held_from, operation.state, operation.held_at = operation.state, "held", at.event_at
    operation.hold_reason = (text or (known.name if known else reason))[:200]
    operation.save()
    _record_hold(actor, "hold_operation", work, operation.hold_reason)
    return operation_id


@transaction.atomic
def release_hold(*, actor: Viewer, operation_id: int, at: Report) -> int:
    """Take an operation off hold; it is paused until somebody starts it. Return its id."""
    order_id = Operation.objects.filter(id=operation_id).values_list("order_id", flat=True).first()
    order = locked_order(actor, "hold_orders", order_id or 0)
    operation = Operation.objects.get(id=operation_id)
    if operation.state != "held":
        raise ConfigError(_("Operation %(number)s is not on hold.") % {"number": operation.number})
    operation.state = "paused" if operation.started_at else "ready"
    operation.held_from, operation.held_at, operation.hold_reason = "", None, ""
    operation.cleared_at = at.event_at
    operation.save()
    _record_hold(actor, "release_hold", _Work(order, {}, {}, operation), at.note)
    return operation_id


def _record_hold(actor: Viewer, verb: str, work: _Work, reason: str) -> None:
    record(
        actor=actor,
        verb=verb,
        target=f"operation:{work.operation.pk}",
        detail={"order": work.order.number, "operation": work.operation.number, "reason": reason},
        organisation_id=work.order.organisation_id,
    )


def _reason(order: Order, trees: tuple[str, ...], code: str) -> Reason:
    """Return a reason that may be booked: an active leaf of one of the trees, the first that has it."""
    for tree in trees:
        row = Reason.objects.filter(organisation_id=order.organisation_id, tree=tree, code=code, active=True).first()
        if row is not None:
            return row
    raise ConfigError(
        _("There is no reason %(code)s in the tree %(tree)s: choose one from the list.")
        % {"code": code, "tree": trees[0]}
    )
