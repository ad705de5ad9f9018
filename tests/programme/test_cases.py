"""States of a case, duties in it, and who sees it."""

from __future__ import annotations

import itertools

import pytest

from chanye.domains.programme.actions.applications import advance
from chanye.domains.programme.actions.duties import take_duty
from chanye.domains.programme.models import Application, CaseDeed, Review
from chanye.domains.programme.queries import applications as queries
from chanye.domains.programme.rules.moves import MOVES
from chanye.domains.programme.types.applications import DUTIES, STATES
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import now_us
from chanye.parties.models import AuditEntry
from chanye.parties.types import SYSTEM
from programme_kit import Firm, Office, make_case

pytestmark = pytest.mark.django_db

#: What can be done from each state, as the paper of the programme draws it.
POSSIBLE = {
    "draft": {"submit", "withdraw"},
    "submitted": {"return", "refuse", "accept", "withdraw"},
    "returned": {"submit", "withdraw"},
    "eligible": {"return", "conclude", "withdraw"},
    "reviewed": {"approve", "decline", "withdraw"},
    "approved": {"agree", "withdraw"},
    "agreed": {"close"},
    "closed": set(),
    "refused": set(),
    "declined": set(),
    "withdrawn": set(),
}


def test_the_table_of_moves_is_the_one_drawn() -> None:
    assert set(STATES) == POSSIBLE.keys()
    assert {state: {m for m, move in MOVES.items() if state in move.sources} for state in STATES} == POSSIBLE


def test_every_move_that_is_not_drawn_is_refused_with_words(office: Office, firm: Firm) -> None:
    case = make_case(office, firm)
    for state, move in itertools.product(STATES, MOVES):
        if move in POSSIBLE[state] or move == "submit":
            continue
        Application.objects.filter(pk=case.pk).update(state=state)
        who = firm.manager if MOVES[move].side == "firm" else office.manager
        with pytest.raises(ConfigError, match="not possible"):
            advance(actor=who, application_id=case.pk, move=move, reason="because")
    with pytest.raises(ConfigError, match="no step"):
        advance(actor=office.officer, application_id=case.pk, move="bless")


def test_a_case_goes_its_way_and_every_step_is_in_the_audit_log(office: Office, firm: Firm) -> None:
    case = make_case(office, firm, state="reviewed")
    with pytest.raises(ConfigError, match="no more than was requested"):
        advance(actor=office.manager, application_id=case.pk, move="approve", amount=case.requested + 1)
    assert advance(actor=office.manager, application_id=case.pk, move="approve", amount=4_000) == "approved"
    assert advance(actor=office.manager, application_id=case.pk, move="agree") == "agreed"
    assert advance(actor=office.officer, application_id=case.pk, move="close") == "closed"
    found = queries.application(firm.manager, case.pk)
    assert (found.state, found.approved) == ("closed", 4_000)
    verbs = set(AuditEntry.objects.filter(target=f"application:{case.pk}").values_list("verb", flat=True))
    assert verbs == {"take_duty", "approve_application", "agree_application", "close_application"}


def test_who_returns_or_refuses_says_why(office: Office, firm: Firm) -> None:
    case = make_case(office, firm)
    with pytest.raises(ConfigError, match="why"):
        advance(actor=office.officer, application_id=case.pk, move="return", reason="  ")
    advance(actor=office.officer, application_id=case.pk, move="return", reason="The invoice is not readable.")
    assert queries.application(firm.manager, case.pk).reason == "The invoice is not readable."


@pytest.mark.parametrize("first", DUTIES)
def test_nobody_has_two_duties_in_one_case(office: Office, firm: Firm, first: str) -> None:
    case, other = make_case(office, firm), make_case(office, firm)
    take_duty(actor=office.officer, application_id=case.pk, duty=first)
    take_duty(actor=office.officer, application_id=case.pk, duty=first)
    for second in set(DUTIES) - {first}:
        with pytest.raises(ConfigError, match="nobody acts twice"):
            take_duty(actor=office.officer, application_id=case.pk, duty=second)
    take_duty(actor=office.officer, application_id=other.pk, duty=next(iter(set(DUTIES) - {first})))
    assert CaseDeed.objects.get(application=case).duty == first
    with pytest.raises(ConfigError, match="no duty"):
        take_duty(actor=office.manager, application_id=case.pk, duty="bless")
    with pytest.raises(ConfigError, match="person's"):
        take_duty(actor=SYSTEM, application_id=case.pk, duty="pay")


def test_each_sees_what_is_theirs(office: Office, firm: Firm) -> None:
    draft, given = make_case(office, firm, state="draft"), make_case(office, firm)
    other, elsewhere = Firm("other"), Office("elsewhere")
    reviewer = office.reviewers[0]

    def seen(viewer: object) -> list[int]:
        return [one.id for one in queries.by_state(viewer, STATES)]  # type: ignore[arg-type]  # a Viewer

    assert seen(firm.manager) == [draft.pk, given.pk]
    assert seen(office.officer) == seen(office.auditor) == [given.pk]
    for nobody in (firm.operator, other.manager, elsewhere.officer, reviewer):
        assert seen(nobody) == []
        with pytest.raises(DeniedError):
            queries.dossier(nobody, given.pk)
        with pytest.raises(DeniedError):
            advance(actor=nobody, application_id=given.pk, move="withdraw")
    review = Review.objects.create(application=given, person_id=reviewer.person_id, round=1, assigned_at=now_us())
    assert seen(reviewer) == [given.pk]
    Review.objects.filter(pk=review.pk).update(state="blocked")
    assert seen(reviewer) == []
    with pytest.raises(DeniedError):
        advance(actor=office.auditor, application_id=given.pk, move="accept")
