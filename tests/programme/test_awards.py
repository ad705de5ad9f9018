"""Agreements, milestones and claims: a grant on its whole way, and every fault refused with its rule."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from award_kit import Award
from chanye.domains.programme.actions import agreements, claims, milestones
from chanye.domains.programme.agreement_text import content_of
from chanye.domains.programme.days import today
from chanye.domains.programme.models import Agreement, CaseDeed, Claim, Invoice, Milestone, Tranche
from chanye.domains.programme.queries import awards as queries
from chanye.domains.programme.queries import ledger
from chanye.domains.programme.rules import awards as rules
from chanye.domains.programme.types.awards import InvoiceDraft
from chanye.evidence import actions as evidence
from chanye.evidence.models import Plan
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import DAY
from chanye.parties.types import SYSTEM
from programme_kit import MILLION, Office

pytestmark = pytest.mark.django_db


@pytest.fixture
def office() -> Office:
    return Office()


def money(award: Award) -> dict[str, int]:
    """Return where the money of the project is, all years together."""
    found = ledger.of_application(award.office.finance, award.case.pk)
    names = ("commitment", "obligation", "payable", "paid", "clawback", "returned")
    return {name: total for name in names if (total := sum(getattr(one, name) for one in found))}


def test_a_grant_goes_its_whole_way_and_the_measured_tranche_follows_the_evidence(history, office) -> None:
    award = Award(history, office)
    award.plan(effect=0.12, claim=0.24)  # half of what it claims
    award.sign()
    assert money(award) == {"obligation": 5 * MILLION}
    record = queries.agreement(award.boss, award.agreement)
    assert record.sound
    assert {one.digest for one in record.signatures} == {record.head.digest}
    assert [(one.kind, one.amount) for one in record.tranches] == [
        ("start", 1_500_000_00), ("acceptance", 2_000_000_00), ("measured", 1_500_000_00)
    ]  # fmt: skip
    award.reach()
    award.settle(award.claim("start"))
    assert money(award) == {"obligation": 3_500_000_00, "paid": 1_500_000_00}
    # Eight million of ten million are proved: the grant is four million, the measured tranche 1.2 million.
    award.settle(award.claim("acceptance", (InvoiceDraft("2650 0001", 8 * MILLION, "Robot Ltd", today()),)))
    assert money(award) == {"obligation": 1_200_000_00, "paid": 2_800_000_00}

    award.measure(6)
    seen = {one.tranche: one for one in queries.previews(award.boss, award.agreement)}["measured"]
    assert seen.months == 6
    assert 0.3 < seen.share < 0.6  # the lower bound of an effect that is half of the claim
    award.settle(award.claim("measured"))
    award.measure(12)
    award.settle(award.claim("measured"))
    claim = Claim.objects.order_by("-pk").first()
    assert (claim.due["state"], claim.due["reason"]) == ("cure", "below")
    earned = claim.due["earned"]
    assert 0.35 < earned / 1_200_000_00 < 0.5
    assert money(award) == {"obligation": 1_200_000_00 - earned, "paid": 2_800_000_00 + earned}

    Claim.objects.filter(pk=claim.pk).update(approved_at=claim.approved_at - 181 * DAY)  # the time to cure is over
    award.settle(award.claim("measured"))
    assert money(award) == {"paid": 2_800_000_00 + earned}
    assert Agreement.objects.get(pk=award.agreement).state == "settled"
    assert ledger.verify_ledger(SYSTEM).broken_at is None
    assert sum(one.balance for one in ledger.trial_balance(office.finance)) == 0


def test_data_withheld_in_the_measuring_window_pay_nothing_and_a_plan_edited_after_freezing_is_refused(
    history, office
) -> None:
    award = Award(history, office)
    award.plan(dark=(335, 740))
    award.sign()
    award.reach()
    award.settle(award.claim("start"))
    award.settle(award.claim("acceptance", (InvoiceDraft("1", 10 * MILLION),)))
    effect = award.measure(12)
    whose = [("firm", "withheld", 0, 1_500_000_00), ("platform", "platform", 1_500_000_00, 0)]
    for blame, reason, pay, held in whose:
        evidence.declare_blame(actor=office.officer, effect_id=effect, blame=blame, reason="seen on the spot")
        (seen,) = [one for one in queries.previews(award.boss, award.agreement) if one.tranche == "measured"]
        assert (seen.least, seen.due.reason, seen.due.pay, seen.due.held) == (None, reason, pay, held)
    Agreement.objects.filter(pk=award.agreement).update(plan_digest="0" * 64)  # as if another plan had been agreed
    with pytest.raises(ConfigError, match="digest differs"):
        award.claim("measured")
    assert Plan.objects.get(pk=award.case.plan_id).digest != ""


@pytest.fixture
def award(office, tmp_path, monkeypatch) -> Award:
    """A project that is paid by milestones alone, signed."""
    found = Award(None, office, claim=None, measure="")
    found.sign()
    return found


def test_an_invoice_counts_once_everywhere_and_the_database_says_so(office, award) -> None:
    award.reach()
    first = award.claim("acceptance", (InvoiceDraft("044001900111-26500012", 2 * MILLION),))
    other = Award(None, office, "beta", claim=None, measure="")
    other.sign()
    other.reach()
    with pytest.raises(ConfigError, match=r"is used already, in claim 1 of agreement C1-001-XY"):
        other.claim("acceptance", (InvoiceDraft("０４４００１９００１１１ 26500012", MILLION),))
    with pytest.raises(ConfigError, match="used already"):  # twice in one claim
        other.claim("acceptance", (InvoiceDraft("7", MILLION), InvoiceDraft("7", MILLION)))
    again = {"claim_id": first, "number": "x", "plain_number": "04400190011126500012", "amount": 1}
    with pytest.raises(IntegrityError), transaction.atomic():
        Invoice.objects.create(**again)
    claims.refuse_claim(actor=office.auditor, claim_id=first, reason="a copy, not the invoice")
    other.claim("acceptance", (InvoiceDraft("044001900111-26500012", MILLION),))


def test_what_is_claimed_above_the_eligible_cost_is_refused(award) -> None:
    award.reach()
    with pytest.raises(ConfigError, match="more than the eligible cost"):
        award.claim("acceptance", (InvoiceDraft("1", 6 * MILLION), InvoiceDraft("2", 4 * MILLION + 1)))
    with pytest.raises(ConfigError, match="Add the invoices"):
        award.claim("acceptance")
    with pytest.raises(ConfigError, match="above nothing"):
        award.claim("acceptance", (InvoiceDraft("3", MILLION), InvoiceDraft("4", 0)))


def test_a_milestone_before_its_agreement_is_refused(office) -> None:
    award = Award(None, office, claim=None, measure="")
    with pytest.raises(ConfigError, match="once the application is approved"):
        agreements.draw_up_agreement(actor=office.officer, application_id=award.case.pk)
    award.sign()
    stone = Milestone.objects.filter(agreement_id=award.agreement).first()
    proof = [milestones.Proof(award.photo(), today())]

    def report(**values: object) -> None:
        given = {"done_on": today(), "proofs": proof} | values
        milestones.report_milestone(actor=award.boss, milestone_id=stone.pk, **given)

    with pytest.raises(ConfigError, match="before the agreement"):
        report(done_on=today() - timedelta(days=1))
    with pytest.raises(ConfigError, match="before the agreement"):
        report(proofs=[milestones.Proof(award.photo(), today() - timedelta(days=1))])
    with pytest.raises(ConfigError, match="not come yet"):
        report(done_on=today() + timedelta(days=1))
    with pytest.raises(ConfigError, match="at least one photo"):
        report(proofs=[])
    with pytest.raises(ConfigError, match="latitude"):
        report(proofs=[milestones.Proof(award.photo(), None, 91.0, 0.0)])
    Agreement.objects.filter(pk=award.agreement).update(state="offered", in_force_at=None)
    with pytest.raises(ConfigError, match="both sides have signed"):
        report()


def test_claims_wait_for_their_milestones(office, award) -> None:
    with pytest.raises(ConfigError, match="Milestones"):
        award.claim("start")
    award.reach()
    first = award.claim("start", key="k1")
    assert award.claim("start", key="k1") == first
    with pytest.raises(ConfigError, match="key"):
        award.claim("acceptance", key="k1")
    with pytest.raises(ConfigError, match="under way"):
        award.claim("start")
    with pytest.raises(ConfigError, match="no such tranche"):
        award.claim("measured")


def test_nobody_acts_twice_on_a_case_and_strangers_see_nothing(office, award) -> None:
    award.reach()
    claim = award.claim("start")
    both = office.person("both", "officer", "manager", "finance", "auditor")
    claims.verify_claim(actor=both, claim_id=claim)
    with pytest.raises(ConfigError, match="nobody acts twice"):
        claims.approve_claim(actor=both, claim_id=claim)
    with pytest.raises(DeniedError):
        claims.approve_claim(actor=office.finance, claim_id=claim)
    claims.approve_claim(actor=office.manager, claim_id=claim)
    with pytest.raises(ConfigError, match="nobody acts twice"):
        claims.pay_claim(actor=both, claim_id=claim)
    with pytest.raises(IntegrityError), transaction.atomic():  # the database has the last word
        CaseDeed.objects.create(application=award.case, person_id=both.person_id, duty="pay", at=0)
    claims.pay_claim(actor=office.finance, claim_id=claim)
    with pytest.raises(ConfigError, match="not at that step"):
        claims.pay_claim(actor=office.finance, claim_id=claim)
    other = Award(None, Office("other"), "beta")
    for stranger in (other.boss, other.office.manager):
        with pytest.raises(DeniedError):
            queries.agreement(stranger, award.agreement)
        with pytest.raises(DeniedError):
            claims.approve_claim(actor=stranger, claim_id=claim)


def test_an_audit_below_what_was_paid_is_clawed_back_and_given_back(office, award) -> None:
    award.reach()
    award.settle(award.claim("start"))  # 40 % of five million
    award.settle(award.claim("acceptance", (InvoiceDraft("1", 3 * MILLION),)))  # proves a grant of 1.5 million
    assert money(award) == {"paid": 1_500_000_00, "clawback": 500_000_00}
    with pytest.raises(ConfigError, match="owes"):
        claims.book_return(actor=office.finance, agreement_id=award.agreement, amount=500_000_01)
    claims.book_return(actor=office.finance, agreement_id=award.agreement, amount=500_000_00)
    assert money(award) == {"paid": 1_500_000_00, "returned": 500_000_00}


def test_the_text_that_was_signed_is_the_one_that_comes_into_force(office) -> None:
    award = Award(None, office, claim=None, measure="")
    award.sign()
    row = Agreement.objects.get(pk=award.agreement)
    assert rules.seal(content_of(row)) == (row.content, row.digest)
    Agreement.objects.filter(pk=row.pk).update(content=row.content.replace("500000000", "900000000"))
    assert not queries.agreement(award.boss, row.pk).sound
    assert Tranche.objects.filter(agreement=row).count() == 2


YEARS = st.dictionaries(st.integers(2026, 2029), st.integers(0, 10**9), max_size=4)


@given(YEARS, YEARS, st.integers(0, 10**9))
def test_settling_keeps_every_fen(have: dict[int, int], wanted: dict[int, int], pay: int) -> None:
    def settle() -> dict[str, tuple]:
        return rules.settle(have, wanted, pay, application_id=1, organisation_id=2, claim_id=3)

    if sum(have.values()) - sum(wanted.values()) < pay:
        with pytest.raises(ConfigError):
            settle()
        return
    after, paid = dict(have), 0
    for entries in settle().values():
        years: dict[int, int] = {}
        for one in entries:
            years[one.year] = years.get(one.year, 0) + one.amount
            if one.account == "obligation":
                after[one.year] = after.get(one.year, 0) + one.amount
            paid += one.amount if one.account == "payable" else 0
        assert not any(years.values())
    assert paid == pay
    assert {year: n for year, n in after.items() if n} == {year: n for year, n in wanted.items() if n}
