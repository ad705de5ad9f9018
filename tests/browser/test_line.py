"""A line laid out by keyboard and by touch, and a threshold that is tried, in a real browser, wide and narrow."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from browser.test_board import SIZES, check_calm
from browser.test_downtime import _shift, floor  # noqa: F401  the fixture is used by its name
from chanye.domains.factory.models import LineLayout, LinkSettings
from chanye.spine.models import Asset
from downtime_kit import Floor
from factory_kit import GOOD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NAMES = ("立式加工中心 01", "数控车床 02", "清洗机 03", "检测台 04")


@pytest.fixture
def line(floor: Floor) -> Floor:  # noqa: F811  pytest's way of naming a fixture
    _shift(floor)
    plant = floor.plant
    machines = [floor.machine, *(plant.machine(f"m{n}") for n in (2, 3, 4))]
    series = plant.series(machines[1], "execution")
    shown = (
        (0, "ACTIVE"),
        (41, "FAULT"),
        (50, "ACTIVE"),
        (225, "READY"),
        (240, "ACTIVE"),
        (420, "FAULT"),
        (440, "ACTIVE"),
    )
    plant.write(series, [(floor.at(m), text, GOOD) for m, text in (*shown, (500, "ACTIVE"))])
    for machine, name in zip(machines, NAMES, strict=True):
        Asset.objects.filter(pk=machine.id).update(name=name)
    return floor


def order(page: Any) -> list[str]:
    return [
        " ".join(one.all_inner_texts())
        for one in (row.locator(".beside a") for row in page.locator(".station").all())
    ]


def test_a_line_is_laid_out_by_touch_and_keyboard(line: Floor, visit: Any) -> None:
    address = reverse("line", args=[line.plant.site.id])
    watched = visit(address, SIZES["phone"], "zh-hans", "light")
    page = watched.page
    watched.picture("line-empty-phone")
    page.locator("button[value=all]").tap()
    page.locator(".station").nth(3).wait_for()
    assert order(page) == list(NAMES)
    up = page.locator(f"#up-{line.machine.id}")
    down = page.locator(f"#down-{line.machine.id}")
    down.tap()
    page.wait_for_function(
        "id => document.querySelectorAll('.station')[1].querySelector('#' + id)", arg=f"up-{line.machine.id}"
    )
    assert order(page)[:2] == [NAMES[1], NAMES[0]]
    up.focus()
    page.keyboard.press("Enter")
    page.wait_for_function(
        "id => document.querySelectorAll('.station')[0].querySelector('#' + id)", arg=f"up-{line.machine.id}"
    )
    assert page.evaluate("document.activeElement.id") == f"up-{line.machine.id}"  # the next press moves on
    watched.picture("line-draft-phone")
    page.locator(".station").nth(3).locator("summary").tap()
    page.locator("button[value='join:3']").tap()
    page.locator(".beside li:nth-child(2)").wait_for()
    page.locator("button[value=save]").tap()
    page.locator(".toast").wait_for()
    assert [len(one["machines"]) for one in LineLayout.objects.get().stations] == [1, 1, 2]
    check_calm(watched)
    watched = visit(address, SIZES["desk"], "en", "dark")
    watched.picture("line-desk-en-dark")
    with watched.page.expect_navigation():
        watched.page.locator("#mode-key").press("Enter")
    assert watched.page.locator(".beside li").count() == 4  # Enter takes nothing out of the line
    check_calm(watched)


def test_a_threshold_is_tried_before_it_is_saved(line: Floor, visit: Any) -> None:
    address = reverse("machine-settings", args=[line.machine.id])
    watched = visit(address + "#link", SIZES["desk"], "zh-hans", "light")
    page = watched.page
    page.locator("#trial-600").click()
    page.locator("#trial-600[aria-current]").wait_for()
    assert page.locator("#threshold").input_value() == "600"
    watched.picture("link-desk-zh-light")
    page.locator("#threshold").fill("900")
    page.locator("#threshold").press("Tab")
    page.locator("#trial-900").wait_for()
    page.locator("#link button.primary").click()
    page.locator(".toast").wait_for()
    assert LinkSettings.objects.get(asset_id=line.machine.id).threshold == 900
    check_calm(watched)
    watched = visit(address + "#link", SIZES["phone"], "en", "dark")
    watched.picture("link-phone-en-dark")
    check_calm(watched)
