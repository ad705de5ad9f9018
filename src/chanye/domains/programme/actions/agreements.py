"""Writes of agreements: drawn up from an approved application, signed by both sides; then the money is bound."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.programme.actions.applications import advance
from chanye.domains.programme.actions.ledger import post_journal
from chanye.domains.programme.agreement_text import content_of, spread_of, terms_of_case
from chanye.domains.programme.award_rows import bound, locked_agreement
from chanye.domains.programme.case_rows import locked_row
from chanye.domains.programme.days import today
from chanye.domains.programme.events import tell
from chanye.domains.programme.models import Agreement, Application, Milestone, Signature, Tranche
from chanye.domains.programme.rules import awards as rules
from chanye.domains.programme.rules import payout
from chanye.domains.programme.rules.ledger import joined, move
from chanye.domains.programme.types.payout import Terms
from chanye.evidence.actions.plans import freeze_plan
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.rules import require
from chanye.parties.types import Viewer


@transaction.atomic
def draw_up_agreement(*, actor: Viewer, application_id: int) -> int:
    """Draw up the agreement of an approved application from its call's rules; return its id. Again: the same one.

    Where the application claims an effect and has a plan to measure it, a part of the grant is paid by what is
    measured; else by milestones alone.

    Raises
    ------
    ConfigError
        If the application is not approved.
    DeniedError
        If the actor may not run calls.
    """
    case = locked_row(actor, application_id)
    require(actor, "run_calls", case.office_id)
    known = Agreement.objects.filter(application=case).first()
    if known is not None:
        return known.pk
    if case.state != "approved" or not case.approved:
        raise ConfigError(_("An agreement is drawn up once the application is approved."))
    terms = terms_of_case(case)
    amount = payout.grant(case.eligible_cost, case.approved, terms)
    now = now_us()
    row = Agreement.objects.create(
        application=case,
        number=f"{case.number or case.pk}-XY",
        terms=rules.terms_data(terms),
        grant=amount,
        eligible_cost=case.eligible_cost,
        claim=case.claim,
        measure=case.measure,
        plan_id=case.plan_id,
        created_at=now,
    )
    _parts(row, case, terms, amount, today())
    tell(actor, row, "agreement.offered", "draw_up_agreement", f"agreement:{row.pk}", {"grant": amount})
    return row.pk


def _parts(row: Agreement, case: Application, terms: Terms, amount: int, today: date) -> None:
    years = rules.years_of(terms, case.planned_start, case.planned_finish, today)
    Tranche.objects.bulk_create(
        Tranche(agreement=row, kind=kind, position=place, year=years[kind], amount=part)
        for place, (kind, part) in enumerate(payout.tranches(amount, terms).items(), 1)
    )
    due = {"start": case.planned_start, "acceptance": case.planned_finish}
    Milestone.objects.bulk_create(
        Milestone(agreement=row, position=place, kind=kind, tranche=tranche, due=due[tranche])
        for place, (kind, tranche) in enumerate(rules.FIRST_MILESTONES, 1)
    )


@transaction.atomic
def add_milestone(*, actor: Viewer, agreement_id: int, title: str, tranche: str, due: date | None = None) -> int:
    """Add a milestone to an agreement that nobody has signed; return its id.

    Raises
    ------
    ConfigError
        If it is signed, or the milestone has no title or no such tranche.
    """
    row = locked_agreement(actor, agreement_id)
    require(actor, "run_calls", row.application.office_id)
    if row.state != "draft":
        raise ConfigError(_("The agreement is signed: its milestones do not change any more."))
    if not title.strip() or tranche not in ("start", "acceptance"):
        raise ConfigError(_("Give the milestone a title, and the tranche that waits for it."))
    place = row.milestones.count() + 1
    stone = Milestone.objects.create(
        agreement=row, position=place, kind="other", title=title.strip()[:200], tranche=tranche, due=due
    )
    tell(actor, row, "agreement.offered", "add_milestone", f"agreement:{row.pk}", {"title": stone.title})
    return stone.pk


@transaction.atomic
def sign_agreement(*, actor: Viewer, agreement_id: int) -> str:
    """Sign an agreement for the actor's side and return the digest that was signed.

    The firm signs first: that freezes the evidence plan and seals the text. The office's manager signs second: that
    binds the money in the ledger, by years, and the agreement is in force.

    Raises
    ------
    ConfigError
        If it is not this side's turn, or the money is not committed.
    DeniedError
        If the actor may not sign for either side.
    """
    row = locked_agreement(actor, agreement_id)
    case = row.application
    if actor.organisation_id == case.organisation_id:
        require(actor, "claim_funds", case.organisation_id)
        _sign_firm(actor, row)
        return row.digest
    require(actor, "approve_awards", case.office_id)
    if row.state != "offered":
        raise ConfigError(_("The firm signs first; then the office."))
    if rules.digest_of(row.content) != row.digest:
        raise ConfigError(_("The text of the agreement is not the one that was signed: it cannot come into force."))
    advance(actor=actor, application_id=case.pk, move="agree")
    _bind(actor, row)
    _sign(actor, row, "office")
    row.state, row.in_force_at = "in_force", now_us()
    row.save(update_fields=["state", "in_force_at"])
    tell(actor, row, "agreement.signed", "sign_agreement", f"agreement:{row.pk}", {"digest": row.digest})
    return row.digest


def _sign_firm(actor: Viewer, row: Agreement) -> None:
    if row.state != "draft":
        raise ConfigError(_("This agreement is signed for the firm already."))
    if row.application.state != "approved":
        raise ConfigError(_("The application is not approved any more: there is nothing to sign."))
    if any(one.kind == "measured" for one in row.tranches.all()) and row.plan_id:
        row.plan_digest = freeze_plan(actor=actor, plan_id=row.plan_id)
    row.content, row.digest = rules.seal(content_of(row))
    row.state = "offered"
    row.save(update_fields=["plan_digest", "content", "digest", "state"])
    _sign(actor, row, "firm")
    tell(actor, row, "agreement.offered", "sign_agreement", f"agreement:{row.pk}", {"digest": row.digest})


def _sign(actor: Viewer, row: Agreement, side: str) -> None:
    if actor.person_id is None:
        raise ConfigError(_("A person signs: sign in as one."))
    Signature.objects.create(
        agreement=row, side=side, person_id=actor.person_id, name=actor.name[:200], digest=row.digest, at=now_us()
    )


def _bind(actor: Viewer, row: Agreement) -> None:
    """Turn the commitment of a project into obligations by year; what was committed above them is free again."""
    case = row.application
    about = {"application_id": case.pk, "organisation_id": case.organisation_id}
    wanted: dict[int, int] = {}
    for one in row.tranches.all():
        wanted[one.year] = wanted.get(one.year, 0) + one.amount
    have = bound(case.pk, "commitment")
    back = [move("uncommit", year, amount, **about) for year, amount in have.items()]
    if not back:
        raise ConfigError(_("No money is committed to this project: commit it first, with the portfolio or by hand."))
    again = [move("commit", year, amount, **about) for year, amount in wanted.items() if amount]
    oblige = [move("oblige", year, amount, **about) for year, amount in wanted.items() if amount]
    for kind, moves in (("uncommit", back), ("commit", again), ("oblige", oblige)):
        post_journal(actor=actor, office_id=case.office_id, kind=kind, words=row.number, entries=joined(*moves))


@transaction.atomic
def commit_award(*, actor: Viewer, application_id: int, year: int | None = None) -> int:
    """Commit the approved amount of one application in the ledger, by the years its tranches fall due; return it.

    Parameters
    ----------
    year
        All of it in this year, if given.

    Raises
    ------
    ConfigError
        If it is not approved, is committed, or an envelope does not hold so much.
    """
    case = locked_row(actor, application_id)
    require(actor, "approve_awards", case.office_id)
    if case.state != "approved" or not case.approved:
        raise ConfigError(_("Money is committed to approved applications."))
    if bound(case.pk, "commitment"):
        raise ConfigError(_("Money is committed to this project already."))
    spread = {year: case.approved} if year else spread_of(case, today())
    about = {"application_id": case.pk, "organisation_id": case.organisation_id}
    moves = [move("commit", one, amount, **about) for one, amount in spread.items() if amount]
    return post_journal(
        actor=actor, office_id=case.office_id, kind="commit", words=case.number or case.title, entries=joined(*moves)
    )
