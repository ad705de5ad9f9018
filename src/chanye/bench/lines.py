"""Lines: how exact the simulation is, how fast beside SimPy, and a year of the car plant.

SimPy simulates the same lines in the same call; seconds are those of the processor, on one core.
"""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import random
import time
from collections.abc import Callable, Generator
from typing import Any

import numpy as np

from chanye.bench.figures import Figure, Result, machine, peak, reset_peak
from chanye.bench.lines_exact import throughput
from chanye.engines.lines import Breakdown, Line, Runs, Station, Time, events, recursion, serial, simulate
from chanye.engines.lines.carplant import car_plant, yearly
from chanye.engines.lines.compiled import Stations

EXACT_BAR = (
    "Simulation: exact throughput of reliable 2–6 station lines (reference has closed forms: (B+2)/(B+3) for two "
    "stations, 0.564103 for three without buffers) within 0.2 %"
)
RECURSION_BAR = "≥ 50 M station-operations/s on the recursion"
EVENTS_BAR = "≥ 5 M events/s on the event engine, SimPy in the same run"
YEAR_BAR = "a car-plant year ≤ 10 s on one core"
MEMORY_BAR = "memory ≤ 2 GB"
#: Spaces of the lines whose exact throughput is known from closed forms or the stationary law of their Markov chain.
EXACT = ((0,), (4,), (0, 0), (1, 2), (0, 1, 0), (2, 2, 2), (1, 0, 1, 0), (0, 1, 0, 1, 0))
#: Modules with ``figures(quick) -> list[Figure]`` that add to this bench where they are there.
MORE = ("chanye.bench.lines_balance", "chanye.bench.lines_sequencing")
STATIONS, SPACE = 60, 10


def run(*, quick: bool = False) -> Result:
    """Measure; ``quick`` simulates fewer parts, and a month of the car plant."""
    import numba

    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        found = [*_exact(quick), *_recursion(quick), *_events(quick), *_year(quick)]
    finally:
        numba.set_num_threads(threads)
    for name in MORE:
        if importlib.util.find_spec(name) is not None:
            found += importlib.import_module(name).figures(quick)
    return Result("lines", machine(), tuple(found))


