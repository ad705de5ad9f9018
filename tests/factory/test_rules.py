"""Time elements against a brute-force count, key figures against published cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chanye.domains.factory.rules.kpis import (
    Output,
    earned_time,
    key_figures,
    sum_elements,
    sum_outputs,
    time_elements,
)
from chanye.domains.factory.types.machines import TimeElements
from chanye.kernel.intervals import Intervals
from chanye.spine.types import STATE_CLASSES

MINUTE = 60_000_000


@given(
    st.lists(st.tuples(st.integers(1, 12), st.sampled_from([*STATE_CLASSES, "nonsense"])), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, 80), st.integers(0, 20)), max_size=5),
    st.integers(0, 30),
)
def test_elements_tile_exactly_as_counted_tick_by_tick(pieces, shifts, start) -> None:
    edge = np.cumsum([start, *(length for length, _ in pieces)]).astype(np.int64)
    planned = Intervals.from_pairs([(a, a + n) for a, n in shifts])
    found = time_elements(edge, [state for _, state in pieces], planned)
    ticks = dict.fromkeys(("apt", "aust", "adet", "adot", "unknown", "planned_off"), 0)
    word = {"running": "apt", "setup": "aust", "fault": "adet", "stopped": "adet", "waiting": "adot"}
    word |= {"planned_off": "planned_off", "unknown": "unknown", "nonsense": "unknown"}
    for i, (_, state) in enumerate(pieces):
        for tick in range(int(edge[i]), int(edge[i + 1])):
            busy = any(a <= tick < a + n for a, n in shifts)
            ticks[word[state] if busy else "planned_off"] += 1
    for name, count in ticks.items():
        assert getattr(found, name) == count, name
    assert found.window == found.planned_off + found.pbt
    assert found.pbt == found.apt + found.aust + found.adet + found.adot + found.unknown


def elements(apt=0, aust=0, adet=0, adot=0, unknown=0, off=0) -> TimeElements:
    pbt = apt + aust + adet + adot + unknown
    return TimeElements(pbt + off, off, pbt, apt, aust, adet, adot, unknown)


def test_the_worked_shift_of_the_fast_guide_to_oee() -> None:
    """Vorne, The Fast Guide to OEE: 8 h shift, 60 min breaks, 47 min down, 19,271 pieces at 60/min, 423 rejects."""
    times = elements(apt=373 * MINUTE, adet=47 * MINUTE, off=60 * MINUTE)
    output = Output(19_271, 19_271, 19_271, 423, 19_271 * 1e6)
    found = key_figures(times, output, known=480 * MINUTE)
    assert found.availability.value == pytest.approx(0.8881, abs=5e-5)
    assert found.effectiveness.value == pytest.approx(0.8611, abs=5e-5)
    assert found.quality_ratio.value == pytest.approx(0.9780, abs=5e-5)
    assert found.oee.value == pytest.approx(0.7479, abs=6e-5)
    assert found.oee.coverage == 1.0


def test_two_machines_add_times_not_ratios() -> None:
    """Availability 0.80 over 25 % and 0.45 over 75 % of the planned time is 0.5375, not their mean 0.625."""
    parts = [elements(apt=80, adot=20), elements(apt=135, adot=165)]
    both = key_figures(sum_elements(parts), None, known=400)
    assert both.availability.value == pytest.approx(0.5375, abs=1e-12)


def test_oee_is_planned_run_time_of_good_pieces_over_busy_time() -> None:
    """ISO 22400-2: the product of the three reduces to PRI x GQ / PBT where all is observed."""
    times = elements(apt=300, aust=40, adet=60, adot=100)
    found = key_figures(times, Output(10, 10, 10, 2, 280.0), known=500)
    assert found.oee.value == pytest.approx(28 * 8 / 500)
    assert found.nee.value == pytest.approx((340 / 500) * (280 / 300) * 0.8)


def test_effectiveness_above_one_is_shown() -> None:
    found = key_figures(elements(apt=100), Output(3, 3, 3, 0, 150.0), known=100)
    assert found.effectiveness.value == 1.5


def test_unknown_time_lowers_coverage_not_availability() -> None:
    seen = key_figures(elements(apt=60, adet=20), Output(1, 1, 1, None, 50.0), known=80)
    partly = key_figures(elements(apt=60, adet=20, unknown=20), Output(1, 1, 1, None, 50.0), known=80)
    assert seen.availability.value == partly.availability.value == 0.75
    assert (seen.availability.coverage, partly.availability.coverage) == (1.0, 0.8)


def test_below_the_floor_nothing_is_stated_but_the_count() -> None:
    found = key_figures(elements(apt=60, unknown=40), Output(7, 7, 7, 0, 50.0), known=60)
    assert (found.availability.value, found.availability.why) == (None, "below_floor")
    assert found.oee.why == "below_floor"
    assert found.throughput.why == "below_floor"
    assert (found.produced.value, found.produced.coverage) == (7, 0.6)
    assert key_figures(elements(apt=60, unknown=40), None, known=60, floor=0.5).availability.value == 1.0


def test_why_a_figure_is_missing() -> None:
    assert key_figures(elements(off=10), None, known=0).availability.why == "no_planned_time"
    assert key_figures(elements(unknown=10), None, known=0).availability.why == "no_data"
    found = key_figures(elements(apt=10), Output(1, 1, 1, None, None), known=10)
    assert (found.effectiveness.why, found.quality_ratio.why) == ("no_rate", "no_quality_data")
    assert found.good.value is None
    assert key_figures(elements(apt=10), None, known=10).produced.why == "no_counter"
    around_the_clock = key_figures(elements(apt=10), None, known=10, calendar=False).availability
    assert (around_the_clock.value, around_the_clock.why) == (1.0, "no_calendar")


def test_planned_run_time_by_program() -> None:
    assert earned_time(["A", "B"], [2, 1], 10.0, {"B": 60.0}) == 80e6
    assert earned_time(["A"], [1], None, {"B": 60.0}) is None
    assert sum_outputs([Output(1, 1, 1, 0, 5.0), Output(2, 2, 2, None, 6.0)]) == Output(3, 3, 3, None, 11.0)
