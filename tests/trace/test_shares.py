"""The walk and the shares on random parts of any shape, against the same graph item by item; no records needed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chanye.trace.rules import INPUT, ONE, OUTPUT, State
from chanye.trace.shares import attribute
from chanye.trace.walk import Parts, Spans, reach, stages_of, union
from trace_kit import Oracle

ITEMS = 24
MADE = 50


@st.composite
def plants(draw: st.DrawFn) -> list[tuple[int, ...]]:
    """Rows of parts: event, role, first, count, pos, span, quantity; events go from lower items to higher ones."""
    rows: list[tuple[int, ...]] = []
    for event in range(1, draw(st.integers(1, 7)) + 1):
        middle = draw(st.integers(1, ITEMS - 1))
        positions = draw(st.sampled_from([1, 1, 2, 4, 6]))
        for role, low, high in ((INPUT, 0, middle), (OUTPUT, middle, ITEMS)):
            for _ in range(draw(st.integers(1, 2))):
                span = draw(st.sampled_from([s for s in (1, 2, 4, 6) if s <= positions]))
                count = draw(st.sampled_from([1, span, 2 * span, max(1, span // 2)]))
                count = min(count, high - low)
                if count % span and span % count:
                    count = 1
                first = draw(st.integers(low, high - count))
                pos = draw(st.integers(0, positions - span))
                rows.append((event, role, first, count, pos, span, draw(st.integers(1, 5)) * count * ONE))
    return rows


def oracle_of(rows: list[tuple[int, ...]]) -> Oracle:
    oracle = Oracle()
    oracle.made = {item: float(MADE) for item in range(ITEMS)}
    for event in {row[0] for row in rows}:
        for position in range(6):
            sides: tuple[dict[int, float], dict[int, float]] = ({}, {})
            for _event, role, first, count, pos, span, quantity in (r for r in rows if r[0] == event):
                steps = max(count, span)
                for step in range(steps):
                    if pos + step * span // steps == position:
                        item = first + step * count // steps
                        sides[role][item] = sides[role].get(item, 0) + quantity / ONE / steps
            if any(sides):
                oracle.ops.append(sides)
    return oracle


@settings(max_examples=120, deadline=None)
@given(rows=plants(), start=st.integers(0, ITEMS - 1), width=st.integers(1, 3), forward=st.booleans())
def test_against_the_same_graph_item_by_item(rows: list, start: int, width: int, forward: bool) -> None:
    table = np.array([(*row, row[-1]) for row in rows], np.int64)
    parts = Parts(*(table[:, i] for i in range(8)))

    def touching(role: int, items: Spans) -> Parts:
        numbers = set(items.numbers().tolist())
        hit = [
            bool(numbers & set(range(f, f + c)))
            for f, c in zip(parts.first.tolist(), parts.count.tolist(), strict=True)
        ]
        return parts.where((parts.role == role) & np.array(hit, bool))

    def of_events(events: Spans) -> Parts:
        return parts.where(np.isin(parts.event_id, events.numbers()))

    begin = union(np.array([start]), np.array([min(ITEMS, start + width)]))
    walk = reach(touching, of_events, begin, forward=forward)
    oracle = oracle_of(rows)
    expected: dict[int, int] = {}
    held = dict.fromkeys(range(ITEMS), 0.0)
    for one in begin.numbers().tolist():
        for item, stage in oracle.reach(one, forward=forward).items():
            expected[item] = min(stage, expected.get(item, stage))
        for item, quantity in oracle.held(one, forward=forward).items():
            held[item] += quantity
    items = walk.items.numbers().tolist()
    assert dict(zip(items, stages_of(walk).tolist(), strict=True)) == expected
    states = [State(0, ITEMS, 0, 1, 1, 0, MADE * ONE, 0, 0, 0, "", None, "", None, 0, 0)]
    found = attribute(walk, states, begin, forward=forward)
    assert found.tolist() == pytest.approx([held[item] for item in items], abs=1e-9)
