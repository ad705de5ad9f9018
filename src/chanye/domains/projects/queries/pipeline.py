"""Reads of the pipeline: the list, the funnel of stages, counts of flags. Everything is added up in the database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.db.models import BooleanField, Case, Count, F, FloatField, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Cast, Coalesce, NullIf
from django.utils.translation import gettext as _

from chanye.domains.projects.models import Project
from chanye.domains.projects.project_rows import visible
from chanye.domains.projects.rules.flags import AT_REST, COST_GROWTH, MONEY_AHEAD, STALLED_DAYS
from chanye.domains.projects.rules.pipeline import share, stage_of
from chanye.domains.projects.types.pipeline import FLAGS, STAGES, ProjectRow, StageFigure
from chanye.kernel.errors import DeniedError
from chanye.parties.types import Viewer
from chanye.sheets import Rows, View

#: Column of the list -> annotation of the database.
FIELDS = {
    "owner": "owner_words",
    "financial": "financial_share",
    "physical": "physical_share",
    "effective": "effective_share",
    "stage": "stage_reached",
    **{code: f"flag_{code}" for code in FLAGS},
}


def _amount(stage: str) -> str:
    return "paid_in" if stage == "paid_in" else f"{stage}_amount"


def _flag_conditions(today: date) -> dict[str, Q]:
    """Return each flag as a condition on projects: the same question that ``rules.flags`` answers for one."""
    quiet = today - timedelta(days=STALLED_DAYS)
    ahead = Q(planned_total__gt=0, physical__isnull=False) & Q(
        paid_out__gt=(F("physical") + MONEY_AHEAD) * Cast("planned_total", FloatField()) / 1e6
    )
    return {
        "money_ahead": ahead,
        "overdue": Q(next_due__lt=today) & ~Q(status__in=AT_REST),
        "stalled": Q(started_on__lt=quiet, in_production_on__isnull=True)
        & (Q(reported_on__isnull=True) | Q(reported_on__lt=quiet))
        & ~Q(status__in=AT_REST),
        "cost_growth": Q(first_total__gt=0, planned_total__gt=F("first_total") * (100 + COST_GROWTH) / 100),
        "changed_scope": Q(baseline_version__gt=1),
        "photo": Q(photo_faults__gt=0),
        "falsified": Q(falsified__gt=0),
    }


def _annotated(rows: QuerySet[Project], today: date) -> QuerySet[Project]:
    """Return projects with what the list filters and sorts by: shares, furthest stage, flags."""
    yes, no = Value(True), Value(False)
    flags = {
        f"flag_{code}": Case(When(condition, then=yes), default=no, output_field=BooleanField())
        for code, condition in _flag_conditions(today).items()
    }
    reached = [When(**{f"{stage}_on__isnull": False}, then=Value(stage)) for stage in reversed(STAGES)]
    whole = NullIf(Cast("planned_total", FloatField()), Value(0.0))
    return rows.annotate(
        owner_words=Coalesce("owner__name", "owner_name"),
        financial_share=100.0 * F("paid_out") / whole,
        physical_share=Cast("physical", FloatField()) / 1e4,
        effective_share=Cast("effective", FloatField()) / 1e4,
        stage_reached=Case(*reached, default=Value("")),
        **flags,
    )


def table(viewer: Viewer, view: View, *, today: date) -> Rows:
    """Return the projects that a view asks for."""
    rows = _annotated(visible(viewer), today).select_related("owner")
    return view.apply(rows, fields=FIELDS, make=_project_row)


def _project_row(row: Any) -> ProjectRow:
    """Return an _annotated project as a value."""
    dates = {stage: getattr(row, f"{stage}_on") for stage in STAGES}
    return ProjectRow(
        id=row.pk, organisation_id=row.organisation_id, code=row.code, name=row.name, owner_id=row.owner_id,
        owner=row.owner_words, part_of_id=row.part_of_id, status=row.status, kind=row.kind, sector=row.sector,
        town=row.town, place=row.place, latitude=row.latitude, longitude=row.longitude,
        planned_total=row.planned_total, planned_start=row.planned_start, planned_finish=row.planned_finish,
        stage=stage_of(dates), signed_on=row.signed_on, signed_amount=row.signed_amount, paid_in_on=row.paid_in_on,
        paid_in=row.paid_in, started_on=row.started_on, in_statistics_on=row.in_statistics_on,
        in_production_on=row.in_production_on, above_scale_on=row.above_scale_on, paid_out=row.paid_out,
        financial=share(row.paid_out, row.planned_total), physical=share(row.physical, 1_000_000),
        effective=share(row.effective, 1_000_000), next_due=row.next_due, reported_on=row.reported_on,
        flags=tuple(code for code in FLAGS if getattr(row, f"flag_{code}")), changed_at=row.changed_at,
    )  # fmt: skip


def everything(viewer: Viewer, *, today: date) -> list[ProjectRow]:
    """Return all projects the viewer may see."""
    return [_project_row(row) for row in _annotated(visible(viewer), today).select_related("owner")]


def page_after(viewer: Viewer, after: int, limit: int, *, today: date) -> list[ProjectRow]:
    """Return at most ``limit`` projects with a number above ``after``, by number."""
    rows = _annotated(visible(viewer).filter(pk__gt=after), today).select_related("owner").order_by("pk")
    return [_project_row(row) for row in rows[:limit]]


def project(viewer: Viewer, project_id: int, *, today: date) -> ProjectRow:
    """Return one project.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    row = _annotated(visible(viewer).filter(pk=project_id), today).select_related("owner").first()
    if row is None:
        raise DeniedError(_("There is no such project, or it belongs to another organisation."))
    return _project_row(row)


