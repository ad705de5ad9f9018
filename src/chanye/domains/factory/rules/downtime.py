"""From what a machine did and what people said to stops with reasons. Pure.

A stop is a stretch in which a machine did not run for one kind of cause (delay, not used, set-up, nothing known),
cut to planned time. What people say is kept as labels: an interval and a reason. Stops are computed anew whenever
late data come; labels stay. Within a stop the label said last wins; where nobody said anything, the label before it
goes on, at the front the first one. A label grows to what it filled, so whatever happens to the stops later, each
labelled microsecond that is still stopped keeps its label.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from chanye.domains.factory.rules.kpis import ELEMENT, covered_before
from chanye.kernel.intervals import I64, Intervals
from chanye.spine.frames import OPEN

#: State classes that make a stop, and their kind: neighbours of one kind are one stop.
KIND: Mapping[str, str] = {state: ELEMENT[state] for state in ("fault", "stopped", "waiting", "setup", "unknown")}
#: A pause in planned time up to this long does not end a stop. [us]
BRIDGE = 3_600_000_000
#: A report without an end is tied to a stop that begins at most so much later. [us]
SOON = 120_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """A stop as the machine showed it: ``end`` is ``OPEN`` while it goes on, at most to ``until``; us UTC.

    ``known``: up to when it is known for sure; ``lost``: planned time in it up to ``known``.
    """

    start: int
    end: int
    until: int
    known: int
    state: str
    text: str
    lost: int


@dataclass(frozen=True, slots=True)
class Label:
    """What was said of ``[start, end)`` at ``said_at`` (us UTC); the greater (said_at, id) was said later.

    A pending report is tied anew each time until the machine has shown all of it: ``report`` is what was said.
    """

    id: int
    start: int
    end: int
    said_at: int
    report: tuple[int, int | None] | None = None
    pending: bool = False
    attached: bool = True

    def covers(self, start: int, end: int) -> bool:
        """Tell whether it holds for some of ``[start, end)``."""
        return self.start < end and self.end > start


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a stop and the label that holds there (None: nobody said anything)."""

    start: int
    end: int
    label: int | None


def find_stops(
    edge: I64,
    state: npt.NDArray[np.object_],
    text: npt.NDArray[np.object_],
    planned: Intervals,
    *,
    going_on: bool,
    known: int,
) -> list[Found]:
    """Return the stops in a window that is cut into pieces.

    Parameters
    ----------
    edge, state, text
        k + 1 rising moments [us UTC] and what the machine was in the k pieces between them.
    planned
        Planned busy time, beyond the last edge if the last piece goes on.
    going_on
        Whether the last piece has no end yet.
    known
        Up to when anything is known of the last piece [us UTC].
    """
    kinds = [KIND.get(str(word), "") for word in state.tolist()]
    found: list[Found] = []
    first = 0
    for i in range(1, len(kinds) + 1):
        if i < len(kinds) and kinds[i] == kinds[first]:
            continue
        if kinds[first]:
            open_end = going_on and i == len(kinds)
            start, end = int(edge[first]), OPEN if open_end else int(edge[i])
            word = _word(edge, state, text, first, i)
            found += _cut(start, end, planned, known, word)
        first = i
    return found


def _word(
    edge: I64, state: npt.NDArray[np.object_], text: npt.NDArray[np.object_], first: int, last: int
) -> tuple[str, str]:
    """Return the state and text that lasted longest; a fault counts before a mere stop."""
    rows = range(first, last)
    best = max(rows, key=lambda i: (state[i] == "fault", int(edge[i + 1] - edge[i])))
    return str(state[best]), str(text[best])


def _cut(start: int, end: int, planned: Intervals, known: int, word: tuple[str, str]) -> list[Found]:
    """Cut a stretch to planned time; short pauses of the plan are bridged."""
    inside = planned.clip(start, end)
    if len(inside) == 0:
        return []
    opens = np.concatenate([[True], inside.start[1:] - inside.end[:-1] > BRIDGE])
    firsts = np.flatnonzero(opens)
    lasts = np.append(firsts[1:], len(inside)) - 1
    found = []
    for low, high in zip(inside.start[firsts].tolist(), inside.end[lasts].tolist(), strict=True):
        stop = high if end != OPEN or high <= known else OPEN
        sure = min(high, max(known, low)) if stop == OPEN else high
        found.append(Found(low, stop, high, sure, *word, planned.clip(low, sure).total))
    return found


