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
from chanye.kernel import time as kernel_time
from chanye.kernel.settings import get_settings
from chanye.parties.models import Person
from chanye.parties.types import SYSTEM
from chanye.spine.history import History
from chanye.twin.district.catalogue import Firm
from chanye.twin.district.counters import mapping, write
from chanye.twin.district.model import District, make

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.django_db(transaction=True)]
ZONE = ZoneInfo("Asia/Shanghai")
DAYS = 1000
#: The firm whose upgrade saves energy; its meter is exchanged in the middle of the time measured.
INDEX = 9


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
        self.told, self.case = 0, 0
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

    def open(self, who: str, path: str, size: tuple[int, int] = (1440, 900)) -> Page:
        """Open a page as somebody who is signed in."""
        watched = self.visit("/healthz", size)
        client = Client()
        client.force_login(Person.objects.get(username=who))
        # the browser asks for an icon of a page that names none, and is given a token of its own with the answer
        cookies = {"sessionid": client.cookies["sessionid"].value, "csrftoken": "y" * 32}
        watched.page.context.add_cookies([{"name": n, "value": v, "url": self.url} for n, v in cookies.items()])
        watched.page.goto(self.url + path)
        self.watched = watched
        return watched.page

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
    upgrade = story.firm.upgrade
    assert upgrade is not None
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
    page.close()
    for n in (1, 2, 3):
        desk = story.open(f"office-reviewer-{n}", f"/programme/reviews/{story.case}/")
        if n == 1:
            desk.locator("[name=tied][value=family]").check()
            desk.locator("[name=text-family]").fill("配偶在该企业任职")
            desk.locator("form:has([value=declare]) button").click()
            desk.goto(f"{story.url}/programme/reviews/{story.case}/")
            expect(desk.get_by_role("heading", level=1)).to_be_visible()
            assert desk.locator("[name=score-effect]").count() == 0  # the door is shut
            desk.close()
            continue
        desk.locator("form:has([value=declare]) button").click()
        for criterion in ("effect", "technology", "plan", "cost", "firm", "example"):
            desk.locator(f"[name=score-{criterion}]").fill(str(78 + n))
            desk.locator(f"[name=why-{criterion}]").fill("方案写明了计量点、日期和测算依据。")
        desk.locator("[name=advice][value=support]").check()
        story.picture("5-review")
        do(desk, "give")
        desk.close()
    page = story.open("office-checker", f"/programme/applications/{story.case}/")
    expect(page.locator("#reviews")).to_contain_text("配偶在该企业任职")
    story.picture("6-reviewed")
    do(page, "conclude")
    page.close()
    page = story.open("office-manager", f"/programme/applications/{story.case}/")
    page.locator("summary", has_text="批准").click()
    do(page, "approve")
    expect(page.locator(".head .pill")).to_contain_text("已批准")


def claimed(story: Story) -> float:
    """Return what the firm says: half as much again as its upgrade will really do."""
    upgrade = story.firm.upgrade
    assert upgrade is not None
    return 1.5 * upgrade.effects["energy_per_piece"]


def test_a_yuans_way(story: Story) -> None:
    upgrade = story.firm.upgrade
    assert upgrade is not None
    assert upgrade.measure == "energy_per_piece"
    assert upgrade.works
    story.go_to(upgrade.began - 40)
    story.deliver()
    open_a_call(story)
    apply(story)
    review(story)
