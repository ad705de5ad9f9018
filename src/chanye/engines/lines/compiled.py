"""A line as arrays, which both compiled engines read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from chanye.engines.jit import lean
from chanye.engines.lines.draws import F64, I64, law_of
from chanye.engines.lines.types import Line, Station

#: Columns of ``real``: one row per station.
LAW, LAW_A, LAW_B, REDO, SCRAP, TOOL_S, PERIOD, OPEN = range(8)
UP_LAW, UP_A, UP_B, UP_MEAN, DOWN_LAW, DOWN_A, DOWN_B, DOWN_MEAN, REALS = range(8, 17)
#: Columns of ``whole``; EXTRA: there are set-ups, tool changes or rework on the spot.
SERVERS, FAILS, TOOL_EVERY, SETUP, FAMILIES, WINDOW, WINDOWS, EXTRA, WHOLES = range(9)
NEVER, BY_WORK, BY_TIME = 0, 1, 2
#: Columns of statistics, per station: open hours used by each state, and parts.
WORKING, SETTING, FAILED, BLOCKED, WAITING, OPEN_S, CLOCK, SCRAPPED, REDONE, DONE, STATS = range(11)
#: Columns of a station's own clock: open window, open hours before it, and when it fails next (in open hours).
LOW, HIGH, BEFORE, FAILS_AT, CLOCKS = range(5)


class Stations(NamedTuple):
    """Stations as arrays.

    ``real`` (stations, REALS), ``whole`` (stations, WHOLES), ``mean`` and ``family`` (stations, models), ``setup``
    flat, ``window`` (windows, 3: opens, closes, open hours before).
    """

    real: F64
    whole: I64
    mean: F64
    family: I64
    setup: F64
    window: F64


def compile_stations(line: Line, order: list[int]) -> Stations:
    """Return the stations of a sound line in ``order`` as arrays."""
    many = len(order)
    real, whole = np.zeros((many, REALS)), np.zeros((many, WHOLES), np.int64)
    mean, family = np.zeros((many, line.models)), np.zeros((many, line.models), np.int64)
    setup: list[float] = [0.0]
    window: list[tuple[float, float, float]] = [(0.0, np.inf, 0.0)]
    first: dict[str, tuple[int, int, float, float]] = {"": (0, 1, np.inf, np.inf)}
    for calendar in line.calendars:
        begin, total = len(window), 0.0
        for opens, closes in calendar.windows:
            window.append((opens, closes, total))
            total += closes - opens
        first[calendar.name] = (begin, len(window) - begin, calendar.period, total)
    for i, number in enumerate(order):
        one = line.stations[number]
        mean[i] = one.models[: line.models] if one.models else one.time.mean
        _numbers(one, real[i], whole[i])
        whole[i, WINDOW], whole[i, WINDOWS], real[i, PERIOD], real[i, OPEN] = first[one.calendar]
        whole[i, SETUP] = -1
        whole[i, EXTRA] = bool(one.setup or one.tools or one.redo)
        if one.setup:
            family[i] = one.setup.family[: line.models]
            whole[i, SETUP], whole[i, FAMILIES] = len(setup), len(one.setup.seconds)
            setup += [cell for row in one.setup.seconds for cell in row]
    return Stations(real, whole, mean, family, np.array(setup), np.array(window))


def _numbers(one: Station, real: F64, whole: I64) -> None:
    real[LAW : LAW_B + 1] = law_of(one.time)
    real[REDO], real[SCRAP] = one.redo, one.scrap
    whole[SERVERS] = one.servers
    if one.tools:
        whole[TOOL_EVERY], real[TOOL_S] = one.tools.every, one.tools.seconds
    if one.breakdown:
        whole[FAILS] = BY_WORK if one.breakdown.by == "operation" else BY_TIME
        real[UP_LAW : UP_B + 1], real[UP_MEAN] = law_of(one.breakdown.up), one.breakdown.up.mean
        real[DOWN_LAW : DOWN_B + 1], real[DOWN_MEAN] = law_of(one.breakdown.down), one.breakdown.down.mean


@lean
def seek(real: F64, whole: I64, window: F64, i: int, t: float, clock: F64) -> None:
    """Set ``clock`` (a row of CLOCKS) to the window that is open at ``t``, or opens next."""
    period = real[i, PERIOD]
    if period == np.inf:
        clock[i, LOW], clock[i, HIGH], clock[i, BEFORE] = 0.0, np.inf, 0.0
        return
    first, many = whole[i, WINDOW], whole[i, WINDOWS]
    turn = np.floor(t / period)
    base = turn * period
    k = first
    while k < first + many and t >= base + window[k, 1]:
        k += 1
    if k == first + many:
        turn, base, k = turn + 1, base + period, first
    clock[i, LOW], clock[i, HIGH] = base + window[k, 0], base + window[k, 1]
    clock[i, BEFORE] = turn * real[i, OPEN] + window[k, 2]
