"""Reading a case: rules, findings, papers, reviews, what happened, what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from chanye.domains.programme.case_facts import rules_of, rulings_of
from chanye.domains.programme.case_rows import application_ref, dossier_of, seen_row, visible
from chanye.domains.programme.models import Application, Finding, Review
from chanye.domains.programme.review_rows import given_reviews
from chanye.domains.programme.rules.calibration import calibrate
from chanye.domains.programme.rules.eligibility import money
from chanye.domains.programme.rules.found import ASK, NOTE, STOP, words_of
from chanye.domains.programme.ties import told_ties
from chanye.domains.programme.types.applications import ApplicationRef, Event, FoundRef, Ruling
from chanye.domains.programme.types.calls import CallRef
from chanye.domains.programme.types.reviews import CaseReview, ReviewRef, Score
from chanye.kernel.errors import DeniedError
from chanye.parties import queries as parties
from chanye.parties.rules import require
from chanye.parties.types import SYSTEM, Viewer
from chanye.spine import queries as spine
from chanye.spine.types import FileRef

#: What the firm does not read of the office's work on its case.
_INTERNAL = frozenset({"take_duty", "assign_review", "declare_ties", "give_review", "run_checks", "answer_finding"})
_GRAVITY = {STOP: 0, ASK: 1, NOTE: 2}


def call_of(viewer: Viewer, application_id: int) -> CallRef:
    """Return the call of an application with the rules it is judged by."""
    return rules_of(seen_row(viewer, application_id))


def rulings(viewer: Viewer, application_id: int) -> tuple[Ruling, ...]:
    """Return what became of each rule of the call for an application.

    Raises
    ------
    DeniedError
        If the viewer may not see it.
    """
    row = seen_row(viewer, application_id)
    return rulings_of(row, dossier_of(row))


def findings(viewer: Viewer, application_id: int) -> list[FoundRef]:
    """Return what the checks found that still stands, the gravest first; for the office alone.

    Raises
    ------
    DeniedError
        If the viewer may not see the case, or is not of the office.
    """
    row = seen_row(viewer, application_id)
    require(viewer, "read_programme", row.office_id)
    rows = Finding.objects.filter(application=row, gone_at=None).select_related("answered_by")
    found = [
        FoundRef(
            one.check_code,
            one.severity,
            words_of(one.check_code, one.facts, money),
            one.ref,
            one.pk,
            one.answer,
            str(one.answered_by or ""),
            one.answered_at,
        )
        for one in rows
    ]
    return sorted(found, key=lambda one: (bool(one.answer), _GRAVITY[one.severity], one.check, one.ref))


def open_document(viewer: Viewer, application_id: int, document_id: int) -> tuple[FileRef, BinaryIO]:
    """Return a paper of an application that the viewer may see, open for reading.

    Raises
    ------
    DeniedError
        If there is none.
    """
    row = seen_row(viewer, application_id)
    paper = row.documents.filter(pk=document_id).first()
    if paper is None:
        raise DeniedError("There is no such paper.")
    # The file is the firm's; that it was given to the office is what the application says.
    ref = spine.file(SYSTEM, paper.file_id)
    return ref, spine.open_file(SYSTEM, ref)


def timeline(viewer: Viewer, application_id: int) -> list[Event]:
    """Return what happened to an application, newest first; the firm does not read the office's inner work.

    Raises
    ------
    DeniedError
        If the viewer may not see it.
    """
    row = seen_row(viewer, application_id)
    target, inside = f"application:{row.pk}", viewer.organisation_id == row.organisation_id
    rows = parties.history_of(SYSTEM, row.office_id, target)
    if inside or viewer.system:
        rows = [one for one in rows if viewer.system or one.verb not in _INTERNAL]
        rows += parties.history_of(SYSTEM, row.organisation_id, target)
    found = [Event(one.at, one.actor, one.verb, one.detail) for one in rows]
    return sorted(found, key=lambda one: -one.at)


def reviews(viewer: Viewer, application_id: int) -> CaseReview:
    """Return the reviews of an application's round with raw and calibrated scores; for the office alone.

    A reviewer reads the others' only after giving their own.

    Raises
    ------
    DeniedError
        If the viewer may not see the case, or is not of the office.
    """
    row = seen_row(viewer, application_id)
    require(viewer, "read_programme", row.office_id)
    rows = Review.objects.filter(application=row, round=row.round).select_related("person").order_by("assigned_at")
    scores, severities = calibrate(given_reviews(row.call_id))
    found = [_review_ref(row, one, severities) for one in rows]
    mine = next((one for one in found if one.person_id == viewer.person_id), None)
    if mine is not None and mine.state != "given":
        return CaseReview((mine,), None, _least(row), 0)
    given = sum(one.state == "given" for one in found)
    return CaseReview(tuple(found), _score(scores, row), _least(row), given)


def _least(row: Application) -> int:
    return int(rules_of(row).rule("reviews").get("least", 1))


def _score(scores: Mapping[int, Score], row: Application) -> Score | None:
    return scores.get(row.pk)


def _review_ref(row: Application, one: Review, severities: Mapping[int, float]) -> ReviewRef:
    scores: dict[str, dict[str, Any]] = one.scores
    return ReviewRef(
        id=one.pk,
        application_id=row.pk,
        person_id=one.person_id,
        person=str(one.person),
        state=one.state,
        scores={name: (float(held["score"]), str(held["why"])) for name, held in scores.items()},
        raw=one.raw,
        severity=severities.get(one.person_id) if one.raw is not None else None,
        advice=one.advice,
        comment=one.comment,
        ties=told_ties(row, one.person_id) if one.state == "blocked" else (),
        assigned_at=one.assigned_at,
        given_at=one.given_at,
    )


def my_reviews(viewer: Viewer) -> list[tuple[ReviewRef, ApplicationRef]]:
    """Return what the viewer is asked to review, open ones first, the oldest first."""
    rows = (
        Review.objects.filter(person_id=viewer.person_id or 0, application__in=visible(viewer))
        .exclude(state__in=("void", "blocked"))
        .select_related("application__call", "application__organisation", "application__asset", "person")
        .order_by("assigned_at")
    )
    found = [(_review_ref(one.application, one, {}), application_ref(one.application)) for one in rows]
    return sorted(found, key=lambda pair: pair[0].state == "given" or pair[1].state != "eligible")


def waiting(viewer: Viewer, application_id: int) -> int:
    """Return how many grave findings of a case are not answered."""
    row = seen_row(viewer, application_id)
    return Finding.objects.filter(application=row, severity=STOP, answer="", gone_at=None).count()


def seal(viewer: Viewer, application_id: int) -> tuple[int, str, int] | None:
    """Return round, digest and moment [us UTC] of the last submission of an application; None before the first."""
    row = seen_row(viewer, application_id)
    last = row.submissions.order_by("-round").first()
    return None if last is None else (last.round, last.digest, last.at)
