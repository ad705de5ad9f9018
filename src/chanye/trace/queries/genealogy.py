"""Forward and backward through any number of stages."""

from __future__ import annotations

import numpy as np

from chanye.parties.types import Viewer
from chanye.trace import store
from chanye.trace.ledger import load_states
from chanye.trace.models import Run
from chanye.trace.queries.items import item
from chanye.trace.rules import CONTAINER, ONE, State
from chanye.trace.types import F64, Reach
from chanye.trace.walk import Spans, Walk, attribute, reach, stages_of, union


def forward(viewer: Viewer, item_id: int) -> Reach:
    """Return all that an item went into, with how much of it each holds; of a container, what its contents did.

    Raises
    ------
    DeniedError
        If there is no such item that the viewer may see.
    """
    return walk_from(viewer, item_id, forward=True)[0]


def backward(viewer: Viewer, item_id: int) -> Reach:
    """Return all that went into an item, with how much of each it holds; of a container, into its contents.

    Raises
    ------
    DeniedError
        If there is no such item that the viewer may see.
    """
    return walk_from(viewer, item_id, forward=False)[0]


def walk_from(viewer: Viewer, item_id: int, *, forward: bool) -> tuple[Reach, Walk, list[State]]:
    """Return what is reached, the walk itself, and the states of all that is reached."""
    here = item(viewer, item_id)
    start = contents(item_id) if here.kind == "container" else [range(item_id, item_id + 1)]
    low = np.array([r.start for r in start] or [item_id], np.int64)
    high = np.array([r.stop for r in start] or [item_id + 1], np.int64)
    spans = union(low, high)
    walk = reach(store.touching, store.of_events, spans, forward=forward)
    states = load_states(
        [range(a, b) for a, b in zip(walk.items.low.tolist(), walk.items.high.tolist(), strict=True)]
    )
    held = attribute(walk, made_of(walk.items, states), spans, forward=forward)
    found = Reach(
        start=tuple(range(a, b) for a, b in zip(spans.low.tolist(), spans.high.tolist(), strict=True)),
        forward=forward,
        items=walk.items.numbers(),
        stage=stages_of(walk),
        quantity=held,
        starts=walk.items.low,
        counts=walk.items.high - walk.items.low,
    )
    return found, walk, states


def made_of(items: Spans, states: list[State]) -> F64:
    """Return what was made of each item. [unit of it]. Shape (n,)."""
    first = np.array([state.first for state in states], np.int64)
    made = np.array([state.made for state in states], np.float64)
    at: F64 = made[np.searchsorted(first, items.numbers(), "right") - 1] / ONE
    return at


def contents(container_id: int) -> list[range]:
    """Return the lots and serials that a container holds now, also in containers inside it."""
    out: list[range] = []
    seen, fresh = {container_id}, [container_id]
    while fresh:
        found = Run.objects.filter(container_id__in=fresh).values_list("first", "count", "kind")
        fresh = []
        for first, count, kind in found:
            if kind == CONTAINER:
                fresh += [n for n in range(first, first + count) if n not in seen]
            else:
                out.append(range(first, first + count))
        seen.update(fresh)
    return out
