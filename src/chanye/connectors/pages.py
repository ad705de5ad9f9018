"""Pages of the room: the list of connections, one connection, a new one."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from chanye.connectors import actions, queries
from chanye.connectors.options import form_fields, read_form
from chanye.connectors.registry import kinds
from chanye.kernel.errors import ConfigError
from chanye.parties.rules import require
from chanye.parties.types import PUBLIC, Viewer
from chanye.spine import queries as spine

#: State of a connection -> class of state that gives it colour and shape.
CLASSES = {"active": "running", "starting": "waiting", "degraded": "fault", "stopped": "stopped"}
STATES = {
    "active": gettext_noop("Active"),
    "starting": gettext_noop("Starting"),
    "degraded": gettext_noop("Degraded"),
    "stopped": gettext_noop("Stopped"),
}
#: Machine words of queries -> sentences. Other reasons come from the connector and are shown as they are.
WHY = {
    "off": gettext_noop("Switched off."),
    "no_collect": gettext_noop("The collect process is not running."),
}


def _viewer(request: HttpRequest) -> Viewer:
    return getattr(request, "viewer", PUBLIC)


def _look(view: queries.ConnectionView) -> dict[str, Any]:
    """Return what the templates need beside the view itself."""
    off = view.state == "stopped" and not view.enabled
    return {
        "view": view,
        "state_class": "planned_off" if off else CLASSES[view.state],
        "state_name": _(STATES[view.state]),
        "why": _(WHY[view.why]) if view.why in WHY else view.why,
    }


def _now() -> int:
    return time.time_ns() // 1000


@require_GET
def connection_list(request: HttpRequest) -> HttpResponse:
    """Show all connections with their state and the age of their data."""
    looks = [_look(view) for view in queries.connections(_viewer(request))]
    template = "connectors/_list.html" if request.GET.get("part") == "list" else "connectors/list.html"
    return render(request, template, {"looks": looks, "now": _now(), "kinds": kinds()})


@require_http_methods(["GET", "POST"])
def connection_page(request: HttpRequest, connection_id: int) -> HttpResponse:
    """Show one connection: state, counts by reason, addresses; take changed options."""
    viewer = _viewer(request)
    fault = ""
    if request.method == "POST":
        fault = _change(request, viewer, connection_id)
        if not fault:
            messages.success(request, _("Saved. The connection starts again with the new options."))
            return redirect("connection", connection_id)
    detail = queries.connection(viewer, connection_id)
    part = request.GET.get("part") == "live"
    context = _look(detail.view) | {
        "detail": detail,
        "reasons": sorted({reason for hour in detail.hours for reason in hour.reasons}),
        "fields": [] if part else _fields(detail.view.kind, detail.options),
        "fault": fault,
        "now": _now(),
    }
    return render(
        request, "connectors/_live.html" if part else "connectors/page.html", context, status=400 if fault else 200
    )


def _fields(kind: str, options: Mapping[str, Any]) -> list[Any]:
    try:
        return [
            # Connectors know nothing of languages: the catalogue collects these texts from their models.
            replace(
                field,
                label=pgettext("connector option", field.label),
                description=_(field.description) if field.description else "",
            )
            for field in form_fields(kind, options)
        ]
    except ConfigError:
        # The connector's package is gone: its page must still open and say why it is stopped.
        return []


def _change(request: HttpRequest, viewer: Viewer, connection_id: int) -> str:
    detail = queries.connection(viewer, connection_id, hours=1, tags=0)
    try:
        options = read_form(detail.view.kind, request.POST.dict(), detail.options)
        actions.change_connection(actor=viewer, connection_id=connection_id, options=options)
    except ConfigError as error:
        return str(error)
    return ""


@require_http_methods(["GET", "POST"])
def new_connection(request: HttpRequest) -> HttpResponse:
    """Ask for kind, then site, name and options; add the connection."""
    viewer = _viewer(request)
    require(viewer, "edit_connection", viewer.organisation_id)
    kind = request.POST.get("kind") or request.GET.get("kind", "")
    kind = kind if kind in kinds() else ""
    fault = ""
    if request.method == "POST" and kind:
        try:
            number = actions.add_connection(
                actor=viewer,
                site_id=int(request.POST.get("site", "0") or 0),
                name=request.POST.get("name", "").strip(),
                kind=kind,
                options=read_form(kind, request.POST.dict(), {}),
            )
        except (ConfigError, ValueError) as error:
            fault = str(error)
        else:
            return redirect("connection", number)
    context = {
        "kind": kind,
        "kinds": kinds(),
        "fields": _fields(kind, {}) if kind else [],
        "all_sites": spine.sites(viewer),
        "fault": fault,
        "sent": request.POST,
    }
    return render(request, "connectors/new.html", context, status=400 if fault else 200)


@require_POST
def switch_connection(request: HttpRequest, connection_id: int) -> HttpResponse:
    """Switch a connection on or off."""
    on = request.POST.get("on") == "1"
    actions.set_enabled(actor=_viewer(request), connection_id=connection_id, enabled=on)
    messages.success(request, _("Switched on.") if on else _("Switched off."))
    return redirect("connection", connection_id)
