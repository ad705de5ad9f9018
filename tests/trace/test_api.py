"""The API end to end: book, ask, recall, EPCIS; with a token as other systems have it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from chanye.parties import actions as parties
from chanye.parties.identity import viewer_for
from chanye.parties.types import SYSTEM
from epcis_story import LINK, STORY


@pytest.fixture
def client(db: None) -> Client:
    firm = parties.create_organisation(actor=SYSTEM, code="jia", name="甲")
    person = parties.create_person(actor=SYSTEM, organisation_id=firm, username="erp", name="ERP", role="engineer")
    _number, secret = parties.create_api_token(actor=viewer_for(person), name="erp", expires_at=None)
    return Client(headers={"authorization": f"Bearer {secret}", "accept-language": "en"})


def post(client: Client, path: str, body: object, status: int = 200) -> Any:
    answer = client.post(f"/api/v1{path}", body, content_type="application/json")
    assert answer.status_code == status, answer.content
    return answer.json()


def test_book_and_ask(client: Client) -> None:
    lot = {"material_code": "steel", "lot": "H1", "quantity": "100.5", "unit": "kg"}
    heat = post(client, "/trace/commission", {"lots": [lot], "key": "a", "source": "Baosteel"})["items"][0]["first"]
    body = {
        "inputs": [{"item": heat, "quantity": 50}],
        "serials": [{"material_code": "unit", "count": 500, "prefix": "U"}],
        "key": "b",
        "step": "forge",
    }
    made = post(client, "/trace/consume", body)
    assert post(client, "/trace/consume", body) == made | {"repeated": True}
    assert "what_to_do" in post(client, "/trace/consume", body | {"step": "other"}, 422)
    first = made["items"][0]["first"]
    items = [{"first": first, "count": 100}]
    post(client, "/trace/ship", {"items": items, "to": "Changan", "key": "c"})
    post(client, "/trace/block", {"items": [{"first": first + 100, "count": 1}], "reason": "crack", "key": "d"})
    found = client.get("/api/v1/trace/items", {"q": "U101"}).json()
    assert (found[0]["blocked"], found[0]["made"]) == ("crack", "1")
    recall = client.get(f"/api/v1/trace/items/{heat}/recall").json()
    assert (recall["unused"], recall["here"], recall["shipped"]) == (50.5, 40, 10)
    forward = client.get(f"/api/v1/trace/items/{heat}/forward").json()
    assert (forward["total"], forward["stages"], forward["items"][1]["code"]) == (501, 1, "U001")
    back = client.get(f"/api/v1/trace/items/{first}/backward").json()
    assert [i["code"] for i in back["items"]] == ["H1", "U001"]
    assert [e["verb"] for e in client.get("/api/v1/trace/events", {"item_id": first}).json()] == ["ship", "consume"]


def test_epcis(client: Client) -> None:
    assert post(client, "/trace/epcis/capture", STORY) == {"captured": 7, "repeated": 0, "contradictions": []}
    assert post(client, "/trace/epcis/capture", STORY)["repeated"] == 7
    answer = client.get("/api/v1/trace/epcis/events", {"perPage": 3})
    assert answer["Content-Type"] == "application/ld+json"
    told = answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert [e["type"] for e in told] == ["ObjectEvent", "TransformationEvent", "ObjectEvent"]
    assert told[1]["outputEPCList"] == [f"{LINK}/21/{n}" for n in (10, 11, 12)]
    assert told[0]["quantityList"][0]["uom"] == "KGM"
    further = answer["Link"].split(">")[0].lstrip("<")
    assert len(client.get(further).json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]) == 3
    shipped = client.get("/api/v1/trace/epcis/events", {"EQ_bizStep": "shipping"}).json()
    assert len(shipped["epcisBody"]["queryResults"]["resultsBody"]["eventList"]) == 1
    of_one = client.get("/api/v1/trace/epcis/events", {"MATCH_anyEPC": f"{LINK}/21/12"}).json()
    types = [e["type"] for e in of_one["epcisBody"]["queryResults"]["resultsBody"]["eventList"]]
    assert types == ["TransformationEvent", "TransactionEvent", "AssociationEvent"]
    wrong = post(client, "/trace/epcis/capture", {"type": "EPCISDocument"}, 422)
    assert wrong["what_to_do"].startswith("schemaVersion: ")


@pytest.mark.parametrize("path", ["/trace/items/1", "/trace/items/1/recall", "/trace/items/99999999999/forward"])
def test_what_is_not_there(client: Client, path: str) -> None:
    assert client.get(f"/api/v1{path}").status_code == 404


@pytest.mark.django_db
def test_strangers_are_sent_away() -> None:
    assert Client().get("/api/v1/trace/items", {"q": "x"}).status_code == 401
