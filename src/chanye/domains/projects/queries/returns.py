"""Reads of monthly returns: of single firms only for the firm itself and for who checks them."""

from __future__ import annotations

import json

from chanye.domains.projects.models import ClosedMonth, FirmProfile, Indicator, MonthlyReturn
from chanye.domains.projects.panel import indicator_ref
from chanye.domains.projects.queries import profiles
from chanye.domains.projects.rules.returns import stage_of
from chanye.domains.projects.types.statistics import Duty, FirmRow, IndicatorRef, ReturnRow
from chanye.parties.rules import require
from chanye.parties.types import Viewer


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
    closed = closed_months(viewer, office_id)
    # plain columns: two years of 300 firms are thousands of rows
    columns = (
        "pk", "profile_id", "profile__organisation__name", "month", "revision", "values", "reason", "filed_at",
        "filed_by__name", "filed_by__username", "by_office",
    )  # fmt: skip
    found = rows.order_by("-month", "profile__organisation__name", "-revision").values_list(*columns)
    return [
        ReturnRow(
            pk, profile, firm, when, revision, stage_of(revision, closed=when in closed), json.loads(values), reason,
            filed_at, name or username or "", by_office,
        )
        for pk, profile, firm, when, revision, values, reason, filed_at, name, username, by_office in found
    ]  # fmt: skip


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
