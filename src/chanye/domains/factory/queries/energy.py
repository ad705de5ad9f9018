"""Reads of energy and carbon: a site, its machines, orders and products. Times in us UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.db.models import Max, Sum

from chanye.domains.factory.energy_flows import Metering, MeterSum, Sums, stretch
from chanye.domains.factory.floor import load
from chanye.domains.factory.models import (
    Booking,
    EmissionFactor,
    Meter,
    Operation,
    TariffPeriod,
    WorkSpan,
)
from chanye.domains.factory.rules.energy import comprehensive_energy
from chanye.domains.factory.rules.tariff import Factor, Period, slots
from chanye.domains.factory.types.energy import Amount, AssetEnergy, EnergyReport, LoadSlot, MeterRow, WorkEnergy
from chanye.domains.factory.types.machines import Figure
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.settings import get_settings
from chanye.kernel.time import DAY, from_us, to_us
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.spine.types import AssetRef

#: Longer windows are asked for in parts.
LONGEST = 32 * DAY
#: A window up to this long is reckoned at once, a longer one day by day. [us]
ONE = 25 * DAY // 24
#: How long what was reckoned of a past day may be used again: late readings change it within that time. [us]
KEEP = 600_000_000
MACHINE_KINDS = ("work_unit", "work_centre")


def meters(viewer: Viewer, site_id: int) -> list[Meter]:
    """Return the meters of a site, with their shares."""
    ids = [asset.id for asset in spine.assets(viewer, below=site_id)]
    rows = Meter.objects.filter(asset_id__in=ids).select_related("asset", "series", "parent")
    return list(rows.prefetch_related("shares__asset").order_by("asset__path", "name"))


def factors(viewer: Viewer, organisation_id: int) -> list[Factor]:
    """Return the emission factors of an organisation, the newest first."""
    _same(viewer, organisation_id)
    rows = EmissionFactor.objects.filter(organisation_id=organisation_id).order_by("carrier", "-valid_from")
    return [Factor(row.carrier, row.kg_per_kwh, row.source, row.year, row.valid_from) for row in rows]


def tariff(viewer: Viewer, organisation_id: int) -> dict[str, list[Period]]:
    """Return the tariff periods of an organisation by carrier."""
    _same(viewer, organisation_id)
    found: dict[str, list[Period]] = {}
    for row in TariffPeriod.objects.filter(organisation_id=organisation_id).order_by("valid_from", "id"):
        months = tuple(int(month) for month in row.months)
        found.setdefault(row.carrier, []).append(
            Period(row.band, row.start, row.end, months, row.price, row.valid_from)
        )
    return found


def _same(viewer: Viewer, organisation_id: int) -> None:
    if not viewer.system and viewer.organisation_id != organisation_id:
        raise DeniedError("There is no such organisation for you.")


def site_energy(viewer: Viewer, site_id: int, start: int, end: int, *, now: int) -> EnergyReport:
    """Return a site's energy over ``[start, end)``, up to ``now``.

    Raises
    ------
    DeniedError
        If there is no such site for the viewer.
    ConfigError
        If the window is empty or longer than 32 days.
    """
    site = spine.asset(viewer, site_id)
    if not 0 < end - start <= LONGEST:
        raise ConfigError("Ask for a window of at most 32 days; longer ones add up from months.")
    until = max(min(end, now), start + 1)
    sums = Sums()
    asked = _asked(viewer, site, now)
    for a, b in [(start, until)] if until - start <= ONE else _days(site, start, until):
        past = b <= now - now % KEEP
        sums.add(_kept(asked, a, b) if past else _day(asked, a, b))
    rows = asked.rows
    return _report(viewer, site, rows, sums, start, until)


def _days(site: AssetRef, start: int, end: int) -> list[tuple[int, int]]:
    """Cut a window at the midnights of the site."""
    zone = ZoneInfo(site.timezone)
    found, at = [], start
    while at < end:
        day = from_us(at, zone).date() + timedelta(days=1)
        upto = min(to_us(datetime(day.year, day.month, day.day, tzinfo=zone)), end)
        found.append((at, upto))
        at = upto
    return found


@dataclass(frozen=True, eq=False)
class _Asked:
    """Who asks about what, with all that is said of it; ``key`` is the same while nothing of that changes."""

    viewer: Viewer
    site: AssetRef
    now: int
    rows: list[Meter]
    known: list[Factor]
    rates: dict[str, list[Period]]
    key: tuple[object, ...]

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self.key == other.key


def _asked(viewer: Viewer, site: AssetRef, now: int) -> _Asked:
    rows = meters(viewer, site.id)
    known, rates = factors(viewer, site.organisation_id), tariff(viewer, site.organisation_id)
    said = (
        tuple((row.pk, row.changed_at) for row in rows),
        tuple(known),
        tuple(tuple(one) for one in rates.values()),
    )
    # what another installation or organisation asked is never an answer here
    folder = str(get_settings().history_folder)
    key = (folder, viewer.organisation_id, site.id, said, now // KEEP)
    return _Asked(viewer, site, now, rows, known, rates, key)


@lru_cache(maxsize=256)
def _kept(asked: _Asked, start: int, end: int) -> Sums:
    return _day(asked, start, end)


def _day(asked: _Asked, start: int, end: int) -> Sums:
    viewer, site, rows = asked.viewer, asked.site, asked.rows
    if not rows:
        return Sums(length=end - start)
    floor = load(viewer, spine.assets(viewer, below=site.id, kinds=MACHINE_KINDS), site.id)
    machines = [machine.asset for machine in floor.machines]
    metering = Metering(
        rows,
        spine.series_by_id(viewer, [row.series_id for row in rows]),
        {row.pk: _takers(row, machines) for row in rows if row.share in ("shares", "run_time")},
    )
    return stretch(metering, floor, slots(asked.rates, asked.known, site.timezone, start, end), asked.now)


def _takers(meter: Meter, machines: Sequence[AssetRef]) -> dict[int, int]:
    """Return the assets that share a meter, in millionths; by run time all machines below it if none are named."""
    declared = {share.asset_id: share.ppm for share in meter.shares.all()}
    if declared or meter.share == "shares":
        return declared
    path = meter.asset.path
    return {one.id: 0 for one in machines if one.path == path or one.path.startswith(f"{path}/")}


def _report(viewer: Viewer, site: AssetRef, rows: Sequence[Meter], sums: Sums, start: int, end: int) -> EnergyReport:
    allocated = sum(sums.cells.values(), Amount())
    states: dict[str, Amount] = {}
    for (_asset, state), amount in sums.cells.items():
        states[state] = states.get(state, Amount()) + amount
    table = tuple(_meter_row(row, sums.meters.get(row.pk, MeterSum()), sums.length) for row in rows)
    why: dict[str, int] = {}
    for one in table:
        for word, joule in one.why.items():
            why[word] = why.get(word, 0) + joule
    coverage = sum(one.coverage for one in table) / len(table) if table else 0.0
    operations, orders, products = _work(sums.operations, start, end, coverage)
    total = allocated + sums.unallocated
    missing = [] if rows else ["meters"]
    missing += ["factor"] if total.factored != total.joule else []
    missing += ["tariff"] if total.priced != total.joule else []
    return EnergyReport(
        site_id=site.id,
        start=start,
        end=end,
        total=total,
        allocated=allocated,
        unallocated=sums.unallocated,
        why=why,
        carriers=sums.carriers,
        states=states,
        bands=sums.bands,
        meters=table,
        assets=_assets(viewer, site, sums, table),
        operations=operations,
        orders=orders,
        products=products,
        orderless=allocated + _negative(sum(sums.operations.values(), Amount())),
        load=tuple(LoadSlot(*row) for row in sums.load),
        coverage=coverage,
        main_meter=any(row.asset_id == site.id and row.parent_id is None for row in rows),
        simulated=site.simulated,
        missing=tuple(missing),
    )


def _negative(amount: Amount) -> Amount:
    return Amount(-amount.joule, -amount.money, -amount.priced, -amount.grams, -amount.factored)


def _meter_row(row: Meter, found: MeterSum, length: int) -> MeterRow:
    return MeterRow(
        id=row.pk,
        name=row.name,
        asset_id=row.asset_id,
        asset=row.asset.name,
        carrier=row.carrier,
        share=row.share,
        parent_id=row.parent_id,
        total=found.total,
        below=found.below,
        allocated=found.allocated,
        unallocated=found.total - found.below - found.allocated,
        why=dict(found.why),
        coverage=min(1.0, found.known / length) if length else 0.0,
    )


def _assets(viewer: Viewer, site: AssetRef, sums: Sums, table: Sequence[MeterRow]) -> tuple[AssetEnergy, ...]:
    names = {asset.id: asset.name for asset in spine.assets(viewer, below=site.id)}
    general = [one.coverage for one in table if one.share in ("shares", "run_time")]
    found: dict[int, dict[str, Amount]] = {}
    for (asset, state), amount in sums.cells.items():
        found.setdefault(asset, {})[state] = amount
    rows = []
    for asset, states in found.items():
        own = [one.coverage for one in table if one.asset_id == asset and one.share == "own"] or general
        coverage = sum(own) / len(own) if own else 0.0
        amount = sum(states.values(), Amount())
        pieces = sums.pieces.get(asset)
        per_piece = _per_piece(amount, pieces, coverage)
        orderless = amount + _negative(sums.ordered.get(asset, Amount()))
        rows.append(AssetEnergy(asset, names.get(asset, ""), amount, states, orderless, pieces, per_piece, coverage))
    return tuple(sorted(rows, key=lambda row: -row.amount.joule))


def _per_piece(amount: Amount, pieces: float | None, coverage: float) -> Figure:
    if pieces is None:
        return Figure(None, "kW.h/{part}", coverage, "no_counter")
    if pieces <= 0:
        return Figure(None, "kW.h/{part}", coverage, "no_production")
    return Figure(comprehensive_energy({}, {}, amount.kwh, pieces), "kW.h/{part}", coverage)


def _work(
    found: Mapping[int, Amount], start: int, end: int, coverage: float
) -> tuple[tuple[WorkEnergy, ...], tuple[WorkEnergy, ...], tuple[WorkEnergy, ...]]:
    """Return operations, orders and products with what was booked on them in the window."""
    works = Operation.objects.filter(id__in=found).select_related("order__revision__material")
    rows = list(works.order_by("order_id", "number"))
    made = _made([row.pk for row in rows], start, end)
    last = _last_steps({row.order_id for row in rows})
    done = _made(list(last.values()), start, end)
    operations = []
    orders: dict[int, _Together] = {}
    products: dict[int, _Together] = {}
    for row in rows:
        amount, pieces = found[row.pk], sum(made.get(row.pk, (0, 0)))
        operations.append(_entry(row.pk, f"{row.order.number} / {row.number}", row.name, amount, pieces, coverage))
        material = row.order.revision.material
        note = f"{material.code} {material.name}"
        orders.setdefault(row.order_id, _Together(row.order.number, note)).take(row.order_id, amount)
        products.setdefault(material.pk, _Together(material.name, material.code)).take(row.order_id, amount)

    def entries(table: Mapping[int, _Together]) -> tuple[WorkEnergy, ...]:
        found = [
            _entry(key, one.name, one.note, one.amount, one.made(last, done), coverage) for key, one in table.items()
        ]
        return tuple(sorted(found, key=lambda one: -one.amount.joule))

    return tuple(sorted(operations, key=lambda one: -one.amount.joule)), entries(orders), entries(products)


@dataclass
class _Together:
    """Several orders' energy under one name."""

    name: str
    note: str
    amount: Amount = Amount()  # noqa: RUF009 - a frozen value
    orders: set[int] = field(default_factory=set)

    def take(self, order: int, amount: Amount) -> None:
        """Add an operation of an order."""
        self.orders.add(order)
        self.amount += amount

    def made(self, last: Mapping[int, int], done: Mapping[int, tuple[int, int]]) -> int:
        """Return the good pieces that left the last steps."""
        return sum(done.get(last.get(order, 0), (0, 0))[0] for order in self.orders)


