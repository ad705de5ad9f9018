"""A yuan's way, done in a browser by the people it passes: from the call to the public page.

Nothing is stood in for but the firm's plant, which the twin plays: its counters come by files, those after the
upgrade only when the upgrade is done. The calendar alone is moved, between the steps.
"""

from __future__ import annotations

import time as clock
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from browser import plant as plants
from chanye.cli.demo.district import DistrictSite, ensure_district
from chanye.connectors.file.importer import import_deliveries
from chanye.connectors.file.mapping import parse_map
from chanye.connectors.file.target import Target
from chanye.domains.programme.models import Agreement, Claim
from chanye.evidence.models import Effect
from chanye.kernel import time as kernel_time
from chanye.kernel.settings import get_settings
from chanye.parties.models import Person
from chanye.parties.types import SYSTEM
from chanye.spine.history import History
from chanye.twin.district.catalogue import Firm
from chanye.twin.district.counters import mapping, write
from chanye.twin.district.model import District, make

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ZONE = ZoneInfo("Asia/Shanghai")
DAYS = 1000
#: The firm whose upgrade saves energy; its meter is exchanged in the middle of the time measured.
INDEX = 9
PICTURE = b"\x89PNG\r\n\x1a\nphoto"


class Story:
    """The district, its calendar, and the browsers of its people."""

    def __init__(self, visit: Any, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, history: History) -> None:
        today = datetime.now(ZONE).date()
        self.district: District = make(today - timedelta(days=DAYS), DAYS, count=INDEX + 1)
        self.firm: Firm = self.district.firms[INDEX]
        self.url, self.visit, self.folder, self.history = url, visit, folder, history
        self.moved = 0
        monkeypatch.setattr(
            kernel_time, "_time", SimpleNamespace(time_ns=lambda: clock.time_ns() + self.moved * 1000)
        )
        self.go_to(0)
        self.site: DistrictSite = ensure_district(self.district)
        said = [pq.read_table(path) for firm, path in write(self.district, folder) if firm.index == INDEX]
        self.said = pa.concat_tables(said)
        self.desks: dict[str, Any] = {}
        assert self.firm.upgrade is not None
        self.upgrade, self.told, self.case, self.award = self.firm.upgrade, 0, 0, ""
        self.manager = f"{self.firm.code}-manager"

    def go_to(self, day: int) -> None:
        """Move the calendar to the noon of a day of the twin."""
        self.moved += self.district.moment(day) + 43_200_000_000 - kernel_time.now_us()

    def deliver(self) -> None:
        """Import what the plant has said since the last file, as a file."""
        now = kernel_time.now_us()
        at = self.said["time"].to_numpy()
        path = self.folder / f"until-{now}.parquet"
        pq.write_table(self.said.filter(pa.array((at >= self.told) & (at < now))), path)
        place, self.told = self.site.firms[self.firm.code], now
        target = Target(place.organisation, place.site, f"import:{self.firm.code}")
        import_deliveries(
            actor=SYSTEM,
            deliveries=[(target, path)],
            history=self.history,
            mapping=parse_map(mapping()),
            name="plant",
        )

    def day(self, day: int) -> str:
        """Return the date of a day of the twin."""
        return (self.district.first + timedelta(days=day)).isoformat()

    def open(self, who: str, path: str) -> Page:
        """Open a page as somebody who is signed in; everybody has one browser of their own all the way."""
        if who not in self.desks:
            watched = self.visit("/healthz")
            client = Client()
            client.force_login(Person.objects.get(username=who))
            cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": self.url}
            watched.page.context.add_cookies([cookie])
            self.desks[who] = watched
        self.watched = self.desks[who]
        page: Page = self.watched.page
        page.goto(self.url + path)
        return page

    def picture(self, name: str) -> None:
        self.watched.picture(f"yuan-{name}")


