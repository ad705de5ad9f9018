"""Shift calendars and machine settings in a real browser: filled in by hand, wide and narrow."""

from __future__ import annotations

from typing import Any

import pytest

from browser.test_board import LOOKS, SIZES, check_calm
from chanye.domains.factory.actions.machines import configure_machine, create_calendar
from chanye.domains.factory.models import ShiftCalendar
from chanye.kernel.settings import get_settings
from chanye.parties.types import SYSTEM
from chanye.spine.frame_actions import run_processor
from chanye.spine.history import Reader
from chanye.spine.models import Asset
from chanye.spine.processors import default_processors

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PATTERN = {
    "zone": "Asia/Shanghai",
    "shifts": [
        {
            "name": "早班",
            "days": [0, 1, 2, 3, 4, 5],
            "start": "08:00",
            "end": "16:00",
            "breaks": [["12:00", "12:30"]],
        },
        {"name": "中班", "days": [0, 1, 2, 3, 4], "start": "16:00", "end": "00:00", "breaks": [["19:30", "20:00"]]},
        {"name": "夜班", "days": [0, 1, 2, 3], "start": "00:00", "end": "08:00", "breaks": [["03:30", "04:00"]]},
    ],
    "exceptions": {f"2026-10-0{day}": [] for day in range(1, 8)},
}


@pytest.mark.parametrize("role", ["engineer", "operator"])
def test_calendar_pages_everywhere(plant: Any, visit: Any, history: Any, monkeypatch: Any, role: str) -> None:
    shop = plant(3)
    history()
    store = Reader(get_settings().history_folder)
    for processor in default_processors():
        while run_processor(actor=SYSTEM, processor=processor, reader=store):
            pass
    monkeypatch.setattr("browser.plant.ENGINEER", frozenset({role}))
    site = Asset.objects.get(kind="site")
    number = create_calendar(
        actor=SYSTEM, organisation_id=site.organisation_id, name="三班制", pattern=PATTERN, places=[site.pk]
    )
    machine = shop.machines[0][0]
    configure_machine(
        actor=SYSTEM, asset_id=machine, run_time=42.5, run_times={"O1001": 38}, states={"HOLD": "setup"}
    )
    paths = {
        "list": "/calendars/",
        "edit": f"/calendars/{number}/?week=2026-09-28",
        "settings": f"/machines/{machine}/settings/",
    }
    for name, path in paths.items():
        for size, language, theme in LOOKS if role == "engineer" else LOOKS[1:3]:
            watched = visit(path, SIZES[size], language, theme)
            watched.page.wait_for_timeout(200)
            watched.picture(f"calendar-{name}-{role}-{size}-{language}-{theme}")
            check_calm(watched)
            assert bool(watched.page.locator("main button.primary").count()) == (
                role == "engineer" and name != "list"
            )


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_a_calendar_is_made_by_hand(plant: Any, visit: Any, size: str) -> None:
    plant(2)
    watched = visit("/calendars/", SIZES[size], "en")
    page = watched.page
    watched.picture(f"calendar-empty-{size}")
    page.get_by_role("link", name="Day shift").click()
    page.locator("#s0-start").fill("22")
    page.locator("#s0-end").fill("6")
    page.locator("[name=s0b0-start]").fill("2")
    page.locator("[name=s0b0-end]").fill("2:30")
    page.locator("#name").focus()
    page.locator("#week .pause").nth(1).wait_for()  # the picture follows; nothing is saved by that
    assert not ShiftCalendar.objects.exists()
    page.get_by_role("button", name="Add an exception").click()
    page.locator("#e0-first").fill("2026-10-01")
    page.locator("#e0-last").fill("2026-10-07")
    page.get_by_role("button", name="Add a break").click()
    page.locator("[name=s0b1-start]").fill("12:00")
    page.get_by_role("button", name="Save").last.click()
    page.locator(".field .error").first.wait_for()
    watched.picture(f"calendar-wrong-{size}")
    page.get_by_role("button", name="Remove this break").nth(1).click()
    page.locator("[name=s0b1-start]").wait_for(state="detached")
    page.get_by_role("button", name="Save").last.click()
    page.locator(".toast").wait_for()
    watched.picture(f"calendar-saved-{size}")
    pattern = ShiftCalendar.objects.get().pattern
    assert pattern["shifts"] == [
        {
            "name": "Day shift",
            "days": [0, 1, 2, 3, 4],
            "start": "22:00",
            "end": "06:00",
            "breaks": [["02:00", "02:30"]],
        }
    ]
    assert len(pattern["exceptions"]) == 7
    assert [line for line in watched.errors if "400" not in line] == []
