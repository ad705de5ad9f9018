"""Views of rows that are already in memory: dataclasses, mappings or columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from chanye.sheets.columns import Column
from chanye.sheets.filters import Contains
from chanye.sheets.question import Question
from chanye.sheets.rows import Rows


def rows_of_list(view: Question, source: Iterable[Any]) -> Rows:
    """Return the rows of a list that a view asks for; see ``View.apply``."""
    kept = [row for row in source if _keeps(view, row)]
    if view.order is not None:
        column, down = view.order
        kept = _sorted(column, kept, down=down)

    def summary() -> tuple[int, Mapping[str, Any]]:
        return len(kept), {column.name: _sum(column, kept) for column in view.sheet.columns if column.total}

    def every() -> Iterator[Any]:
        return iter(kept)

    return Rows(view, summary, lambda first, last: kept[first:last], every)


def rows_of_columns(view: Question, source: Mapping[str, Sequence[Any]]) -> Rows:
    """Return the rows of columns (name -> values, all of one length) as mappings."""
    names = list(source)
    # An array's own list holds plain numbers, which is what cells are made of.
    columns = [values.tolist() if hasattr(values, "tolist") else values for values in source.values()]
    return rows_of_list(view, (dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)))


def _keeps(view: Question, row: Any) -> bool:
    filters = view.filters
    for column in view.sheet.columns:
        if column.name in filters and not filters[column.name].keeps(column.value(row)):
            return False
    wanted = Contains(view.search)
    return not view.search or any(wanted.keeps(column.value(row)) for column in view.searched)


def _sorted(column: Column, rows: list[Any], *, down: bool) -> list[Any]:
    places = {code: i for i, code in enumerate(column.choices)}
    keyed = [(column.value(row), row) for row in rows]
    known = [(places.get(value, len(places)) if places else value, row) for value, row in keyed if value is not None]
    known.sort(key=lambda pair: pair[0], reverse=down)
    return [row for _value, row in known] + [row for value, row in keyed if value is None]


def _sum(column: Column, rows: list[Any]) -> Any:
    known = [value for value in (column.value(row) for row in rows) if value is not None]
    return sum(known) if known else None
