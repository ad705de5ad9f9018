"""State strips at screen resolution, against brute force."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from chanye.web.strips import URGENCY, Piece, squeeze

lengths = st.lists(st.tuples(st.integers(1, 5000), st.sampled_from(URGENCY)), min_size=1, max_size=40)


@given(lengths, st.integers(1, 60))
def test_a_strip_is_tiled_and_shows_what_most_needs_a_person(parts: list[tuple[int, str]], columns: int) -> None:
    pieces, at = [], 0
    for length, state in parts:
        pieces.append(Piece(at, at + length, state))
        at += length
    drawn = squeeze(pieces, 0, at, columns)
    assert len(drawn) <= columns
    assert (drawn[0].start, drawn[-1].end) == (0, at)
    assert all(one.end == other.start and one.state != other.state for one, other in itertools.pairwise(drawn))
    columns = min(columns, at)
    width = at / columns
    for column in range(columns):
        low, high = column * width, (column + 1) * width
        part = {
            state: sum(max(0.0, min(p.end, high) - max(p.start, low)) for p in pieces if p.state == state)
            for state in URGENCY
        }
        shown = next(p.state for p in drawn if p.start <= (low + high) / 2 <= p.end)
        strong = [state for state in URGENCY if part[state] >= 0.21 * width]
        if strong and width > 10:  # rounding to whole microseconds is then small
            assert URGENCY.index(shown) >= URGENCY.index(strong[-1])


def test_nothing_outside_the_window_is_drawn() -> None:
    assert squeeze([Piece(0, 10, "fault"), Piece(90, 100, "running")], 20, 80, 6) == []
