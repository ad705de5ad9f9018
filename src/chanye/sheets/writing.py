"""Tables out: XLSX with typed cells and CSV, streamed.

A workbook is written to a temporary file first, because its directory stands at its end; rows go there one by one.
Text can never run: a workbook's cells say that they are text, and CSV text that a spreadsheet would run gets an
apostrophe in front, which the import takes away again.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from chanye.sheets.clock import local
from chanye.sheets.columns import NUMBERS, Column
from chanye.sheets.table import Table

CHUNK = 64 << 10
#: What spreadsheets run as a formula, in full width too, and what is already escaped.
RUNS = re.compile(r"'*\s*[=+\-@＝＋－＠]|'*[\t\r\n]")
#: Rows of one worksheet, header included; more go to a further one.
SHEET_ROWS = 1_048_576
#: Characters of one cell.
CELL = 32_767
#: Days before March 1900 are counted wrongly by spreadsheets.
FIRST_YEAR = 1901
_EXACT = 10**15
_LARGEST = 1e300
_FORBIDDEN_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
_CONTROL = {code: " " for code in range(32) if code not in (9, 10, 13)} | {0xFFFE: " ", 0xFFFF: " "}


def write(sheet: Table, rows: Iterable[Any], form: str) -> Iterator[bytes]:
    """Stream rows of a sheet as ``xlsx`` or ``csv``."""
    columns = [column for column in sheet.columns if column.exported]
    values = ([column.value(row) for column in columns] for row in rows)
    if form == "csv":
        return _csv(columns, values)
    return _xlsx(str(sheet.label), columns, values)


def defuse(text: str) -> str:
    """Return text that no spreadsheet runs; ``refuse`` is undone by ``importing``."""
    return "'" + text if RUNS.match(text) else text


def _csv(columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow([defuse(column.title) for column in columns])
    for row in rows:
        writer.writerow([_text(column, value) for column, value in zip(columns, row, strict=True)])
        if buffer.tell() > CHUNK:
            yield buffer.getvalue().encode("utf-8", "replace")
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode("utf-8", "replace")


def _text(column: Column, value: Any) -> str:
    """Return a value as CSV has it."""
    if value is None:
        return ""
    if column.kind in ("choice", "yes_no"):
        return defuse(column.word(value))
    if column.kind == "moment":
        return local(value).replace(tzinfo=None).isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if column.kind in ("text", "reference"):
        return defuse(str(value))
    number = column.in_unit(value)
    return f"{number:f}" if isinstance(number, Decimal) else repr(number)


def _xlsx(name: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    from xlsxwriter import Workbook

    with tempfile.TemporaryFile() as file, tempfile.TemporaryDirectory(prefix="chanye-") as folder:
        book = Workbook(
            file,
            {
                "constant_memory": True,
                "tmpdir": folder,
                "strings_to_formulas": False,
                "strings_to_numbers": False,
                "strings_to_urls": False,
            },
        )
        write_sheet(book, name, columns, rows)
        book.close()
        file.seek(0)
        while chunk := file.read(CHUNK):
            yield chunk


def write_sheet(book: Any, name: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> None:
    """Add a table to a workbook of XlsxWriter, on as many worksheets as its rows need."""
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top", "bg_color": "#F3F1EC"})
    formats = [book.add_format({"num_format": form}) if (form := _format(column)) else None for column in columns]
    # The words of choices and the kind of each column are settled once, not for every cell.
    writers = [_writer(column) for column in columns]
    sheet, at, number = None, 0, 0
    for row in rows:
        if sheet is None or at == SHEET_ROWS:
            number += 1
            sheet, at = _new_sheet(book, worksheet_name(name, number), columns, head, formats), 1
        for i, value in enumerate(row):
            if value is not None:
                writers[i](sheet, at, i, value, formats[i])
        at += 1
    if sheet is None:
        _new_sheet(book, worksheet_name(name, 1), columns, head, formats)


def worksheet_name(name: str, number: int = 1) -> str:
    """Return a name that a worksheet may have."""
    tail = "" if number == 1 else f" ({number})"
    plain = name.translate(_FORBIDDEN_IN_NAMES).translate(_CONTROL).strip(" '") or "chanye"
    return plain[: 31 - len(tail)].strip(" '") + tail


def _new_sheet(book: Any, name: str, columns: Sequence[Column], head: Any, formats: Sequence[Any]) -> Any:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for i, column in enumerate(columns):
        sheet.set_column(i, i, _width(column), formats[i])
        sheet.write_string(0, i, column.title.translate(_CONTROL)[:CELL], head)
    return sheet


def _width(column: Column) -> int:
    if column.width:
        return column.width
    least = {"moment": 19, "date": 12, "text": 18, "reference": 16, "money": 14}.get(column.kind, 10)
    words = sum(2 if c > "\u2e80" else 1 for c in column.title) + 2  # a Chinese character is two wide
    return min(60, max(least, words))


def _format(column: Column) -> str:
    if column.kind == "quantity" and column.decimals is not None:
        return "#,##0" + ("." + "0" * column.decimals if column.decimals else "")
    if column.milliseconds:
        return "yyyy-mm-dd hh:mm:ss.000"
    return {
        "integer": "#,##0",
        "money": "#,##0.00",
        "moment": "yyyy-mm-dd hh:mm:ss",
        "date": "yyyy-mm-dd",
        "text": "@",
        "reference": "@",
    }.get(column.kind, "")


#: Puts a value into a cell: worksheet, row, column, value, format.
Writer = Callable[[Any, int, int, Any, Any], object]


def _writer(column: Column) -> Writer:
    if column.kind in ("choice", "yes_no"):
        return _word_writer(column)
    if column.kind in NUMBERS:
        return _number_writer(column)
    writers: dict[str, Writer] = {"moment": _write_moment, "date": _write_date}
    return writers.get(column.kind, _write_text)


def _write_text(sheet: Any, row: int, at: int, value: Any, form: Any) -> object:
    text = str(value).replace("\r\n", "\n").replace("\r", "\n")
    return sheet.write_string(row, at, text.translate(_CONTROL)[:CELL], form)


def _write_moment(sheet: Any, row: int, at: int, value: int, form: Any) -> object:
    clock = local(value).replace(tzinfo=None)
    if clock.year < FIRST_YEAR:
        return sheet.write_string(row, at, clock.isoformat(" "), form)
    return sheet.write_datetime(row, at, clock, form)


def _write_date(sheet: Any, row: int, at: int, value: date, form: Any) -> object:
    if value.year < FIRST_YEAR:
        return sheet.write_string(row, at, value.isoformat(), form)
    return sheet.write_datetime(row, at, datetime.combine(value, datetime.min.time()), form)


def _word_writer(column: Column) -> Writer:
    known = (True, False) if column.kind == "yes_no" else column.choices
    words = {value: column.word(value) for value in known}

    def put(sheet: Any, row: int, at: int, value: Any, form: Any) -> object:
        return sheet.write_string(row, at, words.get(value, str(value)), form)

    return put


def _number_writer(column: Column) -> Writer:
    def put(sheet: Any, row: int, at: int, value: Any, form: Any) -> object:
        shown = column.in_unit(value)
        # A spreadsheet keeps fifteen figures; a longer number is kept as text rather than changed.
        if abs(value) < _EXACT or (isinstance(shown, float) and abs(shown) < _LARGEST):
            return sheet.write_number(row, at, float(shown), form)
        return sheet.write_string(row, at, str(shown), form)

    return put


def filename(sheet: Table, form: str, moment: int) -> str:
    """Return the name of an exported file: what it is, when, in words a file system takes."""
    words = re.sub(r'[\\/:*?"<>|\s\x00-\x1f]+', "-", str(sheet.label)).strip("-.") or sheet.name
    return _("%(what)s %(when)s") % {"what": words, "when": local(moment).strftime("%Y-%m-%d %H%M")} + f".{form}"
