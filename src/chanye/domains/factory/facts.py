"""The facts of a site over a window: what was booked, worked, used and observed, cell by cell.

A cell is one operation at one place. Sums of cells give orders, products, machines, lines and the site; a machine's
time elements come from its own states, for they go on where nobody has booked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import Q

from chanye.domains.factory.floor import MACHINE_KINDS, Calendars, Look, load, load_calendars, look
from chanye.domains.factory.models import Booking, Consumption, Operation, OperationMaterial, Rate, WorkSpan
from chanye.domains.factory.rules.kpis import ELEMENT
from chanye.domains.factory.types.measures import Facts
from chanye.kernel.intervals import Intervals
from chanye.kernel.time import from_us, to_us
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.spine.types import AssetRef

HOUR = 3_600_000_000
Cell = tuple[int, int]


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """Cells by (operation, place), the operations they belong to, and each machine's own time.

    ``machines``: Facts with time elements alone, by asset. ``manual``: planned busy time of places without states.
    """

    start: int
    end: int
    cells: Mapping[Cell, Facts]
    operations: Mapping[int, Operation]
    machines: Mapping[int, Facts]
    assets: Mapping[int, AssetRef]
    executed: Mapping[int, int]


class Rates:
    """Rates of an organisation, looked up by kind, place and moment."""

    def __init__(self, organisation_id: int, assets: Mapping[int, AssetRef]) -> None:
        self.assets = assets
        self.rows = list(Rate.objects.filter(organisation_id=organisation_id).order_by("-valid_from", "-id"))

    def at(self, kind: str, place_id: int | None, moment: int) -> int | None:
        """Return the rate that held: the nearest above the place, of these the newest; None if there is none."""
        path = self.assets[place_id].path if place_id is not None and place_id in self.assets else ""
        best: tuple[int, int] | None = None
        for row in self.rows:
            if row.kind != kind or row.valid_from > moment:
                continue
            depth = self._depth(row.asset_id, path)
            if depth is not None and (best is None or depth > best[0]):
                best = (depth, row.amount)
        return None if best is None else best[1]

    def _depth(self, asset_id: int | None, path: str) -> int | None:
        if asset_id is None:
            return 0
        own = self.assets[asset_id].path if asset_id in self.assets else None
        return len(own) if own is not None and (path == own or path.startswith(f"{own}/")) else None


def gather(viewer: Viewer, site_id: int, start: int, end: int, *, now: int) -> SiteFacts:
    """Return the facts of a site over ``[start, end)`` us UTC; nothing after ``now`` is known.

    Raises
    ------
    DeniedError
        If there is no such site for the viewer.
    """
    site = spine.asset(viewer, site_id)
    assets = {asset.id: asset for asset in spine.assets(viewer, below=site_id)}
    until = min(end, now)
    spans = list(
        WorkSpan.objects.filter(operation__order__site_id=site_id, start__lt=until).filter(
            Q(end=None) | Q(end__gt=start)
        )
    )
    booked = list(
        Booking.objects.filter(operation__order__site_id=site_id, event_at__gte=start, event_at__lt=end).filter(
            kind__in=("output", "correct")
        )
    )
    used = Consumption.objects.filter(operation__order__site_id=site_id, event_at__gte=start, event_at__lt=end)
    consumed = list(used.select_related("component"))
    wanted = {span.operation_id for span in spans} | {row.operation_id for row in booked}
    wanted |= {row.operation_id for row in consumed}
    rows = Operation.objects.filter(id__in=wanted).select_related("order__revision__material")
    operations = {row.pk: row for row in rows}
    machines = [asset for asset in assets.values() if asset.kind in MACHINE_KINDS]
    looks = {seen.machine.asset.id: seen for seen in look(load(viewer, machines, site_id), start, end, now)}
    rates = Rates(site.organisation_id, assets)
    book = _Book(operations, rates, looks, start, until)
    book.take_spans(spans)
    book.take_bookings(booked)
    book.take_consumption(consumed)
    calendars = load_calendars(viewer)
    own = {number: _own_time(seen) for number, seen in looks.items()}
    own |= _manual(book, calendars, assets, set(looks), start, until)
    executed = {
        row.order_id: max(0, min(row.order.closed_at or until, until) - max(row.order.started_at or until, start))
        for row in operations.values()
    }
    return SiteFacts(start, end, book.cells, operations, own, assets, executed)


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
    book: _Book, calendars: Calendars, assets: Mapping[int, AssetRef], seen: set[int], start: int, end: int
) -> dict[int, Facts]:
    """Return the time of places without states: people's spans are all that is known, the rest was not used."""
    found = {}
    for place_id in {place for _operation, place in book.cells} - seen:
        asset = assets.get(place_id)
        number = calendars.of(asset.path) if asset else None
        if number is None:
            continue
        planned = calendars.planned(number, start, end)
        run = _all(book.runs, place_id).intersect(planned)
        setup = _all(book.setups, place_id).intersect(planned).subtract(run)
        rest = planned.total - run.total - setup.total
        found[place_id] = Facts(pbt=planned.total, apt=run.total, aust=setup.total, adot=rest)
    return found


def _all(table: Mapping[Cell, Intervals], place_id: int) -> Intervals:
    return Intervals.from_pairs(pair for (_, place), spans in table.items() if place == place_id for pair in spans)


