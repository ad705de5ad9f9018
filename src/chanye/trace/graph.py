"""The genealogy of an item as a drawing: layers of groups of items, and what flows between them.

Left of the item stands what went into it, right of it what it went into. Items of one material that were made in one
call are one box; where a layer would have too many boxes, they are one box per material until it is opened.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chanye.trace.rules import INPUT, ONE, OUTPUT, State
from chanye.trace.types import I64, Reach
from chanye.trace.walk import Walk

#: Boxes that stand in one layer before those of a material become one.
MOST_IN_LAYER = 8
#: Boxes of one material that are drawn when it is opened.
MOST_OPEN = 40
#: Of a box and the room between boxes. [px]
WIDTH, HEIGHT, ACROSS, DOWN = 190, 58, 90, 18


@dataclass(slots=True)
class Group:
    """A box: items drawn together. ``quantity`` as in ``Reach``; ``lots`` counts the calls that made them."""

    layer: int
    material_id: int
    first: int
    count: int
    lots: int
    quantity: float
    blocked: bool
    x: float = 0
    y: float = 0

    @property
    def key(self) -> str:
        """What opens it in the address."""
        return f"{self.layer}.{self.material_id}"


@dataclass(frozen=True, slots=True)
class Flow:
    """A line between two boxes. ``quantity`` in the unit of the left one."""

    source: Group
    target: Group
    quantity: float

    @property
    def path(self) -> str:
        """The curve, for SVG."""
        x1, y1 = self.source.x + WIDTH, self.source.y + HEIGHT / 2
        x2, y2 = self.target.x, self.target.y + HEIGHT / 2
        bend = max(40.0, abs(x2 - x1) / 2)
        return f"M{x1:.0f} {y1:.0f}C{x1 + bend:.0f} {y1:.0f} {x2 - bend:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"


@dataclass(frozen=True, slots=True)
class Drawing:
    """Boxes with their places, lines, and the size of it all. [px]."""

    groups: tuple[Group, ...]
    flows: tuple[Flow, ...]
    width: float
    height: float


def draw(sides: Sequence[tuple[Reach, Walk, Sequence[State]]], opened: frozenset[str]) -> Drawing:
    """Return the drawing of what went in (first) and what came out (second); the start is in both."""
    groups: dict[tuple[int, int, int], Group] = {}
    pairs: dict[tuple[int, int], tuple[Group, Group, float]] = {}
    for reach, walk, states in sides:
        pieces = _pieces(reach, walk, states, -1 if not reach.forward else 1)
        _gather(groups, pieces, states, opened)
        _link(pairs, groups, pieces, walk, states)
    placed = _place(list({id(g): g for g in groups.values()}.values()))
    flows = tuple(Flow(a, b, q) for a, b, q in pairs.values() if a is not b)
    width = max((g.x for g in placed), default=0) + WIDTH
    height = max((g.y for g in placed), default=0) + HEIGHT
    return Drawing(tuple(placed), flows, width, height)


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Consecutive items of one run and stage. Shape (n,)."""

    low: I64
    high: I64
    layer: I64
    state: I64
    quantity: np.ndarray


def _pieces(reach: Reach, walk: Walk, states: Sequence[State], sign: int) -> _Pieces:
    first = np.array([s.first for s in states], np.int64)
    end = np.array([s.end for s in states], np.int64)
    edges = np.unique(np.concatenate([walk.items.low, walk.items.high, first, end, walk.stage_low]))
    low, high = edges[:-1], edges[1:]
    place = walk.items.places(low)
    low, high, place = low[place >= 0], high[place >= 0], place[place >= 0]
    sums = np.concatenate([[0.0], np.cumsum(reach.quantity)])
    return _Pieces(
        low,
        high,
        sign * walk.stage[np.searchsorted(walk.stage_low, low, "right") - 1],
        np.searchsorted(first, low, "right") - 1,
        sums[place + high - low] - sums[place],
    )


