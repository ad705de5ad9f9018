"""What firms reported, as arrays: for sums and growth inside the statistics alone; nothing of it crosses the wall."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from django.db.models import Count, Max

from chanye.domains.projects.models import ClosedMonth, FirmProfile, Indicator, MonthlyReturn, ScopePeriod
from chanye.domains.projects.rules import months as calendar
from chanye.domains.projects.rules.growth import Panel
from chanye.domains.projects.types.statistics import IndicatorRef
from chanye.engines.disclosure import Rules
from chanye.kernel.time import now_us

#: Firms that must be in a figure that leaves the statistics.
LEAST = 3
#: The rules of the gate. They stay inside: whoever knows them learns more from what is left out.
RULES = Rules(threshold=LEAST, dominance=(2, 0.90), p_percent=0.10)
#: Months of a trend.
TREND = 12

#: What the books depend on.
Marks = tuple[
    tuple[int | None, ...],
    tuple[tuple[int, str, str, str, int], ...],
    tuple[tuple[int, str, str], ...],
    tuple[IndicatorRef, ...],
    frozenset[str],
]


@dataclass(frozen=True, slots=True)
class Books:
    """The panel of an office with what its firms are grouped by; rows in the order of ``firms``."""

    panel: Panel
    firms: tuple[int, ...]
    organisations: tuple[int, ...]
    sector: np.ndarray
    town: np.ndarray
    size: np.ndarray
    indicators: dict[str, IndicatorRef]
    closed: frozenset[str]
    #: What was worked out from these books, kept as long as they are.
    kept: dict[str, object] = field(default_factory=dict, compare=False, repr=False)


def indicator_ref(row: Indicator) -> IndicatorRef:
    """Return an indicator as it crosses the wall."""
    return IndicatorRef(
        row.pk, row.code, row.name, row.name_en, row.unit, row.decimals, row.kind, row.direction,
        row.numerator, row.denominator, row.factor, row.jump, row.required,
    )  # fmt: skip


def books(office_id: int, first: str, last: str) -> Books:
    """Return what was reported for months, kept as long as nothing is added.

    Rows of returns are never changed, so their number and the newest of them tell whether what is kept still holds.
    """
    state = MonthlyReturn.objects.filter(office_id=office_id).aggregate(Max("pk"), Count("pk"))
    listed = FirmProfile.objects.filter(office_id=office_id).order_by("pk")
    scopes = ScopePeriod.objects.filter(profile__office_id=office_id).order_by("pk")
    indicators = Indicator.objects.filter(office_id=office_id).order_by("position", "code")
    marks: Marks = (
        tuple(state.values()),
        tuple(listed.values_list("pk", "sector", "town", "size", "organisation_id")),
        tuple(scopes.values_list("profile_id", "since", "until")),
        tuple(indicator_ref(row) for row in indicators),
        frozenset(ClosedMonth.objects.filter(office_id=office_id).values_list("month", flat=True)),
    )
    return _read(office_id, first, last, marks)


@lru_cache(maxsize=16)
def _read(office_id: int, first: str, last: str, marks: Marks) -> Books:
    _state, profiles, scopes, indicators, closed = marks
    months = calendar.between(first, last)
    column = {month: i for i, month in enumerate(months)}
    row_of = {one[0]: i for i, one in enumerate(profiles)}
    shape = len(profiles), len(months)
    values = {one.code: np.full(shape, np.nan) for one in indicators}
    found = MonthlyReturn.objects.filter(office_id=office_id, month__gte=first, month__lte=last)
    rows = list(found.order_by("revision").values_list("profile_id", "month", "values"))
    # One text of all is read several times faster than each by itself; a later revision overwrites an earlier.
    for (profile, month, _text), reported in zip(
        rows, json.loads("[" + ",".join(r[2] for r in rows) + "]"), strict=True
    ):
        at = row_of[profile], column[month]
        for code, table in values.items():
            table[at] = reported.get(code, np.nan)
    member = np.zeros(shape, dtype=bool)
    for profile, since, until in scopes:
        member[row_of[profile]] |= np.array([since <= month and (not until or month <= until) for month in months])
    for array in (*values.values(), member):
        array.setflags(write=False)
    return Books(
        Panel(tuple(months), values, member),
        tuple(one[0] for one in profiles),
        tuple(one[4] for one in profiles),
        np.array([one[1] for one in profiles], dtype=object),
        np.array([one[2] for one in profiles], dtype=object),
        np.array([one[3] for one in profiles], dtype=object),
        {one.code: one for one in indicators},
        closed,
    )


def newest_month(office_id: int) -> str:
    """Return the last month for which anything is reported; the last that is over if nothing is."""
    found: str | None = MonthlyReturn.objects.filter(office_id=office_id).aggregate(Max("month"))["month__max"]
    return found or calendar.shift(calendar.month_at(now_us()), -1)


def books_of(office_id: int, month: str) -> Books:
    """Return the books that growth, trends and nowcasts of a month need."""
    return books(office_id, calendar.january(calendar.shift(month, -TREND - 13)), month)
