"""State strips at the resolution of the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# When several states fall into one column, the one that most needs a person is drawn.
URGENCY = ("planned_off", "unknown", "running", "waiting", "setup", "stopped", "fault")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a strip, ``[start, end)`` us UTC."""

    start: int
    end: int
    state: str


def squeeze(pieces: Sequence[Piece], start: int, end: int, columns: int) -> list[Piece]:
    """Redraw ``pieces`` (sorted, not overlapping) on a grid of ``columns`` columns.

    A column shows its most urgent state among those that fill a fifth of it; the outcome tiles what the pieces
    cover, rounded to columns, and has at most ``columns`` pieces.
    """
    columns = max(1, min(columns, end - start))  # never narrower than a microsecond
    width = (end - start) / columns
    out: list[Piece] = []

    def draw(first: int, last: int, state: str) -> None:
        low, high = round(start + first * width), round(start + last * width)
        if out and out[-1].state == state and out[-1].end == low:
            low = out.pop().start
        out.append(Piece(low, high, state))

    shared: dict[str, float] = {}  # what lies in the column that is being filled
    at = 0
    for piece in pieces:
        left, right = max(piece.start, start), min(piece.end, end)
        if right <= left:
            continue
        first = int((left - start) / width)
        last = min(columns - 1, int((right - start - 1) / width))
        if shared and first > at:
            draw(at, at + 1, _most_urgent(shared, width))
            shared = {}
        at = first
        shared[piece.state] = shared.get(piece.state, 0.0) + min(right, start + (first + 1) * width) - left
        if last > first:
            draw(first, first + 1, _most_urgent(shared, width))
            if last > first + 1:  # columns it fills alone
                draw(first + 1, last, piece.state)
            at, shared = last, {piece.state: right - (start + last * width)}
    if shared:
        draw(at, at + 1, _most_urgent(shared, width))
    return out


def _most_urgent(states: Mapping[str, float], width: float) -> str:
    """Return the state to draw of those in a column, each with how much of its ``width`` it fills."""
    strong = [state for state, part in states.items() if part >= 0.2 * width] or list(states)
    return max(strong, key=lambda one: URGENCY.index(one) if one in URGENCY else 1)
