"""Pages of certification: the gates with their evidence, the equipment register, what is declared."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import BinaryIO, cast
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from chanye.domains.factory.actions import certification as actions
from chanye.domains.factory.gate_words import GATES, RULES
from chanye.domains.factory.pages import inputs, live
from chanye.domains.factory.pages.measure_window import day_of, days
from chanye.domains.factory.pages.measures import no_site, site_of
from chanye.domains.factory.queries import certification as queries
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import from_us
from chanye.parties.rules import may
from chanye.sheets import Column, Sheet
from chanye.sheets.importing import Import
from chanye.spine import queries as spine

STATES = {
    "holds": pgettext_lazy("gate", "holds"),
    "fails": pgettext_lazy("gate", "does not hold"),
    "unknown": pgettext_lazy("gate", "not measurable"),
}
TONES = {"holds": "running", "fails": "stopped", "unknown": "unknown"}
WHY = {
    "no_register": gettext_lazy("The equipment register is empty."),
    "no_digital": gettext_lazy("The register has no digital equipment."),
    "not_declared": gettext_lazy("Nothing is declared yet: add the numbers with a document."),
    "declared": gettext_lazy("Declared by the site, not measured."),
}
CONNECTIONS: Mapping[str, str | Promise] = {
    "none": gettext_lazy("not connected"),
    "mtconnect": "MTConnect",
    "opcua": "OPC UA",
    "sparkplug": "Sparkplug",
    "mqtt": "MQTT",
    "modbus": "Modbus",
    "plc": "PLC",
    "file": gettext_lazy("by files"),
    "other": pgettext_lazy("connection", "another way"),
}
EQUIPMENT = Sheet(
    "equipment",
    gettext_lazy("Equipment register"),
    (
        Column("code", pgettext_lazy("equipment", "Code"), required=True, length=64, example="CNC-01"),
        Column("name", pgettext_lazy("equipment", "Name"), length=200, example="立式加工中心"),
        Column("workshop", gettext_lazy("Workshop"), length=100, example="机加车间"),
        Column("digital", gettext_lazy("Digital"), "yes_no", example=True),
        Column("connection", gettext_lazy("Connected by"), "choice", choices=CONNECTIONS, example="mtconnect"),
        Column("since", gettext_lazy("Digital since"), "moment"),
        Column("value", gettext_lazy("Value"), "money", total=True),
        Column("asset", gettext_lazy("Machine here"), "reference", field="asset__code"),
        Column("retired", gettext_lazy("Out of use"), "yes_no", listed=False),
    ),
    order="code",
    key=("code",),
)
EVIDENCE = Sheet(
    "evidence",
    gettext_lazy("Evidence"),
    (
        Column("code", pgettext_lazy("equipment", "Code")),
        Column("name", pgettext_lazy("equipment", "Name")),
        Column("counts", gettext_lazy("Counts"), "yes_no"),
        Column("detail", gettext_lazy("Detail")),
    ),
    order="",
)


@require_http_methods(["GET", "HEAD", "POST"])
def gates_page(request: HttpRequest) -> HttpResponseBase:
    """Show both gates with what each criterion counts; take a declaration with its document."""
    viewer, now = live.viewer_of(request), time.time_ns() // 1000
    site = site_of(viewer, request.GET.get("site"))
    if site is None:
        return no_site(request, tab="gates")
    if request.method == "POST":
        return _declare(request, site.id)
    today = from_us(now, ZoneInfo(site.timezone)).date()
    last = min(day_of(request.GET.get("to")) or today - timedelta(days=1), today)
    first = min(day_of(request.GET.get("from")) or last - timedelta(days=29), last)
    until = day_of(request.GET.get("before.to")) or last - timedelta(days=365)
    since = min(day_of(request.GET.get("before.from")) or until - (last - first), until)
    window, before = days(site, first, last), days(site, since, until)
    report = queries.gates(viewer, site.id, window, before=before, now=now)
    shown = request.GET.get("evidence", "")
    pieces = next((c.found.evidence for g in report.gates for c in g.criteria if c.rule.name == shown), ())
    rows = EVIDENCE.read(request.GET).apply(list(pieces))
    with live.by_the_clock_of(site):
        return EVIDENCE.page(
            request,
            rows,
            template="factory/gates.html",
            tab="gates",
            site=site,
            my_sites=spine.sites(viewer),
            report=report,
            first=first.isoformat(),
            last=last.isoformat(),
            since=since.isoformat(),
            until=until.isoformat(),
            gate_words=GATES,
            rule_words=RULES,
            state_words=STATES,
            tones=TONES,
            why_words=WHY,
            shown=shown if pieces else "",
            may_edit=may(viewer, "edit_equipment", site.organisation_id),
            now=now,
        )


def _declare(request: HttpRequest, site_id: int) -> HttpResponse:
    viewer = live.viewer_of(request)
    upload = request.FILES.get("document")
    try:
        actions.declare_share(
            actor=viewer,
            site_id=site_id,
            criterion="design_tools",
            numerator=inputs.decimal(request.POST, "numerator", _("Done with tools")),
            denominator=inputs.decimal(request.POST, "denominator", _("Design tasks")),
            document=(upload.name or "", cast("BinaryIO", upload.file)) if upload else None,
            note=request.POST.get("note", ""),
        )
    except ConfigError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Declared, with its document."))
    return redirect(f"{reverse('gates')}?site={site_id}")


@require_safe
def equipment_list(request: HttpRequest) -> HttpResponseBase:
    """Show the equipment register of a site."""
    viewer = live.viewer_of(request)
    site = site_of(viewer, request.GET.get("site"))
    if site is None:
        return no_site(request, tab="gates")
    return EQUIPMENT.page(
        request,
        queries.register_table(viewer, site.id, EQUIPMENT.read(request.GET)),
        template="factory/equipment.html",
        tab="gates",
        site=site,
        my_sites=spine.sites(viewer),
        may_edit=may(viewer, "edit_equipment", site.organisation_id),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def equipment_import(request: HttpRequest) -> HttpResponseBase:
    """Take the register from a workbook or CSV, with a preview."""
    viewer = live.viewer_of(request)
    site = site_of(viewer, request.GET.get("site"))
    if site is None:
        return no_site(request, tab="gates")

    def commit(found: Import) -> None:
        rows = [row.values for row in found.changes]
        actions.import_equipment(actor=viewer, site_id=site.id, rows=rows)

    return EQUIPMENT.import_page(
        request,
        existing=queries.register(viewer, site.id),
        references={"asset": [one.code for one in spine.assets(viewer, below=site.id)]},
        commit=commit,
        done=f"{reverse('equipment')}?site={site.id}",
        title=_("Import the equipment register"),
    )
