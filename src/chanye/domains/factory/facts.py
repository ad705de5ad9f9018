"""The facts of a site over a window: what was booked, worked, used and observed, cell by cell.

A cell is one operation at one place. Sums of cells give orders, products, machines, lines and the site; a machine's
time elements come from its own states, for they go on where nobody has booked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import BigIntegerField, Count, ExpressionWrapper, F, Max, Q, QuerySet, Sum, Value

from chanye.domains.factory.floor import MACHINE_KINDS, Calendars, Floor, Look, load, look
from chanye.domains.factory.models import (
    Booking,
    Consumption,
    Operation,
    OperationMaterial,
    Rate,
    StopPart,
    WorkSpan,
)
from chanye.domains.factory.rules.kpis import ELEMENT
from chanye.domains.factory.types.measures import Facts
from chanye.kernel.intervals import Intervals
from chanye.kernel.settings import get_settings
from chanye.kernel.time import DAY, from_us, to_us
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.spine.types import AssetRef

HOUR = 3_600_000_000
Cell = tuple[int, int]
#: How long what was reckoned of a past day may be used again: late readings of machines show by then. [us]
KEEP = 600_000_000
#: Bookings are told apart by quarters of an hour: a change in one reckons its day anew. [us]
BUCKET = 900_000_000
#: A span or stop that began this long before a day may still reach into it. [us]
REACH = 7 * DAY
#: Numbers in one question to the database.
CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class Work:
    """The order an operation belongs to; ``started`` and ``closed`` [us UTC] or None."""

    order_id: int
    number: str
    material_id: int
    material: str
    started: int | None
    closed: int | None


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """Cells by (operation, place), what each operation belongs to, and each machine's own time.

    ``machines``: Facts with time elements alone, by asset; of places without states what people booked there.
    ``executed``: us in which each order was under way in the window.
    """

    start: int
    end: int
    cells: Mapping[Cell, Facts]
    works: Mapping[int, Work]
    machines: Mapping[int, Facts]
    assets: Mapping[int, AssetRef]
    executed: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class _Day:
    """What is kept of a day: cells without material, machines' own time, planned time that people ran or set up."""

    cells: Mapping[Cell, Facts]
    machines: Mapping[int, Facts]
    hand: Mapping[int, tuple[int, int]]


@dataclass(frozen=True, eq=False)
class _Asked:
    """Who asks about which day; ``key`` stays the same while nothing it rests on changes."""

    floor: Floor
    rates: Rates
    assets: Mapping[int, AssetRef]
    site_id: int
    now: int
    key: tuple[object, ...]

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self.key == other.key


class Rates:
    """Rates of an organisation, looked up by kind, place and moment."""

    def __init__(self, organisation_id: int, assets: Mapping[int, AssetRef]) -> None:
        self.assets = assets
        self.rows = list(Rate.objects.filter(organisation_id=organisation_id).order_by("-valid_from", "-id"))
        self.key = tuple((row.pk, row.amount, row.valid_from, row.kind, row.asset_id) for row in self.rows)
        self._held: dict[tuple[str, int | None], list[tuple[int, int, int]]] = {}

    def at(self, kind: str, place_id: int | None, moment: int) -> int | None:
        """Return the rate that held: the nearest above the place, of these the newest; None if there is none."""
        key = (kind, place_id)
        if key not in self._held:
            self._held[key] = self._rows_for(kind, place_id)
        best: tuple[int, int] | None = None
        for valid_from, depth, amount in self._held[key]:
            if valid_from <= moment and (best is None or depth > best[0]):
                best = (depth, amount)
        return None if best is None else best[1]

    def _rows_for(self, kind: str, place_id: int | None) -> list[tuple[int, int, int]]:
        path = self.assets[place_id].path if place_id is not None and place_id in self.assets else ""
        depths = ((row, self._depth(row.asset_id, path)) for row in self.rows if row.kind == kind)
        return [(row.valid_from, depth, row.amount) for row, depth in depths if depth is not None]

    def _depth(self, asset_id: int | None, path: str) -> int | None:
        if asset_id is None:
            return 0
        own = self.assets[asset_id].path if asset_id in self.assets else None
        return len(own) if own is not None and (path == own or path.startswith(f"{own}/")) else None


