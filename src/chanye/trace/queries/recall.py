"""Recall: what an item went into, where that is, who has it, what of it was shipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chanye.parties.types import Viewer
from chanye.trace.models import Material
from chanye.trace.names import refs
from chanye.trace.queries.genealogy import walk_from
from chanye.trace.queries.items import item, place_names
from chanye.trace.rules import KINDS, STATUSES, State, amount
from chanye.trace.types import F64, I64, Recall, RecallRow
from chanye.trace.walk import Walk


def recall(viewer: Viewer, item_id: int) -> Recall:
    """Return what became of an item: each state and place of what it went into, with quantities.

    Raises
    ------
    DeniedError
        If there is no such item that the viewer may see.
    """
    here = item(viewer, item_id)
    reach, walk, states = walk_from(viewer, item_id, forward=True)
    pieces = _pieces(walk, states, reach.quantity)
    rows = _rows(viewer, pieces, states)
    return Recall(
        item=here,
        rows=tuple(rows),
        reach=reach,
        unused=round(sum(r.attributed for r in rows if r.stage == 0 and r.status != "shipped"), 6),
        here=round(sum(r.attributed for r in rows if r.stage > 0 and r.status != "shipped"), 6),
        shipped=round(sum(r.attributed for r in rows if r.status == "shipped"), 6),
        scrapped=round(float(pieces.scrapped.sum()), 6),
    )


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Consecutive items reached, alike in state and stage. ``held``: what of the start they hold now. Shape (n,)."""

    low: I64
    count: I64
    state: I64
    stage: I64
    held: F64
    scrapped: F64


def _pieces(walk: Walk, states: Sequence[State], quantity: F64) -> _Pieces:
    first = np.array([s.first for s in states], np.int64)
    end = np.array([s.end for s in states], np.int64)
    items = walk.items
    edges = np.unique(np.concatenate([items.low, items.high, first, end, walk.stage_low]))
    low, high = edges[:-1], edges[1:]
    place = items.places(low)
    low, high, place = low[place >= 0], high[place >= 0], place[place >= 0]
    state = np.searchsorted(first, low, "right") - 1
    sums = np.concatenate([[0.0], np.cumsum(quantity)])
    whole = sums[place + high - low] - sums[place]
    made, left, scrapped = (
        np.array([getattr(s, n) for s in states], np.float64) for n in ("made", "left", "scrapped")
    )
    return _Pieces(
        low=low,
        count=high - low,
        state=state,
        stage=walk.stage[np.searchsorted(walk.stage_low, low, "right") - 1],
        held=whole * left[state] / made[state],
        scrapped=whole * scrapped[state] / made[state],
    )


def _rows(viewer: Viewer, pieces: _Pieces, states: Sequence[State]) -> list[RecallRow]:
    """Add up pieces that are alike; what is used up is left out, for what it went into is there."""
    keys: dict[tuple[object, ...], int] = {}
    kind = np.array([keys.setdefault(_alike(s), len(keys)) for s in states], np.int64)
    left = np.array([s.left for s in states], np.int64)
    stages = int(pieces.stage.max(initial=0)) + 1
    groups, at, group = np.unique(kind[pieces.state] * stages + pieces.stage, return_index=True, return_inverse=True)
    count = np.bincount(group, pieces.count, len(groups)).astype(np.int64)
    held = np.bincount(group, pieces.held, len(groups))
    quantity = np.zeros(len(groups), np.int64)
    np.add.at(quantity, group, pieces.count * left[pieces.state])
    low = np.full(len(groups), np.iinfo(np.int64).max)
    np.minimum.at(low, group, pieces.low)
    heads = [states[i] for i in pieces.state[at].tolist()]
    materials = Material.objects.in_bulk({s.material_id for s in heads})
    places = place_names(viewer, {s.place_id for s in heads if s.place_id is not None})
    boxes = refs({s.container_id for s in heads if s.container_id is not None})
    out = []
    for i, head in enumerate(heads):
        material = materials[head.material_id]
        out.append(
            RecallRow(
                material_code=material.code,
                material_name=material.name,
                kind=KINDS[head.kind],
                unit=material.unit,
                stage=int(groups[i]) % stages,
                status=STATUSES[head.status],
                blocked=bool(head.blocked),
                place_id=head.place_id,
                place=places.get(head.place_id or 0, ""),
                holder=head.holder,
                container=boxes.get(head.container_id or 0),
                count=int(count[i]),
                quantity=amount(int(quantity[i])),
                attributed=round(float(held[i]), 6),
                first=int(low[i]),
            )
        )
    return sorted(out, key=lambda r: (r.stage, r.material_code, r.status, r.holder, r.place, r.first))


def _alike(state: State) -> tuple[object, ...]:
    return (
        state.material_id,
        state.kind,
        state.status,
        bool(state.blocked),
        state.place_id,
        state.holder,
        state.container_id,
    )
