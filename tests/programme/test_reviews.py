"""Reviews: ties block, every score has a reason, severity is taken off, and nobody concludes too early."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chanye.domains.programme.actions import identities, reviews
from chanye.domains.programme.actions.applications import advance
from chanye.domains.programme.actions.duties import take_duty
from chanye.domains.programme.models import CaseDeed, Conflict, Review
from chanye.domains.programme.queries import applications as queries
from chanye.domains.programme.queries import cases
from chanye.domains.programme.rules.calibration import Given, calibrate
from chanye.domains.programme.starter import starter_rules
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.parties.models import Membership
from chanye.parties.types import Viewer
from programme_kit import Firm, Office, open_call, submitted

WEIGHTS = next(one.value["weights"] for one in starter_rules(2026) if one.kind == "criteria")
WHY = "The plan names the cell, the cycle time and the meter."


@pytest.fixture
def case(office: Office, firm: Firm) -> int:
    number = submitted(firm, open_call(office))
    advance(actor=office.officer, application_id=number, move="accept")
    return number


def give(who: Viewer, case: int, score: float) -> float:
    reviews.declare_ties(actor=who, application_id=case, ties={})
    scores = dict.fromkeys(WEIGHTS, (score, WHY))
    return reviews.give_review(actor=who, application_id=case, scores=scores, advice="support")


def assign(office: Office, case: int, who: Viewer) -> str:
    return reviews.assign_review(actor=office.officer, application_id=case, person_id=who.person_id or 0)


def test_a_review_goes_its_way_and_is_concluded_with_enough_of_them(office: Office, case: int) -> None:
    one, other, _third = office.reviewers
    assert assign(office, case, one) == ""
    assert assign(office, case, other) == ""
    with pytest.raises(ConfigError, match="tie"):
        reviews.give_review(actor=one, application_id=case, scores={}, advice="support")
    assert give(one, case, 80) == pytest.approx(80)
    assert cases.reviews(other, case).reviews[0].person_id == other.person_id, "not the others' before one's own"
    assert len(cases.reviews(other, case).reviews) == 1
    with pytest.raises(ConfigError, match="1 of 2 reviews"):
        advance(actor=office.officer, application_id=case, move="conclude")
    give(other, case, 60)
    assert advance(actor=office.officer, application_id=case, move="conclude") == "reviewed"
    told = cases.reviews(office.officer, case)
    assert told.score is not None
    assert (told.score.raw, told.score.spread, told.missing) == (70, 20, 0)
    assert queries.application(office.officer, case).score == pytest.approx(70)
    assert [
        one.id
        for one in queries.open_for_portfolio(office.manager, queries.application(office.manager, case).call_id)
    ] == [case]
    with pytest.raises(ConfigError, match="nobody acts twice"):
        take_duty(actor=one, application_id=case, duty="pay")
    assert set(CaseDeed.objects.filter(application_id=case).values_list("duty", flat=True)) == {"enter", "review"}


@pytest.mark.parametrize(
    ("scores", "advice", "said"),
    [
        ({}, "support", "from 0 to 100"),
        (dict.fromkeys(WEIGHTS, (101, WHY)), "support", "from 0 to 100"),
        (dict.fromkeys(WEIGHTS, (float("nan"), WHY)), "support", "from 0 to 100"),
        (dict.fromkeys(WEIGHTS, (50, "good")), "support", "say why"),
        (dict.fromkeys(WEIGHTS, (50, WHY)), "maybe", "advise"),
    ],
)
def test_a_score_needs_a_number_and_a_reason(
    office: Office, case: int, scores: dict[str, tuple[float, str]], advice: str, said: str
) -> None:
    who = office.reviewers[0]
    assign(office, case, who)
    reviews.declare_ties(actor=who, application_id=case, ties={})
    with pytest.raises(ConfigError, match=said):
        reviews.give_review(actor=who, application_id=case, scores=scores, advice=advice)


def test_a_declared_tie_blocks_and_hides_the_case(office: Office, case: int) -> None:
    who = office.reviewers[0]
    assign(office, case, who)
    with pytest.raises(ConfigError, match="few words"):
        reviews.declare_ties(actor=who, application_id=case, ties={"family": " "})
    assert (
        reviews.declare_ties(actor=who, application_id=case, ties={"family": "My brother runs the plant."})
        == "blocked"
    )
    with pytest.raises(DeniedError):
        queries.dossier(who, case)
    assert "My brother runs the plant." in assign(office, case, who)
    told = cases.reviews(office.officer, case).reviews
    assert (told[0].state, told[0].ties) == ("blocked", ("My brother runs the plant.",))


@pytest.mark.parametrize("how", ["phone", "name", "employer"])
def test_a_tie_by_what_both_are_known_by_blocks_with_its_reason(
    office: Office, firm: Firm, case: int, how: str
) -> None:
    who = office.reviewers[0]
    if how == "phone":
        identities.set_own_identities(actor=who, values=[("phone", "138 0013 8000")])
        values = [("phone", "+86-13800138000")]
        identities.set_firm_identities(actor=firm.manager, organisation_id=firm.id, values=values)
    elif how == "name":
        identities.set_own_identities(actor=who, values=[("name", f"{firm.row.name} ")])
    else:
        Membership.objects.create(person_id=who.person_id, organisation=firm.row, role="engineer")
    why = assign(office, case, who)
    assert "Phone" in why if how == "phone" else firm.row.name in why
    assert Review.objects.get(application_id=case).state == "blocked"
    assert Conflict.objects.get(application_id=case).found
    with pytest.raises(DeniedError):
        give(who, case, 90)


def test_a_tied_manager_cannot_decide(office: Office, firm: Firm, case: int) -> None:
    identities.set_own_identities(actor=office.manager, values=[("name", firm.row.name)])
    with pytest.raises(ConfigError, match="tie to this application"):
        take_duty(actor=office.manager, application_id=case, duty="approve")


def test_who_brought_a_case_in_is_not_asked_to_review_it(office: Office, firm: Firm) -> None:
    both = office.person("both", "officer", "reviewer")
    number = submitted(firm, open_call(office, code="B"))
    advance(actor=both, application_id=number, move="accept")
    with pytest.raises(ConfigError, match="nobody acts twice"):
        assign(office, number, both)
    with pytest.raises(ConfigError, match="role of a reviewer"):
        assign(office, number, office.finance)


def test_severity_is_found_and_taken_off() -> None:
    """Scores made of known qualities and severities without noise: with shrinkage next to nothing both come back."""
    rng = np.random.default_rng(3)
    quality, severity = rng.uniform(50, 80, 12), np.array([8.0, -2.0, -6.0, 0.0])
    rows = [Given(i, int(j), quality[i] - severity[j]) for i in range(12) for j in rng.choice(4, 3, replace=False)]
    scores, found = calibrate(rows, shrinkage=1e-9)
    shift = np.mean([severity[row.reviewer] for row in rows])
    assert [found[j] for j in range(4)] == pytest.approx(severity - shift, abs=1e-4)
    assert [scores[i].fair for i in range(12)] == pytest.approx(quality - shift, abs=1e-4)


def test_an_application_that_met_harsh_reviewers_is_lifted_above_one_that_met_kind_ones() -> None:
    harsh, kind = (1, 2), (3, 4)
    rows = [Given(a, r, 70 - 10 * (r in harsh) + 10 * (r in kind)) for a in range(8) for r in (*harsh, *kind)]
    rows += [Given(20, r, 64) for r in harsh] + [Given(30, r, 76) for r in kind]
    scores, _severity = calibrate(rows)
    assert scores[20].raw < scores[30].raw
    assert scores[20].fair > scores[30].fair


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.floats(0, 100)), min_size=1, max_size=30))
def test_calibration_moves_nothing_on_average(rows: list[tuple[int, int, float]]) -> None:
    scores, severity = calibrate([Given(*row) for row in rows])
    assert np.mean([severity[row[1]] for row in rows]) == pytest.approx(0, abs=1e-6)
    assert all(0 <= one.fair <= 100 for one in scores.values())
    if len({row[1] for row in rows}) == 1:
        assert all(one.fair == pytest.approx(one.raw, abs=1e-6) for one in scores.values())
