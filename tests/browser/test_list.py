"""A list in a browser: filter, sort, walk, export; cards on a phone."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from openpyxl import load_workbook

from browser import list_room
from browser.test_board import SIZES, check_calm

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _room(settings: Any) -> None:
    settings.ROOT_URLCONF = "browser.list_room"


def test_a_list_is_filtered_sorted_walked_and_exported(visit: Any) -> None:
    watched = visit("/orders/", SIZES["desk"], "zh-hans", "light")
    page = watched.page
    rows = page.locator("[data-rows] tbody tr")
    assert rows.count() == 50
    assert "共 120 条" in page.locator(".state").inner_text()
    watched.picture("list-desk")
    check_calm(watched)

    page.get_by_role("checkbox", name="生产中").click()  # one click on a chip filters
    page.wait_for_url("**state=running**")
    assert rows.count() == 24
    page.get_by_role("link", name="计划数量").click()
    page.wait_for_url("**sort=planned**")
    page.get_by_role("link", name="计划数量").click()
    page.wait_for_url("**sort=-planned**")
    assert rows.first.locator("th").inner_text() == "WO-0117"
    assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"

    page.get_by_text("更多筛选").click()
    page.get_by_label("计划数量 从").fill("500")
    page.keyboard.press("Enter")
    page.wait_for_url("**planned.from=500**")
    assert set(parse_qs(urlsplit(page.url).query)) == {"state", "sort", "planned.from"}  # empty fields stay out
    assert rows.count() == 12
    watched.picture("list-filtered")

    page.get_by_text("导出").click()
    with page.expect_download() as waiting:
        page.get_by_text("XLSX").click()
    sheet = load_workbook(io.BytesIO(Path(waiting.value.path()).read_bytes())).active
    assert sheet.title == "工单"
    assert sheet.max_row == 13
    assert sheet["A2"].value == "WO-0117"
    assert waiting.value.suggested_filename.startswith("工单")

    page.locator("main").press("j")
    page.locator("main").press("j")
    page.locator("main").press("ArrowUp")
    assert rows.first.get_attribute("data-at") == ""
    page.locator("main").press("Enter")
    page.wait_for_url("**/orders/WO-0117/")


def test_a_filter_that_finds_nothing_can_be_cleared(visit: Any) -> None:
    watched = visit("/orders/?q=%E6%B2%A1%E6%9C%89", SIZES["desk"], "zh-hans", "dark")
    watched.picture("list-nothing")
    assert watched.page.locator("[data-rows]").count() == 0
    watched.page.locator(".empty a").click()
    watched.page.wait_for_selector("[data-rows]")
    check_calm(watched)


def test_cards_on_a_phone(visit: Any) -> None:
    watched = visit("/orders/?due.from=nonsense", SIZES["phone"], "en", "dark")
    watched.picture("list-phone")
    check_calm(watched)
    assert watched.page.locator("[role=alert]").is_visible()
    card = watched.page.locator("[data-rows] tbody tr").first
    assert card.evaluate("e => getComputedStyle(e).display") == "grid"
    assert card.locator("td").first.evaluate("e => getComputedStyle(e, '::before').content") == '"产品"'
    visit("/orders/?none=1", SIZES["phone"], "zh-hans", "light").picture("list-empty")


def _file(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(rows), encoding="gb18030")
    return path


def test_a_file_is_previewed_corrected_and_imported(visit: Any, tmp_path: Path) -> None:
    watched = visit("/orders/import/", SIZES["desk"], "zh-hans", "light")
    page = watched.page
    with page.expect_download() as waiting:
        page.get_by_role("link", name="模板").click()
    blank = load_workbook(io.BytesIO(Path(waiting.value.path()).read_bytes()))
    assert blank.sheetnames == ["工单", "帮助"]
    head = "计划数量,工单号,产品,状态,交期,用途"
    wrong = _file(
        tmp_path / "wrong.csv", head, "12,WO-0001,冷凝器端盖,生产中,2026/9/1,a", "x,WO-1,冷凝器端盘,开始,9月1日,b"
    )
    page.set_input_files("input[type=file]", wrong)
    page.get_by_role("heading", name="需要更正").wait_for()
    watched.picture("import-wrong")
    assert page.locator("#import-preview tbody").first.locator("th").all_inner_texts() == ["A3", "C3", "D3", "E3"]
    assert page.get_by_text("产品 冷凝器端盘 不存在；是不是 冷凝器端盖？").is_visible()
    assert page.locator("[name=commit]").count() == 0
    right = _file(
        tmp_path / "right.csv", head, "12,WO-0001,冷凝器端盖,生产中,2026/9/1,a", "5,WO-1,冷凝器端盖,,2026-9-2,b"
    )
    page.set_input_files("input[type=file]", right)
    page.get_by_role("button", name="导入 2 行").wait_for()
    watched.picture("import-right")
    check_calm(watched)
    list_room.TAKEN.clear()
    page.get_by_role("button", name="导入 2 行").click()
    page.wait_for_url("**/orders/")
    assert page.get_by_text("已导入 2 行").is_visible()
    assert [(row["number"], row["planned"], row["state"]) for row in list_room.TAKEN] == [
        ("WO-0001", 12, "running"),
        ("WO-1", 5, None),
    ]


def test_the_import_page_on_a_phone(visit: Any, tmp_path: Path) -> None:
    watched = visit("/orders/import/", SIZES["phone"], "en", "dark")
    watched.page.set_input_files("input[type=file]", _file(tmp_path / "w.csv", "工单号,计划数量", "A,x", "B,0"))
    watched.page.get_by_role("heading", name="What to correct").wait_for()
    watched.picture("import-phone")
    check_calm(watched)
