"""What a ranked list would have chosen: walk down, take what still fits, and see what that forgoes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chanye.engines.allocation.model import counted, keeps, rows_of, table_of
from chanye.engines.allocation.types import Choice, Programme, Project, RankedList
from chanye.engines.linear import F64, Flags, Rows


def ranked_lists(projects: Sequence[Project], programme: Programme, choice: Choice) -> tuple[RankedList, ...]:
    """Return the lists by effect per yuan and by the committee's points, beside the best choice.

    What is mandatory goes first. Then each project is taken if envelopes, upper quotas and variants still allow it;
    a list knows no lower quotas and no shares, so those it misses are named.
    """
    table = table_of(projects, programme)
    ratio = table.effect / np.maximum(table.grant, 1e-9)
    found = []
    for by, order in (("ratio", ratio), ("score", table.score)):
        sequence = np.lexsort((np.array(table.ids), -order, ~table.must))
        plain = tuple(quota for quota in programme.quotas if quota.of != "share")
        rows = rows_of(table, Programme(programme.envelopes, plain))
        taken = _walk(sequence, rows, table.must, table.may)
        effect = float(table.effect[taken].sum())
        loss = (choice.objective - effect) / max(abs(choice.objective), 1e-12)
        missed = tuple(q.name for q in programme.quotas if not keeps(q, counted(table, q, taken)))
        chosen = tuple(sorted(np.array(table.ids, np.int64)[taken].tolist()))
        found.append(RankedList(by, chosen, effect, loss, missed))
    return tuple(found)


def _walk(sequence: np.ndarray[tuple[int], np.dtype[np.int64]], rows: Rows, must: Flags, may: Flags) -> Flags:
    taken = np.zeros(len(must), np.bool_)
    each: F64 = np.zeros((len(rows.low), len(must)))
    for row in range(len(rows.low)):
        inside = slice(rows.start[row], rows.start[row + 1])
        each[row, rows.column[inside]] = rows.value[inside]
    left = rows.high.copy()
    for one in sequence:
        if may[one] and (must[one] or (each[:, one] <= left + 1e-9).all()):
            taken[one] = True
            left -= each[:, one]
    return taken
