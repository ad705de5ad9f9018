"""A published sum gives away its suppressed parts together: their union must not be sensitive either.

With it goes the singleton problem: one who is alone in a suppressed cell knows it, and would know the other one of a
pair.
"""

from __future__ import annotations

import numpy as np

from chanye.engines.disclosure.rules import Rules, sensitive
from chanye.engines.disclosure.table import I64, Table
from chanye.engines.linear import Flags


def bare_unions(table: Table, suppressed: Flags, rules: Rules) -> list[tuple[int, I64]]:
    """Return the relations, and the suppressed parts of each, whose union tells too much about one contributor."""
    relations = table.relations
    n, _share = rules.dominance or (1, 0.5)
    found = []
    for row in range(len(relations.low)):
        columns = relations.column[relations.start[row] : relations.start[row + 1]]
        # the last of a relation is its sum: suppressed itself, it gives nothing away
        parts = columns[:-1][suppressed[columns[:-1]]].astype(np.int64)
        if suppressed[columns[-1]] or not len(parts):
            continue
        who, much = table.members(parts)
        top = np.zeros(max(2, n))
        some = np.sort(much)[::-1][: len(top)]
        top[: len(some)] = some
        if sensitive(np.array([len(who)]), np.array([much.sum()]), top[None, :], rules)[0]:
            found.append((row, parts))
    return found
