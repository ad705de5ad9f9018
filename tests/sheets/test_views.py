"""One view asked of the database, of dataclasses and of columns gives one answer; any address is harmless."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from django.http import QueryDict
from hypothesis import given, settings
from hypothesis import strategies as st

from chanye.parties.models import AuditEntry
from chanye.sheets import Column, Sheet
from sheets.orders import SHEET

VERBS = {"create": "Create", "remove": "Remove", "change": "Change"}
LOG = Sheet(
    "log",
    "Log",
    (
        Column("number", "Number", "integer", field="sequence", total=True),
        Column("at", "Time", "moment"),
        Column("actor", "Who"),
        Column("verb", "Deed", "choice", choices=VERBS),
        Column("person", "Person", "integer", field="person_id_at"),
    ),
)


@dataclass(frozen=True)
class Entry:
    number: int
    at: int
    actor: str
    verb: str
    person: int | None


ENTRIES = [
    Entry(i, (i * 7919) % 1000 * 3_600_000_000, ["ann", "Bob", "张三"][i % 3], list(VERBS)[i % 3], i % 5 or None)
    for i in range(1, 121)
]


@pytest.fixture
def entries(db: None) -> None:
    AuditEntry.objects.bulk_create(
        AuditEntry(
            sequence=e.number, at=e.at, actor=e.actor, verb=e.verb, person_id_at=e.person, detail="{}", digest=str(i)
        )
        for i, e in enumerate(ENTRIES)
    )


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 120),
        ("q=BO", 40),
        ("q=张&verb=change", 40),
        ("verb=create&verb=change&sort=-at", 80),
        ("number.from=11&number.to=20&sort=person", 10),
        ("sort=-person", 120),
        ("sort=verb", 120),
        ("at.from=1970-01-02&at.to=1970-01-05&sort=at", None),
        ("actor=ann&person.to=1,000&sort=number", None),
        ("q=nobody", 0),
    ],
)
def test_three_sources_give_one_answer(query: str, count: int | None) -> None:
    view = LOG.read(QueryDict(query))
    rows = view.apply(AuditEntry.objects.all())
    listed = view.apply(ENTRIES)
    arrays = {
        "number": np.array([e.number for e in ENTRIES]),
        "at": np.array([e.at for e in ENTRIES]),
        **{name: [getattr(e, name) for e in ENTRIES] for name in ("actor", "verb", "person")},
    }
    columned = view.apply(arrays)

    def seen(found: Any) -> list[Any]:
        return [tuple(column.value(row) for column in LOG.columns) for row in found]

    assert rows.count == listed.count == columned.count
    assert count in (None, rows.count)
    assert rows.totals == listed.totals == columned.totals
    assert sorted(seen(rows), key=repr) == sorted(seen(listed), key=repr)
    assert seen(listed) == seen(columned)
    if view.order is not None:  # rows that are equal in the column may stand in any order
        column = view.order[0]
        assert [column.value(r) for r in rows] == [column.value(r) for r in listed]
    assert seen(rows.window(5, 15)) == seen(rows)[5:15]


def test_order_by_choice_is_as_declared_and_the_unknown_comes_last() -> None:
    rows = [{"state": s} for s in ("held", None, "open", "closed")]
    assert [r["state"] for r in SHEET.read(QueryDict("sort=state")).apply(rows)] == ["open", "closed", "held", None]
    assert [r["state"] for r in SHEET.read(QueryDict("sort=-state")).apply(rows)] == ["held", "closed", "open", None]


def test_a_day_is_whole_and_by_the_clock_of_shanghai() -> None:
    day = 1_785_513_600_000_000  # 2026-08-01 00:00 in Shanghai
    rows = [{"at": day - 1}, {"at": day}, {"at": day + 86_400_000_000 - 1}, {"at": day + 86_400_000_000}]
    found = SHEET.read(QueryDict("at.from=2026-08-01&at.to=2026-08-01")).apply(rows)
    assert [row["at"] for row in found] == [day, day + 86_400_000_000 - 1]


def test_units_of_filters_are_those_of_the_header() -> None:
    rows = [{"run": 1_000_000 * i, "cost": 100 * i} for i in range(1, 10)]
    assert SHEET.read(QueryDict("run.from=8")).apply(rows).count == 2
    assert SHEET.read(QueryDict("cost.to=¥2.00")).apply(rows).count == 2


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("due.from=yesterday", "2026-08-31"),
        ("planned.to=1e400", ""),
        ("mass.from=x", "12.5"),
        ("cost.to=1.001", "fen"),
    ],
)
def test_what_cannot_be_understood_is_told_and_left_out(query: str, word: str) -> None:
    view = SHEET.read(QueryDict(query))
    assert not view.narrowed
    asked = (view.asked or {})[query.split(".", maxsplit=1)[0]]
    assert asked.fault
    assert word in asked.fault


NAMES = [c.name for c in SHEET.columns]
KEYS = st.sampled_from(
    [*NAMES, *(f"{n}.from" for n in NAMES), *(f"{n}.to" for n in NAMES), "q", "sort", "page", "as"]
)


@given(st.lists(st.tuples(KEYS, st.text() | st.sampled_from(["-1", "9" * 30, "inf", "nan", "٣", "0001-01-01", "'"]))))
@settings(max_examples=60, deadline=None)
def test_no_address_breaks_a_list(pairs: list[tuple[str, str]]) -> None:
    params = QueryDict(mutable=True)
    for name, value in pairs:
        params.appendlist(name, value)
    rows = [{"code": "A", "run": 5, "planned": 3, "mass": 1.5, "at": 0, "state": "open"}, {}]
    view = SHEET.read(params)
    found = view.apply(rows)
    assert found.count <= 2
    assert view.address(page=3).endswith("page=3")
