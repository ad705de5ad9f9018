"""Gates of a site as queries: denominators, windows, coverage and evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from chanye.domains.factory.floor import load, load_calendars, look
from chanye.domains.factory.models import (
    Booking,
    Consumption,
    Declaration,
    Equipment,
    Inspection,
    MaintenanceOrder,
    Order,
)
from chanye.domains.factory.queries import measures
from chanye.domains.factory.rules import certification as rules
from chanye.domains.factory.types.certification import EquipmentRow, Found, GateReport, Piece
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import from_us, now_us
from chanye.parties.types import Viewer
from chanye.sheets import Rows, View
from chanye.spine import queries as spine
from chanye.spine.types import AssetRef


def _visible(viewer: Viewer) -> QuerySet[Equipment]:
    rows = Equipment.objects.select_related("asset")
    return rows if viewer.system else rows.filter(organisation_id=viewer.organisation_id or 0)


def _ref(row: Equipment) -> EquipmentRow:
    return EquipmentRow(
        row.pk,
        row.code,
        row.name,
        row.workshop,
        row.digital,
        row.connection,
        row.since,
        row.value,
        row.asset.code if row.asset else "",
        row.asset_id,
        row.retired,
    )


def register(viewer: Viewer, site_id: int) -> list[EquipmentRow]:
    """Return the equipment register of a site, retired equipment included."""
    return [_ref(row) for row in _visible(viewer).filter(site_id=site_id).order_by("code")]


def register_table(viewer: Viewer, site_id: int, view: View) -> Rows:
    """Return the lines of the register that a view asks for."""
    return view.apply(_visible(viewer).filter(site_id=site_id), make=_ref)


def gates(
    viewer: Viewer,
    site_id: int,
    window: tuple[int, int],
    *,
    before: tuple[int, int] | None = None,
    edition: str = "cq-2023",
    now: int | None = None,
) -> GateReport:
    """Return the gates of a digital workshop and a smart factory for a site.

    Parameters
    ----------
    window
        ``[start, end)`` us UTC.
    before
        The window that cost and efficiency are held against; by itself as long as ``window``, a year earlier.
    edition
        One of ``rules.certification.EDITIONS``.

    Raises
    ------
    ConfigError
        If there is no such edition, or a window is empty or too long.
    DeniedError
        If there is no such site for the viewer.
    """
    if edition not in rules.EDITIONS:
        raise ConfigError("There is no such edition of the gates.")
    at = now_us() if now is None else now
    site = spine.asset(viewer, site_id)
    start, end = window[0], min(window[1], max(at, window[0] + 1))
    year = timedelta(days=365) // timedelta(microseconds=1)
    earlier = before or (start - year, end - year)
    asked = rules.EDITIONS[edition]
    rows = register(viewer, site_id)
    known, planned = _known(viewer, site, start, end, at)
    found: dict[str, Found] = {
        "digital_equipment": rules.digital_share(rows, end),
        "upload_rate": rules.upload_share(rows, known, planned, end),
        "monitoring": rules.seen_share(rows, known, end),
        "workshops": rules.good_workshops(rows, known, planned, end),
        "design_tools": _declared(site, "design_tools", end),
        **_functions(site, start, end),
        **_changes(viewer, site_id, earlier, (start, end), at),
    }
    both = (rules.gate("workshop", asked.workshop, found), rules.gate("factory", asked.factory, found))
    digest = rules.digest(both, site_id, (start, end), earlier, edition)
    return GateReport(site_id, site.name, start, end, earlier, asked, both, digest)


def _known(viewer: Viewer, site: AssetRef, start: int, end: int, now: int) -> tuple[dict[int, tuple[int, int]], int]:
    """Return known and planned busy time of each machine with states, and the planned time of the site [us]."""
    floor = load(viewer, spine.assets(viewer, below=site.id), site.id)
    seen = look(floor, start, end, now)
    times = {one.machine.asset.id: (one.elements.pbt - one.elements.unknown, one.elements.pbt) for one in seen}
    calendars = load_calendars(viewer)
    return times, calendars.planned(calendars.of(site.path), start, end).total


def _functions(site: AssetRef, start: int, end: int) -> dict[str, Found]:
    """Return on how many of the days with bookings each function of the execution system was used."""
    booked = Booking.objects.filter(operation__order__site_id=site.id, event_at__gte=start, event_at__lt=end)
    orders = Order.objects.filter(site_id=site.id)
    moments = {
        "planning": orders.filter(released_at__gte=start, released_at__lt=end).values_list("released_at"),
        "execution": booked.filter(kind="output", origin__in=("terminal", "machine", "api")).values_list("event_at"),
        "logistics": Consumption.objects.filter(
            operation__order__site_id=site.id, event_at__gte=start, event_at__lt=end
        ).values_list("event_at"),
        "quality": Inspection.objects.filter(
            operation__order__site_id=site.id, judged_at__gte=start, judged_at__lt=end
        ).values_list("judged_at"),
        "equipment": MaintenanceOrder.objects.filter(
            asset__path__startswith=f"{site.path}/", created_at__gte=start, created_at__lt=end
        ).values_list("created_at"),
        "erp": orders.exclude(reference="")
        .filter(released_at__gte=start, released_at__lt=end)
        .values_list("released_at"),
    }
    zone = ZoneInfo(site.timezone)
    worked = sorted({_day(row[0], zone) for row in booked.values_list("event_at")})
    return {name: rules.days_used(_by_day(rows, zone), worked) for name, rows in moments.items()}


def _day(moment: int, zone: ZoneInfo) -> str:
    return from_us(moment, zone).date().isoformat()


def _by_day(rows: Iterable[tuple[int | None]], zone: ZoneInfo) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for (moment,) in rows:
        if moment is not None:
            day = _day(moment, zone)
            found[day] = found.get(day, 0) + 1
    return found


def _declared(site: AssetRef, criterion: str, end: int) -> Found:
    """Return what the site declared last, with its document."""
    rows = Declaration.objects.filter(site_id=site.id, criterion=criterion)
    row = rows.order_by("-declared_at", "-id").first()
    if row is None:
        return Found(0, 0, None, 0.0, "not_declared")
    day = _day(row.declared_at, ZoneInfo(site.timezone))
    piece = Piece(f"file:{row.file}", row.note or criterion, True, day)
    return Found(row.numerator, row.denominator, row.numerator / row.denominator, 1.0, "declared", (piece,))


def _changes(
    viewer: Viewer, site_id: int, before: tuple[int, int], after: tuple[int, int], now: int
) -> dict[str, Found]:
    """Return the relative change of operating cost and production efficiency against the window before."""
    changes = {one.name: one for one in measures.compare(viewer, site_id, before, after, now=now)}
    found = {}
    for name, figure in (("operating_cost", "unit_cost"), ("efficiency", "production_efficiency")):
        one = changes[figure]
        old, new = one.before.value, one.after.value
        found[name] = Found(
            0.0 if old is None or new is None else new - old,
            old or 0.0,
            one.change.value,
            one.change.coverage,
            one.change.why,
        )
    return found
