"""What an order makes is followed: from the raw lot forward, from the piece back, reports late or corrected."""

from __future__ import annotations

import pytest

from chanye.domains.factory.actions import bookings
from chanye.domains.factory.actions.bookings import Report
from chanye.domains.factory.actions.inbox import receive_entries
from chanye.domains.factory.models import Booking, Material, OperationMaterial, Order
from chanye.kernel.errors import ConfigError
from chanye.trace import queries as trace
from chanye.trace.actions import commission_lot
from mes_kit import Mes

pytestmark = pytest.mark.django_db

T = 1_790_000_000_000_000


@pytest.fixture
def mes() -> Mes:
    return Mes()


def track(mes: Mes, tracking: str) -> None:
    Material.objects.filter(organisation=mes.firm, code="P-1").update(tracking=tracking)


def receive(mes: Mes, lot: str, quantity: float = 1000) -> int:
    made = commission_lot(
        actor=mes.planner,
        organisation_id=mes.firm.pk,
        material_code="STEEL",
        lot=lot,
        quantity=quantity,
        unit="kg",
        key=lot,
        event_at=T - 10**9,
    )
    return made.item


def send(mes: Mes, order: int, number: int, kind: str, at: int, **members: object) -> str:
    entry = {"key": f"{kind}{number}{at}", "kind": kind, "event_at": at, "operation": mes.operation(order, number).pk}
    (found,) = receive_entries(
        actor=mes.operator, organisation_id=mes.firm.pk, terminal="T", entries=[entry | members], now=T + 10**8
    )
    return found.why if found.outcome == "refused" else found.outcome


def through(mes: Mes, order: int, at: int, good: int, **members: object) -> None:
    for number in (10, 20, 30):
        more = members if number == 30 else {}
        assert send(mes, order, number, "output", at + number, good=good, **more) == "booked"


def codes(mes: Mes, *, forward: int | None = None, backward: int | None = None) -> set[str]:
    if forward is not None:
        numbers = trace.forward(mes.planner, forward).items.tolist()
    else:
        numbers = trace.backward(mes.planner, backward or 0).items.tolist()
    return {item.code for item in trace.items(mes.planner, numbers)}


def test_a_lot_is_found_from_its_steel_and_back_and_only_what_left_later(mes: Mes) -> None:
    track(mes, "lot")
    first, second = receive(mes, "S-1"), receive(mes, "S-2")
    order = mes.order(quantity=100)
    assert send(mes, order, 10, "consume", T, material="STEEL", quantity=60, lot="S-1") == "booked"
    through(mes, order, T + 100, 40, lot="L-A")
    assert send(mes, order, 10, "consume", T + 200, material="STEEL", quantity=100, lot="S-2") == "booked"
    through(mes, order, T + 300, 60, lot="L-B")
    assert {"L-A", "L-B"} <= codes(mes, forward=first)
    later = codes(mes, forward=second)
    assert "L-B" in later
    assert "L-A" not in later
    (made,) = trace.find(mes.planner, "L-A")
    assert {"S-1"} == {c for c in codes(mes, backward=made.id) if c.startswith("S-")}
    assert trace.item(mes.planner, first).left == 940
    assert OperationMaterial.objects.get(operation__order_id=order).consumed == 160
    assert trace.item(mes.planner, Order.objects.get(id=order).wip_item).left == 0


def test_a_late_report_of_material_reaches_the_pieces_that_left_since(mes: Mes) -> None:
    track(mes, "lot")
    steel = receive(mes, "S-1")
    order = mes.order(quantity=100)
    through(mes, order, T, 50, lot="L-A")
    through(mes, order, T + 1000, 30, lot="L-B")
    assert send(mes, order, 10, "consume", T + 500, material="STEEL", quantity=100, lot="S-1") == "booked"
    found = codes(mes, forward=steel)
    assert "L-B" in found
    assert "L-A" not in found
    through(mes, order, T + 2000, 20, lot="L-C")
    assert "L-C" in codes(mes, forward=steel)
    assert trace.item(mes.planner, steel).left == 900


