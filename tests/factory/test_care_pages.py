"""Pages of maintenance and energy: every one opens in both languages, forms do what they say, files come out."""

from __future__ import annotations

import io
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook
from PIL import Image

from chanye.domains.factory.demo_care import seed_energy, seed_maintenance
from chanye.domains.factory.models import (
    EmissionFactor,
    MaintenanceOrder,
    MaintenancePlan,
    Meter,
    SparePart,
    TariffPeriod,
)
from chanye.kernel.time import now_us
from chanye.parties import actions as parties
from chanye.parties.models import Person
from chanye.parties.types import SYSTEM, Viewer
from chanye.spine.actions import ensure_series
from chanye.spine.types import SeriesDraft
from factory_kit import GOOD, HOUR, MINUTE


@pytest.fixture
def shop(plant):
    machine = plant.machine("m1")
    now = now_us()
    state = plant.series(machine, "execution", states={"ACTIVE": "running", "READY": "waiting"})
    plant.write(state, [(now - 2 * HOUR, "ACTIVE", GOOD), (now - HOUR, "READY", GOOD)], work=False)
    energy = ensure_series(
        actor=SYSTEM, asset_id=machine.id, draft=SeriesDraft(code="e", kind="counter", unit="kW.h", role="energy")
    )
    plant.write(energy, [(now - 2 * HOUR + i * MINUTE, 0.1 * i, GOOD) for i in range(120)])
    seed_maintenance(actor=SYSTEM, site_id=plant.site.id)
    seed_energy(actor=SYSTEM, site_id=plant.site.id)
    return plant, machine


def client_of(plant, role: str) -> Client:
    number = parties.create_person(
        actor=SYSTEM, organisation_id=plant.firm.pk, username=f"{plant.firm.code}-{role}", name=role, role=role,
        password="correct horse 9",
    )  # fmt: skip
    client = Client()
    client.force_login(Person.objects.get(pk=number))
    return client


def test_every_page_opens_in_both_languages(shop) -> None:
    plant, machine = shop
    client = client_of(plant, "engineer")
    plan = MaintenancePlan.objects.order_by("id").last()
    client.post(reverse("maintenance-plan-order", args=[plan.pk]))
    order = MaintenanceOrder.objects.order_by("id").last()
    pages = [
        *(reverse(name) for name in ("maintenance", "maintenance-orders", "maintenance-new", "maintenance-due")),
        *(reverse(name) for name in ("maintenance-plan-new", "spare-parts", "reliability")),
        reverse("maintenance-order", args=[order.pk]),
        reverse("maintenance-plan", args=[plan.pk]),
        reverse("maintenance-asset", args=[machine.id]),
        reverse("energy-site", args=[plant.site.id]),
        reverse("energy-site", args=[plant.site.id]) + "?range=7d",
        reverse("energy-settings", args=[plant.site.id]),
        reverse("energy-machine", args=[machine.id]),
    ]
    for language, word in (("zh-hans", "保养"), ("en", "Maintenance")):
        client.cookies["django_language"] = language
        for page in pages:
            answer = client.get(page)
            assert answer.status_code == 200, page
            assert word in answer.content.decode(), page
    assert client.get(reverse("energy")).status_code == 302
    for page in ("maintenance-orders", "maintenance-due", "spare-parts", "reliability"):
        book = load_workbook(io.BytesIO(b"".join(client.get(reverse(page) + "?as=xlsx").streaming_content)))
        assert book.active.max_row > 1, page
    sheet = client.get(reverse("energy-site", args=[plant.site.id]) + "?as=xlsx")
    assert load_workbook(io.BytesIO(b"".join(sheet.streaming_content))).active.max_column >= 15


