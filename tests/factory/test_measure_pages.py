"""Pages of measures: figures, where they come from, before and after, rates."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from chanye.domains.factory.actions.machines import assign_calendar, save_calendar
from chanye.domains.factory.models import Rate
from chanye.parties.models import Person
from chanye.parties.types import SYSTEM, Viewer
from factory.test_measures import HOUR, T, rate, work
from mes_kit import Mes

pytestmark = pytest.mark.django_db
WEEK = "/measures/?range=week&at=2026-09-14"


@pytest.fixture
def mes() -> Mes:
    mes = Mes()
    shift = {"name": "白班", "days": [0, 1, 2, 3, 4, 5, 6], "start": "08:00", "end": "16:00", "breaks": []}
    pattern = {"zone": "Asia/Shanghai", "shifts": [shift], "exceptions": {}}
    number = save_calendar(actor=SYSTEM, organisation_id=mes.firm.pk, name="c", pattern=pattern)
    assign_calendar(actor=SYSTEM, asset_id=mes.site.id, calendar_id=number)
    return mes


def client_of(viewer: Viewer) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(Person.objects.get(pk=viewer.person_id))
    return client


def text_of(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.content[:2000]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_figures_and_where_they_come_from(mes: Mes) -> None:
    for kind, amount in (("labour", 6000), ("machine", 12_000), ("scrap", 100)):
        rate(mes, kind, amount)
    order = mes.order(quantity=100)
    work(mes, order, 10, T, 120, good=96, scrap=4, reason="burr")
    work(mes, order, 20, T + 2 * HOUR, 60, good=96)
    work(mes, order, 30, T + 3 * HOUR, 30, good=96)
    client = client_of(mes.person("boss", "manager"))
    page = text_of(client, WEEK + "&by=order")
    assert "W-1" in page
    assert "4.00 %" in page  # defect rate: 4 of 100
    pairs = ("line", "oee"), ("machine", "orders"), ("product", "quality"), ("shift", "people")
    for by, chosen in pairs:
        text_of(client, f"{WEEK}&by={by}&set={chosen}&sort=-done")
    assert client.get(WEEK + "&as=xlsx")["Content-Type"].endswith("sheet")
    # 3.5 h x 60 + 3.5 h x 120 + 100 x 1.65 kg x 8 yuan + 4 x 1 yuan, over 96
    cost = (3.5 * 60 + 3.5 * 120 + 1320 + 4) / 96
    found = text_of(client, "/measures/figures/unit_cost/?range=day&at=2026-09-14")
    assert f"{cost:.2f}" in found
    assert "1,320.00 by the bills, not booked" in found
    assert "协议" in found
    assert text_of(client, "/measures/figures/oee/?range=shift&at=" + str(T)).count("OEE")
    text_of(client, "/measures/figures/nothing/", 404)
    trend = client.get("/measures/trends/pass_rate/?range=week&at=2026-09-14&by=day").json()
    assert [one["value"] for one in trend["points"]] == [96.0, *[None] * 6]


@pytest.mark.parametrize(
    "query",
    ["range=x&at=y&by=z&set=q", "range=custom&from=0001-01-01&to=9999-99-99", "range=shift&at=99999999999999999999"],
)
def test_an_odd_address_is_no_fault(mes: Mes, query: str) -> None:
    text_of(client_of(mes.planner), f"/measures/?{query}")
    text_of(client_of(mes.planner), f"/measures/compare/?before.{query}&after.from=2026-13-01")


def test_before_and_after_on_the_page(mes: Mes) -> None:
    order = mes.order(quantity=100)
    work(mes, order, 10, T, 60, good=20, scrap=20, reason="burr")
    work(mes, order, 10, T + 24 * HOUR, 60, good=45, scrap=5, reason="burr")
    page = text_of(
        client_of(mes.planner),
        "/measures/compare/?before.from=2026-09-14&before.to=2026-09-14&after.from=2026-09-15&after.to=2026-09-15",
    )
    assert "+125.0" in page  # production efficiency 45 / 20 - 1
    assert "▲ better" in page
    assert "not measured" in page


def test_rates_are_added_and_deleted_by_those_who_may(mes: Mes) -> None:
    sent = {"kind": "labour", "amount": "60.5", "valid_from": "2026-09-01", "source": "wages"}
    assert client_of(mes.operator).post("/measures/rates/", sent).status_code == 404
    client = client_of(mes.person("boss", "manager"))
    assert "negative" in client.post("/measures/rates/", sent | {"amount": "-1"}).content.decode()
    assert "type a number" in client.post("/measures/rates/", sent | {"amount": "x"}).content.decode()
    client.post("/measures/rates/", sent)
    row = Rate.objects.get()
    assert (row.amount, row.valid_from) == (6050, 1_788_192_000_000_000)
    assert "60.50" in text_of(client, "/measures/rates/")
    client.post("/measures/rates/", {"do": "delete", "rate": str(row.pk)})
    assert not Rate.objects.exists()
    assert "No rate is set" in text_of(client, "/measures/rates/")
