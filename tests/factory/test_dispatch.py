"""Dispatch: rules against textbook examples, and what an operation lacks before it can run."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chanye.domains.factory.actions import bookings, dispatch
from chanye.domains.factory.actions import orders as order_actions
from chanye.domains.factory.actions.bookings import Report
from chanye.domains.factory.models import (
    Operation,
    PersonSkill,
    Program,
    ProgramVersion,
    RoutingStep,
    Skill,
    Tool,
)
from chanye.domains.factory.queries.dispatch import busy_centres, centres_of, dispatch_list
from chanye.domains.factory.rules import dispatch as rules
from chanye.domains.factory.rules.dispatch import Job, in_sequence
from chanye.domains.factory.rules.orders import Step
from chanye.kernel.errors import ConfigError, DeniedError
from mes_kit import Mes

DAY = 86_400_000_000
#: Heizer and Render, Operations Management, short-term scheduling: five jobs, their work and due date in days.
BOOK = {"A": (6, 8), "B": (2, 6), "C": (8, 18), "D": (3, 15), "E": (9, 23)}


def _book_jobs() -> list[Job]:
    return [
        Job(ord(name), due=due * DAY, work=work * 86_400.0, remaining=work * 86_400.0, came=i)
        for i, (name, (work, due)) in enumerate(BOOK.items())
    ]


@pytest.mark.parametrize(
    ("rule", "sequence", "flow_time"), [("fifo", "ABCDE", 77), ("spt", "BDACE", 65), ("edd", "BADCE", 68)]
)
def test_rules_sort_the_textbook_jobs_as_the_book_does(rule: str, sequence: str, flow_time: int) -> None:
    """Sequences and total flow times as printed there (tables 15.4 to 15.6 of the tenth edition)."""
    found = in_sequence(_book_jobs(), rule, 0)
    assert "".join(chr(job.id) for job in found) == sequence
    done = total = 0.0
    for job in found:
        done += job.work / 86_400
        total += done
    assert total == flow_time


def test_critical_ratios_are_those_of_the_textbook() -> None:
    """Same chapter, example 6: today is day 25; A is due on 30 with 4 days of work, B 28 with 5, C 27 with 2."""
    jobs = [
        Job(ord(name), due=due * DAY, work=1, remaining=work * 86_400, came=0)
        for name, due, work in (("A", 30, 4), ("B", 28, 5), ("C", 27, 2))
    ]
    assert [rules.critical_ratio(job, 25 * DAY) for job in jobs] == [1.25, 0.6, 1.0]
    assert "".join(chr(job.id) for job in in_sequence(jobs, "cr", 25 * DAY)) == "BCA"


def test_the_plan_goes_before_the_rule_and_what_it_does_not_know_follows() -> None:
    jobs = [Job(1, DAY, 9, 9, 0), Job(2, None, 5, 5, 1, position=2.0), Job(3, 3 * DAY, 1, 1, 2, position=1.0)]
    assert [job.id for job in in_sequence(jobs, "edd", 0)] == [3, 2, 1]
    assert [job.id for job in in_sequence(jobs, "edd", 0, plan=False)] == [1, 3, 2]
    assert [job.id for job in in_sequence([Job(1, None, 1, 1, 0), Job(2, None, 1, 1, 0, priority=10)], "cr", 0)] == [
        2,
        1,
    ]


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=5))
def test_shortest_first_has_the_least_flow_time(works: list[int]) -> None:
    """Smith 1956: no sequence of one machine has a smaller sum of completion times; against all of them."""
    found = in_sequence([Job(i, None, work, work, i) for i, work in enumerate(works)], "spt", 0)
    least = min(sum(itertools.accumulate(order)) for order in itertools.permutations(works))
    assert sum(itertools.accumulate(job.work for job in found)) == least


def test_pieces_left_and_work_by_hand() -> None:
    """Hundred pieces: 40 past step 10 (2 scrapped), 30 of them past 20, 5 of those in rework (25 returns to 20)."""
    steps = {
        10: Step(10, "main", None, None, 100, 38, 2, 0),
        20: Step(20, "main", 25, None, 38, 25, 0, 5),
        25: Step(25, "rework", None, 20, 5, 0, 0, 0),
        30: Step(30, "main", None, None, 25, 0, 0, 0),
    }
    assert [rules.pieces_left(steps, number) for number in (10, 20, 25, 30)] == [60, 73, 5, 98]
    times = {10: (60.0, 600.0, True), 20: (20.0, 0.0, True), 25: (40.0, 0.0, False), 30: (10.0, 120.0, False)}
    assert rules.remaining_time(steps, times, 20) == 73 * 20 + 98 * 10 + 120
    assert rules.remaining_time(steps, times, 25) == 5 * 40 + 73 * 20 + 98 * 10 + 120


@pytest.mark.django_db
class TestList:
    """The list of a small plant."""

    @pytest.fixture
    def mes(self) -> Mes:
        return Mes()

    def _list(self, mes: Mes, place: int, **more: object) -> list[tuple[str, int]]:
        (found,) = dispatch_list(mes.planner, [place], **more)
        return [(row.operation.order, row.operation.number) for row in found.rows]

    def test_rule_sequence_by_hand_and_back(self, mes: Mes) -> None:
        first, second, third = mes.order("W-1", 100), mes.order("W-2", 10), mes.order("W-3", 50)
        for order, due in ((first, 30 * DAY), (second, 20 * DAY), (third, 10 * DAY)):
            order_actions.change_order(actor=mes.planner, order_id=order, due=due)
        names = [[name for name, _ in self._list(mes, mes.mill.id)]]
        dispatch.choose_rule(actor=mes.planner, work_centre_id=mes.mill.id, rule="spt")
        names.append([name for name, _ in self._list(mes, mes.mill.id)])
        wanted = [mes.operation(order, 10).pk for order in (first, third)]
        dispatch.sequence_operations(actor=mes.planner, work_centre_id=mes.mill.id, operation_ids=wanted)
        names.append([name for name, _ in self._list(mes, mes.mill.id)])
        assert names == [["W-3", "W-2", "W-1"], ["W-2", "W-3", "W-1"], ["W-1", "W-3", "W-2"]]
        dispatch.sequence_operations(actor=mes.planner, work_centre_id=mes.mill.id, operation_ids=[])
        assert not dispatch_list(mes.planner, [mes.mill.id])[0].planned
        with pytest.raises(ConfigError, match="changed meanwhile"):
            dispatch.sequence_operations(
                actor=mes.planner, work_centre_id=mes.mill.id, operation_ids=[mes.operation(first, 20).pk]
            )
        with pytest.raises(ConfigError, match="no such rule"):
            dispatch.choose_rule(actor=mes.planner, work_centre_id=mes.mill.id, rule="luck")
        with pytest.raises(DeniedError):
            dispatch.choose_rule(actor=mes.operator, work_centre_id=mes.mill.id, rule="spt")
        assert {asset.id for asset in busy_centres(mes.planner)} == {mes.bench.id, mes.mill.id}
        assert centres_of(mes.planner, mes.mill.id) == [mes.mill.id]

    def test_what_is_missing_is_named(self, mes: Mes) -> None:
        skill = Skill.objects.create(organisation=mes.firm, code="mill", name="铣工")
        tool = Tool.objects.create(organisation=mes.firm, code="T1", name="D20", kind="tool", life=50, used=0)
        gauge = Tool.objects.create(organisation=mes.firm, code="G1", name="卡尺", kind="gauge", calibrated_until=5)
        program = Program.objects.create(organisation=mes.firm, code="O1")
        version = ProgramVersion.objects.create(program=program, version=3, digest="0" * 64, state="released")
        RoutingStep.objects.filter(number=10).update(skill=skill, tool=tool, gauge=gauge, program=program)
        order = mes.order("W-1", 100)

        def needs(person: int | None = None) -> dict[str, str]:
            (row,) = dispatch_list(mes.planner, [mes.mill.id], person_id=person, now=10)[0].rows
            return {need.kind: need.state for need in row.needs}

        assert needs() == {
            "pieces": "there",
            "material": "unknown",
            "tool": "warn",
            "gauge": "missing",
            "program": "there",
            "skill": "missing",
        }
        PersonSkill.objects.create(person_id=mes.operator.person_id, skill=skill, level=2)
        Tool.objects.filter(pk=gauge.pk).update(calibrated_until=11)
        Tool.objects.filter(pk=tool.pk).update(state="broken")
        ProgramVersion.objects.filter(pk=version.pk).update(state="retired")
        now = needs()
        assert (now["skill"], now["gauge"], now["tool"], now["program"]) == ("there", "there", "missing", "missing")
        assert needs(mes.planner.person_id)["skill"] == "missing"
        PersonSkill.objects.update(until=9)
        assert needs(mes.operator.person_id)["skill"] == "missing"
        bookings.hold_operation(
            actor=mes.quality, operation_id=mes.operation(order, 10).pk, at=Report(1, 1), reason="quality"
        )
        assert needs()["hold"] == "missing"
        (bench,) = dispatch_list(mes.planner, [mes.bench.id])
        assert [(row.operation.number, row.can_run) for row in bench.rows] == [(20, False), (30, False)]

    def test_a_handful_of_queries_whatever_the_number(
        self, mes: Mes, django_assert_max_num_queries: pytest.FixtureRequest
    ) -> None:
        for i in range(12):
            mes.order(f"W-{i}", 10)
        with django_assert_max_num_queries(14):
            found = dispatch_list(mes.planner, [mes.mill.id, mes.bench.id, mes.second_mill.id])
        assert [len(one.rows) for one in found] == [12, 24, 0]
        assert Operation.objects.count() == 48

    def test_nobody_sees_the_list_of_others(self, mes: Mes) -> None:
        mes.order()
        other = Mes("other")
        assert dispatch_list(other.planner, [mes.mill.id]) == []
        with pytest.raises(DeniedError):
            dispatch.sequence_operations(actor=other.planner, work_centre_id=mes.mill.id, operation_ids=[])
