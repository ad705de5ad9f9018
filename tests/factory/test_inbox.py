"""The inbox: everything sent is booked once, refused with what to do, and never dropped."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from chanye.domains.factory.actions.inbox import receive_entries, settle_entry
from chanye.domains.factory.models import Booking, InboxEntry
from chanye.domains.factory.queries import orders as queries
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import DAY
from chanye.parties.actions import create_api_token
from mes_kit import Mes

pytestmark = pytest.mark.django_db

T = 1_790_000_000_000_000


@pytest.fixture
def mes(settings: Any) -> Mes:
    settings.LANGUAGE_CODE = "en"
    return Mes()


def send(mes: Mes, *entries: dict[str, object], now: int = T) -> list[tuple[str, str]]:
    found = receive_entries(actor=mes.operator, organisation_id=mes.firm.pk, terminal="T-1", entries=entries, now=now)
    return [(one.outcome, one.why or one.target) for one in found]


def output(mes: Mes, order: int, key: str, **members: object) -> dict[str, object]:
    return {
        "key": key,
        "kind": "output",
        "event_at": T,
        "operation": mes.operation(order, 10).pk,
        "place": mes.mill.code,
        "good": 1,
        **members,
    }


def test_the_same_entry_twice_is_booked_once_and_answers_the_same(mes: Mes) -> None:
    entry = output(mes, mes.order(), "a")
    (first,), (again,) = send(mes, entry), send(mes, entry, now=T + DAY)
    assert first[0] == "booked"
    assert again == ("already", first[1])
    assert Booking.objects.count() == 1
    assert send(mes, entry | {"good": 2})[0][0] == "refused"
    assert Booking.objects.count() == 1
    assert send(mes, entry | {"key": "b"}, entry | {"key": "b"}) == [
        ("booked", f"booking:{Booking.objects.latest('pk').pk}"),
        ("already", f"booking:{Booking.objects.latest('pk').pk}"),
    ]


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"event_at": T + DAY}, "future"),
        ({"event_at": T - 40 * DAY}, "31 days"),
        ({"event_at": "yesterday"}, "event_at"),
        ({"good": -3}, "negative"),
        ({"good": 1.5}, "whole number"),
        ({"good": True}, "whole number"),
        ({"good": 10**30}, "whole number"),
        ({"person": "nobody"}, "badge nobody"),
        ({"place": "moon"}, "moon"),
        ({"place": ["x"]}, "machine or work centre"),
        ({"kind": "explode"}, "no kind explode"),
        ({"operation": 999_999}, "no such operation"),
        ({"good": 0, "scrap": 1}, "reason"),
        ({"reason": 7, "scrap": 1}, "must be text"),
    ],
)
def test_what_cannot_be_booked_is_kept_with_what_to_do(mes: Mes, members: dict[str, object], why: str) -> None:
    order = mes.order()
    ((outcome, said),) = send(mes, output(mes, order, "a", **members))
    assert outcome == "refused"
    assert why in said
    (row,) = queries.conflicts(mes.planner, mes.firm.pk)
    assert row.body["kind"] == members.get("kind", "output")
    assert not Booking.objects.exists()
    assert send(mes, output(mes, order, "b"))[0][0] == "booked"


def test_an_entry_without_a_usable_key_is_refused(mes: Mes) -> None:
    order = mes.order()
    for key in (None, "", 5, "x" * 65, "nul\x00"):
        assert send(mes, output(mes, order, key))[0][0] == "refused"
    assert send(mes, output(mes, order, "a", note="\x00"))[0][0] == "refused"
    assert not InboxEntry.objects.exists()


def test_a_late_entry_keeps_both_times_and_who(mes: Mes) -> None:
    second = mes.person("second", "operator")
    send(mes, output(mes, mes.order(), "a", event_at=T - DAY, person="mes-second"))
    row = Booking.objects.get()
    assert (row.event_at, row.received_at, row.person_id) == (T - DAY, T, second.person_id)


def test_entries_are_booked_in_order_and_one_refusal_stops_no_other(mes: Mes) -> None:
    order = mes.order(quantity=3)
    found = send(mes, *(output(mes, order, str(i), good=2) for i in range(3)), output(mes, order, "last"))
    assert [outcome for outcome, _ in found] == ["booked", "refused", "refused", "booked"]


def test_the_leader_settles_a_conflict_once_with_a_note(mes: Mes) -> None:
    send(mes, output(mes, mes.order(), "a", good=-1))
    (row,) = queries.conflicts(mes.planner, mes.firm.pk)
    with pytest.raises(DeniedError):
        settle_entry(actor=mes.operator, entry_id=row.pk, note="done")
    with pytest.raises(ConfigError, match="Say what"):
        settle_entry(actor=mes.planner, entry_id=row.pk, note=" ")
    settle_entry(actor=mes.planner, entry_id=row.pk, note="was 1, booked by hand")
    assert queries.conflicts(mes.planner, mes.firm.pk) == []
    with pytest.raises(ConfigError, match="settled already"):
        settle_entry(actor=mes.planner, entry_id=row.pk, note="again")


def test_orders_and_entries_over_http(mes: Mes) -> None:
    _number, secret = create_api_token(actor=mes.person("erp", "manager", "operator"), name="ERP")
    client = Client(headers={"authorization": f"Bearer {secret}"})

    def post(path: str, body: object) -> tuple[int, dict[str, object]]:
        answer = client.post(f"/api/v1/factory/{path}", json.dumps(body), content_type="application/json")
        return answer.status_code, answer.json()

    wanted = {"site_id": mes.site.id, "number": "ERP-1", "product": "P-1", "quantity": 5, "release": True}
    status, made = post("orders", wanted)
    assert (status, made["state"], made["balance"]["open"]) == (200, "released", 5)
    assert post("orders", wanted)[1]["id"] == made["id"]
    status, wrong = post("orders", wanted | {"quantity": 6})
    assert (status, wrong["error"]) == (422, "not_possible")
    steps = client.get(f"/api/v1/factory/orders/{made['id']}/operations").json()
    entry = {"key": "k", "kind": "output", "operation": steps[0]["id"], "good": 5, "place": mes.mill.code}
    now = client.get("/api/v1/factory/orders").json() and Booking.objects.count()
    assert now == 0
    status, answer = post("inbox", {"terminal": "T", "entries": [entry | {"event_at": made["released_at"]}]})
    assert (status, answer["outcomes"][0]["outcome"]) == (200, "booked")
    assert client.get(f"/api/v1/factory/orders/{made['id']}").json()["balance"]["good"] == 0
    assert client.get(f"/api/v1/factory/orders/{made['id']}/operations").json()[1]["here"] == 5
