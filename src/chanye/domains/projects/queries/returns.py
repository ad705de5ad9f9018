"""Reads of monthly returns: of single firms only for the firm itself and for who checks them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.db.models import BigIntegerField, Case, JSONField, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, NullIf

from chanye.domains.projects.models import ClosedMonth, FirmProfile, Indicator, MonthlyReturn
from chanye.domains.projects.panel import indicator_ref
from chanye.domains.projects.queries import profiles
from chanye.domains.projects.rules.returns import stage_of
from chanye.domains.projects.types.statistics import Duty, FirmRow, IndicatorRef, ReturnRow
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.sheets import Rows, View

#: Plain columns of a report: two years of 300 firms are thousands of rows.
COLUMNS = (
    "pk", "profile_id", "profile__organisation__code", "profile__organisation__name", "month", "revision", "values",
    "reason", "filed_at", "filed_by__name", "filed_by__username", "by_office",
)  # fmt: skip
NEWEST_FIRST = ("-month", "profile__organisation__name", "-revision")


def indicators(viewer: Viewer, office_id: int) -> list[IndicatorRef]:
    """Return the indicators of an office, in the order of the form; everybody signed in may know them."""
    rows = Indicator.objects.filter(office_id=office_id).order_by("position", "code")
    return [indicator_ref(row) for row in rows]


def closed_months(viewer: Viewer, office_id: int) -> set[str]:
    """Return the months whose figures are final."""
    return set(ClosedMonth.objects.filter(office_id=office_id).values_list("month", flat=True))


def returns(viewer: Viewer, office_id: int, *, firm_id: int | None = None, month: str = "") -> list[ReturnRow]:
    """Return reports, every revision, newest first: all for who handles returns, else the viewer's own firm's.

    Raises
    ------
    DeniedError
        If the viewer is neither.
    """
    rows = MonthlyReturn.objects.filter(office_id=office_id)
    if viewer.office:
        require(viewer, "handle_returns", office_id)
    else:
        require(viewer, "file_returns", viewer.organisation_id)
        rows = rows.filter(profile__organisation_id=viewer.organisation_id or 0)
    if firm_id is not None:
        rows = rows.filter(profile_id=firm_id)
    if month:
        rows = rows.filter(month=month)
    make = _maker(closed_months(viewer, office_id))
    return [make(one) for one in rows.order_by(*NEWEST_FIRST).values_list(*COLUMNS)]


def _maker(closed: set[str]) -> Callable[[tuple[Any, ...]], ReturnRow]:
    """Return what makes a row of ``COLUMNS`` a report."""

    def make(one: tuple[Any, ...]) -> ReturnRow:
        pk, profile, code, firm, month, revision, values, reason, filed_at, name, username, by_office = one
        stage, person = stage_of(revision, closed=month in closed), name or username or ""
        return ReturnRow(
            pk, profile, code, firm, month, revision, stage, json.loads(values), reason, filed_at, person, by_office
        )

    return make


def return_table(viewer: Viewer, office_id: int, view: View, make: Callable[[ReturnRow], Any]) -> Rows:
    """Return the reports of all firms, every revision, that a view asks for, newest first; the database picks them.

    Raises
    ------
    DeniedError
        If the viewer does not handle returns.
    """
    require(viewer, "handle_returns", office_id)
    closed = closed_months(viewer, office_id)
    figures = {one.code: one for one in indicators(viewer, office_id)}
    document = Cast("values", JSONField())
    final = When(month__in=closed, then=Value("final"))
    # only of use for an order: in steps, which sort as the amounts do
    steps = {
        f"figure_{one.id}": Cast(KeyTextTransform(one.code, document), BigIntegerField()) for one in figures.values()
    }
    rows = MonthlyReturn.objects.filter(office_id=office_id).alias(
        stage=Case(final, When(revision=1, then=Value("first")), default=Value("revised")),
        who=Coalesce(NullIf("filed_by__name", Value("")), "filed_by__username"),
        **steps,
    )
    fields = {code: f"figure_{one.id}" for code, one in figures.items()}
    fields |= {"firm_code": "profile__organisation__code", "filed_by": "who"}
    row = _maker(closed)
    return view.apply(
        rows.order_by(*NEWEST_FIRST).values_list(*COLUMNS), fields=fields, make=lambda one: make(row(one))
    )


def duties(viewer: Viewer, office_id: int, month: str) -> list[Duty]:
    """Return what every firm above scale owes for a month: whether it reported, not what.

    Raises
    ------
    DeniedError
        If the viewer does not read statistics.
    """
    found = profiles.firms(viewer, office_id, month=month)
    rows = MonthlyReturn.objects.filter(office_id=office_id, month=month).order_by("revision")
    newest = {one[0]: one[1:] for one in rows.values_list("profile_id", "revision", "filed_at")}
    closed = ClosedMonth.objects.filter(office_id=office_id, month=month).exists()
    return [_duty(one, month, newest.get(one.id), closed=closed) for one in found if one.above]


def _duty(one: FirmRow, month: str, newest: tuple[int, int] | None, *, closed: bool) -> Duty:
    revision, filed_at = newest if newest else (0, None)
    state = stage_of(revision, closed=closed) if newest else "missing"
    return Duty(
        one.id, one.organisation_id, one.code, one.name, one.sector, one.town, month, state, revision, filed_at
    )


def own_profile(viewer: Viewer) -> FirmProfile | None:
    """Return how the viewer's own firm is listed; None if it is not."""
    return FirmProfile.objects.filter(organisation_id=viewer.organisation_id or 0).order_by("pk").first()
