"""Material put in by mistake is taken back: balances, stock and genealogy by hand; booked once, replayed or not."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from chanye.domains.factory.actions.bookings import Report
from chanye.domains.factory.actions.consumption import consume_material, correct_consumption
from chanye.domains.factory.actions.inbox import receive_entries
from chanye.domains.factory.actions.orders import close_order
from chanye.domains.factory.kept import forget
from chanye.domains.factory.models import Consumption, Material, OperationMaterial, Order
from chanye.domains.factory.queries import order_book
from chanye.domains.factory.queries import terminal as terminals
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.parties.models import AuditEntry, Person
from chanye.trace import queries as trace
from chanye.trace.actions import commission_lot, ship
from mes_kit import Mes

pytestmark = pytest.mark.django_db
T = 1_790_000_000_000_000


@pytest.fixture
def mes() -> Mes:
    made = Mes()
    Material.objects.filter(organisation=made.firm, code="P-1").update(tracking="lot")
    for lot in ("S-1", "S-2"):
        commission_lot(
            actor=made.planner,
            organisation_id=made.firm.pk,
            material_code="STEEL",
            lot=lot,
            quantity=100,
            unit="kg",
            key=lot,
            event_at=T - 10**9,
        )
    return made


def send(mes: Mes, order: int, number: int, kind: str, at: int, **members: Any) -> str:
    entry = {"key": f"{kind}{number}{at}", "kind": kind, "event_at": at, "operation": mes.operation(order, number).pk}
    (found,) = receive_entries(
        actor=mes.operator, organisation_id=mes.firm.pk, terminal="T", entries=[entry | members], now=T + 10**8
    )
    return found.why if found.outcome == "refused" else f"{found.outcome} {found.target}"


def put(mes: Mes, order: int, at: int, lot: str, quantity: float) -> int:
    said = send(mes, order, 10, "consume", at, material="STEEL", lot=lot, quantity=quantity, place=mes.mill.id)
    assert said.startswith("booked consumption:"), said
    return int(said.split(":")[1])


def back(mes: Mes, number: int, at: int, **more: Any) -> Any:
    entry = {"key": f"back{number}", "kind": "correct_consumption", "event_at": at, "consumption": number} | more
    (found,) = receive_entries(
        actor=mes.operator, organisation_id=mes.firm.pk, terminal="T", entries=[entry], now=T + 10**8
    )
    return found


def leave(mes: Mes, order: int, at: int, good: int, lot: str) -> None:
    for number in (10, 20, 30):
        more = {"lot": lot} if number == 30 else {}
        assert send(mes, order, number, "output", at + number, good=good, **more).startswith("booked")


def stock(mes: Mes, lot: str) -> float:
    (found,) = trace.find(mes.planner, lot)
    return float(found.left)


def steel_in(mes: Mes, lot: str) -> dict[str, float]:
    """Return how much of each steel a lot of pieces holds [kg]."""
    (made,) = trace.find(mes.planner, lot)
    reach = trace.backward(mes.planner, made.id)
    codes = [one.code for one in trace.items(mes.planner, reach.items.tolist())]
    found = dict(zip(codes, reach.quantity.round(6).tolist(), strict=True))
    return {code: kg for code, kg in found.items() if code.startswith("S-")}


def test_the_wrong_lot_is_taken_back_and_the_right_one_is_in_all_pieces(mes: Mes) -> None:
    """100 pieces; 60 kg of S-1 by mistake, 40 pieces leave, then S-2 is booked in its place, at its time."""
    order = mes.order(quantity=100)
    wrong = put(mes, order, T, "S-1", 60)
    leave(mes, order, T + 100, 40, "L-A")
    assert steel_in(mes, "L-A") == {"S-1": 24}  # 40 of 100 pieces
    found = back(mes, wrong, T + 300)
    assert (found.outcome, stock(mes, "S-1")) == ("booked", 100)
    assert OperationMaterial.objects.get(operation__order_id=order).consumed == 0
    assert steel_in(mes, "L-A") == {}
    put(mes, order, T + 1, "S-2", 50)
    leave(mes, order, T + 400, 60, "L-B")
    assert (steel_in(mes, "L-A"), steel_in(mes, "L-B")) == ({"S-2": 20}, {"S-2": 30})
    assert stock(mes, "S-2") == 50
    assert OperationMaterial.objects.get(operation__order_id=order).consumed == 50
    rows = Consumption.objects.order_by("id").values_list("lot", "quantity", "reverses", "place_id")
    assert list(rows) == [
        ("S-1", 60, None, mes.mill.id),
        ("S-1", -60, wrong, mes.mill.id),
        ("S-2", 50, None, mes.mill.id),
    ]
    audit = AuditEntry.objects.filter(verb="correct_consumption")
    assert audit.count() == 1
    assert sum(row.quantity for row in Consumption.objects.all()) == 50


def test_one_of_several_is_taken_back_and_a_late_one_out_of_what_left(mes: Mes) -> None:
    order = mes.order(quantity=10)
    put(mes, order, T, "S-1", 0.1)
    second = put(mes, order, T + 1, "S-2", 0.2)
    leave(mes, order, T + 100, 4, "L-A")
    late = put(mes, order, T + 2, "S-2", 0.3)  # 0.12 of it went into L-A
    assert steel_in(mes, "L-A") == {"S-1": 0.04, "S-2": 0.2}
    assert back(mes, late, T + 300).outcome == "booked"
    assert steel_in(mes, "L-A") == {"S-1": 0.04, "S-2": 0.08}
    assert back(mes, second, T + 301).outcome == "booked"
    assert steel_in(mes, "L-A") == {"S-1": 0.04}
    assert OperationMaterial.objects.get(operation__order_id=order).consumed == 0.1
    assert (stock(mes, "S-1"), stock(mes, "S-2")) == (99.9, 100)
    work = Order.objects.get(id=order).wip_item
    assert trace.item(mes.planner, work).left == 6


def test_a_replay_books_once_and_the_second_time_is_refused(mes: Mes) -> None:
    order = mes.order(quantity=10)
    wrong = put(mes, order, T, "S-1", 6)
    first, again = back(mes, wrong, T + 5), back(mes, wrong, T + 5)
    assert (first.outcome, again.outcome, first.target) == ("booked", "already", again.target)
    assert "taken back already" in back(mes, wrong, T + 5, key="other").why
    assert "put the material in again" in back(mes, int(first.target.split(":")[1]), T + 6).why
    assert "other" not in {row.lot for row in Consumption.objects.all()}
    assert (Consumption.objects.count(), stock(mes, "S-1")) == (2, 100)
    assert "use a new key" in back(mes, wrong, T + 9).why
    assert "must be a whole number" in back(mes, wrong, T, key="x", consumption="1").why


def test_it_is_refused_with_what_to_do(mes: Mes) -> None:
    other = Mes("other")
    order = mes.order(quantity=10)
    number = put(mes, order, T, "S-1", 6)
    at = Report(T + 500, T + 500)
    for actor, which in ((other.operator, number), (mes.operator, 10**9)):
        with pytest.raises(DeniedError, match="another organisation"):
            correct_consumption(actor=actor, consumption_id=which, at=at)
    leave(mes, order, T + 100, 10, "L-A")
    (made,) = trace.find(mes.planner, "L-A")
    ship(actor=mes.planner, items=made.id, to="长安", key="s")
    assert "L-A was made with it and shipped to 长安" in back(mes, number, T + 300).why
    assert (stock(mes, "S-1"), Consumption.objects.count()) == (94, 1)
    close_order(actor=mes.planner, order_id=order)
    with pytest.raises(ConfigError, match="W-1 is closed"):
        correct_consumption(actor=mes.operator, consumption_id=number, at=at)


def test_material_that_is_not_followed_is_taken_back_too(mes: Mes) -> None:
    order = mes.order(quantity=10)
    oil = Material.objects.create(organisation=mes.firm, code="OIL", name="切削液", kind="raw", unit="L")
    OperationMaterial.objects.create(operation=mes.operation(order, 10), component=oil, quantity=0.1)
    operation = mes.operation(order, 10).pk
    facts = {"actor": mes.operator, "operation_id": operation, "at": Report(T, T), "material": "OIL"}
    numbers = [consume_material(quantity=quantity, **facts) for quantity in (0.1, 0.2)]
    for number in numbers:
        correct_consumption(actor=mes.operator, consumption_id=number, at=Report(T + 1, T + 1))
    assert OperationMaterial.objects.get(component=oil).consumed == 0


def test_the_terminal_and_the_order_show_what_can_be_taken_back(mes: Mes) -> None:
    order = mes.order(quantity=10)
    assert send(mes, order, 10, "start", T, place=mes.mill.id).startswith("booked")
    first, second = put(mes, order, T, "S-1", 6), put(mes, order, T + 1, "S-2", 2.5)

    def shown(now: int) -> list[tuple[int, str, str, float]]:
        forget()
        state = terminals.terminal(mes.operator, "mes-mill", now=now)
        return [(one.id, one.material, one.lot, one.quantity) for one in state.put]

    assert shown(T + 9) == [(second, "STEEL", "S-2", 2.5), (first, "STEEL", "S-1", 6)]
    client = Client(headers={"accept-language": "en"})
    client.force_login(Person.objects.get(pk=mes.planner.person_id))
    page = client.get(f"/orders/{order}/").content.decode()
    assert page.count('value="correct_consumption"') == 2
    sent = {"do": "correct_consumption", "consumption": str(second), "note": "wrong label"}
    assert client.post(f"/orders/{order}/", sent).status_code == 302
    assert shown(T + 9) == [(first, "STEEL", "S-1", 6)]
    assert shown(T + 31 * 60_000_000) == []
    record = order_book.order_record(mes.planner, order)
    assert [(one.lot, one.taken_back) for one in record.put] == [("S-2", True), ("S-1", False)]
    assert "taken back" in client.get(f"/orders/{order}/").content.decode()
    (lot,) = trace.find(mes.planner, "S-2")
    told = client.get(f"/trace/items/{lot.id}/").content.decode()
    assert "booked wrongly, corrected" in told
    assert "In, wrong" in told
    answer = client.post(f"/orders/{order}/", sent, follow=True).content.decode()
    assert "taken back already" in answer