class _Book:
    """Adds rows up into cells."""

    def __init__(
        self, operations: Mapping[int, Operation], rates: Rates, looks: Mapping[int, Look], start: int, end: int
    ) -> None:
        self.operations, self.rates, self.looks, self.start, self.end = operations, rates, looks, start, end
        self.cells: dict[Cell, Facts] = {}
        self.runs: dict[Cell, Intervals] = {}
        self.setups: dict[Cell, Intervals] = {}
        orders = {row.order_id for row in operations.values()}
        main = Operation.objects.filter(order_id__in=orders, kind="main").order_by("number")
        self.last = dict(main.values_list("order_id", "id"))
        self.first = dict(main.reverse().values_list("order_id", "id"))

    def add(self, operation_id: int, place_id: int | None, facts: Facts) -> None:
        """Add facts to the cell of an operation at a place; at its work centre if the place is not known."""
        operation = self.operations[operation_id]
        key = (operation_id, place_id or operation.place_id or operation.work_centre_id)
        self.cells[key] = self.cells.get(key, Facts()) + facts

    def take_spans(self, spans: Iterable[WorkSpan]) -> None:
        """Add what people worked, and what the machine did meanwhile."""
        pairs: dict[tuple[Cell, str], list[tuple[int, int]]] = {}
        for span in spans:
            low, high = max(span.start, self.start), min(span.end or self.end, self.end)
            if high <= low:
                continue
            operation = self.operations[span.operation_id]
            place = span.place_id or operation.place_id or operation.work_centre_id
            pairs.setdefault(((span.operation_id, place), span.phase), []).append((low, high))
            if span.person_id is not None:
                self.add(span.operation_id, place, self._paid("labour", place, low, high - low, worked=high - low))
        for (cell, phase), found in pairs.items():
            (self.runs if phase == "run" else self.setups)[cell] = Intervals.from_pairs(found)
        for cell in self.runs.keys() | self.setups.keys():
            self.add(*cell, self._busy(cell))

    def _paid(self, kind: str, place: int, at: int, length: int, *, worked: int = 0) -> Facts:
        rate = self.rates.at(kind, place, at)
        cost = 0.0 if rate is None else rate * length / HOUR
        missing = frozenset({kind} if rate is None else ())
        found = Facts(labour=cost) if kind == "labour" else Facts(machine=cost)
        return replace(found, apwt=worked, unpriced=missing)

    def _busy(self, cell: Cell) -> Facts:
        """Return what became of the time in which an operation had a place: by its states, or by the phase."""
        none = Intervals.from_pairs([])
        run = self.runs.get(cell, none)
        setup = self.setups.get(cell, none).subtract(run)
        busy = run.total + setup.total
        facts = self._paid("machine", cell[1], self.start, busy)
        seen = self.looks.get(cell[1])
        if seen is None:
            return replace(facts, aubt=busy, apt=run.total, aust=setup.total)
        found = _during(seen, run)
        return replace(
            facts,
            aubt=busy,
            apt=found["apt"],
            aust=setup.total + found["aust"],
            adet=found["adet"],
            adot=found["adot"],
            unknown=found["unknown"],
        )

    def take_bookings(self, rows: Iterable[Booking]) -> None:
        """Add pieces: at every operation, and those that entered or left the orders."""
        for row in rows:
            operation = self.operations[row.operation_id]
            made = row.good + row.scrap + row.rework
            is_first = self.first.get(operation.order_id) == operation.pk
            is_last = self.last.get(operation.order_id) == operation.pk
            place = row.place_id or operation.place_id or operation.work_centre_id
            rate = self.rates.at("scrap", place, row.event_at) if row.scrap else 0
            facts = Facts(
                ip=made if is_first else 0,
                pq=made,
                gq=row.good,
                sq=row.scrap,
                rq=row.rework,
                psq=made * operation.scrap_share,
                done=row.good if is_last else 0,
                first_pq=made if is_first else 0,
                first_sq=row.scrap if is_first else 0,
                earned=made * operation.run_time * 1e6,
                earned_good=row.good * operation.run_time * 1e6,
                scrap=float((rate or 0) * row.scrap),
                unpriced=frozenset({"scrap"} if rate is None else ()),
            )
            self.add(row.operation_id, place, facts)

    def take_consumption(self, rows: Iterable[Consumption]) -> None:
        """Add material: what was booked, and by the bill where nothing was ever booked."""
        for row in rows:
            price = row.component.cost
            facts = Facts(
                material=(price or 0) * row.quantity, unpriced=frozenset({"material"} if price is None else ())
            )
            self.add(row.operation_id, row.place_id, facts)
        pieces: dict[int, int] = {}
        for (operation_id, _place), cell in self.cells.items():
            pieces[operation_id] = pieces.get(operation_id, 0) + cell.pq
        lines = OperationMaterial.objects.filter(operation_id__in=list(pieces), consumed=0)
        for line in lines.select_related("component"):
            price, made = line.component.cost, pieces[line.operation_id]
            if made:
                cost = (price or 0) * line.quantity * made
                missing = frozenset({"material"} if price is None else ())
                self.add(line.operation_id, None, Facts(material=cost, material_standard=cost, unpriced=missing))


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
