"""Reviews: assign, declare ties, score, conclude."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.programme.case_duties import take_in
from chanye.domains.programme.case_facts import rules_of
from chanye.domains.programme.case_rows import locked_row
from chanye.domains.programme.models import Application, CaseDeed, Conflict, Review
from chanye.domains.programme.rules.calibration import weighted
from chanye.domains.programme.rules.conflicts import ADVICE, TIES
from chanye.domains.programme.rules.kinds import CRITERIA
from chanye.domains.programme.ties import ties_of
from chanye.domains.programme.words import DUTY_WORDS
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import now_us
from chanye.parties import queries as parties
from chanye.parties.audit import record
from chanye.parties.rules import PERMISSIONS, require
from chanye.parties.types import SYSTEM, Viewer

LEAST_WORDS = 10


def _tell(actor: Viewer, verb: str, row: Application, **detail: object) -> None:
    target = f"application:{row.pk}"
    record(actor=actor, verb=verb, target=target, detail=detail, organisation_id=row.office_id)


@transaction.atomic
def assign_review(*, actor: Viewer, application_id: int, person_id: int) -> str:
    """Ask a reviewer for a judgement; return why that is blocked, in words, empty if it is not.

    A reviewer with a tie that is known by shared identifiers is kept as blocked: the refusal is on record.

    Raises
    ------
    ConfigError
        If the case is not in review, or the person is no reviewer or has another duty in it.
    DeniedError
        If the actor may not see the case or check applications.
    """
    row = locked_row(actor, application_id)
    require(actor, "check_applications", row.office_id)
    if row.state != "eligible":
        raise ConfigError(_("Reviewers are asked while an application is in review."))
    _require_reviewer(row, person_id)
    ties = ties_of(row, person_id)
    review, new = Review.objects.get_or_create(
        application=row,
        person_id=person_id,
        round=row.round,
        defaults={"assigned_at": now_us(), "state": "blocked" if ties else "assigned"},
    )
    if ties:
        Review.objects.filter(pk=review.pk).update(state="blocked")
        _keep_ties(row, person_id, ties)
    if new or ties:
        _tell(actor, "assign_review", row, person=person_id, blocked=ties)
    return "; ".join(ties)


def _require_reviewer(row: Application, person_id: int) -> None:
    members = {one.person_id: one for one in parties.members(SYSTEM, row.office_id)}
    if person_id not in members or PERMISSIONS["review_applications"].isdisjoint(members[person_id].roles):
        raise ConfigError(_("Only people of the office with the role of a reviewer can be asked."))
    deed = CaseDeed.objects.filter(application=row, person_id=person_id).first()
    if deed is not None and deed.duty != "review":
        raise ConfigError(
            _("%(person)s has the duty “%(duty)s” in this case: nobody acts twice on one case.")
            % {"person": members[person_id].name, "duty": DUTY_WORDS[deed.duty]}
        )


def _keep_ties(row: Application, person_id: int, ties: list[str]) -> None:
    known = set(Conflict.objects.filter(application=row, person_id=person_id).values_list("text", flat=True))
    Conflict.objects.bulk_create(
        Conflict(application=row, person_id=person_id, kind="shared", text=text, found=True, at=now_us())
        for text in ties
        if text not in known
    )


def _own_review(actor: Viewer, application_id: int) -> tuple[Application, Review]:
    row = locked_row(actor, application_id)
    require(actor, "review_applications", row.office_id)
    review = Review.objects.filter(application=row, person_id=actor.person_id or 0, round=row.round).first()
    if review is None:
        raise DeniedError(_("You are not asked to review this application."))
    if row.state != "eligible":
        raise ConfigError(_("The review of this application is over."))
    return row, review


@transaction.atomic
def declare_ties(*, actor: Viewer, application_id: int, ties: Mapping[str, str]) -> str:
    """Declare one's ties to the firm and its suppliers, none by an empty mapping; return the state of the review.

    Parameters
    ----------
    ties
        A key of ``rules.conflicts.TIES`` -> what it is. Any tie blocks the review.

    Raises
    ------
    ConfigError
        If a tie is of no known kind or not explained, or the person has another duty in the case.
    DeniedError
        If the actor is not asked to review this application.
    """
    row, review = _own_review(actor, application_id)
    if review.state not in ("assigned", "declared"):
        raise ConfigError(_("This review is given or blocked already."))
    for kind, text in ties.items():
        if kind not in TIES or not text.strip():
            raise ConfigError(_("Say in a few words what the tie is."))
    now = now_us()
    if ties:
        Conflict.objects.bulk_create(
            Conflict(application=row, person_id=review.person_id, kind=kind, text=text.strip()[:500], at=now)
            for kind, text in ties.items()
        )
        review.state = "blocked"
    else:
        take_in(actor, row, "review")
        review.state = "declared"
    review.declared_at = now
    review.save()
    _tell(actor, "declare_ties", row, ties=sorted(ties))
    return review.state


@transaction.atomic
def give_review(
    *,
    actor: Viewer,
    application_id: int,
    scores: Mapping[str, tuple[float, str]],
    advice: str,
    comment: str = "",
) -> float:
    """Give one's scores with the reason of each, and return their weighted mean (0..100).

    Parameters
    ----------
    scores
        criterion -> (0..100, why); every criterion of the call.

    Raises
    ------
    ConfigError
        If ties are not declared, a criterion is missing, out of range or not explained.
    DeniedError
        If the actor is not asked to review this application.
    """
    row, review = _own_review(actor, application_id)
    if review.state not in ("declared", "given"):
        raise ConfigError(_("Declare first whether you have a tie to the firm or its suppliers."))
    weights = dict(rules_of(row).rule("criteria").get("weights", {}))
    kept: dict[str, dict[str, Any]] = {}
    for name in weights:
        score, why = scores.get(name, (float("nan"), ""))
        if not 0 <= score <= 100:
            raise ConfigError(_("%(name)s: give a score from 0 to 100.") % {"name": CRITERIA[name]})
        if len(why.strip()) < LEAST_WORDS:
            raise ConfigError(
                _("%(name)s: say why, in %(n)s characters or more.") % {"name": CRITERIA[name], "n": LEAST_WORDS}
            )
        kept[name] = {"score": float(score), "why": why.strip()[:2000]}
    if advice not in ADVICE:
        raise ConfigError(_("Choose what you advise."))
    take_in(actor, row, "review")
    review.scores, review.advice, review.comment = kept, advice, comment.strip()[:4000]
    review.raw = weighted({name: one["score"] for name, one in kept.items()}, weights)
    review.state, review.given_at = "given", now_us()
    review.save()
    _tell(actor, "give_review", row, raw=round(review.raw, 2), advice=advice)
    return review.raw
