"""Writes of claims: filed by the firm, verified, approved and paid by three people of the office."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from chanye.domains.programme.actions.duties import take_duty
from chanye.domains.programme.actions.ledger import post_journal
from chanye.domains.programme.award_rows import bound, locked_agreement, locked_claim, paid_of
from chanye.domains.programme.claim_due import preview
from chanye.domains.programme.events import tell
from chanye.domains.programme.models import Agreement, Claim, Invoice, Tranche
from chanye.domains.programme.rules import awards as rules
from chanye.domains.programme.rules import payout
from chanye.domains.programme.rules.ledger import joined, move
from chanye.domains.programme.types.awards import InvoiceDraft
from chanye.domains.programme.types.payout import Due
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.money import format_money
from chanye.kernel.time import now_us
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine

MOST_INVOICES = 200


@transaction.atomic
def file_claim(
    *,
    actor: Viewer,
    agreement_id: int,
    tranche: str,
    invoices: Sequence[InvoiceDraft] = (),
    effect_id: int | None = None,
    key: str = "",
) -> int:
    """File a claim for a tranche and return its id.

    Parameters
    ----------
    tranche
        start, acceptance or measured.
    invoices
        What was bought, needed at acceptance; their sum stays within the eligible cost of the agreement.
    effect_id
        Measurement to be paid on; the newest of the agreement's plan by itself.
    key
        Client key: the same key and content files once.

    Raises
    ------
    ConfigError
        If something stands in the way, an invoice was used before (it says where), or too much is invoiced.
    DeniedError
        If the actor may not claim for the firm.
    """
    row = locked_agreement(actor, agreement_id)
    require(actor, "claim_funds", row.application.organisation_id)
    known = Claim.objects.filter(agreement=row, key=key[:64]).first() if key else None
    if known is not None:
        return _same(known, tranche, invoices)
    part = row.tranches.filter(kind=tranche).first()
    if part is None:
        raise ConfigError(_("The agreement has no such tranche."))
    seen = preview(row, part, now_us(), effect_id=effect_id)
    if seen.due is None:
        raise ConfigError(seen.obstacle)
    counted = sum(Invoice.objects.filter(claim__agreement=row, counts=True).values_list("amount", flat=True))
    total = payout.eligible_sum([one.amount for one in invoices], row.eligible_cost, counted)
    if tranche == "acceptance" and not counted + total:
        raise ConfigError(_("Add the invoices of the project: the grant is a share of what they prove."))
    claim = Claim.objects.create(
        agreement=row,
        tranche=part,
        number=row.claims.count() + 1,
        invoiced=total,
        effect_id=seen.effect_id,
        months=seen.months,
        cured=seen.cured,
        due=asdict(seen.due),
        pay=seen.due.pay,
        claw_back=seen.due.claw_back,
        key=key[:64] or None,
        filed_at=now_us(),
        filed_by=actor.name[:200],
    )
    _store_invoices(actor, row, claim, invoices)
    said = {"claim": claim.number, "tranche": tranche, "invoiced": total, "expected": claim.pay}
    tell(actor, row, "claim.filed", "file_claim", f"claim:{claim.pk}", said)
    return claim.pk


def _same(known: Claim, tranche: str, invoices: Sequence[InvoiceDraft]) -> int:
    stored = sorted(known.invoices.values_list("plain_number", "amount"))
    sent = sorted((rules.plain_number(one.number), one.amount) for one in invoices)
    if known.tranche.kind != tranche or stored != sent:
        raise ConfigError(_("This key was used before for another claim; give every claim its own."))
    return known.pk


def _store_invoices(actor: Viewer, row: Agreement, claim: Claim, drafts: Sequence[InvoiceDraft]) -> None:
    if len(drafts) > MOST_INVOICES:
        raise ConfigError(
            _("A claim holds at most %(n)d invoices: file the others with the next.") % {"n": MOST_INVOICES}
        )
    for one in drafts:
        plain = rules.plain_number(one.number)
        if not plain or one.amount <= 0:
            raise ConfigError(_("Every invoice has a number and an amount above nothing."))
        _refuse_used(plain, one.number)
        if one.file_id is not None:
            held = spine.file(actor, one.file_id)
            if held.organisation_id != row.application.organisation_id:
                raise DeniedError("There is no such file, or it belongs to another organisation.")
        try:
            with transaction.atomic():
                Invoice.objects.create(
                    claim=claim,
                    number=one.number.strip()[:64],
                    plain_number=plain,
                    seller=one.seller.strip()[:200],
                    dated=one.dated,
                    amount=one.amount,
                    file_id=one.file_id,
                )
        except IntegrityError:
            _refuse_used(plain, one.number)
            raise


def _refuse_used(plain: str, shown: str) -> None:
    used = Invoice.objects.filter(plain_number=plain, counts=True).select_related("claim__agreement").first()
    if used is not None:
        raise ConfigError(
            _("Invoice %(number)s is used already, in claim %(claim)s of agreement %(agreement)s: each counts once.")
            % {"number": shown[:64], "claim": used.claim.number, "agreement": used.claim.agreement.number}
        )


@transaction.atomic
def verify_claim(*, actor: Viewer, claim_id: int, eligible: Mapping[int, int] | None = None) -> None:
    """Verify a claim: its papers and measurement hold; the duty is ``verify``.

    Parameters
    ----------
    eligible
        What of an invoice is eligible, by the invoice's id [fen]; all of it where nothing is said.

    Raises
    ------
    ConfigError
        If it is not filed, more is found eligible than was invoiced, or what it rests on has changed.
    """
    claim = locked_claim(actor, claim_id)
    require(actor, "verify_claims", claim.agreement.application.office_id)
    _expect(claim, "filed")
    take_duty(actor=actor, application_id=claim.agreement.application_id, duty="verify")
    found = dict(eligible or {})
    if found.keys() - set(claim.invoices.values_list("pk", flat=True)):
        raise ConfigError(_("One of these invoices is not in the claim: give what is eligible by the claim's own."))
    for one in claim.invoices.all():
        one.eligible = found.get(one.pk, one.amount)
        if not 0 <= one.eligible <= one.amount:
            raise ConfigError(_("Of an invoice at least nothing and at most its amount is eligible."))
        one.save(update_fields=["eligible"])
    claim.eligible = sum(one.eligible or 0 for one in claim.invoices.all())
    claim.state = "verified"
    claim.verified_at, claim.verified_by = now_us(), actor.name[:200]
    _foresee(claim)
    claim.save()
    said = {"claim": claim.number, "eligible": claim.eligible, "pay": claim.pay}
    tell(actor, claim.agreement, "claim.verified", "verify_claim", f"claim:{claim.pk}", said)


def _foresee(claim: Claim) -> None:
    """Decide on a verified claim: what it pays, by the rules of its agreement."""
    row = claim.agreement
    if claim.tranche.kind == "acceptance":
        claim.due = asdict(_at_acceptance(row)[1])
    elif claim.tranche.kind == "measured":
        seen = preview(row, claim.tranche, now_us(), effect_id=claim.effect_id, claim_id=claim.pk)
        if seen.due is None:
            raise ConfigError(seen.obstacle)
        claim.due = asdict(seen.due)
    claim.pay, claim.claw_back = claim.due["pay"], claim.due["claw_back"]


def _at_acceptance(row: Agreement) -> tuple[dict[str, int], Due, int]:
    terms = rules.terms_of(row.terms)
    lines = Invoice.objects.filter(claim__agreement=row, counts=True)
    cost = sum(one.amount if one.eligible is None else one.eligible for one in lines)
    amounts = {one.kind: one.amount for one in row.tranches.all()}
    paid = sum(paid_of(one) for one in row.tranches.exclude(kind="measured"))
    new, due = payout.audited(amounts, paid, cost, row.grant, terms)
    return new, due, cost


def _expect(claim: Claim, state: str) -> None:
    if claim.state != state:
        raise ConfigError(_("This claim is not at that step: somebody has moved it on, or not yet."))


@transaction.atomic
def approve_claim(*, actor: Viewer, claim_id: int) -> None:
    """Approve a verified claim: the money becomes payable, what is not needed any more is free; duty ``approve``.

    Raises
    ------
    ConfigError
        If it is not verified, or the person has another duty in the case.
    """
    claim = locked_claim(actor, claim_id)
    row = claim.agreement
    require(actor, "approve_awards", row.application.office_id)
    _expect(claim, "verified")
    take_duty(actor=actor, application_id=row.application_id, duty="approve")
    _follow(claim)
    claim.state = "approved" if claim.pay else "paid"
    claim.approved_at, claim.approved_by = now_us(), actor.name[:200]
    claim.save()
    _book(actor, claim)
    said = {"claim": claim.number, "pay": claim.pay, "claw_back": claim.claw_back}
    tell(actor, row, "claim.approved", "approve_claim", f"claim:{claim.pk}", said)
    if claim.claw_back:
        tell(actor, row, "grant.clawed_back", "claw_back", f"claim:{claim.pk}", {"amount": claim.claw_back})
    _settle_agreement(row)


def _follow(claim: Claim) -> None:
    """Change the tranches as the claim decides."""
    row, part, state = claim.agreement, claim.tranche, claim.due["state"]
    if part.kind == "acceptance":
        new, _due, cost = _at_acceptance(row)
        row.audited_cost = cost
        row.save(update_fields=["audited_cost"])
        for one in row.tranches.exclude(pk=part.pk):
            one.amount = new[one.kind] if one.kind == "measured" else paid_of(one)
            one.state = "open" if one.kind == "measured" else "settled"
            one.save(update_fields=["amount", "state"])
        part.amount = claim.pay
        part.state = "settled"
    elif part.kind == "start" or state in ("full", "reduced", "lost"):
        part.amount = claim.due["earned"]
        part.state = "settled"
    part.save(update_fields=["amount", "state"])


def _book(actor: Viewer, claim: Claim) -> None:
    row = claim.agreement
    case = row.application
    about = {"application_id": case.pk, "organisation_id": case.organisation_id, "claim_id": claim.pk}
    wanted: dict[int, int] = {}
    for one in Tranche.objects.filter(agreement=row, state="open"):
        wanted[one.year] = wanted.get(one.year, 0) + one.amount - paid_of(one)
    entries = rules.settle(bound(case.pk, "obligation"), wanted, claim.pay, **about)
    if claim.claw_back:
        years = rules.take_from(bound(case.pk, "paid"), claim.claw_back)
        entries["claw_back"] = joined(*(move("claw_back", year, part, **about) for year, part in years.items()))
    for kind, lines in entries.items():
        words = f"{row.number}-{claim.number}"
        post_journal(actor=actor, office_id=case.office_id, kind=kind, words=words, entries=lines)


def _settle_agreement(row: Agreement) -> None:
    open_claims = row.claims.filter(state__in=("filed", "verified", "approved")).exists()
    if not open_claims and not row.tranches.filter(state="open").exists():
        row.state = "settled"
        row.save(update_fields=["state"])


@transaction.atomic
def pay_claim(*, actor: Viewer, claim_id: int) -> None:
    """Note that an approved claim has been paid; the duty is ``pay``.

    Raises
    ------
    ConfigError
        If it is not approved, or the person has another duty in the case.
    """
    claim = locked_claim(actor, claim_id)
    row = claim.agreement
    case = row.application
    require(actor, "pay_claims", case.office_id)
    _expect(claim, "approved")
    take_duty(actor=actor, application_id=case.pk, duty="pay")
    about = {"application_id": case.pk, "organisation_id": case.organisation_id, "claim_id": claim.pk}
    due = bound(case.pk, "payable", claim_id=claim.pk)
    lines = joined(*(move("pay", year, amount, **about) for year, amount in due.items()))
    words = f"{row.number}-{claim.number}"
    post_journal(actor=actor, office_id=case.office_id, kind="pay", words=words, entries=lines)
    claim.state, claim.paid_at, claim.paid_by = "paid", now_us(), actor.name[:200]
    claim.save(update_fields=["state", "paid_at", "paid_by"])
    tell(actor, row, "claim.paid", "pay_claim", f"claim:{claim.pk}", {"claim": claim.number, "paid": claim.pay})
    _settle_agreement(row)


@transaction.atomic
def refuse_claim(*, actor: Viewer, claim_id: int, reason: str) -> None:
    """Refuse a claim that is not approved, with a reason; its invoices may be used again.

    Raises
    ------
    ConfigError
        If it is approved already, or no reason is given.
    """
    claim = locked_claim(actor, claim_id)
    require(actor, "verify_claims", claim.agreement.application.office_id)
    if claim.state not in ("filed", "verified"):
        raise ConfigError(_("An approved claim is not refused: what is wrong with it is clawed back."))
    if not reason.strip():
        raise ConfigError(_("Say why: the firm reads it."))
    take_duty(actor=actor, application_id=claim.agreement.application_id, duty="verify")
    claim.state, claim.reason = "refused", reason.strip()[:1000]
    claim.save(update_fields=["state", "reason"])
    claim.invoices.update(counts=False)
    said: dict[str, Any] = {"claim": claim.number, "reason": claim.reason}
    tell(actor, claim.agreement, "claim.refused", "refuse_claim", f"claim:{claim.pk}", said)


@transaction.atomic
def book_return(*, actor: Viewer, agreement_id: int, amount: int) -> None:
    """Note that a firm has given money back that was clawed back.

    Parameters
    ----------
    amount
        [fen]

    Raises
    ------
    ConfigError
        If it is more than is owed.
    """
    row = locked_agreement(actor, agreement_id)
    case = row.application
    require(actor, "pay_claims", case.office_id)
    owed = bound(case.pk, "clawback")
    if not 0 < amount <= sum(owed.values()):
        raise ConfigError(
            _("The firm owes %(owed)s; give an amount above nothing and at most that.")
            % {"owed": format_money(sum(owed.values()))}
        )
    about = {"application_id": case.pk, "organisation_id": case.organisation_id}
    lines = joined(*(move("give_back", y, part, **about) for y, part in rules.take_from(owed, amount).items()))
    post_journal(actor=actor, office_id=case.office_id, kind="give_back", words=row.number, entries=lines)
    tell(actor, row, "grant.clawed_back", "book_return", f"agreement:{row.pk}", {"returned": amount})
