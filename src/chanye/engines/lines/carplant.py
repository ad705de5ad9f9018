"""A car plant as one line: stamping, body, paint, battery, final assembly; three models mixed, colours in batches.

What is known of the plant: 280,000 electric cars a year or more, two mid or large models and one compact, four shops
and a body shop between. Everything else here is an assumption, named in ``Assumptions`` and argued in
docs/explanation/car-plant.md.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from chanye.engines.lines.types import Breakdown, Calendar, Line, Link, Power, SetUp, Station, Time, ToolChange

HOUR, WEEK = 3600.0, 7 * 86400.0
SHOPS = ("press", "body", "paint", "battery", "final")


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What the model of the plant takes for granted; change any of them for a variant.

    Parameters
    ----------
    takt
        Time of a body at a station of the heaviest model. [s]
    content
        Work content of each model over the heaviest: two mid or large cars, one compact.
    mix
        Cars of each model in a hundred.
    colours
        Cars of each colour in a hundred.
    paint_batch
        Cars of one colour in a row.
    colour_change
        Purging and rinsing between colours. [s]
    die_change
        Sets of panels between die changes, and all changes of a batch together. [sets, s]
    up, down
        Mean time between failures and to repair of a station, by shop. [s]
    redo
        Share of bodies that are polished a second time.
    weeks
        Worked in a year.
    days
        Worked in a week.
    store
        Places between body and paint, after paint, and in front of the marriage for batteries. [cars]
    """

    takt: float = 58.0
    content: tuple[float, float, float] = (1.0, 0.97, 0.9)
    mix: tuple[int, int, int] = (35, 30, 35)
    colours: tuple[int, ...] = (40, 20, 15, 15, 10)
    paint_batch: int = 5
    colour_change: float = 12.0
    die_change: tuple[int, float] = (600, 2400.0)
    up: dict[str, float] = field(
        default_factory=lambda: {"press": 6e4, "body": 2e5, "paint": 3e5, "battery": 2e5, "final": 3e5}
    )
    down: dict[str, float] = field(
        default_factory=lambda: {"press": 600.0, "body": 240.0, "paint": 300.0, "battery": 240.0, "final": 120.0}
    )
    redo: float = 0.08
    weeks: int = 50
    days: int = 6
    store: tuple[int, int, int] = (60, 120, 40)


#: Stations in a row of each segment: name, shop, stations, segments that come in, spaces in front of each of these.
_SEGMENTS: tuple[tuple[str, str, int, tuple[tuple[str, int], ...]], ...] = (
    ("blank", "press", 2, ()),
    ("press A", "press", 6, (("blank", 200),)),
    ("press B", "press", 6, (("blank", 200),)),
    ("front", "body", 12, (("press A", 200),)),
    ("rear", "body", 12, (("press A", 200),)),
    ("floor", "body", 14, (("press B", 200),)),
    ("underbody", "body", 18, (("front", 8), ("rear", 8), ("floor", 8))),
    ("side left", "body", 14, (("press B", 200),)),
    ("side right", "body", 14, (("press B", 200),)),
    ("doors", "body", 12, (("press A", 200),)),
    ("framing", "body", 16, (("underbody", 15), ("side left", 10), ("side right", 10))),
    ("hang-on", "body", 12, (("framing", 10), ("doors", 10))),
    ("pretreatment", "paint", 10, (("hang-on", -1),)),
    ("sealing", "paint", 12, (("pretreatment", 20),)),
    ("colour", "paint", 10, (("sealing", 20),)),
    ("polish", "paint", 8, (("colour", 20),)),
    ("modules", "battery", 18, ()),
    ("packs", "battery", 20, (("modules", 20),)),
    ("trim", "final", 36, (("polish", -2),)),
    ("chassis", "final", 20, (("trim", 10), ("packs", -3))),
    ("finish", "final", 26, (("chassis", 10),)),
    ("test", "final", 8, (("finish", 10),)),
)
#: Ovens at the end of a segment: minutes in it. It holds as many cars as the takt lets in.
_OVENS = {"pretreatment": 30, "sealing": 20, "colour": 35}
#: kW of a station at work, and idle.
_POWER = {
    "press": Power(working=400, setup=120, down=80, idle=120, off=10),
    "body": Power(working=45, setup=15, down=10, idle=15, off=2),
    "paint": Power(working=180, setup=150, down=120, idle=140, off=15),
    "battery": Power(working=40, setup=12, down=8, idle=12, off=3),
    "final": Power(working=12, setup=5, down=4, idle=5, off=1),
}


