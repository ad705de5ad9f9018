"""Reads of one project: its stages, payments, milestones, reports, curve, earned value and flags."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

from django.utils.translation import gettext as _

from chanye.domains.projects.models import Photo, Project, Report
from chanye.domains.projects.project_rows import facts_of, visible
from chanye.domains.projects.rules.credit import WHOLE, plan_days, planned_amount, status_of
from chanye.domains.projects.rules.earned_value import assess
from chanye.domains.projects.rules.flags import flags_of
from chanye.domains.projects.types.pipeline import Flag, PaymentFact, StageFact
from chanye.domains.projects.types.progress import (
    Curve,
    EarnedValue,
    MilestoneRow,
    PhotoCheck,
    PhotoRow,
    ReportRow,
)
from chanye.kernel.errors import DeniedError
from chanye.kernel.geo import great_circle
from chanye.parties.types import Viewer
from chanye.spine import queries as spine


@dataclass(frozen=True, slots=True)
class BaselineRow:
    """A frozen version of the milestones."""

    version: int
    planned_total: int
    reason: str
    digest: str
    frozen_at: int
    frozen_by: str


@dataclass(frozen=True, slots=True)
class ProjectRecord:
    """All that stands about one project beside its row."""

    scope: str
    years: tuple[tuple[int, int], ...]
    part_of: tuple[int, str] | None
    parts: tuple[tuple[int, str], ...]
    stages: tuple[StageFact, ...]
    payments: tuple[PaymentFact, ...]
    milestones: tuple[MilestoneRow, ...]
    reports: tuple[ReportRow, ...]
    baselines: tuple[BaselineRow, ...]
    flags: tuple[Flag, ...]
    curve: Curve | None
    earned: EarnedValue | None
    first_total: int
    plans: tuple[int, ...]


def _seen(viewer: Viewer, project_id: int) -> Project:
    row = visible(viewer).filter(pk=project_id).select_related("part_of").first()
    if row is None:
        raise DeniedError(_("There is no such project, or it belongs to another organisation."))
    return row


def record(viewer: Viewer, project_id: int, *, today: date) -> ProjectRecord:
    """Return all that stands about one project.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    row = _seen(viewer, project_id)
    milestones = tuple(_milestone_rows(row, today))
    reports = _reports(viewer, row)
    payments = tuple(
        PaymentFact(p.kind, p.on, p.amount, p.evidence, p.file_id, p.recorded_at, p.recorded_by)
        for p in row.payments.order_by("-on", "-pk")
    )
    curve = _curve(milestones, row, payments, today)
    return ProjectRecord(
        scope=row.scope,
        years=tuple(row.years.order_by("year").values_list("year", "amount")),
        part_of=(row.part_of.pk, row.part_of.name) if row.part_of else None,
        parts=tuple(row.parts.order_by("pk").values_list("pk", "name")),
        stages=tuple(
            StageFact(s.stage, s.on, s.amount, s.evidence, s.file_id, s.recorded_at, s.recorded_by)
            for s in row.stages.order_by("-recorded_at", "-pk")
        ),
        payments=payments,
        milestones=milestones,
        reports=reports,
        baselines=tuple(
            BaselineRow(b.version, b.planned_total, b.reason, b.digest, b.frozen_at, b.frozen_by)
            for b in row.baselines.order_by("-version").defer("milestones")
        ),
        flags=flags_of(facts_of(row), today),
        curve=curve,
        earned=_earned(milestones, curve, payments, today),
        first_total=row.first_total,
        plans=tuple(row.effects),
    )


def _milestone_rows(row: Project, today: date) -> list[MilestoneRow]:
    """Return the milestones of a project in order."""
    return [
        MilestoneRow(
            m.pk, m.position, m.title, m.rule, m.budget, m.start, m.finish,
            tuple((one["title"], one["weight"]) for one in m.steps), m.units, m.unit,
            status_of(m.credit, m.finish, today), m.credit / WHOLE, m.met_on, m.finish < (m.met_on or today),
        )
        for m in row.milestones.order_by("position")
    ]  # fmt: skip


