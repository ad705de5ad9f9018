"""The page Measures: figures by group, where they come from, before and after, over time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from chanye.domains.factory.pages import live
from chanye.domains.factory.pages.measure_window import RANGES, Span, read_span
from chanye.domains.factory.pages.measure_words import COSTS, FACTS, FIGURES, GROUPS, PLAIN, RATES, SETS
from chanye.domains.factory.queries import measures as queries
from chanye.domains.factory.rules.measures import LOWER_IS_BETTER, coverage
from chanye.domains.factory.types.machines import Figure
from chanye.domains.factory.types.measures import Measured
from chanye.kernel.errors import ConfigError
from chanye.parties.types import Viewer
from chanye.sheets import Column, Sheet
from chanye.spine import queries as spine
from chanye.spine.types import AssetRef

#: Orders named on the page of one figure.
MOST = 20


def site_of(viewer: Viewer, text: str | None) -> AssetRef | None:
    """Return the site an address names, else the viewer's first; None if there is none."""
    if text and text.isascii() and text.isdigit() and len(text) < 16:
        site = spine.asset(viewer, int(text))
        if site.kind == "site":
            return site
    return next(iter(spine.sites(viewer)), None)


def no_site(request: HttpRequest, **context: Any) -> HttpResponse:
    """Say that there is nothing to measure yet."""
    return render(request, "factory/measures_none.html", context)


def _value(name: str, row: Measured) -> float | None:
    value = row.figures[name].value
    return None if value is None else value * FIGURES[name].factor


def _column(name: str, *, listed: bool) -> Column:
    words = FIGURES[name]
    return Column(
        name,
        words.name if words.unit == "%" else format_lazy("{} [{}]", words.name, words.unit),
        "quantity",
        unit="%" if words.unit == "%" else "",
        decimals=int(words.digits),
        read=lambda row: _value(name, row),
        template="factory/measure_cell.html",
        filter="none",
        listed=listed,
        imported=False,
    )


def _cost_column(name: str) -> Column:
    return Column(
        f"cost_{name}",
        FACTS[name][1],
        "money",
        read=lambda row: None if name in row.facts.unpriced else round(getattr(row.facts, name)),
        listed=False,
        imported=False,
        filter="none",
        sortable=False,
    )


def _sheet(chosen: str) -> Sheet:
    """Return the table with one set of figures in sight; files always have all of them."""
    listed = SETS[chosen][1]
    figures = [_column(name, listed=name in listed) for name in sorted(FIGURES, key=lambda one: one not in listed)]
    return Sheet(
        "measures",
        _("Measures"),
        (
            Column("name", _("Group"), template="factory/measure_name.html"),
            Column(
                "done",
                _("Good"),
                "integer",
                read=lambda row: row.facts.done,
                total=True,
                filter="none",
                imported=False,
            ),
            *figures,
            *(_cost_column(name) for name in COSTS),
            Column(
                "coverage",
                _("Coverage"),
                "quantity",
                unit="%",
                decimals=1,
                read=lambda row: 100 * coverage(row.facts),
                template="factory/measure_cover.html",
                filter="none",
                imported=False,
            ),
        ),
        order="",
    )


SHEETS = {name: _sheet(name) for name in SETS}


@dataclass(frozen=True, slots=True)
class Cost:
    """A part of the cost of a window [fen]; ``standard`` of it is not booked but as the bills say."""

    name: str
    words: str | Promise
    amount: float
    per_piece: float | None
    standard: float
    missing: bool


def costs_of(row: Measured) -> list[Cost]:
    """Return what a window cost, part by part."""
    facts = row.facts
    found = []
    for name in COSTS:
        amount = getattr(facts, name)
        each = amount / facts.done if facts.done else None
        missing = name in facts.unpriced or (name == "energy" and not facts.joule)
        standard = facts.material_standard if name == "material" else 0.0
        found.append(Cost(name, FACTS[name][1], amount, each, standard, missing))
    return found


def address(name: str, site: AssetRef, span: Span, by: str = "", key: str = "") -> str:
    """Return where one figure of a group and window is explained."""
    asked = {"site": site.id, "start": span.start, "end": span.end, "by": by, "key": key}
    said = urlencode({k: v for k, v in asked.items() if v != ""})
    return f"{reverse('measure', args=[name])}?{said}"


