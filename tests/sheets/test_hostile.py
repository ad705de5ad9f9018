"""Files that nobody should send: every fault has its address and its rule, and nothing breaks."""

from __future__ import annotations

import contextlib
import io
import random
import time
import zipfile
from collections.abc import Callable
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from django.utils.translation import override

from chanye.kernel.errors import ConfigError
from chanye.sheets import Column, Sheet
from chanye.sheets.faults import FileRefusedError
from sheets.orders import SHEET

HEAD = ["Order", "Product", "Run time [s]", "State", "Planned", "Mass [kg]", "Cost [元]", "Changed", "Due", "Urgent"]


@pytest.fixture(autouse=True)
def _english() -> Any:
    with override("en"):
        yield


def book(*rows: list[Any], change: Callable[[Any], None] | None = None, name: str = "工艺路线") -> bytes:
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = name
    for row in rows:
        sheet.append(row)
    if change:
        change(sheet)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def faults(data: bytes, name: str = "x.xlsx", **options: Any) -> list[str]:
    return [str(fault) for fault in SHEET.import_file(data, name, **options).faults]


def test_the_sentence_of_a_wrong_cell() -> None:
    rows = [HEAD, *([f"A{i}", None, 5] for i in range(5)), ["A9", None, 0]]
    assert faults(book(*rows)) == [
        "Sheet 工艺路线, C7: Run time must be a number of seconds greater than 0",
    ]
    with override("zh-hans"):
        assert faults(book(*rows)) == ["工作表 工艺路线，C7：Run time必须是以秒计的数字，大于 0"]


WRONG: list[tuple[int, Any, str]] = [
    (2, "soon", "Run time must be a number of seconds greater than 0"),
    (2, True, "Run time must be a number of seconds greater than 0"),
    (2, "5 kg", "Run time must be a number of seconds greater than 0"),
    (2, 1e300, "Run time must be a number of seconds greater than 0"),
    (3, "opened", "State must be one of: Open, Closed, On hold"),
    (4, 1.5, "Planned must be a whole number of at least 0"),
    (4, -1, "Planned must be a whole number of at least 0"),
    (4, "1e999", "Planned must be a whole number of at least 0"),
    (4, "٣x", "Planned must be a whole number of at least 0"),
    (5, "3 mm", "Mass must be a number in kg"),
    (5, "nan", "Mass must be a number in kg"),
    (6, 1.005, "Cost must be an amount in yuan with at most two decimals"),
    (6, "1.2.3", "Cost must be an amount in yuan with at most two decimals"),
    (7, "2026-13-01", "Changed must be a date and time like 2026-08-31 14:30"),
    (7, "2026-08-01 25:00", "Changed must be a date and time like 2026-08-31 14:30"),
    (8, 46235, "Due must be a date like 2026-08-31: this is a bare number; format the cell as a date"),
    (8, datetime(2026, 8, 1, 9, 30), "Due must be a date like 2026-08-31, without a time of day"),
    (9, "perhaps", "Urgent must be yes or no"),
    (1, "x" * 501, "Product may have at most 500 characters; it has 501"),
    (1, "a_x0000_b", "holds characters that cannot be shown: type it again."),
    (
        4,
        "=1+1",
        "holds a formula without a value: open the file in a spreadsheet program and save it, or paste values.",
    ),
    (4, "#N/A", "holds #N/A, not a value."),
]


@pytest.mark.parametrize(("at", "value", "rule"), WRONG)
def test_a_wrong_cell_is_named(at: int, value: Any, rule: str) -> None:
    row = ["A1", *[None] * 9]
    row[at] = value
    assert faults(book(HEAD, row)) == [f"Sheet 工艺路线, {'ABCDEFGHIJ'[at]}2: {rule}"]


