"""When resources work, as sets of time."""

from __future__ import annotations

from chanye.engines.planning.types import FOREVER, Plant, Span, WorkUnit
from chanye.kernel.intervals import EMPTY, Intervals

#: Always open. [tick]
ALWAYS = Intervals.of([-FOREVER], [FOREVER])


def calendars_of(plant: Plant) -> dict[str, Intervals]:
    """Return the open time of every calendar by name; the empty name is always open. [tick]."""
    return {"": ALWAYS} | {one.id: Intervals.from_pairs(one.open) for one in plant.calendars}


def open_time(unit: WorkUnit, calendars: dict[str, Intervals]) -> Intervals:
    """Return when a work unit works: its calendar without maintenance. [tick]."""
    return without(calendars.get(unit.calendar, EMPTY), unit.maintenance)


def without(time: Intervals, spans: tuple[Span, ...]) -> Intervals:
    """Return a set of time without some spans. [tick]."""
    return time.subtract(Intervals.from_pairs(spans)) if spans else time


def longest(time: Intervals) -> int:
    """Return the length of the longest interval. [tick]."""
    return int((time.end - time.start).max()) if len(time) else 0


def after(time: Intervals, start: int) -> Intervals:
    """Return the part of a set of time from ``start`` on. [tick]."""
    return time.clip(start, FOREVER)
