"""Inspection: gates, verdicts, holds by rule; nonconformance and corrective action."""

from __future__ import annotations

import pytest

from chanye.domains.factory.actions import bookings, nonconformance, quality
from chanye.domains.factory.actions.bookings import Report
from chanye.domains.factory.actions.inbox import receive_entries
from chanye.domains.factory.models import Characteristic, HoldRule, Inspection, Plan, PlanLine
from chanye.domains.factory.rules.quality import due_by_count, judge, too_much_scrap, verdict
from chanye.domains.factory.types.quality import Asked
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import DAY
from mes_kit import Mes

pytestmark = pytest.mark.django_db

T = 1_790_000_000_000_000
BORE = Asked("bore", "孔径", "variable", "mm", 3, 20.0, 19.98, 20.02, (), 3)
LOOK = Asked("look", "外观", "choice", "1", 0, None, None, None, (("ok", "合格", True), ("dent", "磕碰", False)), 1)


@pytest.fixture
def mes() -> Mes:
    return Mes()


def plan_of(mes: Mes, kind: str, *, step: int | None = 10, samples: int = 3, **options: object) -> Plan:
    bore, _ = Characteristic.objects.get_or_create(
        organisation=mes.firm,
        code="bore",
        defaults={"name": "孔径", "kind": "variable", "lower": 19.98, "upper": 20.02},
    )
    plan = Plan.objects.create(
        organisation=mes.firm,
        code=f"{kind}-1",
        name=kind,
        kind=kind,
        material=mes.product.material,
        step=step,
        sampling={"samples": samples},
        state="released",
        **options,
    )
    PlanLine.objects.create(plan=plan, characteristic=bore)
    return plan


def output(mes: Mes, order: int, at: int = T, number: int = 10, **quantities: object) -> int:
    where = Report(at, at, person_id=mes.operator.person_id)
    operation = mes.operation(order, number).pk
    return bookings.report_output(actor=mes.operator, operation_id=operation, at=where, **quantities)


@pytest.mark.parametrize(
    ("value", "good"), [(19.98, True), (20.02, True), (19.979, False), (20.021, False), (20, True)]
)
def test_a_value_on_the_limit_is_good(value: float, good: bool) -> None:
    assert judge(BORE, 0, value).good is good


@pytest.mark.parametrize("raw", ["20", None, True, float("nan"), float("inf"), [20]])
def test_what_is_no_number_is_refused(raw: object) -> None:
    with pytest.raises(ConfigError, match="孔径 must be a number"):
        judge(BORE, 0, raw)


def test_words_are_chosen_never_typed() -> None:
    assert judge(LOOK, 0, "ok").good
    assert not judge(LOOK, 0, "dent").good
    with pytest.raises(ConfigError, match="chosen from its list"):
        judge(LOOK, 0, "OK")


def test_a_verdict_needs_all_values_unless_one_is_bad() -> None:
    given = {("bore", i): judge(BORE, i, 20.0) for i in range(3)}
    assert verdict([BORE, LOOK], given) is None
    assert verdict([BORE, LOOK], given | {("look", 0): judge(LOOK, 0, "ok")}) == "accepted"
    assert verdict([BORE, LOOK], {("bore", 0): judge(BORE, 0, 21.0)}) == "rejected"


def test_due_by_count_by_hand() -> None:
    assert [due_by_count(50, pieces, 0) for pieces in (49, 50, 120)] == [None, 50, 100]
    assert due_by_count(50, 149, 100) is None


def test_scrap_ratio_by_hand() -> None:
    outputs = [(10, 3), (20, 1), (30, 0)]
    assert too_much_scrap(outputs, window=30, least=10, limit=0.1) == pytest.approx(4 / 30)
    assert too_much_scrap(outputs, window=60, least=10, limit=0.1) is None
    assert too_much_scrap(outputs[:1], window=50, least=11, limit=0.1) is None


def test_nothing_is_booked_before_the_first_piece_is_released(mes: Mes) -> None:
    plan_of(mes, "first_piece", gate=True)
    order = mes.order()
    with pytest.raises(ConfigError, match="first piece of operation 10"):
        output(mes, order, good=1)
    operation = mes.operation(order, 10).pk
    bookings.start_operation(actor=mes.operator, operation_id=operation, at=Report(T, T), phase="setup")
    bookings.start_operation(actor=mes.operator, operation_id=operation, at=Report(T + 1, T + 1))
    (inspection,) = Inspection.objects.filter(state="open")
    entry = {"kind": "measure", "event_at": T + 2, "operation": operation}
    (bad, good) = receive_entries(
        actor=mes.operator,
        organisation_id=mes.firm.pk,
        terminal="T",
        entries=[
            entry | {"key": "1", "values": {"bore": "20"}},
            entry | {"key": "2", "values": {"bore": [20, 20.01]}},
        ],
        now=T + 3,
    )
    assert (bad.outcome, good.outcome) == ("refused", "booked")
    with pytest.raises(ConfigError, match="not released"):
        output(mes, order, good=1)
    state = quality.record_values(
        actor=mes.operator, inspection_id=inspection.pk, values={"bore": 19.99}, event_at=T + 3, received_at=T + 3
    )
    assert state == "accepted"
    output(mes, order, good=1)
    bookings.start_operation(actor=mes.operator, operation_id=operation, at=Report(T + 5, T + 5), phase="setup")
    with pytest.raises(ConfigError, match="not released"):
        output(mes, order, good=1)


