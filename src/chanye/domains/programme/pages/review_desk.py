"""The reviewer's desk: one list of what is asked, the declaration of ties, the scores."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from chanye.domains.programme.actions import identities, reviews
from chanye.domains.programme.pages import calls_words as words
from chanye.domains.programme.pages import typed
from chanye.domains.programme.pages.funding import record_context
from chanye.domains.programme.pages.office import office_of
from chanye.domains.programme.queries import cases
from chanye.domains.programme.queries import identities as known
from chanye.domains.programme.rules.conflicts import ADVICE, TIES
from chanye.domains.programme.rules.kinds import CRITERIA
from chanye.domains.programme.rules.plain import IDENTITIES
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.parties.types import Viewer


@require_safe
def my_reviews(request: HttpRequest) -> HttpResponse:
    """List what the viewer is asked to review, open ones first."""
    viewer = office_of(request)
    found = cases.my_reviews(viewer)
    context = {
        "todo": [(one, ref) for one, ref in found if one.state != "given" and ref.state == "eligible"],
        "done": [(one, ref) for one, ref in found if one.state == "given" or ref.state != "eligible"],
        "review_states": words.REVIEW_STATES,
        "review_tones": words.REVIEW_TONES,
        "known": known.of_person(viewer),
    }
    return render(request, "programme/reviews.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, application_id: int) -> HttpResponse:
    """Show what is judged with the form of the scores; the ties are declared first."""
    viewer, fault = office_of(request), ""
    if request.method == "POST":
        try:
            told = _act(request, viewer, application_id)
        except ConfigError as error:
            fault = str(error)
        else:
            messages.success(request, told)
            blocked = request.POST.get("do") == "declare" and request.POST.get("tied")
            stay = request.POST.get("do") == "declare" and not blocked
            return redirect("programme-review", application_id) if stay else redirect("programme-reviews")
    mine = next(
        (one for one in cases.reviews(viewer, application_id).reviews if one.person_id == viewer.person_id), None
    )
    if mine is None:
        raise DeniedError(_("You are not asked to review this application."))
    weights = cases.call_of(viewer, application_id).rule("criteria").get("weights", {})
    context = record_context(viewer, application_id)
    context |= {
        "mine": mine,
        "fault": fault,
        "ties": TIES,
        "advice": ADVICE,
        "criteria": [_criterion(request, mine.scores, code, weight) for code, weight in weights.items()],
        "chosen": request.POST.get("advice", mine.advice),
        "comment": request.POST.get("comment", mine.comment),
        "open": context["one"].state == "eligible",
    }
    return render(request, "programme/review.html", context, status=422 if fault else 200)


def _criterion(request: HttpRequest, scores: Any, code: str, weight: int) -> dict[str, Any]:
    score, why = scores.get(code, ("", ""))
    return {
        "code": code,
        "label": CRITERIA[code],
        "weight": weight,
        "score": request.POST.get(f"score-{code}", f"{score:g}" if score != "" else ""),
        "why": request.POST.get(f"why-{code}", why),
    }


def _act(request: HttpRequest, viewer: Viewer, application_id: int) -> str:
    post = request.POST
    if post.get("do") == "declare":
        ties = {kind: post.get(f"text-{kind}", "") for kind in post.getlist("tied") if kind}
        state = reviews.declare_ties(actor=viewer, application_id=application_id, ties=ties)
        return _("Your tie is on record; a colleague reviews this.") if state == "blocked" else _("Declared: no tie.")
    scores = {}
    for code in CRITERIA:
        score = typed.real(post.get(f"score-{code}", ""))
        if score is not None:
            scores[code] = (score, post.get(f"why-{code}", ""))
    raw = reviews.give_review(
        actor=viewer,
        application_id=application_id,
        scores=scores,
        advice=post.get("advice", ""),
        comment=post.get("comment", ""),
    )
    return _("Your review is given: %(score)s of 100.") % {"score": f"{raw:.1f}"}


@require_http_methods(["GET", "HEAD", "POST"])
def own_ties(request: HttpRequest) -> HttpResponse:
    """Show and take what a person of the office is known by, so that ties are found before they are asked."""
    viewer, fault = office_of(request), ""
    if request.method == "POST":
        values = [
            (kind, line) for kind in IDENTITIES for line in request.POST.get(kind, "").splitlines() if line.strip()
        ]
        try:
            identities.set_own_identities(actor=viewer, values=values)
        except ConfigError as error:
            fault = str(error)
        else:
            messages.success(request, _("Saved."))
            return redirect("programme-reviews")
    held = known.of_person(viewer)
    fields = [
        (kind, label, request.POST.get(kind, "\n".join(held.get(kind, ())))) for kind, label in IDENTITIES.items()
    ]
    context = {"fields": fields, "fault": fault, "may": True}
    return render(request, "programme/own_ties.html", context, status=422 if fault else 200)
