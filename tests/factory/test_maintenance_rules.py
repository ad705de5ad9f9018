"""Decisions of maintenance, against published tables and hand-computed cases."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chanye.domains.factory.rules.maintenance import (
    MOVES,
    STATES,
    add_calendar,
    due_by_time,
    due_by_use,
    judge,
    next_state,
    read_steps,
)
from chanye.domains.factory.rules.reliability import failures, mtbf_bounds, reliability
from chanye.kernel.errors import ConfigError
from chanye.kernel.intervals import EMPTY, Intervals
from chanye.kernel.time import DAY, to_us

MINUTE = 60_000_000
HOUR = 60 * MINUTE
SHANGHAI = "Asia/Shanghai"


def at(*parts: int) -> int:
    return to_us(datetime(*parts, tzinfo=ZoneInfo(SHANGHAI)))


# NIST/SEMATECH e-Handbook 8.4.5.1: factors by which an MTBF is multiplied for its 90 % interval, by failures
NIST_90 = {1: (0.2108, 19.4958), 2: (0.3177, 5.6281), 3: (0.3869, 3.6689), 5: (0.4756, 2.5379), 10: (0.5895, 1.8432)}


@pytest.mark.parametrize("count", NIST_90)
def test_bounds_of_the_mtbf_are_those_of_the_handbook(count: int) -> None:
    low, high = mtbf_bounds(1000.0 * count, count, 0.90)
    assert (low / 1000, high / 1000) == pytest.approx(NIST_90[count], abs=1e-4)


def test_the_handbooks_example_of_two_months_and_two_failures() -> None:
    low, high = mtbf_bounds(1440.0, 2, 0.90)
    assert (round(low), round(high)) == (229, 4052)


def test_no_bounds_without_a_failure() -> None:
    with pytest.raises(ValueError, match="at least one failure"):
        mtbf_bounds(100.0, 0)


def test_figures_of_a_hand_computed_month() -> None:
    # 300 h in operation, three failures of 2, 1 and 3 h: MTBF 100 h, MTTR 2 h, availability 100/102, CMT 6 of 8 h
    down = Intervals.from_pairs([(10 * HOUR, 12 * HOUR), (100 * HOUR, 101 * HOUR), (200 * HOUR, 203 * HOUR)])
    found = reliability(300 * HOUR, down, 500 * HOUR, 0.95, corrective=6 * HOUR, preventive=2 * HOUR, floor=0.8)
    assert (found.mtbf.value, found.mttr.value) == (100.0, 2.0)
    assert found.availability.value == pytest.approx(100 / 102)
    assert found.corrective_ratio.value == 0.75
    assert (found.low, found.high) == pytest.approx((100 * 0.3869, 100 * 3.6689), abs=0.01)
    assert found.mtbf.coverage == 0.95


def test_few_failures_and_little_coverage_are_not_measured() -> None:
    one = Intervals.from_pairs([(0, HOUR)])
    few = reliability(50 * HOUR, one, 100 * HOUR, 1.0, corrective=0, preventive=0, floor=0.8)
    assert (few.mtbf.value, few.mtbf.why, few.failures, few.low) == (None, "few_failures", 1, None)
    assert (few.corrective_ratio.value, few.corrective_ratio.why) == (None, "no_labour")
    two = Intervals.from_pairs([(0, HOUR), (2 * HOUR, 3 * HOUR)])
    assert reliability(50, two, 9 * HOUR, 0.5, corrective=0, preventive=0, floor=0.8).mtbf.why == "below_floor"
    # a failure that lasts on is a failure, but it is not restored
    lasting = reliability(50 * HOUR, two, 3 * HOUR, 1.0, corrective=0, preventive=0, floor=0.8)
    assert (lasting.failures, lasting.restored, lasting.mtbf.value, lasting.mttr.value) == (2, 1, 25.0, None)


def test_short_faults_are_minor_stops_unless_somebody_reports_them() -> None:
    start = np.array([0, 20 * MINUTE, 26 * MINUTE, 60 * MINUTE]) + 1
    end = np.array([2 * MINUTE, 25 * MINUTE, 40 * MINUTE, 61 * MINUTE]) + 1
    limits = {"failure_from": 5 * MINUTE, "join_within": MINUTE}
    assert list(failures(start, end, EMPTY, **limits)) == [(20 * MINUTE + 1, 40 * MINUTE + 1)]
    reported = Intervals.from_pairs([(60 * MINUTE, 62 * MINUTE)])
    assert len(failures(start, end, reported, **limits)) == 2


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(1, 40)), max_size=12), st.integers(0, 30), st.integers(1, 60)
)
def test_failures_against_a_brute_force_minute_by_minute(faults, join, least) -> None:
    marks = np.zeros(700, bool)
    for a, n in faults:
        marks[a : a + n] = True
    runs, i = [], 0
    while i < 700:
        if marks[i]:
            j = i
            while j < 700 and marks[j : j + join + 1].any():
                j += int(np.flatnonzero(marks[j : j + join + 1])[-1]) + 1
            runs.append((i, j))
            i = j
        i += 1
    wanted = [(a * MINUTE, b * MINUTE) for a, b in runs if b - a >= least]
    start = np.array([a * MINUTE for a, _ in faults], np.int64)
    end = np.array([(a + n) * MINUTE for a, n in faults], np.int64)
    assert list(failures(start, end, EMPTY, failure_from=least * MINUTE, join_within=join * MINUTE)) == wanted


def test_months_end_with_their_last_day() -> None:
    assert add_calendar(at(2024, 1, 31, 8), 1, "mo", SHANGHAI) == at(2024, 2, 29, 8)
    assert add_calendar(at(2024, 11, 30, 8), 3, "mo", SHANGHAI) == at(2025, 2, 28, 8)
    assert add_calendar(at(2024, 12, 15, 8), 1, "w", SHANGHAI) == at(2024, 12, 22, 8)
    # by the wall clock, over the end of summer time
    berlin = ZoneInfo("Europe/Berlin")
    before = to_us(datetime(2024, 10, 26, 8, tzinfo=berlin))
    assert add_calendar(before, 1, "d", "Europe/Berlin") == to_us(datetime(2024, 10, 27, 8, tzinfo=berlin))


def test_a_plan_by_time_calls_ahead() -> None:
    last = at(2024, 3, 1)
    quiet = due_by_time(last, 30, "d", 5, SHANGHAI, at(2024, 3, 25))
    assert (quiet.call, quiet.at, quiet.share) == (False, at(2024, 3, 31), 0.8)
    assert due_by_time(last, 30, "d", 5, SHANGHAI, at(2024, 3, 26)).call


def test_a_plan_by_use_forecasts_its_day() -> None:
    now = at(2024, 3, 1)
    due = due_by_use(400.0, 500.0, "h", 20.0, 10.0, 1.0, now)
    assert (due.call, due.at) == (False, now + 10 * DAY)
    assert due_by_use(480.0, 500.0, "h", 20.0, 10.0, 1.0, now).call
    assert due_by_use(510.0, 500.0, "h", 20.0, 10.0, 1.0, now).at == now
    assert due_by_use(400.0, 500.0, "h", 0.0, 0.0, 1.0, now).why == "no_use"
    assert due_by_use(None, 500.0, "h", 0.0, 1.0, 0.0, now) == due_by_use(None, 500.0, "h", 0.0, None, 0.0, now)


def test_limits_belong_to_what_passes() -> None:
    assert [judge(v, 1.0, 2.0) for v in (0.99, 1.0, 2.0, 2.01, None, float("nan"))] == [
        "fail", "pass", "pass", "fail", "", "",
    ]  # fmt: skip
    assert judge(5.0, None, None) == "pass"


def test_every_verb_from_every_state_is_possible_or_says_what_is() -> None:
    for state in STATES:
        for verb, (before, after) in MOVES.items():
            if state in before:
                assert next_state(state, verb) == after
            else:
                with pytest.raises(ConfigError, match="cannot be"):
                    next_state(state, verb)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"text": ""}, "needs a text"),
        ({"text": "x" * 301}, "needs a text"),
        ({"text": "a", "kind": "dance"}, "kind"),
        ({"text": "a", "low": "12"}, "plain number"),
        ({"text": "a", "low": float("nan")}, "plain number"),
        ({"text": "a", "low": 3, "high": 1}, "above the upper"),
    ],
)
def test_a_wrong_step_is_named(step, words) -> None:
    with pytest.raises(ConfigError, match=r"Step 1.*" + words):
        read_steps([step])