def test_pieces_with_serials_are_found_one_by_one_and_a_number_is_used_once(mes: Mes) -> None:
    track(mes, "serial")
    steel = receive(mes, "S-1")
    order = mes.order(quantity=4)
    send(mes, order, 10, "consume", T, material="STEEL", quantity=6, lot="S-1")
    send(mes, order, 10, "output", T + 1, good=4)
    send(mes, order, 20, "output", T + 2, good=3, scrap=1, reason="burr")
    assert "serial numbers" in send(mes, order, 30, "output", T + 3, good=2, serials=["A"])
    assert "piece by piece" in send(mes, order, 30, "output", T + 4, good=2)
    assert send(mes, order, 30, "output", T + 5, good=2, serials=["A", "B"]) == "booked"
    assert "A" in send(mes, order, 30, "output", T + 6, good=1, serials=["A"])
    assert Booking.objects.filter(operation__number=30).count() == 1
    assert {"A", "B"} <= codes(mes, forward=steel)
    (piece,) = trace.find(mes.planner, "A")
    assert piece.reference == "W-1"


def test_material_booked_after_the_last_piece_is_in_all_of_them(mes: Mes) -> None:
    track(mes, "lot")
    steel = receive(mes, "S-1")
    order = mes.order(quantity=10)
    through(mes, order, T, 10, lot="L-A")
    assert send(mes, order, 10, "consume", T + 500, material="STEEL", quantity=16, lot="S-1") == "booked"
    assert "L-A" in codes(mes, forward=steel)
    assert trace.item(mes.planner, steel).left == 984


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"lot": "nowhere"}, "no lot nowhere"),
        ({"lot": ""}, "scan the lot"),
        ({"lot": "S-1", "quantity": 0}, "more than 0"),
        ({"lot": "S-1", "quantity": "5"}, "must be a number"),
        ({"lot": "S-1", "quantity": 5000}, "S-1"),
        ({"lot": "B-1"}, "B-1 is BRASS"),
        ({"lot": "B-1", "material": "BRASS"}, "not in the bill"),
    ],
)
def test_wrong_material_is_refused_with_what_to_do(mes: Mes, members: dict[str, object], why: str) -> None:
    receive(mes, "S-1")
    commission_lot(
        actor=mes.planner, organisation_id=mes.firm.pk, material_code="BRASS", lot="B-1", quantity=5, key="b"
    )
    order = mes.order(quantity=10)
    assert why in send(mes, order, 10, "consume", T, **({"material": "STEEL", "quantity": 5} | members))


def test_a_correction_puts_pieces_back_into_work(mes: Mes) -> None:
    track(mes, "lot")
    steel = receive(mes, "S-1")
    order = mes.order(quantity=10)
    send(mes, order, 10, "consume", T, material="STEEL", quantity=16, lot="S-1")
    through(mes, order, T + 100, 10, lot="L-A")
    wrong = Booking.objects.get(operation__number=30)
    at = Report(T + 200, T + 200)
    bookings.correct_output(actor=mes.operator, booking_id=wrong.pk, at=at)
    (lot,) = trace.find(mes.planner, "L-A")
    assert lot.left == 0
    assert trace.item(mes.planner, Order.objects.get(id=order).wip_item).left == 10
    assert send(mes, order, 30, "output", T + 300, good=9, scrap=1, reason="size", lot="L-B") == "booked"
    assert "L-B" in codes(mes, forward=steel)


def test_two_orders_do_not_share_a_lot(mes: Mes) -> None:
    track(mes, "lot")
    one, two = mes.order("W-1", 5), mes.order("W-2", 5)
    through(mes, one, T, 5, lot="L")
    for number in (10, 20):
        send(mes, two, number, "output", T + number + 50, good=5)
    assert "another order" in send(mes, two, 30, "output", T + 100, good=5, lot="L")
    with pytest.raises(ConfigError, match="at most 500"):
        receive_entries(actor=mes.operator, organisation_id=mes.firm.pk, terminal="", entries=[{}] * 501)
