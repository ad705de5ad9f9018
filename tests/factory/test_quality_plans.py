"""Characteristics and plans: made, released, revised, taken in from a file; what is refused in words."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from chanye.domains.factory.actions import quality_plans as actions
from chanye.domains.factory.demo_quality import seed_quality
from chanye.domains.factory.gates import asked_of
from chanye.domains.factory.models import Characteristic, HoldRule, Plan
from chanye.domains.factory.types.quality import LineDraft, PlanDraft
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.parties.models import Person
from chanye.parties.types import SYSTEM, Viewer
from mes_kit import Mes

pytestmark = pytest.mark.django_db


@pytest.fixture
def mes() -> Mes:
    return Mes()


def client_of(viewer: Viewer) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(Person.objects.get(pk=viewer.person_id))
    return client


def text_of(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def characteristic(mes: Mes, code: str = "bore", **values: object) -> int:
    draft = {"name": "孔径", "kind": "variable", "unit": "mm", "digits": 3, "lower": 19.98, "upper": 20.02} | values
    return actions.save_characteristic(actor=mes.quality, organisation_id=mes.firm.pk, code=code, **draft)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"lower": 21.0}, "below the nominal"),
        ({"lower": float("nan")}, "must be numbers"),
        ({"upper": float("inf")}, "must be numbers"),
        ({"upper": 1e300}, "must be numbers"),
        ({"kind": "text"}, "chosen from a list"),
        ({"kind": "choice", "choices": [("合格", True)]}, "2 to 20 different words"),
        ({"kind": "choice", "choices": [("合格", True), ("好", True)]}, "one word that is good and one"),
        ({"gauge": "G-9"}, "no gauge"),
        ({"unit": "parsnip"}, "no unit"),
        ({"name": " "}, "a name"),
        ({"digits": 9}, "0 to 6"),
    ],
)
def test_a_characteristic_that_cannot_be_is_refused(mes: Mes, wrong: dict[str, object], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        characteristic(mes, **wrong)
    assert not Characteristic.objects.exists()


def test_a_released_plan_is_revised_never_edited(mes: Mes) -> None:
    characteristic(mes)
    client = client_of(mes.quality)
    assert "No inspection plan yet" in text_of(client, "/quality/plans/")
    sent = {"code": "IP-1", "name": "首件", "kind": "first_piece", "material": "P-1", "step": "10", "samples": "2"}
    sent |= {"gate": "1", "c-0": "bore", "upper-0": "20.01", "every": "", "do": "release"}
    assert client.post("/quality/plans/new/", sent | {"kind": "time"}).status_code == 400
    assert client.post("/quality/plans/new/", sent).status_code == 302
    first = Plan.objects.get()
    assert (first.state, first.version, first.gate) == ("released", 1, True)
    characteristic(mes, lower=19.0, upper=21.0, name="孔径 新")
    (asked,) = asked_of(first)
    assert (asked["lower"], asked["upper"], asked["samples"]) == (19.98, 20.01, 2), "released: as it was then"
    here = f"/quality/plans/{first.pk}/"
    assert "is released: revise it" in client.post(here, sent).content.decode()
    there = client.post(here, {"do": "revise"})["Location"]
    assert "is a draft already" in client.post(here, {"do": "revise"}).content.decode()
    client.post(there, sent | {"upper-0": ""})
    first.refresh_from_db()
    second = Plan.objects.get(version=2)
    assert (first.state, second.state) == ("retired", "released")
    assert asked_of(second)[0]["upper"] == 21.0
    assert "v1 Retired" in text_of(client, there)
    client.post(there, {"do": "retire"})
    assert not Plan.objects.filter(state="released").exists()
    assert client.get("/quality/plans/?as=xlsx").status_code == 200


def test_plans_and_characteristics_come_in_from_files(mes: Mes) -> None:
    client = client_of(mes.quality)
    rows = "Code,Name,Kind,Lower limit,Nominal,Upper limit,Unit,Decimals,Gauge,Critical,Method,Pick list\n"
    rows += "bore,孔径,Measured,19.98,20,20.02,mm,3,,yes,,\nlook,外观,Pick list,,,,,,,,,合格 | 毛刺 / 划伤\n"
    sent = {"file": SimpleUploadedFile("c.csv", rows.encode())}
    page = client.post("/quality/characteristics/import/", sent).content.decode()
    assert "孔径" in page
    actions.import_characteristics(
        actor=mes.quality,
        organisation_id=mes.firm.pk,
        rows=[
            {"code": "bore", "name": "孔径", "kind": "variable", "lower": 19.98, "upper": 20.02, "unit": "mm"},
            {"code": "look", "name": "外观", "kind": "choice", "words": "合格 | 毛刺 / 划伤"},
        ],
    )
    words = Characteristic.objects.get(code="look").choices
    assert [(one["name"], one["good"]) for one in words] == [("合格", True), ("毛刺", False), ("划伤", False)]
    draft = PlanDraft("IP-2", "", "count", "P-1", 10, 50, 1, lines=(LineDraft("bore"), LineDraft("look", samples=2)))
    for _again in range(2):
        actions.import_plans(actor=mes.quality, organisation_id=mes.firm.pk, drafts=[draft])
    plan = Plan.objects.get()
    assert [one["samples"] for one in asked_of(plan)] == [1, 2]
    actions.release_plan(actor=mes.quality, plan_id=plan.pk)
    actions.import_plans(actor=mes.quality, organisation_id=mes.firm.pk, drafts=[draft])
    assert list(Plan.objects.order_by("version").values_list("state", flat=True)) == ["released", "draft"]
    bad = PlanDraft("IP-3", "", "count", "P-1", 10, 50, lines=(LineDraft("weight"),))
    with pytest.raises(ConfigError, match="IP-3: There is no characteristic weight"):
        actions.import_plans(actor=mes.quality, organisation_id=mes.firm.pk, drafts=[draft, bad])
    assert Plan.objects.count() == 2


def test_who_may_and_who_may_not(mes: Mes) -> None:
    number = characteristic(mes)
    with pytest.raises(DeniedError):
        actions.save_characteristic(
            actor=mes.operator, organisation_id=mes.firm.pk, code="x", name="x", kind="variable"
        )
    other = client_of(Mes("other").quality)
    assert other.get(f"/quality/characteristics/{number}/").status_code == 404
    assert "bore" not in text_of(other, "/quality/characteristics/")
    quality = client_of(mes.quality)
    assert "bore" in text_of(quality, "/quality/characteristics/")
    assert "19.98" in quality.get(f"/quality/characteristics/{number}/").content.decode()
    assert quality.get("/quality/characteristics/import/?as=template").status_code == 200
    assert quality.get("/quality/plans/import/?as=template").status_code == 200


def test_hold_rules_by_form(mes: Mes) -> None:
    client = client_of(mes.quality)
    assert "No hold rule yet" in text_of(client, "/quality/rules/")
    sent = {"kind": "scrap_rate", "limit": "5", "window": "40", "least": "10", "material": "P-1"}
    assert client.post("/quality/rules/", sent | {"limit": "120"}).status_code == 400
    assert client.post("/quality/rules/", sent).status_code == 302
    rule = HoldRule.objects.get()
    assert (rule.limit, rule.window, rule.least) == (0.05, 40, 10)
    assert "more than 5 % of the last 40 pieces" in text_of(client, "/quality/rules/")
    client.post("/quality/rules/", sent | {"rule": str(rule.pk), "active": "0"})
    rule.refresh_from_db()
    assert not rule.active
    client.post("/quality/rules/", {"do": "drop", "rule": str(rule.pk)})
    assert not HoldRule.objects.exists()


def test_a_demo_starts_with_plans_once(mes: Mes) -> None:
    for expected in (1, 0):
        made = seed_quality(actor=SYSTEM, organisation_id=mes.firm.pk, products=[("P-1", 10), ("P-9", 10)])
        assert made == expected
    assert Plan.objects.get().state == "released"
