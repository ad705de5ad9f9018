"""Stops and labels: time tiles exactly, and what was said stays where it was said."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from chanye.domains.factory.rules.downtime import (
    BRIDGE,
    KIND,
    Found,
    Hints,
    Label,
    Named,
    find_stops,
    lay_all,
    name_pieces,
    propose,
    reason_times,
    tie,
    wanted,
)
from chanye.domains.factory.rules.kpis import time_elements
from chanye.kernel.intervals import Intervals
from chanye.spine.frames import OPEN

MINUTE = 60_000_000
STATES = ("running", "fault", "stopped", "waiting", "setup", "unknown")


def _stop(start: int, end: int) -> Found:
    return Found(start, end, end, end, "stopped", "", end - start)


@st.composite
def timelines(draw: st.DrawFn, span: int = 60) -> list[Found]:
    """Disjoint stops in [0, span)."""
    cuts = sorted(draw(st.sets(st.integers(0, span), min_size=0, max_size=14)))
    return [_stop(low, high) for low, high in zip(cuts[::2], cuts[1::2], strict=False)]


labels_of = st.lists(st.tuples(st.integers(0, 59), st.integers(1, 25), st.integers(0, 3)), max_size=6).map(
    lambda rows: [Label(i + 1, a, a + n, at) for i, (a, n, at) in enumerate(rows)]
)


def _by_time(stops: list[Found], labels: list[Label]) -> dict[int, int | None]:
    """Return the label of each moment that is stopped, and check that the pieces tile the stops."""
    pieces, _grown = lay_all(stops, labels)
    found: dict[int, int | None] = {}
    for stop, mine in zip(stops, pieces, strict=True):
        assert mine[0].start == stop.start
        assert mine[-1].end == stop.end
        assert all(a.end == b.start for a, b in itertools.pairwise(mine))
        for piece in mine:
            found |= dict.fromkeys(range(piece.start, piece.end), piece.label)
    return found


@given(timelines(), timelines(), labels_of)
@settings(max_examples=100, deadline=None)
def test_a_labelled_moment_keeps_its_label_whatever_late_data_do(
    before: list[Found], after: list[Found], labels: list[Label]
) -> None:
    first = _by_time(before, labels)
    _pieces, grown = lay_all(before, labels)
    held = [grown.get(label.id, label) for label in labels]
    assert _by_time(before, held) == first  # what grew changes nothing
    second = _by_time(after, held)
    for moment, label in first.items():
        if label is not None and moment in second:
            assert second[moment] == label
    # and when the old data come back, so does what was said of them
    _pieces, again = lay_all(after, held)
    third = _by_time(before, [again.get(x.id, x) for x in held])
    assert all(third[moment] == label for moment, label in first.items() if label is not None)


@given(timelines(), labels_of)
@settings(max_examples=60, deadline=None)
def test_the_label_said_last_wins(stops: list[Found], labels: list[Label]) -> None:
    for moment, label in _by_time(stops, labels).items():
        over = [x for x in labels if x.start <= moment < x.end]
        if over:
            assert label == max(over, key=lambda x: (x.said_at, x.id)).id


def test_one_reason_fills_the_stop_and_a_second_takes_its_part() -> None:
    stop = _stop(0, 100)
    (pieces,), grown = lay_all([stop], [Label(1, 20, 30, 1)])
    assert [(p.start, p.end, p.label) for p in pieces] == [(0, 100, 1)]
    assert (grown[1].start, grown[1].end) == (0, 100)
    (pieces,), _ = lay_all([stop], [grown[1], Label(2, 60, 70, 2)])
    assert [(p.start, p.end, p.label) for p in pieces] == [(0, 60, 1), (60, 70, 2), (70, 100, 1)]


def test_an_open_stop_keeps_growing_but_its_label_does_not_reach_beyond_what_is_known() -> None:
    going = Found(0, OPEN, 10_000, 50, "fault", "", 50)
    (pieces,), grown = lay_all([going], [Label(1, 0, 1, 1)])
    assert [(p.start, p.end, p.label) for p in pieces] == [(0, OPEN, 1)]
    # samples may run ahead of frames: what they say beyond must not take the reason of a stop that is over already
    assert grown[1].end == 1
    _, grown = lay_all([Found(0, 50, 50, 50, "fault", "", 50)], list(grown.values()))
    assert grown[1].end == 50
    pieces_later, _ = lay_all([_stop(0, 60), _stop(80, 90)], [grown[1]])
    assert [[p.label for p in mine] for mine in pieces_later] == [[1], [None]]


def test_a_report_is_tied_to_the_stops_it_shares_half_with() -> None:
    report = Label(1, 0, 60, 1, (0, 60), pending=True, attached=False)
    assert tie(report, [], known=1000).attached is False
    tied = tie(report, [_stop(2, 58), _stop(59, 200)], known=300)
    assert (tied.start, tied.end, tied.attached, tied.pending) == (2, 58, True, False)
    both = tie(report, [_stop(1, 30), _stop(32, 61)], known=300)
    assert (both.start, both.end) == (1, 60)
    early = tie(report, [Found(2, OPEN, 9000, 10, "fault", "", 8)], known=10)
    assert early.attached
    assert early.pending  # the machine has not shown all of it yet


def test_a_report_without_an_end_belongs_to_the_stop_that_goes_on_or_comes_soon() -> None:
    report = Label(1, 100, 101, 1, (100, None), pending=True, attached=False)
    assert tie(report, [_stop(50, 300)], 400).start == 100
    assert tie(report, [_stop(130, 300)], 400).start == 130
    assert not tie(report, [_stop(100 + 130_000_000, 100 + 140_000_000)], 400).attached


@st.composite
def windows(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, Intervals]:
    edges = sorted(draw(st.sets(st.integers(0, 400), min_size=2, max_size=16)))
    states = [draw(st.sampled_from(STATES)) for _ in edges[1:]]
    plan = sorted(draw(st.sets(st.integers(0, 400), max_size=8)))
    planned = Intervals.from_pairs(zip(plan[::2], plan[1::2], strict=False))
    return np.array(edges, np.int64), np.array(states, object), planned


@given(windows())
@settings(max_examples=100, deadline=None)
def test_stops_are_what_is_planned_and_not_running(window: tuple[np.ndarray, np.ndarray, Intervals]) -> None:
    edge, state, planned = window
    text = np.array([""] * len(state), object)
    found = find_stops(edge, state, text, planned, going_on=False, known=int(edge[-1]))
    idle = [
        m for i, s in enumerate(state) if s != "running" for m in range(edge[i], edge[i + 1]) if planned.contains(m)
    ]
    inside = [m for stop in found for m in range(stop.start, stop.end) if planned.contains(m)]
    assert sorted(inside) == idle
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))
    assert sum(stop.lost for stop in found) == len(idle)


def test_a_break_is_bridged_a_night_is_not() -> None:
    hour = 3_600_000_000
    plan = Intervals.from_pairs([(8 * hour, 12 * hour), (12 * hour + BRIDGE, 17 * hour), (32 * hour, 40 * hour)])
    edge = np.array([11 * hour, 33 * hour], np.int64)
    state, text = np.array(["fault"], object), np.array(["E1"], object)
    found = find_stops(edge, state, text, plan, going_on=False, known=99 * hour)
    assert [(f.start // hour, f.end // hour, f.lost // hour) for f in found] == [(11, 17, 5), (32, 33, 1)]


def test_short_stops_want_no_reason_unless_somebody_gave_one() -> None:
    stops = [_stop(0, 10), _stop(20, 200), _stop(300, 310)]
    assert wanted(stops, [Label(1, 301, 305, 1)], 100) == stops[1:]


@given(windows(), st.data())
@settings(max_examples=60, deadline=None)
def test_reasons_move_time_and_never_lose_any(
    window: tuple[np.ndarray, np.ndarray, Intervals], data: st.DataObject
) -> None:
    edge, state, planned = window
    cuts = sorted(data.draw(st.sets(st.integers(-20, 420), max_size=8)))
    spans = list(zip(cuts[::2], cuts[1::2], strict=False))
    element = [data.draw(st.sampled_from(["", "setup", "planned_off", "stopped"])) for _ in spans]
    kind = [data.draw(st.sampled_from(["adet", "adot", "aust"])) for _ in spans]
    named = Named(
        np.array([a for a, _ in spans], np.int64),
        np.array([b for _, b in spans], np.int64),
        np.arange(1, len(spans) + 1),
        np.array(element, object),
        np.array(kind, object),
    )
    pieces = name_pieces(edge, state, np.array([""] * len(state), object), named)
    elements = time_elements(pieces.edge, pieces.state, planned)
    assert elements.window == edge[-1] - edge[0]
    assert sum(reason_times(pieces, planned).values()) == planned.clip(int(edge[0]), int(edge[-1])).total
    shown = {m: s for i, s in enumerate(state) for m in range(edge[i], edge[i + 1])}
    for i, counted in enumerate(pieces.state):
        for moment in range(pieces.edge[i], pieces.edge[i + 1]):
            over = [j for j, (a, b) in enumerate(spans) if a <= moment < b and KIND.get(shown[moment]) == kind[j]]
            expected = (element[over[0]] or shown[moment]) if over else shown[moment]
            assert counted == expected
            assert pieces.reason[i] == (over[0] + 1 if over else 0)


def test_what_fits_a_stop() -> None:
    usual = {"setup": 1, "no_order": 2, "maintenance": 3}
    none: dict[int, int] = {}
    assert propose(Hints(none, none, "adot", False, False, True), usual) == (3, "maintenance")
    assert propose(Hints({7: 1}, none, "adet", False, True, False), usual) == (7, "alarm")
    assert propose(Hints({7: 1, 8: 2, 9: 2}, none, "adet", False, True, False), usual) is None
    assert propose(Hints(none, none, "adet", True, True, False), usual) == (1, "setup")
    assert propose(Hints(none, none, "adot", False, False, False), usual) == (2, "no_order")
    assert propose(Hints(none, {5: 2}, "adet", False, True, False), usual) is None
    assert propose(Hints(none, {5: 3, 6: 1}, "adet", False, True, False), usual) == (5, "text")
