"""The machine page, the evidence of a figure, and trends in a real browser."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from browser.test_board import LOOKS, SIZES, check_calm
from chanye.spine.models import Series

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_machine_everywhere(plant: Any, visit: Any, history: Any) -> None:
    machine = plant(3).machines[1][0]
    history()
    for size, language, theme in LOOKS:
        watched = visit(f"/machines/{machine}/", SIZES[size], language, theme)
        watched.page.wait_for_timeout(200)
        watched.picture(f"machine-{size}-{language}-{theme}")
        check_calm(watched)


def test_a_figure_says_where_it_comes_from(plant: Any, visit: Any, history: Any) -> None:
    machine = plant(3).machines[1][0]
    history()
    for size, theme in itertools.product(SIZES, ["light", "dark"]):
        watched = visit(f"/machines/{machine}/", SIZES[size], "zh-hans", theme)
        watched.page.locator(".figures a.figure").first.click()
        watched.page.locator("#sheet[open] code").wait_for()
        watched.picture(f"evidence-{size}-{theme}")
        assert "APT / (PBT − unknown)" in watched.page.locator("#sheet").inner_text()
        watched.page.keyboard.press("Escape")
        assert watched.page.locator("#sheet[open]").count() == 0
        assert watched.errors == []


def test_trend_everywhere(plant: Any, visit: Any, history: Any) -> None:
    machine = plant(1).machines[0][0]
    history()
    power, parts, execution = [
        Series.objects.get(asset_id=machine, code=code).id for code in ("power", "parts", "execution")
    ]
    for size, language, theme in LOOKS:
        watched = visit(f"/series/{power}/?with={execution},{parts}", SIZES[size], language, theme)
        watched.page.locator("[data-drawn]").nth(2).wait_for(timeout=20_000)
        watched.page.wait_for_timeout(200)
        watched.picture(f"trend-{size}-{language}-{theme}")
        check_calm(watched)


def test_trend_zooms_down_to_raw(plant: Any, visit: Any, history: Any) -> None:
    machine = plant(1).machines[0][0]
    history()
    power = Series.objects.get(asset_id=machine, code="power").id
    watched = visit(f"/series/{power}/")
    box = watched.page.locator("[data-chart]")
    watched.page.locator("[data-drawn^=band]").wait_for()
    assert int(box.get_attribute("data-drawn").split()[1]) <= 500
    middle = box.bounding_box()
    watched.page.mouse.move(middle["x"] + middle["width"] * 0.8, middle["y"] + 120)
    for _ in range(3):
        watched.page.mouse.wheel(0, -300)
        watched.page.wait_for_timeout(50)
    watched.page.wait_for_url("**start=**")
    box.focus()
    for _ in range(7):  # each halves what is seen
        watched.page.keyboard.press("+")
        watched.page.wait_for_timeout(200)
    watched.page.locator("[data-drawn^=raw]").wait_for()
    watched.picture("trend-raw")
    watched.page.mouse.dblclick(middle["x"] + 300, middle["y"] + 120)
    watched.page.locator("[data-drawn^=band]").wait_for()
    assert watched.errors == []
