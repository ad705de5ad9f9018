"""The pages of stops and losses, as a signed-in operator and planner get them."""

from __future__ import annotations

import io

import pytest
from django.test import Client
from openpyxl import load_workbook

from chanye.domains.factory.models import StopLabel
from chanye.parties.actions import create_api_token
from chanye.parties.models import Membership, Person
from chanye.parties.types import Viewer
from downtime_kit import Floor
from factory_kit import GOOD, Plant


@pytest.fixture
def floor(plant: Plant) -> Floor:
    made = Floor(plant)
    rows = [(0, "ACTIVE"), (60, "READY"), (90, "ACTIVE"), (120, "FAULT"), (180, "ACTIVE"), (300, "FEED_HOLD")]
    made.show(*rows)
    count = plant.series(made.machine, "part_count")
    plant.write(count, [(made.at(m), m, GOOD) for m in range(0, 60, 5)])
    return made


def client_of(floor: Floor, role: str) -> Client:
    person, fresh = Person.objects.get_or_create(username=f"page-{role}", defaults={"name": role})
    if fresh:
        Membership.objects.create(person=person, organisation=floor.plant.firm, role=role)
    client = Client()
    client.force_login(person)
    return client


def test_giving_reasons_on_the_list(floor: Floor) -> None:
    client = client_of(floor, "operator")
    address = "/downtime/?range=7d"
    page = client.get(address).content.decode()
    stops = floor.stops()
    assert all(f'value="{stop.id}"' in page for stop in stops)
    assert f"{stops[0].id}:no_order" in page  # a proposal to accept
    client.post(address, {"accept": f"{stops[0].id}:no_order"})
    client.post(address, {"stop": [str(stop.id) for stop in stops[1:]], "reason": "breakdown", "note": "主轴"})
    assert [stop.reasons for stop in floor.stops()] == ["无订单", "设备故障", "设备故障"]
    answer = client.post(address, {"stop": ["x", "99999999"], "reason": "breakdown"})
    assert answer.status_code in (302, 403, 404)
    book = load_workbook(io.BytesIO(b"".join(client.get(f"{address}&as=xlsx").streaming_content)))  # type: ignore[attr-defined]  # streams
    assert len(list(book.worksheets[0].iter_rows())) >= 4


def test_one_stop_is_divided_and_words_are_taken_back(floor: Floor) -> None:
    client = client_of(floor, "operator")
    stop = floor.stops()[1]
    address = f"/downtime/{stop.id}/"
    client.post(address, {"do": "give", "reason": "material", "part": str(stop.start)})
    assert "缺料" in client.get(address).content.decode()
    client.post(address, {"do": "cut", "at": "nonsense"})
    (label,) = StopLabel.objects.all()
    client.post(address, {"do": "retract", "label": str(label.pk)})
    assert floor.stops()[1].reasons == ""
    assert client.get("/downtime/999999/").status_code == 404
    auditor = client_of(floor, "auditor")
    assert 'name="reason"' not in auditor.get(address).content.decode()


def test_every_page_answers_whatever_is_asked(floor: Floor) -> None:
    floor.say(floor.stops()[1].id, "breakdown")
    client = client_of(floor, "planner")
    for page in ("", "pareto/", "waterfall/", "unassigned/"):
        for query in ("", "?range=shift", "?range=7d", "?range=x&scope=%00&day=2026-99-99", "?day=2020-01-01"):
            assert client.get(f"/downtime/{page}{query}").status_code == 200, page + query


def test_production_with_no_order_is_dismissed_with_a_reason(floor: Floor) -> None:
    client = client_of(floor, "planner")
    address = "/downtime/unassigned/?range=7d"
    page = client.get(address).content.decode()
    assert "55" in page
    start, end = floor.at(5), floor.at(55)
    sent = {"machine": floor.machine.id, "start": start, "end": end, "operation": "none", "good": "55"}
    client.post(address, sent)
    assert str(start) in client.get(address).content.decode()  # no reason: it stays
    client.post(address, sent | {"note": "试件"})
    assert str(start) not in client.get(address).content.decode()


def test_stops_over_http(floor: Floor) -> None:
    client_of(floor, "engineer")
    person = Person.objects.get(username="page-engineer")
    maker = Viewer(person.pk, floor.plant.firm.pk, frozenset({"engineer"}))
    _number, secret = create_api_token(actor=maker, name="line")
    client = Client(headers={"authorization": f"Bearer {secret}"})
    window = f"machine={floor.machine.id}&start={floor.at(0)}&end={floor.at(700)}"
    found = client.get(f"/api/v1/factory/stops?{window}").json()
    assert len(found) == 3
    sent = {"stops": [found[1]["id"]], "reason": "breakdown"}
    assert client.post("/api/v1/factory/stops/reasons", sent, "application/json").json() == {"classified": 1}
    losses = client.get(f"/api/v1/factory/losses?{window}").json()
    assert {one["reason"] for one in losses["losses"]} == {"breakdown", ""}
    wrong = sent | {"reason": "nonsense"}
    assert client.post("/api/v1/factory/stops/reasons", wrong, "application/json").status_code in (400, 409, 422)
    link = f"/api/v1/factory/machines/{floor.machine.id}/link"
    assert client.put(link, {"threshold": 90}, "application/json").json() == {"done": True}
    assert client.put(link, {"threshold": -1}, "application/json").status_code in (400, 409, 422)
    line = f"/api/v1/factory/lines/{floor.plant.site.id}"
    body = {"stations": [{"machines": [floor.machine.id]}]}
    assert client.put(line, body, "application/json").json() == {"done": True}
    losses = client.get(f"{line}/losses?start={floor.at(0)}&end={floor.at(700)}").json()
    assert losses["stations"][0]["line_lost"] + losses["outside"] + losses["unnamed"] == losses["lost"] > 0
    for path in (f"proposals?machine={floor.machine.id}", f"unassigned?site={floor.plant.site.id}&{window}"):
        assert client.get(f"/api/v1/factory/{path}").status_code == 200
