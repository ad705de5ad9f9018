"""Reads of reliability: failures of assets from what machines say and people report. Times in us UTC."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chanye.domains.factory.floor import MACHINE_KINDS, Look, load, look
from chanye.domains.factory.models import MaintenanceLabour, MaintenanceSettings
from chanye.domains.factory.queries.maintenance import OrderFilter, orders
from chanye.domains.factory.rules.kpis import DEFAULT_FLOOR
from chanye.domains.factory.rules.maintenance import OPEN
from chanye.domains.factory.rules.reliability import failures, reliability, reliability_of
from chanye.domains.factory.types.maintenance import AssetHealth, Cost, OrderRow, Reliability
from chanye.kernel.errors import DeniedError
from chanye.kernel.intervals import Intervals
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.spine.types import AssetRef


def asset_health(viewer: Viewer, asset_id: int, start: int, end: int, *, now: int) -> AssetHealth:
    """Return the reliability of one asset over ``[start, end)`` and what its maintenance cost.

    Raises
    ------
    DeniedError
        If there is no such asset for the viewer.
    """
    asset = spine.asset(viewer, asset_id)
    (found,) = healths(viewer, [asset], start, end, now=now)
    return found


def site_health(viewer: Viewer, site_id: int, start: int, end: int, *, now: int) -> list[AssetHealth]:
    """Return all machines of a site, in the order of the board."""
    assets = spine.assets(viewer, below=site_id, kinds=MACHINE_KINDS)
    return healths(viewer, assets, start, end, now=now)


def together(viewer: Viewer, found: Sequence[AssetHealth]) -> Reliability:
    """Return the figures of several assets as one: times and failures are added, means are not averaged.

    Raises
    ------
    DeniedError
        If there are none.
    """
    if not found:
        raise DeniedError("There is no machine here; connect one first.")
    figures = [one.figures for one in found]
    window = sum(one.end - one.start for one in found)
    coverage = sum(one.coverage * (one.end - one.start) for one in found) / window if window else 0.0
    return reliability_of(
        sum(f.operated for f in figures),
        sum(f.failures for f in figures),
        sum(f.restored for f in figures),
        sum(f.repair for f in figures),
        coverage,
        corrective=sum(f.corrective for f in figures),
        preventive=sum(f.preventive for f in figures),
        floor=DEFAULT_FLOOR,
    )


def healths(viewer: Viewer, assets: Sequence[AssetRef], start: int, end: int, *, now: int) -> list[AssetHealth]:
    """Return several assets over ``[start, end)``: a handful of queries however many there are."""
    until = min(end, now)
    ids = [asset.id for asset in assets]
    floor = load(viewer, assets)
    seen = {one.machine.asset.id: one for one in look(floor, start, max(start, until), now)}
    rows = orders(viewer, OrderFilter(assets=tuple(ids)), now=now) if ids else []
    worked = _worked(ids, start, until)
    limits = {
        one.organisation_id: one
        for one in MaintenanceSettings.objects.filter(organisation_id__in={a.organisation_id for a in assets})
    }
    return [
        _health(
            asset,
            seen.get(asset.id),
            [row for row in rows if row.asset_id == asset.id],
            worked.get(asset.id, (0, 0)),
            limits.get(asset.organisation_id) or MaintenanceSettings(),
            (start, until),
        )
        for asset in assets
    ]


def _worked(asset_ids: Sequence[int], start: int, end: int) -> dict[int, tuple[int, int]]:
    """Return time worked on corrective and on other orders of each asset in ``[start, end)`` [us]."""
    spans = MaintenanceLabour.objects.filter(order__asset_id__in=list(asset_ids), start__lt=end).exclude(
        end__lte=start
    )
    total: dict[int, tuple[int, int]] = {}
    for asset_id, kind, a, b in spans.values_list("order__asset_id", "order__kind", "start", "end"):
        length = max(0, min(end if b is None else b, end) - max(a, start))
        mended, cared = total.get(asset_id, (0, 0))
        total[asset_id] = (mended + length, cared) if kind == "corrective" else (mended, cared + length)
    return total


def _health(
    asset: AssetRef,
    seen: Look | None,
    rows: Sequence[OrderRow],
    worked: tuple[int, int],
    limits: MaintenanceSettings,
    window: tuple[int, int],
) -> AssetHealth:
    start, until = window
    down = _down(seen, rows, limits, window)
    operated = known = 0
    if seen is not None and len(seen.edge):
        length = np.diff(seen.edge)
        operated, known = int(length[seen.state == "running"].sum()), seen.known
    coverage = known / (until - start) if until > start else 0.0
    floor = seen.machine.expected.floor if seen else DEFAULT_FLOOR
    figures = reliability(operated, down, until, coverage, corrective=worked[0], preventive=worked[1], floor=floor)
    inside = [row for row in rows if start <= (row.done_at or row.created_at) < until]
    cost = sum((row.cost for row in inside), Cost())
    still = sum(row.state in OPEN for row in rows)
    return AssetHealth(asset, start, until, figures, coverage, len(inside), still, cost)


def _down(
    seen: Look | None, rows: Sequence[OrderRow], limits: MaintenanceSettings, window: tuple[int, int]
) -> Intervals:
    """Return the failures that began in the window, cut at its end."""
    start, until = window
    reported = [
        (row.down_from, min(row.down_to or until, until))
        for row in rows
        if row.kind == "corrective"
        and row.down_from is not None
        and row.state != "cancelled"
        and row.down_from < until
    ]
    fault_start = fault_end = np.empty(0, np.int64)
    if seen is not None and len(seen.edge):
        at = np.flatnonzero(seen.state == "fault")
        fault_start, fault_end = seen.edge[:-1][at], seen.edge[1:][at]
    found = failures(
        fault_start,
        fault_end,
        Intervals.from_pairs(reported),
        failure_from=limits.failure_from,
        join_within=limits.join_within,
    ).clip(start - (1 << 50), until)
    began = found.start >= start
    if seen is not None and len(seen.edge) and len(found) and found.start[0] == start and seen.state[0] == "fault":
        began[0] = False  # it was down already when the window began
    return Intervals(found.start[began], found.end[began])
