"""Projects as an OC4IDS package: Open Contracting for Infrastructure Data Standard 0.9.5, schema project-schema.json.

What the standard has no word for (stages of investment, measured effect) stands in ``additionalClassifications`` and
``metrics`` under codes of our own; nothing that was only signed is given as a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from chanye.domains.projects.models import Milestone, Project, ProjectYear
from chanye.domains.projects.project_rows import visible
from chanye.domains.projects.rules.credit import status_of
from chanye.domains.projects.types.pipeline import STAGES
from chanye.kernel.time import format_iso, now_us
from chanye.parties.queries import organisation
from chanye.parties.types import Viewer

SCHEMA = "https://standard.open-contracting.org/infrastructure/schema/0__9__5/project-package-schema.json"
CURRENCY = "CNY"
PREFIX = "chanye"
#: Our sectors as values of the open codelist projectSector; the parent stands with its child.
SECTORS = {"logistics": ["transport"], "agriculture": ["agriculture"], "software": ["communications"]}


def oc4ids(viewer: Viewer, *, today: date, codes: Sequence[str] | None = None) -> dict[str, Any]:
    """Return the projects the viewer may see as an OC4IDS project package.

    Parameters
    ----------
    codes
        Unified codes of the projects wanted; all if not given.
    """
    rows = visible(viewer).select_related("owner", "part_of").order_by("code")
    if codes is not None:
        rows = rows.filter(code__in=list(codes))
    held = list(rows)
    milestones: dict[int, list[Milestone]] = {}
    for one in Milestone.objects.filter(project__in=rows).order_by("position"):
        milestones.setdefault(one.project_id, []).append(one)
    years: dict[int, list[ProjectYear]] = {}
    for year in (
        ProjectYear.objects.filter(project__in=rows).order_by("year")
    ):  # fmt: skip
        years.setdefault(year.project_id, []).append(year)
    office = organisation(viewer)
    return {
        "uri": f"urn:{PREFIX}:projects:{office.code if office else 'all'}",
        "publishedDate": format_iso(now_us(), decimals=0),
        "version": "0.9",
        "publisher": {"name": office.name if office else PREFIX},
        "projects": [_project(one, milestones.get(one.pk, ()), years.get(one.pk, ()), today) for one in held],
    }


def _project(
    row: Project, milestones: Sequence[Milestone], years: Sequence[ProjectYear], today: date
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": f"{PREFIX}-{row.code}",
        "updated": format_iso(row.changed_at, decimals=0),
        "title": row.name,
        "status": row.status,
        "type": row.kind,
        "identifiers": [{"id": row.code, "scheme": "CN-TZXM"}],
        "sector": SECTORS.get(row.sector, ["economy"]),
        "budget": _budget(row, years),
        "parties": _parties(row),
        "metrics": _metrics(row, today),
        "milestones": [_milestone(one, today) for one in milestones],
        "additionalClassifications": _classifications(row),
    }
    if row.scope:
        found["description"] = row.scope
    if row.planned_start or row.planned_finish:
        found["period"] = _period(row.planned_start, row.planned_finish)
    if row.latitude is not None and row.longitude is not None:
        found["locations"] = [_location(row, row.latitude, row.longitude)]
    if row.part_of is not None:
        found["relatedProjects"] = [
            {"id": "1", "scheme": PREFIX, "identifier": f"{PREFIX}-{row.part_of.code}", "title": row.part_of.name}
        ]  # fmt: skip
    return found


def _moment(on: date) -> str:
    return datetime.combine(on, time(), tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _period(start: date | None, end: date | None) -> dict[str, str]:
    return {name: _moment(on) for name, on in (("startDate", start), ("endDate", end)) if on is not None}


def _value(fen: int) -> dict[str, Any]:
    return {"amount": fen / 100, "currency": CURRENCY}


def _budget(row: Project, years: Sequence[ProjectYear]) -> dict[str, Any]:
    budget: dict[str, Any] = {"amount": _value(row.planned_total)}
    if years:
        budget["budgetBreakdown"] = [
            {"id": str(one.year), "amount": _value(one.amount),
             "period": _period(date(one.year, 1, 1), date(one.year, 12, 31))}
            for one in years
        ]  # fmt: skip
    return budget


def _parties(row: Project) -> list[dict[str, Any]]:
    name = row.owner.name if row.owner else row.owner_name
    return [{"id": "owner", "name": name, "roles": ["administrativeEntity"]}] if name else []


def _location(row: Project, latitude: float, longitude: float) -> dict[str, Any]:
    # GeoJSON puts longitude first (RFC 7946, 3.1.1); WGS-84.
    found: dict[str, Any] = {"id": "1", "geometry": {"type": "Point", "coordinates": [longitude, latitude]}}
    if row.place:
        found["description"] = row.place
    if row.town:
        found["address"] = {"locality": row.town, "countryName": "中国"}
    return found


def _metrics(row: Project, today: date) -> list[dict[str, Any]]:
    """Return the three progresses, each as a metric of its own; what is not known is left out."""
    shares = {
        "financialProgress": row.paid_out / row.planned_total if row.planned_total else None,
        "physicalProgress": None if row.physical is None else row.physical / 1e6,
        "effectiveProgress": None if row.effective is None else row.effective / 1e6,
    }
    return [
        {
            "id": name,
            "title": name,
            "observations": [
                {"id": today.isoformat(), "period": {"endDate": _moment(today)}, "measure": f"{100 * share:.2f}",
                 "unit": {"name": "percent", "scheme": "UNCEFACT", "id": "P1"}}
            ],
        }
        for name, share in shares.items()
        if share is not None
    ]  # fmt: skip


def _milestone(one: Milestone, today: date) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": str(one.pk), "title": one.title, "type": "delivery", "dueDate": _moment(one.finish),
        "status": status_of(one.credit, one.finish, today), "value": _value(one.budget),
    }  # fmt: skip
    if one.met_on is not None:
        found["dateMet"] = _moment(one.met_on)
    return found


def _classifications(row: Project) -> list[dict[str, Any]]:
    """Return the sector of the district and each stage with its day."""
    found = [{"scheme": f"{PREFIX}-sector", "id": row.sector, "description": row.sector}] if row.sector else []
    for stage in STAGES:
        on = getattr(row, f"{stage}_on")
        if on is not None:
            found.append({"scheme": f"{PREFIX}-stage", "id": stage, "description": on.isoformat()})
    return found
