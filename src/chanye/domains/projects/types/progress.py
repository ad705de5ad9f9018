"""Milestones, reports and photos, as other rooms see them. Credit as a share 0..1, money in fen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

RULES: dict[str, str | Promise] = {
    "0/100": pgettext_lazy("rule of credit", "0/100: all when it is done"),
    "50/50": pgettext_lazy("rule of credit", "50/50: half when begun, half when done"),
    "steps": pgettext_lazy("rule of credit", "Weighted steps"),
    "units": pgettext_lazy("rule of credit", "Units done"),
}
#: OC4IDS 0.9.5, codelist milestoneStatus.
MILESTONE_STATUSES: dict[str, str | Promise] = {
    "scheduled": pgettext_lazy("milestone status", "Scheduled"),
    "partiallyMet": pgettext_lazy("milestone status", "Partly met"),
    "met": pgettext_lazy("milestone status", "Met"),
    "notMet": pgettext_lazy("milestone status", "Not met in time"),
}
VERDICTS: dict[str, str | Promise] = {
    "": pgettext_lazy("report", "To be verified"),
    "accepted": pgettext_lazy("report", "Accepted"),
    "rejected": pgettext_lazy("report", "Sent back"),
    "falsified": pgettext_lazy("report", "Found to be false"),
}
PHOTO_FAULTS: dict[str, str | Promise] = {
    "no_place": pgettext_lazy("photo", "does not say where it was taken"),
    "no_time": pgettext_lazy("photo", "does not say when it was taken"),
    "far": pgettext_lazy("photo", "was taken far from the site"),
    "old": pgettext_lazy("photo", "is too old for this report"),
    "later": pgettext_lazy("photo", "says a time that is still to come"),
    "used": pgettext_lazy("photo", "was used before"),
    "alike": pgettext_lazy("photo", "shows the same as one used before"),
}


@dataclass(frozen=True, slots=True)
class MilestoneDraft:
    """A milestone as it is planned. ``steps`` are (title, weight) of the rule ``steps``; ``units`` of ``units``."""

    title: str
    rule: str
    budget: int
    start: date
    finish: date
    steps: tuple[tuple[str, float], ...] = ()
    units: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class MilestoneRow:
    """A milestone with what was verified of it."""

    id: int
    position: int
    title: str
    rule: str
    budget: int
    start: date
    finish: date
    steps: tuple[tuple[str, float], ...]
    units: float | None
    unit: str
    status: str
    credit: float
    met_on: date | None
    late: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What a reporter saw of a milestone; which of them matters, its rule of credit says."""

    started: bool = False
    done: bool = False
    steps: tuple[int, ...] = ()
    units: float = 0.0


@dataclass(frozen=True, slots=True)
class PhotoCheck:
    """What a picture says of itself, and its faults (keys of ``PHOTO_FAULTS``). Distance in m, time in us UTC."""

    taken_at: int | None
    latitude: float | None
    longitude: float | None
    distance: float | None
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PhotoRow:
    """A photo of a report; ``like`` names the project that used it before."""

    id: int
    report_id: int
    file_id: int
    name: str
    check: PhotoCheck
    like: str


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A report from the site."""

    id: int
    milestone_id: int | None
    title: str
    on: date
    credit: float
    note: str
    latitude: float | None
    longitude: float | None
    distance: float | None
    verdict: str
    why: str
    reported_at: int
    reported_by: str
    reporter: int | None
    verified_by: str
    photos: tuple[PhotoRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Curve:
    """Planned value, earned value and actual cost, cumulative, at days [fen]; None after the status date."""

    days: tuple[date, ...]
    planned: tuple[float, ...]
    earned: tuple[float | None, ...]
    actual: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class EarnedValue:
    """The figures of ANSI/EIA-748 at one moment; money as it went in, times in periods. None: undefined."""

    bac: float
    pv: float
    ev: float
    ac: float
    at: float
    pd: float
    cv: float = 0.0
    sv: float = 0.0
    cpi: float | None = None
    spi: float | None = None
    eac: Mapping[str, float | None] = field(default_factory=dict)
    tcpi: float | None = None
    tcpi_eac: float | None = None
    vac: float | None = None
    es: float = 0.0
    sv_t: float = 0.0
    spi_t: float | None = None
    ieac_t: float | None = None
