"""The event engine against queueing formulas, the recursion part by part, and a twin in SimPy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chanye.engines.lines import (
    Breakdown,
    Calendar,
    Line,
    Link,
    Rework,
    Runs,
    SetUp,
    Station,
    Time,
    ToolChange,
    events,
    recursion,
    serial,
    simulate,
)
from chanye.kernel.errors import ConfigError

ONE = np.arange(1)


def lead(line: Line, parts: int = 300_000) -> float:
    found, _events = events.trace(events.compile_shop(line), parts=parts, seed=11, replications=np.arange(4))
    return float((found.left - found.came)[:, parts // 20 :].mean())


@pytest.mark.parametrize(
    ("station", "expected"),
    [
        (Station("M/M/1", Time(7.0, "exponential")), 7 / 0.3),
        (Station("M/D/1", Time(7.0)), 7 + 0.7 * 7 / (2 * 0.3)),
        (Station("M/G/1", Time(7.0, "lognormal", 1.5)), 7 + 0.7 * 7 * (1 + 1.5**2) / (2 * 0.3)),
        (Station("M/G/1", Time(7.0, "weibull", 0.6)), 7 + 0.7 * 7 * (1 + 0.6**2) / (2 * 0.3)),
    ],
    ids=lambda value: value.name if isinstance(value, Station) else "",
)
def test_one_server(station, expected):
    assert lead(Line((station,), arrival=Time(10, "exponential"))) == pytest.approx(expected, rel=0.03)


def test_several_servers():
    load, servers = 2.1, 3
    wait = load**servers / math.factorial(servers) / (1 - load / servers)
    wait /= sum(load**k / math.factorial(k) for k in range(servers)) + wait
    expected = 21 + wait * 21 / (servers - load)
    line = Line((Station("M/M/3", Time(21, "exponential"), servers=3),), arrival=Time(10, "exponential"))
    assert lead(line) == pytest.approx(expected, rel=0.03)


def test_the_same_times_as_the_recursion_part_by_part():
    broken = Breakdown(Time(3600, "exponential"), Time(180, "lognormal", 1.0), "time")
    worn = Breakdown(Time(2000, "weibull", 0.7), Time(90, "exponential"))
    day = Calendar("day", 86400.0, ((28800.0, 43200.0), (46800.0, 61200.0)))
    setup = SetUp((0, 1), ((0.0, 20.0), (10.0, 0.0)))
    stations = [
        Station("a", Time(60, "lognormal", 0.2), models=(60.0, 70.0), breakdown=broken, setup=setup, calendar="day"),
        Station("b", Time(60, "uniform", 0.2), breakdown=worn, redo=0.05, tools=ToolChange(7, 30)),
        Station("c", Time(55, "exponential"), scrap=0.05, calendar="day"),
        Station("d", Time(60), scrap=0.02),
    ]
    line = serial(stations, [2, 0, 3], sequence=(0, 0, 1), calendars=(day,))
    ours = recursion.trace(recursion.compile_flow(line), parts=4000, seed=3, replications=ONE)
    theirs, _n = events.trace(events.compile_shop(line), parts=3900, seed=3, replications=ONE)
    a, b = (one.left[0][~np.isnan(one.left[0])] for one in (ours, theirs))
    many = min(len(a), len(b))
    assert many > 3500
    np.testing.assert_allclose(a[:many], b[:many], rtol=1e-12)
    assert ours.marks[0, 50].sum(0)[1:5] == pytest.approx(theirs.marks[0, 51].sum(0)[1:5], rel=0.15)


def simpy_rework(parts: int, seed: int) -> float:
    """Twin: two stations with room for two, a tester that sends 20 % back, two operators for all three."""
    simpy = pytest.importorskip("simpy")
    draw, left = np.random.default_rng(seed), []
    env = simpy.Environment()
    people = simpy.Resource(env, 2)
    stations = {name: simpy.Resource(env, 1) for name in ("make", "test")}

    def part():
        came, name = env.now, "make"
        while name:
            with stations[name].request() as station:
                yield station
                with people.request() as person:
                    yield person
                    yield env.timeout(draw.exponential(5.0))
            name = "test" if name == "make" else ("make" if draw.random() < 0.2 else "")
        left.append(env.now - came)

    def source():
        while True:
            yield env.timeout(draw.exponential(10.0))
            env.process(part())

    env.process(source())
    while len(left) < parts:
        env.step()
    return float(np.mean(left[parts // 20 :]))


def test_rework_and_shared_operators_as_in_simpy():
    stations = (
        Station("make", Time(5.0, "exponential"), pool="people"),
        Station("test", Time(5.0, "exponential"), pool="people", rework=Rework(0.2, "make")),
    )
    line = Line(stations, (Link("make", "test", None),), arrival=Time(10, "exponential"), pools=(("people", 2),))
    # Two operators never wait for anything that two stations do not: a Jackson network of two queues.
    assert lead(line) == pytest.approx(2 * 5 / (1 - 0.625) / 0.8, rel=0.03)
    assert lead(line) == pytest.approx(np.mean([simpy_rework(6_000, seed) for seed in range(3)]), rel=0.08)


def test_one_operator_for_two_stations_is_one_server():
    stations = [Station(name, Time(3.0, "exponential"), pool="one") for name in "ab"]
    line = serial(stations, [None], arrival=Time(10, "exponential"), pools=(("one", 1),))
    found = simulate(line, Runs(100_000, 4))
    assert found.throughput.mean() == pytest.approx(360, rel=0.01)
    assert found.share("a", "waiting").mean() > 0.05
    assert found.shares.sum(axis=2) == pytest.approx(1.0, abs=1e-3)


def test_dispatch_rules_do_what_they_say():
    def line(rule: str) -> Line:
        setup = SetUp((0, 1), ((0.0, 4.0), (4.0, 0.0)))
        station = Station("m", Time(5), models=(2.0, 9.0), dispatch=rule, setup=setup)
        return Line((station,), arrival=Time(9, "exponential"), sequence=(0, 1), allowance=(50.0, 5.0))

    times = {rule: simulate(line(rule), Runs(60_000, 2)).lead_time.mean() for rule in ("fifo", "shortest", "family")}
    assert times["shortest"] < times["fifo"]
    assert times["family"] < times["fifo"]
    assert simulate(line("due"), Runs(1_000, 2)).throughput.mean() > 0


def test_parts_that_visit_a_station_again_and_ways_between():
    stations = (Station("a", Time(10)), Station("b", Time(5), transport=7.0))
    found = simulate(Line(stations, routes=(("a", "b", "a"),), arrival=Time(100)), Runs(50, 1, warm_up=5))
    assert found.lead_time[0] == pytest.approx(10 + 7 + 5 + 10)


def test_lines_that_lock_up_or_drown_say_so():
    stations = (Station("a", Time(1), room=0), Station("b", Time(1), room=0))
    with pytest.raises(ConfigError, match="locks up"):
        simulate(Line(stations, routes=(("a", "b", "a", "b"),)), Runs(100))
    pool = {"pools": (("p", 1),), "arrival": Time(1)}
    shop = events.compile_shop(Line((Station("a", Time(10), pool="p"),), **pool))
    with pytest.raises(ConfigError, match="outrun"):
        events.trace(shop, parts=10_000, seed=1, replications=ONE, inside=500)
    stations = (Station("a", Time(1), rework=Rework(0.1, "b")), Station("b", Time(1)))
    with pytest.raises(ConfigError, match="off the route"):
        simulate(Line(stations, routes=(("a",),)), Runs(10))
