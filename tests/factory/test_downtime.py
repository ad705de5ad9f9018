"""Stops from real frames, what people say of them, and what becomes of it when late data come."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import translation

from chanye.domains.factory.actions import downtime as actions
from chanye.domains.factory.actions.downtime import Choice
from chanye.domains.factory.actions.machines import configure_machine
from chanye.domains.factory.models import Reason
from chanye.domains.factory.queries import downtime as queries
from chanye.domains.factory.queries import machines
from chanye.domains.factory.queries.waterfall import waterfall
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import now_us
from chanye.parties.models import AuditEntry
from chanye.parties.types import Viewer
from downtime_kit import Floor
from factory_kit import GOOD, HOUR, MINUTE, Plant


@pytest.fixture(autouse=True)
def _in_chinese() -> Iterator[None]:
    with translation.override("zh-hans"):
        yield


@pytest.fixture
def floor(plant: Plant) -> Floor:
    return Floor(plant)


def test_stops_want_a_reason_and_get_one(floor: Floor) -> None:
    floor.show((0, "ACTIVE"), (10, "FEED_HOLD"), (14, "FAULT"), (30, "ACTIVE"), (40, "READY"), (41, "ACTIVE"))
    assert floor.told() == [[(10, 30, "")]]  # one minute of waiting is too short
    (stop,) = queries.open_stops(floor.operator, [floor.machine.id])
    assert (stop.state, stop.text, stop.lost, stop.missing) == ("fault", "FAULT", 20 * MINUTE, 20 * MINUTE)
    floor.say(stop.id, "material")
    assert floor.told() == [[(10, 30, "material")]]
    assert queries.open_stops(floor.operator, [floor.machine.id]) == []
    (piece,) = floor.stops()[0].pieces
    assert (piece.who, piece.label) == ("李师傅", "缺料")
    assert AuditEntry.objects.filter(verb="classify_stops", target=f"stop:{stop.id}").exists()


def test_several_reasons_in_one_stop_and_their_history(floor: Floor) -> None:
    floor.show((0, "ACTIVE"), (10, "FEED_HOLD"), (30, "ACTIVE"))
    (stop,) = floor.stops()
    floor.say(stop.id, "breakdown")
    actions.split_stop(actor=floor.operator, stop_id=stop.id, at=floor.at(20))
    assert floor.told() == [[(10, 20, "breakdown"), (20, 30, "breakdown")]]
    floor.say(stop.id, "material", floor.at(20))
    assert floor.told() == [[(10, 20, "breakdown"), (20, 30, "material")]]
    said = queries.said_of(floor.operator, stop.id)
    assert [piece.reason for piece, _taken_back in said] == ["material", "breakdown", "breakdown", "breakdown"]
    last = said[0][0].label_id
    assert last is not None
    actions.retract_label(actor=floor.operator, label_id=last)
    assert floor.told() == [[(10, 20, "breakdown"), (20, 30, "breakdown")]]
    with pytest.raises(ConfigError):
        actions.retract_label(actor=floor.operator, label_id=last)
    with pytest.raises(ConfigError):
        actions.split_stop(actor=floor.operator, stop_id=stop.id, at=floor.at(30))


def test_late_data_split_and_merge_stops_without_losing_what_was_said(floor: Floor) -> None:
    floor.show((0, "ACTIVE"), (10, "FEED_HOLD"), (30, "ACTIVE"), (40, "FEED_HOLD"), (50, "ACTIVE"))
    first, second = floor.stops()
    floor.say(first.id, "breakdown")
    floor.say(second.id, "material")
    floor.show((20, "ACTIVE"), (23, "FEED_HOLD"))  # it ran for three minutes in between
    assert floor.told() == [[(10, 20, "breakdown")], [(23, 30, "breakdown")], [(40, 50, "material")]]
    assert floor.stops()[0].id == first.id or floor.stops()[1].id == first.id
    floor.show((30, "FEED_HOLD"))  # it did not run from 30 to 40 after all
    assert floor.told() == [[(10, 20, "breakdown")], [(23, 40, "breakdown"), (40, 50, "material")]]


def test_a_report_that_comes_before_the_machine_data_is_tied_when_they_come(floor: Floor) -> None:
    floor.show((0, "ACTIVE"))
    assert floor.report("a", "breakdown", 10, 30) == "booked"
    assert floor.report("b", "material", 30.5, 50) == "booked"
    assert floor.told() == []
    reports = queries.hand_reports(floor.operator, [floor.machine.id], floor.t0, now_us())
    assert [report.reason for report in reports] == ["breakdown", "material"]
    floor.show((10.02, "FAULT"))  # only the beginning is known
    assert floor.told() == [[(10.02, 30.5, "breakdown"), (30.5, None, "material")]]
    floor.show((30.1, "ACTIVE"), (30.6, "FAULT"), (50.2, "ACTIVE"))
    assert floor.told() == [[(10.02, 30.1, "breakdown")], [(30.6, 50.2, "material")]]
    assert queries.hand_reports(floor.operator, [floor.machine.id], floor.t0, now_us()) == []


def test_a_short_stop_that_somebody_spoke_of_is_kept(floor: Floor) -> None:
    floor.show((0, "ACTIVE"), (10, "FAULT"), (11, "ACTIVE"))
    assert floor.told() == []
    floor.report("a", "breakdown", 10, 11)
    assert floor.told() == [[(10, 11, "breakdown")]]


def test_a_place_without_a_machine_has_the_stops_that_people_report(floor: Floor) -> None:
    bench = floor.plant.asset(floor.plant.site, "work_centre", "bench")
    floor.machine = bench
    floor.report("a", "breakdown", 10, 30)
    floor.report("b", "material", 40, None)
    assert floor.told() == [[(10, 30, "breakdown")], [(40, None, "material")]]
    floor.report("c", "breakdown", 60, 70)
    assert floor.told() == [[(10, 30, "breakdown")], [(40, 60, "material")], [(60, 70, "breakdown")]]


def test_reasons_are_proposed_from_what_people_chose_before(floor: Floor) -> None:
    alarms = [(floor.at(10), "FAULT 1010", GOOD), (floor.at(30), "NORMAL", GOOD), (floor.at(60), "FAULT 1010", GOOD)]
    floor.plant.write(floor.alarm, [*alarms, (floor.at(80), "NORMAL", GOOD)])
    floor.show((0, "ACTIVE"), (10, "FEED_HOLD"), (30, "ACTIVE"), (60, "FEED_HOLD"), (80, "ACTIVE"), (90, "READY"))
    first, second, third = floor.stops()
    assert (first.alarm, first.proposal) == ("FAULT 1010", None)
    floor.say(first.id, "breakdown")
    second, third = queries.stops(floor.operator, [floor.machine.id], floor.t0, now_us(), missing=True)
    assert second.proposal is not None
    assert (second.proposal.reason, second.proposal.why) == ("breakdown", "alarm")
    assert third.proposal is not None
    assert (third.proposal.reason, third.proposal.why) == ("no_order", "no_order")
    assert third.end is None


def test_oee_honours_reasons(floor: Floor) -> None:
    floor.show((0, "ACTIVE"), (60, "READY"), (180, "ACTIVE"), (240, "FEED_HOLD"), (300, "ACTIVE"))
    window = floor.at(0), floor.at(300)
    viewer = floor.plant.viewer

    def hours() -> tuple[float, ...]:
        e = machines.machine_kpis(viewer, floor.machine.id, *window).elements
        return tuple(x / HOUR for x in (e.pbt, e.apt, e.aust, e.adet, e.adot, e.planned_off))

    assert hours() == (5, 2, 0, 1, 2, 0)
    waiting, hold = floor.stops()
    floor.say(waiting.id, "no_order")
    floor.say(hold.id, "setup")
    assert hours() == (3, 2, 1, 0, 0, 2)
    assert machines.machine_kpis(viewer, floor.machine.id, *window).availability.value == pytest.approx(2 / 3)


def test_refused(floor: Floor) -> None:
    floor.show((0, "ACTIVE"), (10, "FEED_HOLD"), (30, "ACTIVE"))
    (stop,) = floor.stops()
    with pytest.raises(ConfigError):
        floor.say(stop.id, "burr")
    group = Reason.objects.create(organisation=floor.plant.firm, tree="downtime", code="group", name="组")
    Reason.objects.filter(code="material").update(parent=group)
    with pytest.raises(ConfigError):
        floor.say(stop.id, "group")
    stranger = Viewer(99, floor.plant.firm.pk + 1, frozenset({"operator", "manager"}))
    with pytest.raises(DeniedError):
        actions.classify_stops(actor=stranger, choices=[Choice(stop.id)], reason="material")
    auditor = Viewer(98, floor.plant.firm.pk, frozenset({"auditor"}))
    with pytest.raises(DeniedError):
        actions.classify_stops(actor=auditor, choices=[Choice(stop.id)], reason="material")
    assert "refused" in floor.report("x", "material", 30, 10)
    assert floor.report("y", "material", 10, 30) == "booked"
    assert floor.report("y", "material", 10, 30) == "already"
    assert "refused" in floor.report("y", "breakdown", 10, 30)


def test_losses_add_up_to_the_time_that_is_not_production(floor: Floor) -> None:
    floor.show(
        (0, "ACTIVE"), (60, "READY"), (90, "ACTIVE"), (120, "FAULT"), (180, "ACTIVE"), (190, "READY"), (191, "ACTIVE")
    )
    waiting, fault = floor.stops()
    floor.say(fault.id, "breakdown")
    window = floor.at(0), floor.at(200)
    found = queries.losses(floor.operator, [floor.machine.id], *window)
    assert [(x.reason, x.label, x.lost // MINUTE, x.count) for x in found.losses] == [
        ("breakdown", "设备故障", 60, 1),
        ("", "", 30, 1),
    ]
    assert (found.minor_count, found.minor_lost // MINUTE) == (1, 1)
    elements = machines.machine_kpis(floor.plant.viewer, floor.machine.id, *window).elements
    assert found.lost + found.minor_lost == elements.pbt - elements.apt - elements.unknown
    assert (found.planned, found.coverage) == (elements.pbt, pytest.approx(191 / 200))
    assert found.by_machine == ((floor.machine.name, 90 * MINUTE, 2),)
    half = queries.losses(floor.operator, [floor.machine.id], floor.at(150), floor.at(200))
    assert [(x.reason, x.lost // MINUTE) for x in half.losses] == [("breakdown", 30)]
    floor.say(waiting.id, "no_order")  # counts as not planned: no loss of planned time any more
    found = queries.losses(floor.operator, [floor.machine.id], *window)
    elements = machines.machine_kpis(floor.plant.viewer, floor.machine.id, *window).elements
    assert elements.pbt == 170 * MINUTE
    assert [x.element for x in found.losses] == ["fault", "planned_off"]


def test_the_waterfall_ties_to_the_key_figures(floor: Floor) -> None:
    machine, plant = floor.machine, floor.plant
    count, bad = plant.series(machine, "part_count"), plant.series(machine, "scrap_count")
    configure_machine(actor=plant.viewer, asset_id=machine.id, run_time=60.0)
    floor.show((0, "ACTIVE"), (60, "READY"), (90, "ACTIVE"), (120, "FAULT"), (180, "ACTIVE"), (200, "ACTIVE"))
    plant.write(count, [(floor.at(m), m, GOOD) for m in range(0, 201, 2) if not 60 < m < 90 and not 120 < m < 180])
    plant.write(bad, [(floor.at(0), 0, GOOD), (floor.at(50), 7, GOOD)])
    _waiting, fault = floor.stops()
    floor.say(fault.id, "breakdown")
    window = floor.at(0), floor.at(200)
    found = waterfall(floor.operator, [machine.id], *window)
    assert found is not None
    kpis = machines.machine_kpis(plant.viewer, machine.id, *window)
    bars = {(bar.what, bar.reason): bar.length for bar in found.bars}
    e = kpis.elements
    assert bars["planned", ""] == e.pbt
    assert (bars["adet", "breakdown"], bars["adot", ""]) == (60 * MINUTE, 30 * MINUTE)
    height = 0
    for bar in found.bars:  # each total is what the losses before it leave
        if bar.role == "loss":
            height -= bar.length
        else:
            assert height in (0, bar.length)
            height = bar.length
    assert kpis.oee.value is not None
    assert bars["value", ""] == pytest.approx(kpis.oee.value * (e.pbt - e.unknown), abs=2)
    assert found.oee == kpis.oee
