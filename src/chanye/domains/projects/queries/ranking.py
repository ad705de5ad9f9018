"""Reads of the ranking: its inputs as they are now, what was published, what another formula would change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from chanye.domains.projects.models import Formula, Milestone, Project, Ranking
from chanye.domains.projects.project_rows import visible
from chanye.domains.projects.rules.credit import planned_share
from chanye.domains.projects.rules.ranking import (
    SCHEMA,
    STANDARD,
    differences,
    moved,
    rank,
    ranked,
    ranked_of,
    read_formula,
)
from chanye.domains.projects.types.ranking import Move, Ranked, RankingFormula, RankingRef, RankingTable
from chanye.kernel.errors import DeniedError
from chanye.parties.rules import require
from chanye.parties.types import Viewer

#: Standard error of a measured share whose interval is not known.
PLAIN_ERROR = 0.05


def inputs(viewer: Viewer, *, as_of: date, period: str) -> dict[str, Any]:
    """Return what projects are ranked by, as it stands now: one entry for each whole project with its parts.

    In the list is what was signed, is not cancelled and not completed, and has a planned total.

    Raises
    ------
    DeniedError
        If the viewer may not read the projects of the office.
    """
    require(viewer, "read_projects", viewer.organisation_id)
    rows = visible(viewer).exclude(status__in=("cancelled", "completed"))
    held = list(
        rows.filter(signed_on__lte=as_of, planned_total__gt=0)
        .select_related("part_of")
        .prefetch_related("years")
        .order_by("code")
    )
    milestones: dict[int, list[Milestone]] = {}
    for one in Milestone.objects.filter(project__in=rows):
        milestones.setdefault(one.project_id, []).append(one)
    families: dict[int, list[Project]] = {}
    for row in held:
        families.setdefault(row.part_of_id or row.pk, []).append(row)
    projects = [_entry(family, milestones, as_of) for family in families.values()]
    projects.sort(key=lambda one: str(one["code"]))
    return {"schema": SCHEMA, "period": period, "as_of": as_of.isoformat(), "projects": projects}


def _entry(family: list[Project], milestones: Mapping[int, list[Milestone]], as_of: date) -> dict[str, Any]:
    head = next((one for one in family if one.part_of_id is None), family[0].part_of or family[0])
    values: dict[str, list[float] | None] = {}
    planned = sum(_planned_by(one, as_of) for one in family)
    if planned > 0:
        values["paid_in"] = [_share(sum(one.paid_in for one in family), planned), 0.0]
    started = [one for one in family if one.started_on is not None]
    if started:
        expected = sum(_expected(one, milestones.get(one.pk, ()), as_of) for one in started)
        built = sum((one.physical or 0) / 1e6 * one.planned_total for one in started)
        if any(one.physical is None for one in started):
            values["physical"] = None
        elif expected > 0:
            values["physical"] = [_share(built, expected), 0.0]
    producing = [one for one in family if one.in_production_on is not None]
    if producing:
        known = [one.effective / 1e6 for one in producing if one.effective is not None]
        values["effective"] = [round(sum(known) / len(known), 6), PLAIN_ERROR] if known else None
    late = sum(m.credit < 1_000_000 and m.finish < as_of for one in family for m in milestones.get(one.pk, ()))
    return {
        "code": head.code, "name": head.name, "sector": head.sector, "town": head.town,
        "total": sum(one.planned_total for one in family), "codes": [one.code for one in family], "values": values,
        "overdue": late, "falsified": sum(one.falsified for one in family),
    }  # fmt: skip


def _share(part: float, whole: float) -> float:
    """Return a share of 0 to 1 in millionths, which a text holds exactly; never more than 1."""
    return round(min(1.0, max(0.0, part / whole)), 6)


def _planned_by(row: Project, as_of: date) -> float:
    """Return what was planned to be invested by a day [fen]: years that passed, and this one in proportion."""
    years = {one.year: one.amount for one in row.years.all()}
    if years:
        passed = (as_of - date(as_of.year, 1, 1)).days + 1
        length = (date(as_of.year + 1, 1, 1) - date(as_of.year, 1, 1)).days
        return sum(a for y, a in years.items() if y < as_of.year) + years.get(as_of.year, 0) * passed / length
    if row.planned_start and row.planned_finish:
        return row.planned_total * planned_share("units", row.planned_start, row.planned_finish, as_of)
    return float(row.planned_total)


def _expected(row: Project, milestones: Iterable[Milestone], as_of: date) -> float:
    """Return what should be built by a day by the milestones' own rules, in parts of the planned total [fen]."""
    held = list(milestones)
    budget = sum(one.budget for one in held)
    if not budget:
        return 0.0
    done = sum(one.budget * planned_share(one.rule, one.start, one.finish, as_of) for one in held)
    return row.planned_total * done / budget


def preview(viewer: Viewer, formula: RankingFormula, *, as_of: date, period: str) -> RankingTable:
    """Return the ranking that a formula would give now; nothing is published."""
    return _table(None, formula, rank(formula, inputs(viewer, as_of=as_of, period=period)), _last_ranks(viewer))


