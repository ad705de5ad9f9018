"""What the meters of a site measured in a stretch of time, and whose it was: arrays in, sums out.

One read of the historian for all meters, two of frames for all machines; the rest is arithmetic on columns. The sums
of several stretches add up to those of the whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from django.db.models import Q

from chanye.domains.factory.floor import Floor, Look, look
from chanye.domains.factory.models import Meter, WorkSpan
from chanye.domains.factory.rules.energy import (
    Curve,
    Slots,
    counter_curve,
    power_curve,
    spread,
    spread_pieces,
)
from chanye.domains.factory.types.energy import BANDS, JOULE_PER_KWH, Amount
from chanye.kernel.units import compatible, convert
from chanye.spine.history.types import F64, I64, Samples
from chanye.spine.store import reader
from chanye.spine.types import STATE_CLASSES, SeriesRef

K = TypeVar("K")
STATE_CODE = {state: i for i, state in enumerate(STATE_CLASSES)}
#: States that outside planned time are off: nobody wanted the machine then.
RESTS = frozenset({"waiting", "stopped", "fault"})


@dataclass(frozen=True, slots=True)
class Metering:
    """What a stretch is reckoned with: meters with their series, and takers of the shared ones."""

    meters: Sequence[Meter]
    refs: Mapping[int, SeriesRef]
    takers: Mapping[int, Mapping[int, int]]


@dataclass
class MeterSum:
    """A meter's part of the sums; see ``MeterRow``. ``known`` [us]."""

    total: int = 0
    below: int = 0
    allocated: int = 0
    why: Counter[str] = field(default_factory=Counter)
    known: float = 0.0


@dataclass
class Sums:
    """Sums of one stretch or of several: by key, whole joules."""

    length: int = 0
    meters: dict[int, MeterSum] = field(default_factory=dict)
    cells: dict[tuple[int, str], Amount] = field(default_factory=dict)
    bands: dict[str, Amount] = field(default_factory=dict)
    carriers: dict[str, Amount] = field(default_factory=dict)
    unallocated: Amount = field(default_factory=Amount)
    operations: dict[int, Amount] = field(default_factory=dict)
    ordered: dict[int, Amount] = field(default_factory=dict)
    pieces: dict[int, float] = field(default_factory=dict)
    load: list[tuple[int, int, float | None, str]] = field(default_factory=list)

    def add(self, more: Sums) -> None:
        """Add another stretch."""
        self.length += more.length
        for number, one in more.meters.items():
            mine = self.meters.setdefault(number, MeterSum())
            mine.total, mine.below = mine.total + one.total, mine.below + one.below
            mine.allocated, mine.known = mine.allocated + one.allocated, mine.known + one.known
            mine.why.update(one.why)
        _add(self.cells, more.cells)
        _add(self.bands, more.bands)
        _add(self.carriers, more.carriers)
        _add(self.operations, more.operations)
        _add(self.ordered, more.ordered)
        self.unallocated += more.unallocated
        for asset, count in more.pieces.items():
            self.pieces[asset] = self.pieces.get(asset, 0.0) + count
        self.load += more.load


