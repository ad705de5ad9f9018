"""The list page of a sheet: what the component ``c-list`` draws, and files in its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, override

from chanye.kernel.time import now_us
from chanye.sheets.columns import NUMBERS, Column, listing, shown
from chanye.sheets.question import FORMS, PAGE, Question
from chanye.sheets.rows import Rows
from chanye.sheets.table import Table
from chanye.sheets.writing import filename, write

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
#: Choices up to this number stand side by side; more go into a menu.
SIDE_BY_SIDE = 7


@dataclass(frozen=True, slots=True)
class Head:
    """A header of the table: its words, where a click leads, ``ascending``, ``descending`` or nothing."""

    column: Column
    title: str
    url: str
    sorted: str
    number: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its words, where it leads, and what a template of its own needs."""

    column: Column
    label: str
    text: str
    value: Any
    href: str
    number: bool
    first: bool

    @property
    def opening(self) -> SafeString:
        """Return the tag that opens the cell."""
        if self.first:
            return format_html('<th scope="row" data-label="{}">', self.label)
        kind = ' class="n"' if self.number else ' class="stamp"' if self.column.kind == "moment" else ""
        return format_html('<td{} data-label="{}">', mark_safe(kind), self.label)  # noqa: S308  # a word of ours

    @property
    def inside(self) -> str:
        """Return what stands in a cell that no template of its own draws."""
        if self.href:
            return format_html('<a href="{}">{}</a>', self.href, self.text or "–")
        return format_html('<span class="words">{}</span>', self.text) if self.column.kind == "text" else self.text

    @property
    def closing(self) -> SafeString:
        """Return the tag that closes the cell."""
        return mark_safe("</th>" if self.first else "</td>")  # noqa: S308  # a word of ours


@dataclass(frozen=True, slots=True)
class Line:
    """A row: what it is about, its page, its cells."""

    row: Any
    href: str
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class FilterField:
    """A filter as it is drawn: ``text``, ``options`` or ``range``."""

    column: Column
    kind: str
    label: str
    unit: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    input: str = "text"
    options: list[tuple[str, str, bool]] = field(default_factory=list)
    chosen: str = ""
    fault: str = ""
    set: bool = False
    menu: bool = False


@dataclass(frozen=True, slots=True)
class ListPage:
    """Everything ``c-list`` draws."""

    view: Question
    rows: Rows
    heads: list[Head]
    lines: list[Line]
    totals: list[str] | None
    shown: list[FilterField]
    more: list[FilterField]
    count: int
    first: int
    last: int
    page: int
    pages: int
    previous: str
    next: str

    @property
    def more_open(self) -> bool:
        """Whether a filter that is usually out of sight is set."""
        return any(one.set or one.fault for one in self.more)

    @property
    def clear(self) -> str:
        """The address without filters; the order stays."""
        return f"?sort={self.view.params['sort']}" if self.view.params and "sort" in self.view.params else "?"

    @property
    def exports(self) -> list[tuple[str, str]]:
        """Kind of file and address of each export of what is filtered."""
        return [(form.upper(), self.view.address(page=None, **{"as": form})) for form in FORMS]

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What of the address is not a filter and stays when one is set."""
        own = {"q", "page", "as"}
        for column in self.view.sheet.columns:
            own |= {column.name, f"{column.name}.from", f"{column.name}.to"}
        lists = self.view.params.lists() if self.view.params else ()
        return [(name, value) for name, values in lists if name not in own for value in values]


def list_page(request: HttpRequest, rows: Rows, template: str, context: Mapping[str, Any]) -> HttpResponseBase:
    """Answer the page or the file; see ``Sheet.page``."""
    if rows.view.form:
        return file_response(rows.view.sheet, rows, rows.view.form)
    answer: HttpResponse = render(request, template, {**context, "list": draw(rows)})
    return answer


def file_response(sheet: Table, rows: Iterable[Any], form: str, *, name: str = "") -> StreamingHttpResponse:
    """Answer rows as a file, ``xlsx`` or ``csv``, called ``name`` or else by the sheet's words and the time."""
    response = StreamingHttpResponse(_in_language(write(sheet, rows, form)), content_type=TYPES[form])
    name = f"{name}.{form}" if name else filename(sheet, form, now_us())
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    response["Cache-Control"] = "private, no-store"
    return response


