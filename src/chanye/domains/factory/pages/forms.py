"""Forms made from the columns of a sheet: one row, or a grid of rows; read as a file's cells are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from chanye.domains.factory.pages.inputs import shown_moment
from chanye.sheets import Column
from chanye.sheets.cells import RuleError, read_cell

MOST_ROWS = 200


@dataclass(slots=True)
class FormField:
    """A field as it is drawn: its column, name in the form, what is typed, what is wrong, what may be chosen."""

    column: Column
    name: str
    text: str
    fault: str = ""
    options: list[tuple[str, str]] = field(default_factory=list)
    listed: bool = False

    @property
    def kind(self) -> str:
        """How it is typed: select, check, datetime or text."""
        if self.options and not self.listed:
            return "select"
        return {"yes_no": "check", "moment": "datetime"}.get(self.column.kind, "text")


def typed(column: Column, value: Any) -> str:
    """Return a value in normal form as a field holds it."""
    if value is None:
        return ""
    if column.kind == "yes_no":
        return "1" if value else ""
    if column.kind == "moment":
        return shown_moment(value)
    if column.kind in ("money", "duration"):
        return f"{column.in_unit(value):g}" if column.kind == "duration" else f"{value / 100:.2f}"
    if column.kind == "quantity":
        return f"{value:.10g}"
    return value.isoformat() if isinstance(value, date) else str(value)


def draw_field(
    column: Column, text: str, references: Mapping[str, Collection[str]], *, prefix: str = "", fault: str = ""
) -> FormField:
    """Return a field with what may be chosen in it."""
    options: list[tuple[str, str]] = []
    if column.kind == "choice":
        options = [(code, str(words)) for code, words in column.choices.items()]
    elif column.kind == "reference" and column.name in references:
        options = [(code, code) for code in references[column.name]]
    if options and (not column.required or not text):
        options = [("", "–"), *options]
    if options and text and text not in dict(options):
        options.append((text, text))
    return FormField(column, f"{prefix}{column.name}", text, fault, options)


def draw_row(
    columns: Sequence[Column], row: Any, references: Mapping[str, Collection[str]], *, prefix: str = ""
) -> list[FormField]:
    """Return the fields of a row (None: an empty one)."""
    values = {one.name: None if row is None else one.value(row) for one in columns}
    return [draw_field(one, typed(one, values[one.name]), references, prefix=prefix) for one in columns]


def read_row(
    columns: Sequence[Column], post: QueryDict, references: Mapping[str, Collection[str]], *, prefix: str = ""
) -> tuple[dict[str, Any], list[FormField], bool]:
    """Return values in normal form, the fields with their faults, and whether all is well."""
    values: dict[str, Any] = {}
    fields, well = [], True
    for column in columns:
        text = post.get(f"{prefix}{column.name}", "")
        value, fault = _read(column, text, references)
        values[column.name] = value
        fields.append(draw_field(column, text, references, prefix=prefix, fault=fault))
        well = well and not fault
    return values, fields, well


def _read(column: Column, text: str, references: Mapping[str, Collection[str]]) -> tuple[Any, str]:
    if column.kind == "yes_no":
        return bool(text), ""
    if column.kind == "moment":
        text = text.replace("T", " ")
    try:
        value = read_cell(column, text)
    except RuleError as error:
        return None, str(error)
    if value is None and column.required:
        return None, _("Fill this in.")
    known = references.get(column.name)
    if value is not None and column.kind == "reference" and known is not None and value not in known:
        return None, _("There is no %(code)s.") % {"code": value}
    return value, ""


def draw_grid(
    columns: Sequence[Column], rows: Iterable[Any], references: Mapping[str, Collection[str]], *, blank: int = 2
) -> list[list[FormField]]:
    """Return the fields of a grid: the rows that are there and some empty ones."""
    shown = [*rows, *([None] * blank)]
    return [draw_row(columns, row, references, prefix=f"r{i}-") for i, row in enumerate(shown)]


def read_grid(
    columns: Sequence[Column], post: QueryDict, references: Mapping[str, Collection[str]]
) -> tuple[list[dict[str, Any]], list[list[FormField]], bool]:
    """Return the rows of a grid that are not empty, its fields with their faults, and whether all is well."""
    found: list[dict[str, Any]] = []
    drawn: list[list[FormField]] = []
    well = True
    for i in range(MOST_ROWS):
        prefix = f"r{i}-"
        if f"{prefix}{columns[0].name}" not in post:
            break
        filled = any(post.get(f"{prefix}{one.name}", "").strip() for one in columns if one.kind != "choice")
        if not filled or post.get(f"{prefix}drop"):
            continue
        values, fields, fine = read_row(columns, post, references, prefix=prefix)
        found.append(values)
        drawn.append(fields)
        well = well and fine
    return found, drawn, well
