"""Stops of machines: the list to give reasons in, one stop with its history, production with no order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from chanye.domains.factory.actions import downtime as actions
from chanye.domains.factory.actions.downtime import Choice
from chanye.domains.factory.actions.link import assign_output
from chanye.domains.factory.pages import inputs, live
from chanye.domains.factory.pages.live import viewer_of
from chanye.domains.factory.pages.scope import RANGES, Scope, read_scope
from chanye.domains.factory.queries import downtime as queries
from chanye.domains.factory.queries import link, orders
from chanye.domains.factory.types.downtime import StopView
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.rules import may
from chanye.parties.types import Viewer
from chanye.sheets import Column, Sheet
from chanye.spine import queries as spine

STATE_WORDS = {
    "fault": _l("Fault"),
    "stopped": _l("Stopped"),
    "waiting": _l("Waiting"),
    "setup": _l("Set-up"),
    "unknown": _l("Unknown"),
}
STATE = "factory/stop_state.html"
PROPOSED = {
    "alarm": _l("chosen before for this alarm"),
    "text": _l("chosen before for this state"),
    "setup": _l("the machine is being set up"),
    "no_order": _l("no order is on the machine"),
    "maintenance": _l("planned maintenance"),
}


def _given(stop: StopView) -> str:
    if not any(piece.reason for piece in stop.pieces):
        return "none"
    return "some" if any(not piece.reason for piece in stop.pieces) else "all"


STOPS = Sheet(
    "stops",
    _l("Stops"),
    (
        Column(
            "pick",
            "",
            read=lambda stop: stop.id,
            template="factory/stop_pick.html",
            sortable=False,
            filter="none",
            exported=False,
        ),
        Column("place", _l("Machine"), href=lambda stop: reverse("stop", args=[stop.id])),
        Column("start", _l("From"), "moment"),
        Column("end", _l("To"), "moment", listed=False),
        Column("lost", _l("Planned time lost"), "duration", unit="min", total=True),
        Column(
            "state", _l("State"), "choice", choices=STATE_WORDS, template="factory/stop_state.html", filter="more"
        ),
        Column(
            "given",
            _l("Reason given"),
            "choice",
            choices={"none": _l("no reason yet"), "some": _l("for a part"), "all": _l("reason given")},
            read=_given,
            listed=False,
        ),
        Column("reasons", _l("Reason"), template="factory/stop_reason.html"),
        Column("codes", _l("Reason code"), read=lambda stop: " ".join(p.reason for p in stop.pieces), listed=False),
        Column("alarm", _l("Alarm"), listed=False),
        Column("order", _l("Order")),
        Column("shift", _l("Shift")),
        Column("who", _l("Said by"), read=lambda stop: "、".join(dict.fromkeys(p.who for p in stop.pieces if p.who))),
    ),
    order="-start",
)


def _scope(request: HttpRequest, viewer: Viewer, now: int) -> Scope:
    scope = read_scope(request, viewer, now)
    if scope is None:
        raise Http404
    return scope


def frame_context(scope: Scope, tab: str) -> dict[str, Any]:
    """Return what every page of stops and losses needs for its head."""
    ranges = [
        ("shift", _("Shift")),
        ("day", _("Today")),
        *((name, str(words)) for name, (words, _n) in RANGES.items()),
    ]
    return {
        "scope": scope,
        "tab": tab,
        "here_site": {"id": scope.site.id, "name": scope.site.name},
        "ranges": [(words, scope.address(range=name, day=None), name == scope.name) for name, words in ranges],
        "places": [(ref, "　" * depth + ref.name) for ref, depth in scope.choices],
        "same": scope.address(),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def stop_list(request: HttpRequest) -> HttpResponseBase:
    """Show stops of a range, and give those that are ticked a reason."""
    viewer, now = viewer_of(request), now_us()
    scope = _scope(request, viewer, now)
    if request.method == "POST":
        _classify(request, viewer)
        return redirect(request.get_full_path())
    found = queries.stops(viewer, scope.ids, scope.start, scope.end, now=now)
    with live.by_the_clock_of(scope.site):
        return STOPS.page(
            request,
            STOPS.read(request.GET).apply(found),
            template="factory/stop_list.html",
            reasons=queries.reasons(viewer, scope.site.organisation_id, "downtime"),
            may_classify=may(viewer, "classify_stop", scope.site.organisation_id),
            proposed=PROPOSED,
            wanting=sum(1 for stop in found if _given(stop) != "all"),
            reports=queries.hand_reports(viewer, scope.ids, scope.start, scope.end),
            **frame_context(scope, "stops"),
        )


def _classify(request: HttpRequest, viewer: Viewer) -> None:
    """Accept a proposal (``accept``: stop and reason), or give all ticked stops one reason."""
    accept = request.POST.get("accept", "")
    stop, _colon, reason = accept.partition(":")
    picked = [stop] if accept else request.POST.getlist("stop")
    numbers = [int(one) for one in picked if one.isascii() and one.isdigit() and len(one) < 15]
    try:
        done = actions.classify_stops(
            actor=viewer,
            choices=[Choice(number) for number in numbers],
            reason=reason if accept else request.POST.get("reason", ""),
            note=request.POST.get("note", "").strip(),
        )
        said = ngettext("%(n)s stop has its reason.", "%(n)s stops have their reason.", done)
        messages.success(request, said % {"n": done})
    except ConfigError as error:
        messages.error(request, str(error))


@require_http_methods(["GET", "HEAD", "POST"])
def stop_page(request: HttpRequest, stop_id: int) -> HttpResponse:
    """Show one stop: its parts, what was said of it and by whom; divide it, give parts a reason, take words back."""
    viewer, now = viewer_of(request), now_us()
    stop = queries.stop(viewer, stop_id, now=now)
    if stop is None:
        raise Http404
    if request.method == "POST":
        _change(request, viewer, stop_id)
        return redirect("stop", stop_id)
    asset = spine.asset(viewer, stop.asset_id)
    context = {
        "stop": stop,
        "machine": asset,
        "end": stop.end or now,
        "now": now,
        "reasons": queries.reasons(viewer, asset.organisation_id, "downtime"),
        "said": queries.said_of(viewer, stop_id),
        "proposed": PROPOSED.get(stop.proposal.why, "") if stop.proposal else "",
        "may_classify": may(viewer, "classify_stop", asset.organisation_id),
        "middle": inputs.shown_moment((stop.start + (stop.end or now)) // 2),
    }
    with live.by_the_clock_of(asset):
        return render(request, "factory/stop.html", context)


def _change(request: HttpRequest, viewer: Viewer, stop_id: int) -> None:
    todo = request.POST.get("do", "")
    try:
        if todo not in _DEEDS:
            raise ConfigError(_("There is no such action."))
        _DEEDS[todo](viewer, stop_id, request.POST)
    except ConfigError as error:
        messages.error(request, str(error))


def _give(viewer: Viewer, stop_id: int, post: QueryDict) -> None:
    start = _instant(post, "part") if post.get("part") else None
    note = post.get("note", "").strip()
    actions.classify_stops(actor=viewer, choices=[Choice(stop_id, start)], reason=post.get("reason", ""), note=note)


def _instant(post: QueryDict, name: str) -> int:
    """Return a moment that the page itself wrote into a form [us UTC]."""
    text = post.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ConfigError(_("The page is out of date: load it again."))
    return int(text)


def _cut(viewer: Viewer, stop_id: int, post: QueryDict) -> None:
    at = inputs.moment(post, "at", _("Time"))
    if at is None:
        raise ConfigError(_("Choose a time inside the stop."))
    actions.split_stop(actor=viewer, stop_id=stop_id, at=at)


def _retract(viewer: Viewer, _stop_id: int, post: QueryDict) -> None:
    actions.retract_label(actor=viewer, label_id=inputs.whole(post, "label", _("Entry")))


_DEEDS: dict[str, Callable[[Viewer, int, QueryDict], None]] = {"give": _give, "cut": _cut, "retract": _retract}


@require_http_methods(["GET", "HEAD", "POST"])
def unassigned_page(request: HttpRequest) -> HttpResponse:
    """Show what machines made with no order, and assign or dismiss it; and what differs from what was booked."""
    viewer, now = viewer_of(request), now_us()
    scope = _scope(request, viewer, now)
    if request.method == "POST":
        try:
            _settle(viewer, request.POST)
            messages.success(request, _("Settled."))
        except ConfigError as error:
            messages.error(request, str(error))
        return redirect(request.get_full_path())
    places = {ref.id: ref for ref in scope.machines}
    context = {
        "rows": link.unassigned_of(viewer, places, scope.start, min(scope.end, now)),
        "proposals": link.proposals(viewer, scope.ids, now=now),
        "operations": orders.operations(
            viewer, work_centres=[ref.id for ref in spine.assets(viewer, below=scope.site.id)]
        ),
        "scrap_reasons": queries.reasons(viewer, scope.site.organisation_id, "scrap"),
        "may_settle": may(viewer, "settle_entries", scope.site.organisation_id),
        **frame_context(scope, "unassigned"),
    }
    with live.by_the_clock_of(scope.site):
        return render(request, "factory/unassigned.html", context)


def _settle(viewer: Viewer, post: QueryDict) -> None:
    operation = post.get("operation", "")
    assign_output(
        actor=viewer,
        place_id=inputs.whole(post, "machine", _("Machine")),
        start=_instant(post, "start"),
        end=_instant(post, "end"),
        operation_id=None if operation == "none" else inputs.whole(post, "operation", _("Operation")),
        good=inputs.whole(post, "good", _("Good"), empty=0),
        scrap=inputs.whole(post, "scrap", _("Scrap"), empty=0),
        reason=post.get("reason", ""),
        note=post.get("note", "").strip(),
    )
