"""The pages and the API of webhooks, as the people and programs of a firm use them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from chanye.kernel.time import DAY, now_us
from chanye.parties import actions as parties
from chanye.parties.events import declare, emit
from chanye.parties.models import Person, WebhookDelivery
from chanye.parties.types import SYSTEM, Viewer
from chanye.parties.webhooks import actions, queries
from chanye.parties.webhooks.kinds import known_kinds
from chanye.parties.webhooks.types import Answer
from parties.firms import Firms

pytestmark = pytest.mark.django_db


def browser(viewer: Viewer, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(Person.objects.get(pk=viewer.person_id))
    return client


def program(viewer: Viewer) -> Client:
    _number, secret = parties.create_api_token(actor=viewer, name="t", expires_at=None)
    return Client(headers={"authorization": f"Bearer {secret}", "accept-language": "en"})


def text(answer: Any) -> str:
    return answer.content.decode()


def event(firms: Firms) -> int:
    with transaction.atomic():
        emit(actor=SYSTEM, kind="order.released", target="order:1", payload={"n": 1}, organisation_id=firms.a)
    return WebhookDelivery.objects.order_by("-pk")[0].pk


def dead(number: int) -> None:
    answer = Answer(422, "no such <order>")
    actions.record_attempt(actor=SYSTEM, delivery_id=number, answer=answer, now=now_us() + 2 * DAY, spread=0.5)


def test_added_tested_paused_and_deleted_in_the_browser(firms: Firms) -> None:
    client = browser(firms.engineer)
    assert "Nobody is told yet" in text(client.get("/webhooks/"))
    form = {"name": "ERP", "url": "https://erp.example/in", "kinds": "order.*", "secret": ""}
    page = text(client.post("/webhooks/", form))
    assert "whsec_" in page
    assert "whsec_" not in text(client.get("/webhooks/"))
    [hook] = queries.webhooks(firms.engineer)
    number = event(firms)
    dead(number)
    page = text(client.get(f"/webhooks/{hook.id}/"))
    assert "order.released" in page
    assert "1 failed attempt in a row" in page
    assert client.get(f"/webhooks/{hook.id}/?as=xlsx").status_code == 200
    page = text(client.get(f"/webhooks/events/{number}/"))
    assert "no such &lt;order&gt;" in page
    assert "Send again" in page
    assert client.post(f"/webhooks/events/{number}/again/").status_code == 302
    assert queries.delivery(firms.admin, number).state == "waiting"
    page = text(client.post(f"/webhooks/events/{number}/again/", follow=True))
    assert "waiting to be sent already" in page
    for deed, holds in (("test", True), ("pause", False), ("resume", True), ("nonsense", True)):
        client.post(f"/webhooks/{hook.id}/do/", {"deed": deed})
        assert queries.webhook(firms.admin, hook.id).active is holds
    assert WebhookDelivery.objects.filter(kind="webhook.ping").count() == 1
    client.post(f"/webhooks/{hook.id}/", form | {"kinds": "lot.made"})
    assert queries.webhook(firms.admin, hook.id).kinds == ("lot.made",)
    assert client.post(f"/webhooks/{hook.id}/do/", {"deed": "delete"})["Location"] == "/webhooks/"
    assert queries.webhooks(firms.admin) == []


@pytest.mark.parametrize(
    ("wrong", "says"),
    [({"url": "ftp://x"}, "begins with https"), ({"kinds": "A b"}, "no kind"), ({"secret": "x"}, "whsec_")],
)
def test_what_is_wrong_is_said_beside_the_form(firms: Firms, wrong: dict[str, str], says: str) -> None:
    form = {"name": "ERP", "url": "https://erp.example/in", "kinds": "*", "secret": ""} | wrong
    assert says in text(browser(firms.engineer).post("/webhooks/", form))
    assert queries.webhooks(firms.admin) == []


def test_pages_are_closed_to_operators_and_other_firms(firms: Firms) -> None:
    number, _secret = actions.add_webhook(
        actor=firms.admin, organisation_id=firms.a, name="ERP", url="https://erp.example/", kinds="*"
    )
    told = event(firms)
    for viewer in (firms.operator, firms.stranger):
        client = browser(viewer)
        for path in (f"/webhooks/{number}/", f"/webhooks/events/{told}/"):
            assert client.get(path).status_code == 404
        for path in (f"/webhooks/{number}/do/", f"/webhooks/events/{told}/again/", f"/webhooks/{number}/"):
            assert client.post(path, {"deed": "delete"}).status_code == 404
    assert browser(firms.operator).get("/webhooks/").status_code == 404
    assert "/webhooks/" not in text(browser(firms.operator).get("/people/"))
    assert "事件推送" in text(browser(firms.manager, "zh-hans").get("/people/"))


def test_the_api_manages_webhooks(firms: Firms) -> None:
    client = program(firms.engineer)

    def call(method: str, path: str, body: Any = None) -> Any:
        sent = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        return getattr(client, method)(f"/api/v1{path}", **sent)

    new = {"name": "ERP", "url": "https://erp.example/in", "kinds": ["order.*", "lot.made"]}
    made = call("post", "/webhooks", new)
    assert made.status_code == 201
    number = made.json()["id"]
    assert made.json()["secret"].startswith("whsec_")
    [seen] = call("get", "/webhooks").json()
    assert (seen["kinds"], "secret" in seen) == (["order.*", "lot.made"], False)
    told = event(firms)
    dead(told)
    [row] = call("get", f"/webhooks/{number}/events?state=dead").json()
    assert (row["status"], row["kind"]) == (422, "order.released")
    assert call("post", f"/events/{told}/again").json()["state"] == "waiting"
    assert call("post", f"/events/{told}/again").status_code == 422
    assert call("post", f"/webhooks/{number}/test").status_code == 200
    assert call("post", f"/webhooks/{number}/pause").json()["active"] is False
    assert call("post", f"/webhooks/{number}/resume").json()["active"] is True
    assert call("post", f"/webhooks/{number}/explode").status_code == 422
    assert (
        call("put", f"/webhooks/{number}", new | {"url": "https://b.example/"}).json()["url"] == "https://b.example/"
    )
    for bad in ({"url": "x"}, {"kinds": []}, {"kinds": ["A"]}, {"secret": "x"}, {"name": ""}):
        answer = call("post", "/webhooks", new | bad)
        assert answer.status_code == 422
        assert answer.json()["what_to_do"]
    foreign = program(firms.stranger)
    for method, path in (("get", f"{number}/events"), ("post", f"{number}/test"), ("delete", str(number))):
        assert getattr(foreign, method)(f"/api/v1/webhooks/{path}").status_code == 404
    assert foreign.post(f"/api/v1/events/{told}/again").status_code == 404
    assert call("delete", f"/webhooks/{number}").status_code == 204
    assert call("get", "/webhooks").json() == []


def test_declared_kinds_are_listed(firms: Firms) -> None:
    declare("order.released", "An order was released")
    assert ("order.released", "An order was released") in known_kinds()
    with pytest.raises(RuntimeError):
        declare("Order", "x")
    assert "An order was released" in text(browser(firms.engineer).get("/webhooks/"))
