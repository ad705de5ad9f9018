"""Fair scores: how severe a reviewer is, taken off what they gave. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from chanye.domains.programme.types.reviews import Score

#: A reviewer's severity is believed as if so many reviews with no severity at all had been given besides.
SHRINKAGE = 2.0


@dataclass(frozen=True, slots=True)
class Given:
    """A review: which application, by whom, how much of 100."""

    application: int
    reviewer: int
    score: float


def calibrate(reviews: Iterable[Given], *, shrinkage: float = SHRINKAGE) -> tuple[dict[int, Score], dict[int, float]]:
    """Return the scores of each application, and the severity of each reviewer (positive: gives less than others).

    The model is additive: score = quality of the application - severity of the reviewer + noise. Severities are
    shrunk towards nothing (ridge regression), the more the fewer reviews somebody gave, so that one harsh review of
    one poor application makes nobody harsh.

    Parameters
    ----------
    shrinkage
        Ratio of the variance of the noise to that of the severities.
    """
    rows = list(reviews)
    if not rows:
        return {}, {}
    applications = {name: i for i, name in enumerate(sorted({row.application for row in rows}))}
    people = {name: i for i, name in enumerate(sorted({row.reviewer for row in rows}))}
    count, wide = len(applications), len(applications) + len(people)
    normal, right = np.zeros((wide, wide)), np.zeros(wide)
    for row in rows:
        a, b = applications[row.application], count + people[row.reviewer]
        normal[a, a] += 1
        normal[b, b] += 1
        normal[a, b] -= 1
        normal[b, a] -= 1
        right[a] += row.score
        right[b] -= row.score
    normal[range(count, wide), range(count, wide)] += shrinkage
    solved = np.linalg.solve(normal, right)
    # Only differences between reviewers can be told: on average over all reviews nobody is severe.
    shift = float(np.mean([solved[count + people[row.reviewer]] for row in rows]))
    given: dict[int, list[float]] = {}
    for row in rows:
        given.setdefault(row.application, []).append(row.score)
    scores = {
        name: Score(
            float(np.mean(given[name])),
            float(np.clip(solved[i] - shift, 0, 100)),
            max(given[name]) - min(given[name]),
            len(given[name]),
        )
        for name, i in applications.items()
    }
    return scores, {name: float(solved[count + i] - shift) for name, i in people.items()}


def weighted(scores: dict[str, float], weights: dict[str, int]) -> float:
    """Return the mean of the criteria by their weights, 0..100."""
    return sum(scores[name] * weight for name, weight in weights.items()) / sum(weights.values())
