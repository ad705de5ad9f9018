"""The operator terminal in a browser: one tap books once, with and without a network, and says which it was."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import OperationalError
from playwright.sync_api import Page, expect

from chanye.domains.factory.actions.inbox import receive_entries
from chanye.domains.factory.actions.orders import close_order
from chanye.domains.factory.models import (
    Booking,
    Consumption,
    InboxEntry,
    Instruction,
    Material,
    OperationMaterial,
    WorkSpan,
)
from chanye.domains.factory.queries.orders import conflicts
from chanye.kernel.time import now_us
from chanye.parties.models import Membership, Person
from chanye.parties.types import SYSTEM
from chanye.trace import queries as trace
from chanye.trace.actions import commission_lot
from mes_kit import Mes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def mes() -> Mes:
    person = Person.objects.create(pk=1, username="li", name="李师傅")
    made = Mes()
    Membership.objects.create(person=person, organisation=made.firm, role="operator")
    return made


def until(holds: Callable[[], Any], seconds: float = 8.0) -> Any:
    """Wait until something holds and return it."""
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OperationalError):  # the server shares these records and is writing
            if found := holds():
                return found
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def tablet(visit: Any, mes: Mes) -> Iterator[Any]:
    """Return ``open(path)``: a tablet at the mill; the service worker has taken over when it is asked for."""

    def go(
        path: str = "/terminal/mes-mill/", *, worker: bool = False, size: tuple[int, int] = (1280, 800), **more: Any
    ) -> Any:
        watched = visit(path, size, **more)
        if worker:
            watched.page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
        return watched

    return go


def tap(page: Page, name: str, **more: Any) -> None:
    page.get_by_role("button", name=name, **more).first.click()


def begin(page: Page) -> None:
    """Start the first operation and wait until that is booked."""
    tap(page, "开工")
    expect(page.get_by_role("button", name="+1").first).to_be_visible()
    booked(page)


def booked(page: Page) -> None:
    """Wait until nothing waits on the tablet."""
    expect(page.locator("[data-link=fine] [data-count]")).to_have_text("全部已报工", timeout=10_000)


def test_a_tap_starts_counts_and_finishes(tablet: Any, mes: Mes) -> None:
    order = mes.order("W-1", 4)
    watched = tablet()
    page = watched.page
    expect(page.get_by_role("button", name="开工")).to_be_visible()
    watched.picture("terminal-list")
    tap(page, "开工")
    expect(page.locator("[data-said=booked]")).to_be_visible()
    watched.picture("terminal-run")
    page.get_by_role("button", name="+1").dblclick()  # one finger, two taps
    expect(page.locator("[data-good]")).to_have_text("1")
    tap(page, "报废")
    watched.picture("terminal-scrap")
    tap(page, "毛刺")
    tap(page, "数量")
    tap(page, "2", exact=True)
    watched.picture("terminal-number")
    tap(page, "报合格 2 件")
    expect(page.get_by_text("这里没有任务")).to_be_visible()
    booked(page)
    page.close()
    mill = until(lambda: mes.operation(order, 10))
    assert (mill.state, mill.good, mill.scrap) == ("finished", 3, 1)
    assert Booking.objects.filter(kind="output").count() == 3
    assert watched.errors == []


def test_a_shift_without_a_network_is_booked_once_with_both_times(tablet: Any, mes: Mes) -> None:
    mes.order("W-1", 40)
    watched = tablet(worker=True)
    page, context = watched.page, watched.page.context
    begin(page)
    context.set_offline(True)
    tap(page, "+1")
    expect(page.locator("[data-said=kept]")).to_be_visible()
    tap(page, "+5")
    expect(page.locator("[data-good]")).to_have_text("6")
    expect(page.locator("[data-count]")).to_have_text("本机暂存 2 条")
    expect(page.locator("[data-link]")).to_contain_text("离线")
    watched.picture("terminal-offline")
    page.reload()  # the page comes from the worker, the screen and the queue from the tablet
    expect(page.locator("[data-good]")).to_have_text("6")
    other = context.new_page()  # a second tab on the same queue
    other.goto(page.url)
    expect(other.locator("[data-count]")).to_have_text("本机暂存 2 条")
    tap(other, "+10")
    expect(page.locator("[data-good]")).to_have_text("16")
    page.get_by_text("本机暂存 3 条").click()
    watched.picture("terminal-queue")
    tap(page, "关闭")
    assert not Booking.objects.filter(kind="output").exists()
    other.close()
    back = now_us()

    def lose(route: Any) -> None:  # the server books, the answer is lost on its way
        route.fetch()
        route.abort()

    page.route("**/terminal/inbox", lose, times=1)
    context.set_offline(False)
    booked(page)
    expect(page.locator("[data-good]")).to_have_text("16")
    page.close()
    rows = until(lambda: list(Booking.objects.filter(kind="output").order_by("id")))
    assert [row.good for row in rows] == [1, 5, 10]
    assert [row.event_at for row in rows] == sorted(row.event_at for row in rows)
    assert all(row.event_at < back <= row.received_at for row in rows)
    assert InboxEntry.objects.filter(kind="output").count() == 3


def test_what_is_refused_stays_until_it_is_seen_and_settled(tablet: Any, mes: Mes) -> None:
    order = mes.order("W-1", 3)
    watched = tablet()
    page, context = watched.page, watched.page.context
    begin(page)
    context.set_offline(True)
    tap(page, "+1")
    expect(page.locator("[data-count]")).to_have_text("本机暂存 1 条")
    close_order(actor=mes.planner, order_id=order, short=True)
    context.set_offline(False)
    expect(page.locator("[data-link=bad]")).to_contain_text("1 条被拒")
    page.reload()
    page.locator("[data-link=bad]").click()
    expect(page.locator(".queue .refused em")).to_contain_text("W-1")
    watched.picture("terminal-refused")
    tap(page, "已看")
    booked(page)
    page.goto(page.url.replace("/terminal/mes-mill/", "/conflicts/"))
    watched.picture("conflicts")
    page.locator("[data-rows] tbody a").first.click()
    watched.picture("conflict")
    page.get_by_label("做了什么").fill("已改报到工单 W-2")
    tap(page, "已正确报工")
    expect(page.locator(".toast")).to_be_visible()
    page.close()
    assert until(lambda: conflicts(mes.planner, mes.firm.pk) == [])


def test_a_wrong_clock_is_put_right_and_refused_when_sent_raw(tablet: Any, mes: Mes, visit: Any) -> None:
    order = mes.order("W-1", 3)
    watched = tablet("/terminal/")
    page = watched.page
    page.add_init_script("{ const right = Date.now; Date.now = () => right() + 86_400_000; }")
    watched.picture("terminal-places")
    page.get_by_role("link", name="mes-mill mes-mill").click()
    tap(page, "开工")
    tap(page, "+1")
    expect(page.locator("[data-good]")).to_have_text("1")
    booked(page)
    raw = {"key": "raw", "kind": "output", "operation": mes.operation(order, 10).pk, "good": 1}
    answer = page.evaluate(
        """async (raw) => (await (await fetch("/terminal/inbox", {method: "POST",
        headers: {"X-CSRFToken": /csrftoken=([^;]+)/.exec(document.cookie)[1]},
        body: JSON.stringify({entries: [{...raw, event_at: Date.now() * 1000}]})})).json()).outcomes[0]""",
        raw,
    )
    assert answer["outcome"] == "refused"
    page.close()
    (row,) = Booking.objects.filter(kind="output")
    assert abs(row.event_at - row.received_at) < 5_000_000


def test_codes_badges_calls_and_notes(tablet: Any, mes: Mes) -> None:
    mes.order("W-1", 3)
    mes.order("W-2", 3)
    pages = [{"text": "夹紧", "confirm": True}]
    Instruction.objects.create(revision=mes.product, step=10, version=1, state="released", title="夹紧", pages=pages)
    watched = tablet()
    page = watched.page
    expect(page.get_by_role("button", name="开工").first).to_be_visible()

    scan(page, "mes-operator")
    expect(page.locator("header .person")).to_contain_text("operator")
    tap(page, "开工")
    tap(page, "我已阅读")
    expect(page.get_by_role("button", name="+1").first).to_be_visible()
    scan(page, "L-2026-07")
    tap(page, "之后所报工件的批次")
    expect(page.locator("dl")).to_contain_text("L-2026-07")
    tap(page, "计数器")
    for digit in "12":
        tap(page, digit, exact=True)
    page.locator("[data-name=from]").click()
    for digit in "10":
        tap(page, digit, exact=True)
    watched.picture("terminal-counter")
    tap(page, "报合格 2 件")
    expect(page.locator("[data-good]")).to_have_text("2")
    booked(page)
    expect(page.locator(".last")).to_contain_text("合格 2")
    tap(page, "撤销")
    expect(page.locator("[data-good]")).to_have_text("0")
    tap(page, "呼叫")
    tap(page, "维修")
    expect(page.locator(".notice.call")).to_contain_text("尚无人到场")
    tap(page, "交接班")
    page.locator("textarea").fill("三号刀已换 <b>")
    tap(page, "留言")
    expect(page.locator(".sheet")).to_have_count(0)
    booked(page)
    expect(page.locator(".notice.note")).to_have_count(0)  # the next one reads it
    scan(page, "mes-planner")
    expect(page.locator(".notice.note")).to_contain_text("三号刀已换 <b>")
    watched.picture("terminal-notices")
    tap(page, "已到场")
    tap(page, "已解决")
    expect(page.locator(".notice.call")).to_have_count(0)
    scan(page, "mes-bench")
    page.wait_for_url("**/terminal/mes-bench/")
    booked(page)
    page.close()
    first = until(lambda: Booking.objects.filter(kind="output").select_related("person").get())
    assert (first.person.username, first.lot, first.good) == ("mes-operator", "L-2026-07", 2)
    assert Booking.objects.filter(reverses=first).exists()
    assert InboxEntry.objects.filter(kind="confirm", outcome="booked").count() == 1


def test_a_full_tablet_says_so_and_pretends_nothing(tablet: Any, mes: Mes) -> None:
    mes.order("W-1", 3)
    watched = tablet()
    page = watched.page
    page.evaluate(
        "() => { IDBObjectStore.prototype.add = () => { throw new DOMException('full', 'QuotaExceededError') } }"
    )
    tap(page, "开工")
    expect(page.locator("[data-said=lost]")).to_contain_text("存储已满")
    watched.picture("terminal-full")
    page.close()
    assert not InboxEntry.objects.exists()


def scan(page: Page, code: str) -> None:
    """What a hand scanner does: it types fast, then Enter; its keys carry the device's time."""
    page.evaluate(
        """(code) => { const began = performance.now(); [...code, "Enter"].forEach((key, n) => {
        const event = new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true});
        Object.defineProperty(event, "timeStamp", {value: began + 5 * n});
        (document.activeElement || document.body).dispatchEvent(event); }) }""",
        code,
    )