def _add(mine: dict[K, Amount], more: Mapping[K, Amount]) -> None:
    for key, amount in more.items():
        mine[key] = mine.get(key, Amount()) + amount


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Time of one asset cut so that in each piece nothing changes: columns of equal length, ``edge`` one longer."""

    asset: int
    edge: I64
    state: I64
    slot: I64
    operation_piece: I64
    operation: I64

    @property
    def length(self) -> I64:
        """[us]."""
        return np.diff(self.edge)


def stretch(metering: Metering, floor: Floor, slots: Slots, now: int) -> Sums:
    """Return the sums of the window of ``slots``."""
    start, end = int(slots.edge[0]), int(slots.edge[-1])
    looks = {one.machine.asset.id: one for one in look(floor, start, end, now)}
    spans = _spans(list(looks), start, end)
    cut: dict[int, _Pieces] = {}

    def pieces_of(asset: int) -> _Pieces:
        if asset not in cut:
            cut[asset] = _cut(asset, looks.get(asset), floor, slots, spans.get(asset, []))
        return cut[asset]

    book = _Book(slots)
    sums = book.sums
    sums.length = end - start
    curves = _curves(metering, start, end, now)
    for meter in metering.meters:
        _share(meter, metering, curves, pieces_of, book)
    for asset, seen in looks.items():
        if seen.output is not None:
            sums.pieces[asset] = seen.output.produced
    sums.load = book.load(metering, curves)
    return sums


def _curves(metering: Metering, start: int, end: int, now: int) -> dict[int, Curve]:
    numbers = [meter.series_id for meter in metering.meters]
    found = reader().raw(numbers, start, end, bounds=True) if numbers else None
    curves = {}
    for meter in metering.meters:
        ref = metering.refs[meter.series_id]
        low, high = np.searchsorted(found.series, [ref.id, ref.id + 1]) if found is not None else (0, 0)
        names = ("series", "time", "value", "quality", "arrival")
        mine = Samples(*(getattr(found, name)[low:high] for name in names))
        factor, is_power = joules_of(ref.unit, meter.kwh_per_unit)
        if is_power:
            sloped = ref.interpolation == "sloped"
            curves[meter.pk] = power_curve(mine, factor, hold=ref.hold, sloped=sloped, until=min(end, now))
        else:
            curves[meter.pk] = counter_curve(mine, factor, hold=ref.hold, until=min(end, now))
    return curves


def joules_of(unit: str, kwh_per_unit: float) -> tuple[float, bool]:
    """Return how many joules (or watts) one unit of a series is, and whether it measures power."""
    if kwh_per_unit > 0:
        return kwh_per_unit * JOULE_PER_KWH, False
    if compatible(unit, "W"):
        return convert(1.0, unit, "W"), True
    return convert(1.0, unit, "J"), False


def _spans(assets: Sequence[int], start: int, end: int) -> dict[int, list[tuple[int, int, int]]]:
    """Return by machine the stretches ``(operation, start, end)`` in which work on an operation was booked."""
    rows = WorkSpan.objects.filter(start__lt=end).filter(Q(end__isnull=True) | Q(end__gt=start))
    rows = rows.filter(Q(place__in=assets) | Q(place=None, operation__place__in=assets))
    found: dict[int, list[tuple[int, int, int]]] = {}
    for place, own, operation, a, b in rows.order_by("start").values_list(
        "place_id", "operation__place_id", "operation_id", "start", "end"
    ):
        asset = place if place is not None else own
        if asset is not None:
            found.setdefault(asset, []).append((operation, max(a, start), end if b is None else min(b, end)))
    return found


def _cut(asset: int, seen: Look | None, floor: Floor, slots: Slots, spans: Sequence[tuple[int, int, int]]) -> _Pieces:
    start, end = int(slots.edge[0]), int(slots.edge[-1])
    edges = [slots.edge, np.array([moment for span in spans for moment in span[1:]], np.int64)]
    planned = None
    if seen is not None and len(seen.edge):
        planned = floor.calendars.planned(seen.machine.calendar, start, end)
        edges += [seen.edge, planned.start, planned.end]
    edge = np.unique(np.concatenate(edges))
    at = edge[:-1]
    state = np.full(len(at), STATE_CODE["unknown"], np.int64)
    if seen is not None and planned is not None:
        which = np.clip(np.searchsorted(seen.edge, at, side="right") - 1, 0, len(seen.state) - 1)
        codes = np.array([STATE_CODE.get(one, STATE_CODE["unknown"]) for one in seen.state.tolist()], np.int64)
        state = codes[which]
        rests = np.isin(state, [STATE_CODE[one] for one in RESTS]) & ~planned.contains(at)
        state[rests] = STATE_CODE["planned_off"]
    piece, operation = _worked(edge, spans)
    return _Pieces(asset, edge, state, slots.of(at).astype(np.int64), piece, operation)


def _worked(edge: I64, spans: Sequence[tuple[int, int, int]]) -> tuple[I64, I64]:
    """Return which operations were worked on in which pieces: pairs, sorted by piece, each once."""
    pairs = [
        np.stack([found, np.full(len(found), operation, np.int64)])
        for operation, a, b in spans
        for found in [np.arange(*np.searchsorted(edge, [a, b]), dtype=np.int64)]
    ]
    if not pairs:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    table = np.unique(np.concatenate(pairs, axis=1), axis=1)
    return table[0], table[1]


class _Book:
    """Books joules onto assets, states, bands and operations; keeps money and carbon beside them."""

    def __init__(self, slots: Slots) -> None:
        self.slots, self.sums = slots, Sums()
        self.total = np.zeros(len(slots.band), np.int64)

    def amounts(self, carrier: str, joule: I64, slot: I64, key: I64, n: int) -> list[Amount]:
        """Return the sum of each of ``n`` keys."""
        price, carbon = self.slots.price.get(carrier), self.slots.carbon.get(carrier)
        cost = np.full(len(joule), -1, np.int64) if price is None else price[slot]
        factor = np.full(len(joule), np.nan) if carbon is None else carbon[slot]
        priced, factored = cost >= 0, np.isfinite(factor)
        parts = (
            joule,
            np.where(priced, joule * cost, 0),
            np.where(priced, joule, 0),
            np.where(factored, joule * factor * (1000 / JOULE_PER_KWH), 0.0),
            np.where(factored, joule, 0),
        )
        columns = [np.zeros(n, part.dtype) for part in parts]
        for column, values in zip(columns, parts, strict=True):
            np.add.at(column, key, values)
        return [Amount(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]

    def to_asset(self, carrier: str, pieces: _Pieces, joule: I64) -> None:
        """Book the energy of an asset's pieces."""
        n = len(STATE_CLASSES)
        for state, amount in zip(
            STATE_CLASSES, self.amounts(carrier, joule, pieces.slot, pieces.state, n), strict=True
        ):
            if amount.joule:
                _add(self.sums.cells, {(pieces.asset, state): amount})
        if len(pieces.operation):
            part = spread_pieces(joule, pieces.operation_piece)
            numbers, key = np.unique(pieces.operation, return_inverse=True)
            found = self.amounts(carrier, part, pieces.slot[pieces.operation_piece], key, len(numbers))
            _add(self.sums.operations, dict(zip(numbers.tolist(), found, strict=True)))
            _add(self.sums.ordered, {pieces.asset: sum(found, Amount())})
        self.in_slots(carrier, joule, pieces.slot)

    def to_nobody(self, carrier: str, joule: I64) -> None:
        """Book energy that is nobody's, of each slot."""
        slot = np.arange(len(joule), dtype=np.int64)
        self.sums.unallocated += self.amounts(carrier, joule, slot, np.zeros(len(joule), np.int64), 1)[0]
        self.in_slots(carrier, joule, slot)

    def in_slots(self, carrier: str, joule: I64, slot: I64) -> None:
        """Book energy into the load and, of electricity, into the bands of the tariff."""
        np.add.at(self.total, slot, joule)
        (whole,) = self.amounts(carrier, joule, slot, np.zeros(len(joule), np.int64), 1)
        _add(self.sums.carriers, {carrier: whole})
        if carrier == "electricity":
            names = (*BANDS, "")
            found = self.amounts(carrier, joule, slot, self.slots.band[slot] % len(names), len(names))
            _add(self.sums.bands, {name: one for name, one in zip(names, found, strict=True) if one.joule})

    def load(self, metering: Metering, curves: Mapping[int, Curve]) -> list[tuple[int, int, float | None, str]]:
        """Return the mean power of each slot [W], None where no meter is known."""
        edge, length = self.slots.edge, np.diff(self.slots.edge)
        known = np.zeros(len(length))
        for meter in metering.meters:
            if meter.parent_id is None:
                known = np.maximum(known, np.diff(curves[meter.pk].at(edge)[1]))
        watts = self.total / (length / 1e6)
        return [
            (a, b, w if k > 0 else None, BANDS[band] if band >= 0 else "")
            for a, b, w, k, band in zip(
                edge[:-1].tolist(), edge[1:].tolist(), watts.tolist(), known.tolist(), self.slots.band.tolist(),
                strict=True,
            )
        ]  # fmt: skip


