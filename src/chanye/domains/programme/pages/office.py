"""The office's side: overview of the programme, the table of applications, the record of one with every act on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from chanye.domains.programme.actions import applications, checks, reviews
from chanye.domains.programme.pages import calls_words as words
from chanye.domains.programme.pages import typed
from chanye.domains.programme.pages.funding import record_context
from chanye.domains.programme.queries import applications as queries
from chanye.domains.programme.queries import calls as call_queries
from chanye.domains.programme.queries import cases
from chanye.domains.programme.queries.calls import Asked
from chanye.domains.programme.rules.conflicts import ADVICE
from chanye.domains.programme.rules.found import SEVERITY_WORDS
from chanye.domains.programme.rules.kinds import CRITERIA
from chanye.domains.programme.rules.moves import GRANTED, MOVES, moves_from
from chanye.domains.programme.types.calls import CallRef
from chanye.domains.programme.words import DUTY_WORDS, STATE_WORDS
from chanye.evidence.types import UPGRADE_KINDS
from chanye.kernel.errors import ConfigError
from chanye.parties import queries as parties
from chanye.parties.rules import PERMISSIONS, may, require
from chanye.parties.sectors import SECTORS
from chanye.parties.types import SYSTEM, Viewer
from chanye.sheets import Column, Sheet

_GIVEN = {code: word for code, word in STATE_WORDS.items() if code != "draft"}
CASES = Sheet(
    "applications",
    gettext_lazy("Applications"),
    (
        Column("number", gettext_lazy("Number")),
        Column("firm", gettext_lazy("Firm"), field="organisation__name"),
        Column("title", gettext_lazy("Title")),
        Column("state", gettext_lazy("State"), "choice", choices=_GIVEN, template="programme/state_cell.html"),
        Column("call_code", gettext_lazy("Call for applications"), "reference", field="call__code"),
        Column("sector", gettext_lazy("Sector"), "choice", choices=SECTORS, filter="more"),
        Column("upgrade_kind", gettext_lazy("Kind"), "choice", choices=UPGRADE_KINDS, filter="more", listed=False),
        Column("project_code", gettext_lazy("Project code"), listed=False),
        Column("eligible_cost", gettext_lazy("Costs that count"), "money", total=True, listed=False),
        Column("requested", gettext_lazy("Requested"), "money", total=True),
        Column("approved", gettext_lazy("Approved"), "money", total=True, listed=False),
        Column("score", gettext_lazy("Score"), "quantity", unit="1", decimals=1),
        Column("submitted_at", gettext_lazy("Submitted"), "moment"),
    ),
    order="-submitted_at",
    href=lambda one: reverse("programme-application", args=[one.id]),
)
#: States in which the office has something to do, in the order of urgency.
OPEN = ("submitted", "eligible", "reviewed", "approved")


def office_of(request: HttpRequest) -> Viewer:
    """Return who looks, who must work for the office of a district."""
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]  # set by viewer_middleware
    require(viewer, "read_programme", viewer.organisation_id)
    return viewer


@dataclass(frozen=True, slots=True)
class CallCard:
    """A call on the overview: its counts by state and how much of its money is asked for and given."""

    call: CallRef
    counts: list[tuple[str, int]]
    requested: int
    granted: int
    envelope: int

    @property
    def whole(self) -> int:
        """What the bar is drawn against. [fen]."""
        return max(self.envelope, self.requested + self.granted, 1)


def _card(call: CallRef, asked: dict[str, Asked]) -> CallCard:
    counts = [(state, asked[state].count) for state in STATE_WORDS if state in asked]
    return CallCard(
        call,
        counts,
        sum(
            one.requested
            for state, one in asked.items()
            if state in ("submitted", "returned", "eligible", "reviewed")
        ),
        sum(one.approved for state, one in asked.items() if state in GRANTED),
        sum(call.rule("envelope").get("years", {}).values()),
    )


@require_safe
def programme(request: HttpRequest) -> HttpResponse:
    """Show calls with their money, what waits for whom, and where to go on."""
    viewer = office_of(request)
    if viewer.roles <= {"reviewer"}:
        return redirect("programme-reviews")
    asked: dict[int, dict[str, Asked]] = {}
    for (call, state), one in call_queries.asked(viewer).items():
        asked.setdefault(call, {})[state] = one
    cards = [_card(call, asked.get(call.id, {})) for call in call_queries.calls(viewer)]
    totals = {state: sum(dict(card.counts).get(state, 0) for card in cards) for state in OPEN}
    context = {
        "cards": cards,
        "waiting": [(state, STATE_WORDS[state], count, words.NEXT[state]) for state, count in totals.items()],
        "call_states": words.CALL_STATES,
        "call_tones": words.CALL_TONES,
        "may_run": may(viewer, "run_calls", viewer.organisation_id),
        "may_review": may(viewer, "review_applications", viewer.organisation_id),
        "reviews": sum(one.state != "given" and ref.state == "eligible" for one, ref in cases.my_reviews(viewer)),
    }
    return render(request, "programme/programme.html", context)


@require_safe
def table(request: HttpRequest) -> HttpResponseBase:
    """List the applications given to the office."""
    viewer = office_of(request)
    rows = queries.table(viewer, CASES.read(request.GET))
    return CASES.page(request, rows, template="programme/applications.html")


@require_http_methods(["GET", "HEAD", "POST"])
def application(request: HttpRequest, application_id: int) -> HttpResponse:
    """Show one application with its rules, findings, papers and reviews, and take what is done with it."""
    viewer, fault = office_of(request), ""
    if request.method == "POST":
        try:
            _act(request, viewer, application_id)
        except ConfigError as error:
            fault = str(error)
        else:
            return redirect("programme-application", application_id)
    context = record_context(viewer, application_id) | _office_context(viewer, application_id)
    return render(request, "programme/application.html", context | {"fault": fault}, status=422 if fault else 200)


def _act(request: HttpRequest, viewer: Viewer, application_id: int) -> None:
    post = request.POST
    do = post.get("do", "")
    if do == "checks":
        checks.run_checks(actor=viewer, application_id=application_id)
    elif do == "answer":
        finding = typed.whole(post.get("finding", ""))
        answer = post.get("answer", "")
        checks.answer_finding(actor=viewer, application_id=application_id, finding_id=finding, answer=answer)
    elif do == "assign":
        person = typed.whole(post.get("person", ""))
        why = reviews.assign_review(actor=viewer, application_id=application_id, person_id=person)
        if why:
            messages.warning(request, _("This reviewer is blocked: %(why)s.") % {"why": why})
    else:
        given = post.get("amount", "")
        applications.advance(
            actor=viewer,
            application_id=application_id,
            move=do,
            reason=post.get("reason", ""),
            amount=typed.amount(given) if given.strip() else None,
        )


def _office_context(viewer: Viewer, application_id: int) -> dict[str, Any]:
    one = queries.application(viewer, application_id)
    case = cases.reviews(viewer, application_id)
    asked = {review.person_id for review in case.reviews}
    people = parties.members(SYSTEM, one.office_id)
    holders = PERMISSIONS["review_applications"]
    moves = [move for move in moves_from(one.state, "office") if may(viewer, MOVES[move].permission, one.office_id)]
    return {
        "findings": cases.findings(viewer, application_id),
        "severity_words": SEVERITY_WORDS,
        "gravity_tones": words.GRAVITY_TONES,
        "case": case,
        "deeds": queries.deeds(viewer, application_id),
        "duties": DUTY_WORDS,
        "reviewers": [
            person
            for person in people
            if holders & set(person.roles) and person.person_id not in asked and person.active
        ],
        "review_states": words.REVIEW_STATES,
        "review_tones": words.REVIEW_TONES,
        "advice": ADVICE,
        "criteria": CRITERIA,
        "plain_moves": [move for move in moves if not MOVES[move].reason and move != "approve"],
        "reason_moves": [move for move in moves if MOVES[move].reason],
        "may_approve": "approve" in moves,
        "may_check": may(viewer, "check_applications", one.office_id),
        "next": words.NEXT.get(one.state, ""),
    }