def tie(label: Label, stops: Sequence[Found], known: int) -> Label:
    """Return a pending report tied to the stops it speaks of.

    A report and a stop belong together where they share at least half of the shorter one; a report without an end
    belongs to the stop that went on then, or begins soon after. Where nothing fits it waits.

    Parameters
    ----------
    stops
        Stops around the report.
    known
        Up to when the machine has shown what it did [us UTC].
    """
    if not label.pending or label.report is None:
        return label
    start, end = label.report
    if end is None:
        mine = [stop for stop in stops if stop.start <= start < stop.end][:1]
        mine = mine or [stop for stop in stops if start <= stop.start < start + SOON][:1]
        if not mine:
            return replace(label, attached=False)
        at = max(start, mine[0].start)
        return replace(label, start=at, end=at + 1, attached=True, pending=False)
    end = max(end, start + 1)
    mine = [stop for stop in stops if _together(start, end, stop)]
    settled = known >= end
    if not mine:
        return replace(label, start=start, end=end, attached=False)
    low, high = max(start, mine[0].start), min(end, mine[-1].end)
    return replace(label, start=low, end=high, attached=True, pending=not settled)


def _together(start: int, end: int, stop: Found) -> bool:
    shared = min(end, stop.end) - max(start, stop.start)
    return shared > 0 and 2 * shared >= min(end - start, stop.end - stop.start)


def wanted(stops: Sequence[Found], labels: Sequence[Label], threshold: int) -> list[Found]:
    """Return the stops that are kept: long enough to want a reason, still going on, or spoken of by somebody."""
    return [
        stop
        for stop in stops
        if stop.end == OPEN
        or stop.lost >= threshold
        or any(label.attached and label.covers(stop.start, stop.end) for label in labels)
    ]


@dataclass(frozen=True, slots=True)
class Sorted:
    """What a threshold makes of stops: how many want a reason and how many are minor, and their planned time [us]."""

    wanting: int
    lost: int
    minor: int
    minor_lost: int


def sort_out(lost: Sequence[int], threshold: int) -> Sorted:
    """Return what a threshold [us] makes of stops that nobody spoke of, each given by the planned time in it [us]."""
    long = [one for one in lost if one >= threshold]
    return Sorted(len(long), sum(long), len(lost) - len(long), sum(lost) - sum(long))


def lay(stop: Found, labels: Sequence[Label]) -> tuple[list[Piece], dict[int, Label]]:
    """Return the pieces that tile a stop, and the labels that grew.

    The last piece ends with the stop (``OPEN`` while it goes on).
    """
    mine = [label for label in labels if label.attached and label.covers(stop.start, stop.end)]
    if not mine:
        return [Piece(stop.start, stop.end, None)], {}
    cuts = {stop.start, stop.end}
    for label in mine:
        cuts |= {max(label.start, stop.start), min(label.end, stop.end)}
    edges = sorted(cuts)
    spans = list(itertools.pairwise(edges))
    said = [_winner(mine, low, high) for low, high in spans]
    grown: dict[int, Label] = {}
    held: Label = next(label for label in said if label is not None)
    pieces: list[Piece] = []
    for (low, high), mark in zip(spans, said, strict=True):
        holds = held if mark is None else mark
        if mark is None:
            before = grown.get(holds.id, holds)
            # how far a stop goes on is only known when it is over: until then frames may lag behind samples
            last = before.end if high == OPEN else max(before.end, high)
            grown[holds.id] = replace(before, start=min(before.start, low), end=last)
        held = holds
        if pieces and pieces[-1].label == holds.id:
            pieces[-1] = replace(pieces[-1], end=high)
        else:
            pieces.append(Piece(low, high, holds.id))
    return pieces, grown


def _winner(labels: Sequence[Label], low: int, high: int) -> Label | None:
    over = [label for label in labels if label.start <= low and label.end >= high]
    return max(over, key=lambda label: (label.said_at, label.id)) if over else None