def _share(
    meter: Meter,
    metering: Metering,
    curves: Mapping[int, Curve],
    pieces_of: Callable[[int], _Pieces],
    book: _Book,
) -> None:
    """Give a meter's energy to those it belongs to; what is left over is nobody's and says why."""
    edge = book.slots.edge
    mine = book.sums.meters.setdefault(meter.pk, MeterSum())
    upto, known = curves[meter.pk].at(edge)
    mine.total, mine.known = int(upto[-1] - upto[0]), float(known[-1] - known[0])
    below = [one for one in metering.meters if one.parent_id == meter.pk]
    if meter.share == "own" and not below:
        pieces = pieces_of(meter.asset_id)
        joule = np.diff(curves[meter.pk].at(pieces.edge)[0])
        book.to_asset(meter.carrier, pieces, joule)
        mine.allocated = mine.total
        return
    inner = sum((np.diff(curves[one.pk].at(edge)[0]) for one in below), np.zeros(len(edge) - 1, np.int64))
    rest = np.diff(upto) - inner
    mine.below = int(inner.sum())
    takers = {meter.asset_id: 1_000_000} if meter.share == "own" else metering.takers.get(meter.pk, {})
    if meter.share == "none" or not takers:
        _leave(book, mine, meter.carrier, rest, "nobody")
        return
    _split(meter, rest, [(pieces_of(asset), ppm) for asset, ppm in takers.items()], book, mine)