def test_a_technician_goes_through_an_order_on_the_phone(shop) -> None:
    plant, machine = shop
    tech, boss = client_of(plant, "maintenance"), client_of(plant, "manager")
    sent = {"asset": machine.id, "title": "主轴异响", "priority": "1", "down": "1", "kind": "corrective", "key": "k1"}
    sent["at"] = str(now_us())
    assert boss.post(reverse("maintenance-new"), sent).status_code == 302
    assert boss.post(reverse("maintenance-new"), sent).status_code == 302
    assert MaintenanceOrder.objects.filter(title="主轴异响").count() == 1
    assert boss.post(reverse("maintenance-new"), sent | {"title": "", "key": "k2"}).status_code == 400
    plan = MaintenancePlan.objects.get(name="500 小时保养")
    tech.post(reverse("maintenance-plan-order", args=[plan.pk]))
    order = MaintenanceOrder.objects.get(plan=plan)
    change = reverse("maintenance-change", args=[order.pk])
    assert tech.post(change, {"do": "start"}).status_code == 400  # not locked out
    assert tech.post(change, {"do": "start", "locked_out": "1"}).status_code == 302
    assert tech.post(change, {"do": "step", "position": "1", "result": "pass"}).status_code == 400  # no picture
    shot = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(shot, "PNG")
    shot.seek(0)
    shot.name = "filter.png"
    step = {"do": "step", "position": "1", "result": "pass", "picture": shot}
    assert tech.post(change, step).status_code == 302
    assert tech.post(change, {"do": "step", "position": "2", "value": "abc"}).status_code == 400
    assert tech.post(change, {"do": "step", "position": "2", "value": "6,5"}).status_code == 302
    for position in (3, 4):
        tech.post(change, {"do": "step", "position": position, "result": "pass"})
    part = SparePart.objects.get(code="FLT-HYD-10")
    for _ in range(2):
        assert tech.post(change, {"do": "part", "part": part.pk, "quantity": "1", "key": "p"}).status_code == 302
    part.refresh_from_db()
    assert part.stock == 4
    assert tech.post(change, {"do": "wait", "reason": ""}).status_code == 400
    assert tech.post(change, {"do": "finish", "remedy": "已换", "other_cost": "12.50"}).status_code == 302
    assert tech.post(change, {"do": "verify"}).status_code == 400
    assert boss.post(change, {"do": "verify"}).status_code == 302
    assert boss.post(change, {"do": "dance"}).status_code == 400
    order.refresh_from_db()
    assert (order.state, order.other_cost) == ("verified", 1250)
    assert [(step.value, step.result) for step in order.steps.all()][1] == (6.5, "pass")


def test_forms_of_plans_parts_meters_factors_and_tariffs(shop) -> None:
    plant, machine = shop
    client = client_of(plant, "engineer")
    steps = "清洁\n*主轴温度 | Cel | 10 | 60"
    plan = {"asset": machine.id, "name": "月保", "trigger": "time", "every": "1", "unit": "mo", "steps": steps}
    assert client.post(reverse("maintenance-plan-new"), plan | {"every": "x"}).status_code == 400
    assert client.post(reverse("maintenance-plan-new"), plan).status_code == 302
    made = MaintenancePlan.objects.get(name="月保")
    assert made.steps[1] == {
        "text": "主轴温度", "kind": "value", "unit": "Cel", "low": 10, "high": 60, "required": True, "photo": True,
    }  # fmt: skip
    assert "*主轴温度 | Cel | 10 | 60" in client.get(reverse("maintenance-plan", args=[made.pk])).content.decode()
    part = {"do": "save", "code": "X-1", "name": "密封圈", "minimum": "2", "price": "3.20"}
    assert client.post(reverse("spare-parts"), part).status_code == 302
    spare = SparePart.objects.get(code="X-1")
    assert client.post(reverse("spare-parts"), {"do": "move", "part": spare.pk, "quantity": "4"}).status_code == 302
    assert client.post(reverse("spare-parts"), {"do": "move", "part": spare.pk, "quantity": "-9"}).status_code == 200
    settings = reverse("energy-settings", args=[plant.site.id])
    factor = {"do": "factor", "carrier": "gas", "kg_per_kwh": "0.2", "year": "2022", "valid_from": "2024-01-01"}
    assert client.post(settings, factor).status_code == 400
    assert client.post(settings, factor | {"source": "test"}).status_code == 302
    assert EmissionFactor.objects.get(carrier="gas").kg_per_kwh == 0.2
    tariff = {
        "do": "tariff",
        "valid_from": "2025-01-01",
        "periods": "flat 00:00-24:00 0.6\npeak 08:00-12:00 0.9512 7,8",
    }
    assert client.post(settings, tariff).status_code == 302
    row = TariffPeriod.objects.get(band="peak", valid_from=date(2025, 1, 1))
    assert (row.start, row.end, row.price, row.months) == (480, 720, 95_120, [7, 8])
    for wrong in ("peak", "peak 8-12 0.9", "peak 08:00-12:00 x", "noon 08:00-12:00 1"):
        assert client.post(settings, tariff | {"periods": wrong}).status_code == 400
    meter = Meter.objects.get()
    assert client.post(settings, {"do": "drop", "meter": meter.pk}).status_code == 302
    assert client.post(settings, {"do": "adopt"}).status_code == 302
    assert client.post(settings, {"do": "adopt"}).status_code == 400