def lay_all(stops: Sequence[Found], labels: Sequence[Label]) -> tuple[list[list[Piece]], dict[int, Label]]:
    """Return the pieces of each stop and the labels that grew; stops in time order, not overlapping."""
    current = {label.id: label for label in labels}
    changed: dict[int, Label] = {}
    pieces = []
    for stop in stops:
        mine, grown = lay(stop, list(current.values()))
        pieces.append(mine)
        changed |= grown
        current |= grown
    return pieces, changed


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known around a stop: how often each reason was chosen for the same words, and what was going on."""

    alarm: Mapping[int, int]
    text: Mapping[int, int]
    kind: str
    setting_up: bool
    has_order: bool
    maintenance: bool


def propose(hints: Hints, conventional: Mapping[str, int]) -> tuple[int, str] | None:
    """Return the reason that fits a stop and why; None if nothing speaks for one.

    Parameters
    ----------
    conventional
        ``setup``, ``no_order``, ``maintenance`` -> the plant's reason for it, where it has one.
    """
    if hints.maintenance and "maintenance" in conventional:
        return conventional["maintenance"], "maintenance"
    learned = _usual(hints.alarm, 1, 0.5)
    if learned is not None:
        return learned, "alarm"
    if (hints.setting_up or hints.kind == "aust") and "setup" in conventional:
        return conventional["setup"], "setup"
    if hints.kind == "adot" and not hints.has_order and "no_order" in conventional:
        return conventional["no_order"], "no_order"
    learned = _usual(hints.text, 3, 0.6)
    return None if learned is None else (learned, "text")


def _usual(chosen: Mapping[int, int], least: int, share: float) -> int | None:
    """Return the reason that was chosen most, if often enough and not against many others."""
    total = sum(chosen.values())
    if not total:
        return None
    best = max(chosen, key=lambda reason: (chosen[reason], -reason))
    return best if chosen[best] >= least and chosen[best] >= share * total else None


@dataclass(frozen=True, slots=True)
class Named:
    """Time of stops with a reason: columns of equal length in time order, not overlapping.

    ``start, end``: us UTC; ``reason``: its number; ``element``: what it counts as, empty: as the machine says;
    ``kind``: kind of the stop, see ``KIND``.
    """

    start: I64
    end: I64
    reason: I64
    element: npt.NDArray[np.object_]
    kind: npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Pieces:
    """A window cut into pieces: ``edge`` has k + 1 entries, the others k; ``reason`` is 0 where there is none."""

    edge: I64
    state: npt.NDArray[np.object_]
    text: npt.NDArray[np.object_]
    reason: I64


def name_pieces(edge: I64, state: npt.NDArray[np.object_], text: npt.NDArray[np.object_], named: Named) -> Pieces:
    """Return the pieces of a window cut where reasons begin and end, each counted as its reason says.

    A reason holds only where the machine still shows the kind of stop it was given for; time is never added or lost.
    """
    if not len(named.start) or len(edge) < 2:
        return Pieces(edge, state, text, np.zeros(max(0, len(edge) - 1), np.int64))
    cuts = np.concatenate([edge, named.start, named.end])
    fine = np.unique(cuts[(cuts >= edge[0]) & (cuts <= edge[-1])])
    piece = np.searchsorted(edge, fine[:-1], side="right") - 1
    which = np.searchsorted(named.start, fine[:-1], side="right") - 1
    inside = (which >= 0) & (fine[:-1] < named.end[which])
    shown = state[piece]
    kinds = np.array([KIND.get(str(word), "") for word in shown.tolist()], object)
    holds = inside & (kinds == named.kind[which])
    told = named.element[which]
    counted = np.where(holds & (told != ""), told, shown)
    return Pieces(fine, counted, text[piece], np.where(holds, named.reason[which], 0))


def reason_times(pieces: Pieces, planned: Intervals) -> dict[tuple[str, int], int]:
    """Return planned time by (state class as counted, reason) [us]; reason 0 is none. It tiles planned time."""
    busy = np.diff(covered_before(planned, pieces.edge)) if len(pieces.edge) else np.empty(0, np.int64)
    found: dict[tuple[str, int], int] = {}
    for state, reason, length in zip(pieces.state.tolist(), pieces.reason.tolist(), busy.tolist(), strict=True):
        if length:
            found[str(state), reason] = found.get((str(state), reason), 0) + length
    return found
