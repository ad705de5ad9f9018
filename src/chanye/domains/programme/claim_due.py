"""What a claim for a tranche would pay now, and why: read by the page before, and by the action when it is filed."""

from __future__ import annotations

from django.utils.translation import gettext as _

from chanye.domains.programme.award_rows import paid_of
from chanye.domains.programme.models import Agreement, Tranche
from chanye.domains.programme.rules import awards as rules
from chanye.domains.programme.rules import payout
from chanye.domains.programme.types.awards import Preview
from chanye.domains.programme.types.payout import Due, Found
from chanye.evidence import queries as evidence
from chanye.evidence.types import EffectRef
from chanye.kernel.errors import DeniedError
from chanye.kernel.time import DAY
from chanye.parties.types import SYSTEM


def preview(
    agreement: Agreement, tranche: Tranche, now: int, *, effect_id: int | None = None, claim_id: int = 0
) -> Preview:
    """Return what a claim would pay now, or the obstacle in its way.

    Parameters
    ----------
    effect_id
        Measurement to pay on; None: the newest.
    claim_id
        The claim that is looked at again, which is not in its own way.
    """
    paid = paid_of(tranche)
    obstacle = _obstacle(agreement, tranche, claim_id)
    if obstacle:
        return Preview(tranche.kind, tranche.amount, paid, None, obstacle)
    if tranche.kind == "measured":
        return _measured(agreement, tranche, paid, now, effect_id)
    if tranche.kind == "start":
        due = Due("full", tranche.amount, max(0, tranche.amount - paid), 0, 0, "begun")
        return Preview(tranche.kind, tranche.amount, paid, due, "")
    start = sum(paid_of(one) for one in agreement.tranches.filter(kind="start"))
    due = Due("full", tranche.amount + start, max(0, tranche.amount - paid), 0, 0, "accepted")
    return Preview(tranche.kind, tranche.amount, paid, due, "")


def _obstacle(agreement: Agreement, tranche: Tranche, claim_id: int) -> str:
    if agreement.state != "in_force":
        return _("The agreement is not in force: money is paid only under an agreement that both sides have signed.")
    if tranche.state == "settled":
        return _("This tranche is settled.")
    if tranche.claims.filter(state__in=("filed", "verified", "approved")).exclude(pk=claim_id).exists():
        return _("A claim for this tranche is under way.")
    waits = agreement.milestones.exclude(state="accepted")
    if tranche.kind == "start":
        waits = waits.filter(tranche="start")
    if waits.exists():
        return _("Milestones that this tranche waits for are not accepted yet.")
    if tranche.kind == "measured" and agreement.audited_cost is None:
        return _("The tranche of acceptance is claimed first: it fixes the cost that counts.")
    return ""


def _measured(agreement: Agreement, tranche: Tranche, paid: int, now: int, effect_id: int | None) -> Preview:
    def shut(words: str) -> Preview:
        return Preview(tranche.kind, tranche.amount, paid, None, words)

    plan = evidence.plan(SYSTEM, agreement.plan_id or 0)
    if plan.digest != agreement.plan_digest:
        return shut(_("The evidence plan is not the one that was agreed: its digest differs. Nothing is paid on it."))
    if plan.finished is None:
        return shut(_("The evidence plan does not know yet when the upgrade was finished: record it there."))
    found = _effect(agreement, effect_id)
    if found is None:
        return shut(_("Nothing has been measured yet: run the measurement of the evidence plan."))
    if found.plan_digest != agreement.plan_digest:
        return shut(_("This was measured by another plan than the one that was agreed: its digest differs."))
    terms = rules.terms_of(agreement.terms)
    months = rules.months_after(plan.finished, found.end)
    if months < terms.months[0][0]:
        return shut(
            _("Measured over %(seen)d months after the upgrade; the agreement pays from %(first)d months on.")
            % {"seen": months, "first": terms.months[0][0]}
        )
    cured = _cured(agreement, tranche, now, terms.cure_days)
    said = Found(months, None if found.verdict == "not_measurable" else found.least, found.blame)
    claim = agreement.claim or 0.0
    due = payout.measured(tranche.amount, paid, said, claim, terms, cured=cured)
    share = payout.share_of(said, claim)
    return Preview(
        tranche.kind, tranche.amount, paid, due, "", found.id, months, said.least,
        None if share is None else float(share), cured,
    )  # fmt: skip


def _effect(agreement: Agreement, effect_id: int | None) -> EffectRef | None:
    found = evidence.effects(SYSTEM, plan_ids=[agreement.plan_id or 0])
    if effect_id is None:
        return found[-1] if found else None
    chosen = next((one for one in found if one.id == effect_id), None)
    if chosen is None:
        raise DeniedError(_("There is no such effect, or it belongs to another plan."))
    return chosen


def _cured(agreement: Agreement, tranche: Tranche, now: int, cure_days: int) -> bool:
    """Tell whether the time to cure is over; it runs from the last claim that did not earn everything."""
    first = tranche.claims.filter(state="paid", due__state="cure").order_by("approved_at").first()
    return first is not None and now >= (first.approved_at or 0) + cure_days * DAY
