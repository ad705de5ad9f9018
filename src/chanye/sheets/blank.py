"""The workbook to fill in: header, one example, and a sheet that says what may stand where."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from chanye.sheets.cells import wants
from chanye.sheets.columns import Column, listing
from chanye.sheets.table import Table
from chanye.sheets.writing import worksheet_name, write_sheet

#: Rows that get a menu of allowed values; characters that such a menu may have.
_MENU_ROWS, _MENU = 1000, 255
_NAMED = 200
#: 1 August 2026, 08:00 in China. [us UTC]
_EXAMPLE_MOMENT = 1_785_542_400_000_000


def blank_workbook(table: Table, references: Mapping[str, Collection[str]]) -> bytes:
    """Return the template of an import as XLSX.

    Parameters
    ----------
    references
        Reference column -> codes that exist, for the help sheet.
    """
    from xlsxwriter import Workbook

    columns = [column for column in table.columns if column.imported and column.read is None]
    file = io.BytesIO()
    with Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        write_sheet(book, str(table.label), columns, [[_example(column, references) for column in columns]])
        for at, column in enumerate(columns):
            words = [column.word(code) for code in column.choices]
            if column.kind == "yes_no":
                words = [column.word(value=True), column.word(value=False)]
            if words and len(",".join(words)) <= _MENU:
                rule = {"validate": "list", "source": words}
                book.worksheets()[0].data_validation(1, at, _MENU_ROWS, at, rule)
        help_name = worksheet_name(_("Help"))
        write_sheet(book, help_name, _help_columns(), [_help(column, table, references) for column in columns])
    return file.getvalue()


def _help_columns() -> list[Column]:
    return [
        Column("column", _("Column"), width=24),
        Column("must", _("Must be there"), width=14),
        Column("what", _("What it wants"), width=48),
        Column("words", _("Allowed values"), width=60),
        Column("other", _("Other headers"), width=30),
        Column("help", _("Help"), width=60),
    ]


def _help(column: Column, table: Table, references: Mapping[str, Collection[str]]) -> list[Any]:
    must = column.word if column.kind == "yes_no" else Column("must", "", "yes_no").word
    words = [f"{word} ({code})" if str(word) != code else code for code, word in column.choices.items()]
    known = references.get(column.name)
    if known is not None:
        words = [str(code) for code in list(known)[:_NAMED]] + (["…"] if len(known) > _NAMED else [])
    return [
        column.title,
        must(value=column.required or column.name in table.key),
        wants(column),
        listing(words),
        listing(sorted({*column.headers()} - {column.title})),
        str(column.help),
    ]


def _example(column: Column, references: Mapping[str, Collection[str]]) -> Any:
    if column.example is not None:
        return column.example
    known = references.get(column.name)
    if known:
        return next(iter(known))
    least = column.minimum if column.minimum is not None else (column.above or 0) + 1
    return {
        "choice": next(iter(column.choices), None),
        "integer": int(least),
        "quantity": float(least),
        "money": int(least * 100),
        "duration": int(least * column.step),
        "moment": _EXAMPLE_MOMENT,
        "date": date(2026, 8, 1),
        "yes_no": False,
    }.get(column.kind, f"{column.name}-1")
