"""Forward and backward through any number of stages."""

from __future__ import annotations

from chanye.parties.types import Viewer
from chanye.trace import store
from chanye.trace.ledger import contents, load_states
from chanye.trace.queries.items import visible_state
from chanye.trace.rules import CONTAINER, State
from chanye.trace.shares import attribute
from chanye.trace.types import Reach
from chanye.trace.walk import Walk, reach, spans_of, stages_of


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
    kind = visible_state(viewer, item_id).kind
    start = [range(item_id, item_id + 1)]
    if kind == CONTAINER:
        start = [range(state.first, state.end) for state in contents([item_id]) if state.kind != CONTAINER]
    spans = spans_of(start or [range(item_id, item_id + 1)])
    walk = reach(store.toucher(), store.of_events, spans, forward=forward)
    states = load_states(
        [range(a, b) for a, b in zip(walk.items.low.tolist(), walk.items.high.tolist(), strict=True)]
    )
    held = attribute(walk, states, spans, forward=forward)
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
