"""Shift reports: the list of shifts, one shift on paper, its signature."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from chanye.domains.factory.actions import shifts as actions
from chanye.domains.factory.pages import live
from chanye.domains.factory.pages.measure_words import FIGURES
from chanye.domains.factory.pages.measures import no_site, site_of
from chanye.domains.factory.queries import shifts as queries
from chanye.domains.factory.types.machines import Figure
from chanye.domains.factory.types.shifts import ShiftRow
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import DAY
from chanye.parties.rules import may
from chanye.sheets import Column, Sheet
from chanye.spine import queries as spine

#: How far back the list goes. [us]
BACK = 62 * DAY
SIGNED = {
    "signed": gettext_lazy("Signed"),
    "open": gettext_lazy("Not signed"),
    "running": gettext_lazy("Running now"),
}
BARS = {
    "planned": gettext_lazy("All time"),
    "pbt": gettext_lazy("Planned busy time"),
    "unknown": gettext_lazy("Not known"),
    "adet": gettext_lazy("Stops and faults"),
    "adot": gettext_lazy("Available, not used"),
    "aust": gettext_lazy("Set-up"),
    "planned_off": gettext_lazy("Not planned"),
    "apt": gettext_lazy("Production"),
    "speed": gettext_lazy("Loss of speed"),
    "scrap": gettext_lazy("Scrap"),
    "value": gettext_lazy("Value added"),
}
CHANGES = {
    "pieces.good": gettext_lazy("good pieces"),
    "pieces.scrap": gettext_lazy("scrap"),
    "pieces.rework": gettext_lazy("rework"),
    "work.length": gettext_lazy("working time"),
    "stops.lost": gettext_lazy("time lost in stops"),
    "stops.unexplained": gettext_lazy("stops without a reason"),
    "quality.judged": gettext_lazy("inspections"),
    "quality.cases": gettext_lazy("nonconformances"),
    "calls.count": gettext_lazy("calls for help"),
    "energy.joule": gettext_lazy("energy"),
}
_TIMES = ("work.length", "stops.lost", "stops.unexplained")


def _state(row: ShiftRow) -> str:
    return "signed" if row.report else "running" if row.going_on else "open"


def _list(site_id: int) -> Sheet:
    return Sheet(
        "shifts",
        gettext_lazy("Shift reports"),
        (
            Column("day", gettext_lazy("Day")),
            Column("shift", gettext_lazy("Shift")),
            Column("start", gettext_lazy("From"), "moment"),
            Column("end", gettext_lazy("Until"), "moment"),
            Column("state", gettext_lazy("State"), "choice", choices=SIGNED, read=_state),
            Column("signed_by", gettext_lazy("Signed by")),
            Column("signed_at", gettext_lazy("Signed at"), "moment"),
            Column("digest", "SHA-256", listed=False, filter="none"),
        ),
        order="-start",
        href=lambda row: reverse("shift-report", args=[site_id, row.start]),
    )


@require_safe
def shift_list(request: HttpRequest) -> HttpResponseBase:
    """Show the shifts of the last two months, and who signed them."""
    viewer, now = live.viewer_of(request), time.time_ns() // 1000
    site = site_of(viewer, request.GET.get("site"))
    if site is None:
        return no_site(request, tab="shifts")
    fault = ""
    try:
        found = queries.shifts(viewer, site.id, now - BACK, now, now=now)
    except ConfigError as error:
        found, fault = [], str(error)
    sheet = _list(site.id)
    with live.by_the_clock_of(site):
        return sheet.page(
            request,
            sheet.read(request.GET).apply(found),
            template="factory/shift_list.html",
            tab="shifts",
            site=site,
            my_sites=spine.sites(viewer),
            fault=fault,
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """A number that changed since the signature, in words."""

    words: str | Promise
    signed: float
    now: float
    is_time: bool


@require_http_methods(["GET", "HEAD", "POST"])
def shift_page(request: HttpRequest, site_id: int, start: int) -> HttpResponse:
    """Show one shift as paper; take the signature of its leader."""
    viewer, now = live.viewer_of(request), time.time_ns() // 1000
    site = spine.asset(viewer, site_id)
    if request.method == "POST":
        try:
            actions.sign_shift(actor=viewer, site_id=site_id, start=start, remark=request.POST.get("remark", ""))
        except ConfigError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Signed. What comes in later is shown beside it."))
        return redirect("shift-report", site_id, start)
    try:
        view = queries.shift_report(viewer, site_id, start, now=now)
    except ConfigError as error:
        raise Http404(str(error)) from error
    content = view.content
    context: dict[str, Any] = {
        "tab": "shifts",
        "site": site,
        "view": view,
        "row": view.row,
        "it": content,
        "figures": [_figure(one) for one in content["figures"]],
        "bars": BARS,
        "longest": max((abs(one["length"]) for one in content["waterfall"]), default=0),
        "most": max((one["lost"] for one in content["stops"]["rows"]), default=0),
        "changed": [Difference(CHANGES[c.what], c.signed, c.now, c.what in _TIMES) for c in view.changed],
        "may_sign": may(viewer, "sign_shift", site.organisation_id) and not view.row.report and not view.row.going_on,
        "now": now,
    }
    with live.by_the_clock_of(site):
        return render(request, "factory/shift_report.html", context)


def _figure(said: Any) -> tuple[object, Figure]:
    return FIGURES[said["name"]], Figure(said["value"], said["unit"], said["coverage"], said["why"])
