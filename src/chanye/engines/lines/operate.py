"""One operation of one station: set-up, work, failures, closed hours. Compiled; both engines call it."""

from __future__ import annotations

import math

import numpy as np

from chanye.engines.jit import inlined, lean, spliced
from chanye.engines.lines import compiled as c
from chanye.engines.lines.draws import DOWN, EXPONENTIAL, F64, FIXED, I64, QUALITY, U64, UP, WORK, uniform, variate

#: Columns of what a server remembers: family last set up (-1: none), parts since the last tool change.
LAST, SINCE, MEMORY = 0, 1, 2


@lean
def first_failure(real: F64, whole: I64, i: int, state: U64, clock: F64) -> None:
    """Draw when a server fails for the first time."""
    clock[i, c.FAILS_AT] = np.inf
    if whole[i, c.FAILS] != c.NEVER:
        clock[i, c.FAILS_AT] = _up(real, i, state)


@lean
def _up(real: F64, i: int, state: U64) -> float:
    return float(real[i, c.UP_MEAN]) * variate(
        real[i, c.UP_LAW], real[i, c.UP_A], real[i, c.UP_B], uniform(state, i, UP)
    )


@lean
def _down(real: F64, i: int, state: U64) -> float:
    unit = variate(real[i, c.DOWN_LAW], real[i, c.DOWN_A], real[i, c.DOWN_B], uniform(state, i, DOWN))
    return float(real[i, c.DOWN_MEAN]) * unit


@lean
def _preparation(s: c.Stations, i: int, model: int, memory: I64) -> float:
    """Return set-up and tool change before this part. [s]."""
    seconds = 0.0
    if s.whole[i, c.SETUP] >= 0:
        family = s.family[i, model]
        if memory[i, LAST] >= 0:
            seconds = s.setup[s.whole[i, c.SETUP] + memory[i, LAST] * s.whole[i, c.FAMILIES] + family]
        memory[i, LAST] = family
    if s.whole[i, c.TOOL_EVERY] > 0:
        if memory[i, SINCE] == s.whole[i, c.TOOL_EVERY]:
            seconds += s.real[i, c.TOOL_S]
            memory[i, SINCE] = 0
        memory[i, SINCE] += 1
    return seconds


@lean
def failures(real: F64, i: int, start: float, work: float, by_time: bool, state: U64, clock: F64) -> float:
    """Return how long failures hold this operation up; ``start`` in open hours. [s]."""
    at, held = clock[i, c.FAILS_AT], 0.0
    if by_time:
        while at <= start:
            end = at + _down(real, i, state)
            held += max(end - max(start, at), 0.0)
            start = max(start, end)
            at = end + _up(real, i, state)
        end = start + work
        while at < end:
            repair = _down(real, i, state)
            held, end = held + repair, end + repair
            at += repair + _up(real, i, state)
        clock[i, c.FAILS_AT] = at
        return held
    while at < work:
        held += _down(real, i, state)
        at += _up(real, i, state)
    clock[i, c.FAILS_AT] = at - work
    return held


@spliced
def operate(
    s: c.Stations, i: int, model: int, begin: float, state: U64, clock: F64, memory: I64, stats: F64
) -> tuple[float, float]:
    """Do one operation.

    Returns
    -------
    ended
        When the part is finished. [s]
    began
        When the station began, which is after ``begin`` if it was closed. [s]
    """
    if begin >= clock[i, c.HIGH]:
        seek(s, i, begin, clock)
    began = max(begin, clock[i, c.LOW])
    work = s.mean[i, model]
    law = s.real[i, c.LAW]
    if law == EXPONENTIAL:
        work *= -math.log(uniform(state, i, WORK))
    elif law != FIXED:
        work *= variate(law, s.real[i, c.LAW_A], s.real[i, c.LAW_B], uniform(state, i, WORK))
    prepare, held = 0.0, 0.0
    if s.whole[i, c.EXTRA]:
        if s.real[i, c.REDO] > 0 and uniform(state, i, QUALITY) < s.real[i, c.REDO]:
            work *= 2
            stats[i, c.REDONE] += 1
        prepare = _preparation(s, i, model, memory)
        stats[i, c.SETTING] += prepare
    if s.whole[i, c.FAILS] != c.NEVER:
        by_time = s.whole[i, c.FAILS] == c.BY_TIME
        since = clock[i, c.BEFORE] + (began - clock[i, c.LOW]) if by_time else 0.0
        if clock[i, c.FAILS_AT] <= since + prepare + work:
            held = failures(s.real, i, since, prepare + work, by_time, state, clock)
            stats[i, c.FAILED] += held
        elif not by_time:
            clock[i, c.FAILS_AT] -= prepare + work
    stats[i, c.WORKING] += work
    ended = began + (prepare + work + held)
    while ended > clock[i, c.HIGH]:
        rest = ended - clock[i, c.HIGH]
        seek(s, i, clock[i, c.HIGH], clock)
        ended = clock[i, c.LOW] + rest
    return ended, began


@lean
def seek(s: c.Stations, i: int, t: float, clock: F64) -> None:
    """Move a server's clock to the window that is open at ``t`` or opens next."""
    c.seek(s.real, s.whole, s.window, i, t, clock)


@inlined
def opened(s: c.Stations, i: int, t: float, clock: F64) -> float:
    """Return the open hours until ``t``, not before the last time asked. [s]."""
    if t >= clock[i, c.HIGH]:
        seek(s, i, t, clock)
    return float(clock[i, c.BEFORE] + max(t - clock[i, c.LOW], 0.0))