@require_safe
def measures_page(request: HttpRequest) -> HttpResponseBase:
    """Show the figures of a site over a window: six plain ones, what a piece costs, a table by group, a trend."""
    viewer, now = live.viewer_of(request), time.time_ns() // 1000
    site = site_of(viewer, request.GET.get("site"))
    if site is None:
        return no_site(request, tab="measures")
    span = read_span(viewer, site, request.GET, now)
    by = request.GET.get("by", "")
    by = by if by in GROUPS and by != "site" else "line"
    chosen = request.GET.get("set", "")
    chosen = chosen if chosen in SETS else "plain"
    (whole,) = queries.measures(viewer, site.id, span.start, span.end, "site", now=now)
    fault = ""
    try:
        found = queries.measures(viewer, site.id, span.start, span.end, by, now=now)
    except ConfigError as error:
        found, fault = [], str(error)
    sheet = SHEETS[chosen]
    rows = sheet.read(request.GET).apply(found)
    with live.by_the_clock_of(site):
        return sheet.page(
            request,
            rows,
            template="factory/measures.html",
            tab="measures",
            site=site,
            my_sites=spine.sites(viewer),
            span=span,
            ranges=RANGES,
            groups={name: words for name, words in GROUPS.items() if name != "site"},
            by=by,
            sets=SETS,
            chosen=chosen,
            whole=whole,
            plain=[(FIGURES[name], whole.figures[name], address(name, site, span)) for name in PLAIN],
            costs=costs_of(whole),
            total=whole.facts.cost,
            fault=fault,
            figure_words=FIGURES,
            trend_figure=_trend_figure(request),
            step="shift" if span.end - span.start <= 8 * 86_400_000_000 else "day",
            now=now,
            going_on=span.end > now,
        )


def _trend_figure(request: HttpRequest) -> str:
    name = request.GET.get("trend", "")
    return name if name in FIGURES else "production_efficiency"


def _asked(request: HttpRequest) -> tuple[Viewer, AssetRef, Span, int]:
    viewer, now = live.viewer_of(request), time.time_ns() // 1000
    site = site_of(viewer, request.GET.get("site"))
    if site is None:
        raise Http404
    start, end = request.GET.get("start", ""), request.GET.get("end", "")
    if all(one.isascii() and one.isdigit() and len(one) < 18 for one in (start, end)):
        return viewer, site, Span("custom", int(start), int(end), "", ""), now
    return viewer, site, read_span(viewer, site, request.GET, now), now


@require_safe
def measure_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show where one figure comes from: formula, facts, rates, what is not booked, coverage, orders."""
    words = FIGURES.get(name)
    if words is None:
        raise Http404(name)
    viewer, site, span, now = _asked(request)
    by, key = request.GET.get("by", "site"), request.GET.get("key", "")
    by = by if by in GROUPS else "site"
    found = queries.measures(viewer, site.id, span.start, span.end, by, now=now)
    row = next((one for one in found if not key or one.key == key), None)
    if row is None:
        raise Http404(key)
    orders = queries.measures(viewer, site.id, row.start, row.end, "order", now=now)
    money = name == "unit_cost"
    context = {
        "tab": "measures",
        "site": site,
        "row": row,
        "group": GROUPS[by],
        "words": words,
        "figure": row.figures[name],
        "name": name,
        "lower": LOWER_IS_BETTER[name],
        "facts": [(*FACTS[part], getattr(row.facts, part), part in row.facts.unpriced) for part in words.parts],
        "costs": costs_of(row) if money else [],
        "total": row.facts.cost,
        "rates": _rates_in_use(viewer, site, row.end) if money else [],
        "rate_words": RATES,
        "standard": row.facts.material_standard,
        "orders": [(one, one.figures[name]) for one in orders if by in ("site", "shift", "day")][:MOST],
    }
    in_sheet = request.headers.get("HX-Request") == "true"
    with live.by_the_clock_of(site):
        answer = render(request, "factory/measure_in.html" if in_sheet else "factory/measure.html", context)
    patch_vary_headers(answer, ["HX-Request"])
    return answer


def _rates_in_use(viewer: Viewer, site: AssetRef, until: int) -> list[Any]:
    """Return the rates that held at the end of a window: the newest of each kind and place."""
    seen: set[tuple[str, int | None]] = set()
    found = []
    for rate in queries.rates(viewer, site.organisation_id):
        if rate.valid_from < until and (rate.kind, rate.asset_id) not in seen:
            seen.add((rate.kind, rate.asset_id))
            found.append(rate)
    return found


@require_safe
def measure_trend(request: HttpRequest, name: str) -> HttpResponse:
    """Return one figure of a site by shift or day as JSON, for the chart."""
    words = FIGURES.get(name)
    if words is None:
        raise Http404(name)
    viewer, site, span, now = _asked(request)
    by = "shift" if request.GET.get("by") == "shift" else "day"
    try:
        rows = queries.measures(viewer, site.id, span.start, span.end, by, now=now)
    except ConfigError as error:
        return JsonResponse({"why": str(error), "points": []})
    points = [_point(name, row, row.figures[name]) for row in rows]
    return JsonResponse({"name": str(words.name), "unit": str(words.unit), "points": points, "why": ""})


def _point(name: str, row: Measured, figure: Figure) -> dict[str, object]:
    value = _value(name, row)
    return {
        "name": row.name,
        "value": None if value is None else round(value, 4),
        "coverage": round(figure.coverage, 4),
        "why": figure.why,
    }
