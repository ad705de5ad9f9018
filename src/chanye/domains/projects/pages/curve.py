"""The S-curve of a project as lines of an SVG, drawn by the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from chanye.domains.projects.pages.words import short
from chanye.domains.projects.types.progress import Curve

WIDTH, HEIGHT = 640.0, 240.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 66.0, 12.0, 24.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its name at its end."""

    code: str
    points: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """All that the picture shows: lines, amounts on the left, days below, and where today is."""

    lines: tuple[Line, ...]
    rows: tuple[tuple[float, str], ...]
    columns: tuple[tuple[float, str], ...]
    today: float
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    bottom: float = HEIGHT - BOTTOM


def draw(curve: Curve, today: date) -> Drawing:
    """Return the drawing of planned, earned and actual value; names at the ends never lie on each other."""
    days, top = curve.days, _top(curve)
    first, span = days[0], max(1, (days[-1] - days[0]).days)

    def x(day: date) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (day - first).days / span, 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top, 1)

    lines: list[Line] = []
    taken: list[float] = []
    for code, values in (("pv", curve.planned), ("ev", curve.earned), ("ac", curve.actual)):
        known = [(day, value) for day, value in zip(days, values, strict=True) if value is not None]
        if not known:
            continue
        end = y(known[-1][1])
        label = end if code == "pv" else _clear(end, taken)
        if code != "pv":
            taken.append(label)
        lines.append(Line(code, _points(known, x, y, stepped=code != "pv"), x(known[-1][0]), label))
    marks = [first.fromordinal(first.toordinal() + round(span * i / 4)) for i in range(5)]
    return Drawing(
        lines=tuple(lines),
        rows=tuple((y(top * i / 4), short(top * i / 4)) for i in range(5)),
        columns=tuple((x(day), day.strftime("%Y-%m")) for day in marks),
        today=x(min(max(today, first), days[-1])),
    )


def _points(
    known: list[tuple[date, float]], x: Callable[[date], float], y: Callable[[float], float], *, stepped: bool
) -> str:
    """Return the points of a line; what was earned or spent rises on its day and stands until the next."""
    parts: list[str] = []
    last: float | None = None
    for day, value in known:
        if stepped and last is not None and value != last:
            parts.append(f"{x(day)},{y(last)}")
        parts.append(f"{x(day)},{y(value)}")
        last = value
    return " ".join(parts)


def _clear(at: float, taken: list[float]) -> float:
    while any(abs(at - one) < 14 for one in taken):
        at -= 14
    return max(at, TOP)


def _top(curve: Curve) -> float:
    values = [value for line in (curve.planned, curve.earned, curve.actual) for value in line if value is not None]
    return max(values, default=1.0) * 1.05 or 1.0
