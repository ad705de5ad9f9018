"""Simple assembly line balancing: fewest stations for a cycle time, shortest cycle for a number of stations."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np

from chanye.engines.lines.balance_search import Cancelled, Outcome, fewest, root_bound
from chanye.engines.lines.balance_types import I64, Balance, Tasks
from chanye.kernel.errors import ConfigError

#: First and longest time spent on one cycle time, as a share of all time, before others are tried.
FIRST_SHARE = 0.01


def balance_line(
    tasks: Tasks, *, cycle: int, seconds: float = 10.0, cancelled: Callable[[], bool] | None = None
) -> Balance:
    """Put tasks into the fewest stations (SALBP-1).

    Parameters
    ----------
    tasks
        Times and precedence.
    cycle
        Time of each station, in the unit of the task times.
    seconds
        After this, or when ``cancelled`` says so, the best so far is returned, with what is proved.
    cancelled
        Asked between slices of the search.

    Raises
    ------
    ConfigError
        If a task is longer than the cycle; all of these are named.

    Notes
    -----
    Hoffmann's heuristic from both ends, then branch, bound and remember from both ends in turn: E. C. Sewell and
    S. H. Jacobson (2012), doi:10.1287/ijoc.1110.0462; D. R. Morrison, E. C. Sewell and S. H. Jacobson (2014),
    doi:10.1016/j.ejor.2013.11.033.
    """
    began = perf_counter()
    long = np.flatnonzero(tasks.times > cycle).tolist()
    if long:
        names = ", ".join(f"{tasks.name(task)} ({tasks.times[task]})" for task in long)
        raise ConfigError(f"Longer than the cycle of {cycle}: {names}. Split these tasks, or choose a longer cycle.")
    if cycle <= 0:
        raise ConfigError("The cycle time must be above zero.")
    found = fewest(tasks, cycle, limit=tasks.count + 1, goal=1, seconds=seconds, cancelled=cancelled)
    station = _given(found)
    stations = int(station.max()) + 1
    return Balance(station, stations, cycle, found.bound, found.proved, found.nodes, perf_counter() - began)


def shortest_cycle(
    tasks: Tasks, *, stations: int, seconds: float = 10.0, cancelled: Callable[[], bool] | None = None
) -> Balance:
    """Find the shortest cycle time for a number of stations (SALBP-2).

    Parameters
    ----------
    tasks
        Times and precedence.
    stations
        How many there are; some may stay empty.
    seconds, cancelled
        As for ``balance_line``.

    Raises
    ------
    ConfigError
        If there is no station.

    Notes
    -----
    The interval of cycles is halved: each cycle is decided by ``balance_line``'s search, with twice the time whenever
    all that is left was tried in vain. Only a search that ended raises the bound.
    """
    began = perf_counter()
    if stations < 1:
        raise ConfigError("A line needs at least one station.")
    end = began + seconds

    def over() -> bool:
        return perf_counter() >= end or (cancelled is not None and cancelled())

    low = _least_cycle(tasks.times, stations)
    high, best = _first_cycle(tasks, stations, low)
    share, nodes = FIRST_SHARE * seconds, 0
    open_from = low
    while low < high and not over():
        if open_from >= high:
            open_from, share = low, 2 * share
        cycle = (open_from + high) // 2
        found = fewest(
            tasks,
            cycle,
            limit=stations + 1,
            goal=stations,
            seconds=min(share, end - perf_counter()),
            cancelled=cancelled,
        )
        nodes += found.nodes
        if found.station is not None:
            best = found.station
            high = int(np.bincount(best, tasks.times).max())
        elif found.proved:
            low = max(low, cycle + 1)
            open_from = max(open_from, low)
        else:
            open_from = cycle + 1
    return Balance(best, stations, high, low, low >= high, nodes, perf_counter() - began)


def _least_cycle(times: I64, stations: int) -> int:
    """Return the least cycle that the bounds of ``balance_line`` leave possible."""
    low, high = max(int(times.max()), -(-int(times.sum()) // stations), 1), max(int(times.sum()), 1)
    while low < high:  # the bound falls with the cycle, but for rounding: a least cycle found here is one of them
        middle = (low + high) // 2
        if root_bound(times, middle) > stations:
            low = middle + 1
        else:
            high = middle
    return low


def _first_cycle(tasks: Tasks, stations: int, low: int) -> tuple[int, I64]:
    """Return a cycle that the heuristic alone reaches, found by halving, and its stations."""
    high = max(int(tasks.times.sum()), 1)
    best = np.zeros(tasks.count, np.int64)
    while low < high:
        cycle = (low + high) // 2
        found = fewest(tasks, cycle, limit=stations + 1, goal=stations, seconds=0)
        if found.station is None:
            low = cycle + 1
        else:
            best = found.station
            high = int(np.bincount(best, tasks.times).max())
    return high, best


def _given(found: Outcome) -> I64:
    if found.station is None:  # a line of one task per station always exists
        raise ArithmeticError("No line was found.")
    return found.station


__all__ = ["Balance", "Cancelled", "Tasks", "balance_line", "shortest_cycle"]
