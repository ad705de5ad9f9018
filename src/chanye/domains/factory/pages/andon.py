"""Calls for help: what is open now, and what was called before."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from chanye.domains.factory.actions import andon as actions
from chanye.domains.factory.actions.bookings import Report
from chanye.domains.factory.pages.live import viewer_of
from chanye.domains.factory.queries import andon as queries
from chanye.domains.factory.types.terminal import Call
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.rules import may
from chanye.sheets import Column, Sheet


def _waited(call: Call) -> int | None:
    return None if call.answered_at is None else call.answered_at - call.raised_at


def _lasted(call: Call) -> int | None:
    return None if call.closed_at is None else call.closed_at - call.raised_at


CALLS = Sheet(
    "calls",
    _("Calls for help"),
    (
        Column("raised_at", _("Called"), "moment"),
        Column("place_name", _("Machine"), "reference", field="place__name"),
        Column("type_name", _("Help"), "reference", field="type__name"),
        Column("raised_by", _("By"), field="raised_by__name"),
        Column("waited", _("Came after"), "duration", unit="min", read=_waited, sortable=False, filter="none"),
        Column("answered_by", _("Who came"), field="answered_by__name"),
        Column("lasted", _("Closed after"), "duration", unit="min", read=_lasted, sortable=False, filter="none"),
        Column("closing_note", _("What was done")),
    ),
    order="-raised_at",
)


@require_http_methods(["GET", "HEAD", "POST"])
def calls(request: HttpRequest) -> HttpResponseBase:
    """Show the calls; answer or close one."""
    viewer = viewer_of(request)
    if request.method == "POST":
        number = request.POST.get("call", "")
        at = Report(now_us(), now_us(), None, viewer.person_id, "office", request.POST.get("note", ""))
        act = actions.close_call if request.POST.get("do") == "close" else actions.answer_call
        try:
            call = int(number) if number.isascii() and number.isdigit() and len(number) < 18 else 0
            act(actor=viewer, organisation_id=viewer.organisation_id or 0, call=call, at=at)
        except ConfigError as problem:
            messages.error(request, str(problem))
        return redirect("calls")
    rows = queries.calls_table(viewer, CALLS.read(request.GET))
    return CALLS.page(
        request,
        rows,
        template="factory/calls.html",
        open=queries.open_calls(viewer),
        may_answer=may(viewer, "answer_call", viewer.organisation_id),
        terminal=reverse("terminal"),
    )


urlpatterns = [path("calls/", calls, name="calls")]
