"""Returns and targets in the books: revisions beside each other, nothing changed, nothing of one firm for another."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from chanye.domains.projects.actions.profiles import set_scope
from chanye.domains.projects.actions.returns import Filing, close_month, file_returns
from chanye.domains.projects.actions.targets import set_target
from chanye.domains.projects.queries import returns, statistics, targets
from chanye.domains.projects.types.targets import TargetDraft
from chanye.kernel.errors import ConfigError, DeniedError
from statistics_kit import District, month_now, usual

pytestmark = pytest.mark.django_db
FIRMS = [
    ("nev", "洛碛镇", "large"),
    ("nev", "大湾镇", "medium"),
    ("nev", "大湾镇", "small"),
    ("equipment", "洛碛镇", "small"),
]


@pytest.fixture
def district() -> District:
    return District(FIRMS)


def test_revisions_stand_beside_each_other(district: District) -> None:
    assert district.file("F1", "2025-03") == 1
    assert district.file("F1", "2025-03") == 0  # the same again adds nothing
    with pytest.raises(ConfigError, match="say in Explanation why"):
        district.file("F1", "2025-03", revenue=1)
    district.file("F1", "2025-03", "booked twice", revenue=300_000_000)
    rows = returns.returns(district.officer, district.id, firm_id=district.firms["F1"].id)
    assert [(one.revision, one.stage, one.values["revenue"]) for one in rows] == [
        (2, "revised", 300_000_000),
        (1, "first", 380_000_000),
    ]
    close_month(actor=district.officer, office_id=district.id, month="2025-03")
    assert {one.stage for one in returns.returns(district.officer, district.id)} == {"final"}
    with pytest.raises(ConfigError, match="is final"):
        district.file("F1", "2025-03", "again", revenue=2)
    with pytest.raises(ConfigError, match="has not been yet"):
        district.file("F1", "2999-01")


def test_one_fault_refuses_all(district: District) -> None:
    filings = [
        Filing(district.firms["F1"].id, "2025-03", usual("2025-03")),
        Filing(district.firms["F2"].id, "2025-03", usual("2025-03") | {"employees": -5}),
    ]
    with pytest.raises(ConfigError, match="negative"):
        file_returns(actor=district.officer, office_id=district.id, filings=filings)
    assert returns.returns(district.officer, district.id) == []


def test_who_reads_and_files_single_returns(district: District) -> None:
    district.file("F1", "2025-03")
    own = Filing(district.firms["F2"].id, "2025-03", usual("2025-03"))
    file_returns(actor=district.of("F2"), office_id=district.id, filings=[own])
    assert [one.firm for one in returns.returns(district.of("F2"), district.id)] == ["Firm 2"]
    other = Filing(district.firms["F1"].id, "2025-04", usual("2025-04"))
    for viewer in (
        district.of("F2"),
        district.person("r", "reviewer"),
        district.person("f", "finance"),
        district.manager,
    ):
        with pytest.raises(DeniedError):
            file_returns(actor=viewer, office_id=district.id, filings=[other])
    for viewer in (district.person("r", "reviewer"), district.person("f", "finance"), district.manager):
        with pytest.raises(DeniedError):
            returns.returns(viewer, district.id)


def test_what_is_not_reported_is_seen(district: District) -> None:
    district.file("F1", "2025-03")
    set_scope(actor=district.officer, profile_id=district.firms["F4"].id, since="2020-01", until="2024-12")
    found = {one.name: one.state for one in returns.duties(district.manager, district.id, "2025-03")}
    assert found == {"Firm 1": "first", "Firm 2": "missing", "Firm 3": "missing"}
    with pytest.raises(ConfigError, match="overlap"):
        set_scope(actor=district.officer, profile_id=district.firms["F4"].id, since="2024-06")


def test_headlines_of_a_district(district: District) -> None:
    months = {
        month: {firm: {"output_value": value} for firm in ("F1", "F2", "F3")}
        for month, value in (("2024-03", 100_000_000), ("2025-03", 120_000_000))
    }
    district.file_all(months)
    found = {
        one.indicator.code: one
        for one in statistics.headlines(district.manager, district.id, "2025-03", year_to_date=False)
    }
    output = found["output_value"]
    assert output.growth.same_scope == pytest.approx(0.2)
    assert (output.growth.matched, output.growth.members, output.growth.current) == (3, 4, 360_000_000)
    assert output.coverage == 0.75
    assert output.nowcast is None  # of the one that is missing nothing is known
    with pytest.raises(DeniedError):
        statistics.headlines(district.of("F1"), district.id, "2025-03", year_to_date=False)


def draft(**changes: object) -> TargetDraft:
    year = str(int(month_now()[:4]) + 1)
    values = {
        "code": "nev",
        "title": "NEV output",
        "indicator": "output_value",
        "measure": "level",
        "start": f"{year}-01",
        "end": f"{year}-12",
        "baseline": 0,
        "target": 20_000_000_000_000,
        "sector": "nev",
    }
    return TargetDraft(**(values | changes))


def test_a_target_is_frozen(district: District) -> None:
    district.file("F1", "2025-03")
    number = set_target(actor=district.manager, office_id=district.id, draft=draft())
    for statement in (
        "UPDATE projects_target SET target = 1", "DELETE FROM projects_target",
        "UPDATE projects_monthlyreturn SET revision = 9",
    ):  # fmt: skip
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    with pytest.raises(ConfigError, match="needs a reason"):
        set_target(actor=district.manager, office_id=district.id, draft=draft(target=1))
    set_target(actor=district.manager, office_id=district.id, draft=draft(target=1), reason="the plant came later")
    found = targets.target(district.manager, number)
    assert [(one.revision, one.target, one.reason, one.late) for one in found] == [
        (2, 1, "the plant came later", False),
        (1, 20_000_000_000_000, "", False),
    ]
    assert found[0].set_by == "boss"
    assert [one.revision for one in targets.targets(district.manager, district.id)] == [2]


def test_a_late_target_says_so(district: District) -> None:
    past = draft(start="2025-01", end="2025-12", code="late")
    with pytest.raises(ConfigError, match="has begun"):
        set_target(actor=district.manager, office_id=district.id, draft=past)
    set_target(actor=district.manager, office_id=district.id, draft=past, reason="decided on 2024-12-20, entered now")
    assert targets.targets(district.manager, district.id)[0].late
    with pytest.raises(ConfigError, match="begins in January"):
        set_target(actor=district.manager, office_id=district.id, draft=draft(code="x", end="2031-12"))


def test_attainment_from_the_books() -> None:
    district = District([("nev", "A", "small")] * 3 + [("equipment", "A", "small")] + [("food", "A", "small")] * 3)
    months = ("2025-01", "2025-02", "2025-03")
    district.file_all({m: {f"F{i}": {"output_value": 100} for i in range(1, 8)} for m in months})
    past = {"start": "2025-01", "end": "2025-12", "target": 1800}
    set_target(actor=district.manager, office_id=district.id, draft=draft(**past), reason="late")
    set_target(
        actor=district.manager,
        office_id=district.id,
        draft=draft(**past, code="one", sector="equipment"),
        reason="late",
    )
    found = {one.target.code: one for one in targets.attainments(district.manager, district.id)}
    assert (found["nev"].actual, found["nev"].share, found["nev"].expected) == (900, 0.5, 0.25)
    assert found["nev"].run_rate.required == 100
    assert found["one"].actual is None  # one firm is no aggregate
