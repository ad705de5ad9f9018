"""Pages of the statistics: the month at a glance, firms, indicators, and who has not reported yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from chanye.domains.projects import figures
from chanye.domains.projects.actions import profiles as profile_actions
from chanye.domains.projects.actions import returns as actions
from chanye.domains.projects.pages import statistics_words as words
from chanye.domains.projects.queries import profiles, returns, statistics, targets
from chanye.domains.projects.rules import months as calendar
from chanye.domains.projects.types.statistics import Headline
from chanye.domains.projects.types.targets import Attainment
from chanye.kernel.errors import ConfigError
from chanye.parties.rules import may, require
from chanye.parties.sectors import SECTORS
from chanye.sheets import Column, Sheet
from chanye.sheets.importing import Import, ImportRow
from chanye.spine.api import viewer_of

FIRMS = Sheet(
    "statistics-firms",
    gettext_lazy("Firms in the statistics"),
    (
        Column("code", gettext_lazy("Code of the firm"), required=True, length=64, example="jiatai"),
        Column("name", gettext_lazy("Firm"), imported=False),
        Column("sector", gettext_lazy("Sector"), "choice", choices=SECTORS, required=True, example="equipment"),
        Column("town", gettext_lazy("Town"), required=True, length=100, filter="more", example="洛碛镇"),
        Column("size", gettext_lazy("Size"), "choice", choices=words.SIZE_WORDS, required=True, example="medium"),
        Column("above", gettext_lazy("Above scale"), "yes_no", imported=False),
        Column("since", gettext_lazy("Above scale from"), length=7, example="2023-01", filter="none"),
        Column("until", gettext_lazy("Above scale to"), length=7, filter="none"),
        Column("latitude", gettext_lazy("Latitude (WGS-84)"), "quantity", unit="deg", listed=False, filter="none"),
        Column("longitude", gettext_lazy("Longitude (WGS-84)"), "quantity", unit="deg", listed=False, filter="none"),
    ),
    order="name",
    key=("code",),
)
DUTIES = Sheet(
    "returns",
    gettext_lazy("Monthly returns"),
    (
        Column("name", gettext_lazy("Firm")),
        Column("code", gettext_lazy("Code of the firm"), listed=False),
        Column("sector", gettext_lazy("Sector"), "choice", choices=SECTORS),
        Column("town", gettext_lazy("Town"), filter="more"),
        Column("month", gettext_lazy("Month"), filter="none"),
        Column(
            "state", gettext_lazy("State"), "choice", choices=words.STAGE_WORDS, template="projects/return_state.html"
        ),
        Column("revision", gettext_lazy("Revision"), "integer", filter="none"),
        Column("filed_at", gettext_lazy("Reported"), "moment"),
    ),
    order="state",
)  # fmt: skip


def month_of(request: HttpRequest, newest: str) -> str:
    """Return the month that an address asks for, the newest reported if it names none."""
    try:
        return calendar.read_month(request.GET.get("month") or newest)
    except ConfigError:
        return newest


def _line(one: Headline) -> dict[str, Any]:
    ahead = one.nowcast
    return {
        "one": one,
        "name": words.name_of(one.indicator),
        "kind": words.KIND_WORDS[one.indicator.kind],
        "level": figures.amount(one.indicator, one.growth.current),
        "same": figures.percent(one.growth.same_scope),
        "levels": figures.percent(one.growth.levels),
        "spark": words.sparkline(one.trend),
        "nowcast": ahead and figures.amount(one.indicator, ahead.value),
        "low": ahead and figures.amount(one.indicator, ahead.lower),
        "high": ahead and figures.amount(one.indicator, ahead.upper),
        "method": ahead and words.METHOD_WORDS[ahead.method],
    }


def target_line(one: Attainment) -> dict[str, Any]:
    """Return what a target's row shows."""
    about = one.target
    said = [figures.of_target(about.indicator, about.measure, x) for x in (about.baseline, one.actual, about.target)]
    rate = one.run_rate
    monthly = [
        figures.of_target(about.indicator, about.measure, x) if about.measure == "level" else None
        for x in (rate.required, rate.so_far)
    ]
    place = SECTORS.get(about.sector, about.town) if about.sector or about.town else _("the whole district")
    behind = one.share is not None and one.expected is not None and one.share < one.expected
    return {
        "one": one,
        "baseline": said[0],
        "actual": said[1],
        "target": said[2],
        "required": monthly[0],
        "so_far": monthly[1],
        "place": place,
        "indicator": words.name_of(about.indicator),
        "percent": None if one.share is None else 100 * one.share,
        "bar": 0.0 if one.share is None else min(1.0, max(0.0, one.share)),
        "tone": "unknown" if one.actual is None else "running" if one.reached else "stopped" if behind else "setup",
    }


