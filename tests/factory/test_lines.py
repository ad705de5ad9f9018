"""Blocked, starved and what a line's stop is put down to, against a naive count of every moment."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chanye.domains.factory.actions.lines import configure_line
from chanye.domains.factory.actions.link import update_stops
from chanye.domains.factory.queries.lines import line_losses
from chanye.domains.factory.rules.lines import (
    DOWN,
    NOBODY,
    OUTSIDE,
    RUN,
    UNKNOWN,
    WAIT,
    Timeline,
    causes,
    common,
    initial_cell,
    key_reason,
    station,
)
from chanye.kernel.errors import ConfigError
from chanye.parties.types import SYSTEM
from downtime_kit import Floor
from factory_kit import GOOD, MINUTE, Plant

SPAN = 12
moments = st.lists(st.sampled_from([RUN, DOWN, WAIT, UNKNOWN]), min_size=SPAN, max_size=SPAN)
tables = st.lists(moments, min_size=1, max_size=5)


def _timeline(row: list[int]) -> Timeline:
    cuts = [0, *(i for i in range(1, SPAN) if row[i] != row[i - 1]), SPAN]
    return Timeline(np.array(cuts, np.int64), np.array([row[i] for i in cuts[:-1]], np.int8))


def _blocker(states: list[int], i: int) -> int:
    if i + 1 >= len(states):
        return NOBODY
    following = states[i + 1]
    return i + 1 if following == DOWN else _blocker(states, i + 1) if following == WAIT else NOBODY


def _starver(states: list[int], i: int) -> int:
    if i == 0:
        return OUTSIDE
    before = states[i - 1]
    return i - 1 if before == DOWN else _starver(states, i - 1) if before == WAIT else NOBODY


@given(tables, st.data())
@settings(max_examples=100, deadline=None)
def test_causes_moment_by_moment(table: list[list[int]], data: st.DataObject) -> None:
    edge, codes = common([_timeline(row) for row in table])
    blocked, starved = causes(codes)
    key = data.draw(st.integers(0, len(table) - 1))
    reason = key_reason(codes, key)
    for moment in range(SPAN):
        at = int(np.searchsorted(edge, moment, side="right")) - 1
        states = [row[moment] for row in table]
        assert codes[:, at].tolist() == states
        for i, state in enumerate(states):
            blocker = _blocker(states, i) if state == WAIT else NOBODY
            starver = _starver(states, i) if state == WAIT and blocker == NOBODY else NOBODY
            assert (blocked[i, at], starved[i, at]) == (blocker, starver)
            if i == key:
                waits_for = blocker if blocker != NOBODY else starver
                assert reason[at] == (key if state == DOWN else waits_for if state == WAIT else NOBODY)


@given(tables, st.data())
@settings(max_examples=100, deadline=None)
def test_the_first_to_go_down_has_the_whole_stop(table: list[list[int]], data: st.DataObject) -> None:
    edge, codes = common([_timeline(row) for row in table])
    key = data.draw(st.integers(0, len(table) - 1))
    found = initial_cell(edge, codes, key)
    moment = 0
    while moment < SPAN:
        if table[key][moment] not in (DOWN, WAIT):
            assert found[int(np.searchsorted(edge, moment, side="right")) - 1] == NOBODY
            moment += 1
            continue
        end = moment
        while end < SPAN and table[key][end] in (DOWN, WAIT):
            end += 1
        expected = NOBODY
        for at in range(moment, end):
            down = [i for i, row in enumerate(table) if row[at] == DOWN]
            if down:

                def since(i: int, at: int = at) -> int:
                    while at > 0 and table[i][at - 1] == DOWN:
                        at -= 1
                    return at

                expected = min(down, key=lambda i: (since(i), i))
                break
        for at in range(moment, end):
            assert found[int(np.searchsorted(edge, at, side="right")) - 1] == expected
        moment = end


@given(st.lists(moments, min_size=1, max_size=3), st.data())
@settings(max_examples=40, deadline=None)
def test_a_station_runs_while_enough_of_its_machines_do(table: list[list[int]], data: st.DataObject) -> None:
    minimum = data.draw(st.integers(1, len(table)))
    codes = np.array(table, np.int8)
    for at, state in enumerate(station(codes, minimum).tolist()):
        column = codes[:, at].tolist()
        if column.count(RUN) >= minimum:
            assert state == RUN
        elif column.count(RUN) + column.count(UNKNOWN) >= minimum:
            assert state == UNKNOWN
        else:
            assert state == (DOWN if DOWN in column else WAIT)


def test_a_line_of_three_machines(plant: Plant) -> None:
    floor = Floor(plant)
    line = plant.asset(plant.site, "area", "line")
    machines = [floor.machine, plant.machine("m2"), plant.machine("m3")]
    series = [floor.execution, *(plant.series(one, "execution") for one in machines[1:])]
    shown = [
        [(0, "ACTIVE"), (70, "READY"), (90, "ACTIVE")],  # full behind m2 from 70
        [(0, "ACTIVE"), (60, "FAULT"), (90, "ACTIVE"), (120, "ACTIVE")],
        [(0, "ACTIVE"), (65, "READY"), (92, "ACTIVE"), (100, "FAULT"), (110, "ACTIVE"), (119, "ACTIVE")],
    ]
    for one, rows in zip(series, shown, strict=True):
        plant.write(one, [(floor.at(m), text, GOOD) for m, text in rows])
    while update_stops(actor=SYSTEM, source=plant.reader()):
        pass
    floor.say(next(stop.id for stop in floor.stops_of(machines[1].id)), "breakdown")
    layout = [{"machines": [one.id]} for one in machines]
    configure_line(actor=SYSTEM, asset_id=line.id, stations=layout)
    found = line_losses(plant.viewer, line.id, floor.at(0), floor.at(110))
    assert found is not None
    first, second, third = found.stations
    assert (first.blocked, first.starved) == (20 * MINUTE, 0)
    assert (second.down, second.line_lost) == (30 * MINUTE, 25 * MINUTE)
    assert [(label in ("设备故障", "Breakdown"), us) for label, us in second.reasons] == [(True, 25 * MINUTE)]
    assert (third.starved, third.down, third.line_lost) == (25 * MINUTE, 10 * MINUTE, 10 * MINUTE)
    assert third.waiting == 2 * MINUTE  # all before it ran again
    assert (found.lost, found.unnamed, found.outside) == (37 * MINUTE, 2 * MINUTE, 0)
    assert first.unknown > 0
    for one in found.stations:
        spent = one.running + one.down + one.blocked + one.starved + one.waiting + one.unknown
        assert spent == found.planned
    with pytest.raises(ConfigError):
        configure_line(actor=SYSTEM, asset_id=line.id, stations=[{"machines": [1 << 40]}])
    with pytest.raises(ConfigError):
        configure_line(actor=SYSTEM, asset_id=line.id, stations=[*layout, layout[0]])