def test_a_failed_inspection_holds_the_operation_by_rule(mes: Mes) -> None:
    plan_of(mes, "count", every=10, samples=1)
    HoldRule.objects.create(organisation=mes.firm, kind="failed_inspection")
    order = mes.order()
    output(mes, order, good=25)
    (inspection,) = Inspection.objects.all()
    assert inspection.pieces_at == 20
    quality.record_values(
        actor=mes.operator, inspection_id=inspection.pk, values={"bore": 21}, event_at=T, received_at=T
    )
    assert mes.operation(order, 10).state == "held"
    with pytest.raises(ConfigError, match="on hold"):
        output(mes, order, at=T + 1, good=1)
    with pytest.raises(ConfigError, match="judged already"):
        quality.record_values(
            actor=mes.operator, inspection_id=inspection.pk, values={"bore": 20}, event_at=T, received_at=T
        )


def test_too_much_scrap_holds_the_operation_by_rule(mes: Mes) -> None:
    HoldRule.objects.create(organisation=mes.firm, kind="scrap_rate", window=20, least=10, limit=0.2)
    order = mes.order()
    output(mes, order, good=8, scrap=2, reason="burr")
    assert mes.operation(order, 10).state == "running"
    output(mes, order, at=T + 1, good=5, scrap=5, reason="burr")
    operation = mes.operation(order, 10)
    assert operation.state == "held"
    assert "35.0 %" in operation.hold_reason


def test_a_lot_is_split_into_parts_that_add_up(mes: Mes) -> None:
    plan = plan_of(mes, "incoming", step=None)
    made = quality.open_inspection(actor=mes.quality, plan_id=plan.pk, lot="L-1", quantity=100)
    with pytest.raises(DeniedError):
        quality.split_lot(actor=mes.operator, inspection_id=made, accepted=90, rejected=10)
    with pytest.raises(ConfigError, match="measure first"):
        quality.split_lot(actor=mes.quality, inspection_id=made, accepted=90, rejected=10)
    quality.record_values(actor=mes.quality, inspection_id=made, values={"bore": 21}, event_at=T, received_at=T)
    for wrong in (9, float("nan"), -10):
        with pytest.raises(ConfigError, match="add up"):
            quality.split_lot(actor=mes.quality, inspection_id=made, accepted=90, rejected=wrong)
    quality.split_lot(actor=mes.quality, inspection_id=made, accepted=90, rejected=10)
    row = Inspection.objects.get(id=made)
    assert (row.state, row.accepted, row.rejected) == ("split", 90, 10)


def test_a_case_closes_only_with_a_disposition_and_an_effect_that_was_looked_at(mes: Mes) -> None:
    HoldRule.objects.create(organisation=mes.firm, kind="nonconformance")
    order = mes.order()
    case = nonconformance.report_nonconformance(
        actor=mes.operator,
        organisation_id=mes.firm.pk,
        title="孔径超差",
        severity="critical",
        operation_id=mes.operation(order, 10).pk,
    )
    assert mes.operation(order, 10).state == "held"
    with pytest.raises(ConfigError, match="Contain it first"):
        nonconformance.dispose_nonconformance(actor=mes.quality, case_id=case, disposition="scrap")
    nonconformance.contain_nonconformance(actor=mes.quality, case_id=case, containment="全检并隔离")
    nonconformance.dispose_nonconformance(actor=mes.quality, case_id=case, disposition="scrap")
    action = nonconformance.plan_action(
        actor=mes.quality,
        case_id=case,
        action="换刀周期改为 200 件",
        due_at=T,
        check_at=T + 7 * DAY,
        responsible_id=mes.operator.person_id,
    )
    nonconformance.finish_action(actor=mes.quality, action_id=action)
    with pytest.raises(ConfigError, match="not been looked at"):
        nonconformance.close_nonconformance(actor=mes.quality, case_id=case)
    with pytest.raises(ConfigError, match="too early"):
        nonconformance.check_action(
            actor=mes.quality, action_id=action, effective=True, evidence="0/500", now=T + 6 * DAY
        )
    nonconformance.check_action(
        actor=mes.quality, action_id=action, effective=False, evidence="9/500", now=T + 8 * DAY
    )
    with pytest.raises(ConfigError, match="plan another"):
        nonconformance.close_nonconformance(actor=mes.quality, case_id=case)
    other = Mes("other")
    with pytest.raises(DeniedError):
        nonconformance.close_nonconformance(actor=other.quality, case_id=case)