def _in_language(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield chunks made in the language of now: a stream runs after the request's language is put away."""
    language = get_language() or "en"

    def run() -> Iterator[bytes]:
        while True:
            with override(language):
                chunk = next(chunks, None)
            if chunk is None:
                return
            yield chunk

    return run()


def draw(rows: Rows) -> ListPage:
    """Return what the list shows of these rows: one page of them, with everything around it."""
    view, count = rows.view, rows.count
    pages = max(1, -(-count // PAGE))
    page = min(view.number, pages)
    first = (page - 1) * PAGE
    columns = [column for column in view.sheet.columns if column.listed]
    lines = [_line(view, columns, row) for row in rows.window(first, first + PAGE)] if count else []
    totals = rows.totals
    fields = [_filter_field(view, column) for column in view.sheet.columns if column.filtered != "none"]
    # What the one search looks into needs no field of its own in sight.
    return ListPage(
        view,
        rows,
        [_head(view, column) for column in columns],
        lines,
        [shown(c, totals.get(c.name)) if c.total else "" for c in columns] if totals and count else None,
        [one for one in fields if one.column.filtered == "shown"],
        [one for one in fields if one.column.filtered == "more"],
        count,
        first + 1 if count else 0,
        first + len(lines),
        page,
        pages,
        view.address(page=page - 1 if page > 2 else None) if page > 1 else "",
        view.address(page=page + 1) if page < pages else "",
    )


def _head(view: Question, column: Column) -> Head:
    order = view.order
    now = ""
    if order is not None and order[0].name == column.name:
        now = "descending" if order[1] else "ascending"
    turned = f"-{column.name}" if now == "ascending" else column.name
    url = view.address(sort=turned, page=None) if column.sortable else ""
    return Head(column, column.title, url, now, column.kind in NUMBERS)


def _line(view: Question, columns: list[Column], row: Any) -> Line:
    href = view.sheet.href(row) if view.sheet.href else ""
    cells = []
    for i, column in enumerate(columns):
        value = column.value(row)
        leads = column.href(row) if column.href else href if i == 0 else ""
        text = shown(column, value)
        cells.append(Cell(column, column.title, text, value, leads, column.kind in NUMBERS, i == 0))
    return Line(row, href, cells)


def _filter_field(view: Question, column: Column) -> FilterField:
    asked = (view.asked or {}).get(column.name)
    typed = asked.typed if asked else {}
    fault = asked.fault if asked else ""
    is_set = bool(asked and asked.filter)
    if column.kind in ("choice", "yes_no"):
        chosen = view.params.getlist(column.name) if view.params else []
        known = [(code, str(words)) for code, words in column.choices.items()]
        if (
            column.kind == "yes_no"
        ):  # one chip says it: the name of the column; its opposite only where it is asked for
            known = [("yes", str(column.label))]
            known += [("no", f"{column.label}: {column.word(value=False)}")] if "no" in chosen else []
        options = [(code, words, code in chosen) for code, words in known]
        words = listing(word for _code, word, on in options if on)
        menu = len(options) > SIDE_BY_SIDE
        return FilterField(column, "options", str(column.label), options=options, chosen=words, set=is_set, menu=menu)
    if column.kind in NUMBERS or column.kind in ("moment", "date"):
        by = "date" if column.kind in ("moment", "date") else "text"
        if by == "date":  # the browser's own field takes whole days only, and nothing that is none
            typed = {} if fault else {end: text[:10] for end, text in typed.items()}
        label = str(column.label)
        return FilterField(column, "range", label, column.unit_words, typed, by, fault=fault, set=is_set)
    return FilterField(column, "text", str(column.label), typed={"is": typed.get("", "")}, set=is_set)
