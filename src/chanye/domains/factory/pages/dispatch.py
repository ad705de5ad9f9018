"""Dispatch lists: all work centres at a glance, one with its sequence, and on paper."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from chanye.domains.factory.actions import dispatch as actions
from chanye.domains.factory.pages.words import NEEDS, OPERATION_STATES, RULE_HINTS, RULES, TONES
from chanye.domains.factory.queries import dispatch as queries
from chanye.domains.factory.types.dispatch import DispatchList
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.rules import may
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.spine.api import viewer_of

#: Rows of a work centre that the overview names.
NEXT = 3


def _words() -> dict[str, object]:
    return {"states": OPERATION_STATES, "tones": TONES, "need_words": NEEDS, "rules": RULES}


@require_safe
def dispatch_board(request: HttpRequest) -> HttpResponse:
    """Show every work centre that has something to do: how much can run, and what comes next."""
    viewer = viewer_of(request)
    centres = queries.busy_centres(viewer)
    lists = queries.dispatch_list(viewer, [centre.id for centre in centres])
    tiles = [(one, sum(row.can_run for row in one.rows), one.rows[:NEXT]) for one in lists]
    context = {
        "tiles": tiles,
        "may_plan": may(viewer, "plan_orders", viewer.organisation_id),
        **_words(),
    }
    return render(request, "factory/dispatch_board.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def dispatch_page(request: HttpRequest, centre_id: int) -> HttpResponse:
    """Show the list of one work centre; take a new sequence or rule from planners."""
    viewer = viewer_of(request)
    if request.method == "POST":
        return _change(request, viewer, centre_id)
    centre = spine.asset(viewer, centre_id)
    found = queries.dispatch_list(viewer, [centre_id])
    context = {
        "centre": centre,
        "list": found[0] if found else None,
        "centres": queries.busy_centres(viewer),
        "may_plan": may(viewer, "plan_orders", centre.organisation_id),
        "now": now_us(),
        "hint": RULE_HINTS[found[0].rule] if found else "",
        **_words(),
    }
    return render(request, "factory/dispatch_list.html", context)


def _change(request: HttpRequest, viewer: Viewer, centre_id: int) -> HttpResponse:
    """Do what a button says: a rule, a whole sequence (dragged), one row up or down, or back to the rule."""
    todo = request.POST.get("do", "")
    try:
        if todo == "rule":
            actions.choose_rule(actor=viewer, work_centre_id=centre_id, rule=request.POST.get("rule", ""))
        elif todo == "clear":
            actions.sequence_operations(actor=viewer, work_centre_id=centre_id, operation_ids=[])
            messages.success(request, _("The rule gives the sequence again."))
        else:
            order = _moved(_numbers(request.POST.get("order", "")), todo)
            actions.sequence_operations(actor=viewer, work_centre_id=centre_id, operation_ids=order)
    except ConfigError as error:
        messages.error(request, str(error))
    return redirect("dispatch", centre_id)


def _numbers(text: str) -> list[int]:
    words = [word for word in text.split(",") if word]
    if not all(word.isascii() and word.isdigit() and len(word) < 16 for word in words):
        raise ConfigError(_("The list has changed meanwhile: look at it again, then sort."))
    return [int(word) for word in words]


def _moved(order: list[int], todo: str) -> list[int]:
    """Return the sequence after ``up:<number>`` or ``down:<number>``; as it is for anything else."""
    way, _colon, number = todo.partition(":")
    at = next((i for i, one in enumerate(order) if str(one) == number), None)
    other = None if at is None else {"up": at - 1, "down": at + 1}.get(way)
    if at is not None and other is not None and 0 <= other < len(order):
        order[at], order[other] = order[other], order[at]
    return order


@require_safe
def dispatch_paper(request: HttpRequest) -> HttpResponse:
    """Show dispatch lists as they are printed: of one work centre, or of all."""
    viewer = viewer_of(request)
    asked = request.GET.get("centre", "")
    centres = [centre.id for centre in queries.busy_centres(viewer) if asked in ("", str(centre.id))]
    lists: list[DispatchList] = queries.dispatch_list(viewer, centres)
    return render(request, "factory/dispatch_paper.html", {"lists": lists, "now": now_us(), **_words()})
