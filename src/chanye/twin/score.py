"""How much of the truth was told: an answer of the product beside what really happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chanye.twin.shop import Truth

#: What has to be reached: counts exactly, state time to within 0.1 %.
COUNTS_BAR, STATES_BAR = 100.0, 99.9


@dataclass(frozen=True, slots=True)
class Answer:
    """What the product says of one machine in the window of a truth.

    ``states`` are ``(start, end, class)`` in us UTC, in time order; time that no interval covers counts as not
    answered, which is wrong. ``parts`` and ``energy`` [kWh] are None where the product says "not measured".
    """

    machine: str
    states: tuple[tuple[int, int, str], ...]
    parts: float | None
    energy: float | None


@dataclass(frozen=True, slots=True)
class Score:
    """One machine's score.

    ``counts``, ``states``, ``energy``: right in percent. ``wrong``: time in us by ``(truth, answer)``, the worst
    first.
    """

    machine: str
    truth: Truth
    answer: Answer
    counts: float
    states: float
    energy: float
    wrong: tuple[tuple[tuple[str, str], int], ...]


def overlaps(
    truth: Sequence[tuple[int, int, str]], answer: Sequence[tuple[int, int, str]]
) -> dict[tuple[str, str], int]:
    """Return how long each pair of classes was said at once [us]; ``""`` where nothing was answered."""
    found: dict[tuple[str, str], int] = {}

    def add(name: str, other: str, length: int) -> None:
        if length > 0:
            found[name, other] = found.get((name, other), 0) + length

    at = 0
    for start, end, name in truth:
        done = start
        while at < len(answer) and answer[at][1] <= start:
            at += 1
        look = at
        while look < len(answer) and answer[look][0] < end:
            begin, stop, other = answer[look]
            begin, stop = max(begin, done), min(stop, end)
            add(name, "", begin - done)
            add(name, other, stop - begin)
            done = max(done, stop)
            look += 1
        add(name, "", end - done)
    return found


def share_right(truth: float, answer: float | None) -> float:
    """Return how right a quantity is [%]: 100 where they agree, 0 where it is off by all of it or not measured."""
    if answer is None:
        return 0.0
    if truth == 0:
        return 100.0 if answer == 0 else 0.0
    return max(0.0, 100.0 * (1 - abs(answer - truth) / truth))


def score(truth: Truth, answer: Answer) -> Score:
    """Compare an answer with the truth of the same machine and window."""
    pairs = overlaps(truth.states, answer.states)
    right = sum(length for (name, other), length in pairs.items() if name == other)
    wrong = sorted(((pair, n) for pair, n in pairs.items() if pair[0] != pair[1]), key=lambda row: -row[1])
    return Score(
        truth.machine,
        truth,
        answer,
        share_right(truth.parts, answer.parts),
        100.0 * right / (truth.end - truth.start),
        share_right(truth.energy, answer.energy),
        tuple(wrong),
    )


@dataclass(frozen=True, slots=True)
class Total:
    """All machines together. ``holds``: whether every machine reaches the bars."""

    parts_true: int
    parts_told: float
    counts: float
    states: float
    energy: float
    holds: bool


def total(scores: Sequence[Score]) -> Total:
    """Add up the scores of several machines: counts by part, states by time, energy by kWh; none is averaged."""
    parts = sum(s.truth.parts for s in scores)
    off = sum(abs((s.answer.parts or 0.0) - s.truth.parts) for s in scores)
    counts = 100.0 if not off else max(0.0, 100.0 * (1 - off / parts)) if parts else 0.0
    window = sum(s.truth.end - s.truth.start for s in scores)
    states = sum(s.states * (s.truth.end - s.truth.start) for s in scores) / window if window else 0.0
    energy_true = sum(s.truth.energy for s in scores)
    energy_off = sum(abs((s.answer.energy or 0.0) - s.truth.energy) for s in scores)
    energy = max(0.0, 100.0 * (1 - energy_off / energy_true)) if energy_true else 0.0
    told = sum(s.answer.parts or 0.0 for s in scores)
    holds = bool(scores) and all(s.counts >= COUNTS_BAR and s.states >= STATES_BAR for s in scores)
    return Total(parts, told, counts, states, energy, holds)
