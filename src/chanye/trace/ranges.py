"""Statements over many ranges of numbers at once, the same on SQLite and PostgreSQL.

``rows`` hands all ranges over as one value and joins them to a table, so that a walk asks once per stage, however
many ranges it has. A statement names them ``{ranges}`` with the columns ``lo`` and ``hi``, both inclusive;
``CROSS JOIN`` keeps them outside and the index inside.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from django.db import connection

from chanye.trace.types import I64

_RANGES = {
    "sqlite": "(SELECT json_extract(value, '$[0]') AS lo, json_extract(value, '$[1]') AS hi FROM json_each(%s)) AS f",
    "postgresql": "(SELECT * FROM unnest(%s::bigint[], %s::bigint[])) AS f(lo, hi)",
}


def rows(statement: str, low: I64, high: I64, *values: Any) -> list[tuple[Any, ...]]:
    """Run a statement over ranges; ``{ranges}`` comes first in it, ``values`` fill the places after it."""
    text = statement.replace("{ranges}", _RANGES[connection.vendor])
    lows, highs = low.tolist(), high.tolist()
    given: list[Any]
    if connection.vendor == "postgresql":
        given = [lows, highs]
    else:
        given = [json.dumps(list(zip(lows, highs, strict=True)), separators=(",", ":"))]
    with connection.cursor() as cursor:
        cursor.execute(text, [*given, *values])
        return list(cursor.fetchall())


def columns(found: Sequence[tuple[Any, ...]], width: int) -> list[I64]:
    """Return rows of integers as columns."""
    table = np.array(found, np.int64).reshape(-1, width)
    return [np.ascontiguousarray(table[:, i]) for i in range(width)]


def bounds(ranges: Iterable[range]) -> tuple[I64, I64]:
    """Return the first and last number of each range."""
    pairs = [(r.start, r.stop - 1) for r in ranges]
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]