def test_a_scan_right_after_a_tap_counts_on_it_on_a_slow_tablet(tablet: Any, mes: Mes) -> None:
    mes.order("W-1", 20)
    for lot in ("S-2026-117", "S-2026-118"):
        commission_lot(
            actor=SYSTEM,
            organisation_id=mes.firm.pk,
            material_code="STEEL",
            lot=lot,
            quantity=8,
            unit="kg",
            key=lot,
        )
    page = tablet(worker=True).page
    begin(page)
    booked(page)
    page.evaluate(
        """() => { const put = terminalQueue.put;
        terminalQueue.put = (...entry) => new Promise((kept) => setTimeout(() => kept(put(...entry)), 800)); }"""
    )
    scan(page, "S-2026-117")
    expect(page.locator("[data-field=quantity]")).to_have_text("8")
    tap(page, "投料")
    scan(page, "S-2026-117")
    expect(page.locator("[data-field=quantity]")).to_have_text("0")  # the lot is used up by the tap before
    page.close()


def test_material_is_put_in_by_its_label_and_by_tap_without_a_network_too(tablet: Any, mes: Mes) -> None:
    order = mes.order("W-1", 20)
    oil = Material.objects.create(organisation=mes.firm, code="OIL", name="切削液", kind="raw", unit="L")
    OperationMaterial.objects.create(operation=mes.operation(order, 10), component=oil, quantity=0.1)
    for lot, quantity in (("S-2026-117", 8), ("S-2026-118", 500)):
        commission_lot(
            actor=SYSTEM,
            organisation_id=mes.firm.pk,
            material_code="STEEL",
            lot=lot,
            quantity=quantity,
            unit="kg",
            key=lot,
        )
    watched = tablet(worker=True)
    page, context = watched.page, watched.page.context
    begin(page)
    context.set_offline(True)
    scan(page, "https://plant.example/trace/of/STEEL/S-2026-117/")
    expect(page.locator("[data-field=quantity]")).to_have_text("8")  # all that is left of the lot
    tap(page, "投料")
    scan(page, "S-2026-118")
    expect(page.locator("[data-field=quantity]")).to_have_text("25")  # what is still wanted of 33
    watched.picture("terminal-put")
    for digit in ("2", ".", "5"):
        tap(page, digit, exact=True)
    tap(page, "投料")
    expect(page.locator("[data-said=kept]")).to_contain_text("S-2026-118 2.5 kg")
    scan(page, "S-UNKNOWN")
    watched.picture("terminal-ask")
    tap(page, "钢棒 的批次")
    tap(page, "投料")
    tap(page, "物料")
    expect(page.locator(".needs li").nth(1)).to_contain_text("33 / 33 kg")
    watched.picture("terminal-material")
    page.locator(".needs li").first.get_by_role("button").click()
    tap(page, "投料")
    expect(page.locator("[data-count]")).to_have_text("本机暂存 4 条")
    context.set_offline(False)
    expect(page.locator("[data-link=bad]")).to_contain_text("1 条被拒")
    tap(page, "1 条被拒")
    expect(page.locator(".queue .refused em")).to_contain_text("S-UNKNOWN")
    tap(page, "已看")
    booked(page)
    tap(page, "关闭")
    context.set_offline(True)
    tap(page, "物料")
    watched.picture("terminal-put-last")
    page.locator(".needs.put li", has_text="S-2026-118").get_by_role("button", name="撤销").dblclick()
    expect(page.locator(".sheet .hint")).to_contain_text("实际投入的料")
    expect(page.locator(".needs li").nth(1)).to_contain_text("8 / 33 kg")
    watched.picture("terminal-put-again")
    tap(page, "S-2026-118")
    expect(page.locator("[data-field=quantity]")).to_have_text("25")
    tap(page, "投料")
    expect(page.locator("[data-count]")).to_have_text("本机暂存 2 条")
    tap(page, "物料")
    page.locator(".needs.put li", has_text="切削液").get_by_role("button").click()
    tap(page, "关闭")
    expect(page.locator("[data-count]")).to_have_text("本机暂存 3 条")
    context.set_offline(False)
    booked(page)
    page.close()
    rows = until(lambda: list(Consumption.objects.order_by("id").values_list("component__code", "lot", "quantity")))
    assert rows == [
        ("STEEL", "S-2026-117", 8),
        ("STEEL", "S-2026-118", 2.5),
        ("OIL", "", 2),
        ("STEEL", "S-2026-118", -2.5),
        ("STEEL", "S-2026-118", 25),
        ("OIL", "", -2),
    ]
    wrong, right = Consumption.objects.filter(lot="S-2026-118", quantity__gt=0).order_by("id")
    assert right.event_at == wrong.event_at  # it counts from when it went in
    assert trace.find(SYSTEM, "S-2026-118")[0].left == 475
    assert [line for line in watched.errors if "INTERNET_DISCONNECTED" not in line] == []


