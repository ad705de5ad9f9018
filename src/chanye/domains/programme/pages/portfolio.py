"""The studio of the portfolio: try a choice, see what it costs and what would flip, propose it, approve it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods

from chanye.domains.programme.actions import portfolio as actions
from chanye.domains.programme.pages.awards import whole
from chanye.domains.programme.queries import applications
from chanye.domains.programme.queries import portfolio as queries
from chanye.domains.programme.types.applications import ApplicationRef
from chanye.domains.programme.types.portfolio import PortfolioRef, QuotaDraft
from chanye.evidence.types import UPGRADE_KINDS
from chanye.kernel.errors import ConfigError
from chanye.parties.rules import may
from chanye.parties.sectors import SECTORS
from chanye.parties.types import Viewer
from chanye.spine.api import viewer_of

STATES = {
    "tried": pgettext_lazy("portfolio", "tried"),
    "proposed": pgettext_lazy("portfolio", "proposed"),
    "approved": pgettext_lazy("portfolio", "approved"),
}
TONES = {"tried": "planned_off", "proposed": "waiting", "approved": "running"}
LISTS = {"ratio": gettext_lazy("Ranked by effect per yuan"), "score": gettext_lazy("Ranked by the committee's score")}
GROUPS = {
    "unmeasured": gettext_lazy("Kinds that nobody has measured yet"),
    **{f"sector:{code}": word for code, word in SECTORS.items()},
    **{f"kind:{code}": word for code, word in UPGRADE_KINDS.items()},
}


@require_http_methods(["GET", "HEAD", "POST"])
def portfolios(request: HttpRequest) -> HttpResponse:
    """Show the choices that were tried; try a new one."""
    viewer = viewer_of(request)
    if request.method == "POST":
        try:
            number = whole(request.POST, "call")
            made = actions.try_portfolio(actor=viewer, call_id=number, quotas=_quotas(request))
        except ConfigError as error:
            messages.error(request, str(error))
            return redirect("portfolios")
        return redirect("portfolio", made)
    runs = queries.runs(viewer)
    calls: dict[int, list[Any]] = {}
    for one in applications.by_state(viewer, ("reviewed",)):
        calls.setdefault(one.call_id, [one.call_code, 0])[1] += 1
    context = {
        "runs": runs,
        "calls": [(number, code, count) for number, (code, count) in calls.items()],
        "groups": GROUPS,
        "states": STATES,
        "tones": TONES,
        "may_run": may(viewer, "run_calls", viewer.organisation_id),
        "tab": "portfolios",
    }
    return render(request, "programme/portfolios.html", context)


def _quotas(request: HttpRequest) -> list[QuotaDraft]:
    group, low, high = (request.POST.get(name, "").strip() for name in ("group", "low", "high"))
    if not group:
        return []
    try:
        bounds = [float(text) / 100 if text else None for text in (low, high)]
    except ValueError as error:
        raise ConfigError(_("Type the bounds of the quota in percent of the money.")) from error
    if any(one is not None and not 0 <= one <= 1 for one in bounds):
        raise ConfigError(_("Type the bounds of the quota in percent of the money."))
    return [QuotaDraft(group, "share", *bounds)]


@require_http_methods(["GET", "HEAD", "POST"])
def portfolio(request: HttpRequest, run_id: int) -> HttpResponse:
    """Show one choice with its proof and prices; propose and approve it."""
    viewer = viewer_of(request)
    found = queries.run(viewer, run_id)
    if request.method == "POST":
        try:
            if request.POST.get("do") == "approve":
                count = actions.approve_portfolio(actor=viewer, run_id=run_id)
                messages.success(request, _("%(n)d projects are approved, their money is committed.") % {"n": count})
            else:
                actions.propose_portfolio(actor=viewer, run_id=run_id)
        except ConfigError as error:
            messages.error(request, str(error))
        return redirect("portfolio", run_id)
    return render(request, "programme/portfolio.html", _context(request, viewer, found))


def _context(request: HttpRequest, viewer: Viewer, found: PortfolioRef) -> dict[str, Any]:
    known: dict[int, ApplicationRef] = {
        one.id: one
        for one in applications.by_state(
            viewer, ("reviewed", "approved", "declined", "agreed", "closed"), call_id=found.call_id
        )
    }
    result, office = found.result, viewer.organisation_id
    chosen = set(result["chosen"])
    factor = whole(request.GET, "factor")
    other: dict[str, Any] = {}
    if factor and factor != 100:
        try:
            other = queries.what_if(viewer, found.id, factor / 100)
        except ConfigError as error:
            messages.error(request, str(error))
    flips = [] if not other else [set(other["chosen"]) - chosen, chosen - set(other["chosen"])]
    rows = [
        (one, known.get(one["id"]), one["id"] in chosen, sum(one["commitments"]), one["id"] in result["over_cap"])
        for one in found.inputs["projects"]
    ]
    rows.sort(key=lambda row: (not row[2], -row[0]["effect"]))
    years = zip(found.inputs["envelopes"], result["spent"], result["prices"], strict=True)
    return {
        "run": found,
        "result": result,
        "rows": rows,
        "granted": sum(row[3] for row in rows if row[2]),
        "years": [(year, envelope, spent, price) for (year, envelope), spent, price in years],
        "known": known,
        "lists": LISTS,
        "groups": GROUPS,
        "states": STATES,
        "tones": TONES,
        "factor": factor or 100,
        "other": other,
        "joins": sorted(flips[0]) if flips else [],
        "leaves": sorted(flips[1]) if flips else [],
        "may_propose": found.state == "tried" and may(viewer, "run_calls", office),
        "may_approve": found.state == "proposed" and may(viewer, "approve_awards", office),
        "tab": "portfolios",
    }
