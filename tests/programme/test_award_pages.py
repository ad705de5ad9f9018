"""Pages of awards on both sides: what is shown, what a tap does, what strangers get."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from award_kit import PICTURE, Award
from chanye.domains.programme.models import Claim, Milestone
from chanye.parties.models import Person
from chanye.parties.types import Viewer
from programme_kit import MILLION, Office

pytestmark = pytest.mark.django_db


def client(viewer: Viewer) -> Client:
    found = Client()
    found.force_login(Person.objects.get(pk=viewer.person_id))
    return found


def test_a_claim_goes_from_the_firm_over_three_desks(office: Office) -> None:
    award = Award(None, office, claim=None, measure="")
    award.sign()
    boss, here = client(award.boss), f"/programme/awards/{award.agreement}/"
    assert b"C1-001-XY" in boss.get("/programme/awards/").content
    page = boss.get(here).content.decode()
    assert "5,000,000" in page or "500" in page
    stones = list(Milestone.objects.filter(agreement_id=award.agreement).order_by("position"))
    for stone in stones:
        photo = SimpleUploadedFile("here.png", PICTURE + bytes([stone.position]))
        sent = {"do": "report", "milestone": stone.pk, "proof": photo, "latitude": "29.72", "longitude": "106.63"}
        assert boss.post(here, sent).status_code == 302
    auditor, manager, finance = client(office.auditor), client(office.manager), client(office.finance)
    file = stones[0].proofs.get().file_id
    assert auditor.get(f"{here}files/{file}/here.png").getvalue().startswith(b"\x89PNG")
    assert client(Award(None, Office("other"), "beta").boss).get(f"{here}files/{file}/x.png").status_code == 404
    for stone in stones:
        auditor.post(here, {"do": "judge", "milestone": stone.pk, "accept": "1"})
    assert {one.state for one in Milestone.objects.filter(agreement_id=award.agreement)} == {"accepted"}
    scan = SimpleUploadedFile("scan.pdf", b"%PDF-1.4 x")
    sent = {
        "do": "claim",
        "tranche": "acceptance",
        "key": "k",
        "number-1": "26500001",
        "amount-1": "1000万",
        "file-1": scan,
    }
    boss.post(here, sent)
    claim = Claim.objects.get()
    assert claim.invoiced == 10 * MILLION
    desk = f"/programme/claims/{claim.pk}/"
    assert b"26500001" in auditor.get(desk).content
    for person, deed in ((auditor, "verify"), (manager, "approve"), (finance, "pay")):
        assert person.post(desk, {"do": deed}).status_code == 302
    claim.refresh_from_db()
    assert (claim.state, claim.pay) == ("paid", 5 * MILLION)
    assert boss.get(f"{here}print/").status_code == 200
    for address in ("", "lines/", "lines/?as=xlsx", "journals/1/"):
        assert finance.get(f"/programme/ledger/{address}").status_code == 200
    assert finance.get("/programme/claims/?state=paid").status_code == 200
    assert boss.get("/programme/ledger/").status_code == 404
    assert manager.get("/programme/figures/?by=kind").status_code == 200


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_portfolio_studio_tries_proposes_and_approves(office: Office, language: str) -> None:
    award = Award(None, office)
    officer, manager = client(office.officer), client(office.manager)
    for one in (officer, manager):
        one.cookies["django_language"] = language
    assert officer.get("/programme/portfolios/").status_code == 200
    for year in range(2026, 2031):
        manager.post("/programme/ledger/", {"year": str(year), "amount": "2亿"})
    made = officer.post("/programme/portfolios/", {"call": award.case.call_id, "group": "unmeasured", "low": "10"})
    address = made["Location"]
    page = officer.get(f"{address}?factor=50")
    assert page.status_code == 200
    officer.post(address, {"do": "propose"})
    manager.post(address, {"do": "approve"})
    award.case.refresh_from_db()
    assert award.case.state == "approved"
    assert "C1-001" in officer.get("/programme/awards/").content.decode()
    drawn = officer.post("/programme/awards/", {"application": award.case.pk, "do": "draw"})
    assert officer.get(drawn["Location"]).status_code == 200


@pytest.mark.parametrize(
    "sent",
    [{"do": "x"}, {"do": "claim", "tranche": "x"}, {"do": "report", "milestone": "9" * 30}, {"do": "judge"},
     {"do": "claim", "tranche": "start", "number-1": "1", "amount-1": "much"}, {"do": "returned", "amount": "-1"},
     {"do": "report", "done_on": "tomorrow"}, {"do": "report", "latitude": "nan"}],
)  # fmt: skip
def test_what_cannot_be_is_said_and_nothing_breaks(office: Office, sent: dict[str, str]) -> None:
    award = Award(None, office, claim=None, measure="")
    award.sign()
    answer = client(award.boss).post(f"/programme/awards/{award.agreement}/", sent)
    assert answer.status_code in (302, 404)
    assert not Claim.objects.exists()