def _table(
    ref: RankingRef | None,
    formula: RankingFormula,
    rows: Iterable[Ranked],
    before: Mapping[str, int],
    changed: tuple[tuple[str, Any, Any], ...] = (),
) -> RankingTable:
    groups: dict[str, list[Ranked]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(replace(row, before=before.get(row.code)))
    return RankingTable(ref, formula, {name: tuple(held) for name, held in groups.items()}, changed)


def moves(viewer: Viewer, formula: RankingFormula, other: RankingFormula, *, as_of: date, period: str) -> list[Move]:
    """Return the projects that ``other`` ranks elsewhere than ``formula``, on the same inputs of now."""
    held = inputs(viewer, as_of=as_of, period=period)
    return moved(rank(formula, held), rank(other, held))


def formula_in_force(viewer: Viewer) -> tuple[int, RankingFormula]:
    """Return the newest version of the office's formula; version 0 is the one the product begins with."""
    row = Formula.objects.filter(organisation_id=viewer.organisation_id or 0).order_by("-version").first()
    return (row.version, read_formula(row.body)) if row else (0, STANDARD)


def _published(viewer: Viewer) -> Any:
    rows = Ranking.objects.select_related("formula").order_by("-number")
    if viewer.system:
        return rows
    require(viewer, "read_projects", viewer.organisation_id)
    return rows.filter(organisation_id=viewer.organisation_id or 0)


def published(viewer: Viewer) -> list[RankingRef]:
    """Return what was published, newest first."""
    return [_ranking_ref(row) for row in _published(viewer).defer("inputs", "results")]


def _ranking_ref(row: Ranking) -> RankingRef:
    """Return a published ranking without its tables."""
    return RankingRef(
        row.pk, row.number, row.period, row.as_of, row.formula.version, read_formula(row.formula.body),
        row.inputs_digest, row.results_digest, row.previous, row.digest, row.note, row.published_at, row.published_by,
    )  # fmt: skip


def _row(viewer: Viewer, ranking_id: int | None) -> Ranking | None:
    rows = _published(viewer)
    if ranking_id is None:
        found: Ranking | None = rows.first()
        return found
    row: Ranking | None = rows.filter(pk=ranking_id).first()
    if row is None:
        raise DeniedError(_("There is no such ranking, or it belongs to another office."))
    return row


def table(viewer: Viewer, ranking_id: int | None = None) -> RankingTable | None:
    """Return a published ranking as it was frozen, the newest if none is named; None if none was published."""
    row = _row(viewer, ranking_id)
    return None if row is None else _frozen(row)


def public_table(viewer: Viewer, office_id: int, number: int | None = None) -> RankingTable | None:
    """Return a published ranking of an office to anybody: what is published is public."""
    rows = Ranking.objects.select_related("formula").filter(organisation_id=office_id).order_by("-number")
    row = (rows if number is None else rows.filter(number=number)).first()
    return None if row is None else _frozen(row)


def _frozen(row: Ranking) -> RankingTable:
    ref = _ranking_ref(row)
    earlier = Ranking.objects.select_related("formula").filter(
        organisation_id=row.organisation_id, number=row.number - 1
    )
    last = earlier.first()
    before = {one.code: one.rank for one in ranked_of(last.results)} if last else {}
    changed = differences(read_formula(last.formula.body), ref.formula) if last else ()
    return _table(ref, ref.formula, ranked_of(row.results), before, changed)


def _last_ranks(viewer: Viewer) -> dict[str, int]:
    row = _published(viewer).only("results", "formula__body", "number").first()
    return {one.code: one.rank for one in ranked_of(row.results)} if row else {}


def documents(viewer: Viewer, ranking_id: int) -> dict[str, str]:
    """Return the frozen texts of a ranking: what its bundle holds."""
    row = _row(viewer, ranking_id)
    if row is None:
        raise DeniedError(_("There is no such ranking, or it belongs to another office."))
    return _texts(row)


def public_documents(viewer: Viewer, office_id: int, number: int) -> dict[str, str]:
    """Return the same to anybody, by the number of the ranking."""
    row = Ranking.objects.select_related("formula").filter(organisation_id=office_id, number=number).first()
    if row is None:
        raise DeniedError(_("There is no such ranking, or it belongs to another office."))
    return _texts(row)


def _texts(row: Ranking) -> dict[str, str]:
    """Return formula, inputs and results of a ranking with what seals them."""
    head = {
        "number": row.number, "period": row.period, "as_of": row.as_of.isoformat(), "previous": row.previous,
        "formula_version": row.formula.version, "digest": row.digest,
    }  # fmt: skip
    return {"formula": row.formula.body, "inputs": row.inputs, "results": row.results, "head": json.dumps(head)}


def places(viewer: Viewer, code: str) -> list[tuple[RankingRef, Ranked]]:
    """Return where a project stood in each published ranking, newest first, at most the last eight."""
    found = []
    for row in _published(viewer).filter(Q(results__contains=f'"{code}"'))[:8]:
        held = next((one for one in json.loads(row.results) if code in one["codes"]), None)
        if held is not None:
            found.append((_ranking_ref(row), ranked(held)))
    return found
