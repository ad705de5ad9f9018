"""One inspection on the tablet: typed, kept while the network is away, booked when it is back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, expect

from chanye.domains.factory.actions import bookings, incoming, nonconformance, quality_plans
from chanye.domains.factory.actions.bookings import Report
from chanye.domains.factory.models import HoldRule, Inspection, Tool
from chanye.domains.factory.types.quality import LineDraft, PlanDraft
from chanye.kernel.time import DAY, now_us
from chanye.parties.models import Person
from mes_kit import Mes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mes(live_server: Any) -> Mes:
    mes = Mes()
    Tool.objects.create(
        organisation=mes.firm, code="G-1", name="内径千分表", kind="gauge", calibrated_until=now_us() + DAY
    )
    save = {"actor": mes.quality, "organisation_id": mes.firm.pk}
    quality_plans.save_characteristic(
        code="d",
        name="外径 Ø10",
        kind="variable",
        unit="mm",
        digits=3,
        lower=9.9,
        nominal=10,
        upper=10.1,
        gauge="G-1",
        **save,
    )
    quality_plans.save_characteristic(
        code="look", name="外观", kind="choice", choices=[("合格", True), ("裂纹", False)], **save
    )
    for kind, material, every in (("incoming", "STEEL", None), ("count", "P-1", 20)):
        draft = PlanDraft(kind, "来料", kind, material, 10, every, 1, lines=(LineDraft("d"), LineDraft("look")))
        quality_plans.release_plan(actor=mes.quality, plan_id=quality_plans.save_plan(draft=draft, **save))
    incoming.receive_lot(
        actor=mes.operator,
        organisation_id=mes.firm.pk,
        material="STEEL",
        lot="H-1",
        quantity=500,
        supplier="重钢",
        key="1",
    )
    return mes


def sign_in(context: Any, live_server: Any, mes: Mes) -> None:
    client = Client()
    client.force_login(Person.objects.get(pk=mes.quality.person_id))
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])


def test_an_inspection_is_kept_offline_and_booked_once(mes: Mes, live_server: Any, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="zh-CN", has_touch=True)
    sign_in(context, live_server, mes)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    row = Inspection.objects.get()
    page.goto(f"{live_server.url}/inspections/{row.pk}/inspect/")
    for key in "10.3":
        page.click(f'[data-key="{key}"]')
    expect(page.locator(".verdict")).to_have_text("✕ 偏大")
    shot(page, "inspect")
    page.click('[data-key="⌫"]')
    page.click('[data-key="0"]')
    expect(page.locator(".verdict")).to_have_text("✓ 合格")
    page.click('[data-act="next"]')
    page.click("text=裂纹")
    shot(page, "inspect-review")
    context.set_offline(True)
    page.click('[data-act="book"]')
    expect(page.locator(".said").first).to_contain_text("已存在本机")
    assert Inspection.objects.get().state == "open"
    context.set_offline(False)
    page.wait_for_url(f"{live_server.url}/inspections/{row.pk}/")
    expect(page.locator("h1 + .pill")).to_contain_text("拒收")
    shot(page, "inspection")
    assert Inspection.objects.get().measurements.count() == 2
    assert not faults
    if os.environ.get("CHANYE_SCREENSHOTS"):
        look_around(mes, live_server, browser, row.pk)
    context.close()


def shot(page: Any, name: str) -> None:
    folder = os.environ.get("CHANYE_SCREENSHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def look_around(mes: Mes, live_server: Any, browser: Browser, number: int) -> None:
    """Take pictures of the other pages, wide and narrow, light and dark."""
    HoldRule.objects.create(organisation=mes.firm, kind="scrap_rate", window=20, least=10, limit=0.1)
    order = mes.order()
    at = Report(now_us(), now_us(), mes.mill.id, mes.operator.person_id)
    operation = mes.operation(order, 10).pk
    bookings.report_output(actor=mes.operator, operation_id=operation, at=at, good=40, scrap=6, reason="burr")
    case = nonconformance.report_nonconformance(
        actor=mes.operator, organisation_id=mes.firm.pk, title="钢棒表面裂纹", inspection_id=number, severity="major"
    )
    nonconformance.contain_nonconformance(actor=mes.quality, case_id=case, containment="隔离，全检")
    plan = Inspection.objects.get(pk=number).plan_id
    places = {
        "quality-board": "/quality/",
        "inspections": "/inspections/",
        "quality-plan": f"/quality/plans/{plan}/",
        "quality-plan-new": "/quality/plans/new/",
        "characteristics": "/quality/characteristics/",
        "hold-rules": "/quality/rules/",
        "case": f"/quality/cases/{case}/",
        "case-print": f"/quality/cases/{case}/print/",
        "receive": "/inspections/receive/",
    }
    for look, size, scheme, locale in (("", (1440, 900), "light", "zh-CN"), ("-narrow", (390, 844), "dark", "en-US")):
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, locale=locale, color_scheme=scheme
        )
        sign_in(context, live_server, mes)
        page = context.new_page()
        for name, address in places.items():
            page.goto(live_server.url + address)
            page.screenshot(path=str(Path(os.environ["CHANYE_SCREENSHOTS"]) / f"{name}{look}.png"), full_page=True)
        context.close()
