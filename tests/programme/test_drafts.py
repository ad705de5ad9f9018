"""From draft to submission: what cannot be is refused, what is missing is named, what is handed in is sealed."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from io import BytesIO

import pytest

from chanye.domains.programme.actions import calls, drafts
from chanye.domains.programme.actions.applications import advance
from chanye.domains.programme.models import Application, Review, Submission
from chanye.domains.programme.queries import applications as queries
from chanye.domains.programme.queries import calls as call_queries
from chanye.domains.programme.queries import cases
from chanye.domains.programme.types.applications import ApplicationDraft, CostDraft, EquipmentDraft, Lines, QuoteDraft
from chanye.domains.programme.types.calls import Rule
from chanye.evidence import queries as evidence
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import now_us
from chanye.spine import queries as spine
from programme_kit import MILLION, Firm, Office, fill, open_call, submitted

pytestmark = pytest.mark.django_db


def test_an_application_is_filled_in_submitted_and_given_to_the_office(office: Office, firm: Firm) -> None:
    number = fill(firm, open_call(office))
    with pytest.raises(DeniedError):
        queries.dossier(office.officer, number)
    assert drafts.submit_application(actor=firm.manager, application_id=number) == "SU26-001"
    assert drafts.submit_application(actor=firm.manager, application_id=number) == "SU26-001"
    found = queries.dossier(office.officer, number)
    assert (found.head.state, found.head.round, found.head.rules_version) == ("submitted", 1, 1)
    assert (found.head.total_cost, found.head.eligible_cost) == (9 * MILLION, 8 * MILLION)
    plan = evidence.plan(office.officer, found.head.plan_id or 0)
    assert (plan.organisation_id, plan.draft.claim, plan.draft.measure) == (firm.id, 0.12, "factory.output")
    assert found.head.detectable["relative"] is None, "the plant has no data, and that is said"
    assert found.head.detectable["refusals"]
    assert {one.kind for one in cases.rulings(office.officer, number)} >= {"max_share", "one_grant"}


def test_what_is_handed_in_is_sealed_and_closed(office: Office, firm: Firm) -> None:
    number = submitted(firm, open_call(office))
    kept = Submission.objects.get(application_id=number)
    text = json.dumps(kept.content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(text.encode()).hexdigest() == kept.digest
    for change in (
        lambda: drafts.save_draft(actor=firm.manager, application_id=number, draft=ApplicationDraft(title="x")),
        lambda: drafts.set_lines(actor=firm.manager, application_id=number, lines=Lines(costs=())),
        lambda: drafts.remove_document(actor=firm.manager, application_id=number, document_id=1),
        lambda: drafts.detect_effect(actor=firm.manager, application_id=number),
    ):
        with pytest.raises(ConfigError, match="handed in"):
            change()


def test_what_is_missing_and_which_rules_fail_is_named(office: Office, firm: Firm) -> None:
    call = open_call(office)
    number = drafts.start_application(actor=firm.manager, call_id=call)
    with pytest.raises(ConfigError, match=r"missing: Title, Place of the upgrade, .*Costs"):
        drafts.submit_application(actor=firm.manager, application_id=number)
    number = fill(firm, call, requested=5 * MILLION)
    with pytest.raises(ConfigError, match=r"62\.5 %.*Art\. 8"):
        drafts.submit_application(actor=firm.manager, application_id=number)
    number = fill(firm, call, project_code="a project")
    with pytest.raises(ConfigError, match="project code"):
        drafts.submit_application(actor=firm.manager, application_id=number)


def test_the_second_grant_of_a_project_is_refused(office: Office, firm: Firm) -> None:
    call = open_call(office)
    code = "2601-500112-04-02-777777"
    first = submitted(firm, call, project_code=code)
    Application.objects.filter(pk=first).update(state="closed")
    with pytest.raises(ConfigError, match=r"has a grant already: SU26-001 .*Art\. 9"):
        submitted(Firm("second"), call, project_code=code)


def test_a_returned_application_is_judged_by_its_first_rules_and_its_reviews_are_void(
    office: Office, firm: Firm
) -> None:
    call = open_call(office)
    number = submitted(firm, call)
    plan = queries.application(firm.manager, number).plan_id
    rules = [
        Rule(one.kind, {"share": 0.1} if one.kind == "max_share" else one.value, one.clause)
        for one in call_queries.call(office.officer, call).rules
    ]
    calls.change_call(actor=office.officer, call_id=call, rules=rules)
    with pytest.raises(ConfigError, match="not met"):
        submitted(firm, call, title="Another")
    advance(actor=office.officer, application_id=number, move="accept")
    reviewer = office.reviewers[0]
    Review.objects.create(
        application_id=number, person_id=reviewer.person_id or 0, round=1, state="given", raw=80, assigned_at=now_us()
    )
    advance(actor=office.officer, application_id=number, move="return", reason="Add the licence of the software.")
    drafts.save_draft(
        actor=firm.manager,
        application_id=number,
        draft=ApplicationDraft(**{
            name: getattr(queries.application(firm.manager, number), name)
            for name in ApplicationDraft.__dataclass_fields__
        }),
    )  # fmt: skip
    assert drafts.submit_application(actor=firm.manager, application_id=number) == "SU26-001"
    found = queries.application(firm.manager, number)
    assert (found.round, found.rules_version, found.plan_id) == (2, 1, plan)
    assert Review.objects.get(application_id=number).state == "void"
    assert Submission.objects.filter(application_id=number).count() == 2


@pytest.mark.parametrize(
    "values",
    [
        {"requested": -1},
        {"requested": 10**18},
        {"claim": 0.0},
        {"claim": float("nan")},
        {"claim": 11.0},
        {"sector": "piracy"},
        {"upgrade_kind": "x"},
        {"method": "guess"},
        {"measure": "m" * 65},
        {"planned_start": date(2026, 2, 2), "planned_finish": date(2026, 2, 1)},
    ],
)
def test_what_could_never_be_is_refused_at_once(office: Office, firm: Firm, values: dict[str, object]) -> None:
    number = drafts.start_application(actor=firm.manager, call_id=open_call(office))
    with pytest.raises(ConfigError):
        drafts.save_draft(actor=firm.manager, application_id=number, draft=ApplicationDraft(**values))  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    "lines",
    [
        Lines(costs=(CostDraft("equipment", "", 1),)),
        Lines(costs=(CostDraft("bribe", "x", 1),)),
        Lines(costs=(CostDraft("equipment", "x", -1),)),
        Lines(costs=(CostDraft("equipment", "x", 1),) * 101),
        Lines(quotes=(QuoteDraft("", "x", 1),)),
        Lines(equipment=(EquipmentDraft("x", pieces=0),)),
        Lines(equipment=(EquipmentDraft("x", asset_id=999_999),)),
    ],
)
def test_lines_that_cannot_be_are_refused(office: Office, firm: Firm, lines: Lines) -> None:
    number = drafts.start_application(actor=firm.manager, call_id=open_call(office))
    with pytest.raises(ConfigError, match=r"Line|At most"):
        drafts.set_lines(actor=firm.manager, application_id=number, lines=lines)


def test_strangers_reach_nothing(office: Office, firm: Firm) -> None:
    call = open_call(office)
    number, other = fill(firm, call), Firm("other")
    for who in (other.manager, firm.operator, office.officer):
        with pytest.raises(DeniedError):
            drafts.submit_application(actor=who, application_id=number)
        with pytest.raises(DeniedError):
            drafts.add_document(actor=who, application_id=number, kind="plan", name="x", data=BytesIO(b"%PDF-1"))
    with pytest.raises(DeniedError):
        drafts.save_draft(actor=firm.manager, application_id=number, draft=ApplicationDraft(asset_id=other.site.id))
    calls.set_call_state(actor=office.officer, call_id=call, state="closed")
    with pytest.raises(ConfigError, match="takes no applications"):
        drafts.start_application(actor=firm.manager, call_id=call)


def test_the_office_opens_the_papers_that_were_given_to_it_and_no_others(office: Office, firm: Firm) -> None:
    number = submitted(firm, open_call(office))
    paper = queries.dossier(firm.manager, number).documents[0]
    with pytest.raises(DeniedError):
        spine.file(office.officer, paper.file_id)
    ref, stream = cases.open_document(office.officer, number, paper.id)
    with stream:
        assert (ref.name, stream.read(5)) == ("licence.pdf", b"%PDF-")
    with pytest.raises(DeniedError):
        cases.open_document(Firm("other").manager, number, paper.id)
    with pytest.raises(DeniedError):
        cases.open_document(office.officer, submitted(firm, open_call(office, code="B")), paper.id)
