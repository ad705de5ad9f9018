"""Pages of orders and dispatch lists: from a new order to a closed one, with what is refused in words."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from chanye.domains.factory.actions import bookings, order_desk
from chanye.domains.factory.actions import orders as actions
from chanye.domains.factory.actions.bookings import Report
from chanye.domains.factory.models import Booking, DispatchSetting, Operation, OperationMaterial, Order
from chanye.domains.factory.queries import order_book
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import now_us
from chanye.parties.models import Person
from chanye.parties.types import Viewer
from mes_kit import Mes

pytestmark = pytest.mark.django_db
T = 1_790_000_000_000_000
HOUR = 3_600_000_000


@pytest.fixture
def mes() -> Mes:
    return Mes()


def client_of(viewer: Viewer) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(Person.objects.get(pk=viewer.person_id))
    return client


def text_of(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def output(mes: Mes, order: int, number: int, late: int = 0, **counts: object) -> int:
    return bookings.report_output(
        actor=mes.operator,
        operation_id=mes.operation(order, number).pk,
        at=Report(T, T + late, person_id=mes.operator.person_id),
        **counts,
    )


def test_an_order_from_the_form_to_its_close(mes: Mes) -> None:
    client = client_of(mes.planner)
    assert "No order yet" in text_of(client, "/orders/")
    page = client.get("/orders/new/").content.decode()
    number = re.search(r'name="number"[^>]*value="([^"]+)"', page)
    assert number is not None
    sent = {"product": "P-1", "quantity": "100", "due": "2026-09-30T17:00", "number": number[1], "release": "1"}
    made = client.post("/orders/new/", sent | {"site": str(mes.site.id), "customer": "长安"})
    order = Order.objects.get()
    assert made["Location"] == f"/orders/{order.pk}/"
    assert (order.state, order.quantity, order.customer) == ("released", 100, "长安")
    assert order_book.next_number(mes.planner) != order.number
    wrong = output(mes, order.pk, 10, late=2 * HOUR, good=90, scrap=10, reason="burr")
    seen = text_of(client, f"/orders/{order.pk}/")
    assert "came in" in seen
    assert "10 scrap" in seen
    client.post(f"/orders/{order.pk}/", {"do": "correct", "booking": str(wrong)})
    assert Booking.objects.get(reverses_id=wrong).origin == "office"
    assert "taken back" in text_of(client, f"/orders/{order.pk}/")
    refused = client.post(f"/orders/{order.pk}/", {"do": "close"}, follow=True).content.decode()
    assert "100 pieces are open" in refused
    for number_ in (10, 20, 30):
        output(mes, order.pk, number_, good=100)
    client.post(f"/orders/{order.pk}/", {"do": "close"})
    order.refresh_from_db()
    assert order.state == "closed"
    assert order.number in text_of(client, "/orders/?state=closed")
    assert order.number not in text_of(client, "/orders/?state=created")
    assert client.get("/orders/?as=xlsx")["Content-Type"].endswith("sheet")


def test_wrong_input_is_said_and_kept(mes: Mes) -> None:
    client = client_of(mes.planner)
    sent = {"product": "P-1", "quantity": "many", "number": "W-9", "site": str(mes.site.id), "due": "soon"}
    for change, why in (
        ({}, "type a whole number"),
        ({"quantity": "5"}, "choose a date"),
        ({"quantity": "0", "due": ""}, "from 1 to"),
        ({"quantity": "5", "due": "", "product": "nothing"}, "no product nothing"),
    ):
        answer = client.post("/orders/new/", sent | change)
        assert answer.status_code == 400
        assert why in answer.content.decode()
        assert 'value="W-9"' in answer.content.decode()
    order = mes.order()
    for todo in ("split", "hold", "change", "nonsense", "correct"):
        assert client.post(f"/orders/{order}/", {"do": todo}).status_code == 302
    assert (Order.objects.count(), Order.objects.get().state) == (1, "released")


def test_every_deed_of_the_record(mes: Mes) -> None:
    client, order = client_of(mes.planner), mes.order(quantity=100)
    here = f"/orders/{order}/"
    client.post(here, {"do": "hold", "reason": "材料待检"})
    assert "材料待检" in text_of(client, here)
    client.post(here, {"do": "resume"})
    part = client.post(here, {"do": "split", "quantity": "40", "number": "W-1-2"})
    assert text_of(client, part["Location"]).count("W-1") >= 2
    client.post(here, {"do": "change", "quantity": "55", "due": "2026-10-01T08:00", "priority": "10", "note": "急"})
    row = Order.objects.get(pk=order)
    assert (row.quantity, row.priority, row.note) == (55, 10, "急")
    client.post(here, {"do": "withdraw"})
    row.refresh_from_db()
    assert (row.state, Operation.objects.filter(order=row).count()) == ("created", 0)
    client.post(here, {"do": "release"})
    client.post(here, {"do": "cancel", "reason": "客户取消"})
    row.refresh_from_db()
    assert row.state == "cancelled"
    said = text_of(client, here)
    assert "release taken back" in said
    assert "客户取消" in said


def test_a_release_with_work_on_it_is_not_taken_back(mes: Mes) -> None:
    order = mes.order(quantity=10)
    output(mes, order, 10, good=1)
    with pytest.raises(ConfigError, match="was begun"):
        order_desk.withdraw_order(actor=mes.planner, order_id=order)


def test_many_are_released_at_once_and_what_cannot_be_is_said(mes: Mes) -> None:
    client = client_of(mes.planner)
    first, second = mes.order("W-1", 10, release=False), mes.order("W-2", 10, release=False)
    broken = mes.order("W-3", 10, release=False)
    Order.objects.filter(pk=broken).update(routing_code="gone")
    assert "There is no routing." in text_of(client, "/orders/release/")
    said = client.post("/orders/release/", {"order": [first, second, broken, "x"]}, follow=True).content.decode()
    assert "2 orders released" in said
    assert "has no routing to release by" in said
    assert Order.objects.filter(state="released").count() == 2


def test_the_dispatch_pages_sort_move_and_print(mes: Mes) -> None:
    client = client_of(mes.planner)
    assert "Nothing to dispatch" in text_of(client, "/dispatch/")
    first, second = mes.order("W-1", 10), mes.order("W-2", 5)
    one, two = (mes.operation(order, 10).pk for order in (first, second))
    here = f"/dispatch/{mes.mill.id}/"
    assert client.post(here, {"do": "rule", "rule": "spt"}).status_code == 302
    assert DispatchSetting.objects.get().rule == "spt"
    page = client.get(here).content.decode()
    assert page.index("W-2") < page.index("W-1")
    client.post(here, {"do": f"up:{one}", "order": f"{two},{one},"})
    page = client.get(here).content.decode()
    assert page.index("W-1</a>") < page.index("W-2</a>")
    assert "changed meanwhile" in client.post(here, {"order": "7777"}, follow=True).content.decode()
    client.post(here, {"do": "clear"})
    assert not Operation.objects.exclude(position=None).exists()
    assert "W-2" in text_of(client, f"/dispatch/print/?centre={mes.mill.id}")
    assert "W-2" in text_of(client, "/dispatch/")
    assert client_of(mes.operator).post(here, {"do": "rule", "rule": "edd"}).status_code == 404
    assert client_of(Mes("other").planner).get(here).status_code == 404


def test_splits_and_corrections_leave_consumption_alone(mes: Mes) -> None:
    """What is planned per piece stays; what was booked stays with the order it was booked on."""
    order = mes.order(quantity=100)
    output(mes, order, 10, good=30)
    OperationMaterial.objects.filter(operation__order=order).update(consumed=49.5)
    part = actions.split_order(actor=mes.planner, order_id=order, quantity=70, number="W-1-2")
    whole, rest = order_book.order_record(mes.planner, order), order_book.order_record(mes.planner, part)
    assert [(use.planned, use.due, use.consumed) for use in whole.uses] == [
        (pytest.approx(49.5), pytest.approx(49.5), 49.5)
    ]
    assert [(use.planned, use.due, use.consumed) for use in rest.uses] == [(pytest.approx(115.5), 0, 0)]
    for number in (20, 30):
        output(mes, order, number, good=30)
    actions.close_order(actor=mes.planner, order_id=order)
    assert sum(row.quantity for row in Order.objects.all()) == 100
    assert sum(use.consumed for use in order_book.order_record(mes.planner, order).uses) == 49.5


def test_orders_come_in_from_a_file_once(mes: Mes) -> None:
    row = {"number": "W-1", "product": "P-1", "quantity": 5, "due": T, "priority": 20, "customer": "长安"}
    for _again in range(2):
        order_desk.import_orders(actor=mes.planner, site_id=mes.site.id, rows=[row])
    order_desk.import_orders(actor=mes.planner, site_id=mes.site.id, rows=[row | {"quantity": 7}])
    (found,) = order_book.all_orders(mes.planner)
    assert (found.quantity, found.due, found.priority, found.customer) == (7, T, 20, "长安")
    rows = [row | {"number": "W-2"}, row | {"number": "W-3", "product": "P-9"}]
    with pytest.raises(ConfigError, match="W-3: There is no product"):
        order_desk.import_orders(actor=mes.planner, site_id=mes.site.id, rows=rows)
    assert Order.objects.count() == 1
    with pytest.raises(DeniedError):
        order_desk.import_orders(actor=mes.operator, site_id=mes.site.id, rows=[row | {"number": "W-4"}])
    assert now_us() > T
