"""Quarter-hours: the same as plain regression on all indicators, occupied times, gaps, cover."""

from __future__ import annotations

import time

import numpy as np
import pytest

from chanye.bench.effects_plants import quarters
from chanye.engines.effects.week import Steps, avoided_by_week, fit


def _halves(meter) -> tuple[Steps, Steps]:  # quarters
    steps = Steps(meter.taken, meter.index, meter.temperature, meter.made[:, None])
    late = meter.index >= meter.before
    return steps.only(~late), steps.only(late)


def _hourly(seed: int, weeks: int = 8) -> Steps:
    rng = np.random.default_rng(seed)
    index = np.arange(weeks * 168)
    hour, day = index % 24, index // 24
    open_ = (day % 7 < 5) & (hour >= 8) & (hour < 18)
    temperature = 15 + 10 * np.sin(index / 200) + rng.normal(0, 2, len(index))
    made = rng.uniform(0, 5, len(index))
    load = 20 + 30 * open_ + 2 * made + np.where(open_, 1.5, 0.5) * np.maximum(temperature - 12, 0)
    return Steps(load + rng.normal(0, 1, len(index)), index, temperature, made[:, None], per_day=24)


def test_it_is_plain_regression_on_every_indicator() -> None:
    steps = _hourly(1)
    steps.load[100:130] = np.nan
    week = fit(steps)
    seen = steps.only(steps.known)
    design = np.column_stack([np.eye(168)[seen.slot], week.columns(seen).T])
    dense = design @ np.linalg.lstsq(design, seen.load, rcond=None)[0]
    assert week.predict(seen) == pytest.approx(dense, abs=1e-6)


def test_occupied_times_are_found() -> None:
    week = fit(_hourly(2))
    day, hour = np.arange(168) // 24, np.arange(168) % 24
    assert (week.occupied == ((day < 5) & (hour >= 8) & (hour < 18))).mean() > 0.97


def test_a_known_saving_is_found_and_dark_steps_count_for_nothing() -> None:
    meter = quarters(np.random.default_rng(3), effect=0.06, days=(180, 60), fast=0.9, slow=0.5)
    before, after = _halves(meter)
    found, _ = avoided_by_week(before, after)
    assert abs(found.saved - meter.saved) <= found.high - found.low
    assert found.relative == pytest.approx(0.06, abs=0.04)
    assert found.expected - found.actual == pytest.approx(found.saved)
    assert found.actual == pytest.approx(float(np.nansum(after.load)), rel=0.02)
    gone = after.only(after.index // 96 % 5 != 0)
    fewer, _ = avoided_by_week(before, gone)
    assert fewer.expected < found.expected
    assert fewer.relative == pytest.approx(found.relative, abs=0.02)


def test_intervals_cover_although_quarter_hours_remember() -> None:
    covered = naive = 0
    for i in range(24):
        rng = np.random.default_rng([7, i])
        meter = quarters(rng, effect=0.06, days=(91, 35), fast=0.95, slow=0.6)
        before, after = _halves(meter)
        found, week = avoided_by_week(before, after)
        covered += found.low <= meter.saved <= found.high
        rest = np.nanstd(before.load - week.predict(before))
        half = 1.645 * rest * np.sqrt(len(after.load))  # as if quarter-hours were independent
        naive += abs(found.saved - meter.saved) <= half
    assert covered >= 17  # 90 %, and three standard errors of 24 draws
    assert naive <= 12


@pytest.mark.slow
def test_two_hundred_meters_a_year() -> None:
    meter = quarters(np.random.default_rng(1), effect=0.05, days=(365, 365), fast=0.9, slow=0.5)
    before, after = _halves(meter)
    begin = time.process_time()
    for _ in range(5):
        avoided_by_week(before, after)
    assert (time.process_time() - begin) * 40 < 20


def test_what_cannot_be_learned_is_refused() -> None:
    steps = _hourly(4, weeks=1)
    with pytest.raises(ValueError, match="two weeks"):
        fit(steps)
    steps = _hourly(4, weeks=4)
    with pytest.raises(ValueError, match="same length"):
        avoided_by_week(steps, Steps(steps.load, steps.index, steps.temperature, steps.other, per_day=96))
    with pytest.raises(ValueError, match="come after"):
        avoided_by_week(steps, steps)
    dark = _hourly(4, weeks=4)
    dark.load[:] = np.nan
    with pytest.raises(ValueError, match="days known"):
        avoided_by_week(steps, dark)
