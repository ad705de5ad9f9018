"""Views pushed into the database: it filters, sorts, counts and adds up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Sum, Value, When

from chanye.sheets.columns import Column
from chanye.sheets.filters import Contains
from chanye.sheets.question import Question
from chanye.sheets.rows import Rows

#: Rows fetched together where all are asked for.
CHUNK = 1000


def rows_of_queryset(
    view: Question, queryset: QuerySet[Any], fields: Mapping[str, str], make: Callable[[Any], Any] | None
) -> Rows:
    """Return the rows of a queryset that a view asks for; see ``View.apply``."""
    found = queryset.filter(_question(view, fields))
    ordered = _in_order(view, found, fields)

    def summary() -> tuple[int, Mapping[str, Any]]:
        totals = [column for column in view.sheet.columns if column.total]
        sums = {f"sum_{i}": Sum(_path(column, fields)) for i, column in enumerate(totals)}
        answer = found.order_by().aggregate(rows_found=Count("pk"), **sums)
        return answer["rows_found"], {c.name: c.normal(answer[f"sum_{i}"]) for i, c in enumerate(totals)}

    def window(first: int, last: int) -> list[Any]:
        return [make(row) if make else row for row in ordered[first:last]]

    def every() -> Iterator[Any]:
        for row in ordered.iterator(chunk_size=CHUNK):
            yield make(row) if make else row

    return Rows(view, summary, window, every)


def _path(column: Column, fields: Mapping[str, str]) -> str:
    return fields.get(column.name, column.path)


def _question(view: Question, fields: Mapping[str, str]) -> Q:
    question = Q()
    for column in view.sheet.columns:
        one = view.filters.get(column.name)
        if one is not None:
            question &= one.asks(column, _path(column, fields))
    if view.search:
        anywhere = Q(pk__in=[])
        for column in view.searched:
            anywhere |= Contains(view.search).asks(column, _path(column, fields))
        question &= anywhere
    return question


def _in_order(view: Question, found: QuerySet[Any], fields: Mapping[str, str]) -> QuerySet[Any]:
    if view.order is None:
        return found if found.ordered else found.order_by("pk")
    column, down = view.order
    path = _path(column, fields)
    if column.kind == "choice":  # as declared, not by the alphabet of the codes
        places = [When(**{path: code}, then=Value(i)) for i, code in enumerate(column.choices)]
        by: Any = Case(*places, default=Value(len(places)), output_field=IntegerField())
    else:
        by = F(path)
    # What is not known comes last either way; equal rows keep one order, so that pages do not overlap.
    return found.order_by(by.desc(nulls_last=True) if down else by.asc(nulls_last=True), "-pk" if down else "pk")
