"""The firm's side: open calls, own applications, one application, what the firm is known by."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from chanye.domains.programme.actions import applications, drafts, identities
from chanye.domains.programme.days import today
from chanye.domains.programme.evidence_door import measure_words
from chanye.domains.programme.pages import calls_words as words
from chanye.domains.programme.queries import applications as queries
from chanye.domains.programme.queries import calls as call_queries
from chanye.domains.programme.queries import cases
from chanye.domains.programme.queries import identities as known
from chanye.domains.programme.rules.kinds import KINDS, METHOD_WORDS
from chanye.domains.programme.rules.moves import OPEN_TO_FIRM, moves_from
from chanye.domains.programme.rules.plain import IDENTITIES
from chanye.domains.programme.words import COST_KINDS, DOCUMENT_KINDS, STATE_WORDS
from chanye.evidence.types import UPGRADE_KINDS
from chanye.kernel.errors import ConfigError
from chanye.parties.rules import may, require
from chanye.parties.sectors import SECTORS
from chanye.parties.types import Viewer
from chanye.sheets import Column, Sheet

# Whatever a paper may hold, it runs nothing and loads nothing.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

OWN = Sheet(
    "own-applications",
    gettext_lazy("Your applications"),
    (
        Column("name", gettext_lazy("Application"), filter="none", sortable=False),
        Column("title", gettext_lazy("Title"), listed=False),
        Column("number", gettext_lazy("Number"), listed=False),
        Column("call_code", gettext_lazy("Call for applications"), "reference", field="call__code"),
        Column(
            "state",
            gettext_lazy("State"),
            "choice",
            choices=STATE_WORDS,
            template="programme/state_cell.html",
        ),
        Column("requested", gettext_lazy("Requested"), "money", total=True),
        Column("approved", gettext_lazy("Approved"), "money", total=True),
        Column("changed_at", gettext_lazy("Changed"), "moment"),
    ),
    order="-changed_at",
    href=lambda one: reverse("funding-application", args=[one.id]),
)


def firm_of(request: HttpRequest) -> Viewer:
    """Return who looks, who must read the applications of a firm."""
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]  # set by viewer_middleware
    require(viewer, "read_applications", viewer.organisation_id)
    return viewer


@require_safe
def funding(request: HttpRequest) -> HttpResponseBase:
    """Show open calls and the firm's own applications."""
    viewer = firm_of(request)
    open_calls = [one for one in call_queries.calls(viewer) if one.takes(today())]
    rows = queries.table(viewer, OWN.read(request.GET))
    return OWN.page(
        request,
        rows,
        template="programme/funding.html",
        calls=open_calls,
        may_apply=may(viewer, "apply_funds", viewer.organisation_id),
        known=known.of_firm(viewer),
    )


@require_POST
def start(request: HttpRequest, call_id: int) -> HttpResponse:
    """Begin an application under a call."""
    try:
        number = drafts.start_application(actor=firm_of(request), call_id=call_id)
    except ConfigError as error:
        messages.error(request, str(error))
        return redirect("funding")
    return redirect("funding-edit", number, "project")


def record_context(viewer: Viewer, application_id: int) -> dict[str, Any]:
    """Return what the record of an application shows on both sides."""
    dossier = queries.dossier(viewer, application_id)
    return {
        "one": dossier.head,
        "dossier": dossier,
        "call": cases.call_of(viewer, application_id),
        "rulings": cases.rulings(viewer, application_id),
        "events": cases.timeline(viewer, application_id),
        **shared_words(),
    }


def shared_words() -> dict[str, Any]:
    """Return the words that templates of both sides look up."""
    return {
        "measures": measure_words(),
        "kinds": KINDS,
        "methods": METHOD_WORDS,
        "sectors": SECTORS,
        "upgrade_kinds": UPGRADE_KINDS,
        "cost_kinds": COST_KINDS,
        "paper_kinds": DOCUMENT_KINDS,
        "ruling_words": words.RULING_WORDS,
        "ruling_tones": words.RULING_TONES,
        "buttons": words.BUTTONS,
    }


@require_http_methods(["GET", "HEAD", "POST"])
def application(request: HttpRequest, application_id: int) -> HttpResponse:
    """Show one application of the firm; submit or withdraw it."""
    viewer, fault = firm_of(request), ""
    if request.method == "POST":
        try:
            _act(viewer, application_id, request.POST.get("do", ""))
        except ConfigError as error:
            fault = str(error)
        else:
            return redirect("funding-application", application_id)
    context = record_context(viewer, application_id)
    one = context["one"]
    may_apply = may(viewer, "apply_funds", viewer.organisation_id)
    context |= {
        "fault": fault,
        "open": one.state in OPEN_TO_FIRM and may_apply,
        "moves": [move for move in moves_from(one.state, "firm") if may_apply],
        "next": words.NEXT_FIRM[one.state],
    }
    return render(request, "programme/funding_application.html", context, status=422 if fault else 200)


def _act(viewer: Viewer, application_id: int, move: str) -> None:
    if move == "submit":
        drafts.submit_application(actor=viewer, application_id=application_id)
    elif move == "withdraw":
        applications.advance(actor=viewer, application_id=application_id, move=move)
    else:
        raise ConfigError(_("There is no step “%(move)s”.") % {"move": move[:40]})


@require_safe
def document(request: HttpRequest, application_id: int, document_id: int, name: str) -> HttpResponseBase:
    """Send a paper of an application to whoever may see the application."""
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]  # set by viewer_middleware
    ref, stream = cases.open_document(viewer, application_id, document_id)
    response = FileResponse(stream, content_type=ref.media_type)
    response["Content-Disposition"] = content_disposition_header(ref.kind != "picture", ref.name) or "attachment"
    response["Content-Security-Policy"] = POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, max-age=3600"
    request.META.pop("HTTP_ACCEPT_ENCODING", None)  # compressed already: packing again only costs time
    return response


@require_safe
def paper(request: HttpRequest, application_id: int) -> HttpResponse:
    """Show an application to be printed on A4, on both sides."""
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]  # set by viewer_middleware
    context = record_context(viewer, application_id) | {"seal": cases.seal(viewer, application_id)}
    return render(request, "programme/application_paper.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def firm(request: HttpRequest) -> HttpResponse:
    """Show and take what the firm is known by: code, representative, phones, addresses, accounts."""
    viewer, fault = firm_of(request), ""
    if request.method == "POST":
        values = [
            (kind, line) for kind in IDENTITIES for line in request.POST.get(kind, "").splitlines() if line.strip()
        ]
        try:
            identities.set_firm_identities(actor=viewer, organisation_id=viewer.organisation_id or 0, values=values)
        except ConfigError as error:
            fault = str(error)
        else:
            messages.success(request, _("Saved."))
            return redirect("funding")
    held = known.of_firm(viewer)
    fields = [
        (kind, label, request.POST.get(kind, "\n".join(held.get(kind, ())))) for kind, label in IDENTITIES.items()
    ]
    context = {"fields": fields, "fault": fault, "may": may(viewer, "apply_funds", viewer.organisation_id)}
    return render(request, "programme/funding_firm.html", context, status=422 if fault else 200)
