"""Figures of a site by machine, line, order, product and shift; before and after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from chanye.domains.factory.facts import SiteFacts, days_of, gather
from chanye.domains.factory.floor import load_calendars
from chanye.domains.factory.models import Rate
from chanye.domains.factory.queries import energy
from chanye.domains.factory.rules import measures as rules
from chanye.domains.factory.types.energy import Amount
from chanye.domains.factory.types.measures import Change, Facts, Measured
from chanye.kernel.errors import ConfigError
from chanye.kernel.shifts import ShiftRun, shift_pattern_from_dict
from chanye.kernel.time import DAY, from_us
from chanye.parties.types import Viewer
from chanye.sheets import Rows, View
from chanye.spine import queries as spine
from chanye.spine.types import AssetRef

LONGEST = 400 * DAY


@dataclass
class _Used:
    """Energy of a window: all of it, by machine and by order."""

    site_id: int
    total: Amount = Amount()  # noqa: RUF009 - a frozen value
    assets: dict[int, Amount] = field(default_factory=dict)
    orders: dict[int, Amount] = field(default_factory=dict)


def _used(viewer: Viewer, site_id: int, start: int, end: int, now: int) -> _Used:
    """Add the energy of a window up, in parts as long as energy is told at once."""
    found = _Used(site_id)
    at = start
    while at < min(end, max(now, start + 1)):
        upto = min(at + energy.LONGEST, end)
        report = energy.site_energy(viewer, site_id, at, upto, now=now)
        found.total += report.total
        for machine in report.assets:
            found.assets[machine.asset_id] = found.assets.get(machine.asset_id, Amount()) + machine.amount
        for order in report.orders:
            found.orders[order.id] = found.orders.get(order.id, Amount()) + order.amount
        at = upto
    return found


def measures(viewer: Viewer, site_id: int, start: int, end: int, by: str, *, now: int) -> list[Measured]:
    """Return the figures of a site over ``[start, end)`` us UTC, one row per group.

    Parameters
    ----------
    by
        One of ``types.measures.GROUPS``.

    Raises
    ------
    ConfigError
        If there is no such grouping, or the window is too long.
    DeniedError
        If there is no such site for the viewer.
    """
    if not 0 < end - start <= LONGEST:
        raise ConfigError(_("Choose a window of at most 400 days that ends after it starts."))
    if by in ("shift", "day"):
        return _by_time(viewer, site_id, start, end, by, now)
    if by not in _GROUPED:
        raise ConfigError(_("Group by site, line, machine, order, product, shift or day."))
    found = gather(viewer, site_id, start, end, now=now)
    rows = _GROUPED[by](found, _used(viewer, site_id, start, end, now))
    return [
        Measured(key, name, start, end, facts, rules.figures(facts))
        for (key, name), facts in sorted(rows.items(), key=lambda row: row[0][1])
    ]


def compare(
    viewer: Viewer, site_id: int, before: tuple[int, int], after: tuple[int, int], *, now: int
) -> list[Change]:
    """Return every figure of a site before and after, each window ``[start, end)`` us UTC."""
    facts = []
    for start, end in (before, after):
        (whole,) = measures(viewer, site_id, start, end, "site", now=now)
        facts.append(whole.facts)
    return rules.compare(*facts)


def rates(viewer: Viewer, organisation_id: int) -> list[Rate]:
    """Return the rates of an organisation, the newest first; none for others."""
    rows = Rate.objects.filter(organisation_id=organisation_id).select_related("asset")
    mine = viewer.system or viewer.organisation_id == organisation_id
    return list(rows.order_by("kind", "-valid_from", "-id")) if mine else []


def rates_table(viewer: Viewer, view: View) -> Rows:
    """Return the rates that a view asks for, those that no longer hold as well."""
    rows = Rate.objects.select_related("asset")
    return view.apply(rows if viewer.system else rows.filter(organisation_id=viewer.organisation_id or 0))


def _energy(amount: Amount | None) -> Facts:
    if amount is None or not amount.joule:
        return Facts()
    fen = amount.fen
    missing = frozenset({"energy"} if fen is None else ())
    return Facts(energy=float(fen or 0), joule=amount.joule, unpriced=missing)


def _by_order(found: SiteFacts, used: _Used) -> dict[tuple[str, str], Facts]:
    rows: dict[tuple[str, str], Facts] = {}
    seen: set[int] = set()
    for (operation_id, _place), cell in found.cells.items():
        work = found.works[operation_id]
        key = (str(work.order_id), work.number)
        rows[key] = rows.get(key, Facts()) + cell
        if work.order_id not in seen:
            seen.add(work.order_id)
            rows[key] += _energy(used.orders.get(work.order_id)) + Facts(aoet=found.executed[work.order_id])
    return rows


def _by_product(found: SiteFacts, used: _Used) -> dict[tuple[str, str], Facts]:
    rows: dict[tuple[str, str], Facts] = {}
    works = {str(work.order_id): work for work in found.works.values()}
    for (number, _name), facts in _by_order(found, used).items():
        key = (str(works[number].material_id), works[number].material)
        rows[key] = rows.get(key, Facts()) + facts
    return rows


def _by_machine(found: SiteFacts, used: _Used) -> dict[tuple[str, str], Facts]:
    rows: dict[tuple[str, str], Facts] = {}
    cells: dict[int, Facts] = {}
    for (_operation, place), cell in found.cells.items():
        cells[place] = cells.get(place, Facts()) + cell
    for place_id in found.machines.keys() | cells.keys():
        asset = found.assets.get(place_id)
        booked = cells.get(place_id, Facts())
        own = found.machines.get(place_id)
        if own is not None:  # its own states go on where nobody has booked
            booked = replace(
                booked, pbt=own.pbt, unknown=own.unknown, apt=own.apt, aust=own.aust, adet=own.adet, adot=own.adot
            )
        key = (str(place_id), asset.name if asset else str(place_id))
        rows[key] = booked + _energy(used.assets.get(place_id))
    return rows


def _line_of(asset: AssetRef | None, assets: Mapping[int, AssetRef]) -> tuple[str, str]:
    """Return the work centre or area a machine stands in; itself if it stands in none."""
    above = assets.get(asset.parent_id or 0) if asset else None
    if above is None or above.kind not in ("work_centre", "area"):
        return (str(asset.id), asset.name) if asset else ("", "")
    return str(above.id), above.name


def _by_line(found: SiteFacts, used: _Used) -> dict[tuple[str, str], Facts]:
    rows: dict[tuple[str, str], Facts] = {}
    for (number, _name), facts in _by_machine(found, used).items():
        key = _line_of(found.assets.get(int(number)), found.assets)
        rows[key] = rows.get(key, Facts()) + facts
    return rows


def _whole(found: SiteFacts, used: _Used) -> dict[tuple[str, str], Facts]:
    site = found.assets[used.site_id]
    machines = sum(_by_machine(found, used).values(), Facts())
    common = _energy(used.total)
    executed = sum(found.executed.values())
    missing = machines.unpriced - {"energy"} | common.unpriced
    facts = replace(machines, energy=common.energy, joule=common.joule, aoet=executed, unpriced=missing)
    return {(str(site.id), site.name): facts}


_GROUPED: dict[str, Callable[[SiteFacts, _Used], dict[tuple[str, str], Facts]]] = {
    "site": _whole,
    "line": _by_line,
    "machine": _by_machine,
    "order": _by_order,
    "product": _by_product,
}


def shift_runs(viewer: Viewer, site_id: int, start: int, end: int) -> list[ShiftRun]:
    """Return every shift of a site that touches ``[start, end)`` us UTC, by the site's own calendar, in time order.

    Raises
    ------
    ConfigError
        If the site has no calendar.
    DeniedError
        If there is no such site for the viewer.
    """
    site = spine.asset(viewer, site_id)
    calendars = load_calendars(viewer)
    number = calendars.of(site.path)
    if number is None:
        raise ConfigError(_("The site has no shift calendar: set one on the page Shifts."))
    return shift_pattern_from_dict(calendars.patterns[number]).runs(start, end)


def _by_time(viewer: Viewer, site_id: int, start: int, end: int, by: str, now: int) -> list[Measured]:
    """Return the figures of each shift that began in the window, whole, or of each of its days."""
    if by == "day":
        site = spine.asset(viewer, site_id)
        parts = [(f"{from_us(a, ZoneInfo(site.timezone)):%m-%d}", a, b) for a, b in days_of(site, start, end)]
    else:
        runs = shift_runs(viewer, site_id, start, end)
        parts = [(f"{run.day:%m-%d} {run.name}", run.start, run.end) for run in runs if start <= run.start < end]
    found = []
    for name, a, b in parts:
        if a < now:
            (whole,) = measures(viewer, site_id, a, b, "site", now=now)
            found.append(replace(whole, key=str(a), name=name))
    return found