def car_plant(given: Assumptions | None = None) -> Line:
    """Return the plant: about 300 stations, its sequence with colours, its shifts.

    Notes
    -----
    A model of the line is a car model in a colour: ``model * len(colours) + colour``.
    """
    a = given or Assumptions()
    stations: list[Station] = []
    links: list[Link] = []
    last: dict[str, str] = {}
    for name, shop, many, into in _SEGMENTS:
        row = [_station(a, f"{name} {i + 1}", shop, name, i) for i in range(many)]
        if name in _OVENS:
            seconds = _OVENS[name] * 60.0
            row.append(Station(f"{name} oven", Time(seconds), servers=int(seconds / a.takt) + 2, calendar="plant"))
        for before, space in into:
            links.append(Link(last[before], row[0].name, a.store[-space - 1] if space < 0 else space))
        # Body and final assembly move car by car; a body stands between every fourth pair of stations.
        links += [Link(x.name, y.name, int(i % 4 == 3)) for i, (x, y) in enumerate(itertools.pairwise(row))]
        last[name] = row[-1].name
        stations += row
    return Line(tuple(stations), tuple(links), sequence=sequence(a), calendars=calendars(a))


def _station(a: Assumptions, name: str, shop: str, segment: str, i: int) -> Station:
    # Work is not spread evenly: stations are filled to between 88 and 97 % of the takt.
    fill = 0.88 + 0.09 * ((7 * i + 3 * len(segment)) % 10) / 9
    content = [1.0] * 3 if shop in ("press", "paint") else list(a.content)
    models = tuple(a.takt * fill * content[m] for m in range(3) for _ in a.colours)
    manual = shop == "final" or segment == "sealing"
    setup = None
    if segment == "colour" and i == 4:
        many = len(a.colours)
        family = tuple(colour for _ in range(3) for colour in range(many))
        setup = SetUp(
            family, tuple(tuple(0.0 if x == y else a.colour_change for y in range(many)) for x in range(many))
        )
    return Station(
        name,
        Time(a.takt, "lognormal", 0.05) if manual else Time(a.takt),
        models=models,
        breakdown=Breakdown(Time(a.up[shop], "exponential"), Time(a.down[shop], "lognormal", 1.0)),
        setup=setup,
        tools=ToolChange(*a.die_change) if segment.startswith("press") and i == 0 else None,
        redo=a.redo if segment == "polish" and i == 5 else 0.0,
        calendar="press" if shop == "press" else "plant",
        power=_POWER[shop],
    )


def sequence(a: Assumptions) -> tuple[int, ...]:
    """Return a thousand batches of one colour, models within spread as evenly as the mix allows."""
    many, found = len(a.colours), []
    colour_due, model_due = [0.0] * many, [0.0] * 3
    for _ in range(1000):
        colour = _next(colour_due, a.colours)
        found += [_next(model_due, a.mix) * many + colour for _ in range(a.paint_batch)]
    return tuple(found)


def _next(due: list[float], shares: Sequence[int]) -> int:
    """Return what lags most behind its share, and count it."""
    for i, share in enumerate(shares):
        due[i] += share / sum(shares)
    first = max(range(len(due)), key=lambda i: due[i])
    due[first] -= 1
    return first


def calendars(a: Assumptions) -> tuple[Calendar, ...]:
    """Return two shifts of ten hours with a meal and a break each, and three shifts of eight in the press shop."""
    ten = ((0.0, 2.5), (2.75, 5.0), (5.5, 10.0))
    plant = [(start + x, start + y) for start in (8.0, 18.25) for x, y in ten]
    press = [(0.0, 7.5), (8.0, 15.5), (16.0, 23.5)]
    return tuple(
        Calendar(
            name, WEEK, tuple((d * 86400 + x * HOUR, d * 86400 + y * HOUR) for d in range(a.days) for x, y in day)
        )
        for name, day in (("plant", plant), ("press", press))
    )


def yearly(throughput: float, a: Assumptions | None = None) -> float:
    """Return cars a year from cars an hour of the clock, weekends and nights included."""
    return throughput * 24 * 7 * (a or Assumptions()).weeks
