"""The recursion against exact values, a plain event list, and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from chanye.bench.lines_exact import throughput
from chanye.engines.lines import (
    Breakdown,
    Calendar,
    Line,
    Link,
    Power,
    Runs,
    SetUp,
    Station,
    Time,
    ToolChange,
    compare,
    estimate,
    serial,
    simulate,
)
from chanye.kernel.errors import ConfigError

HOUR = 3600.0


def exponential(many: int) -> list[Station]:
    return [Station(f"s{i}", Time(HOUR, "exponential")) for i in range(many)]


@pytest.mark.parametrize(("many", "space", "known"), [(2, 0, 2 / 3), (2, 3, 5 / 6), (3, 0, 0.564103)])
def test_the_oracle_gives_the_closed_forms(many, space, known):
    assert throughput([1.0] * many, [space] * (many - 1)) == pytest.approx(known, abs=1e-6)


@pytest.mark.parametrize("spaces", [(0,), (4,), (0, 0), (1, 2), (0, 1, 0), (1, 0, 1, 0), (0, 0, 1, 0, 0)])
def test_reliable_exponential_lines_have_their_exact_throughput(spaces):
    found = simulate(serial(exponential(len(spaces) + 1), spaces), Runs(500_000, 4, seed=7, warm_up=5_000))
    exact = throughput([1.0] * (len(spaces) + 1), list(spaces))
    assert found.throughput.mean() == pytest.approx(exact, rel=2e-3)


def test_an_unreliable_machine_works_its_availability():
    broken = Breakdown(Time(4 * HOUR, "exponential"), Time(HOUR, "lognormal", 1.2))
    found = simulate(Line((Station("m", Time(60.0), breakdown=broken),)), Runs(400_000, 4, warm_up=0))
    assert found.throughput.mean() == pytest.approx(60 * 0.8, rel=0.01)
    assert found.share("m", "down").mean() == pytest.approx(0.2, rel=0.03)


def test_shares_add_up_and_starving_and_blocking_stand_where_they_must():
    stations = [Station("a", Time(50)), Station("b", Time(100)), Station("c", Time(25))]
    found = simulate(serial(stations, [2, 2]), Runs(2_000, 2))
    assert found.shares.sum(axis=2) == pytest.approx(1.0)
    assert found.throughput == pytest.approx(36.0)
    assert found.share("a", "blocked") == pytest.approx(0.5, abs=1e-3)
    assert found.share("c", "starved") == pytest.approx(0.75, abs=1e-3)


def test_closed_hours_stop_work_which_goes_on_where_it_was():
    week = Calendar("day", 24 * HOUR, ((8 * HOUR, 12 * HOUR), (13 * HOUR, 17 * HOUR)))
    station = Station("m", Time(3 * HOUR), calendar="day", power=Power(working=10.0, off=1.0))
    found = simulate(Line((station,), calendars=(week,)), Runs(800, 1, warm_up=0))
    assert found.throughput[0] == pytest.approx(8 / 3 / 24, rel=5e-3)
    assert found.share("m", "closed")[0] == pytest.approx(2 / 3, rel=5e-3)
    assert found.energy[0] == pytest.approx((8 * 10 + 16) / (8 / 3), rel=5e-3)


def test_set_ups_by_family_and_tool_changes_cost_their_time():
    setup = SetUp((0, 1), ((0.0, 30.0), (90.0, 0.0)))
    station = Station("m", Time(60.0), setup=setup, tools=ToolChange(10, 40.0))
    found = simulate(Line((station,), sequence=(0, 0, 1, 1)), Runs(4_000, 1, warm_up=0))
    assert HOUR / found.throughput[0] == pytest.approx(60 + (30 + 90) / 4 + 4, rel=1e-3)


def test_an_assembly_waits_for_the_slowest_and_a_conveyor_keeps_order():
    stations = (Station("a", Time(40)), Station("b", Time(70)), Station("oven", Time(1800), servers=60),
                Station("join", Time(10)))  # fmt: skip
    links = (Link("a", "oven", 0), Link("oven", "join", 1), Link("b", "join", 1, transport=5.0))
    found = simulate(Line(stations, links), Runs(2_000, 1))
    assert HOUR / found.throughput[0] == pytest.approx(70)


def test_scrap_and_rework_on_the_spot():
    stations = [Station("a", Time(10), scrap=0.2), Station("b", Time(6), redo=0.25), Station("c", Time(1))]
    found = simulate(serial(stations, [5, 5]), Runs(50_000, 2))
    assert found.scrapped.mean() == pytest.approx(0.2, rel=0.03)
    assert found.redone.mean() == pytest.approx(0.8 * 0.25, rel=0.03)
    assert found.share("b", "working").mean() == pytest.approx(0.8 * 0.6 * 1.25, rel=0.02)


def test_variants_meet_the_same_luck():
    broken = Breakdown(Time(HOUR, "exponential"), Time(600, "exponential"))
    stations = [Station(f"s{i}", Time(60, "lognormal", 0.3), breakdown=broken) for i in range(5)]
    runs = Runs(3_000, 10)
    before, after = (simulate(serial(stations, [space] * 4), runs).throughput for space in (2, 4))
    paired, apart = compare(before, after), estimate(after).half + estimate(before).half
    assert paired.low > 0
    assert paired.half < apart / 4
    assert (simulate(serial(stations, [2] * 4), runs).throughput == before).all()


def test_little_and_arrivals():
    line = Line((Station("m", Time(50, "uniform", 0.5)),), arrival=Time(100, "exponential"))
    found = simulate(line, Runs(400_000, 4))
    wait = 0.5 * 50 * (1 + 0.25) / (2 * (1 - 0.5))
    assert found.lead_time.mean() == pytest.approx(50 + wait, rel=0.02)
    assert found.wip.mean() == pytest.approx((50 + wait) / 100, rel=0.02)


def test_every_problem_is_named():
    stations = (Station("a", Time(-1)), Station("a", Time(1), scrap=1.5), Station("b", Time(1), calendar="x"))
    with pytest.raises(ConfigError) as caught:
        simulate(Line(stations, (Link("b", "q"),)), Runs(10))
    for word in ("twice", "positive", "scrap", "'x'", "'q'"):
        assert word in str(caught.value)
    with pytest.raises(ConfigError, match="circle"):
        simulate(Line((Station("a", Time(1)), Station("b", Time(1))), (Link("a", "b"), Link("b", "a"))), Runs(10))
    with pytest.raises(ConfigError, match="one part"):
        simulate(Line((Station("a", Time(1)),)), Runs(0))


def test_parts_of_a_line_that_never_ages_are_the_same_in_any_number_of_replications():
    line = serial(exponential(3), [1, 1])
    few, more = (simulate(line, Runs(500, n, warm_up=0)).throughput for n in (2, 5))
    assert (few == more[:2]).all()
    assert np.unique(more).size == 5


def test_plain_stations_and_those_with_a_calendar_that_never_closes_are_the_same():
    broken = Breakdown(Time(2000, "exponential"), Time(300, "lognormal", 1.0))
    always = Calendar("always", 86400.0, ((0.0, 86400.0),))

    def line(names: list[str]) -> Line:
        times = [Time(60, "exponential"), Time(60, "lognormal", 0.3), Time(58), Time(60, "uniform", 0.2)]
        stations = [
            Station(str(i), time, models=(50.0, 62.0), breakdown=broken, calendar=name)
            for i, (time, name) in enumerate(zip(times, names, strict=True))
        ]
        return serial(stations, [0, 3, None], sequence=(0, 1, 1), calendars=(always,))

    runs = Runs(3_000, 2, warm_up=300)
    plain, closed, mixed = (simulate(line(one), runs) for one in ([""] * 4, ["always"] * 4, ["", "", "always", ""]))
    for other in (closed, mixed):
        assert plain.throughput == pytest.approx(other.throughput, rel=1e-9)
        assert plain.lead_time == pytest.approx(other.lead_time, rel=1e-6)
        assert plain.shares == pytest.approx(other.shares, abs=1e-6)
