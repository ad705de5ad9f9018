"""Parts and states read from the records, as arrays."""

from __future__ import annotations

import numpy as np
from django.db import connection

from chanye.trace import ranges
from chanye.trace.rules import INPUT, OUTPUT, ROLES
from chanye.trace.walk import Parts, Spans, Touching

# Sizes that occur, found by leaping from one to the next in the index.
_SIZES = (
    "WITH RECURSIVE s(size) AS (SELECT min(size) FROM trace_part WHERE role = %s UNION ALL "
    "SELECT (SELECT min(p.size) FROM trace_part p WHERE p.role = %s AND p.size > s.size) FROM s "
    "WHERE s.size IS NOT NULL) SELECT size FROM s WHERE size IS NOT NULL"
)
_TOUCHING = (
    "SELECT p.event_id, p.role, p.first, p.count, p.pos, p.span, p.quantity, p.weight FROM {ranges} "
    "CROSS JOIN trace_part p WHERE p.role = %s AND p.size = %s AND p.first > f.lo - %s AND p.first <= f.hi"
)
# The plus keeps the role from choosing the index.
_OF_EVENTS = (
    "SELECT p.event_id, p.role, p.first, p.count, p.pos, p.span, p.quantity, p.weight FROM {ranges} "
    "CROSS JOIN trace_part p WHERE p.event_id BETWEEN f.lo AND f.hi AND +p.role IN (%s, %s)"
)


def sizes(role: int) -> list[int]:
    """Return the powers of two that the parts of a role fit into."""
    with connection.cursor() as cursor:
        cursor.execute(_SIZES, [role, role])
        return [row[0] for row in cursor.fetchall()]


def touching(role: int, items: Spans, known: list[int] | None = None) -> Parts:
    """Return the parts of a role that hold any of the items; ``known`` are its ``sizes`` if they are at hand."""
    found: list[tuple[int, ...]] = []
    for size in sizes(role) if known is None else known:
        found += ranges.rows(_TOUCHING, items.low, items.high - 1, role, size, 1 << size)
    parts = Parts(*ranges.columns(found, 8))
    # A part can be found by two ranges, or begin close before one without reaching it.
    at = np.searchsorted(items.high, parts.first, "right")
    hit = (at < len(items)) & (items.low[np.minimum(at, len(items) - 1)] < parts.first + parts.count)
    parts = parts.where(hit)
    key = np.stack([parts.event_id, parts.first, parts.pos, parts.quantity])
    _unique, chosen = np.unique(key, axis=1, return_index=True)
    return parts.where(chosen)


def toucher() -> Touching:
    """Return ``touching`` for one walk: what sizes there are is looked up once."""
    known: dict[int, list[int]] = {}

    def touched(role: int, items: Spans) -> Parts:
        if role not in known:
            known[role] = sizes(role)
        return touching(role, items, known[role])

    return touched


def events_of(items: Spans) -> list[int]:
    """Return the events in which any of the items took part, in whatever role."""
    return sorted({int(n) for role in range(len(ROLES)) for n in touching(role, items).event_id})


def of_events(events: Spans) -> Parts:
    """Return the inputs and outputs of events."""
    found = ranges.rows(_OF_EVENTS, events.low, events.high - 1, INPUT, OUTPUT)
    return Parts(*ranges.columns(found, 8))
