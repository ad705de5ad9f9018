"""The model: deterministic, seamless, exact."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chanye.twin.parts import DAY, HOUR, MINUTE
from chanye.twin.plan import SECOND, Trouble
from chanye.twin.shop import ANALOG, CLASS, METER, Shop, local_day, midnight

#: Monday 2026-03-02 00:00 in Beijing.
MONDAY = midnight(local_day(1_772_400_000_000_000))


@pytest.fixture(scope="module")
def shop() -> Shop:
    return Shop(7, MONDAY)


def test_six_machines(shop: Shop) -> None:
    assert len(shop.machines) == 6


@pytest.mark.parametrize("machine", Shop().machines)
def test_spans_tile_a_week(shop: Shop, machine: str) -> None:
    spans = list(shop.spans(machine, MONDAY, MONDAY + 7 * DAY))
    assert spans[0].start == MONDAY
    assert spans[-1].end == MONDAY + 7 * DAY
    assert all(a.end == b.start and a.start < a.end for a, b in pairwise(spans))
    assert {"running", "setup", "loading", "waiting"} <= {span.physical for span in spans}


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(1, 2 * DAY - 1), max_size=4), item=st.sampled_from(ANALOG + METER))
def test_history_and_live_seam_at_any_instant(cuts: list[int], item: str) -> None:
    edges = [MONDAY, *(MONDAY + c for c in sorted(set(cuts))), MONDAY + 2 * DAY]
    pieces = list(pairwise(edges))
    whole, parts = Shop(7, MONDAY), Shop(7, MONDAY)
    once = whole.events("HMC-01", edges[0], edges[-1])
    assert once == [e for a, b in pieces for e in parts.events("HMC-01", a, b)]
    times, values = whole.samples("HMC-01", item, edges[0], edges[-1], MINUTE)
    cut = [parts.samples("HMC-01", item, a, b, MINUTE) for a, b in pieces]
    assert np.array_equal(times, np.concatenate([t for t, _ in cut]))
    assert np.array_equal(values, np.concatenate([v for _, v in cut]))


def test_the_register_is_the_integral_of_mean_power(shop: Shop) -> None:
    end = MONDAY + 3 * DAY + 10 * HOUR + 123_456_000
    brute = sum(
        s.power * (min(s.end, end) - s.start) / HOUR for s in shop.spans("CNC-01", MONDAY, end) if s.start < end
    )
    assert shop.energy("CNC-01", end) == pytest.approx(brute, rel=1e-12)
    _, register = shop.samples("CNC-01", "energy_kwh", MONDAY, end, MINUTE)
    assert np.all(np.diff(register) >= 0)
    _, power = shop.samples("CNC-01", "power_kw", MONDAY, end, SECOND)
    assert power.sum() / 3600 == pytest.approx(brute, rel=0.005)  # noise cancels out


def test_counter_and_truth_agree(shop: Shop) -> None:
    events = shop.events("VMC-01", MONDAY, MONDAY + DAY)
    shown = [int(e.value) for e in events if e.item == "part_count" and e.value.isdigit()]
    rises = sum(b - a for a, b in zip([0, *shown], shown, strict=False) if b > a)
    assert shop.truth("VMC-01", MONDAY, MONDAY + DAY).parts == rises > 100


def test_truth_tiles_and_is_unknown_at_night(shop: Shop) -> None:
    truth = shop.truth("GRD-01", MONDAY, MONDAY + DAY)
    assert [truth.states[0][0], truth.states[-1][1]] == [MONDAY, MONDAY + DAY]
    assert truth.states[0] == (MONDAY, MONDAY + 8 * HOUR, "unknown")
    assert truth.states[-1][2] == "unknown"
    assert {name for _, _, name in truth.states} <= set(CLASS.values())


def test_scripted_troubles_happen_on_time() -> None:
    at = MONDAY + 9 * HOUR
    troubles = (
        Trouble("VMC-02", "breakdown", at, 20 * MINUTE),
        Trouble("CNC-01", "changeover", at, 30 * MINUTE),
        Trouble("CNC-02", "counter_reset", at, MINUTE),
    )
    shop = Shop(7, MONDAY, troubles)
    for machine, physical in (("VMC-02", "fault"), ("CNC-01", "setup"), ("CNC-02", "restart")):
        assert any(s.start == at and s.physical == physical for s in shop.spans(machine, at, at + 1))
    after = [e.value for e in shop.events("CNC-02", at, at + 2 * HOUR) if e.item == "part_count"]
    assert after[:3] == ["UNAVAILABLE", "0", "1"]
    same = Shop(7, MONDAY).truth("GRD-01", MONDAY, MONDAY + DAY)
    assert shop.truth("GRD-01", MONDAY, MONDAY + DAY) == same  # the others go on as ever
