"""The ranking as it was published, its bundle, and the studio where weights are tried before publishing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from chanye.domains.projects.actions.effects import refresh_effects
from chanye.domains.projects.actions.ranking import publish_ranking
from chanye.domains.projects.pages.words import number_of, short, today, whole_of
from chanye.domains.projects.queries import ranking as queries
from chanye.domains.projects.rules.bundle import write_bundle
from chanye.domains.projects.rules.ranking import check_formula, moved, rank
from chanye.domains.projects.types.ranking import GROUPS, MEASURES, Ranked, RankingFormula, RankingTable
from chanye.kernel.errors import ConfigError
from chanye.parties.rules import may, require
from chanye.parties.sectors import SECTORS
from chanye.spine.api import viewer_of

#: Rows of each peer group on one page.
PAGE = 50


@require_safe
def ranking_page(request: HttpRequest, ranking_id: int | None = None) -> HttpResponse:
    """Show a published ranking: peer groups, intervals, ties, formula, and where to get its bundle."""
    viewer = viewer_of(request)
    published = queries.published(viewer)
    found = queries.table(viewer, ranking_id)
    context: dict[str, Any] = {
        "published": published,
        "found": found,
        "may_publish": may(viewer, "publish_ranking", viewer.organisation_id),
    }
    if found is not None:
        groups, page = groups_of(found, request.GET.get("page"))
        context |= {"groups": groups, "page": page, "formula": formula_words(found.formula)}
        context["changed"] = [(name, _plain(before), _plain(after)) for name, before, after in found.changed]
    return render(request, "projects/ranking.html", context)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{MEASURES.get(name, name)} {part:g}" for name, part in value.items())
    return ", ".join(short(one) for one in value) if isinstance(value, (tuple, list)) else str(value)


def groups_of(table: RankingTable, number: str | None) -> tuple[list[dict[str, Any]], Page[int]]:
    """Return peer groups in words, each with its rows of one page as they are drawn, and that page."""
    longest = max((len(rows) for rows in table.groups.values()), default=0)
    page = Paginator(range(longest), PAGE).get_page(number)
    shown = slice((page.number - 1) * PAGE, page.number * PAGE)
    groups = []
    for code, rows in sorted(table.groups.items()):
        sizes = Counter(one.band for one in rows)
        first: dict[int, str] = {}
        for one in rows:
            first.setdefault(one.band, one.code)
        drawn = [
            _row(one, max(1, len(rows)), tied=sizes[one.band] > 1, starts=first[one.band] == one.code)
            for one in rows[shown]
        ]
        groups.append({"name": group_words(table.formula, code), "rows": drawn, "peers": len(rows)})
    return groups, page


def _row(one: Ranked, peers: int, *, tied: bool, starts: bool) -> dict[str, Any]:
    return {
        "row": one, "tied": tied, "starts": starts,
        "left": round(100 * (one.low - 1) / peers, 2), "width": round(100 * (one.high - one.low + 1) / peers, 2),
        "at": round(100 * (one.rank - 0.5) / peers, 2),
        "values": [
            (name, None if value is None else round(100 * value), name in one.unknown)
            for name, value in ((name, one.values.get(name)) for name in MEASURES)
        ],
        "trend": None if one.before is None else one.before - one.rank,
        "trend_size": 0 if one.before is None else abs(one.before - one.rank),
    }  # fmt: skip


def group_words(formula: RankingFormula, code: str) -> str:
    """Return the name of a peer group."""
    if formula.group_by == "sector":
        return str(SECTORS.get(code, _("Other")))
    if formula.group_by == "town":
        return _("Other") if code == "other" else code
    at = int(code.partition("-")[2])
    if not formula.limits:
        return _("All projects")
    if at == 0:
        return _("Planned total below %(a)s") % {"a": short(formula.limits[0])}
    if at == len(formula.limits):
        return _("Planned total from %(a)s") % {"a": short(formula.limits[-1])}
    return _("Planned total from %(a)s to %(b)s") % {
        "a": short(formula.limits[at - 1]),
        "b": short(formula.limits[at]),
    }


def formula_words(formula: RankingFormula) -> dict[str, Any]:
    """Return what a formula says, for reading."""
    total = sum(formula.weights.values())
    return {
        "weights": [(MEASURES[name], round(100 * part / total)) for name, part in formula.weights.items() if part],
        "group_by": GROUPS[formula.group_by], "overdue": formula.overdue, "falsified": formula.falsified,
        "most": formula.most, "unknown": round(100 * formula.unknown), "level": round(100 * formula.level),
        "tie": round(100 * formula.tie), "draws": formula.draws, "seed": formula.seed,
    }  # fmt: skip


@require_safe
def bundle(request: HttpRequest, ranking_id: int) -> HttpResponse:
    """Send the bundle from which anybody can recompute a ranking."""
    data = write_bundle(queries.documents(viewer_of(request), ranking_id))
    answer = HttpResponse(data, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="ranking-{ranking_id}.zip"'
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
def studio(request: HttpRequest) -> HttpResponse:
    """Try weights: what the ranking would be, and what it would change; then publish."""
    viewer = viewer_of(request)
    require(viewer, "publish_ranking", viewer.organisation_id)
    organisation = viewer.organisation_id or 0
    version, force = queries.formula_in_force(viewer)
    sent = request.POST if request.method == "POST" else request.GET
    fault, tried, day = "", force, today()
    period = sent.get("period") or f"{day.year}-Q{(day.month + 2) // 3}"
    try:
        tried = _tried(force, sent)
        if request.method == "POST":
            refresh_effects(actor=viewer, organisation_id=organisation)
            number = publish_ranking(
                actor=viewer, organisation_id=organisation, formula=tried, period=period, as_of=day,
                note=sent.get("note", ""),
            )  # fmt: skip
            messages.success(request, _("Published. It stays as it is; another one stands beside it."))
            return redirect("ranking-published", number)
    except ConfigError as error:
        fault = str(error)
    held = queries.inputs(viewer, as_of=day, period=period[:16])
    other = rank(tried, held)
    moves = moved(rank(force, held), other) if tried != force else []
    groups, page = groups_of(RankingTable(None, tried, _by_group(other)), sent.get("page"))
    context = {
        "version": version, "fault": fault, "period": period, "tried": tried, "changes": tried != force,
        "groups": groups, "page": page, "count": len(other), "moves": moves,
        "weights": [(name, MEASURES[name], tried.weights.get(name, 0.0)) for name in MEASURES], "by": GROUPS,
        "limits": "; ".join(f"{one // 1_000_000}" for one in tried.limits), "note": sent.get("note", ""),
        "formula": formula_words(tried),
    }  # fmt: skip
    return render(request, "projects/ranking_studio.html", context, status=400 if fault else 200)


def _by_group(rows: list[Ranked]) -> dict[str, tuple[Ranked, ...]]:
    groups: dict[str, list[Ranked]] = {}
    for one in rows:
        groups.setdefault(one.group, []).append(one)
    return {name: tuple(held) for name, held in groups.items()}


def _tried(force: RankingFormula, sent: Any) -> RankingFormula:
    """Return the formula in force with what the form changes."""
    weights = {name: number_of(sent.get(f"w-{name}")) for name in MEASURES}
    changes: dict[str, Any] = {}
    if any(value is not None for value in weights.values()):
        changes["weights"] = {name: (value or 0.0) / 100 for name, value in weights.items()}
    for name in ("overdue", "falsified"):
        value = number_of(sent.get(name))
        if value is not None:
            changes[name] = value
    if sent.get("group_by"):
        changes["group_by"] = sent["group_by"]
    if sent.get("limits") is not None:
        texts = [one.strip() for one in sent["limits"].replace("；", ";").split(";") if one.strip()]
        numbers = [whole_of(one) for one in texts]
        if None in numbers:
            raise ConfigError(_("Write limits of the planned total in 10,000 yuan, apart by semicolons."))
        changes["limits"] = tuple(int(one or 0) * 1_000_000 for one in numbers)
    found = replace(force, **changes)
    check_formula(found)
    return force if _same(found, force) else found


def _same(one: RankingFormula, other: RankingFormula) -> bool:
    """Tell whether two formulas are the same but for weights written as 0.35 or 35/100."""
    names = set(one.weights) | set(other.weights)
    close = all(abs(one.weights.get(n, 0.0) - other.weights.get(n, 0.0)) < 1e-9 for n in names)
    return close and replace(one, weights=other.weights) == other