def _entry(number: int, name: str, note: str, amount: Amount, pieces: int, coverage: float) -> WorkEnergy:
    kg = amount.kg
    carbon = Figure(kg, "kg", coverage) if kg is not None else Figure(None, "kg", coverage, "no_factor")
    return WorkEnergy(number, name, note, amount, pieces, _per_piece(amount, pieces, coverage), carbon)


def _made(operations: Sequence[int], start: int, end: int) -> dict[int, tuple[int, int]]:
    """Return good and other pieces booked on operations in the window, corrections taken off."""
    rows = Booking.objects.filter(operation_id__in=operations, event_at__gte=start, event_at__lt=end)
    sums = rows.order_by().values("operation_id").annotate(g=Sum("good"), s=Sum("scrap"), r=Sum("rework"))
    return {row["operation_id"]: (row["g"], row["s"] + row["r"]) for row in sums}


def _last_steps(orders: set[int]) -> dict[int, int]:
    """Return the last main operation of each order: what leaves it is made."""
    rows = Operation.objects.filter(order_id__in=orders, kind="main").order_by("order_id", "number")
    return dict(rows.values_list("order_id", "id"))


def order_energy(viewer: Viewer, order_id: int, *, now: int) -> tuple[EnergyReport | None, WorkEnergy | None]:
    """Return the site's energy over the time an order was worked on, and the order's part of it.

    Both are None where nobody has worked on it yet. A window longer than 32 days is cut to its last 32.

    Raises
    ------
    DeniedError
        If there is no such order for the viewer.
    """
    rows = Operation.objects.filter(order_id=order_id)
    first = rows.values_list("order__site_id", "order__organisation_id").first()
    if first is None or not (viewer.system or viewer.organisation_id == first[1]):
        raise DeniedError("There is no such order with operations, or it belongs to another organisation.")
    spans = WorkSpan.objects.filter(operation__order_id=order_id)
    edges = list(spans.values_list("start", "end"))
    if not edges:
        return None, None
    end = min(max(now if b is None else b for _, b in edges) + 1, now)
    booked = Booking.objects.filter(operation__order_id=order_id).aggregate(at=Max("event_at"))["at"]
    end = min(max(end, (booked or 0) + 1), now)
    start = max(min(a for a, _ in edges), end - LONGEST)
    if start >= end:
        return None, None
    report = site_energy(viewer, int(first[0]), start, end, now=now)
    return report, next((one for one in report.orders if one.id == order_id), None)
