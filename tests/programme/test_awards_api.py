"""Awards over HTTP: a claim on its whole way, what strangers get, and what is malformed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from award_kit import Award
from chanye.domains.programme.models import Certificate
from chanye.kernel.time import now_us
from chanye.parties.actions import create_api_token
from chanye.parties.types import Viewer
from programme_kit import MILLION, Office

pytestmark = pytest.mark.django_db
HERE = "/api/v1/programme"


class Http:
    """Somebody with a token."""

    def __init__(self, viewer: Viewer) -> None:
        _number, secret = create_api_token(
            actor=replace(viewer, roles=frozenset({"admin"})), name="t", expires_at=None
        )
        self.headers = {"authorization": f"Bearer {secret}", "accept-language": "en"}

    def get(self, path: str, status: int = 200) -> Any:
        answer = Client().get(f"{HERE}{path}", headers=self.headers)
        assert answer.status_code == status, answer.content
        return answer.json()

    def post(self, path: str, body: dict[str, Any], status: int) -> Any:
        sent = {"data": json.dumps(body), "content_type": "application/json"}
        answer = Client().post(f"{HERE}{path}", headers=self.headers, **sent)
        assert answer.status_code == status, answer.content
        return answer.json()


@pytest.fixture
def award(office: Office) -> Award:
    found = Award(None, office, claim=None, measure="")
    found.sign()
    return found


def test_a_claim_goes_its_whole_way(office: Office, award: Award) -> None:
    boss, auditor, manager, finance = map(Http, (award.boss, office.auditor, office.manager, office.finance))
    assert [one["number"] for one in boss.get("/agreements?state=in_force")] == ["C1-001-XY"]
    assert boss.get(f"/agreements?after={award.agreement}") == []
    record = boss.get(f"/agreements/{award.agreement}")
    assert record["sound"]
    assert [(one["kind"], one["amount"]) for one in record["tranches"]] == [
        ("start", 2 * MILLION), ("acceptance", 3 * MILLION)
    ]  # fmt: skip
    assert "accepted yet" in boss.get(f"/agreements/{award.agreement}/due")[0]["obstacle"]
    award.reach()
    stones = boss.get(f"/agreements/{award.agreement}/milestones")
    assert {(one["state"], len(one["proofs"])) for one in stones} == {("accepted", 1)}
    sent = {"key": "k", "tranche": "acceptance", "invoices": [{"number": "26500001", "amount": 9 * MILLION}]}
    path = f"/agreements/{award.agreement}/claims"
    made = boss.post(path, sent, 201)
    assert boss.post(path, sent, 201) == made
    boss.post(path, sent | {"tranche": "start"}, 422)
    number, (invoice,) = made["head"]["id"], made["invoices"]
    desk = f"/claims/{number}/decisions"
    auditor.post(desk, {"decision": "verify", "eligible": {"999999": 1}}, 422)
    seen = auditor.post(desk, {"decision": "verify", "eligible": {str(invoice["id"]): 8 * MILLION}}, 200)
    assert [seen["head"][name] for name in ("state", "eligible", "pay")] == ["verified", 8 * MILLION, 4 * MILLION]
    auditor.post(desk, {"decision": "approve"}, 404)
    finance.post(desk, {"decision": "pay"}, 422)
    manager.post(desk, {"decision": "approve"}, 200)
    assert finance.post(desk, {"decision": "pay"}, 200)["head"]["state"] == "paid"
    assert [one["pay"] for one in finance.get("/claims?state=paid")] == [4 * MILLION]
    paid = finance.get("/ledger/entries?account=paid")
    assert sum(one["amount"] for one in paid) == 4 * MILLION  # out of the years that its tranches were bound in
    assert {(one["claim_id"], one["organisation_id"]) for one in paid} == {(number, award.firm.id)}
    balances = finance.get("/ledger/balances")
    years = {one["year"] for one in balances}
    assert all(sum(one["balance"] for one in balances if one["year"] == year) == 0 for year in years)
    assert finance.get("/ledger/balances?until=0") == []


def test_strangers_see_nothing_and_what_is_malformed_is_said(office: Office, award: Award) -> None:
    award.reach()
    claim = award.claim("start")
    other = Award(None, Office("other"), "beta")
    for stranger in map(Http, (other.boss, other.office.manager)):
        assert stranger.get("/agreements") == stranger.get("/claims") == stranger.get("/certificates") == []
        stranger.get(f"/agreements/{award.agreement}", 404)
        stranger.get(f"/claims/{claim}", 404)
        stranger.post(f"/claims/{claim}/decisions", {"decision": "refuse", "reason": "x"}, 404)
    boss, auditor = Http(award.boss), Http(office.auditor)
    boss.get("/ledger/entries", 404)
    boss.get("/ledger/balances", 404)
    boss.get(f"/agreements/{'9' * 30}", 422)
    path = f"/agreements/{award.agreement}/claims"
    boss.post(path, {"key": "a", "tranche": "start", "invoices": [{"number": "1", "amount": 10**16}]}, 422)
    boss.post(path, {"key": "a", "tranche": "other"}, 422)
    auditor.post(path, {"key": "a", "tranche": "start"}, 404)
    for sent in ({"decision": "refuse"}, {"decision": "x"}, {"decision": "verify", "reason": "x"}):
        auditor.post(f"/claims/{claim}/decisions", sent, 422)


def test_certificates_are_read_and_asked_for(office: Office, award: Award) -> None:
    now = now_us()
    Certificate.objects.create(
        office_id=office.id, organisation_id=award.firm.id, site="Plant", gate="factory.workshop", state="certified",
        number="2026-001", on_paper=True, asked_at=now, asked_by="x",
    )  # fmt: skip
    boss = Http(award.boss)
    (one,) = boss.get("/certificates?state=certified")
    assert (one["number"], one["standing"], one["outcome"]) == ("2026-001", "due", None)
    assert Http(office.officer).get(f"/certificates/{one['id']}") == one
    day = 86_400_000_000
    asked = {"site_id": award.firm.site.id, "gate": "factory.workshop", "start": now - 60 * day, "end": now - day}
    said = boss.post("/certificates", asked, 422)
    assert "does not hold" in json.dumps(said)  # a plant without machines
    boss.post("/certificates", asked | {"gate": "x"}, 422)
    Http(Award(None, Office("other"), "beta").boss).post("/certificates", asked, 404)