@pytest.fixture
def story(visit: Any, live_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    monkeypatch.setenv("CHANYE_DATA", str(tmp_path / "var"))
    get_settings.cache_clear()
    get_settings().run_folder.mkdir(parents=True)
    plants.SIGNED_IN.append(True)
    with History(get_settings().history_folder) as history:
        yield Story(visit, live_server.url, tmp_path / "files", monkeypatch, history)
    plants.SIGNED_IN.pop()
    monkeypatch.undo()
    get_settings.cache_clear()


def do(page: Page, what: str) -> None:
    """Press a button by what it does."""
    page.locator(f"button[name=do][value={what}]").first.click()


def open_a_call(story: Story) -> None:
    """The officer makes a call from the starter rules; two reviews are enough."""
    page = story.open("demo", "/programme/calls/new/")
    page.locator("[name=code]").fill("ZG26")
    page.get_by_role("button", name="建立草稿").click()
    page.locator("[name=reviews-least]").fill("2")
    page.get_by_role("button", name="保存").click()
    do(page, "open")
    expect(page.locator("button[name=do][value=closed]")).to_be_visible()
    story.picture("1-call")


def apply(story: Story) -> None:
    """The firm applies step by step, and sees at once what its meters can show."""
    upgrade = story.upgrade
    page = story.open(story.manager, "/programme/funding/")
    page.get_by_role("button", name="开始申报").click()
    fields = {
        "title": upgrade.title,
        "project_code": "2601-500112-04-02-100009",
        "planned_start": story.day(upgrade.began),
        "planned_finish": story.day(upgrade.finished),
        "claim": f"{100 * claimed(story):.1f}",
        "requested": "400万",
        "summary": "更换空压机并回收余热，按件计量能耗。",
    }
    for name, value in fields.items():
        page.locator(f"[name={name}]").fill(value)
    page.locator("[name=sector]").select_option(story.firm.sector)
    page.locator("[name=upgrade_kind]").select_option("energy")
    page.locator("[name=asset]").select_option(str(story.site.firms[story.firm.code].site))
    page.locator("[name=measure]").select_option("factory.energy_per_piece")
    page.locator("[name=method]").select_option("baseline")
    expect(page.locator("#side")).to_contain_text("可检出")
    story.picture("2-detectable")
    onward(page)
    page.locator("[name=text-0]").fill("空压机与余热回收")
    page.locator("[name=kind-0]").select_option("equipment")
    page.locator("[name=amount-0]").fill("900万")
    onward(page)
    page.locator("[name=name-0]").fill("离心空压机")
    page.locator("[name=serial-0]").fill("KYJ-2601-7")
    page.locator("[name=price-0]").fill("450万")
    page.locator("[name=pieces-0]").fill("2")
    onward(page)
    for kind in ("licence", "filing", "plan"):
        page.locator("[name=kind]").select_option(kind)
        paper = {"name": f"{kind}.pdf", "mimeType": "application/pdf", "buffer": f"%PDF-1.7 {kind}".encode()}
        page.locator("[name=file]").set_input_files(paper)
        page.locator("[name=stay]").click()
        expect(page.get_by_text(f"{kind}.pdf")).to_be_visible()
    onward(page)
    story.picture("3-submit")
    page.get_by_role("button", name="提交").click()
    page.wait_for_url("**/programme/funding/*/")
    story.case = int(page.url.rstrip("/").rpartition("/")[2])


def onward(page: Page) -> None:
    page.get_by_role("button", name="保存并继续").click()
    page.wait_for_load_state()


def review(story: Story) -> None:
    """The case is taken into review; a reviewer with a tie is blocked, two others judge it; it is approved."""
    page = story.open("office-checker", f"/programme/applications/{story.case}/")
    story.picture("4-case")
    do(page, "accept")
    for n in (1, 2, 3):
        person = Person.objects.get(username=f"office-reviewer-{n}")
        page.locator("[name=person]").select_option(str(person.pk))
        do(page, "assign")
    for n in (1, 2, 3):
        desk = story.open(f"office-reviewer-{n}", f"/programme/reviews/{story.case}/")
        if n == 1:
            desk.locator("[name=tied][value=family]").check()
            desk.locator("[name=text-family]").fill("配偶在该企业任职")
            desk.locator("form:has([value=declare]) button").click()
            desk.goto(f"{story.url}/programme/reviews/{story.case}/")
            expect(desk.get_by_role("heading", level=1)).to_be_visible()
            assert desk.locator("[name=score-effect]").count() == 0  # the door is shut
            continue
        desk.locator("form:has([value=declare]) button").click()
        for criterion in ("effect", "technology", "plan", "cost", "firm", "example"):
            desk.locator(f"[name=score-{criterion}]").fill(str(78 + n))
            desk.locator(f"[name=why-{criterion}]").fill("方案写明了计量点、日期和测算依据。")
        desk.locator("[name=advice][value=support]").check()
        story.picture("5-review")
        do(desk, "give")
    page = story.open("office-checker", f"/programme/applications/{story.case}/")
    expect(page.locator("#reviews")).to_contain_text("配偶在该企业任职")
    story.picture("6-reviewed")
    do(page, "conclude")
    page = story.open("office-manager", f"/programme/applications/{story.case}/")
    page.locator("summary", has_text="批准").click()
    do(page, "approve")
    expect(page.locator(".head .pill")).to_contain_text("已批准")


def sign(story: Story) -> None:
    """Money is taken up and committed; the agreement is drawn up; both sides sign, which freezes the plan."""
    page = story.open("office-manager", "/programme/ledger/")
    for year in {story.day(story.upgrade.began)[:4], story.day(story.upgrade.finished + 400)[:4]}:
        page.locator("[name=year]").fill(year)
        page.locator("[name=amount]").fill("2亿")
        page.locator("form:has([name=amount]) button").click()
        page.wait_for_load_state()
    page.goto(story.url + "/programme/awards/")
    do(page, "commit")
    expect(page.locator("button[value=commit]")).to_have_count(0)
    page = story.open("demo", "/programme/awards/")
    page.locator("form:has([name=application]) button").click()
    page.wait_for_url("**/programme/awards/*/")
    story.award = page.url
    for who in (story.manager, "office-manager"):
        page = story.open(who, story.award.removeprefix(story.url))
        do(page, "sign")
        expect(page.locator(".signs li")).to_have_count(1 if who == story.manager else 2)
    story.picture("7-agreement")


def reach(story: Story, tranche: str) -> None:
    """The firm reports the milestones of a tranche with a photo each; the auditor accepts them."""
    number = {"start": 1, "acceptance": 2}[tranche]
    page = story.open(story.manager, story.award.removeprefix(story.url))
    stones = page.locator(".stones > li")
    waiting = [n for n in range(stones.count()) if stones.nth(n).locator("[name=do][value=report]").count()]
    for n in waiting[: 1 if number == 1 else None]:
        stone = stones.nth(n)
        stone.locator("summary").click()
        photo = {"name": f"{tranche}.png", "mimeType": "image/png", "buffer": PICTURE + f"{tranche}{n}".encode()}
        stone.locator("[name=proof]").set_input_files(photo)
        stone.get_by_role("button").last.click()
        expect(stones.nth(n).locator(".proofs a")).to_have_count(1)
    desk = story.open("office-auditor", story.award.removeprefix(story.url))
    while desk.locator("button[name=accept][value='1']").count():
        left = desk.locator("button[name=accept][value='1']").count()
        desk.locator("button[name=accept][value='1']").first.click()
        expect(desk.locator("button[name=accept][value='1']")).to_have_count(left - 1)


def claim(story: Story, tranche: str) -> None:
    """The firm claims a tranche; three people verify, approve and pay it."""
    page = story.open(story.manager, story.award.removeprefix(story.url))
    form = page.locator(f"form:has([name=tranche][value={tranche}])")
    if tranche == "acceptance":
        form.locator("[name=number-1]").fill("26502000001188")
        form.locator("[name=amount-1]").fill("900万")
    story.picture(f"8-{tranche}")
    form.locator("button").click()
    page.locator("tbody a[href*='/programme/claims/']").last.click()
    page.wait_for_url("**/programme/claims/*/")
    path = page.url.removeprefix(story.url)
    for who, step in (("office-auditor", "verify"), ("office-manager", "approve"), ("office-finance", "pay")):
        desk = story.open(who, path)
        do(desk, step)
        expect(desk.locator(f"button[name=do][value={step}]")).to_have_count(0)
        if step == "pay":
            story.picture(f"9-{tranche}-paid")


def measure(story: Story) -> None:
    """The firm records its upgrade, half a year goes by, and the effect is measured."""
    upgrade = story.upgrade
    page = story.open(story.manager, "/evidence/")
    page.get_by_role("link", name=upgrade.title).first.click()
    page.locator("[name=began]").fill(story.day(upgrade.began))
    page.locator("[name=finished]").fill(story.day(upgrade.finished))
    do(page, "upgrade")
    expect(page.locator("button[value=measure]")).to_be_visible()
    plan = page.url.removeprefix(story.url)
    story.go_to(upgrade.finished + 372)
    story.deliver()
    page = story.open(story.manager, plan)
    page.locator("#m-start").fill(story.day(upgrade.finished))
    page.locator("#m-end").fill(story.day(upgrade.finished + 367))
    do(page, "measure")
    page.wait_for_url("**/evidence/effects/*/", timeout=30_000)
    story.picture("10-measured")


def claimed(story: Story) -> float:
    """Return what the firm says: half as much again as its upgrade will really do."""
    return 1.5 * story.upgrade.effects["energy_per_piece"]


def test_a_yuans_way(story: Story) -> None:
    upgrade = story.upgrade
    assert upgrade.measure == "energy_per_piece"
    assert upgrade.works
    story.go_to(upgrade.began - 40)
    story.deliver()
    open_a_call(story)
    apply(story)
    review(story)
    story.go_to(upgrade.began - 5)
    sign(story)
    story.go_to(upgrade.began + 1)
    story.deliver()
    reach(story, "start")
    claim(story, "start")
    story.go_to(upgrade.finished + 3)
    story.deliver()
    reach(story, "acceptance")
    claim(story, "acceptance")
    measure(story)

    effect = Effect.objects.get()
    true = story.district.effect(INDEX, "energy_per_piece", upgrade.finished, upgrade.finished + 368)
    assert effect.lower < true < effect.upper
    claim(story, "measured")
    award = Agreement.objects.get()
    part = award.tranches.get(kind="measured")
    paid = Claim.objects.get(tranche=part)
    full = award.grant - sum(award.tranches.exclude(pk=part.pk).values_list("amount", flat=True))
    share = effect.least / (award.claim or 1)
    assert 0 < share < 1
    assert paid.pay == pytest.approx(full * share, abs=2)

    page = story.open("demo", "/evidence/register/")
    expect(page.locator("tbody tr")).to_contain_text([story.firm.name[:4]])
    story.picture("11-register")
    page.goto(f"{story.url}/scoreboard/firms/{story.site.firms[story.firm.code].organisation}/")
    expect(page.locator("main")).to_contain_text(f"{100 * claimed(story):.1f}")
    story.picture("12-firm")
    stranger = story.visit("/public/", (390, 844))
    expect(stranger.page.locator("h1")).to_be_visible()
    assert story.firm.name not in stranger.page.content()
    story.watched = stranger
    story.picture("13-public")
