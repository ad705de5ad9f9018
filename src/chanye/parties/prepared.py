"""A query that is compiled once: Django writes its SQL the first time, afterwards only the values are filled in.

Writing the SQL of a small query costs Django ten times what the database needs to answer it. Where the same question
is asked many times a second (who holds this token, what stands at this machine), it is asked by a prepared query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import QuerySet
from django.db.models.query import ModelIterable, get_related_populators

#: Stand for values while the SQL is written: whole numbers from the one on, texts with their name behind the other.
#: No query compares with them otherwise; the number fits the narrowest column that numbers rows.
_NUMBER, _TEXT = 1_987_654_000, "prepared value "

Value = int | str | Sequence[int] | Sequence[str]
Row = TypeVar("Row")


class Prepared(Generic[Row]):
    """A query with values left open: ``Prepared(lambda place: Booking.objects.filter(place_id=place))``.

    Parameters
    ----------
    make
        Returns a queryset of rows of a table or of ``values_list``. Its parameters stand for whole numbers, texts, or
        lists of them to be used with ``__in``, each compared as it is given. It must not look at them, for it is
        called with others, nor at anything that changes, for it is called once.
    """

    def __init__(self, make: Callable[..., QuerySet[Any, Row]]) -> None:
        self._make = make
        self._ready: dict[tuple[object, ...], _Compiled] = {}

    def __call__(self, **values: Value) -> list[Row]:
        """Return the rows for these values."""
        given = {name: _padded(value) if _is_list(value) else value for name, value in values.items()}
        if any(value == () for value in given.values()):
            return []
        key = (
            connection.vendor,
            *(len(value) if isinstance(value, tuple) else type(value) for value in given.values()),
        )
        ready = self._ready.get(key)
        if ready is None:
            ready = self._ready[key] = _compile(self._make, given)
        return ready.rows(given)

    def one(self, **values: Value) -> Row | None:
        """Return the first row, None if there is none."""
        rows = self(**values)
        return rows[0] if rows else None


def _is_list(value: Value) -> bool:
    return not isinstance(value, int | str)


def _padded(values: Any) -> tuple[Any, ...]:
    """Return the values, the last one repeated up to the next power of two: few lengths, few queries to write."""
    found = tuple(values)
    return found + found[-1:] * ((1 << max(0, len(found) - 1).bit_length()) - len(found))


@dataclass(frozen=True, slots=True)
class _Compiled:
    """SQL, and for each place in it which value belongs there: name and place in its list, or what always stands."""

    sql: str
    slots: Sequence[tuple[str, int, Any]]
    build: Callable[[Iterable[Any]], list[Any]]

    def rows(self, given: dict[str, Any]) -> list[Any]:
        params = [
            always if not name else given[name] if place < 0 else given[name][place]
            for name, place, always in self.slots
        ]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, params)
            rows = cursor.fetchall()
        return self.build(rows)


def _compile(make: Callable[..., QuerySet[Any, Any]], given: dict[str, Any]) -> _Compiled:
    known: dict[object, tuple[str, int]] = {}

    def mark(name: str, place: int, value: object) -> object:
        made = _NUMBER + len(known) if isinstance(value, int) else f"{_TEXT}{name} {place}"
        known[made] = name, place
        return made

    marks = {
        name: [mark(name, i, one) for i, one in enumerate(value)]
        if isinstance(value, tuple)
        else mark(name, -1, value)
        for name, value in given.items()
    }
    queryset = make(**marks)
    compiler = queryset.query.get_compiler(connection=connection)
    sql, params = compiler.as_sql()
    slots = [(*known.get(one, ("", -1)), one) if isinstance(one, int | str) else ("", -1, one) for one in params]
    missing = set(given) - {name for name, _place, _always in slots}
    if missing:
        raise TypeError(f"The query does not compare with {', '.join(sorted(missing))} as it is.")
    build = _models(compiler) if queryset._iterable_class is ModelIterable else _tuples(compiler)  # noqa: SLF001  # how Django tells them apart
    return _Compiled(str(sql), slots, build)


def _tuples(compiler: Any) -> Callable[[Iterable[Any]], list[Any]]:
    """Return what turns raw rows into tuples of Python values."""
    converters = compiler.get_converters([one[0] for one in compiler.select[: compiler.col_count]])
    if not converters:
        return list

    def build(rows: Iterable[Any]) -> list[Any]:
        found = []
        for row in rows:
            cells = list(row)
            for i, (turns, expression) in converters.items():
                for turn in turns:
                    cells[i] = turn(cells[i], expression, connection)
            found.append(tuple(cells))
        return found

    return build


def _models(compiler: Any) -> Callable[[Iterable[Any]], list[Any]]:
    """Return what turns raw rows into objects, with those that ``select_related`` asks for."""
    plain = _tuples(compiler)
    info = compiler.klass_info
    fields = info["select_fields"]
    low, high = fields[0], fields[-1] + 1
    names = [one[0].target.attname for one in compiler.select[low:high]]
    alias = connection.alias
    others = get_related_populators(info, compiler.select, alias)  # type: ignore[call-arg]  # stubs of a later Django

    def build(rows: Iterable[Any]) -> list[Any]:
        found = []
        for row in plain(rows):
            made = info["model"].from_db(alias, names, row[low:high])
            for other in others:
                other.populate(row, made)
            found.append(made)
        return found

    return build
