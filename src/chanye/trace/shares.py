"""How much of the start each item holds.

One rule: *a lot is one mix*. What went into an item is in all of it evenly, so what is taken from it carries its
share; the outputs of a position share what went in by their weights. That is a linear system; without loops it is
exact after as many rounds as there are stages.

Items that are alike in every event on the way hold the same, so the system is solved for *cells*, the largest ranges
of alike items and of alike positions, not item by item: 2,000 pieces booked together are one unknown. A part is rows
of (item, position), ``max(count, span)`` of them; a stretch of rows between one cell of items and one of positions is
one coefficient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chanye.trace.rules import INPUT, ONE, OUTPUT, State
from chanye.trace.types import F64, I64
from chanye.trace.walk import POSITIONS, Parts, Spans, Walk, expand

#: Rounds of a system with loops (material that goes round) before its quantities are taken as they are.
MOST_ROUNDS = 10_000


def attribute(walk: Walk, states: Sequence[State], start: Spans, *, forward: bool) -> F64:
    """Return how much of the start each item holds, or how much of each item the start holds.

    Parameters
    ----------
    states
        Of all items reached, ascending.
    start
        The items walked from.

    Returns
    -------
    F64
        Forward in the unit of the start, backward in that of each item; in the order of the items. Shape (n,).
    """
    items, positions = _cells(walk, states, start)
    size, room = items.high - items.low, positions.high - positions.low
    first = np.array([state.first for state in states], np.int64)
    made = (
        np.array([state.made for state in states], np.float64)[np.searchsorted(first, items.low, "right") - 1] / ONE
    )
    into, outof = _edges(walk.parts, INPUT, items, positions), _edges(walk.parts, OUTPUT, items, positions)
    shared = np.bincount(outof.place, outof.amount * outof.rows / room[outof.place], len(positions)).astype(float)
    # Items that were not reached matter only for what the others share.
    into, outof = into.reached(), outof.reached()
    share = _over(outof.amount, shared[outof.place])
    drawn = _over(into.amount, made[into.item])
    begin = (_cell_of(start, items.low) >= 0).astype(np.float64)
    if forward:
        first_step = _Step(into.item, into.place, drawn * into.rows / room[into.place], len(positions))
        second = _Step(outof.place, outof.item, share * outof.rows / size[outof.item], len(items))
        return np.repeat(_settle(begin * made, first_step, second), size)
    first_step = _Step(outof.item, outof.place, share * outof.rows / room[outof.place], len(positions))
    second = _Step(into.place, into.item, drawn * into.rows / size[into.item], len(items))
    return np.repeat(_settle(begin, first_step, second) * made, size)


@dataclass(frozen=True, slots=True)
class _Step:
    """Flow from sources to targets. ``factor`` shape (n,), ``size`` the number of targets."""

    source: I64
    target: I64
    factor: F64
    size: int

    def __call__(self, values: F64) -> F64:
        return np.bincount(self.target, values[self.source] * self.factor, self.size).astype(np.float64)


def _settle(begin: F64, first: _Step, second: _Step) -> F64:
    """Return the fixed point of ``x = begin + A x``; the two steps together are A."""
    held = begin
    for _round in range(MOST_ROUNDS):
        after = begin + second(first(held))
        if (np.abs(after - held) <= 1e-13 * after).all():
            return after
        held = after
    return held


def _over(one: F64, other: F64) -> F64:
    out: F64 = np.divide(one, other, out=np.zeros(len(one)), where=other > 0)
    return out


def _cells(walk: Walk, states: Sequence[State], start: Spans) -> tuple[Spans, Spans]:
    """Return the items and the positions reached, cut so that all in a cell are alike."""
    parts = walk.parts
    runs = [np.array([edge(state) for state in states], np.int64) for edge in (_first, _end)]
    item_cuts = np.unique(
        np.concatenate([*_edges_of(walk.items), *_edges_of(start), *runs, parts.first, parts.first + parts.count])
    )
    place_cuts = np.unique(np.concatenate([*_edges_of(walk.positions), parts.base, parts.base + parts.span]))
    paired = parts.where((parts.count > 1) & (parts.span > 1))
    sides = (paired.first, paired.count, paired.base, paired.span)
    while True:
        more_places = np.union1d(place_cuts, _mirror(item_cuts, *sides))
        more_items = np.union1d(item_cuts, _mirror(more_places, *sides[2:], *sides[:2]))
        if len(more_items) == len(item_cuts) and len(more_places) == len(place_cuts):
            return _between(item_cuts, walk.items), _between(place_cuts, walk.positions)
        item_cuts, place_cuts = more_items, more_places


def _first(state: State) -> int:
    return state.first


def _end(state: State) -> int:
    return state.end


def _edges_of(spans: Spans) -> tuple[I64, I64]:
    return spans.low, spans.high


def _inside(cuts: I64, low: I64, count: I64) -> tuple[I64, I64]:
    """Return (range, cut) for each cut that lies inside a range."""
    begin = np.searchsorted(cuts, low, "right")
    times = np.maximum(np.searchsorted(cuts, low + count, "left") - begin, 0)
    return np.repeat(np.arange(len(low)), times), cuts[expand(begin, times)]


def _mirror(cuts: I64, low: I64, count: I64, to: I64, to_count: I64) -> I64:
    """Return where cuts through ranges fall in what is paired with them; a cut inside a group cuts around it."""
    at, cut = _inside(cuts, low, count)
    steps = (cut - low[at]) * to_count[at]
    out: I64 = np.concatenate([to[at] + steps // count[at], to[at] - (-steps // count[at])])
    return out


def _between(cuts: I64, spans: Spans) -> Spans:
    low, high = cuts[:-1], cuts[1:]
    kept = _cell_of(spans, low) >= 0
    return Spans(low[kept], high[kept])


def _cell_of(cells: Spans, numbers: I64) -> I64:
    """Return which cell holds each number, -1 if none does."""
    if not len(cells):
        return np.full(len(numbers), -1, np.int64)
    at = np.searchsorted(cells.low, numbers, "right") - 1
    out: I64 = np.where((at >= 0) & (numbers < cells.high[np.maximum(at, 0)]), at, -1)
    return out


@dataclass(frozen=True, slots=True)
class _Edges:
    """Stretches of rows: cell of items (-1: not reached), cell of positions, rows, amount of each row. Shape (n,)."""

    item: I64
    place: I64
    rows: I64
    amount: F64

    def where(self, mask: npt.NDArray[np.bool_]) -> _Edges:
        return _Edges(self.item[mask], self.place[mask], self.rows[mask], self.amount[mask])

    def reached(self) -> _Edges:
        return self.where(self.item >= 0)


def _edges(parts: Parts, role: int, items: Spans, positions: Spans) -> _Edges:
    parts = parts.where(parts.role == role)
    rows = np.maximum(parts.count, parts.span)
    number = np.arange(len(parts))
    stride = 2 * POSITIONS  # more than the rows of any part
    keys = [number * stride, number * stride + rows]
    for cells, low, count in ((items, parts.first, parts.count), (positions, parts.base, parts.span)):
        at, cut = _inside(np.union1d(cells.low, cells.high), low, count)
        keys.append(at * stride + (cut - low[at]) * rows[at] // count[at])
    cuts = np.unique(np.concatenate(keys))
    part, row = cuts // stride, cuts % stride
    same = part[1:] == part[:-1]
    part, row, length = part[:-1][same], row[:-1][same], np.diff(cuts)[same]
    item = _cell_of(items, parts.first[part] + row * parts.count[part] // rows[part])
    place = _cell_of(positions, parts.base[part] + row * parts.span[part] // rows[part])
    amount = (parts.quantity if role == INPUT else parts.weight)[part] / rows[part] / ONE
    return _Edges(item, place, length, amount).where(place >= 0)