def _leave(book: _Book, mine: MeterSum, carrier: str, rest: I64, why: str) -> None:
    """Leave energy to nobody, saying why; negative energy means that meters disagree."""
    book.to_nobody(carrier, rest)
    for word, joule in ((why, int(rest[rest > 0].sum())), ("disagree", int(rest[rest < 0].sum()))):
        if joule:
            mine.why[word] += joule


def _split(meter: Meter, rest: I64, takers: Sequence[tuple[_Pieces, int]], book: _Book, mine: MeterSum) -> None:
    """Split what a meter measured in each slot by declared shares or by running time."""
    declared = meter.share != "run_time"
    weights: list[F64] = []
    for pieces, ppm in takers:
        runs = pieces.state == STATE_CODE["running"]
        weights.append(pieces.length * (ppm / 1e6 if declared else runs.astype(np.float64)))
    slot = np.concatenate([pieces.slot for pieces, _ in takers])
    weight = np.concatenate(weights)
    missing = 1e6 - sum(ppm for _, ppm in takers) if declared else 0.0
    if missing > 0:
        slot = np.concatenate([slot, np.arange(len(rest))])
        weight = np.concatenate([weight, np.diff(book.slots.edge) * (missing / 1e6)])
    order = np.argsort(slot, kind="stable")
    part = np.empty(len(slot), np.int64)
    part[order], left = spread(rest, slot[order], weight[order])
    first = 0
    for pieces, _ in takers:
        own = part[first : first + len(pieces.slot)]
        first += len(own)
        book.to_asset(meter.carrier, pieces, own)
        mine.allocated += int(own.sum())
    if missing > 0:
        _leave(book, mine, meter.carrier, part[first:], "undeclared")
    _leave(book, mine, meter.carrier, left, "nothing_ran" if not declared else "nobody")
