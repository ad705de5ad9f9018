"""Pages of targets: all of them with how far they are reached, one with its revisions, a new one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from chanye.domains.projects import figures
from chanye.domains.projects.actions.targets import set_target
from chanye.domains.projects.pages import statistics_words as words
from chanye.domains.projects.pages.statistics import target_line
from chanye.domains.projects.queries import profiles, returns
from chanye.domains.projects.queries import targets as queries
from chanye.domains.projects.types.statistics import IndicatorRef
from chanye.domains.projects.types.targets import GROWTH_STEPS, TargetDraft
from chanye.kernel.errors import ConfigError
from chanye.parties.rules import may, require
from chanye.parties.sectors import SECTORS
from chanye.parties.types import Viewer
from chanye.spine.api import viewer_of


@require_safe
def target_page(request: HttpRequest, target_id: int) -> HttpResponseBase:
    """Show a target: how far it is reached, who set it when, and every revision with its reason."""
    viewer = viewer_of(request)
    try:
        rows = queries.target(viewer, target_id)
    except ConfigError as error:
        raise Http404 from error
    now = next(
        one for one in queries.attainments(viewer, viewer.organisation_id or 0) if one.target.code == rows[0].code
    )
    past = [
        {
            "one": one,
            "baseline": figures.of_target(one.indicator, one.measure, one.baseline),
            "target": figures.of_target(one.indicator, one.measure, one.target),
        }
        for one in rows
    ]
    context = {
        "line": target_line(now), "past": past, "target": rows[0], "measures": words.MEASURE_WORDS,
        "may_set": may(viewer, "set_targets", viewer.organisation_id),
    }  # fmt: skip
    return render(request, "projects/target.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new_target(request: HttpRequest) -> HttpResponseBase:
    """Set a target, or revise one: what was set stays beside it."""
    viewer = viewer_of(request)
    office = viewer.organisation_id or 0
    require(viewer, "set_targets", office)
    fault, sent = "", request.POST if request.method == "POST" else request.GET
    if request.method == "POST":
        try:
            number = _set(viewer, office, request.POST)
        except ConfigError as error:
            fault = str(error)
        else:
            messages.success(request, _("The target is set. It cannot be changed; a revision stands beside it."))
            return redirect("target", number)
    context: dict[str, Any] = {
        "fault": fault, "sent": sent, "sectors": SECTORS, "towns": profiles.towns(viewer),
        "measures": words.MEASURE_WORDS,
        "indicators": [
            (one.code, f"{words.name_of(one)} [{_unit(one)}]") for one in returns.indicators(viewer, office)
        ],
    }  # fmt: skip
    return render(request, "projects/target_new.html", context)


def _unit(one: IndicatorRef) -> str:
    said = figures.amount(one, 0)
    return said.unit if said else ""


def _set(viewer: Viewer, office: int, sent: QueryDict) -> int:
    known = {one.code: one for one in returns.indicators(viewer, office)}
    one = known.get(sent.get("indicator", ""))
    if one is None:
        raise ConfigError(_("Choose the indicator that the target is about."))
    measure = sent.get("measure", "")
    scale = GROWTH_STEPS / 100 if measure == "growth" else 10.0**one.decimals
    draft = TargetDraft(
        sent.get("code", ""), sent.get("title", ""), one.code, measure, sent.get("start", ""), sent.get("end", ""),
        _number(sent, "baseline", scale), _number(sent, "target", scale),
        sent.get("sector", ""), sent.get("town", ""),
    )  # fmt: skip
    return set_target(actor=viewer, office_id=office, draft=draft, reason=sent.get("reason", ""))


def _number(sent: QueryDict, name: str, scale: float) -> int:
    try:
        value = float(sent.get(name, "").strip().replace(",", ""))
    except ValueError:
        value = float("nan")
    if not abs(value * scale) < 9e18:
        raise ConfigError(_("Baseline and target are numbers: in the unit of the indicator, growth in %."))
    return round(value * scale)
