"""Refused entries: shown to the line leader until what they said is booked otherwise or discarded with a reason."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from chanye.domains.factory.actions import inbox
from chanye.domains.factory.pages.live import viewer_of
from chanye.domains.factory.pages.terminal_words import words
from chanye.domains.factory.queries import inbox as queries
from chanye.domains.factory.types.inbox import EntryRef
from chanye.kernel.errors import ConfigError
from chanye.sheets import Column, Sheet

OUTCOMES = {"refused": _("To be settled"), "settled": _("Booked otherwise"), "discarded": _("Discarded")}


_SKIPPED = frozenset({"key", "kind", "event_at", "place", "person", "operation"})
_COUNTS = frozenset({"good", "scrap", "rework"})


def _kind(entry: EntryRef) -> str:
    return words().get(f"kind_{entry.kind}", entry.kind)


def _said(entry: EntryRef) -> str:
    """Return the members of an entry that its sender typed, in order."""
    known, parts = words(), []
    for name, value in entry.body.items():
        if name not in _SKIPPED and value:
            parts.append(known[f"n_{name}"].replace("{n}", str(value)) if name in _COUNTS else f"{name} {value}")
    return " · ".join(parts)[:200]


CONFLICTS = Sheet(
    "refused",
    _("Refused bookings"),
    (
        Column("received_at", _("Received"), "moment"),
        Column("outcome", _("State"), "choice", choices=OUTCOMES),
        Column("kind", _("Kind"), read=_kind, sortable=False, filter="none"),
        Column("order", _("Order"), read=lambda entry: entry.order, sortable=False, filter="none"),
        Column("said", _("What was sent"), read=_said, sortable=False, filter="none"),
        Column("why", _("Why it was refused")),
        Column("place", _("Machine"), "reference", field="place__name"),
        Column("person", _("Who"), field="person__name"),
        Column("event_at", _("Happened"), "moment", listed=False),
        Column("settlement", _("Settled how"), listed=False),
    ),
    order="-received_at",
    href=lambda entry: reverse("conflict", args=[entry.id]),
)


@require_safe
def conflicts(request: HttpRequest) -> HttpResponseBase:
    """List what was refused."""
    viewer = viewer_of(request)
    rows = queries.refused_table(viewer, CONFLICTS.read(request.GET))
    return CONFLICTS.page(request, rows, template="factory/conflicts.html", waiting=queries.open_conflicts(viewer))


@require_http_methods(["GET", "HEAD", "POST"])
def conflict(request: HttpRequest, entry_id: int) -> HttpResponseBase:
    """Show one refused entry, and settle it."""
    viewer = viewer_of(request)
    entry = queries.entry(viewer, entry_id)
    problem = ""
    if request.method == "POST":
        try:
            discard = request.POST.get("do") == "discard"
            inbox.settle_entry(actor=viewer, entry_id=entry.id, note=request.POST.get("note", ""), discard=discard)
        except ConfigError as error:
            problem = str(error)
        else:
            messages.success(request, str(OUTCOMES["discarded" if discard else "settled"]))
            return redirect("conflicts")
    context: dict[str, Any] = {"entry": entry, "kind": _kind(entry), "said": _said(entry), "problem": problem}
    context |= {"state": OUTCOMES.get(entry.outcome, entry.outcome), "note": request.POST.get("note", "")}
    return render(request, "factory/conflict.html", context, status=422 if problem else 200)


urlpatterns = [
    path("conflicts/", conflicts, name="conflicts"),
    path("conflicts/<int:entry_id>/", conflict, name="conflict"),
]
