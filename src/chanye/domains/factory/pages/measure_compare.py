"""Before and after: every figure of a site over two stretches of days, with its relative change."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_safe

from chanye.domains.factory.pages import live
from chanye.domains.factory.pages.measure_window import Span, day_of, days
from chanye.domains.factory.pages.measure_words import FIGURES, PLAIN
from chanye.domains.factory.pages.measures import address, no_site, site_of
from chanye.domains.factory.queries import measures as queries
from chanye.domains.factory.types.measures import Change
from chanye.kernel.time import from_us
from chanye.sheets import Column, Sheet
from chanye.spine import queries as spine
from chanye.spine.types import AssetRef

VERDICTS = {
    "better": _("better"),
    "worse": _("worse"),
    "same": _("unchanged"),
    "unknown": _("not measured"),
}
#: Smaller relative changes are called unchanged.
SAME = 0.0005


@dataclass(frozen=True, slots=True)
class Row:
    """A figure before and after as the page shows it; values in the unit shown, ``percent`` the relative change."""

    name: str
    label: str
    unit: str
    digits: str
    change: Change
    before: float | None
    after: float | None
    percent: float | None
    verdict: str
    before_url: str
    after_url: str


def verdict_of(change: Change) -> str:
    """Return whether a change is for the better: it depends on the figure which way that is."""
    value = change.change.value
    if value is None:
        return "unknown"
    if abs(value) < SAME:
        return "same"
    return "better" if (value < 0) == (change.better == "lower") else "worse"


def _scaled(value: float | None, name: str) -> float | None:
    return None if value is None else value * FIGURES[name].factor


def _row(change: Change, site: AssetRef, spans: tuple[Span, Span]) -> Row:
    words = FIGURES[change.name]
    value = change.change.value
    return Row(
        change.name,
        str(words.name),
        str(words.unit),
        words.digits,
        change,
        _scaled(change.before.value, change.name),
        _scaled(change.after.value, change.name),
        None if value is None else 100 * value,
        verdict_of(change),
        address(change.name, site, spans[0]),
        address(change.name, site, spans[1]),
    )


def _part(name: str, label: str | Promise, side: str) -> Column:
    return Column(name, label, "quantity", decimals=3, template=f"factory/compare_{side}.html", filter="none")


CHANGES = Sheet(
    "compare",
    _("Before and after"),
    (
        Column("label", _("Figure")),
        Column("unit", _("Unit"), listed=False, filter="none"),
        _part("before", _("Before"), "before"),
        _part("after", _("After"), "after"),
        Column("percent", pgettext_lazy("figure", "Change"), "quantity", unit="%", decimals=1, filter="none"),
        Column("verdict", _("Verdict"), "choice", choices=VERDICTS, template="factory/compare_verdict.html"),
        Column(
            "coverage",
            _("Coverage"),
            "quantity",
            unit="%",
            decimals=1,
            listed=False,
            filter="none",
            read=lambda row: 100 * row.change.change.coverage,
        ),
    ),
    order="",
)


def read_windows(params: QueryDict, site: AssetRef, now: int) -> tuple[Span, Span]:
    """Return the two windows an address asks for; else the last 14 full days and the 14 before."""
    yesterday = from_us(now, ZoneInfo(site.timezone)).date() - timedelta(days=1)
    last = day_of(params.get("after.to")) or yesterday
    first = min(day_of(params.get("after.from")) or last - timedelta(days=13), last)
    until = day_of(params.get("before.to")) or first - timedelta(days=1)
    since = min(day_of(params.get("before.from")) or until - (last - first), until)
    return _span(site, since, until), _span(site, first, last)


def _span(site: AssetRef, first: date, last: date) -> Span:
    start, end = days(site, first, last)
    return Span("custom", start, end, str(first), str(last))


@require_safe
def compare_page(request: HttpRequest) -> HttpResponseBase:
    """Show two windows side by side with the change of every figure, and which way is better."""
    viewer, now = live.viewer_of(request), time.time_ns() // 1000
    site = site_of(viewer, request.GET.get("site"))
    if site is None:
        return no_site(request, tab="compare")
    before, after = read_windows(request.GET, site, now)
    changes = queries.compare(viewer, site.id, (before.start, before.end), (after.start, after.end), now=now)
    rows = [_row(change, site, (before, after)) for change in changes]
    with live.by_the_clock_of(site):
        return CHANGES.page(
            request,
            CHANGES.read(request.GET).apply(rows),
            template="factory/compare.html",
            tab="compare",
            site=site,
            my_sites=spine.sites(viewer),
            before=before,
            after=after,
            overlap=before.end > after.start and after.end > before.start,
            plain=[row for row in rows if row.name in PLAIN],
            verdicts=VERDICTS,
        )