def _gather(
    groups: dict[tuple[int, int, int], Group], pieces: _Pieces, states: Sequence[State], opened: frozenset[str]
) -> None:
    """Put pieces into boxes; ``groups`` leads from (layer, material, batch) to the box."""
    crowd: dict[tuple[int, int], set[int]] = defaultdict(set)
    boxes: dict[int, int] = defaultdict(int)
    columns = list(zip(pieces.layer.tolist(), pieces.state.tolist(), strict=True))
    for layer, at in columns:
        key = (layer, states[at].material_id)
        if states[at].batch_id not in crowd[key]:
            crowd[key].add(states[at].batch_id)
            boxes[layer] += 1
    merged: dict[tuple[int, int], Group] = {}
    drawn: dict[tuple[int, int], int] = defaultdict(int)
    for i, (layer, at) in enumerate(columns):
        state = states[at]
        key, full = (layer, state.material_id), (layer, state.material_id, state.batch_id)
        count, low = int(pieces.high[i] - pieces.low[i]), int(pieces.low[i])
        group = groups.get(full)
        if group is None:
            is_open = f"{layer}.{state.material_id}" in opened and drawn[key] < MOST_OPEN
            together = boxes[layer] > MOST_IN_LAYER and len(crowd[key]) > 1 and not is_open
            group = merged.get(key) if together else None
            if group is None:
                group = Group(layer, state.material_id, low, 0, 0, 0.0, blocked=False)
                drawn[key] += 1
                if together:
                    merged[key] = group
            groups[full] = group
            group.lots += 1
        if layer == 0 and group.count and low == group.first:  # the start is seen from both sides
            continue
        group.count += count
        group.quantity += float(pieces.quantity[i])
        group.blocked = group.blocked or bool(state.blocked)


def _link(
    pairs: dict[tuple[int, int], tuple[Group, Group, float]],
    groups: dict[tuple[int, int, int], Group],
    pieces: _Pieces,
    walk: Walk,
    states: Sequence[State],
) -> None:
    """Join boxes by the events on the way."""
    at = np.searchsorted(pieces.low, walk.parts.first, "right") - 1
    known = (at >= 0) & (walk.parts.first < pieces.high[np.maximum(at, 0)])
    sources: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    targets: dict[int, set[int]] = defaultdict(set)
    found: dict[int, Group] = {}
    parts = walk.parts.where(known)
    columns = zip(
        parts.event_id.tolist(), parts.role.tolist(), at[known].tolist(), parts.quantity.tolist(), strict=True
    )
    for event, role, piece, quantity in columns:
        state = states[int(pieces.state[piece])]
        group = groups[(int(pieces.layer[piece]), state.material_id, state.batch_id)]
        found[id(group)] = group
        if role == INPUT:
            sources[event][id(group)] += quantity / ONE
        elif role == OUTPUT:
            targets[event].add(id(group))
    for event, inputs in sources.items():
        for source, quantity in inputs.items():
            for target in targets.get(event, ()):
                before = pairs.get((source, target))
                total = quantity + (before[2] if before else 0.0)
                pairs[(source, target)] = (found[source], found[target], total)


def _place(groups: list[Group]) -> list[Group]:
    """Give each box its place: layers from left to right, centred on one line."""
    layers: dict[int, list[Group]] = defaultdict(list)
    for group in sorted(groups, key=lambda g: (g.layer, g.material_id, g.first)):
        layers[group.layer].append(group)
    tallest = max((len(some) for some in layers.values()), default=1)
    for column, layer in enumerate(sorted(layers)):
        some = layers[layer]
        top = (tallest - len(some)) * (HEIGHT + DOWN) / 2
        for row, group in enumerate(some):
            group.x, group.y = column * (WIDTH + ACROSS), top + row * (HEIGHT + DOWN)
    return [group for layer in sorted(layers) for group in layers[layer]]
