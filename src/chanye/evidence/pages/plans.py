"""Pages of plans: all of them, a new one with what the data could show, one with all that happened."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from chanye.evidence import actions, measures, queries
from chanye.evidence.pages import words
from chanye.evidence.pages.form import PlanForm, day_of, first_of
from chanye.evidence.pages.plot import plot, strip
from chanye.evidence.types import EVENT_KINDS, UPGRADE_KINDS, EffectRef, PlanDraft, PlanRef
from chanye.kernel.errors import ChanyeError, ConfigError, DeniedError
from chanye.kernel.time import now_us
from chanye.parties import queries as parties
from chanye.parties.rules import may, require
from chanye.sheets import Column, Sheet
from chanye.spine.api import viewer_of

WORDS = {
    "methods": words.METHODS,
    "states": words.STATES,
    "state_tones": words.STATE_TONES,
    "verdicts": words.VERDICTS,
    "verdict_tones": words.VERDICT_TONES,
    "blames": words.BLAMES,
    "upgrade_kinds": UPGRADE_KINDS,
    "event_kinds": EVENT_KINDS,
    "verbs": words.VERBS,
}

PLANS = Sheet(
    "evidence-plans",
    gettext_lazy("Plans of evidence"),
    (
        Column(
            "title",
            gettext_lazy("Upgrade"),
            read=lambda row: row.draft.title,
            href=lambda row: reverse("evidence-plan", args=[row.id]),
        ),
        Column("firm", gettext_lazy("Firm"), field="organisation__name", read=lambda row: row.firm),
        Column("asset", gettext_lazy("Where"), field="asset__name", read=lambda row: row.asset),
        Column(
            "measure",
            pgettext_lazy("evidence", "Measure"),
            read=lambda row: row.draft.measure,
            template="evidence/measure_cell.html",
        ),
        Column(
            "upgrade_kind",
            gettext_lazy("Kind"),
            "choice",
            choices=UPGRADE_KINDS,
            read=lambda row: row.draft.upgrade_kind,
            listed=False,
        ),
        Column(
            "method",
            gettext_lazy("Method"),
            "choice",
            filter="more",
            choices=words.METHODS,
            read=lambda row: row.draft.method,
            listed=False,
        ),
        Column("state", gettext_lazy("State"), "choice", choices=words.STATES, template="evidence/state_cell.html"),
        Column(
            "claim",
            gettext_lazy("Claimed"),
            "quantity",
            unit="%",
            decimals=1,
            read=lambda row: 100 * row.draft.claim,
            filter="none",
        ),
        Column(
            "estimate",
            pgettext_lazy("evidence", "Measured"),
            "quantity",
            unit="%",
            decimals=1,
            read=lambda row: None if row.estimate is None else 100 * row.estimate,
            template="evidence/effect_cell.html",
            filter="none",
        ),
        Column(
            "verdict",
            gettext_lazy("Verdict"),
            "choice",
            choices=words.VERDICTS,
            template="evidence/verdict_cell.html",
        ),
    ),
    order="",
)


@require_safe
def plan_list(request: HttpRequest) -> HttpResponseBase:
    """Show the plans of the firm; of an office those given to it."""
    viewer = viewer_of(request)
    require(viewer, "read_evidence", viewer.organisation_id)
    rows = queries.plans_table(viewer, PLANS.read(request.GET))
    return PLANS.page(
        request,
        rows,
        template="evidence/plans.html",
        may_plan=may(viewer, "plan_evidence", viewer.organisation_id) and not viewer.office,
        tab="plans",
        **WORDS,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def new_plan(request: HttpRequest) -> HttpResponse:
    """Draft a plan; at once shows what the data of its baseline could show."""
    viewer = viewer_of(request)
    mine = viewer.organisation_id
    require(viewer, "plan_evidence", mine)
    assert mine is not None
    form = PlanForm(request.POST or request.GET, queries.assets_and_measures(viewer, mine))
    if request.method == "POST":
        try:
            plan_id = actions.draft_plan(
                actor=viewer,
                organisation_id=mine,
                asset_id=form.asset_id(),
                draft=_typed(request, form),
                office_id=form.office_id(),
                key=form.text("key")[:100],
            )
            return redirect("evidence-plan", plan_id)
        except (ConfigError, DeniedError) as error:
            form.fault = str(error)
    context = _form_context(request, form) | {"title": _("Plan an upgrade's evidence")}
    return render(request, "evidence/plan_form.html", context, status=422 if form.fault else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_plan(request: HttpRequest, evidence_id: int) -> HttpResponse:
    """Change a plan that is not frozen."""
    viewer = viewer_of(request)
    held = queries.plan(viewer, evidence_id)
    require(viewer, "plan_evidence", held.organisation_id)
    assets = queries.assets_and_measures(viewer, held.organisation_id)
    form = PlanForm(request.POST or first_of(held), assets, held)
    if request.method == "POST":
        try:
            actions.change_plan(actor=viewer, plan_id=evidence_id, draft=_typed(request, form))
            return redirect("evidence-plan", evidence_id)
        except ConfigError as error:
            form.fault = str(error)
    context = _form_context(request, form) | {"title": held.draft.title, "plan": held}
    return render(request, "evidence/plan_form.html", context, status=422 if form.fault else 200)


@require_safe
def shows(request: HttpRequest) -> HttpResponse:
    """Tell what a baseline could show; the part of the form that follows its fields."""
    viewer = viewer_of(request)
    mine = viewer.organisation_id or 0
    require(viewer, "plan_evidence", mine)
    form = PlanForm(request.GET, queries.assets_and_measures(viewer, mine))
    return render(request, "evidence/shows.html", _shows(request, form))


def _typed(request: HttpRequest, form: PlanForm) -> PlanDraft:
    """Return the draft of a form; what explains the measure is taken where it can be read."""
    code = form.shown["measure"]
    return form.draft(queries.readable(viewer_of(request), form.asset_id(), code))


def _form_context(request: HttpRequest, form: PlanForm) -> dict[str, Any]:
    offices = parties.offices(viewer_of(request))
    known = [(one.code, one.label) for one in measures.every()]
    return {"form": form, "offices": offices, "measures": known, "hints": words.METHOD_HINTS, **WORDS} | _shows(
        request, form
    )


def _shows(request: HttpRequest, form: PlanForm) -> dict[str, Any]:
    """Return what the chosen baseline holds, or why it cannot be looked at."""
    viewer = viewer_of(request)
    if not form.asset_ids:
        return {"look": None}
    try:
        draft = form.look()
        found = queries.look(
            viewer,
            viewer.organisation_id or 0,
            form.asset_id(),
            draft.measure,
            draft.baseline_start,
            draft.baseline_end,
            months=max(draft.months),
            confidence=draft.confidence,
        )
    except ChanyeError as error:
        return {"look": None, "look_fault": str(error)}
    claim = form.claim()
    least = found.detectable.relative
    return {
        "look": found.detectable,
        "strip": strip(found.known.tolist()),
        "enough": least is not None and claim is not None and claim >= least,
        "claim": claim,
        "months": max(draft.months),
        "explained": [measures.get(code).label for code in found.normalisers],
    }


@require_http_methods(["GET", "HEAD", "POST"])
def plan_page(request: HttpRequest, evidence_id: int) -> HttpResponse:
    """Show a plan, what happened to it, and what was measured; takes the next step."""
    viewer = viewer_of(request)
    held = queries.plan(viewer, evidence_id)
    if request.method == "POST":
        try:
            return _act(request, held)
        except ConfigError as error:
            messages.error(request, str(error))
            return redirect("evidence-plan", evidence_id)
    effects = queries.effects(viewer, plan_ids=[evidence_id])
    newest = effects[-1] if effects else None
    measure = measures.get(held.draft.measure)
    own = held.organisation_id if held.organisation_id == viewer.organisation_id else held.office_id
    context = {
        "plan": held,
        "measure": measure,
        "effects": effects[::-1],
        "newest": newest,
        "plot": chart_of(request, held, newest),
        "history": queries.history_of(viewer, evidence_id),
        "may_plan": may(viewer, "plan_evidence", held.organisation_id),
        "may_act": may(viewer, "plan_evidence", own),
        "may_run": may(viewer, "run_evidence", own),
        "may_blame": held.office_id is not None and may(viewer, "verify_claims", held.office_id),
        "today": day_of(now_us(), held.timezone),
        "measured_from": day_of(held.finished, held.timezone) if held.finished else "",
        **WORDS,
    }
    return render(request, "evidence/plan.html", context)


def chart_of(request: HttpRequest, held: PlanRef, effect: EffectRef | None) -> Any:
    """Return the drawing of an effect's series, None if nothing was measured."""
    if effect is None or effect.estimate is None:
        return None
    series = queries.result(viewer_of(request), effect.id)["series"]
    spans = [
        (held.draft.baseline_start, held.draft.baseline_end, "before", _("Baseline")),
        (effect.start, effect.end, "after", _("Since the upgrade")),
        *((one.start, one.end, "event", str(EVENT_KINDS[one.kind])) for one in held.events),
    ]
    if held.began and held.finished:
        spans.append((held.began, held.finished, "upgrade", _("Upgrade")))
    unit = measures.get(effect.measure).unit if effect.method == "baseline" else _("index, baseline = 1")
    return plot(series, spans, unit=unit, timezone=held.timezone)


def _act(request: HttpRequest, held: PlanRef) -> HttpResponse:
    """Take the step that a form asks for."""
    viewer, form = viewer_of(request), PlanForm(request.POST, [], held)
    do = form.text("do")
    if do == "freeze":
        actions.freeze_plan(actor=viewer, plan_id=held.id)
    elif do == "upgrade":
        began, finished = form.day("began"), form.day("finished")
        actions.record_upgrade(actor=viewer, plan_id=held.id, began=began, finished=finished)
    elif do == "event":
        start, end = form.day("start"), form.day("end", after=True)
        actions.log_event(
            actor=viewer, plan_id=held.id, kind=form.text("kind"), start=start, end=end, note=form.text("note")
        )
    elif do == "measure":
        start, end = form.day("start"), form.day("end", after=True)
        effect = actions.measure_effect(actor=viewer, plan_id=held.id, start=start, end=end)
        return redirect("evidence-effect", effect.id)
    elif do == "blame":
        actions.declare_blame(
            actor=viewer, effect_id=form.number("effect"), blame=form.text("blame"), reason=form.text("reason")
        )
    else:
        raise ConfigError(_("There is no such step: load the page again."))
    return redirect("evidence-plan", held.id)
