"""Pages of effects: the certificate, its bundle, and the register of what was claimed and measured."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe

from chanye.evidence import measures, queries
from chanye.evidence.pages import words
from chanye.evidence.pages.plans import WORDS, chart_of
from chanye.evidence.types import UPGRADE_KINDS
from chanye.parties.rules import require
from chanye.sheets import Column, Sheet
from chanye.spine.api import viewer_of


def _percent(name: str, label: object, *, template: str = "", listed: bool = True) -> Column:
    return Column(
        name,
        label,  # type: ignore[arg-type]  # lazy words
        "quantity",
        unit="%",
        decimals=1,
        read=lambda row: None if getattr(row, name) is None else 100 * getattr(row, name),
        template=template,
        filter="none",
        listed=listed,
    )


REGISTER = Sheet(
    "evidence-register",
    gettext_lazy("Claimed and measured"),
    (
        Column(
            "title",
            gettext_lazy("Upgrade"),
            field="plan__title",
            read=lambda row: row.title,
            href=lambda row: reverse("evidence-effect", args=[row.id]),
        ),
        Column("firm", gettext_lazy("Firm"), field="plan__organisation__name", read=lambda row: row.firm),
        Column(
            "upgrade_kind",
            gettext_lazy("Kind"),
            "choice",
            field="plan__upgrade_kind",
            choices=UPGRADE_KINDS,
            read=lambda row: row.upgrade_kind,
        ),
        Column(
            "measure",
            pgettext_lazy("evidence", "Measure"),
            field="plan__measure",
            read=lambda row: row.measure,
            template="evidence/measure_cell.html",
        ),
        Column(
            "claim",
            gettext_lazy("Claimed"),
            "quantity",
            unit="%",
            decimals=1,
            field="plan__claim",
            read=lambda row: 100 * row.claim,
            filter="none",
        ),
        _percent("estimate", pgettext_lazy("evidence", "Measured"), template="evidence/effect_cell.html"),
        _percent("lower", gettext_lazy("From"), listed=False),
        _percent("upper", gettext_lazy("To"), listed=False),
        _percent("least", gettext_lazy("Shown at least")),
        _percent("coverage", gettext_lazy("Coverage")),
        Column(
            "method",
            gettext_lazy("Method"),
            "choice",
            filter="more",
            field="plan__method",
            choices=words.METHODS,
            read=lambda row: row.method,
            listed=False,
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
def register(request: HttpRequest) -> HttpResponseBase:
    """Show what was claimed beside what was measured, and what kinds of upgrade do on the whole."""
    viewer = viewer_of(request)
    require(viewer, "read_evidence", viewer.organisation_id)
    rows = queries.register_table(viewer, REGISTER.read(request.GET))
    labels = {one.code: one.label for one in measures.every()}
    return REGISTER.page(
        request,
        rows,
        template="evidence/register.html",
        pooled=queries.pooled(viewer),
        labels=labels,
        tab="register",
        **WORDS,
    )


@require_safe
def certificate(request: HttpRequest, effect_id: int) -> HttpResponse:
    """Show what an upgrade really did, with all it rests on, on one sheet of paper."""
    viewer = viewer_of(request)
    found = queries.effect(viewer, effect_id)
    plan = queries.plan(viewer, found.plan_id)
    result = queries.result(viewer, effect_id)
    context = {
        "effect": found,
        "plan": plan,
        "measure": measures.get(found.measure),
        "plot": chart_of(request, plan, found),
        "gates": [gate | {"count": gate["name"] in words.COUNTS} for gate in result["gates"]],
        "gate_words": words.GATES,
        "detail": result["detail"],
        "with_events": result["with_events"],
        "adjusted": result.get("adjusted"),
        **WORDS,
    }
    return render(request, "evidence/certificate.html", context)


@require_safe
def bundle(request: HttpRequest, effect_id: int) -> HttpResponse:
    """Hand out everything an effect rests on."""
    found = queries.bundle(viewer_of(request), effect_id)
    headers = {"Content-Disposition": f'attachment; filename="{found.name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(found.data, content_type="application/zip", headers=headers)
