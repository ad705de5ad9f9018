"""The chart of measured against counterfactual as a drawing: the same on screen and on paper."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from chanye.kernel.time import from_us, to_us

WIDTH, HEIGHT = 720, 250
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 12, 26
#: Points of a strip of days, at most.
CELLS = 120

Series = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of an axis: where, and what stands beside it."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time on the chart: x, width, kind, words."""

    x: float
    width: float
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Paths and marks of a chart, in pixels of ``WIDTH`` by ``HEIGHT``."""

    actual: str
    expected: str
    band: str
    spans: tuple[Span, ...]
    down: tuple[Tick, ...]
    along: tuple[Tick, ...]
    unit: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def plot(
    series: Mapping[str, Any], spans: Sequence[tuple[int, int, str, str]], *, unit: str, timezone: str
) -> Plot | None:
    """Return the drawing of a result's series; None if there is nothing to draw.

    Parameters
    ----------
    series
        ``time`` [us UTC], ``actual``, ``expected``, ``low``, ``high``; None where nothing is known.
    spans
        Stretches to be marked: (start, end, kind, words), us UTC.
    unit
        As it is written beside the axis.
    """
    time: list[int] = series.get("time", [])
    values = [v for name in ("actual", "expected", "low", "high") for v in series.get(name, []) if v is not None]
    if len(time) < 2 or not values:
        return None
    steps = sorted(b - a for a, b in pairwise(time))
    step = steps[len(steps) // 2]  # the first block may hold a day only
    first, last = min(time[0], *(s[0] for s in spans)), max(time[-1] + step, *(s[1] for s in spans))
    low, high, gap = nice(min(values), max(values))

    def x(moment: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (moment - first) / max(last - first, 1), 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - low) / max(high - low, 1e-300), 1)

    across = [x(moment + step / 2) for moment in time]
    breaks = [i for i in range(1, len(time)) if time[i] - time[i - 1] > 2.5 * step]
    lines = {name: _line(across, [None if v is None else y(v) for v in series[name]], breaks) for name in _LINES}
    edges = [[None if v is None else y(v) for v in series[name]] for name in ("low", "high")]
    band = _band(across, edges[0], edges[1], breaks)
    ticks = [low + i * gap for i in range(round((high - low) / gap) + 1)]
    return Plot(
        lines["actual"],
        lines["expected"],
        band,
        tuple(Span(x(a), round(x(b) - x(a), 1), kind, words) for a, b, kind, words in spans),
        tuple(Tick(y(one), f"{one:.10g}") for one in ticks),
        tuple(Tick(x(at), words) for at, words in _months(first, last, ZoneInfo(timezone))),
        unit,
    )


_LINES = ("actual", "expected")


def nice(low: float, high: float) -> tuple[float, float, float]:
    """Return ends and step of an axis in round numbers, four to seven steps."""
    room = (high - low) or abs(high) or 1.0
    rough = room / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * k for k in (1, 2, 5, 10) if power * k >= rough)
    return math.floor(low / step) * step, math.ceil(high / step) * step, step


def _line(x: Sequence[float], y: Sequence[float | None], breaks: Sequence[int]) -> str:
    parts, pen = [], False
    for i, (at, value) in enumerate(zip(x, y, strict=True)):
        pen = pen and i not in breaks
        if value is None:
            pen = False
            continue
        parts.append(f"{'L' if pen else 'M'}{at} {value}")
        pen = True
    return "".join(parts)


def _band(x: Sequence[float], low: Series, high: Series, breaks: Sequence[int]) -> str:
    """Return the area between two lines, one piece for each unbroken stretch."""
    pieces: list[list[int]] = [[]]
    for i in range(len(x)):
        if i in breaks or low[i] is None or high[i] is None:
            pieces.append([])
        if low[i] is not None and high[i] is not None:
            pieces[-1].append(i)
    paths = []
    for piece in pieces:
        if len(piece) > 1:
            ahead = "L".join(f"{x[i]} {high[i]}" for i in piece)
            back = "L".join(f"{x[i]} {low[i]}" for i in reversed(piece))
            paths.append(f"M{ahead}L{back}Z")
    return "".join(paths)


def _months(first: int, last: int, zone: ZoneInfo) -> list[tuple[int, str]]:
    """Return the beginnings of months, as many as can be read."""
    at = from_us(first, zone)
    span = (last - first) / (30.44 * 86_400e6)
    every = next(k for k in (1, 2, 3, 6, 12, 24) if span / k <= 9)
    found: list[tuple[int, str]] = []
    number = at.year * 12 + at.month
    while True:
        year, month = divmod(number, 12)
        moment = to_us(datetime(year, month + 1, 1, tzinfo=zone))
        if moment >= last:
            return found
        if number % every == 0 and moment < last - (last - first) / 14:
            found.append((moment, f"{year}-{month + 1:02}"))
        number += 1


def strip(known: Sequence[bool]) -> list[tuple[float, float, bool]]:
    """Return stretches of days as (start, width, known) in hundredths of the whole."""
    found: list[tuple[float, float, bool]] = []
    n, begin = len(known), 0
    for i in range(1, n + 1):
        if i == n or known[i] != known[begin]:
            found.append((round(100 * begin / n, 3), round(100 * (i - begin) / n, 3), known[begin]))
            begin = i
    return found
