"""The quality board: what waits, what is held, where scrap comes from, how old open cases are."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from chanye.domains.factory.actions import bookings
from chanye.domains.factory.actions.bookings import Report
from chanye.domains.factory.pages import inputs
from chanye.domains.factory.pages.quality_words import CASE_STATES, CASE_TONES, PLAN_KINDS, SEVERITIES
from chanye.domains.factory.queries import cases, inspections
from chanye.domains.factory.queries import quality_board as queries
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import DAY, now_us
from chanye.parties.rules import may
from chanye.parties.types import Viewer
from chanye.spine.api import viewer_of

WINDOWS = (7, 30, 90)
#: Height of the chart of days, in its own units.
HEIGHT = 100


@require_http_methods(["GET", "HEAD", "POST"])
def board(request: HttpRequest) -> HttpResponse:
    """Show the board; release a hold with its reason."""
    viewer = viewer_of(request)
    if request.method == "POST":
        try:
            _release(viewer, request)
        except ConfigError as error:
            messages.error(request, str(error))
        return redirect("quality")
    days = inputs.whole(request.GET, "days", _("Days"), empty=30) if request.GET.get("days", "").isdigit() else 30
    days = days if days in WINDOWS else 30
    now = now_us()
    midnight = (now + 8 * DAY // 24) // DAY * DAY - 8 * DAY // 24  # days begin at midnight of the plant's zone
    found = queries.scrap(viewer, midnight - (days - 1) * DAY, midnight + DAY)
    top = max([one.rate or 0.0 for _day, one in found.days] + [found.limit or 0.0, 0.01]) * 1.15
    open_cases = cases.open_cases(viewer)
    context = {
        "days": days,
        "windows": WINDOWS,
        "due": inspections.due(viewer, limit=8),
        "counts": inspections.counts(viewer),
        "held": queries.held(viewer),
        "scrap": found,
        "bars": [
            (day, one, (one.rate or 0.0) / top * HEIGHT, HEIGHT - (one.rate or 0.0) / top * HEIGHT, i)
            for i, (day, one) in enumerate(found.days)
        ],
        "limit_y": None if found.limit is None else HEIGHT - found.limit / top * HEIGHT,
        "top": top,
        "ages": _ages([(now - one.found_at) // DAY for one in open_cases]),
        "cases": open_cases[:8],
        "overdue": cases.overdue_actions(viewer),
        "kinds": PLAN_KINDS,
        "states": CASE_STATES,
        "tones": CASE_TONES,
        "severities": SEVERITIES,
        "may_release": may(viewer, "hold_orders", viewer.organisation_id),
        "now": now,
    }
    return render(request, "factory/quality_board.html", context)


def _ages(days: list[int]) -> list[tuple[str, int]]:
    """Return how many cases are how old."""
    edges = ((_("up to a week"), 0, 7), (_("up to a month"), 7, 30), (_("up to three months"), 30, 90))
    found = [(words, sum(low <= day < high for day in days)) for words, low, high in edges]
    return [*found, (_("older"), sum(day >= 90 for day in days))]


def _release(viewer: Viewer, request: HttpRequest) -> None:
    reason = request.POST.get("reason", "").strip()
    if not reason:
        raise ConfigError(_("Say why it may go on: whoever asks later must know."))
    now = now_us()
    at = Report(now, now, person_id=viewer.person_id, origin="office", note=reason)
    bookings.release_hold(actor=viewer, operation_id=inputs.whole(request.POST, "operation", _("Operation")), at=at)
    messages.success(request, _("Released; it is paused until somebody starts it."))
