"""Reads of targets and of how far they are reached."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from django.utils.translation import gettext as _

from chanye.domains.projects.gating import target_shown
from chanye.domains.projects.models import Target
from chanye.domains.projects.panel import Books, books_of, indicator_ref, newest_month
from chanye.domains.projects.rules import growth as rules
from chanye.domains.projects.rules import months as calendar
from chanye.domains.projects.rules import targets as decide
from chanye.domains.projects.types.statistics import Growth
from chanye.domains.projects.types.targets import GROWTH_STEPS, Attainment, TargetRef
from chanye.kernel.errors import ConfigError
from chanye.parties.rules import require
from chanye.parties.types import Viewer


def targets(viewer: Viewer, office_id: int, *, every: bool = False) -> list[TargetRef]:
    """Return the targets of an office, newest period first; ``every`` with the revisions that are past.

    Raises
    ------
    DeniedError
        If the viewer does not read the office's statistics.
    """
    require(viewer, "read_statistics", office_id)
    rows = (
        Target.objects.filter(office_id=office_id).select_related("indicator").order_by("-end", "code", "-revision")
    )
    found, seen = [], set()
    for row in rows:
        if every or row.code not in seen:
            found.append(_ref(row))
        seen.add(row.code)
    return found


def target(viewer: Viewer, target_id: int) -> list[TargetRef]:
    """Return a target with all revisions under its code, the newest first.

    Raises
    ------
    ConfigError
        If there is none that the viewer may see.
    """
    row = Target.objects.filter(pk=target_id).first()
    if row is None or not (viewer.system or viewer.organisation_id == row.office_id):
        raise ConfigError(_("There is no such target."))
    require(viewer, "read_statistics", row.office_id)
    rows = Target.objects.filter(office_id=row.office_id, code=row.code).select_related("indicator")
    return [_ref(one) for one in rows.order_by("-revision")]


def attainments(viewer: Viewer, office_id: int, month: str = "") -> list[Attainment]:
    """Return how far each target is reached by a month, the newest reported if none is named."""
    found = targets(viewer, office_id)
    return [_attainment(office_id, one, month) for one in found]


def _attainment(office_id: int, one: TargetRef, month: str) -> Attainment:
    """Return how far a target is reached by a month within its period."""
    last = min(month or newest_month(office_id), one.end)
    elapsed = max(0, calendar.number(last) - calendar.number(one.start) + 1)
    whole = calendar.number(one.end) - calendar.number(one.start) + 1
    actual, grown = _actual(books_of(office_id, last), one, last) if elapsed else (None, None)
    summed = one.measure == "level" and one.indicator.kind in ("flow", "cumulative")
    pace = decide.run_rate("sum" if summed else "level", actual, one.baseline, one.target, elapsed, whole)
    return Attainment(
        one,
        last,
        actual,
        decide.attainment(actual, one.baseline, one.target),
        decide.reached(actual, one.baseline, one.target, one.indicator.direction),
        decide.expected_share(elapsed, whole),
        pace,
        grown,
    )


def _actual(held: Books, one: TargetRef, month: str) -> tuple[float | None, Growth | None]:
    """Return where a target stands [steps of the target]; None where few firms would show."""
    firms = np.ones(len(held.firms), dtype=bool)
    if one.sector:
        firms &= held.sector == one.sector
    if one.town:
        firms &= held.town == one.town
    panel = held.panel.only(firms)
    indicator = held.indicators[one.indicator.code]
    found = rules.growth(panel, indicator, held.indicators, month, year_to_date=True)
    if not target_shown(held, one, firms, month):
        hidden = replace(
            found, same_scope=None, levels=None, current=None, base=None, matched_current=None, matched_base=None
        )
        return None, hidden
    if one.measure == "growth":
        return (None if found.same_scope is None else found.same_scope * GROWTH_STEPS), found
    return found.current, found


def _ref(row: Target) -> TargetRef:
    return TargetRef(
        row.pk, row.code, row.title, indicator_ref(row.indicator), row.measure, row.sector, row.town, row.start,
        row.end, row.baseline, row.target, row.revision, row.reason, row.set_at, row.set_by_name,
        row.set_at >= calendar.begins(row.start),
    )  # fmt: skip
