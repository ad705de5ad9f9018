"""The pages of evidence from the first draft to the certificate, full and empty."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from chanye.evidence import queries
from chanye.parties import actions as parties
from chanye.parties.models import Person
from chanye.parties.types import SYSTEM
from evidence_kit import Firm, day


def _client(firm: Firm, role: str = "engineer") -> Client:
    person = parties.create_person(
        actor=SYSTEM, organisation_id=firm.id, username=firm.code, name="Eva", role=role, password="correct horse 9"
    )
    client = Client(headers={"accept-language": "en"})
    client.force_login(Person.objects.get(pk=person))
    return client


def test_from_the_draft_to_the_certificate(firm, settings):
    client = _client(firm)
    empty = client.get("/evidence/").content.decode()
    assert "No upgrade is being measured yet" in empty
    assert "Nothing can be measured yet" in client.get("/evidence/new/").content.decode()
    firm.run(effect=0.12)
    fields = {
        "title": "New compressors",
        "asset": firm.site.id,
        "measure": "factory.energy_per_piece",
        "upgrade_kind": "energy",
        "method": "baseline",
        "first": "2024-01-01",
        "last": "2024-10-26",
        "claim": "10",
        "months": "6",
    }
    shows = client.get("/evidence/shows/", fields).content.decode()
    assert "300 days can be used; 100.0 %" in shows
    assert "A claim of 10.0 % can be shown" in shows
    small = client.get("/evidence/shows/", fields | {"claim": "0.5"}).content.decode()
    assert "too small for these data" in small
    short = client.get("/evidence/shows/", fields | {"first": "2024-09-01"}).content.decode()
    assert "it takes 180" in short
    assert client.post("/evidence/new/", fields | {"claim": "x"}).status_code == 422
    made = client.post("/evidence/new/", fields)
    assert made.status_code == 302
    page = made["Location"]
    (held,) = queries.plans(firm.viewer)
    assert (held.draft.baseline_start, held.draft.baseline_end) == (day(0), day(300))
    assert "Freeze the plan" in client.get(page).content.decode()
    assert client.get(f"{page}edit/").status_code == 200
    assert client.post(f"{page}edit/", fields | {"claim": "11"}).status_code == 302
    client.post(page, {"do": "freeze"})
    assert client.post(f"{page}edit/", fields).status_code == 422
    refused = client.post(page, {"do": "upgrade", "began": "2024-11-06", "finished": "2024-11-25"}, follow=True)
    assert "before the plan was frozen" in refused.content.decode()
    for bad in ({"do": "measure", "start": "x", "end": ""}, {"do": "blame", "effect": "1e9"}, {"do": "?"}):
        assert client.post(page, bad).status_code == 302
    assert client.get("/evidence/?as=xlsx").status_code == 200


def test_a_certificate_says_what_was_measured_and_hands_out_its_bundle(firm):
    from chanye.evidence import actions
    from evidence_kit import energy_plan

    firm.run(effect=0.12)
    plan_id = actions.draft_plan(
        actor=firm.viewer, organisation_id=firm.id, asset_id=firm.site.id, draft=energy_plan()
    )
    actions.freeze_plan(actor=firm.viewer, plan_id=plan_id, now=day(305))
    actions.record_upgrade(actor=firm.viewer, plan_id=plan_id, began=day(310), finished=day(330))
    client = _client(firm)
    page = f"/evidence/plans/{plan_id}/"
    event = {"do": "event", "kind": "shutdown", "start": "2025-01-01", "end": "2025-01-03", "note": "no power"}
    assert "no power" in client.post(page, event, follow=True).content.decode()
    made = client.post(page, {"do": "measure", "start": "2024-11-26", "end": "2025-05-14"})
    certificate = client.get(made["Location"]).content.decode()
    found = queries.effects(firm.viewer)[0]
    assert (found.start, found.end) == (day(330), day(500))
    assert found.after_days == 167
    assert queries.result(firm.viewer, found.id)["with_events"] == pytest.approx(found.estimate, abs=0.01)
    assert "With the days of events" in certificate
    for text in ("Confirmed", f"{100 * found.estimate:+.1f} %", found.plan_digest, found.bundle_digest, "<path"):
        assert text in certificate
    assert not re.search(r"\b(nan|None)\b", re.sub(r"<[^>]*>", "", certificate))
    bundle = client.get(f"{made['Location']}bundle.zip")
    assert bundle.content == queries.bundle(firm.viewer, found.id).data
    assert "New compressors" in client.get("/evidence/").content.decode()
    register = client.get("/evidence/register/").content.decode()
    assert "What kinds of upgrade bring" in register
    assert client.get("/api/v1/evidence/register").json()[0]["effect"]["bundle_digest"] == found.bundle_digest
    assert client.get(f"/api/v1/evidence/effects/{found.id}/bundle").content == bundle.content
    answer = client.get("/api/v1/evidence/pooled").json()
    assert answer[0]["estimate"] == pytest.approx(found.estimate)


def test_the_office_sees_what_was_given_to_it_and_declares_a_fault(firm, history):
    from chanye.evidence import actions
    from evidence_kit import energy_plan

    office = Firm(history, "office", office=True)
    made = {"actor": firm.viewer, "organisation_id": firm.id, "asset_id": firm.site.id, "draft": energy_plan()}
    kept, given = actions.draft_plan(**made), actions.draft_plan(**made, office_id=office.id)
    actions.freeze_plan(actor=firm.viewer, plan_id=given, now=day(305))
    actions.record_upgrade(actor=office.viewer, plan_id=given, began=day(310), finished=day(330))
    effect = actions.measure_effect(actor=office.viewer, plan_id=given, start=day(330), end=day(400))
    client = _client(office, "officer")
    listed = client.get("/evidence/").content.decode()
    assert f"/evidence/plans/{given}/" in listed
    assert f"/evidence/plans/{kept}/" not in listed
    page = client.get(f"/evidence/plans/{given}/").content.decode()
    assert "Declare whose fault it is" in page
    assert "froze" in page
    assert client.get(f"/evidence/plans/{kept}/").status_code == 404
    form = {"do": "blame", "effect": effect.id, "blame": "platform", "reason": "our gateway was away"}
    assert client.post(f"/evidence/plans/{given}/", form).status_code == 302
    assert queries.effect(firm.viewer, effect.id).blame == "platform"
    assert client.get("/evidence/register/").status_code == 200
    assert client.get("/evidence/new/").status_code in (200, 404)
