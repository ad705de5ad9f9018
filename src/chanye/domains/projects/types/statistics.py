"""What may cross the wall: firms as listed, indicators, growth of the same scope, what is not reported yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: How the value of a month is to be read: what happened in it; how things stood at its end; one indicator over
#: another; what happened since January.
KINDS = ("flow", "stock", "ratio", "cumulative")
#: By the statistical classification of sizes of enterprises.
SIZES = ("large", "medium", "small", "micro")
#: States of a figure in the books.
STAGES = ("first", "revised", "final")


@dataclass(frozen=True, slots=True)
class IndicatorRef:
    """An indicator. Values are whole steps of 10**-``decimals`` ``unit``s.

    ``jump``: largest plausible factor between two months; a ratio is ``factor`` times numerator over denominator.
    """

    id: int
    code: str
    name: str
    name_en: str
    unit: str
    decimals: int
    kind: str
    direction: int = 1
    numerator: str = ""
    denominator: str = ""
    factor: float = 1.0
    jump: float = 3.0
    required: bool = True

    def amount(self, steps: float) -> float:
        """Return steps as a number of the unit."""
        return steps / float(10**self.decimals)


@dataclass(frozen=True, slots=True)
class FirmRow:
    """A firm as the statistics list it; nothing of what it reported. WGS-84 [deg]."""

    id: int
    organisation_id: int
    code: str
    name: str
    sector: str
    town: str
    size: str
    latitude: float | None
    longitude: float | None
    above: bool
    since: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """One report of a firm for a month, every revision of it one of these. ``filed_at``: us UTC."""

    id: int
    firm_id: int
    firm_code: str
    firm: str
    month: str
    revision: int
    stage: str
    values: Mapping[str, int]
    reason: str
    filed_at: int
    filed_by: str
    by_office: bool


@dataclass(frozen=True, slots=True)
class Duty:
    """What a firm owes for a month: ``state`` first, revised, final or missing. ``filed_at``: us UTC."""

    firm_id: int
    organisation_id: int
    code: str
    name: str
    sector: str
    town: str
    month: str
    state: str
    revision: int
    filed_at: int | None


@dataclass(frozen=True, slots=True)
class Growth:
    """Growth of an indicator against the same month a year before.

    Parameters
    ----------
    same_scope
        Of the firms that belong to both periods and reported both; relative. None if not measurable.
    levels
        Of the published levels, each of the firms of its own period. None if not measurable.
    matched, members, reported, before
        Firms matched; in scope now; of them reported; in scope a year before.
    current, base
        Published levels [steps].
    matched_current, matched_base
        Sums over the matched firms [steps].
    """

    same_scope: float | None
    levels: float | None
    matched: int
    members: int
    reported: int
    before: int
    current: float | None
    base: float | None
    matched_current: float | None = None
    matched_base: float | None = None


@dataclass(frozen=True, slots=True)
class Nowcast:
    """What a month will come to when all have reported [steps], with an interval; ``method`` says how."""

    value: float
    lower: float
    upper: float
    confidence: float
    reported: int
    missing: int
    method: str


@dataclass(frozen=True, slots=True)
class Headline:
    """An indicator of a month as the office reads it: level, both growths, what is missing, nowcast."""

    indicator: IndicatorRef
    month: str
    year_to_date: bool
    growth: Growth
    nowcast: Nowcast | None
    stage: str
    trend: tuple[tuple[str, float | None], ...] = field(default=())

    @property
    def coverage(self) -> float:
        """Share of the firms in scope that reported."""
        return self.growth.reported / self.growth.members if self.growth.members else 0.0
