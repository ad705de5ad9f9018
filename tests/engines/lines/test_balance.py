"""Line balancing against brute force, another solver and printed optima."""

from __future__ import annotations

import numpy as np
import pytest
from tests.engines.lines.balance_oracles import (
    BOWMAN,
    BOWMAN_STATIONS,
    JACKSON,
    JACKSON_STATIONS,
    cycle_by_subsets,
    generated,
    stations_by_cp_sat,
    stations_by_subsets,
)

from chanye.engines.lines import balance_search
from chanye.engines.lines.balance import balance_line, shortest_cycle
from chanye.engines.lines.balance_types import Tasks, check_balance
from chanye.kernel.errors import ConfigError

PLENTY = 600.0


@pytest.mark.parametrize(("tasks", "printed"), [(JACKSON, JACKSON_STATIONS), (BOWMAN, BOWMAN_STATIONS)])
def test_printed_optima_are_reached_and_proved(tasks: Tasks, printed: dict[int, int]) -> None:
    for cycle, stations in printed.items():
        found = balance_line(tasks, cycle=cycle, seconds=PLENTY)
        assert (found.stations, found.bound, found.proved) == (stations, stations, True)
        assert check_balance(tasks, found) == []


@pytest.mark.parametrize("longest", [30, 60, 100])
def test_agrees_with_brute_force(longest: int) -> None:
    for seed in range(40):
        tasks = generated(seed, 10, longest=longest, arcs=0.05 + 0.01 * seed)
        found = balance_line(tasks, cycle=100, seconds=PLENTY)
        assert check_balance(tasks, found) == []
        assert found.proved
        assert found.stations == stations_by_subsets(tasks, 100) == found.bound


def test_the_search_agrees_with_brute_force_without_a_heuristic_to_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balance_search, "WEIGHTS", ())
    monkeypatch.setattr(balance_search, "LIMITS", ((3, 2), (8_000_000, 200_000)))  # first cut nearly everything away
    for seed in range(60):
        tasks = generated(seed, 11, longest=45 + seed % 30, arcs=0.1)
        found = balance_line(tasks, cycle=100, seconds=PLENTY)
        assert check_balance(tasks, found) == []
        assert (found.stations, found.proved) == (stations_by_subsets(tasks, 100), True)


def test_twenty_tasks_agree_with_cp_sat() -> None:
    for seed in range(6):
        tasks = generated(seed, 20, longest=50)
        found = balance_line(tasks, cycle=100, seconds=PLENTY)
        assert found.proved
        assert found.stations == stations_by_cp_sat(tasks, 100, found.stations + 1)


def test_shortest_cycle_agrees_with_brute_force() -> None:
    for seed in range(12):
        tasks = generated(seed, 9, longest=20)
        for stations in (1, 2, 3, 5):
            found = shortest_cycle(tasks, stations=stations, seconds=PLENTY)
            assert check_balance(tasks, found) == []
            assert found.proved
            assert found.cycle == found.bound == cycle_by_subsets(tasks, stations)


def test_no_time_still_gives_a_line_and_a_bound() -> None:
    tasks = generated(1, 200, cycle=1000, longest=400, arcs=0.02)
    for found in (
        balance_line(tasks, cycle=1000, seconds=0),
        balance_line(tasks, cycle=1000, cancelled=lambda: True),
    ):
        assert check_balance(tasks, found) == []
        assert found.bound <= found.stations
    short = shortest_cycle(tasks, stations=30, seconds=0)
    assert check_balance(tasks, short) == []
    assert short.bound <= short.cycle


def test_answers_repeat() -> None:
    tasks = generated(4, 40, longest=50, arcs=0.05)
    one, two = (balance_line(tasks, cycle=100, seconds=PLENTY) for _ in range(2))
    assert one.station.tolist() == two.station.tolist()


def test_raised_times_keep_what_fits() -> None:
    times = np.array([7, 7, 6, 3])
    assert balance_search.raised_times(times, 10).tolist() == [7, 7, 7, 3]  # beside 6 only 3 fits: one is lost
    assert balance_search.raised_times(np.array([9, 8, 5]), 10).tolist() == [10, 10, 10]


def test_zero_times_and_no_precedence() -> None:
    found = balance_line(Tasks(np.array([0, 0, 5])), cycle=5)
    assert (found.stations, found.proved) == (1, True)
    assert shortest_cycle(Tasks(np.array([0, 0])), stations=3).cycle >= 0


def test_says_what_is_wrong() -> None:
    with pytest.raises(ConfigError, match="3 → 2 → 3"):
        Tasks(np.array([1, 1, 1]), np.array([[0, 1], [1, 2], [2, 1]]))
    with pytest.raises(ConfigError, match="not there"):
        Tasks(np.array([1]), np.array([[0, 1]]))
    with pytest.raises(ConfigError, match="whole numbers"):
        Tasks(np.array([1.5]))
    with pytest.raises(ConfigError, match=r"door \(9\), roof \(8\)"):
        balance_line(Tasks(np.array([9, 8, 1]), names=("door", "roof", "bolt")), cycle=7)
    with pytest.raises(ConfigError, match="at least one station"):
        shortest_cycle(Tasks(np.array([1])), stations=0)
