"""Genealogy as arrays: which items are reached, and in how many stages.

An event is a row of like operations at *positions* 0, 1, 2, …; most have one position. A part says that ``count``
items from ``first`` on stand evenly at ``span`` positions from ``pos`` on. All inputs at a position went into all
outputs there. So items and positions are joined by linear maps of whole ranges, and a step of the walk is: ranges of
items -> ranges of positions -> ranges of items. A range of 2,000 pieces costs as much as one piece.

Each item is in the answer once, however many paths lead to it, because the answer is a set of ranges.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from chanye.trace.rules import INPUT, OUTPUT
from chanye.trace.types import I64

#: Positions of one event are below this; an event's positions are numbered from ``event * POSITIONS`` on.
POSITIONS = 1 << 20


@dataclass(frozen=True, slots=True)
class Spans:
    """Ranges ``[low, high)`` of numbers, ascending, apart from each other. Shape (n,)."""

    low: I64
    high: I64

    def __len__(self) -> int:
        return len(self.low)

    @property
    def total(self) -> int:
        """How many numbers there are."""
        return int((self.high - self.low).sum())

    def numbers(self) -> I64:
        """Return all the numbers, ascending."""
        return expand(self.low, self.high - self.low)

    def places(self, numbers: I64) -> I64:
        """Return where each of some numbers stands among all, -1 if it is none of them."""
        at = np.searchsorted(self.low, numbers, "right") - 1
        inside = (at >= 0) & (numbers < self.high[at]) if len(self) else np.zeros(len(numbers), bool)
        before = np.concatenate([[0], np.cumsum(self.high - self.low)])
        found = before[at] + numbers - self.low[at] if len(self) else np.zeros(len(numbers), np.int64)
        out: I64 = np.where(inside, found, -1)
        return out


@dataclass(frozen=True, slots=True)
class Parts:
    """Rows of the table of parts as columns. Shape (n,)."""

    event_id: I64
    role: I64
    first: I64
    count: I64
    pos: I64
    span: I64
    quantity: I64
    weight: I64

    def __len__(self) -> int:
        return len(self.event_id)

    @property
    def base(self) -> I64:
        """The number of the first position of each part among the positions of all events."""
        return self.event_id * POSITIONS + self.pos

    def where(self, mask: npt.NDArray[Any]) -> Parts:
        """Return some of the rows."""
        return Parts(*(getattr(self, f.name)[mask] for f in fields(self)))


@dataclass(frozen=True, slots=True)
class Walk:
    """What was reached: spans of items, each with its stage, and the parts of the events on the way."""

    items: Spans
    stage_low: I64
    stage: I64
    parts: Parts
    positions: Spans


#: (role, spans of items) -> parts of that role that hold any of them; spans of events -> all inputs and outputs.
Touching = Callable[[int, Spans], Parts]
OfEvents = Callable[[Spans], Parts]


def expand(first: I64, count: I64) -> I64:
    """Return ``first[i], first[i] + 1, …``, ``count[i]`` of each, one after another."""
    ends = np.cumsum(count)
    total = int(ends[-1]) if len(ends) else 0
    numbers: I64 = np.arange(total, dtype=np.int64) + np.repeat(first - (ends - count), count)
    return numbers


def union(low: I64, high: I64) -> Spans:
    """Return ranges as spans: ascending, overlapping and touching ones joined."""
    if not len(low):
        return Spans(low, high)
    order = np.argsort(low, kind="stable")
    low, reach = low[order], np.maximum.accumulate(high[order])
    new = np.concatenate([[True], low[1:] > reach[:-1]])
    starts = np.flatnonzero(new)
    return Spans(low[starts], reach[np.append(starts[1:], len(low)) - 1])


def minus(some: Spans, others: Spans) -> Spans:
    """Return what is in ``some`` and not in ``others``."""
    if not len(some) or not len(others):
        return some
    # Every edge where membership may change cuts the line; a piece is kept if it lies in some and not in others.
    edges = np.unique(np.concatenate([some.low, some.high, others.low, others.high]))
    low, high = edges[:-1], edges[1:]
    kept = _inside(some, low) & ~_inside(others, low)
    return union(low[kept], high[kept])


def _inside(spans: Spans, numbers: I64) -> npt.NDArray[np.bool_]:
    at = np.searchsorted(spans.low, numbers, "right") - 1
    inside: npt.NDArray[np.bool_] = (at >= 0) & (numbers < spans.high[np.maximum(at, 0)])
    return inside


def carry(spans: Spans, low: I64, count: I64, to: I64, to_count: I64) -> Spans:
    """Map spans through pieces: ``count`` numbers from ``low`` on lie evenly over ``to_count`` from ``to`` on."""
    begin = np.searchsorted(spans.high, low, "right")
    end = np.searchsorted(spans.low, low + count, "left")
    times = np.maximum(end - begin, 0)
    piece = np.repeat(np.arange(len(low)), times)
    span = expand(begin, times)
    a = np.maximum(spans.low[span], low[piece]) - low[piece]
    b = np.minimum(spans.high[span], low[piece] + count[piece]) - low[piece]
    n, m = count[piece], to_count[piece]
    return union(to[piece] + a * m // n, to[piece] - (-b * m // n))


def reach(touching: Touching, of_events: OfEvents, start: Spans, *, forward: bool) -> Walk:
    """Return all that is reached from ``start``, in any number of stages.

    Parameters
    ----------
    touching, of_events
        Where parts come from.
    start
        Item numbers.
    forward
        From inputs to outputs; else from outputs to inputs.
    """
    near, far = (INPUT, OUTPUT) if forward else (OUTPUT, INPUT)
    seen, fresh, stages = start, start, [start]
    positions = Spans(np.empty(0, np.int64), np.empty(0, np.int64))
    known, parts = positions, _none()
    while len(fresh):
        touched = touching(near, fresh)
        here = minus(carry(fresh, touched.first, touched.count, touched.base, touched.span), positions)
        if not len(here):
            break
        positions = union(np.concatenate([positions.low, here.low]), np.concatenate([positions.high, here.high]))
        events = minus(union(here.low // POSITIONS, (here.high - 1) // POSITIONS + 1), known)
        if len(events):
            known = union(np.concatenate([known.low, events.low]), np.concatenate([known.high, events.high]))
            parts = _both(parts, of_events(events))
        out = parts.where(parts.role == far)
        fresh = minus(carry(here, out.base, out.span, out.first, out.count), seen)
        seen = union(np.concatenate([seen.low, fresh.low]), np.concatenate([seen.high, fresh.high]))
        stages.append(fresh)
    low = np.concatenate([s.low for s in stages])
    stage = np.repeat(np.arange(len(stages)), [len(s) for s in stages])
    order = np.argsort(low, kind="stable")
    return Walk(seen, low[order], stage[order].astype(np.int64), parts, positions)


def _none() -> Parts:
    return Parts(*(np.empty(0, np.int64) for _ in fields(Parts)))


def _both(one: Parts, two: Parts) -> Parts:
    return Parts(*(np.concatenate([getattr(one, f.name), getattr(two, f.name)]) for f in fields(Parts)))


def spans_of(items: Sequence[range]) -> Spans:
    """Return ranges of items as spans."""
    table = np.array([(r.start, r.stop) for r in items], np.int64).reshape(-1, 2)
    return union(table[:, 0], table[:, 1])


def stages_of(walk: Walk) -> I64:
    """Return the stage of each item reached, in the order of the items."""
    stage: I64 = walk.stage[np.searchsorted(walk.stage_low, walk.items.numbers(), "right") - 1]
    return stage
