"""Writes of milestones: reported by the firm with proof, accepted or sent back by the office."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.programme.actions.duties import take_duty
from chanye.domains.programme.award_rows import locked_agreement
from chanye.domains.programme.days import day_of, today
from chanye.domains.programme.events import tell
from chanye.domains.programme.models import Agreement, Milestone, MilestoneProof
from chanye.domains.programme.rules.awards import check_day
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import now_us
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine

MOST_PROOFS = 20


@dataclass(frozen=True, slots=True)
class Proof:
    """A stored photo or document, when it was taken and where (WGS-84 [deg])."""

    file_id: int
    taken_on: date | None = None
    latitude: float | None = None
    longitude: float | None = None


@transaction.atomic
def report_milestone(
    *, actor: Viewer, milestone_id: int, done_on: date, proofs: Sequence[Proof], note: str = ""
) -> None:
    """Report that a milestone is reached, with proof.

    Raises
    ------
    ConfigError
        If the agreement is not in force, it was done before the agreement, there is no proof, or it is accepted.
    DeniedError
        If the actor may not claim for the firm, or a file is not the firm's.
    """
    agreement, stone = _held(actor, milestone_id)
    firm = agreement.application.organisation_id
    require(actor, "claim_funds", firm)
    if agreement.in_force_at is None or agreement.state != "in_force":
        raise ConfigError(_("A milestone counts only under an agreement that both sides have signed."))
    if stone.state == "accepted":
        raise ConfigError(_("This milestone is accepted already."))
    check_day(done_on, day_of(agreement.in_force_at), today())
    if not proofs or len(proofs) > MOST_PROOFS:
        raise ConfigError(_("Add at least one photo or document, and at most %(n)d.") % {"n": MOST_PROOFS})
    for one in proofs:
        if one.taken_on is not None:
            check_day(one.taken_on, day_of(agreement.in_force_at), today())
        _check_place(one)
        if spine.file(actor, one.file_id).organisation_id != firm:
            raise DeniedError("There is no such file, or it belongs to another organisation.")
    now = now_us()
    MilestoneProof.objects.bulk_create(
        MilestoneProof(
            milestone=stone,
            file_id=one.file_id,
            taken_on=one.taken_on,
            latitude=one.latitude,
            longitude=one.longitude,
            at=now,
        )
        for one in proofs
    )
    stone.state, stone.done_on, stone.note = "reported", done_on, note.strip()[:1000]
    stone.reported_at, stone.reported_by, stone.reason = now, actor.name[:200], ""
    stone.save()
    said = {"milestone": stone.position, "done": str(done_on), "proofs": len(proofs)}
    tell(actor, agreement, "milestone.reported", "report_milestone", f"agreement:{agreement.pk}", said)


def _check_place(one: Proof) -> None:
    if (one.latitude is None) != (one.longitude is None):
        raise ConfigError(_("A place has a latitude and a longitude: give both, or neither."))
    if (
        one.latitude is not None
        and one.longitude is not None
        and not (-90 <= one.latitude <= 90 and -180 <= one.longitude <= 180)
    ):
        raise ConfigError(_("A latitude lies between -90 and 90 degrees, a longitude between -180 and 180."))


@transaction.atomic
def judge_milestone(*, actor: Viewer, milestone_id: int, accept: bool, reason: str = "") -> None:
    """Accept a reported milestone, or send it back with a reason; the duty is ``verify``.

    Raises
    ------
    ConfigError
        If it is not reported, a reason is missing, or the person has another duty in the case.
    """
    agreement, stone = _held(actor, milestone_id)
    require(actor, "verify_claims", agreement.application.office_id)
    if stone.state != "reported":
        raise ConfigError(_("This milestone is not reported."))
    if not accept and not reason.strip():
        raise ConfigError(_("Say why: the firm reads it."))
    take_duty(actor=actor, application_id=agreement.application_id, duty="verify")
    stone.state = "accepted" if accept else "returned"
    stone.judged_at, stone.judged_by, stone.reason = now_us(), actor.name[:200], reason.strip()[:1000]
    stone.save()
    said = {"milestone": stone.position, "state": stone.state}
    tell(actor, agreement, "milestone.accepted", "judge_milestone", f"agreement:{agreement.pk}", said)


def _held(actor: Viewer, milestone_id: int) -> tuple[Agreement, Milestone]:
    stone = Milestone.objects.filter(pk=milestone_id).first()
    if stone is None:
        raise DeniedError(_("There is no such milestone, or it is not open to you."))
    agreement = locked_agreement(actor, stone.agreement_id)
    stone.refresh_from_db()
    return agreement, stone