@require_safe
def statistics_page(request: HttpRequest) -> HttpResponseBase:
    """Show a month: every indicator with both growths, what is not reported yet, and the targets."""
    viewer = viewer_of(request)
    office = viewer.organisation_id or 0
    require(viewer, "read_statistics", office)
    newest = statistics.newest_month(viewer, office)
    month = month_of(request, newest)
    year = request.GET.get("span", "year") != "month"
    owed = returns.duties(viewer, office, month)
    done = sum(one.state != "missing" for one in owed)
    context = {
        "month": month,
        "before": calendar.shift(month, -1),
        "after": calendar.shift(month, 1) if month < newest else "",
        "year": year,
        "lines": [_line(one) for one in statistics.headlines(viewer, office, month, year_to_date=year)],
        "owed": len(owed),
        "done": done,
        "share": done / len(owed) if owed else 0,
        "targets": [target_line(one) for one in targets.attainments(viewer, office, month)],
        "may_edit": may(viewer, "edit_statistics", office),
        "listed": bool(profiles.firms(viewer)),
    }
    return render(request, "projects/statistics.html", context)


@require_POST
def adopt_indicators(request: HttpRequest) -> HttpResponseBase:
    """Add the usual indicators."""
    viewer = viewer_of(request)
    added = actions.adopt_standard(actor=viewer, office_id=viewer.organisation_id or 0)
    messages.success(request, _("%(n)d indicators added.") % {"n": added})
    return redirect("statistics")


@require_safe
def firm_list(request: HttpRequest) -> HttpResponseBase:
    """List the firms of the statistics: sector, town, size, above scale; nothing of what they reported."""
    viewer = viewer_of(request)
    rows = FIRMS.read(request.GET).apply(profiles.firms(viewer))
    return FIRMS.page(
        request, rows, template="projects/statistics_list.html", title=FIRMS.label,
        shows=_("Every firm of the district with its sector, town, size and place, and the months above scale."),
        new=reverse("statistics-firm-import") if may(viewer, "edit_statistics", viewer.organisation_id) else "",
        new_words=_("Import firms"),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def firm_import(request: HttpRequest) -> HttpResponseBase:
    """Take the list of firms from a file."""
    viewer = viewer_of(request)
    require(viewer, "edit_statistics", viewer.organisation_id)

    def commit(found: Import) -> None:
        values = [row.values for row in found.changes]
        profile_actions.save_profiles(actor=viewer, office_id=viewer.organisation_id or 0, rows=values)

    def check(row: ImportRow) -> Iterable[tuple[str, str]]:
        for name in ("since", "until"):
            if row.values.get(name):
                try:
                    calendar.read_month(row.values[name])
                except ConfigError as error:
                    yield name, str(error)

    return FIRMS.import_page(
        request, commit=commit, check=check, existing=lambda: profiles.firms(viewer),
        done=reverse("statistics-firms"), title=_("Import firms"),
        references={"code": profiles.known_codes(viewer)},
    )  # fmt: skip


@require_safe
def duty_list(request: HttpRequest) -> HttpResponseBase:
    """List what every firm above scale owes for a month: what is missing stands first."""
    viewer = viewer_of(request)
    office = viewer.organisation_id or 0
    require(viewer, "read_statistics", office)
    month = month_of(request, statistics.newest_month(viewer, office))
    owed = returns.duties(viewer, office, month)
    owed.sort(key=lambda one: (one.state != "missing", one.name))
    rows = DUTIES.read(request.GET).apply(owed)
    return DUTIES.page(
        request, rows, template="projects/duties.html", month=month, owed=len(owed),
        before=calendar.shift(month, -1), after=calendar.shift(month, 1),
        missing=sum(one.state == "missing" for one in owed),
        may_handle=may(viewer, "handle_returns", office), may_close=may(viewer, "edit_statistics", office),
        closed=month in returns.closed_months(viewer, office), over=month < calendar.this_month(),
    )  # fmt: skip


@require_POST
def close_month(request: HttpRequest) -> HttpResponseBase:
    """Make a month final."""
    viewer = viewer_of(request)
    month = request.POST.get("month", "")[:7]
    try:
        actions.close_month(actor=viewer, office_id=viewer.organisation_id or 0, month=month)
    except ConfigError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("%(month)s is final.") % {"month": month})
    return redirect(f"{reverse('statistics-returns')}?{urlencode({'month': month})}")
