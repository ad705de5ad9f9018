"""The tutorial "a shift on the line", done in a browser from the order to the shift report; it takes its pictures.

Nothing is stood in for but the machine: its samples go into the real historian, the processors and chores of the
work process run between two steps, as they do twice a second in service.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from browser.test_terminal import booked, scan, tap, until
from chanye.domains.factory.actions.machines import assign_calendar, save_calendar
from chanye.domains.factory.models import Booking, Material, Order
from chanye.domains.factory.queries.downtime import stops
from chanye.domains.factory.tasks import CHORES
from chanye.kernel.settings import get_settings
from chanye.parties.models import Membership, Person
from chanye.parties.types import SYSTEM
from chanye.spine.history import History
from chanye.trace import queries as trace
from chanye.trace.actions import commission_lot
from factory_kit import MINUTE, Plant
from mes_kit import Mes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Line(Mes):
    """The small plant of the other tests: its mill speaks, steel is in stock, the shift never ends."""

    def __init__(self, history: History) -> None:
        Person.objects.create(pk=1, username="li", name="李师傅")
        super().__init__("line")
        for role in ("operator", "manager"):
            Membership.objects.create(person_id=1, organisation=self.firm, role=role)
        Material.objects.filter(organisation=self.firm, code="P-1").update(tracking="lot")
        self.plant = object.__new__(Plant)
        self.plant.history, self.plant.firm, self.plant._sequence = history, self.firm, 0
        words = {"ACTIVE": "running", "STOPPED": "stopped"}
        self.execution = self.plant.series(self.mill, "execution", states=words)
        # it began six hours ago, whatever the hour is: what the tutorial does lies within one shift
        begun = (datetime.now(ZoneInfo("Asia/Shanghai")) - timedelta(hours=6)).strftime("%H:00")
        shift = {"name": "白班", "days": [0, 1, 2, 3, 4, 5, 6], "start": begun, "end": begun, "breaks": []}
        pattern = {"zone": "Asia/Shanghai", "shifts": [shift], "exceptions": {}}
        calendar = save_calendar(actor=SYSTEM, organisation_id=self.firm.pk, name="班次", pattern=pattern)
        assign_calendar(actor=SYSTEM, asset_id=self.site.id, calendar_id=calendar)
        commission_lot(
            actor=SYSTEM,
            organisation_id=self.firm.pk,
            material_code="STEEL",
            lot="S-2026-118",
            quantity=500,
            unit="kg",
            key="s",
            source="重钢",
        )

    def say(self, *states: tuple[int, str]) -> None:
        """Let the mill say states at moments (us UTC); processors and chores of the work process run."""
        self.plant.write(self.execution, [(at, word, 0) for at, word in states])
        for _name, _every, chore in CHORES:
            chore()


@pytest.fixture
def line(live_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    monkeypatch.setenv("CHANYE_DATA", str(tmp_path))
    get_settings.cache_clear()
    with History(get_settings().history_folder) as history:
        yield Line(history)
    monkeypatch.undo()
    get_settings.cache_clear()


def make_order(page: Page, watched: Any, line: Line) -> Order:
    """Create an order on the page and release it."""
    page.get_by_label("产品").select_option("P-1")
    page.get_by_label("数量").fill("20")
    page.get_by_label("工单号").fill("W-2026-001")
    watched.picture("shift-1-order")
    page.get_by_role("button", name="创建").click()
    page.wait_for_url("**/orders/*/")
    expect(page.get_by_role("heading", name="W-2026-001")).to_be_visible()
    page.get_by_role("button", name="下达").click()
    expect(page.locator(".head")).to_contain_text("已下达")
    watched.picture("shift-2-released")
    return until(lambda: Order.objects.filter(number="W-2026-001", state="released").first())


def work_at_the_mill(page: Page, watched: Any, line: Line) -> None:
    """Start, report, put steel in; lose the network, report, get it back; name the stop; scrap two: at the mill."""
    tap(page, "开工")
    tap(page, "+5")
    expect(page.locator("[data-good]")).to_have_text("5")
    booked(page)
    watched.picture("shift-4-terminal")
    scan(page, "S-2026-118")
    expect(page.locator("[data-field=quantity]")).to_have_text("33")
    expect(page.locator("[data-said]")).to_have_count(0)
    watched.picture("shift-4b-material")
    tap(page, "投料")
    expect(page.locator(".sheet")).to_have_count(0)  # it shuts when what was tapped is kept
    booked(page)
    page.context.set_offline(True)
    tap(page, "+10")
    tap(page, "+1")
    expect(page.locator("[data-count]")).to_have_text("本机暂存 2 条")
    watched.picture("shift-5-offline")
    page.context.set_offline(False)
    booked(page)
    expect(page.locator("[data-good]")).to_have_text("16")
    tap(page, "填写停机原因")
    watched.picture("shift-6-stop")
    tap(page, "设备故障")
    expect(page.get_by_role("button", name="填写停机原因")).to_have_count(0)
    tap(page, "报废")
    tap(page, "毛刺")
    tap(page, "全部 3")
    tap(page, "报合格 3 件")
    expect(page.get_by_text("这里没有任务")).to_be_visible()
    booked(page)


def finish_at_the_bench(page: Page, watched: Any) -> None:
    """Deburr and check; the good pieces leave the last operation as a lot."""
    for _number in (20, 30):
        tap(page, "开工")
        if _number == 30:
            page.keyboard.type("L-2026-07")
            page.keyboard.press("Enter")
            expect(page.locator("dl")).to_contain_text("L-2026-07")
            watched.picture("shift-7-check")
        tap(page, "全部 19")
        tap(page, "报合格 19 件")
        booked(page)


def test_a_shift_on_the_line(visit: Any, line: Line) -> None:
    now = time.time_ns() // 1000
    line.say((now - 60 * MINUTE, "ACTIVE"), (now - 30 * MINUTE, "STOPPED"), (now - 18 * MINUTE, "ACTIVE"))
    watched = visit("/orders/new/", (1280, 800))
    page = watched.page
    order = make_order(page, watched, line)
    page.goto(page.url.split("/orders/")[0] + f"/dispatch/{line.mill.id}/")
    expect(page.get_by_text("W-2026-001").first).to_be_visible()
    watched.picture("shift-3-dispatch")
    page.goto(page.url.split("/dispatch/")[0] + "/terminal/line-mill/")
    page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
    page.reload()
    work_at_the_mill(page, watched, line)
    outputs = until(lambda: list(Booking.objects.filter(kind="output").order_by("id")))
    assert [(row.good, row.scrap) for row in outputs] == [(5, 0), (10, 0), (1, 0), (0, 1), (3, 0)]
    assert until(lambda: line.operation(order.pk, 10)).state == "finished"
    (stop,) = stops(SYSTEM, [line.mill.id], now - 60 * MINUTE, now)
    assert [piece.reason for piece in stop.pieces] == ["breakdown"]
    page.goto(page.url.replace("line-mill", "line-bench"))
    finish_at_the_bench(page, watched)
    row = until(lambda: Order.objects.filter(number="W-2026-001", good=19).first())
    assert (row.scrap, row.quantity) == (1, 20)
    (lot,) = trace.find(SYSTEM, "L-2026-07")
    back = trace.items(SYSTEM, trace.backward(SYSTEM, lot.id).items.tolist())
    assert "S-2026-118" in {item.code for item in back}
    page.goto(page.url.split("/terminal/")[0] + "/trace/?q=L-2026-07")
    expect(page.get_by_text("L-2026-07").first).to_be_visible()
    watched.picture("shift-8-trace")
    page.goto(page.url.split("/trace/")[0] + "/shifts/")
    page.locator("[data-rows] tbody a").first.click()
    page.wait_for_url("**/shifts/*/*/")
    expect(page.get_by_text("W-2026-001").first).to_be_visible()
    expect(page.locator("main")).to_contain_text("设备故障")
    watched.picture("shift-9-report")
    assert [line for line in watched.errors if "INTERNET_DISCONNECTED" not in line] == []
