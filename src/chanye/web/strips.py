"""State strips at the resolution of the screen."""

from __future__ import annotations

from collections.abc import Sequence
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
    filled: list[dict[str, float]] = [{} for _ in range(columns)]
    for piece in pieces:
        left, right = max(piece.start, start), min(piece.end, end)
        if right <= left:
            continue
        first = int((left - start) / width)
        last = min(columns - 1, int((right - start - 1) / width))
        for column in range(first, last + 1):
            low = start + column * width
            part = min(right, low + width) - max(left, low)
            filled[column][piece.state] = filled[column].get(piece.state, 0.0) + part
    out: list[Piece] = []
    for column, states in enumerate(filled):
        if not states:
            continue
        strong = [state for state, part in states.items() if part >= 0.2 * width] or list(states)
        state = max(strong, key=lambda s: URGENCY.index(s) if s in URGENCY else 1)
        low, high = round(start + column * width), round(start + (column + 1) * width)
        if out and out[-1].state == state and out[-1].end == low:
            out[-1] = Piece(out[-1].start, high, state)
        else:
            out.append(Piece(low, high, state))
    return out
