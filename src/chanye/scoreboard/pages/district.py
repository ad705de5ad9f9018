"""The district page and the page of one firm."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from chanye.domains.projects import figures
from chanye.domains.projects.types.pipeline import AMOUNTS, STAGES
from chanye.domains.projects.types.targets import Attainment
from chanye.evidence import gates
from chanye.parties.sectors import SECTORS
from chanye.scoreboard.pages import map as places
from chanye.scoreboard.pages import words
from chanye.scoreboard.queries.district import District, district
from chanye.scoreboard.queries.firm import firm
from chanye.spine.api import viewer_of

#: Rows of a table on the district page.
ROWS = 8


@require_safe
def district_page(request: HttpRequest) -> HttpResponseBase:
    """Show the district: figures, map, targets, programme, evidence, head of the ranking."""
    found = district(viewer_of(request), today=timezone.localdate())
    funnel = [
        {
            "name": STAGES[one.stage],
            "what": AMOUNTS[one.stage],
            "count": one.count,
            "amount": figures.money(one.amount),
        }
        for one in found.funnel
    ]
    map_of = places.draw(found.projects, found.firms)
    context = {
        "found": found,
        "figures": _figures(found),
        "map": map_of,
        "stages": STAGES,
        "funnel": funnel,
        "targets": [_target(one) for one in found.targets],
        "positions": [_position(one) for one in found.positions],
        "effects": [words.effect_line(row) for row in found.register[:ROWS]],
        "verdicts": [(words.VERDICTS.get(v, v), words.TONES.get(v, "unknown"), n) for v, n in found.verdicts],
        "pooled": [words.pooled_line(row) for row in found.pooled],
        "sectors": _sectors(found),
    }
    return render(request, "scoreboard/district.html", context)


def _figures(found: District) -> list[dict[str, Any]]:
    return [
        {
            "name": one.indicator.name if figures.chinese() else one.indicator.name_en,
            "growth": figures.percent(one.growth.same_scope),
            "level": figures.amount(one.indicator, one.growth.current),
            "month": one.month,
            "coverage": one.coverage,
            "reported": one.growth.reported,
            "members": one.growth.members,
            "matched": one.growth.matched,
        }
        for one in found.headlines
        if one.indicator.kind != "ratio"
    ]


def _target(one: Attainment) -> dict[str, Any]:
    behind = one.share is not None and one.expected is not None and one.share < one.expected
    return {
        "one": one,
        "actual": figures.of_target(one.target.indicator, one.target.measure, one.actual),
        "target": figures.of_target(one.target.indicator, one.target.measure, one.target.target),
        "required": figures.of_target(one.target.indicator, one.target.measure, one.run_rate.required)
        if one.target.measure == "level"
        else None,
        "percent": None if one.share is None else 100 * one.share,
        "bar": 0.0 if one.share is None else min(1.0, max(0.0, one.share)),
        "tone": "unknown" if one.actual is None else "running" if one.reached else "stopped" if behind else "setup",
    }


def _position(one: Any) -> dict[str, Any]:
    names = ("granted", "envelope", "commitment", "obligation", "payable", "paid", "clawback")
    return {"year": one.year} | {name: figures.money(getattr(one, name)) for name in names}


def _sectors(found: District) -> list[dict[str, Any]]:
    rows = []
    for code, name in SECTORS.items():
        projects = [one for one in found.projects if one.sector == code]
        firms = sum(one.sector == code and one.above for one in found.firms)
        if projects or firms:
            planned = figures.money(sum(one.planned_total for one in projects))
            rows.append({"name": name, "firms": firms, "projects": len(projects), "planned": planned})
    return rows


@require_safe
def firm_page(request: HttpRequest, firm_id: int) -> HttpResponseBase:
    """Show a firm side by side: what it claimed, what was measured, how sure that is; grants and projects."""
    viewer = viewer_of(request)
    found = firm(viewer, firm_id, today=timezone.localdate())
    grants = [
        {
            "one": one.application,
            "approved": None if one.application.approved is None else figures.money(one.application.approved),
            "requested": figures.money(one.application.requested),
            "committed": figures.money(one.committed),
            "paid": figures.money(one.paid),
            "owed": figures.money(one.owed) if one.owed else None,
        }
        for one in found.grants
    ]
    context = {
        "found": found,
        "lines": [words.effect_line(row) for row in found.effects],
        "grants": grants,
        "projects": [(one, STAGES.get(one.stage, ""), figures.money(one.planned_total)) for one in found.projects],
        "sector": SECTORS.get(found.profile.sector, "") if found.profile else "",
        "certificates": [(one, gates.get(one.gate).label) for one in found.certificates],
        "office": viewer.office,
    }
    return render(request, "scoreboard/firm.html", context)
