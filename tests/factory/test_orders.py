"""Orders and the ledger: pieces always balance, wrong reports are refused with what to do."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chanye.domains.factory.actions import bookings
from chanye.domains.factory.actions import orders as actions
from chanye.domains.factory.actions.bookings import Report
from chanye.domains.factory.models import Booking, Operation, OperationMaterial, Order, RoutingStep, WorkSpan
from chanye.domains.factory.queries import orders as queries
from chanye.domains.factory.rules.orders import Step, balance, is_done, move_pieces
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.parties.audit import verify_chain
from mes_kit import Mes

pytestmark = pytest.mark.django_db

T = 1_790_000_000_000_000
MINUTE = 60_000_000


@pytest.fixture
def mes() -> Mes:
    return Mes()


def report(mes: Mes, order: int, number: int, at: int = T, **quantities: object) -> int:
    operation = mes.operation(order, number)
    return bookings.report_output(
        actor=mes.operator,
        operation_id=operation.pk,
        at=Report(at, at, person_id=mes.operator.person_id),
        **quantities,
    )


def counts(mes: Mes, order: int) -> dict[int, tuple[int, int, int, int, str]]:
    rows = Operation.objects.filter(order_id=order)
    return {r.number: (r.arrived, r.good, r.scrap, r.rework, r.state) for r in rows}


def test_an_order_goes_through_all_steps_with_scrap_and_rework(mes: Mes) -> None:
    order = mes.order(quantity=100)
    report(mes, order, 10, good=98, scrap=2, reason="burr")
    report(mes, order, 20, good=98)
    report(mes, order, 30, good=90, scrap=3, rework=5, reason="size")
    assert counts(mes, order) == {
        10: (100, 98, 2, 0, "finished"),
        20: (98, 98, 0, 0, "finished"),
        30: (98, 90, 3, 5, "running"),
        35: (5, 0, 0, 0, "ready"),
    }
    ref = queries.order(mes.planner, order)
    assert (ref.balance.good, ref.balance.scrap, ref.balance.rework, ref.balance.open) == (90, 5, 5, 0)
    report(mes, order, 35, good=4, scrap=1, reason="polish")
    report(mes, order, 30, good=4)
    ref = queries.order(mes.planner, order)
    assert (ref.balance.good, ref.balance.scrap, ref.balance.rework, ref.balance.open) == (94, 6, 0, 0)
    assert counts(mes, order)[30] == (102, 94, 3, 5, "finished")
    assert counts(mes, order)[35] == (5, 4, 1, 0, "finished")
    actions.close_order(actor=mes.planner, order_id=order)
    assert Order.objects.get(id=order).state == "closed"
    assert verify_chain().sound


def test_release_copies_the_plan_and_later_changes_leave_it_alone(mes: Mes) -> None:
    order = mes.order(quantity=10)
    material = OperationMaterial.objects.get(operation__order_id=order)
    assert (material.operation.number, material.quantity) == (10, pytest.approx(1.65))
    RoutingStep.objects.filter(number=10).update(run_time=999)
    assert mes.operation(order, 10).run_time == 60
    with pytest.raises(ConfigError, match="released already"):
        actions.release_order(actor=mes.planner, order_id=order)


def test_more_pieces_than_there_are_is_refused_at_the_first_step_and_over_the_order(mes: Mes) -> None:
    order = mes.order(quantity=10)
    with pytest.raises(ConfigError, match="2 pieces more than there are"):
        report(mes, order, 10, good=12)
    report(mes, order, 20, good=6)  # the step before is booked late, from a terminal that was offline
    assert queries.operations(mes.operator, order_id=order)[1].here == -6
    with pytest.raises(ConfigError, match="1 pieces more than planned"):
        report(mes, order, 30, good=11)
    assert Booking.objects.filter(operation__order_id=order).count() == 1
    report(mes, order, 10, good=10)
    assert queries.operations(mes.operator, order_id=order)[1].here == 4


@pytest.mark.parametrize(
    ("quantities", "why"),
    [
        ({"good": -1}, "cannot be negative"),
        ({"good": 5, "scrap": -1}, "cannot be negative"),
        ({}, "Nothing to book"),
        ({"scrap": 1}, "need a reason"),
        ({"scrap": 1, "reason": "nonsense"}, "no reason nonsense"),
        ({"rework": 1, "reason": "polish"}, "no rework step"),
    ],
)
def test_wrong_numbers_are_refused_with_what_to_do(mes: Mes, quantities: dict[str, object], why: str) -> None:
    order = mes.order(quantity=10)
    with pytest.raises(ConfigError, match=why):
        report(mes, order, 10, **quantities)
    assert not Booking.objects.exists()


def test_a_correction_takes_a_booking_back_once_and_reopens_what_was_finished(mes: Mes) -> None:
    order = mes.order(quantity=10)
    made = report(mes, order, 10, good=10)
    assert mes.operation(order, 10).state == "finished"
    at = Report(T + MINUTE, T + MINUTE)
    bookings.correct_output(actor=mes.operator, booking_id=made, at=at)
    assert counts(mes, order)[10] == (10, 0, 0, 0, "paused")
    assert counts(mes, order)[20][0] == 0
    with pytest.raises(ConfigError, match="taken back already"):
        bookings.correct_output(actor=mes.operator, booking_id=made, at=at)


def test_closing_with_open_pieces_is_refused_unless_they_are_given_up(mes: Mes) -> None:
    order = mes.order(quantity=10)
    report(mes, order, 10, good=4)
    with pytest.raises(ConfigError, match="Pieces lie at operation 20"):
        actions.close_order(actor=mes.planner, order_id=order)
    report(mes, order, 20, good=4)
    report(mes, order, 30, good=4)
    with pytest.raises(ConfigError, match="6 pieces are open"):
        actions.close_order(actor=mes.planner, order_id=order)
    actions.close_order(actor=mes.planner, order_id=order, short=True)
    row = Order.objects.get(id=order)
    assert (row.quantity, row.ordered, row.good, row.state) == (4, 10, 4, "closed")
    with pytest.raises(ConfigError, match="is closed"):
        report(mes, order, 10, good=1)


def test_a_split_moves_pieces_that_are_not_begun(mes: Mes) -> None:
    order = mes.order(quantity=100)
    report(mes, order, 10, good=30)
    with pytest.raises(ConfigError, match="Only 70 pieces"):
        actions.split_order(actor=mes.planner, order_id=order, quantity=71, number="W-1-2")
    part = actions.split_order(actor=mes.planner, order_id=order, quantity=50, number="W-1-2")
    assert Order.objects.get(id=order).quantity == 50
    assert counts(mes, order)[10][:2] == (50, 30)
    assert counts(mes, part)[10] == (50, 0, 0, 0, "ready")
    assert OperationMaterial.objects.get(operation__order_id=part).quantity == pytest.approx(1.65)
    assert queries.order(mes.planner, part).split_from == "W-1"


def test_what_happened_before_a_hold_is_booked_and_what_happened_after_is_not(mes: Mes) -> None:
    order = mes.order(quantity=10)
    operation = mes.operation(order, 10)
    bookings.hold_operation(actor=mes.quality, operation_id=operation.pk, at=Report(T, T), reason="quality")
    report(mes, order, 10, at=T - 1, good=1)
    with pytest.raises(ConfigError, match="on hold"):
        report(mes, order, 10, at=T + 1, good=1)
    with pytest.raises(DeniedError):
        bookings.release_hold(actor=mes.operator, operation_id=operation.pk, at=Report(T, T))
    bookings.release_hold(actor=mes.quality, operation_id=operation.pk, at=Report(T + 2, T + 2))
    report(mes, order, 10, at=T + 3, good=1)


def test_one_machine_runs_one_operation_and_labour_is_a_span(mes: Mes) -> None:
    first, second = mes.order("W-1", 10), mes.order("W-2", 10)
    here = {"place_id": mes.mill.id, "person_id": mes.operator.person_id}
    one, two = mes.operation(first, 10).pk, mes.operation(second, 10).pk
    bookings.start_operation(actor=mes.operator, operation_id=one, at=Report(T, T, **here), phase="setup")
    bookings.start_operation(actor=mes.operator, operation_id=one, at=Report(T + MINUTE, T, **here))
    with pytest.raises(ConfigError, match="runs on this machine"):
        bookings.start_operation(actor=mes.operator, operation_id=two, at=Report(T, T, **here))
    with pytest.raises(ConfigError, match="not a work centre of this operation"):
        bookings.start_operation(actor=mes.operator, operation_id=two, at=Report(T, T, place_id=mes.bench.id))
    bookings.pause_operation(actor=mes.operator, operation_id=one, at=Report(T + 3 * MINUTE, T, **here))
    spans = list(WorkSpan.objects.order_by("start").values_list("phase", "start", "end"))
    assert spans == [("setup", T, T + MINUTE), ("run", T + MINUTE, T + 3 * MINUTE)]
    bookings.start_operation(actor=mes.operator, operation_id=two, at=Report(T + 4 * MINUTE, T, **here))


def test_another_organisation_sees_and_changes_nothing(mes: Mes) -> None:
    order = mes.order()
    other = Mes("other")
    assert queries.orders(other.planner) == []
    with pytest.raises(DeniedError):
        queries.order(other.planner, order)
    with pytest.raises(DeniedError):
        actions.hold_order(actor=other.planner, order_id=order, reason="x")
    with pytest.raises(DeniedError):
        bookings.report_output(
            actor=other.operator, operation_id=mes.operation(order, 10).pk, at=Report(T, T), good=1
        )


STEPS = {
    10: Step(10, "main", None, None, 50, 0, 0, 0),
    20: Step(20, "main", 25, None, 0, 0, 0, 0),
    25: Step(25, "rework", None, 10, 0, 0, 0, 0),
    30: Step(30, "main", None, None, 0, 0, 0, 0),
}


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from([10, 20, 25, 30]), *[st.integers(-5, 20)] * 3), max_size=40))
def test_pieces_are_never_made_nor_lost(moves: list[tuple[int, int, int, int]]) -> None:
    """Against a count of where every single piece is, kept beside."""
    steps, taken = STEPS, []
    for number, good, scrap, rework in moves:
        try:
            steps = move_pieces(50, steps, number, good, scrap, rework)
        except ConfigError:
            continue
        taken.append((number, good, scrap, rework))
    now = balance(50, steps)
    assert now.planned == now.good + now.scrap + now.rework + now.open
    assert min(now.good, now.scrap, now.rework, now.open) >= 0
    assert now.good == sum(good for number, good, _, _ in taken if number == 30)
    assert now.scrap == sum(scrap for _, _, scrap, _ in taken)
    assert sum(step.here for step in steps.values()) == 50 - now.good - now.scrap
    finished = [number for number in (10, 20, 30) if is_done(steps, [], number)]
    if is_done(steps, [10, 20], 30) and 20 in finished:
        assert steps[30].here <= 0
