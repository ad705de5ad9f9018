"""Pages: a firm applies, the office checks and reviews, each sees its own."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from chanye.domains.programme.actions import reviews
from chanye.domains.programme.actions.applications import advance
from chanye.domains.programme.days import today
from chanye.domains.programme.models import Application, Call, Review
from chanye.domains.programme.queries import applications as queries
from chanye.parties.models import Person
from chanye.parties.types import Viewer
from programme_kit import Firm, Office, fill, open_call, submitted

pytestmark = pytest.mark.django_db


def client_of(who: Viewer) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(Person.objects.get(pk=who.person_id))
    return client


def test_a_firm_applies_step_by_step(office: Office, firm: Firm) -> None:
    call, client = open_call(office), client_of(firm.manager)
    assert b"Call SU26" in client.get("/programme/funding/").content
    answer = client.post(f"/programme/funding/calls/{call}/")
    assert answer.status_code == 302
    number = Application.objects.get().pk
    base = f"/programme/funding/{number}/"
    assert answer["location"] == f"{base}project/"
    assert client.get(f"{base}project/").status_code == 200
    year = today().year
    project = {
        "title": "机器人上下料单元", "project_code": "2601-500112-04-02-000001", "sector": "equipment",
        "upgrade_kind": "robots", "planned_start": f"{year}-03-01", "planned_finish": f"{year + 1}-03-01",
        "asset": str(firm.site.id), "measure": "factory.output", "method": "baseline", "claim": "12 %",
        "requested": "400万",
    }  # fmt: skip
    side = client.post(f"{base}project/", project, headers={"HX-Request": "true"})
    assert side.status_code == 200
    assert b"<html" not in side.content
    assert "not measurable yet" in side.content.decode()
    wrong = client.post(f"{base}project/", project | {"requested": "a lot"})
    assert wrong.status_code == 422
    assert "is not an amount" in wrong.content.decode()
    assert client.post(f"{base}project/", project)["location"] == f"{base}costs/"
    costs = {"text-0": "Robots", "kind-0": "equipment", "amount-0": "8,000,000", "eligible-0": "1",
             "text-1": "Wages", "kind-1": "wages", "amount-1": "10", "text-2": "", "kind-2": "tax"}  # fmt: skip
    assert client.post(f"{base}costs/", costs)["location"] == f"{base}machines/"
    machines = {
        "name-0": "Robot", "serial-0": "SN1", "price-0": "100000", "bought-0": "2026-03-01", "pieces-0": "2",
        "item-0": "Robot", "quoter-0": "Robots Ltd", "quoted-0": "200000", "dated-0": "2026-01-05", "chosen-0": "1",
    }  # fmt: skip
    assert client.post(f"{base}machines/", machines)["location"] == f"{base}papers/"
    for kind in ("licence", "filing", "plan"):
        paper = SimpleUploadedFile(f"{kind}.pdf", f"%PDF-1.7 {kind}".encode())
        sent = {"kind": kind, "file": paper, "stay": "1"}
        assert client.post(f"{base}papers/", sent)["location"] == f"{base}papers/"
    assert "licence.pdf" in client.get(f"{base}papers/").content.decode()
    for step in ("costs", "machines", "submit"):
        assert client.get(f"{base}{step}/").status_code == 200
    assert client.post(f"{base}submit/")["location"] == base
    found = queries.dossier(firm.manager, number)
    assert (found.head.state, found.head.requested, found.head.claim) == ("submitted", 400_000_000, 0.12)
    assert (found.equipment[0].pieces, found.quotes[0].dated) == (2, date(2026, 1, 5))
    page = client.get(base).content.decode()
    assert "SU26-001" in page
    assert "submitted the application" in page
    assert client.get(f"{base}project/")["location"] == base, "what is handed in is not edited"
    assert client.get(f"/programme/applications/{number}/print/").status_code == 200
    assert client.post(base, {"do": "withdraw"}).status_code == 302
    assert queries.application(firm.manager, number).state == "withdrawn"


def test_the_office_goes_through_a_case(office: Office, firm: Firm) -> None:
    number = submitted(firm, open_call(office))
    client, base = client_of(office.officer), f"/programme/applications/{number}/"
    assert b"SU26" in client.get("/programme/").content
    assert b"SU26-001" in client.get("/programme/applications/").content
    assert client.get("/programme/applications/?as=xlsx").status_code == 200
    page = client.get(base).content.decode()
    assert "Take into review" in page
    paper = queries.dossier(office.officer, number).documents[0]
    sent = client.get(f"{base}papers/{paper.id}/{paper.name}")
    assert b"".join(sent.streaming_content).startswith(b"%PDF-")  # type: ignore[arg-type]  # bytes of a file
    refused = client.post(base, {"do": "return", "reason": " "})
    assert (refused.status_code, "Say why" in refused.content.decode()) == (422, True)
    client.post(base, {"do": "accept"})
    who = office.reviewers[0]
    client.post(base, {"do": "assign", "person": str(who.person_id)})
    assert Review.objects.get().person_id == who.person_id

    desk = client_of(who)
    assert desk.get("/programme/")["location"] == "/programme/reviews/"
    assert "SU26-001" in desk.get("/programme/reviews/").content.decode()
    address = f"/programme/reviews/{number}/"
    assert "Do you have a tie" in desk.get(address).content.decode()
    assert desk.post(address, {"do": "declare"})["location"] == address
    scores = {f"score-{code}": "80" for code in ("effect", "technology", "plan", "cost", "firm", "example")}
    answer = desk.post(address, scores | {"do": "give", "advice": "support"})
    assert (answer.status_code, "say why" in answer.content.decode()) == (422, True)
    whys = {code.replace("score", "why"): "The plan names cell, meter and dates." for code in scores}
    assert desk.post(address, scores | whys | {"do": "give", "advice": "support"}).status_code == 302
    second = office.reviewers[1]
    reviews.assign_review(actor=office.officer, application_id=number, person_id=second.person_id or 0)
    desk = client_of(second)
    desk.post(address, {"do": "declare", "tied": "family", "text-family": "My sister works there."})
    assert desk.get(address).status_code == 404
    page = client.get(base).content.decode()
    assert "My sister works there." in page
    assert "80.0" in page
    assert client.post(base, {"do": "conclude"}).status_code == 422
    assert client_of(office.auditor).get(base).status_code == 200


def test_a_call_is_made_changed_and_opened(office: Office) -> None:
    client = client_of(office.officer)
    made = client.post("/programme/calls/new/", {"code": "SU26", "year": str(today().year)})
    call = Call.objects.get()
    assert made["location"] == f"/programme/calls/{call.pk}/"
    assert client.get(made["location"]).status_code == 200
    fields = {
        "title": "T", "use-window": "1", "window-from": "2026-01-01", "window-to": "2026-12-31",
        "clause-window": "Art. 1", "use-max_share": "1", "max_share-share": "40 %", "clause-max_share": "Art. 2",
        "use-max_amount": "1", "max_amount-amount": "5000万", "clause-max_amount": "Art. 3", "use-reviews": "1",
        "reviews-least": "2", "clause-reviews": "Art. 4", "use-criteria": "1", "criteria-weights-effect": "60",
        "criteria-weights-plan": "40", "clause-criteria": "Art. 5", "use-envelope": "1", "clause-envelope": "Art. 6",
        "envelope-years-year-0": "2026", "envelope-years-sum-0": "2亿",
    }  # fmt: skip
    assert client.post(made["location"], fields).status_code == 302
    held = {one.kind: one.value for one in call.rules.filter(version=2)}
    assert held["max_share"] == {"share": 0.4}
    assert held["max_amount"] == {"amount": 5_000_000_000}
    assert held["envelope"] == {"years": {"2026": 20_000_000_000}}
    assert client.post(made["location"], fields | {"criteria-weights-plan": "41"}).status_code == 422
    assert client.post(made["location"], {"do": "open"}).status_code == 302
    call.refresh_from_db()
    assert call.state == "open"
    copied = client.post("/programme/calls/new/", {"code": "SU27", "copy": str(call.pk)})
    assert copied.status_code == 302
    assert client_of(office.auditor).get("/programme/calls/new/").status_code == 404


def test_who_may_not_sees_nothing(office: Office, firm: Firm) -> None:
    call = open_call(office)
    draft, given = fill(firm, call), submitted(firm, call, title="Another")
    for who in (Firm("other").manager, firm.operator, Office("next").officer):
        client = client_of(who)
        for address in (f"/programme/applications/{given}/", f"/programme/funding/{given}/",
                        f"/programme/applications/{given}/print/", f"/programme/reviews/{given}/"):  # fmt: skip
            assert client.get(address).status_code == 404, (who.name, address)
    client = client_of(office.officer)
    assert client.get(f"/programme/applications/{draft}/").status_code == 404
    assert client.get(f"/programme/funding/{given}/").status_code == 404
    assert client_of(firm.manager).get(f"/programme/applications/{given}/").status_code == 404


def test_ties_are_filled_in_by_each_for_themselves(office: Office, firm: Firm) -> None:
    client = client_of(firm.manager)
    sent = {"credit_code": "91500112MA5U", "phone": "023-1\n023-2"}
    assert client.post("/programme/funding/firm/", sent).status_code == 302
    assert "023-1\n023-2" in client.get("/programme/funding/firm/").content.decode()
    assert client.post("/programme/funding/firm/", {"phone": "none"}).status_code == 422
    desk = client_of(office.reviewers[0])
    assert desk.post("/programme/reviews/ties/", {"name": "Org firm"}).status_code == 302
    assert "Org firm" in desk.get("/programme/reviews/ties/").content.decode()


def test_returned_and_approved_cases_say_so_to_the_firm(office: Office, firm: Firm) -> None:
    call = open_call(office)
    number = submitted(firm, call)
    advance(actor=office.officer, application_id=number, move="return", reason="Say which meter.")
    client = client_of(firm.manager)
    assert "Say which meter." in client.get(f"/programme/funding/{number}/").content.decode()
    assert "Say which meter." in client.get(f"/programme/funding/{number}/project/").content.decode()
    Application.objects.filter(pk=number).update(state="reviewed")
    base = f"/programme/applications/{number}/"
    manager = client_of(office.manager)
    assert manager.post(base, {"do": "approve", "amount": "1亿"}).status_code == 422
    assert manager.post(base, {"do": "approve", "amount": "300万"}).status_code == 302
    assert queries.application(firm.manager, number).approved == 300_000_000
