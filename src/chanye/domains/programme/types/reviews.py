"""Reviews as pages see them. Scores 0..100, moments in us UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Score:
    """Scores of one application.

    Parameters
    ----------
    raw
        Plain mean of its reviews, 0..100.
    fair
        Mean with each reviewer's severity taken off, 0..100.
    spread
        Highest less lowest review.
    n
        Reviews.
    """

    raw: float
    fair: float
    spread: float
    n: int


@dataclass(frozen=True, slots=True)
class ReviewRef:
    """One person's review; ``severity`` is how much less than others the person gives on average."""

    id: int
    application_id: int
    person_id: int
    person: str
    state: str
    scores: Mapping[str, tuple[float, str]]
    raw: float | None
    severity: float | None
    advice: str
    comment: str
    ties: tuple[str, ...]
    assigned_at: int
    given_at: int | None


@dataclass(frozen=True, slots=True)
class CaseReview:
    """All reviews of a case's round; ``score`` is None before the first is given."""

    reviews: tuple[ReviewRef, ...]
    score: Score | None
    least: int
    given: int

    @property
    def missing(self) -> int:
        """How many reviews are still wanted."""
        return max(0, self.least - self.given)
