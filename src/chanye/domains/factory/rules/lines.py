"""Which machine of a line makes the others wait, and what a stop of the line is put down to. Pure, over arrays.

A line is a row of stations; parts flow from the first to the last. A station has one machine or several beside each
other, of which ``minimum`` must run. A station that waits is blocked if the next one that does not wait is down, and
starved if the one before that does not wait is down; blocked comes first, for a full line empties only forward.
Where everything before it waits too, it is starved from outside. What is not known is never a cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chanye.kernel.intervals import I64

RUN, DOWN, WAIT, UNKNOWN = 0, 1, 2, 3
#: State class -> what it is to a line. Set-up and planned time off stop the neighbours as a fault does.
CODE = {"running": RUN, "waiting": WAIT, "unknown": UNKNOWN}
#: Causes that are no station: none can be told, or the line waits for what is outside it.
NOBODY, OUTSIDE = -1, -2
Codes = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Timeline:
    """A machine's states over a window: k + 1 rising moments [us UTC] and the k codes between them."""

    edge: I64
    code: Codes


def codes_of(states: Sequence[str]) -> Codes:
    """Return what states are to a line."""
    return np.array([CODE.get(state, DOWN) for state in states], np.int8)


def common(timelines: Sequence[Timeline]) -> tuple[I64, Codes]:
    """Return the moments of all timelines together and their codes there, (machines, k); same window for all."""
    edge = np.unique(np.concatenate([one.edge for one in timelines]))
    rows = [one.code[np.searchsorted(one.edge, edge[:-1], side="right") - 1] for one in timelines]
    return edge, np.array(rows, np.int8).reshape(len(timelines), max(0, len(edge) - 1))


def station(codes: Codes, minimum: int) -> Codes:
    """Return the state of a station from its machines, (machines, k): enough run, may run, are down, or wait."""
    run, unknown = (codes == RUN).sum(axis=0), (codes == UNKNOWN).sum(axis=0)
    down = (codes == DOWN).any(axis=0)
    rest = np.where(run + unknown >= minimum, UNKNOWN, np.where(down, DOWN, WAIT))
    return np.where(run >= minimum, RUN, rest).astype(np.int8)


def causes(codes: Codes) -> tuple[I64, I64]:
    """Return who blocks and who starves each waiting station, shape (stations, k).

    ``NOBODY`` where nobody does; ``OUTSIDE`` in the second where all stations before wait too, or there is none.
    A station is never both: where it is blocked, it is not starved.
    """
    count, width = codes.shape
    blocked = np.full((count, width), NOBODY, np.int64)
    starved = np.full((count, width), NOBODY, np.int64)
    for i in range(count - 2, -1, -1):
        following = codes[i + 1]
        blocked[i] = np.where(following == DOWN, i + 1, np.where(following == WAIT, blocked[i + 1], NOBODY))
    for i in range(count):
        if i == 0:
            starved[0] = OUTSIDE
            continue
        before = codes[i - 1]
        starved[i] = np.where(before == DOWN, i - 1, np.where(before == WAIT, starved[i - 1], NOBODY))
    waits = codes == WAIT
    blocked = np.where(waits, blocked, NOBODY)
    return blocked, np.where(waits & (blocked == NOBODY), starved, NOBODY)


def key_reason(codes: Codes, key: int) -> I64:
    """Return the station that a stop of the line is put down to in each piece: ``key`` itself, or who makes it wait.

    ``NOBODY`` where the line runs, nothing is known, or nobody can be named.
    """
    blocked, starved = causes(codes)
    waits_for = np.where(blocked[key] != NOBODY, blocked[key], starved[key])
    return np.where(codes[key] == DOWN, key, np.where(codes[key] == WAIT, waits_for, NOBODY))


def initial_cell(edge: I64, codes: Codes, key: int) -> I64:
    """Return for each piece of a stop of the line the station that went down first; whole stops have one cause.

    Of the stations that are down when the stop begins, the one that has been down longest; if none is, the first to
    go down while it lasts (the earlier in the line of two at once). ``NOBODY`` where there is none, or the line runs.
    """
    stopped = (codes[key] == DOWN) | (codes[key] == WAIT)
    found = np.full(len(stopped), NOBODY, np.int64)
    since = _down_since(edge, codes)
    starts = np.flatnonzero(stopped & ~np.concatenate([[False], stopped[:-1]]))
    for start in starts.tolist():
        end = start
        while end < len(stopped) and stopped[end]:
            end += 1
        down = (codes[:, start:end] == DOWN).any(axis=0)
        if down.any():
            at = start + int(np.argmax(down))
            rows = np.flatnonzero(codes[:, at] == DOWN)
            found[start:end] = rows[np.argmin(since[rows, at])]
    return found


def _down_since(edge: I64, codes: Codes) -> I64:
    """Return since when each station has been down [us UTC], in pieces where it is."""
    since = np.zeros(codes.shape, np.int64)
    for i in range(codes.shape[1]):
        going_on = (codes[:, i] == DOWN) & (codes[:, i - 1] == DOWN) if i else np.zeros(len(codes), bool)
        since[:, i] = np.where(going_on, since[:, i - 1] if i else 0, edge[i])
    return since