def test_serials_are_scanned_once_each_and_two_people_work(tablet: Any, mes: Mes) -> None:
    Material.objects.filter(code="P-1").update(tracking="serial")
    order = mes.order("W-1", 3)
    for step in (10, 20):
        entry = {"key": f"o{step}", "kind": "output", "event_at": now_us(), "good": 3}
        entry |= {"operation": mes.operation(order, step).pk}
        receive_entries(actor=mes.operator, organisation_id=mes.firm.pk, terminal="T", entries=[entry])
    watched = tablet("/terminal/mes-bench/")
    page = watched.page
    tap(page, "开工")
    expect(page.get_by_role("button", name="扫序列号")).to_be_visible()
    expect(page.get_by_role("button", name="数量")).to_have_count(0)
    watched.picture("terminal-serial")
    scan(page, "N-001")
    scan(page, "N-001")
    expect(page.locator("[data-said=refused]")).to_contain_text("N-001 已经扫过")
    scan(page, "N-002")
    expect(page.locator("[data-said=hint]")).to_contain_text("N-002")
    watched.picture("terminal-serials")
    page.reload()  # what was scanned is kept
    tap(page, "扫序列号")
    tap(page, "报合格 2 件")
    expect(page.locator("[data-good]")).to_have_text("2")
    scan(page, "N-002")
    expect(page.locator("[data-said=refused]")).to_contain_text("N-002 已经扫过")
    tap(page, "关闭")
    scan(page, "mes-planner")
    tap(page, "加入")
    expect(page.locator("dl")).to_contain_text("李师傅, planner")
    booked(page)
    watched.picture("terminal-two")
    tap(page, "离开")
    expect(page.get_by_role("button", name="加入")).to_be_visible()
    booked(page)
    page.close()
    row = until(lambda: Booking.objects.filter(kind="output", operation__number=30).first())
    assert (row.good, len(trace.find(SYSTEM, "N-001")), len(trace.find(SYSTEM, "N-002"))) == (2, 1, 1)
    spans = {span.person.username: span.end for span in WorkSpan.objects.select_related("person")}
    assert (spans["li"], spans["mes-planner"] is not None) == (None, True)
    assert mes.operation(order, 30).state == "running"
