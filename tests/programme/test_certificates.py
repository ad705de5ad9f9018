"""Certification: asked, decided on what the data say at that moment, looked back at, taken over from paper."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from chanye.domains.factory.queries import certification
from chanye.domains.programme.actions import certificates as acts
from chanye.domains.programme.days import today
from chanye.domains.programme.models import Certificate
from chanye.domains.programme.queries import certificates as queries
from chanye.domains.programme.types.certificates import PaperCertificate
from chanye.evidence import gates
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import now_us
from chanye.parties.models import AuditEntry, Person
from programme_kit import Firm, Office

pytestmark = pytest.mark.django_db
DAY = acts.DAY


class Plant:
    """A gate of one criterion whose value a test sets; what is looked at is remembered."""

    def __init__(self) -> None:
        self.value: float | None = 0.95
        self.seen: list[tuple[int, int, int]] = []

    def look(self, viewer: Any, site_id: int, start: int, end: int) -> gates.Outcome:
        self.seen.append((site_id, start, end))
        state = "unknown" if self.value is None else "holds" if self.value >= 0.9 else "fails"
        check = gates.Check("upload", 0.9, "1", False, False, self.value, 19, 20, 1.0, state)
        return gates.Outcome("test.gate", state, "t-1", "test", start, end, (check,), f"{self.value}")


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Plant:
    made = Plant()
    monkeypatch.setitem(gates._GATES, "test.gate", gates.Gate("test.gate", "Test", made.look, str))
    return made


def window(days: int = 30, ago: int = 1) -> dict[str, int]:
    end = now_us() // DAY * DAY - ago * DAY
    return {"start": end - days * DAY, "end": end}


def asked(firm: Firm, **more: Any) -> int:
    return acts.ask_certification(
        actor=firm.manager, **({"site_id": firm.site.id, "gate": "test.gate"} | window() | more)
    )


def test_a_site_is_certified_on_what_the_data_say(office: Office, firm: Firm, plant: Plant) -> None:
    number = asked(firm)
    assert queries.certificate(firm.manager, number).state == "asked"
    assert queries.certified(office.officer) == {}
    acts.decide_certificate(actor=office.officer, certificate_id=number, certify=True)
    found = queries.certificate(office.auditor, number)
    assert (found.state, found.number, found.certified_on) == ("certified", f"{today().year}-001", today())
    assert found.asked == found.outcome
    assert len(plant.seen) == 2  # when it was asked and when it was decided
    assert plant.seen[0] == plant.seen[1]
    assert queries.certified(office.officer) == {"test.gate": 1}
    assert set(AuditEntry.objects.values_list("verb", flat=True)) >= {"ask_certification", "certify_site"}


def test_what_does_not_hold_is_not_certified(office: Office, firm: Firm, plant: Plant) -> None:
    for value in (0.5, None):
        plant.value = value
        with pytest.raises(ConfigError, match="upload"):
            asked(firm)
    assert not Certificate.objects.exists()
    plant.value = 0.95
    number = asked(firm)
    plant.value = 0.85  # data that came late, or were corrected
    with pytest.raises(ConfigError, match="upload"):
        acts.decide_certificate(actor=office.officer, certificate_id=number, certify=True)
    with pytest.raises(ConfigError, match="why"):
        acts.decide_certificate(actor=office.officer, certificate_id=number, certify=False)
    acts.decide_certificate(actor=office.officer, certificate_id=number, certify=False, reason="Upload fell.")
    found = queries.certificate(firm.manager, number)
    assert (found.state, found.reason, found.number) == ("refused", "Upload fell.", "")
    with pytest.raises(ConfigError, match="already"):
        acts.decide_certificate(actor=office.officer, certificate_id=number, certify=True)


def test_once_a_site_and_only_by_whom_it_belongs_to(office: Office, firm: Firm, plant: Plant) -> None:
    number = asked(firm)
    with pytest.raises(ConfigError, match="already"):
        asked(firm)
    other = Firm("other")
    for actor in (other.manager, firm.operator, office.officer):
        with pytest.raises(DeniedError):
            acts.ask_certification(actor=actor, site_id=firm.site.id, gate="test.gate", **window())
    for actor in (firm.manager, office.finance, other.manager, office.auditor):
        with pytest.raises(DeniedError):
            acts.decide_certificate(actor=actor, certificate_id=number, certify=True)
    with pytest.raises(DeniedError):
        queries.certificate(other.manager, number)
    for wrong in (window(27), window(500), window(ago=-2)):
        with pytest.raises(ConfigError, match="28 to 400"):
            asked(firm, **wrong)
    with pytest.raises(ConfigError, match="no gate"):
        asked(firm, gate="nobody.knows")


def test_a_look_back_says_whether_it_still_holds(office: Office, firm: Firm, plant: Plant) -> None:
    number = asked(firm, **window(ago=40))
    with pytest.raises(ConfigError, match="Only a certified"):
        acts.look_back(actor=office.officer, certificate_id=number)
    acts.decide_certificate(actor=office.officer, certificate_id=number, certify=True)
    assert queries.certificate(office.officer, number).standing == "due"
    plant.value = 0.2
    assert acts.look_back(actor=office.officer, certificate_id=number).state == "fails"
    site, start, end = plant.seen[-1]
    assert site == firm.site.id
    assert end - start == 30 * DAY
    assert now_us() - end < DAY
    found = queries.certificate(firm.manager, number)
    assert (found.state, found.standing) == ("certified", "fails")  # a person withdraws, not a query
    with pytest.raises(ConfigError, match="why"):
        acts.withdraw_certificate(actor=office.officer, certificate_id=number, reason=" ")
    acts.withdraw_certificate(actor=office.officer, certificate_id=number, reason="Machines were sold.")
    assert queries.certified(office.officer) == {}
    plant.value = 0.95
    again = asked(firm)  # a new request is free again
    acts.decide_certificate(actor=office.manager, certificate_id=again, certify=True)
    assert queries.certificate(firm.manager, again).number == f"{today().year}-002"


def test_certificates_of_paper_are_counted_and_marked(office: Office) -> None:
    rows = [
        PaperCertificate(Firm(f"f{i}").row.code, "一号厂房", "factory.workshop", date(2024, 11, 20), f"2024-{i:03d}")
        for i in range(39)
    ]
    assert acts.take_over_certificates(actor=office.officer, rows=rows) == 39
    assert queries.certified(office.officer) == {"factory.workshop": 39}
    assert not Certificate.objects.filter(on_paper=False).exists()
    with pytest.raises(ConfigError, match="holds this certificate already"):
        acts.take_over_certificates(actor=office.officer, rows=rows[:1])
    ahead = PaperCertificate(rows[0].firm, "二号", "factory.workshop", today() + timedelta(days=1))
    for bad, why in ((ahead, "ahead"), (PaperCertificate("nobody", "x", "factory.workshop", today()), "no firm")):
        with pytest.raises(ConfigError, match=why):
            acts.take_over_certificates(actor=office.officer, rows=[bad])
    number = Certificate.objects.first().pk
    with pytest.raises(ConfigError, match="not on the platform"):
        acts.look_back(actor=office.officer, certificate_id=number)
    with pytest.raises(DeniedError):
        acts.take_over_certificates(actor=office.finance, rows=rows[:1])


def test_the_factory_s_gates_are_the_registered_ones(office: Office, firm: Firm) -> None:
    at = window()
    report = certification.gates(firm.manager, firm.site.id, (at["start"], at["end"]))
    for one in report.gates:
        found = gates.get(f"factory.{one.name}").look(firm.manager, firm.site.id, at["start"], at["end"])
        assert (found.state, found.digest) == (one.state, report.digest)
        assert [(c.code, c.state, c.value) for c in found.checks] == [
            (c.rule.name, c.state, c.found.value) for c in one.criteria
        ]
        assert all(str(gates.get(found.gate).words(c.code)) != c.code for c in found.checks)
    with pytest.raises(ConfigError, match="Share of digital equipment"):
        acts.ask_certification(actor=firm.manager, site_id=firm.site.id, gate="factory.workshop", **at)


def test_the_way_over_the_pages(office: Office, firm: Firm, plant: Plant) -> None:
    def client(person: Any) -> Client:
        made = Client()
        made.force_login(Person.objects.get(pk=person.person_id))
        made.cookies["django_language"] = "en"
        return made

    boss, officer = client(firm.manager), client(office.officer)
    assert "Ask for a certificate" in boss.get("/programme/certificates/").content.decode()
    form = {"site": firm.site.id, "gate": "test.gate", "from": str(today() - timedelta(days=31)), "to": "soon"}
    assert "Give both days" in boss.post("/programme/certificates/", form, follow=True).content.decode()
    form["to"] = str(today() - timedelta(days=1))
    page = boss.post("/programme/certificates/", form, follow=True)
    assert "95.0 %" in page.content.decode()
    place = page.redirect_chain[-1][0]
    assert "Decide" not in page.content.decode()
    assert "Certified." in officer.post(place, {"do": "certify"}, follow=True).content.decode()
    assert f"{today().year}-001" in officer.get("/programme/certificates/").content.decode()
    assert "looked back" in officer.post(place, {"do": "look"}, follow=True).content.decode()
    assert "Plant firm" in officer.get(f"/scoreboard/firms/{firm.id}/").content.decode()
    head = "Code of the firm,Site,Certified as,Certified on,Number"
    text = "\n".join([head, "firm,老厂房,Digital workshop,2024-11-20,2024-017", ""])

    def send(**more: str) -> str:
        upload = SimpleUploadedFile("old.csv", text.encode())
        answer = officer.post("/programme/certificates/import/", {"file": upload, **more}, HTTP_HX_REQUEST="true")
        return str(answer.content.decode())

    digest = hashlib.sha256(text.encode()).hexdigest()
    assert digest in send()
    send(commit=digest)
    assert queries.certified(office.officer) == {"test.gate": 1, "factory.workshop": 1}
