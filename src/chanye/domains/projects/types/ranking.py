"""The ranking as other rooms see it. Scores in points of 100, ranks from 1, probabilities 0..1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

#: What may be ranked by. Amounts that were only signed are not among them.
MEASURES: dict[str, str | Promise] = {
    "paid_in": pgettext_lazy("ranking", "Paid in, of what was planned by now"),
    "physical": pgettext_lazy("ranking", "Built, of what was planned by now"),
    "effective": pgettext_lazy("ranking", "Measured, of what was promised"),
}
GROUPS: dict[str, str | Promise] = {
    "size": pgettext_lazy("ranking", "planned total"),
    "sector": pgettext_lazy("ranking", "sector"),
    "town": pgettext_lazy("ranking", "town"),
}


@dataclass(frozen=True, slots=True)
class RankingFormula:
    """A published, versioned formula.

    Parameters
    ----------
    weights
        Measure -> weight; they are shared out among the measures that are due for a project.
    group_by, limits
        Peer groups: by ``sector``, ``town`` or ``size`` with limits of the planned total [fen].
    overdue, falsified, most
        Points taken off for each milestone that is overdue, each report found false, and at most.
    errors
        Measure -> standard error of its value; of ``effective`` the measured interval is taken instead.
    unknown
        Value of a measure that is due but not known; in the draws it is anything between 0 and 1.
    spread
        Standard deviation of the logarithm of each weight in the draws.
    draws, seed, level, tie
        Of the bootstrap; ``level`` of the rank interval; two are told apart from probability ``tie`` on.
    """

    weights: Mapping[str, float]
    group_by: str = "size"
    limits: tuple[int, ...] = (10_000_000_000, 100_000_000_000)
    overdue: float = 2.0
    falsified: float = 20.0
    most: float = 40.0
    errors: Mapping[str, float] | None = None
    unknown: float = 0.25
    spread: float = 0.2
    draws: int = 1000
    seed: int = 20260101
    level: float = 0.90
    tie: float = 0.90


@dataclass(frozen=True, slots=True)
class Ranked:
    """A project in its peer group: rank with interval, band of those not told apart, and what made the score."""

    code: str
    name: str
    group: str
    score: float
    penalty: float
    rank: int
    low: int
    high: int
    band: int
    peers: int
    values: Mapping[str, float | None]
    unknown: tuple[str, ...]
    lists: Mapping[str, int]
    codes: tuple[str, ...]
    before: int | None = None


@dataclass(frozen=True, slots=True)
class RankingRef:
    """A published ranking without its tables."""

    id: int
    number: int
    period: str
    as_of: date
    formula_version: int
    formula: RankingFormula
    inputs_digest: str
    results_digest: str
    previous: str
    digest: str
    note: str
    published_at: int
    published_by: str


@dataclass(frozen=True, slots=True)
class RankingTable:
    """A ranking with its rows by peer group, in order of rank; ``changed`` says what the formula changed."""

    ref: RankingRef | None
    formula: RankingFormula
    groups: Mapping[str, tuple[Ranked, ...]]
    changed: tuple[tuple[str, Any, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """A project that another formula ranks elsewhere in its peer group."""

    code: str
    name: str
    group: str
    before: int | None
    after: int | None
