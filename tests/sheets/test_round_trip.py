"""What is written comes back: any value of any kind, through both kinds of file, in both languages."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import psutil
import pytest
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from chanye.sheets import Column, Sheet
from sheets.orders import SHEET, STATES

MS = 1000
# Texts as people have them: without control characters, and not begun or ended by blanks, which a file cannot tell
# from carelessness.
TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="\ufeff\u200b\u200e\u200f\ufffe\uffff"),
    min_size=1,
    max_size=40,
).map(str.strip)
FORMULAS = st.sampled_from(["=1+1", "+86 138", "-5", "@x", "'=1", "''+", "'quoted'", "＝1", "_x0041_", "1e5", "007"])


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


ROW = st.fixed_dictionaries(
    {
        "product": maybe((TEXT | FORMULAS).filter(bool)),
        "run": maybe(st.integers(1, 10**13)),
        "state": maybe(st.sampled_from(list(STATES))),
        "planned": maybe(st.integers(0, 2**63 - 1)),
        "mass": maybe(st.floats(allow_nan=False, allow_infinity=False)),
        "cost": maybe(st.integers(-(10**17), 10**17)),
        # The year 1 to 9999; a workbook keeps milliseconds.
        "at": maybe(st.integers(-62_135_000_000_000, 253_370_000_000_000).map(lambda ms: ms * MS)),
        "due": maybe(st.dates(date(1, 1, 2))),
        "urgent": maybe(st.booleans()),
    }
)


@pytest.mark.parametrize("form", ["xlsx", "csv"])
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(ROW, min_size=1, max_size=8), language=st.sampled_from(["zh-hans", "en"]))
def test_values_survive(form: str, rows: list[dict[str, Any]], language: str) -> None:
    rows = [row | {"code": f"A{i}"} for i, row in enumerate(rows)]
    with override(language):
        data = b"".join(SHEET.write(rows, form))
    with override("en"):  # a file in one language is read in the other
        found = SHEET.import_file(data, f"x.{form}", existing=rows)
    assert [str(fault) for fault in found.faults] == []
    assert found.ignored == []
    for row, back in zip(rows, found.rows, strict=True):
        assert back.values.keys() == row.keys()
        for name, value in row.items():
            if name == "mass" and value is not None and form == "xlsx":
                assert back.values[name] == pytest.approx(value, rel=1e-14)  # sixteen figures
            elif name == "run" and value is not None:
                assert abs(back.values[name] - value) <= max(1, value * 1e-14)
            else:
                assert back.values[name] == value, name
    assert found.changes == []  # and what comes back changes nothing


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1", "＝1", "'=1"])
def test_no_cell_of_an_export_is_a_formula(text: str) -> None:
    sheet = Sheet("s", "s", (Column("a", text),))
    table = list(csv.reader(io.StringIO(b"".join(sheet.write([{"a": text}], "csv")).decode("utf-8-sig"), newline="")))
    for (cell,) in table:
        assert cell.lstrip()[:1] not in tuple("=+-@＝＋－＠"), cell
    book = load_workbook(io.BytesIO(b"".join(sheet.write([{"a": text}], "xlsx"))))
    assert [cell.data_type for row in book.active for cell in row] == ["s", "s"]
    assert book.active["A2"].value.strip() == text.strip()


def test_a_workbook_is_typed_and_its_header_stays() -> None:
    row = {"run": 90_000_000, "cost": 12_345, "at": 1_785_542_400_000_000, "due": date(2026, 8, 31), "planned": 7}
    with override("zh-hans"):
        book = load_workbook(io.BytesIO(b"".join(SHEET.write([row], "xlsx"))))
    sheet = book.active
    assert sheet.title == "工艺路线"
    assert sheet.freeze_panes == "A2"
    head = [cell.value for cell in sheet[1]]
    assert head[2] == "Run time [s]"
    assert head[6] == "Cost [元]"
    cells = dict(zip(head, sheet[2], strict=True))
    assert cells["Run time [s]"].value == 90
    assert cells["Cost [元]"].value == 123.45
    assert cells["Changed"].value.isoformat() == "2026-08-01T08:00:00"  # midnight UTC by the clock of Shanghai
    assert cells["Changed"].is_date
    assert cells["Due"].value.date() == date(2026, 8, 31)
    assert cells["Planned"].value == 7


@pytest.mark.slow
@pytest.mark.parametrize(("form", "count"), [("xlsx", 60_000), ("csv", 200_000)])
def test_many_rows_do_not_fill_the_memory(form: str, count: int) -> None:
    sheet = Sheet("s", "s", (Column("a", "A"), Column("n", "N", "integer")))
    b"".join(sheet.write([{"a": "once", "n": 1}], form))  # what is imported and opened once is not counted
    here, peak = psutil.Process(), 0

    def rows() -> Any:
        nonlocal peak
        for i in range(count):
            if i % 5_000 == 0:
                peak = max(peak, here.memory_info().rss)
            yield {"a": f"部件 {i}", "n": i}

    before, size = here.memory_info().rss, 0
    for chunk in sheet.write(rows(), form):
        size += len(chunk)
        assert len(chunk) <= 1 << 20
    peak = max(peak, here.memory_info().rss)
    assert size > 10 * count
    assert peak - before < 300 * count  # 60 MiB for 200,000 rows


def test_more_rows_than_a_worksheet_holds_go_to_a_further_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chanye.sheets.writing.SHEET_ROWS", 4)
    sheet = Sheet("s", "a/b[c]: 很长很长很长很长很长很长很长很长很长很长的名字", (Column("a", "A", "integer"),))
    book = load_workbook(io.BytesIO(b"".join(sheet.write([{"a": i} for i in range(7)], "xlsx"))))
    assert [ws.max_row for ws in book] == [4, 4, 2]
    assert all(len(name) <= 31 for name in book.sheetnames)
    assert [row[0] for ws in book for row in ws.iter_rows(min_row=2, values_only=True)] == list(range(7))
