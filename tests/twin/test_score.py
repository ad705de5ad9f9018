"""The scorer: a right answer is 100 %, and a wrong one is not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chanye.twin.parts import DAY
from chanye.twin.score import Answer, overlaps, score, total
from chanye.twin.shop import Shop, Truth, local_day, midnight

MONDAY = midnight(local_day(1_772_400_000_000_000))
TRUTH = Truth("m", 0, 1000, ((0, 400, "running"), (400, 600, "fault"), (600, 1000, "unknown")), 8, 1, 10.0)
RIGHT = Answer("m", TRUTH.states, 8, 10.0)


def test_the_truth_itself_is_a_hundred_percent() -> None:
    shop = Shop(3, MONDAY)
    truths = [shop.truth(machine, MONDAY, MONDAY + DAY) for machine in shop.machines]
    scores = [score(t, Answer(t.machine, t.states, t.parts, t.energy)) for t in truths]
    assert total(scores).holds
    assert {(s.counts, s.states, s.energy) for s in scores} == {(100.0, 100.0, 100.0)}


@pytest.mark.parametrize(
    ("answer", "counts", "states"),
    [
        (replace(RIGHT, parts=9), 87.5, 100.0),
        (replace(RIGHT, parts=None), 0.0, 100.0),
        (replace(RIGHT, parts=0), 0.0, 100.0),
        (replace(RIGHT, states=((0, 1000, "running"),)), 100.0, 40.0),  # claims to know what nobody could see
        (replace(RIGHT, states=()), 100.0, 0.0),
        (replace(RIGHT, states=((0, 400, "running"), (500, 600, "fault"), (600, 1000, "unknown"))), 100.0, 90.0),
        (replace(RIGHT, states=((0, 398, "running"), (398, 600, "fault"), (600, 1000, "unknown"))), 100.0, 99.8),
        (replace(RIGHT, states=((0, 400, "running"), (400, 600, "unknown"), (600, 1000, "unknown"))), 100.0, 80.0),
    ],
)
def test_a_wrong_answer_fails(answer: Answer, counts: float, states: float) -> None:
    found = score(TRUTH, answer)
    assert found.counts == pytest.approx(counts)
    assert found.states == pytest.approx(states)
    assert not total([found]).holds
    assert not total([score(TRUTH, RIGHT), found]).holds


def test_errors_of_two_machines_do_not_cancel_out() -> None:
    found = total([score(TRUTH, replace(RIGHT, parts=7)), score(TRUTH, replace(RIGHT, parts=9))])
    assert found.parts_told == found.parts_true == 16
    assert found.counts == pytest.approx(87.5)
    assert not found.holds


def test_energy_is_scored_beside() -> None:
    assert score(TRUTH, replace(RIGHT, energy=9.0)).energy == pytest.approx(90.0)
    assert total([]).holds is False


Cuts = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20), st.sampled_from("abc")), max_size=6)


def _intervals(cuts: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    found: list[tuple[int, int, str]] = []
    for gap, length, name in cuts:
        start = (found[-1][1] if found else 0) + gap % 7
        found.append((start, start + length, name))
    return found


@given(first=Cuts, second=Cuts)
def test_overlaps_agree_with_counting_every_moment(
    first: list[tuple[int, int, str]], second: list[tuple[int, int, str]]
) -> None:
    truth, answer = _intervals(first), _intervals(second)
    brute: dict[tuple[str, str], int] = {}
    for start, end, name in truth:
        for moment in range(start, end):
            other = next((c for a, b, c in answer if a <= moment < b), "")
            brute[name, other] = brute.get((name, other), 0) + 1
    assert overlaps(truth, answer) == brute
