"""The pipeline: stages counted apart, progress by rules of credit, flags, who sees what."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from PIL import Image

from chanye.domains.projects.actions import pipeline as actions
from chanye.domains.projects.actions import progress as works
from chanye.domains.projects.actions.progress import PhotoFile
from chanye.domains.projects.models import Project
from chanye.domains.projects.pages.pipeline import PROJECTS
from chanye.domains.projects.project_rows import facts_of
from chanye.domains.projects.queries import pipeline as queries
from chanye.domains.projects.queries import progress as record_queries
from chanye.domains.projects.rules.effects import measured_share
from chanye.domains.projects.rules.flags import flags_of
from chanye.domains.projects.types.pipeline import FLAGS, ProjectDraft
from chanye.domains.projects.types.progress import MilestoneDraft, Seen
from chanye.evidence.types import EffectRef
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.settings import get_settings
from chanye.parties import actions as parties
from chanye.parties.types import SYSTEM, Viewer

pytestmark = pytest.mark.django_db
TODAY = date(2026, 9, 30)
YUAN = 100


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CHANYE_DATA", str(tmp_path / "var"))
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture
def office() -> Viewer:
    number = parties.create_organisation(actor=SYSTEM, code="office", name="District office", kind="district")
    return Viewer(101, number, frozenset({"officer"}), name="officer", kind="district")


def inspector(office: Viewer) -> Viewer:
    return replace(office, person_id=102, name="inspector", roles=frozenset({"auditor"}))


def make(office: Viewer, code: str, **more) -> int:
    values = {"planned_total": 1_000_000 * YUAN, "latitude": 29.72, "longitude": 106.63} | more
    return actions.save_project(
        actor=office, organisation_id=office.organisation_id, draft=ProjectDraft(code, f"Project {code}", **values)
    )


def stage(office: Viewer, project: int, name: str, on: date, amount: int = 0) -> None:
    actions.record_stage(
        actor=office, project_id=project, stage=name, on=on, amount=amount, evidence="paper 1", today=TODAY
    )


def pay(office: Viewer, project: int, kind: str, on: date, amount: int, key: str = "k") -> int:
    return actions.record_payment(
        actor=office, project_id=project, key=key, kind=kind, on=on, amount=amount, evidence="slip", today=TODAY
    )


def test_a_pledge_is_never_investment(office: Viewer) -> None:
    one, two = make(office, "A"), make(office, "B")
    stage(office, one, "signed", date(2026, 1, 10), 800_000 * YUAN)
    stage(office, two, "signed", date(2026, 2, 10), 200_000 * YUAN)
    pay(office, one, "in", date(2026, 3, 1), 300_000 * YUAN, "a")
    pay(office, one, "in", date(2026, 4, 1), 50_000 * YUAN, "b")
    stage(office, one, "started", date(2026, 5, 1), 1_000_000 * YUAN)
    found = {f.stage: (f.count, f.amount // YUAN) for f in queries.funnel(office)}
    assert found["signed"] == (2, 1_000_000)
    assert found["paid_in"] == (1, 350_000)
    assert found["started"] == (1, 1_000_000)
    assert found["in_production"] == (0, 0)
    first = {f.stage: f.count for f in queries.funnel(office, date(2026, 1, 1), date(2026, 1, 31))}
    assert (first["signed"], first["paid_in"]) == (1, 0)
    # The same key books once, other content under it is refused, and paid in is no stage recorded by hand.
    pay(office, one, "in", date(2026, 3, 1), 300_000 * YUAN, "a")
    assert queries.funnel(office)[1].amount == 350_000 * YUAN
    with pytest.raises(ConfigError):
        pay(office, one, "in", date(2026, 3, 1), 1, "a")
    with pytest.raises(ConfigError):
        stage(office, one, "paid_in", date(2026, 1, 1))
    with pytest.raises(ConfigError):
        stage(office, one, "started", date(2027, 1, 1))


def test_a_split_project_counts_once(office: Viewer) -> None:
    whole = make(office, "W", planned_total=900 * YUAN)
    part = make(office, "W-2", part_of="W", planned_total=100 * YUAN)
    for one, amount in ((whole, 900), (part, 100)):
        stage(office, one, "signed", date(2026, 1, 1), amount * YUAN)
    signed = queries.funnel(office)[0]
    assert (signed.count, signed.amount) == (1, 1000 * YUAN)
    with pytest.raises(ConfigError):
        make(office, "X", part_of="W-2")
    with pytest.raises(ConfigError):
        make(office, "W", part_of="W-2")


PLAN = [
    MilestoneDraft("Ground", "0/100", 100 * YUAN, date(2026, 1, 1), date(2026, 3, 31)),
    MilestoneDraft("Steel", "50/50", 200 * YUAN, date(2026, 3, 1), date(2026, 6, 30)),
    MilestoneDraft(
        "Roof", "steps", 300 * YUAN, date(2026, 5, 1), date(2026, 12, 31), (("panels", 3.0), ("seal", 1.0))
    ),
    MilestoneDraft("Machines", "units", 400 * YUAN, date(2026, 8, 1), date(2027, 2, 28), units=40, unit="{count}"),
]


def report(office: Viewer, project: int, title: str, seen: Seen, on: date, verdict: str = "accepted", **more) -> int:
    found = record_queries.record(office, project, today=TODAY)
    milestone = next(m.id for m in found.milestones if m.title == title)
    number = works.report_progress(
        actor=office, project_id=project, milestone_id=milestone, key=f"{title}{on}", on=on, seen=seen, today=TODAY,
        **more,
    )  # fmt: skip
    if verdict:
        works.verify_report(actor=inspector(office), report_id=number, verdict=verdict, why="seen", today=TODAY)
    return number


def test_three_progresses_stay_apart(office: Viewer) -> None:
    project = make(office, "A", planned_total=1000 * YUAN)
    works.save_milestones(actor=office, project_id=project, milestones=PLAN, today=TODAY)
    pay(office, project, "out", date(2026, 6, 1), 700 * YUAN)
    report(office, project, "Ground", Seen(done=True), date(2026, 3, 20))
    report(office, project, "Steel", Seen(started=True), date(2026, 4, 1))
    report(office, project, "Roof", Seen(steps=(0,)), date(2026, 9, 1))
    report(office, project, "Machines", Seen(units=10), date(2026, 9, 20), verdict="")  # not verified: earns nothing
    row = queries.project(office, project, today=TODAY)
    # By hand: 100 + 200 x 1/2 + 300 x 3/4 of 1000.
    assert row.physical == pytest.approx(0.425)
    assert (row.financial, row.effective) == (0.7, None)
    assert set(row.flags) == {"money_ahead", "overdue"}
    found = record_queries.record(office, project, today=TODAY)
    assert found.earned is not None
    assert found.earned.ev == 425 * YUAN
    assert found.earned.ac == 700 * YUAN
    # Planned by the same rules: 100 + 200 + 300 x 153/245 days + 400 x 61/212 days.
    assert found.earned.pv / YUAN == pytest.approx(300 + 300 * 153 / 245 + 400 * 61 / 212, rel=1e-9)
    assert [m.status for m in found.milestones] == ["met", "notMet", "partiallyMet", "scheduled"]
    with pytest.raises(ConfigError):  # nobody verifies what they reported
        works.verify_report(actor=office, report_id=found.reports[0].id, verdict="accepted", today=TODAY)


def test_frozen_milestones_change_only_with_a_reason(office: Viewer) -> None:
    project = make(office, "A")
    works.save_milestones(actor=office, project_id=project, milestones=PLAN, today=TODAY)
    report(office, project, "Ground", Seen(done=True), date(2026, 3, 20))
    easier = [replace(PLAN[0], budget=700 * YUAN), *PLAN[1:]]
    with pytest.raises(ConfigError):
        works.save_milestones(actor=office, project_id=project, milestones=easier, today=TODAY)
    again = {"actor": office, "project_id": project, "reason": "tender", "today": TODAY}
    assert works.save_milestones(milestones=easier, **again) == 2
    row = queries.project(office, project, today=TODAY)
    assert "changed_scope" in row.flags
    assert row.physical == pytest.approx(700 / 1600)


def picture(colour: int = 0, taken: str = "2026:09:20 10:00:00", place=((29, 43, 12.0), (106, 37, 48.0))) -> bytes:
    image = Image.new("L", (64, 48))
    image.putdata([(x * (3 + colour) + y * colour * 2) % 256 for y in range(48) for x in range(64)])
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = taken
    if place:
        exif.get_ifd(0x8825).update({1: "N", 2: place[0], 3: "E", 4: place[1]})
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif, quality=95)
    return out.getvalue()


def test_photos_are_held_against_site_day_and_earlier_ones(office: Viewer) -> None:
    project, other = make(office, "A"), make(office, "B")
    for one in (project, other):
        works.save_milestones(actor=office, project_id=one, milestones=PLAN, today=TODAY)

    def faults(where: int, title: str, data: bytes, on: date = date(2026, 9, 21)) -> tuple[str, ...]:
        seen = Seen(started=True) if title == "Steel" else Seen()
        number = report(office, where, title, seen, on, verdict="", photos=[PhotoFile("p.jpg", data)])
        found = record_queries.record(office, where, today=TODAY)
        return next(r for r in found.reports if r.id == number).photos[0].check.faults

    assert faults(project, "Ground", picture()) == ()
    assert faults(other, "Ground", picture()) == ("used",)
    again = Image.open(io.BytesIO(picture())).convert("L")
    out = io.BytesIO()
    again.save(out, "JPEG", quality=70)  # saved again: other bytes, no EXIF, the same view
    assert faults(other, "Steel", out.getvalue()) == ("no_place", "no_time", "alike")
    far = picture(5, "2026:08:01 10:00:00", ((29, 53, 12.0), (106, 37, 48.0)))  # 10' of latitude north: 18.5 km
    assert faults(other, "Roof", far) == ("far", "old")
    assert queries.project(office, other, today=TODAY).flags.count("photo") == 1
    with pytest.raises(ConfigError):
        report(office, other, "Machines", Seen(), TODAY, photos=[PhotoFile("x.jpg", b"no picture")])


def test_the_list_raises_the_flags_that_the_rules_raise(office: Viewer) -> None:
    days = [None, date(2026, 5, 1), date(2026, 9, 1)]
    for number in range(60):
        make(office, f"P{number}", planned_total=(number % 5) * 100)
        Project.objects.filter(code=f"P{number}").update(
            first_total=100 * (number % 3), paid_out=40 * (number % 7), physical=[None, 0, 250_000][number % 3],
            started_on=days[number % 3], in_production_on=days[number % 2 and 2], next_due=days[(number // 2) % 3],
            reported_on=days[(number // 3) % 3], status=["implementation", "completed"][number % 4 == 0],
            baseline_version=number % 3, photo_faults=number % 2, falsified=number % 11 == 0,
        )  # fmt: skip
    seen = set()
    for row in Project.objects.all():
        expected = tuple(flag.code for flag in flags_of(facts_of(row), TODAY))
        assert queries.project(office, row.pk, today=TODAY).flags == expected
        seen |= set(expected)
    assert seen == set(FLAGS)
    tallies = queries.tallies(office, today=TODAY)["flags"]
    assert tallies["photo"] == 30


def test_firms_see_their_own_projects_only(office: Viewer) -> None:
    firms = [parties.create_organisation(actor=SYSTEM, code=c, name=c) for c in ("one", "two")]
    mine = make(office, "A", owner_id=firms[0])
    make(office, "B", owner_id=firms[1])
    viewer = Viewer(7, firms[0], frozenset({"manager"}), name="m")
    assert [row.code for row in queries.table(viewer, PROJECTS.read(QueryDict()), today=TODAY)] == ["A"]
    assert record_queries.record(viewer, mine, today=TODAY).stages == ()
    with pytest.raises(DeniedError):
        queries.project(replace(viewer, organisation_id=firms[1]), mine, today=TODAY)
    with pytest.raises(DeniedError):
        stage(viewer, mine, "signed", date(2026, 1, 1))
    assert list(queries.table(Viewer(None, None), PROJECTS.read(QueryDict()), today=TODAY)) == []


def test_the_list_asks_no_more_questions_for_more_projects(office: Viewer) -> None:
    def questions() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            rows = queries.table(office, PROJECTS.read(QueryDict()), today=TODAY)
            assert 0 < len(list(rows)) <= rows.count
            queries.funnel(office)
            queries.tallies(office, today=TODAY)
        return len(asked)

    make(office, "A")
    few = questions()
    now = Project.objects.get(code="A")
    Project.objects.bulk_create(
        Project(organisation_id=office.organisation_id, code=f"N{i}", name=f"N{i}", created_at=0, changed_at=0,
                planned_total=now.planned_total) for i in range(300)
    )  # fmt: skip
    assert questions() == few <= 6


def effect(least: float | None, claim: float, verdict: str = "confirmed") -> EffectRef:
    return EffectRef(
        id=1, plan_id=1, organisation_id=1, firm="", asset_id=1, asset="", title="", measure="", upgrade_kind="",
        method="baseline", claim=claim, estimate=least, lower=least, upper=least, least=least, confidence=0.9,
        one_sided=0.68, before_days=0, after_days=0, coverage=1.0, verdict=verdict, why="", blame="", start=0, end=0,
        known_at=0, computed_at=0, plan_digest="", inputs_digest="",
    )  # fmt: skip


def test_effective_progress_counts_what_is_sure() -> None:
    assert measured_share({}) is None
    assert measured_share({1: effect(None, 0.1, "not_measurable")}) is None
    # 0.06 of 0.12 promised, more than promised, and worse than before: (0.5 + 1 + 0) / 3; unmeasurable is left out.
    found = {1: effect(0.06, 0.12), 2: effect(0.5, 0.1), 3: effect(-0.2, 0.1, "below"), 4: effect(None, 0.1)}
    assert measured_share(found) == 500_000