RIGHT: list[tuple[str, str, Any]] = [
    ("run", "1:30:00", 5_400_000_000),
    ("run", "2 min", 120_000_000),
    ("run", "90 s", 90_000_000),
    ("planned", "１，０００", 1000),
    ("planned", "1,000", 1000),
    ("mass", "500 g", 0.5),
    ("mass", "2.5 kg", 2.5),
    ("cost", "3.2万元", 3_200_000),
    ("cost", "¥1,234.50", 123_450),
    ("at", "2026年8月1日 9:30", 1_785_547_800_000_000),
    ("at", "2026-08-01T01:30:00Z", 1_785_547_800_000_000),
    ("due", "20260801", datetime(2026, 8, 1).date()),
    ("due", "2026.8.1", datetime(2026, 8, 1).date()),
    ("state", " ON HOLD ", "held"),
    ("state", "held", "held"),
    ("urgent", "√", True),
    ("urgent", "否", False),
    ("product", "'=1", "=1"),
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_right_cells_are_understood_as_people_write_them(encoding: str) -> None:
    for column, text, value in RIGHT:
        data = f'{column};备注 Order;code\n"{text}";说明;A1\n'.encode(encoding)
        found = SHEET.import_file(data, "表.csv")
        assert [str(fault) for fault in found.faults] == []
        assert found.rows[0].values[column] == value
        assert found.ignored == ["备注 Order"]


def test_numbers_as_a_spreadsheet_shows_them() -> None:
    def percent(sheet: Any) -> None:
        sheet["B2"].number_format = "0.0%"
        sheet["C2"].number_format = "[h]:mm:ss"

    sheet = Sheet("s", "s", (Column("k", "K"), Column("p", "P", "quantity", unit="%"), Column("d", "D", "duration")))
    found = sheet.import_file(book(["K", "P", "D"], [1001, 0.985, 0.5], change=percent), "x.xlsx")
    assert found.rows[0].values == {"k": "1001", "p": 98.5, "d": 43_200_000_000}


def test_header_title_rows_and_merged_cells() -> None:
    def merge(sheet: Any) -> None:
        sheet.merge_cells("A1:D1")  # a title above the header does no harm
        sheet.merge_cells("D4:D5")

    rows = [["Routings of 2026"], [], HEAD[:4], ["A1", "P", 5, "Open"], ["A2", "P", 5]]
    found = SHEET.import_file(book(*rows, change=merge), "x.xlsx")
    assert [str(f) for f in found.faults] == [
        "Sheet 工艺路线, D4: cells are merged here: unmerge them and fill in each one"
    ]
    assert found.changes == []


def test_headers_twice_missing_and_misspelt() -> None:
    assert faults(book(["Order", "run", "Order", "Run time"], ["A", 1, "B", 2])) == [
        "Sheet 工艺路线, C1: the column Order stands already in A1",
        "Sheet 工艺路线, D1: the column Run time stands already in B1",
    ]
    assert faults(book(["Ordre", "Planned"], ["A", 1]))[0] == (
        "Sheet 工艺路线, A1: the column Order is missing; is it this one?"
    )
    with pytest.raises(FileRefusedError, match="Sheet x has no header: the first row must name the columns Order"):
        SHEET.import_file(b"a,b\n1,2\n", "x.csv")


def test_keys_twice_references_and_further_rules() -> None:
    data = book(HEAD[:3], ["A", "P1", 5], [None, "P1", 5], ["A", "Pump-2", 5], ["B", "Pump-3", 5], ["C", "", 7])
    found = SHEET.import_file(
        data,
        "x.xlsx",
        references={"product": ["P1", "Pump-2"]},
        check=lambda row: [("run", "too long")] if row.values["run"] == 7_000_000 else [],
    )
    assert [str(f) for f in found.faults] == [
        "Sheet 工艺路线, A3: Order is missing",
        "Sheet 工艺路线, A4: A stands already in A2: a row of its own may be there once",
        "Sheet 工艺路线, B5: Product Pump-3 does not exist; is Pump-2 meant?",
        "Sheet 工艺路线, C6: too long",
    ]
    assert found.changes == []
    with pytest.raises(ConfigError, match="4 cells break rules; nothing was imported"):
        found.raise_if_faulty()


def test_what_is_new_changed_and_the_same() -> None:
    there = [{"code": "A", "planned": 5, "mass": 1.5, "state": "open"}, {"code": "B", "planned": 6}]
    data = book(["Planned", "Order", "Mass"], [5, "A", 1.5], [7, "B", None], [1, "C", 2])
    found = SHEET.import_file(data, "x.xlsx", existing=there)
    assert [(row.state, row.values["code"]) for row in found.rows] == [("same", "A"), ("changed", "B"), ("new", "C")]
    assert found.rows[1].before == {"planned": 6, "code": "B", "mass": None}
    assert "state" not in found.rows[0].values  # a column that the file does not have stays as it is


def test_ten_thousand_errors_are_counted_and_two_hundred_shown() -> None:
    lines = ["code,planned", *(f"A{i},x" for i in range(10_000))]
    found = SHEET.import_file("\n".join(lines).encode(), "x.csv")
    assert (found.total, len(found.faults), found.changes) == (10_000, 200, [])
    assert str(found.faults[0]) == "Sheet x, B2: Planned must be a whole number of at least 0"


def _archive(parts: dict[str, bytes]) -> bytes:
    """Return a good workbook with some parts replaced."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(book(HEAD, ["A1"]))) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, parts.get(name, old.read(name)))
    return file.getvalue()


_SHEET = "xl/worksheets/sheet1.xml"
_ROW = b'<row r="1"><c r="A1" t="inlineStr"><is><t>Order</t></is></c></row>'


def _sheet(inside: bytes) -> bytes:
    return _archive({_SHEET: b"<worksheet><sheetData>" + _ROW + inside + b"</sheetData></worksheet>"})


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "bomb": (lambda: _sheet(b"<row>" + b" " * (3 << 20) + b"</row>"), "unpacks to more than 2 MB"),
    "entities": (
        lambda: _archive(
            {_SHEET: b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><worksheet>&c;</worksheet>'}
        ),
        "is damaged",
    ),
    "cut": (lambda: book(HEAD, ["A1"])[:2000], "not a readable workbook"),
    "no xml": (lambda: _archive({_SHEET: b"\x00\x01"}), "is damaged"),
    "no such text": (lambda: _sheet(b'<row><c r="A2" t="s"><v>999</v></c></row>'), "is damaged"),
    "no such cell": (lambda: _sheet(b'<row><c r="!!"><v>1</v></c></row>'), "is damaged"),
    "wide": (
        lambda: _sheet(b'<row><c r="XFD2"><v>1</v></c></row>'),
        "Sheet 工艺路线, XFD2: a sheet may have at most 200",
    ),
    "long": (lambda: _sheet(b"<row><c><v>1</v></c></row>" * 50_020), "more than 50000 rows"),
    "large": (lambda: b"PK" + b"x" * (20 << 20), "larger than 20 MB"),
    "old": (lambda: b"\xd0\xcf\x11\xe0" + b"x" * 600, "save it as .xlsx without a password"),
    "empty": (lambda: b"", "is empty"),
    "nothing": (lambda: book(), "has no sheet with anything in it"),
    "picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(128, 256)) * 4, "neither UTF-8 nor GB18030"),
    "quote": (lambda: b'code,planned\n"A,1\n' + b"B,2\n" * 40_000, "a cell does not end"),
    "long csv": (lambda: b"code\n" + b"A\n" * 50_020, "more than 50000 rows"),
    "wide csv": (lambda: b"code" + b",x" * 300, "more than 200 columns"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_no_table_is_refused_with_what_to_do(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "bomb":  # less to pack in a test
        monkeypatch.setattr("chanye.sheets.xlsx.UNPACKED", 2 << 20)
    make, words = REFUSED[name]
    data = make()
    start = time.process_time()
    with pytest.raises(FileRefusedError) as error:
        SHEET.import_file(data, "x.xlsx")
    assert words in str(error.value)
    assert time.process_time() - start < 5


def test_damaged_bytes_are_never_more_than_a_refusal() -> None:
    good, chance = book(HEAD, ["A1", "P", 5, "Open", 1, 2.5, 3, datetime(2026, 8, 1)]), random.Random(4)
    for _ in range(150):
        data = bytearray(good)
        for _change in range(chance.randint(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        with contextlib.suppress(ConfigError):
            SHEET.import_file(bytes(data), "x.xlsx")