def test_operators_report_and_others_of_the_firm_do_not_change_energy(shop) -> None:
    plant, machine = shop
    operator = client_of(plant, "operator")
    assert operator.get(reverse("maintenance")).status_code == 200
    sent = {"asset": machine.id, "title": "漏油", "key": "o1"}
    assert operator.post(reverse("maintenance-new"), sent).status_code == 302
    assert operator.post(reverse("energy-settings", args=[plant.site.id]), {"do": "adopt"}).status_code in (403, 404)
    order = MaintenanceOrder.objects.get(title="漏油")
    answer = operator.post(reverse("maintenance-change", args=[order.pk]), {"do": "start"})
    assert answer.status_code in (403, 404)


def test_the_same_over_the_api(shop) -> None:
    plant, machine = shop
    client = client_of(plant, "engineer")
    person = Person.objects.get(username=f"{plant.firm.code}-engineer").pk
    viewer = Viewer(person, plant.firm.pk, frozenset({"engineer"}), name="engineer")
    _number, secret = parties.create_api_token(actor=viewer, name="erp", expires_at=None)

    def post(path: str, **sent: object):
        headers = {"authorization": f"Bearer {secret}"}
        return client.post(f"/api/v1{path}", sent, content_type="application/json", headers=headers)

    made = post("/maintenance/orders", asset_id=machine.id, title="漏油", steps=[{"text": "看"}], key="a")
    assert made.status_code == 201, made.content
    number = made.json()["id"]
    again = {"asset_id": machine.id, "title": "漏油", "steps": [{"text": "看"}], "key": "a"}
    assert post("/maintenance/orders", **again).json()["id"] == number
    orders = f"/maintenance/orders/{number}"
    assert post(f"{orders}/deeds", verb="finish").status_code == 422
    assert post(f"{orders}/deeds", verb="start").json()["state"] == "in_progress"
    assert post(f"{orders}/steps/1", result="fail").status_code == 422
    assert post(f"{orders}/steps/1", result="fail", note="滴油").json()["steps"][0]["result"] == "fail"
    assert post(f"{orders}/deeds", verb="finish", note="换垫").json()["state"] == "done"
    assert post(f"{orders}/deeds", verb="verify").status_code == 422
    listed = client.get("/api/v1/maintenance/orders?state=open").json()
    assert number not in [row["id"] for row in listed]
    assert {plan["name"] for plan in client.get("/api/v1/maintenance/plans").json()} == {"周点检", "500 小时保养"}
    assert client.get("/api/v1/maintenance/spares?low=true").json()[0]["code"] == "VBELT-A1250"
    now = now_us()
    window = f"?start={now - 3 * HOUR}&end={now}"
    assert client.get(f"/api/v1/machines/{machine.id}/reliability{window}").json()["mtbf"]["value"] is None
    found = client.get(f"/api/v1/sites/{plant.site.id}/energy{window}").json()
    assert found["total"]["joule"] == found["allocated"]["joule"] + found["unallocated"]["joule"] > 0
    assert found["total"]["kg"] == pytest.approx(found["total"]["kwh"] * 0.5366)
    factors = client.get(f"/api/v1/sites/{plant.site.id}/energy/factors").json()
    assert "生态环境部" in factors[0]["source"]
    tariff = {"valid_from": "2026-01-01", "periods": [{"band": "flat", "start": 0, "end": 0, "price": 1}]}
    assert post(f"/sites/{plant.site.id}/energy/tariff", **tariff).json() == {"count": 1}
