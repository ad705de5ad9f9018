"""The choice of a portfolio: the best one, kept with its inputs; a tie stops it; figures of the programme."""

from __future__ import annotations

from itertools import combinations

import pytest

from chanye.domains.programme.actions import portfolio as actions
from chanye.domains.programme.actions.ledger import grant_envelope
from chanye.domains.programme.days import today
from chanye.domains.programme.models import Application, Conflict, PortfolioRun
from chanye.domains.programme.queries import figures, ledger
from chanye.domains.programme.queries import portfolio as queries
from chanye.domains.programme.rules import portfolio as rules
from chanye.domains.programme.types.portfolio import QuotaDraft
from chanye.kernel.errors import ConfigError, DeniedError
from programme_kit import MILLION, Firm, Office, make_case

pytestmark = pytest.mark.django_db
COSTS = (10, 8, 6, 5, 4, 3)
CLAIMS = (0.10, 0.16, 0.20, 0.12, 0.30, 0.05)


@pytest.fixture
def cases(office: Office) -> list[Application]:
    firm = Firm()
    year = today().replace(month=12, day=28)
    return [
        make_case(
            office, firm, "reviewed", eligible_cost=cost * MILLION, requested=cost * MILLION // 2, claim=claim,
            planned_start=year, planned_finish=year, sector="nev" if place % 2 else "equipment", score=90 - place,
        )
        for place, (cost, claim) in enumerate(zip(COSTS, CLAIMS, strict=True))
    ]  # fmt: skip


def fund(office: Office, amount: int) -> None:
    for year in (today().year, today().year + 1, today().year + 2):
        grant_envelope(actor=office.manager, office_id=office.id, year=year, amount=amount)


def best(limit: int) -> float:
    """Return the most that any subset adds: no one else solved it. Effects in yuan a year."""
    values = [0.5 * claim * cost * 1_000_000 for cost, claim in zip(COSTS, CLAIMS, strict=True)]
    subsets = (chosen for n in range(7) for chosen in combinations(range(6), n))
    return max(sum(values[i] for i in one) for one in subsets if sum(COSTS[i] for i in one) * MILLION // 2 <= limit)


def test_the_best_choice_is_found_kept_and_approved_with_its_money(office: Office, cases: list[Application]) -> None:
    fund(office, 9 * MILLION)
    run = actions.try_portfolio(actor=office.officer, call_id=cases[0].call_id)
    found = queries.run(office.manager, run)
    assert found.result["proved"]
    assert found.sound
    assert found.result["objective"] == pytest.approx(best(9 * MILLION), rel=1e-4)
    again = rules.solve(found.inputs)
    assert again["chosen"] == found.result["chosen"]
    assert all(one["loss"] >= -1e-9 for one in found.result["lists"])
    fewer = queries.what_if(office.manager, run, 0.5)
    assert fewer["objective"] == pytest.approx(best(9 * MILLION // 2), rel=1e-4)
    with pytest.raises(ConfigError, match="10 and 300"):
        queries.what_if(office.manager, run, 9.0)
    with pytest.raises(ConfigError, match="not at that step"):
        actions.approve_portfolio(actor=office.manager, run_id=run)
    actions.propose_portfolio(actor=office.officer, run_id=run)
    with pytest.raises(DeniedError):
        actions.approve_portfolio(actor=office.officer, run_id=run)
    assert actions.approve_portfolio(actor=office.manager, run_id=run) == len(found.result["chosen"])
    states = dict(Application.objects.values_list("pk", "state"))
    assert [number for number, state in states.items() if state == "approved"] == found.result["chosen"]
    committed = sum(one.commitment for one in ledger.positions(office.finance))
    assert committed == sum(Application.objects.filter(state="approved").values_list("approved", flat=True))


def test_a_tie_to_one_firm_stops_the_whole_approval(office: Office, cases: list[Application]) -> None:
    fund(office, 100 * MILLION)
    run = actions.try_portfolio(actor=office.officer, call_id=cases[0].call_id)
    actions.propose_portfolio(actor=office.officer, run_id=run)
    Conflict.objects.create(
        application=cases[3], person_id=office.manager.person_id, kind="family", text="brother", at=0
    )
    with pytest.raises(ConfigError, match=r"C1-004.*tie"):
        actions.approve_portfolio(actor=office.manager, run_id=run)
    assert not Application.objects.filter(state="approved").exists()
    assert sum(one.commitment for one in ledger.positions(office.finance)) == 0


def test_inputs_that_were_changed_are_refused_and_rules_that_cannot_be_kept_named(
    office: Office, cases: list[Application]
) -> None:
    fund(office, 9 * MILLION)
    run = actions.try_portfolio(
        actor=office.officer, call_id=cases[0].call_id, quotas=[QuotaDraft("sector:nev", "share", 0.5)]
    )
    row = PortfolioRun.objects.get(pk=run)
    PortfolioRun.objects.filter(pk=run).update(inputs=row.inputs.replace("0.5", "0.1"))
    with pytest.raises(ConfigError, match="not those it was made from"):
        actions.propose_portfolio(actor=office.officer, run_id=run)
    with pytest.raises(ConfigError, match="give way"):
        actions.try_portfolio(
            actor=office.officer, call_id=cases[0].call_id, quotas=[QuotaDraft("sector:food", "count", 1)]
        )
    for wrong in ([QuotaDraft("", "count", 1)], [QuotaDraft("x", "count")], [QuotaDraft("x", "share", 0.9, 0.1)]):
        with pytest.raises(ConfigError):
            rules.quotas_of(wrong)


def test_the_expected_effect_leans_on_what_was_measured() -> None:
    assert rules.expected(0.2, None, 0) == pytest.approx(0.1)
    assert rules.expected(0.2, 0.04, 3) == pytest.approx(0.07)  # half measured, half of half the claim
    assert rules.expected(0.2, 0.04, 1_000_000) == pytest.approx(0.04, abs=1e-4)


def test_the_programme_of_the_district_can_be_written_down(office: Office) -> None:
    """230 projects and ten point seven hundred million yuan, granted and paid, stand in one table to the fen."""
    firm, total = Firm(), 1_070_000_000 * 100
    first = make_case(office, firm, "agreed", approved=0, claim=0.2)
    part, rest = divmod(total, 230)
    rows = []
    for n in range(230):
        row = Application.objects.get(pk=first.pk)
        row.pk, row.number, row.approved = None, f"N-{n}", part + (n < rest)
        row.sector = ("nev", "electronics", "equipment")[n % 3]
        rows.append(row)
    Application.objects.bulk_create(rows)
    found = figures.figures(office.manager, "sector")
    assert (found.whole.funded, found.whole.granted) == (231, total)
    assert found.whole.claimed == pytest.approx((230 * 0.2 + 0.2) / 231)
    assert found.whole.measured is None
    assert {one.code: one.funded for one in found.groups} == {"nev": 77, "electronics": 77, "equipment": 77}
