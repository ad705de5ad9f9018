"""Rules of payment: whole fen, bounded, monotone; the closed form of their trial against drawing."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chanye.domains.programme.rules import payout
from chanye.domains.programme.rules.payout_trial import mean_share, trial
from chanye.domains.programme.types.payout import Found, TrancheTerms
from chanye.kernel.errors import ConfigError

TERMS = payout.USUAL
MONEY = st.integers(0, 2 * 10**12)
EFFECT = st.floats(-2, 2, allow_nan=False)
CLAIM = st.floats(0.001, 2)
PAID = st.integers(0, 10**11)


def test_the_grant_is_the_least_of_three() -> None:
    yuan = 100
    assert payout.grant(10_000_001, 10**12, TERMS) == 5_000_000  # half a fen stays in the fund
    assert payout.grant(200_000_000 * yuan, 10**12, TERMS) == 50_000_000 * yuan
    assert payout.grant(10_000_000 * yuan, 3_000_000 * yuan, TERMS) == 3_000_000 * yuan


@given(MONEY, MONEY, st.integers(0, 10**6))
def test_tranches_make_the_grant_to_the_fen(cost: int, approved: int, more: int) -> None:
    amount = payout.grant(cost, approved, TERMS)
    assert 0 <= amount <= min(TERMS.cap, approved)
    assert 2 * amount <= cost
    assert sum(payout.tranches(amount, TERMS).values()) == amount
    assert payout.grant(cost + more, approved, TERMS) >= amount


@given(MONEY, PAID, EFFECT, EFFECT, CLAIM, st.sampled_from([3, 6, 9, 12, 18]), st.booleans())
def test_what_is_earned_is_bounded_and_grows_with_the_evidence(
    amount: int, paid: int, low: float, high: float, claim: float, months: int, cured: bool
) -> None:
    low, high = sorted((low, high))
    paid = min(paid, amount)
    less = payout.measured(amount, paid, Found(months, low), claim, TERMS, cured=cured)
    more = payout.measured(amount, paid, Found(months, high), claim, TERMS, cured=cured)
    for due in (less, more):
        assert 0 <= due.earned <= amount
        assert due.pay >= 0
        assert due.claw_back >= 0
        assert due.held >= 0
        assert paid + due.pay + due.held <= amount
        assert not (due.pay and due.claw_back)
        assert months >= 12 or due.claw_back == 0
        if months >= 12 and cured:
            assert paid + due.pay - due.claw_back == due.earned
            assert due.held == 0
    assert less.earned <= more.earned


@given(MONEY, EFFECT, CLAIM)
def test_the_measured_tranche_is_the_rule_itself(amount: int, least: float, claim: float) -> None:
    due = payout.measured(amount, 0, Found(12, least), claim, TERMS, cured=True)
    exact = amount * min(max(Fraction(str(least)) / Fraction(str(claim)), Fraction(0)), Fraction(1))
    assert due.earned == exact.numerator // exact.denominator


def test_examples_by_hand() -> None:
    # 3,000,000 fen, claimed 12 %, at least 9 % shown: three quarters; by six months half of the tranche is open.
    six = payout.measured(3_000_000, 0, Found(6, 0.09), 0.12, TERMS)
    assert (six.state, six.pay) == ("interim", 1_125_000)
    twelve = payout.measured(3_000_000, 1_125_000, Found(12, 0.06), 0.12, TERMS)
    assert (twelve.state, twelve.earned, twelve.pay, twelve.held) == ("cure", 1_500_000, 375_000, 1_500_000)
    over = payout.measured(3_000_000, 1_500_000, Found(12, 0.03), 0.12, TERMS, cured=True)
    assert (over.state, over.claw_back) == ("reduced", 750_000)
    full = payout.measured(3_000_000, 1_500_000, Found(12, 0.2), 0.12, TERMS)
    assert (full.state, full.pay, full.held) == ("full", 1_500_000, 0)


def test_data_that_are_missing_count_against_whoever_lost_them() -> None:
    platform = payout.measured(1_000, 0, Found(12, None, "platform"), 0.1, TERMS)
    assert (platform.pay, platform.reason) == (1_000, "platform")
    for blame, reason in (("firm", "withheld"), ("", "unmeasurable")):
        held = payout.measured(1_000, 0, Found(12, None, blame), 0.1, TERMS)
        assert (held.state, held.pay, held.held, held.reason) == ("cure", 0, 1_000, reason)
        lost = payout.measured(1_000, 400, Found(12, None, blame), 0.1, TERMS, cured=True)
        assert (lost.state, lost.claw_back) == ("lost", 400)


def test_acceptance_pays_on_what_was_audited() -> None:
    amounts = payout.tranches(1_000_000, TERMS)
    new, due = payout.audited(amounts, 300_000, 1_600_000, 1_000_000, TERMS)
    assert sum(new.values()) == 800_000
    assert (due.pay, due.claw_back, new["measured"]) == (260_000, 0, 240_000)
    _, back = payout.audited(amounts, 300_000, 400_000, 1_000_000, TERMS)
    assert (back.pay, back.claw_back) == (0, 160_000)


def test_claims_above_the_eligible_cost_are_refused() -> None:
    assert payout.eligible_sum([40, 60], 100) == 100
    with pytest.raises(ConfigError, match="more than the eligible cost"):
        payout.eligible_sum([40, 60], 100, counted=1)
    with pytest.raises(ConfigError, match="claimed"):
        payout.factor(0.1, 0.0)


@pytest.mark.parametrize(
    "change",
    [{"share": 10_001}, {"cap": 0}, {"tranches": (TrancheTerms("start", 9_999),)}, {"months": ((6, 5_000),)},
     {"months": ((12, 10_000), (6, 10_000))}, {"one_sided": 0.4}, {"cure_days": -1},
     {"tranches": (TrancheTerms("gift", 10_000),)}],
)  # fmt: skip
def test_terms_that_cannot_be_are_refused(change: dict[str, object]) -> None:
    payout.check_terms(TERMS)
    with pytest.raises(ConfigError):
        payout.check_terms(replace(TERMS, **change))


def test_the_trial_of_a_rule_is_what_drawing_gives() -> None:
    rng = random.Random(7)
    for effect, noise, level in ((1.0, 0.3, 0.68), (0.0, 0.5, 0.68), (0.5, 0.2, 0.9)):
        z = {0.68: 0.4676988, 0.9: 1.2815516}[level]  # quantiles of the normal distribution, as printed in tables
        drawn = [min(max(rng.gauss(effect, noise) - z * noise, 0.0), 1.0) for _ in range(40_000)]
        assert mean_share(effect, noise, level) == pytest.approx(sum(drawn) / len(drawn), abs=0.006)
    found = {one.rule: one for one in trial(0.4)}
    assert found["unmeasured"].gain == 1
    assert found["bound_90"].gain < found["bound_68"].gain < found["estimate"].gain < 0.2
    assert found["bound_90"].cost > found["bound_68"].cost > found["estimate"].cost > 0