def code_of(viewer: Viewer, project_id: int) -> str:
    """Return the unified code of a project the viewer may see, empty if there is none."""
    return visible(viewer).filter(pk=project_id).values_list("code", flat=True).first() or ""


def projects_by_code(viewer: Viewer, codes: list[str], *, today: date) -> dict[str, ProjectRow]:
    """Return projects by their unified code; those that do not exist or may not be seen are left out."""
    rows = _annotated(visible(viewer).filter(code__in=codes), today).select_related("owner")
    return {row.code: _project_row(row) for row in rows}


def of_owner(viewer: Viewer, organisation_id: int, *, today: date) -> list[ProjectRow]:
    """Return the projects of a firm that the viewer may see, the largest first."""
    rows = _annotated(visible(viewer).filter(owner_id=organisation_id), today).select_related("owner")
    return sorted((_project_row(row) for row in rows), key=lambda one: (-one.planned_total, one.id))


def located(viewer: Viewer, *, today: date) -> list[ProjectRow]:
    """Return the projects that have a place, for a map; cancelled ones are left out."""
    rows = visible(viewer).exclude(status="cancelled").filter(latitude__isnull=False)
    return [_project_row(row) for row in _annotated(rows, today).select_related("owner")]


def funnel(viewer: Viewer, start: date | None = None, end: date | None = None) -> list[StageFigure]:
    """Return how many projects reached each stage in ``[start, end]``, each with its own sum.

    A part of a split project is counted with its whole: it adds its amount, not another project. No two of the sums
    may be added: what is signed is a pledge, what is paid in is money.
    """
    asked: dict[str, Any] = {}
    for stage in STAGES:
        reached = Q(**{f"{stage}_on__isnull": False}) & ~Q(status="cancelled")
        if start is not None:
            reached &= Q(**{f"{stage}_on__gte": start})
        if end is not None:
            reached &= Q(**{f"{stage}_on__lte": end})
        asked[f"n_{stage}"] = Count(Coalesce("part_of_id", "pk"), filter=reached, distinct=True)
        asked[f"sum_{stage}"] = Coalesce(Sum(_amount(stage), filter=reached), 0)
    found = visible(viewer).aggregate(**asked)
    return [StageFigure(stage, found[f"n_{stage}"], found[f"sum_{stage}"]) for stage in STAGES]


def tallies(viewer: Viewer, *, today: date) -> Mapping[str, Mapping[str, int]]:
    """Return how many projects there are by status, and how many raise each flag."""
    rows = visible(viewer)
    by_status = dict(rows.order_by().values_list("status").annotate(n=Count("pk")))
    flags = {code: Count("pk", filter=condition) for code, condition in _flag_conditions(today).items()}
    return {"status": by_status, "flags": rows.aggregate(**flags)}


def towns(viewer: Viewer) -> list[str]:
    """Return the towns that projects lie in."""
    return list(visible(viewer).exclude(town="").order_by("town").values_list("town", flat=True).distinct())
