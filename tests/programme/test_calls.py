"""Calls and eligibility: every rule holds, fails or is not known, with its clause; cases stay under their version."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from chanye.domains.programme.actions import calls
from chanye.domains.programme.queries import calls as queries
from chanye.domains.programme.rules.eligibility import Facts, judge, most
from chanye.domains.programme.rules.kinds import KINDS, check_rules
from chanye.domains.programme.starter import starter_rules
from chanye.domains.programme.types.applications import ApplicationRef, CostRef, DocumentRef, Dossier
from chanye.domains.programme.types.calls import CallRef, Rule
from chanye.kernel.errors import ConfigError, DeniedError
from programme_kit import MILLION, Firm, Office, open_call

CALL = CallRef(1, 1, "Office", "C", "Call", "", "", "open", 1, starter_rules(2026))
GOOD: dict[str, Any] = {
    "sector": "equipment", "total_cost": 10 * MILLION, "eligible_cost": 8 * MILLION, "requested": 4 * MILLION,
    "project_code": "P", "measure": "factory.output", "method": "baseline", "claim": 0.12,
    "detectable": {"relative": 0.05}, "planned_start": date(2026, 2, 1), "planned_finish": date(2027, 2, 1),
}  # fmt: skip


def dossier(
    papers: tuple[str, ...] = ("licence", "filing", "plan"), cost: str = "equipment", **values: Any
) -> Dossier:
    plain = dict.fromkeys(ApplicationRef.__dataclass_fields__)
    head = ApplicationRef(**(plain | {"detectable": {}} | GOOD | values))
    documents = tuple(DocumentRef(i, i, kind, "", kind, "", "", 0) for i, kind in enumerate(papers))
    return Dossier(head, (CostRef(1, cost, "line", 8 * MILLION, eligible=True),), documents)


def states(one: Dossier, day: date = date(2026, 6, 1), granted: str | None = "") -> dict[str, str]:
    return {ruling.kind: ruling.state for ruling in judge(CALL, one, Facts(day, granted))}


def test_a_good_application_holds_every_rule_and_each_cites_its_clause() -> None:
    rulings = judge(CALL, dossier(), Facts(date(2026, 6, 1), ""))
    assert {one.state for one in rulings} == {"holds"}
    assert all(one.clause and one.words for one in rulings)
    assert [one.kind for one in rulings] == [kind for kind, of in KINDS.items() if of.judged]


@pytest.mark.parametrize(
    ("kind", "values", "state"),
    [
        ("sectors", {"sector": "logistics"}, "fails"),
        ("sectors", {"sector": ""}, "unknown"),
        ("period", {"planned_finish": date(2029, 1, 1)}, "fails"),
        ("period", {"planned_start": None}, "unknown"),
        ("least_investment", {"total_cost": MILLION - 1}, "fails"),
        ("least_investment", {"total_cost": MILLION}, "holds"),
        ("no_cost", {"cost": "building"}, "fails"),
        ("max_share", {"requested": 4 * MILLION + 1}, "fails"),
        ("max_share", {"eligible_cost": 0}, "unknown"),
        ("max_amount", {"requested": 50 * MILLION + 1, "eligible_cost": 200 * MILLION}, "fails"),
        ("max_amount", {"requested": 50 * MILLION, "eligible_cost": 200 * MILLION}, "holds"),
        ("district_decides", {"total_cost": 30 * MILLION}, "unknown"),
        ("district_decides", {"total_cost": 30 * MILLION, "papers": ("city_check",)}, "holds"),
        ("effect", {"measure": "factory.temperature"}, "fails"),
        ("effect", {"claim": None}, "unknown"),
        ("detectable", {"claim": 0.04}, "fails"),
        ("detectable", {"detectable": {"relative": None, "refusals": ["too few days"]}}, "unknown"),
        ("documents", {"papers": ("licence",)}, "fails"),
    ],
)
def test_each_rule_at_its_edge(kind: str, values: dict[str, Any], state: str) -> None:
    assert states(dossier(**values))[kind] == state


def test_the_window_and_the_one_grant() -> None:
    assert states(dossier(), date(2025, 12, 31))["window"] == "fails"
    assert states(dossier(), date(2026, 12, 31))["window"] == "holds"
    assert states(dossier(), granted="SU25-004")["one_grant"] == "fails"
    assert states(dossier(), granted=None)["one_grant"] == "unknown"


def test_no_more_than_half_and_no_more_than_the_cap() -> None:
    assert most(CALL, 3) == 1
    assert most(CALL, 8 * MILLION) == 4 * MILLION
    assert most(CALL, 1000 * MILLION) == 50 * MILLION


@pytest.mark.parametrize(
    "rule",
    [
        Rule("bribe", {}, "Art. 1"),
        Rule("max_share", {"share": 1.2}, "Art. 1"),
        Rule("max_share", {"share": True}, "Art. 1"),
        Rule("max_amount", {"amount": "many"}, "Art. 1"),
        Rule("max_amount", {"amount": 5}, " "),
        Rule("window", {"from": "2026-02-30", "to": "2026-03-01"}, "Art. 1"),
        Rule("window", {"from": "2026-05-01", "to": "2026-03-01"}, "Art. 1"),
        Rule("sectors", {"codes": ["piracy"]}, "Art. 1"),
        Rule("criteria", {"weights": {"effect": 99}}, "Art. 1"),
        Rule("envelope", {"years": {"next": 5}}, "Art. 1"),
    ],
)
def test_rules_that_cannot_be_are_refused(rule: Rule) -> None:
    with pytest.raises(ConfigError):
        check_rules((rule,))


def test_a_change_makes_a_new_version_and_the_old_one_stays(office: Office, firm: Firm) -> None:
    call = open_call(office)
    before = queries.call(office.officer, call)
    rules = [
        Rule(one.kind, {"share": 0.3} if one.kind == "max_share" else one.value, one.clause) for one in before.rules
    ]
    assert calls.change_call(actor=office.officer, call_id=call, rules=rules) == 2
    assert calls.change_call(actor=office.officer, call_id=call, rules=rules, title="New") == 2
    assert queries.call(firm.manager, call).rule("max_share") == {"share": 0.3}
    assert queries.call(office.officer, call, version=1).rule("max_share") == {"share": 0.5}
    with pytest.raises(ConfigError, match="needs these rules"):
        calls.change_call(actor=office.officer, call_id=call, rules=[one for one in rules if one.kind != "reviews"])
    with pytest.raises(DeniedError):
        calls.change_call(actor=office.auditor, call_id=call, title="x")
    with pytest.raises(DeniedError):
        calls.set_call_state(actor=firm.manager, call_id=call, state="closed")
    with pytest.raises(ConfigError, match="already"):
        open_call(office)


def test_a_draft_call_is_the_office_s_own(office: Office, firm: Firm) -> None:
    call = calls.create_starter_call(actor=office.officer, office_id=office.id, code="SU27", year=2027)
    assert [one.id for one in queries.calls(office.officer)] == [call]
    assert queries.calls(firm.manager) == []
    with pytest.raises(DeniedError):
        queries.call(firm.manager, call)
    with pytest.raises(DeniedError):
        queries.call(Office("next").officer, call)