def gather(viewer: Viewer, site_id: int, start: int, end: int, *, now: int) -> SiteFacts:
    """Return the facts of a site over ``[start, end)`` us UTC; nothing after ``now`` is known.

    Days that are over are reckoned once, and anew when something was booked on them or said of their stops.

    Raises
    ------
    DeniedError
        If there is no such site for the viewer.
    """
    site = spine.asset(viewer, site_id)
    assets = {asset.id: asset for asset in spine.assets(viewer, below=site_id)}
    until = max(min(end, now), start)
    floor = load(viewer, [asset for asset in assets.values() if asset.kind in MACHINE_KINDS], site_id)
    rates = Rates(site.organisation_id, assets)
    stamps = _stamps(site_id, list(assets), start, until)
    said = tuple((one.asset.id, one.expected.changed_at, one.calendar) for one in floor.machines)
    fixed = (str(get_settings().history_folder), viewer.organisation_id, site_id, rates.key, now // KEEP, said)
    cells: dict[Cell, Facts] = {}
    own: dict[int, Facts] = {}
    hand: dict[int, tuple[int, int]] = {}
    for a, b in days_of(site, start, until):
        key = (*fixed, floor.calendars.changed_at, *_stamp(stamps, a, b))
        asked = _Asked(floor, rates, assets, site_id, now, key)
        day = _kept(asked, a, b) if b <= now - now % KEEP else _day(asked, a, b)
        for cell, facts in day.cells.items():
            cells[cell] = cells[cell] + facts if cell in cells else facts
        for number, facts in day.machines.items():
            own[number] = own[number] + facts if number in own else facts
        for place, (run, setup) in day.hand.items():
            before = hand.get(place, (0, 0))
            hand[place] = (before[0] + run, before[1] + setup)
    cells = _with_material(cells, site_id, start, end)
    mends = _mends({operation for operation, _place in cells})
    benches = {place for operation, place in cells if operation not in mends} - set(own)
    own |= _manual(floor.calendars, assets, benches, hand, (start, until))
    works = _works({operation for operation, _place in cells})
    orders = {work.order_id: work for work in works.values()}
    executed = {
        number: max(0, min(one.closed or until, until) - max(one.started or until, start))
        for number, one in orders.items()
    }
    return SiteFacts(start, end, cells, works, own, assets, executed)


Stamps = Sequence[tuple[int, list[tuple[int, tuple[object, ...]]]]]


def _stamps(site_id: int, assets: Sequence[int], start: int, end: int) -> Stamps:
    """Return by quarter of an hour what tells whether rows changed: (reach [us], rows) for each kind of row."""
    booked = Booking.objects.filter(operation__order__site_id=site_id, event_at__gte=start - BUCKET, event_at__lt=end)
    spans = WorkSpan.objects.filter(operation__order__site_id=site_id, start__gte=start - REACH, start__lt=end)
    parts = StopPart.objects.filter(asset_id__in=assets, start__gte=start - REACH, start__lt=end)
    return (
        (0, _buckets(booked, "event_at", Count("id"), Max("id"))),
        (REACH, _buckets(spans, "start", Count("id"), Count("end"), Sum("end"), Sum("start"))),
        (REACH, _buckets(parts, "start", Count("id"), Max("id"), Sum("reason_id"), Sum("end"))),
    )


def _buckets(rows: QuerySet[Any], moment: str, *sums: Any) -> list[tuple[int, tuple[object, ...]]]:
    bucket = ExpressionWrapper(F(moment) / Value(BUCKET), output_field=BigIntegerField())
    names = {f"s{i}": one for i, one in enumerate(sums)}
    found = rows.order_by().annotate(bucket=bucket).values("bucket").annotate(**names).values_list("bucket", *names)
    return sorted(((int(row[0]) * BUCKET, tuple(row)) for row in found), key=lambda row: row[0])


def _stamp(stamps: Stamps, start: int, end: int) -> tuple[object, ...]:
    """Return what must not change for a day to be used again."""
    return tuple(tuple(row for at, row in rows if start - reach - BUCKET < at < end) for reach, rows in stamps)


@lru_cache(maxsize=512)
def _kept(asked: _Asked, start: int, end: int) -> _Day:
    return _day(asked, start, end)


def _day(asked: _Asked, start: int, end: int) -> _Day:
    """Reckon one day, or a part of one."""
    spans = WorkSpan.objects.filter(
        operation__order__site_id=asked.site_id, start__lt=end, start__gte=start - 31 * DAY
    )
    worked = list(
        spans.filter(Q(end=None) | Q(end__gt=start)).values_list(
            "operation_id", "place_id", "person_id", "phase", "start", "end"
        )
    )
    made = Booking.objects.filter(operation__order__site_id=asked.site_id, event_at__gte=start, event_at__lt=end)
    columns = ("operation_id", "place_id", "good", "scrap", "rework", "event_at")
    booked = list(made.filter(kind__in=("output", "correct")).values_list(*columns))
    steps = _steps({row[0] for row in worked} | {row[0] for row in booked})
    looks = {seen.machine.asset.id: seen for seen in look(asked.floor, start, end, asked.now)}
    book = _Book(steps, asked.rates, looks, start, end)
    book.take_spans(worked)
    book.take_bookings(booked)
    hand = {}
    plans: dict[int, Intervals] = {}
    for place in {place for _operation, place in (*book.runs, *book.setups)} - set(looks):
        number = asked.floor.calendars.of(asked.assets[place].path) if place in asked.assets else None
        if number is not None:
            if number not in plans:
                plans[number] = asked.floor.calendars.planned(number, start, end)
            planned = plans[number]
            run = _all(book.runs, place).intersect(planned)
            hand[place] = (run.total, _all(book.setups, place).intersect(planned).subtract(run).total)
    return _Day(book.facts(), {number: _own_time(seen) for number, seen in looks.items()}, hand)


def _in_chunks(numbers: Iterable[int]) -> Iterable[list[int]]:
    rest = sorted(numbers)
    return (rest[i : i + CHUNK] for i in range(0, len(rest), CHUNK))


@dataclass(frozen=True, slots=True)
class _Step:
    """What facts need of an operation; ``run_time`` [s]; whether it is its order's first or last main one."""

    place: int
    run_time: float
    scrap_share: float
    first: bool
    last: bool


def _steps(wanted: set[int]) -> dict[int, _Step]:
    rows: list[tuple[Any, ...]] = []
    for part in _in_chunks(wanted):
        columns = ("id", "order_id", "place_id", "work_centre_id", "run_time", "scrap_share")
        rows += Operation.objects.filter(id__in=part).order_by().values_list(*columns)
    ends: dict[int, tuple[int, int]] = {}
    for part in _in_chunks({row[1] for row in rows}):
        main = Operation.objects.filter(order_id__in=part, kind="main").order_by("order_id", "number")
        for order, number in main.values_list("order_id", "id"):
            ends[order] = (ends.get(order, (number, 0))[0], number)
    return {
        row[0]: _Step(
            row[2] or row[3],
            row[4],
            row[5],
            ends.get(row[1], (0, 0))[0] == row[0],
            ends.get(row[1], (0, 0))[1] == row[0],
        )
        for row in rows
    }


def _mends(wanted: set[int]) -> set[int]:
    """Return which operations are rework: a bench where only that is done is no planned capacity."""
    rows = (Operation.objects.filter(id__in=part, kind="rework") for part in _in_chunks(wanted))
    return {number for part in rows for number in part.values_list("id", flat=True)}


def _works(wanted: set[int]) -> dict[int, Work]:
    found = {}
    orders: dict[int, Work] = {}
    columns = ("id", "order_id", "order__number", "order__revision__material_id", "order__revision__material__code")
    more = ("order__revision__material__name", "order__started_at", "order__closed_at")
    for part in _in_chunks(wanted):
        rows = Operation.objects.filter(id__in=part).order_by()
        for number, order, name, material, code, label, started, closed in rows.values_list(*columns, *more):
            if order not in orders:
                orders[order] = Work(order, name, material, f"{code} {label}", started, closed)
            found[number] = orders[order]
    return found


def days_of(site: AssetRef, start: int, end: int) -> list[tuple[int, int]]:
    """Cut a window at the midnights of a site."""
    zone = ZoneInfo(site.timezone)
    found, at = [], start
    while at < end:
        day = from_us(at, zone).date() + timedelta(days=1)
        upto = min(to_us(datetime(day.year, day.month, day.day, tzinfo=zone)), end)
        found.append((at, upto))
        at = upto
    return found


def _own_time(seen: Look) -> Facts:
    e = seen.elements
    return Facts(pbt=e.pbt, unknown=e.unknown, apt=e.apt, aust=e.aust, adet=e.adet, adot=e.adot)


def _manual(
    calendars: Calendars,
    assets: Mapping[int, AssetRef],
    places: set[int],
    hand: Mapping[int, tuple[int, int]],
    window: tuple[int, int],
) -> dict[int, Facts]:
    """Return the time of places without states: people's spans are all that is known, the rest was not used."""
    found = {}
    plans: dict[int, int] = {}
    for place_id in places:
        asset = assets.get(place_id)
        number = calendars.of(asset.path) if asset else None
        if number is None:
            continue
        if number not in plans:
            plans[number] = calendars.planned(number, *window).total
        planned = plans[number]
        run, setup = hand.get(place_id, (0, 0))
        found[place_id] = Facts(pbt=planned, apt=run, aust=setup, adot=planned - run - setup)
    return found


def _with_material(cells: Mapping[Cell, Facts], site_id: int, start: int, end: int) -> dict[Cell, Facts]:
    """Add material: what was booked, and by the bill where nothing was ever booked."""
    found = dict(cells)
    used = Consumption.objects.filter(operation__order__site_id=site_id, event_at__gte=start, event_at__lt=end)
    sums = (
        used.order_by()
        .values_list("operation_id", "place_id")
        .annotate(
            cost=Sum(F("quantity") * F("component__cost")), unpriced=Count("id", filter=Q(component__cost=None))
        )
    )
    booked = list(sums)
    steps = _steps({row[0] for row in booked} | {operation for operation, _place in cells})
    for operation, place, cost, unpriced in booked:
        key = (operation, place or steps[operation].place)
        missing = frozenset({"material"} if unpriced else ())
        found[key] = found.get(key, Facts()) + Facts(material=float(cost or 0), unpriced=missing)
    pieces: dict[int, int] = {}
    for (operation, _place), cell in cells.items():
        pieces[operation] = pieces.get(operation, 0) + cell.pq
    for part in _in_chunks(number for number, made in pieces.items() if made):
        lines = OperationMaterial.objects.filter(operation_id__in=part, consumed=0).order_by()
        for operation, quantity, price in lines.values_list("operation_id", "quantity", "component__cost"):
            cost = (price or 0) * quantity * pieces[operation]
            missing = frozenset({"material"} if price is None else ())
            key = (operation, steps[operation].place)
            more = Facts(material=cost, material_standard=cost, unpriced=missing)
            found[key] = found.get(key, Facts()) + more
    return found


def _all(table: Mapping[Cell, Intervals], place_id: int) -> Intervals:
    return Intervals.from_pairs(pair for (_, place), spans in table.items() if place == place_id for pair in spans)


@dataclass
class _Sums:
    """Sums of a cell while rows are added up."""

    values: dict[str, float] = field(default_factory=dict)
    unpriced: set[str] = field(default_factory=set)


class _Book:
    """Adds rows up into cells."""

    def __init__(
        self, steps: Mapping[int, _Step], rates: Rates, looks: Mapping[int, Look], start: int, end: int
    ) -> None:
        self.steps, self.rates, self.looks, self.start, self.end = steps, rates, looks, start, end
        self.cells: dict[Cell, _Sums] = {}
        self.runs: dict[Cell, Intervals] = {}
        self.setups: dict[Cell, Intervals] = {}

    def facts(self) -> dict[Cell, Facts]:
        """Return the cells as facts."""
        return {
            cell: Facts(**sums.values, unpriced=frozenset(sums.unpriced))  # type: ignore[arg-type]  # by name
            for cell, sums in self.cells.items()
        }

    def add(self, cell: Cell, **values: float) -> None:
        """Add values to a cell."""
        sums = self.cells.setdefault(cell, _Sums()).values
        for name, value in values.items():
            sums[name] = sums.get(name, 0) + value

    def pay(self, cell: Cell, kind: str, at: int, length: float) -> None:
        """Add what a length of time [us], or for scrap a number of pieces, cost by its rate."""
        rate = self.rates.at(kind, cell[1], at)
        if rate is None:
            self.cells.setdefault(cell, _Sums()).unpriced.add(kind)
        else:
            self.add(cell, **{kind: rate * length / (1 if kind == "scrap" else HOUR)})

    def take_spans(self, rows: Iterable[tuple[int, int | None, int | None, str, int, int | None]]) -> None:
        """Add what people worked, and what the machine did meanwhile."""
        pairs: dict[tuple[Cell, str], list[tuple[int, int]]] = {}
        for operation, place, person, phase, begun, ended in rows:
            low, high = max(begun, self.start), min(ended or self.end, self.end)
            if high <= low:
                continue
            cell = (operation, place or self.steps[operation].place)
            pairs.setdefault((cell, phase), []).append((low, high))
            if person is not None:
                self.add(cell, apwt=high - low)
                self.pay(cell, "labour", low, high - low)
        for (cell, phase), found in pairs.items():
            (self.runs if phase == "run" else self.setups)[cell] = Intervals.from_pairs(found)
        for cell in self.runs.keys() | self.setups.keys():
            self._busy(cell)

    def _busy(self, cell: Cell) -> None:
        """Add what became of the time in which an operation had a place: by its states, or by the phase."""
        none = Intervals.from_pairs([])
        run = self.runs.get(cell, none)
        setup = self.setups.get(cell, none).subtract(run)
        busy = run.total + setup.total
        self.pay(cell, "machine", self.start, busy)
        seen = self.looks.get(cell[1])
        if seen is None:
            self.add(cell, aubt=busy, apt=run.total, aust=setup.total)
            return
        found = _during(seen, run)
        found["aust"] += setup.total
        self.add(cell, aubt=busy, **found)

    def take_bookings(self, rows: Iterable[tuple[int, int | None, int, int, int, int]]) -> None:
        """Add pieces: at every operation, and those that entered or left the orders."""
        for operation, place, good, scrap, rework, at in rows:
            step = self.steps[operation]
            made = good + scrap + rework
            cell = (operation, place or step.place)
            self.add(
                cell,
                ip=made if step.first else 0,
                pq=made,
                gq=good,
                sq=scrap,
                rq=rework,
                psq=made * step.scrap_share,
                done=good if step.last else 0,
                first_pq=made if step.first else 0,
                first_sq=scrap if step.first else 0,
                earned=made * step.run_time * 1e6,
                earned_good=good * step.run_time * 1e6,
            )
            if scrap:
                self.pay(cell, "scrap", at, scrap)


def _during(seen: Look, spans: Intervals) -> dict[str, int]:
    """Return how long a machine was in which time element during some intervals [us]."""
    total = {"apt": 0, "aust": 0, "adet": 0, "adot": 0, "unknown": 0}
    if not len(spans) or len(seen.edge) < 2:
        return total | {"unknown": spans.total}
    length = np.diff(seen.edge)
    state = np.asarray(seen.state, str)
    for word in np.unique(state).tolist():
        done = np.concatenate([[0], np.cumsum(np.where(state == word, length, 0))])
        upto = np.interp(np.array([spans.start, spans.end]), seen.edge, done)
        name = ELEMENT.get(word, "unknown")
        total["adot" if name == "planned_off" else name] += round(float((upto[1] - upto[0]).sum()))
    missing = spans.total - sum(total.values())
    total["unknown"] += missing
    return total
