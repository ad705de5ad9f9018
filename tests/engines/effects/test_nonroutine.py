"""Logged events: left out, or a step with an interval that covers; what is not told by the data is refused."""

from __future__ import annotations

import numpy as np
import pytest

from chanye.bench.effects_plants import plant, remembering
from chanye.engines.effects.baseline import avoided
from chanye.engines.effects.nonroutine import Event, avoided_beside, columns, kept


def _play(seed: int, size: float, start: int, end: int):  # arrays of a plant with an event
    rng = np.random.default_rng([3, seed])
    one = plant(rng, remembering(rng, 0.5, 1, 485)[0], effect=0.06)
    taken = one.taken.copy()
    taken[start:end] += size
    design = np.column_stack(
        [np.ones(485), one.made, one.shift, np.maximum(one.temperature - 22, 0), np.maximum(8 - one.temperature, 0)]
    )
    day = np.arange(485)
    return one, (taken[:365], design[:365], day[:365], taken[365:], design[365:], day[365:])


@pytest.mark.parametrize(("start", "end"), [(100, 160), (400, 430)])
def test_a_step_is_told_from_the_upgrade(start: int, end: int) -> None:
    event = Event(start, end, "step", "a hall is let")
    covered = sized = fooled = 0
    for seed in range(40):
        one, parts = _play(seed, 150.0, start, end)
        found, (size,) = avoided_beside(*parts, [event])
        covered += found.relative_low <= 0.06 <= found.relative_high
        sized += size.low <= 150.0 <= size.high
        plain = avoided(parts[0], parts[1], parts[3], parts[4])
        fooled += plain.low <= one.saved <= plain.high
    assert covered >= 30  # 90 %, and three standard errors of 40 draws
    assert sized >= 30
    if start >= 365:  # before the upgrade it is spread over the baseline, and only makes the interval wide
        assert fooled < covered


def test_what_is_excluded_counts_for_nothing() -> None:
    one, parts = _play(1, 1e6, 400, 430)
    found, sizes = avoided_beside(*parts, [Event(400, 430, "exclude", "fire")])
    assert sizes == []
    assert len(found.prediction) == 90
    assert found.relative == pytest.approx(0.06, abs=0.03)
    quiet, _ = avoided_beside(*parts, [])
    assert quiet.saved < -1e7 < found.saved
    assert one.saved > 0


def test_masks_and_columns() -> None:
    time = np.arange(0, 100, 10)
    events = [Event(15, 40, "exclude", "down"), Event(60, 80, "step", "let"), Event(0, 10, "exclude", "start")]
    assert np.flatnonzero(~kept(time, events)).tolist() == [0, 2, 3]
    assert np.flatnonzero(columns(time, events)[:, 0]).tolist() == [6, 7]
    assert columns(time, []).shape == (10, 0)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Event(400, 400, "step", "x"), "ends after"),
        (Event(400, 430, "step", " "), "reason"),
        (Event(400, 402, "step", "short"), "too short"),
        (Event(365, 485, "step", "all"), "covers all"),
        (Event(365, 482, "step", "all"), "covers all"),
    ],
)
def test_what_cannot_be_told_is_refused(event: Event, words: str) -> None:
    _, parts = _play(1, 10.0, 400, 430)
    with pytest.raises(ValueError, match=words):
        avoided_beside(*parts, [event])


def test_times_have_to_ascend() -> None:
    _, parts = _play(1, 10.0, 400, 430)
    with pytest.raises(ValueError, match="ascend"):
        avoided_beside(*parts[:5], parts[5][::-1], [])