def _reports(viewer: Viewer, row: Project) -> tuple[ReportRow, ...]:
    photos: dict[int, list[PhotoRow]] = {}
    held = list(row.photos.select_related("like__project").order_by("pk"))
    names = spine.files_by_id(viewer, [one.file_id for one in held])
    for one in held:
        photos.setdefault(one.report_id, []).append(
            _photo(one, names[one.file_id].name if one.file_id in names else "")
        )
    site = None if row.latitude is None or row.longitude is None else (row.latitude, row.longitude)
    return tuple(_report(r, site, tuple(photos.get(r.pk, ()))) for r in row.reports.order_by("-on", "-pk"))


def _photo(one: Photo, name: str) -> PhotoRow:
    check = PhotoCheck(one.taken_at, one.latitude, one.longitude, one.distance, tuple(one.faults))
    return PhotoRow(one.pk, one.report_id, one.file_id, name, check, one.like.project.name if one.like else "")


def _report(r: Report, site: tuple[float, float] | None, photos: tuple[PhotoRow, ...]) -> ReportRow:
    away = None
    if site is not None and r.latitude is not None and r.longitude is not None:
        away = great_circle(r.latitude, r.longitude, *site)
    return ReportRow(
        r.pk, r.milestone_id, r.title, r.on, r.credit / WHOLE, r.note, r.latitude, r.longitude, away, r.verdict,
        r.why, r.reported_at, r.reported_by, r.reporter, r.verified_by, photos,
    )  # fmt: skip


def _curve(
    milestones: tuple[MilestoneRow, ...], row: Project, payments: tuple[PaymentFact, ...], today: date
) -> Curve | None:
    """Return planned, earned and actual value over time; earned by what was accepted, on the day it was seen."""
    if not milestones:
        return None
    plain = [{"rule": m.rule, "budget": m.budget, "start": m.start, "finish": m.finish} for m in milestones]
    days = sorted({*plan_days(plain), *(p.on for p in payments if p.kind == "out"), today})
    earned_on, earned_sums = _earned_steps(milestones, row)
    spent = sorted((p.on, p.amount) for p in payments if p.kind == "out")
    spent_on, spent_sums = [on for on, _amount in spent], list(accumulate(amount for _on, amount in spent))
    days = sorted({*days, *earned_on})
    return Curve(
        days=tuple(days),
        planned=tuple(planned_amount(plain, day) for day in days),
        earned=tuple(_at(earned_on, earned_sums, day) if day <= today else None for day in days),
        actual=tuple(_at(spent_on, spent_sums, day) if day <= today else None for day in days),
    )


def _earned_steps(milestones: tuple[MilestoneRow, ...], row: Project) -> tuple[list[date], list[float]]:
    budget = {m.id: m.budget for m in milestones}
    credit: dict[int, int] = {}
    steps: dict[date, float] = {}
    accepted = row.reports.filter(verdict="accepted", milestone__isnull=False).order_by("on", "pk")
    for milestone_id, on, value in accepted.values_list("milestone_id", "on", "credit"):
        credit[milestone_id] = value
        steps[on] = sum(budget.get(one, 0) * part / WHOLE for one, part in credit.items())
    return list(steps), list(steps.values())


def _at(days: list[date], sums: list[float] | list[int], day: date) -> float:
    found = bisect_right(days, day)
    return float(sums[found - 1]) if found else 0.0


def _earned(
    milestones: tuple[MilestoneRow, ...], curve: Curve | None, payments: tuple[PaymentFact, ...], today: date
) -> EarnedValue | None:
    """Return earned value at the end of today; time in months of 365.25/12 days since the plan began."""
    if curve is None:
        return None
    plain = [{"rule": m.rule, "budget": m.budget, "start": m.start, "finish": m.finish} for m in milestones]
    days = plan_days(plain)
    month = 365.25 / 12
    times = [(day - days[0]).days / month for day in days]
    planned = [planned_amount(plain, day) for day in days]
    at = max(0.0, ((today - days[0]) / timedelta(days=1)) / month)
    spent = sum(p.amount for p in payments if p.kind == "out" and p.on <= today)
    return assess(times, planned, ev=sum(m.budget * m.credit for m in milestones), ac=float(spent), at=at)