def _seconds(work: Callable[[], object], times: int = 3) -> float:
    """Return the least processor time of some repetitions. [s]."""
    found = []
    for _ in range(times):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def _exact(quick: bool) -> list[Figure]:
    parts, replications = (400_000, 5) if quick else (4_000_000, 5)
    errors = []
    for spaces in EXACT:
        line = serial([Station(f"s{i}", Time(3600, "exponential")) for i in range(len(spaces) + 1)], spaces)
        exact = throughput([1.0] * (len(spaces) + 1), list(spaces))
        found = simulate(line, Runs(parts, replications, warm_up=parts // 100)).throughput.mean()
        errors.append(abs(found / exact - 1) * 100)
    worst = max(errors)
    return [
        Figure(f"error of throughput, worst of {len(EXACT)} lines", worst, "%", bar=EXACT_BAR, holds=worst <= 0.2),
        Figure("error of throughput, mean", float(np.mean(errors)), "%"),
    ]


def _recursion(quick: bool) -> list[Figure]:
    parts = 30_000 if quick else 280_000
    broken = Breakdown(Time(3600, "exponential"), Time(180, "exponential"))
    line = serial([Station(f"s{i}", Time(60.0), breakdown=broken) for i in range(STATIONS)], [SPACE] * (STATIONS - 1))
    flow, one = recursion.compile_flow(line), np.arange(1)
    recursion.trace(flow, parts=100, seed=1, replications=one)
    seconds = _seconds(lambda: recursion.trace(flow, parts=parts, seed=1, replications=one))
    ours, few = parts * STATIONS / seconds / 1e6, 300 if quick else 2_000
    peer = _peer_line(few)
    name = f"recursion, {STATIONS} unreliable stations"
    return [_speed(name, ours, "M operations/s", few * STATIONS / peer / 1e6 if peer else None, RECURSION_BAR, 50)]


def _events(quick: bool) -> list[Figure]:
    parts = 300_000 if quick else 3_000_000
    queue = events.compile_shop(Line((Station("m", Time(8.0, "exponential")),), arrival=Time(10.0, "exponential")))
    chain = [Station(f"s{i}", Time(60.0, "exponential")) for i in range(30)]
    busy = events.compile_shop(serial(chain, [3] * 29))
    found = []
    few = 20_000 if quick else 200_000
    peer = _peer_queue(few)
    for name, shop, many, other in (
        ("events, M/M/1", queue, parts, few * 2 / peer / 1e6 if peer else None),
        ("events, 30 stations that block each other", busy, parts // 15, None),
    ):
        count, seconds = _work(shop, many)
        found.append(_speed(name, count / seconds / 1e6, "M events/s", other, EVENTS_BAR, 5))
    return found


def _work(shop: tuple[Stations, events.Given], parts: int) -> tuple[int, float]:
    """Return events of a run and its seconds."""
    one = np.arange(1)
    count = events.trace(shop, parts=parts, seed=1, replications=one)[1]
    return count, _seconds(lambda: events.trace(shop, parts=parts, seed=1, replications=one))


def _speed(name: str, ours: float, unit: str, peer: float | None, bar: str, least: float) -> Figure:
    ratio = ours / peer if peer else None
    return Figure(name, ours, unit, "SimPy" if peer else "", peer, ratio, bar, ours >= least)


def _year(quick: bool) -> list[Figure]:
    line, cars = car_plant(), 23_000 if quick else 280_000
    simulate(line, Runs(100, 1))
    reset_peak()
    began = time.process_time()
    found = simulate(line, Runs(cars, 1))
    seconds, memory = time.process_time() - began, peak()
    size = f"{'a month' if quick else 'a year'} of the car plant, {len(line.stations)} stations"
    return [
        Figure(size, seconds, "s", bar=YEAR_BAR, holds=None if quick else seconds <= 10),
        Figure("memory of the process meanwhile, at most", memory, "MB", bar=MEMORY_BAR, holds=memory <= 2048),
        Figure("cars a year that the plant makes", yearly(float(found.throughput[0])), "cars"),
    ]


def _peer_queue(parts: int) -> float | None:
    """Return how long SimPy takes for an M/M/1 queue. [s]."""
    if importlib.util.find_spec("simpy") is None:
        return None
    import simpy

    draw = random.Random(1)

    def customer(env: Any, server: Any) -> Generator[Any, Any, None]:
        with server.request() as turn:
            yield turn
            yield env.timeout(draw.expovariate(1 / 8))

    def source(env: Any, server: Any) -> Generator[Any, Any, None]:
        for _ in range(parts):
            yield env.timeout(draw.expovariate(1 / 10))
            env.process(customer(env, server))

    def work() -> None:
        env = simpy.Environment()
        env.process(source(env, simpy.Resource(env, 1)))
        env.run()

    return _seconds(work, 1)


def _peer_line(parts: int) -> float | None:
    """Return how long SimPy takes for the same unreliable line. [s]."""
    if importlib.util.find_spec("simpy") is None:
        return None
    import simpy

    draw = random.Random(1)

    def station(env: Any, before: Any, after: Any) -> Generator[Any, Any, None]:
        left = draw.expovariate(1 / 3600)
        for part in range(parts):
            if before is not None:
                yield before.get()
            work = 60.0
            while left < work:
                yield env.timeout(left)
                work -= left
                yield env.timeout(draw.expovariate(1 / 180))
                left = draw.expovariate(1 / 3600)
            left -= work
            yield env.timeout(work)
            if after is not None:
                yield after.put(part)

    def work() -> None:
        env = simpy.Environment()
        stores = [None, *(simpy.Store(env, SPACE) for _ in range(STATIONS - 1)), None]
        for before, after in itertools.pairwise(stores):
            env.process(station(env, before, after))
        env.run()

    return _seconds(work, 1)
