"""Trends: any series, drawn with as many points as pixels, down to the raw samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from chanye.kernel.errors import DeniedError
from chanye.parties.types import Viewer
from chanye.sheets import TYPES, file_response
from chanye.spine import queries as spine
from chanye.spine.queries import Trend
from chanye.spine.types import AssetRef, SeriesRef
from chanye.web import words
from chanye.web.drawing import draw
from chanye.web.exports import POINTS, table_rows
from chanye.web.pages import viewer_of
from chanye.web.ranges import RANGES, Range, read_range

MAX_TOGETHER = 6


@dataclass(frozen=True, slots=True)
class Plot:
    """One chart of the page."""

    series: SeriesRef
    asset: AssetRef
    name: str
    unit: str


def _plot(viewer: Viewer, series_id: int) -> Plot:
    series = spine.series(viewer, series_id)
    return Plot(series, spine.asset(viewer, series.asset_id), series.name or series.code, words.unit(series.unit))


def _companions(request: HttpRequest, first: int) -> list[int]:
    """Return the further series of ``?with=12,13``, each once."""
    found: list[int] = []
    for word in request.GET.get("with", "").split(","):
        if word.isascii() and word.isdigit() and int(word) not in (first, *found):
            found.append(int(word))
    return found[: MAX_TOGETHER - 1]


def _site_of(viewer: Viewer, asset: AssetRef) -> AssetRef | None:
    """Return the site above ``asset``, if the viewer may see it."""
    while asset.kind != "site":
        if asset.parent_id is None:
            return None
        try:
            asset = spine.asset(viewer, asset.parent_id)
        except DeniedError:
            return None
    return asset


@require_safe
def trend_page(request: HttpRequest, series_id: int) -> HttpResponse:
    """Show one series, and others below it with the same time axis and cross-hair."""
    viewer = viewer_of(request)
    plots = [_plot(viewer, one) for one in (series_id, *_companions(request, series_id))]
    together = [plot.series.id for plot in plots[1:]]
    shown = {plot.series.id for plot in plots}
    others = [
        (one, words.unit(one.unit), ",".join(str(number) for number in (*together, one.id)))
        for one in spine.series_of(viewer, [plots[0].asset.id])
        if one.id not in shown
    ]
    context = {
        "plots": plots,
        "first": plots[0],
        "others": others,
        "together": ",".join(map(str, together)),
        "full": len(plots) >= MAX_TOGETHER,
        "window": read_range(request),
        "ranges": RANGES,
        "here_site": _site_of(viewer, plots[0].asset),
    }
    return render(request, "web/trend.html", context)


def _asked(request: HttpRequest) -> tuple[Range, int]:
    window = read_range(request)
    try:
        count = int(request.GET.get("points", "500"))
    except ValueError:
        count = 500
    return window, max(10, min(count, 500))


@require_safe
def points(request: HttpRequest, series_id: int) -> HttpResponse:
    """Answer what a chart draws between ``start`` and ``end`` [ms] with at most ``points`` points."""
    window, count = _asked(request)
    viewer = viewer_of(request)
    found = spine.trend(viewer, series_id, window.start, window.end, count)
    gained = None
    if request.GET.get("as") == "rate" and found.series.kind == "counter":
        gained = spine.gains(viewer, series_id, window.start, min(window.end, window.now), count // 4)
    answer: dict[str, Any] = draw(found, window.now, points=count, gained=gained)
    response = JsonResponse(answer, json_dumps_params={"separators": (",", ":"), "allow_nan": False})
    response["Cache-Control"] = "private, no-cache"
    return response


@require_safe
def export(request: HttpRequest, series_id: int, form: str) -> HttpResponseBase:
    """Stream what is seen as CSV or XLSX: the same points, with unit and coverage."""
    viewer = viewer_of(request)
    window, count = _asked(request)
    trends: list[Trend] = [
        spine.trend(viewer, one, window.start, window.end, count)
        for one in (series_id, *_companions(request, series_id))
    ]
    if form not in TYPES:
        return HttpResponse(_("Ask for csv or xlsx."), status=404)
    rows = (row for one in trends for row in table_rows(one))
    return file_response(POINTS, rows, form, name=f"series-{series_id}")
