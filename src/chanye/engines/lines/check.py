"""What is wrong with a description, all of it at once and in words that say what to do."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

from chanye.engines.lines.types import Calendar, Line, Station, Time
from chanye.kernel.errors import ConfigError


def require_sound(line: Line) -> None:
    """Refuse a line that cannot be simulated.

    Raises
    ------
    ConfigError
        Naming every problem.
    """
    problems = [*_names(line), *_calendars(line)]
    for one in line.stations:
        problems += _station(line, one)
    problems += _routes(line) if line.routes else _links(line)
    if problems:
        raise ConfigError(" ".join(problems))


def order_of(line: Line) -> list[int] | None:
    """Return stations so that links go forward only; None: there is a cycle."""
    index = {one.name: i for i, one in enumerate(line.stations)}
    ahead: list[list[int]] = [[] for _ in line.stations]
    waits = [0] * len(line.stations)
    for link in line.links:
        ahead[index[link.before]].append(index[link.after])
        waits[index[link.after]] += 1
    ready = [i for i, n in enumerate(waits) if n == 0]
    found = []
    while ready:
        i = min(ready)
        ready.remove(i)
        found.append(i)
        for j in ahead[i]:
            waits[j] -= 1
            if waits[j] == 0:
                ready.append(j)
    return found if len(found) == len(line.stations) else None


def _names(line: Line) -> Iterator[str]:
    if not line.stations:
        yield "Add at least one station."
    names = [one.name for one in line.stations]
    for name in sorted({one for one in names if names.count(one) > 1}):
        yield f"Station {name!r} is there twice: give each its own name."
    if not line.sequence or min(line.sequence) < 0:
        yield "The sequence needs at least one model, numbered from 0."
    if line.arrival is not None:
        yield from _time("The time between arrivals", line.arrival)
    pools = dict(line.pools)
    for name, people in line.pools:
        if people < 1:
            yield f"Operators {name!r}: there must be at least one."
    for one in line.stations:
        if one.pool and one.pool not in pools:
            yield f"Station {one.name!r} needs operators {one.pool!r}: add that pool."


def _calendars(line: Line) -> Iterator[str]:
    known = {one.name for one in line.calendars}
    for one in line.calendars:
        if not _in_order(one):
            yield f"Calendar {one.name!r}: windows must open within the period, in order, without overlap."
    for station in line.stations:
        if station.calendar and station.calendar not in known:
            yield f"Station {station.name!r} has calendar {station.calendar!r}: add it."


def _in_order(calendar: Calendar) -> bool:
    flat = [edge for window in calendar.windows for edge in window]
    inside = bool(flat) and flat[0] >= 0 and flat[-1] <= calendar.period and math.isfinite(calendar.period)
    return inside and all(a <= b for a, b in itertools.pairwise(flat)) and all(a < b for a, b in calendar.windows)


def _time(whose: str, time: Time, *, zero: bool = False) -> Iterator[str]:
    if not (math.isfinite(time.mean) and (time.mean > 0 or (zero and time.mean == 0))):
        yield f"{whose} must be a positive number of seconds."
    most = 1 / math.sqrt(3) if time.law == "uniform" else 10.0
    if not 0 <= time.cv <= most:
        yield f"{whose}: a {time.law} time has a coefficient of variation between 0 and {most:.3g}."


def _station(line: Line, one: Station) -> Iterator[str]:
    who = f"Station {one.name!r}"
    yield from _time(f"{who}: its time", one.time, zero=True)
    if one.models and (
        len(one.models) < line.models or min(one.models) < 0 or not all(map(math.isfinite, one.models))
    ):
        yield f"{who}: give a time of 0 or more for each of {line.models} models."
    if one.servers < 1:
        yield f"{who}: it needs at least one server."
    if one.breakdown:
        yield from _time(f"{who}: its time between failures", one.breakdown.up)
        yield from _time(f"{who}: its repair time", one.breakdown.down)
    if one.setup:
        many = len(one.setup.seconds)
        square = all(len(row) == many and min(row) >= 0 for row in one.setup.seconds)
        known = len(one.setup.family) >= line.models and all(0 <= f < many for f in one.setup.family)
        if not (many and square and known):
            yield f"{who}: set-ups need a family for each model and a square table of times."
    if one.tools and (one.tools.every < 1 or one.tools.seconds < 0):
        yield f"{who}: a tool change comes after one part or more."
    if not (0 <= one.redo < 1 and 0 <= one.scrap < 1):
        yield f"{who}: shares of rework and scrap lie between 0 and 1, 1 excluded."
    if one.rework and not (0 <= one.rework.share < 1 and any(s.name == one.rework.to for s in line.stations)):
        yield f"{who}: rework needs a share below 1 and a station that exists."
    if one.room is not None and one.room < 0:
        yield f"{who}: room is 0 or more."


def _links(line: Line) -> Iterator[str]:
    names = {one.name for one in line.stations}
    pairs = [(one.before, one.after) for one in line.links]
    unknown = False
    for link in line.links:
        for name in sorted({link.before, link.after} - names):
            unknown = True
            yield f"A link names station {name!r}, which is not there."
        if (link.space is not None and link.space < 0) or not 0 <= link.transport < math.inf:
            yield f"The link {link.before!r} - {link.after!r}: space and transport are 0 or more."
        if pairs.count((link.before, link.after)) > 1:
            yield f"Stations {link.before!r} and {link.after!r} are linked twice: keep one."
    if not unknown and order_of(line) is None:
        yield "Links go in a circle: use rework or routes for parts that come back."


def _routes(line: Line) -> Iterator[str]:
    names = {one.name for one in line.stations}
    if line.links:
        yield "Give links or routes, not both."
    if len(line.routes) < line.models:
        yield f"Give a route for each of {line.models} models."
    for number, route in enumerate(line.routes):
        if not route:
            yield f"The route of model {number} is empty."
        for name in sorted(set(route) - names):
            yield f"The route of model {number} names station {name!r}, which is not there."
