"""How maintenance plans stand: by the calendar, by counters, run hours and conditions. Times in us UTC.

Use is read from the historian and the frames at the moment of asking; nothing is kept that could run out of step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from django.db.models import QuerySet

from chanye.domains.factory.floor import Floor, Machine, load
from chanye.domains.factory.models import MaintenanceOrder, MaintenancePlan
from chanye.domains.factory.rules.maintenance import OPEN, due_by_condition, due_by_time, due_by_use
from chanye.domains.factory.types.maintenance import Due, PlanView
from chanye.kernel.errors import DeniedError
from chanye.kernel.time import DAY
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import frame_queries
from chanye.spine import queries as spine
from chanye.spine.history.types import SeriesSpec
from chanye.spine.store import reader
from chanye.spine.types import SeriesRef

HOUR = 3_600_000_000
#: How far back the recent rate of use looks. [us]
RECENT = 14 * DAY


def _visible(viewer: Viewer) -> QuerySet[MaintenancePlan]:
    rows = MaintenancePlan.objects.all()
    if viewer.system:
        return rows
    require(viewer, "read_site", viewer.organisation_id)
    return rows.filter(organisation_id=viewer.organisation_id or 0)


def plans(viewer: Viewer, *, now: int, asset_ids: Sequence[int] = (), active: bool = False) -> list[PlanView]:
    """Return plans with how they stand at ``now``, the most urgent first."""
    rows = _visible(viewer).select_related("asset", "series").order_by("asset__path", "name")
    if asset_ids:
        rows = rows.filter(asset_id__in=list(asset_ids))
    if active:
        rows = rows.filter(active=True)
    found = list(rows)
    made = {
        plan: number
        for plan, number in MaintenanceOrder.objects.filter(plan__in=found, state__in=OPEN).values_list(
            "plan_id", "id"
        )
        if plan is not None
    }
    meters = _Meters(viewer, found, now)
    views = [_view(row, meters.due(row), made.get(row.pk)) for row in found]
    return sorted(
        views, key=lambda view: (not view.active, not view.due.call, view.due.at or 1 << 62, -view.due.share)
    )


def plan(viewer: Viewer, plan_id: int, *, now: int) -> PlanView:
    """Return one plan.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    row = _visible(viewer).select_related("asset", "series").filter(id=plan_id).first()
    if row is None:
        raise DeniedError("There is no such maintenance plan, or it belongs to another organisation.")
    made = MaintenanceOrder.objects.filter(plan=row, state__in=OPEN).values_list("id", flat=True).first()
    return _view(row, _Meters(viewer, [row], now).due(row), made)


def _view(row: MaintenancePlan, due: Due, made: int | None) -> PlanView:
    return PlanView(
        id=row.pk,
        asset_id=row.asset_id,
        asset=row.asset.name,
        name=row.name,
        trigger=row.trigger,
        order_kind=row.order_kind,
        every=row.every,
        unit=due.unit,
        lead=row.lead,
        series_id=row.series_id,
        series=(row.series.name or row.series.code) if row.series else "",
        limit=row.limit,
        above=row.above,
        hold=row.hold,
        steps=tuple(row.steps),
        parts=tuple(row.parts),
        minutes=row.minutes,
        lockout=row.lockout,
        permit=row.permit,
        stops_machine=row.stops_machine,
        active=row.active,
        last_at=row.last_at,
        due=due,
        open_order=made,
    )


class _Meters:
    """What plans are measured by, loaded once for many plans."""

    def __init__(self, viewer: Viewer, rows: Sequence[MaintenancePlan], now: int) -> None:
        self.viewer, self.now = viewer, now
        hours = {row.asset_id for row in rows if row.trigger == "run_hours"}
        assets = [asset for asset in spine.assets(viewer) if asset.id in hours] if hours else []
        self.floor: Floor | None = load(viewer, assets) if assets else None
        self.machines = {m.asset.id: m for m in self.floor.machines} if self.floor else {}
        self.series = spine.series_by_id(viewer, [row.series_id for row in rows if row.series_id is not None])

    def due(self, row: MaintenancePlan) -> Due:
        if row.trigger == "time":
            return due_by_time(row.last_at, row.every, row.unit, row.lead, row.asset.timezone, self.now)
        if row.trigger == "condition":
            return due_by_condition(self._holds(row))
        unit = "h" if row.trigger == "run_hours" else (self._unit(row.series_id) or "{part}")
        measure = self._run_hours if row.trigger == "run_hours" else self._count
        used, coverage = measure(row, row.last_at)
        recent = max(self.now - RECENT, row.last_at if self.now - row.last_at > DAY else 0)
        lately, known = measure(row, recent)
        days = (self.now - recent) / DAY * known
        rate = lately / days if lately is not None and days > 0 else None
        return due_by_use(used, row.every, unit, row.lead, rate, coverage, self.now)

    def _unit(self, series_id: int | None) -> str:
        found = self.series.get(series_id or 0)
        return found.unit if found else ""

    def _run_hours(self, row: MaintenancePlan, since: int) -> tuple[float | None, float]:
        machine = self.machines.get(row.asset_id)
        if machine is None or self.floor is None:
            return None, 0.0
        until = self.floor.known_until(machine, self.now)
        run, known = run_time(self.viewer, machine, since, until)
        span = self.now - since
        if span <= 0:
            return 0.0, 1.0
        return (run / HOUR, known / span) if known else (None, 0.0)

    def _count(self, row: MaintenancePlan, since: int) -> tuple[float | None, float]:
        ref = self.series.get(row.series_id or 0)
        if ref is None:
            return None, 0.0
        if since >= self.now:
            return 0.0, 1.0
        return _gain(ref.spec, since, self.now)

    def _holds(self, row: MaintenancePlan) -> bool | None:
        """Return whether the series was beyond the limit all the time for which it has to be."""
        ref: SeriesRef | None = self.series.get(row.series_id or 0)
        start = self.now - row.hold
        if ref is None or row.limit is None:
            return None
        if start < row.last_at:
            return False  # the time since it was last done is not long enough yet
        name = "Minimum2" if row.above else "Maximum2"
        table = reader().aggregate([ref.spec], start, self.now, max(row.hold, 1), [name])
        if not len(table.start) or table.columns["percent_known"][0, 0] < 99.9:
            return None
        extreme = float(table.columns[name][0, 0])
        if math.isnan(extreme):
            return None
        return extreme > row.limit if row.above else extreme < row.limit


def _gain(spec: SeriesSpec, start: int, end: int) -> tuple[float | None, float]:
    """Return what a counter added in ``[start, end)`` and for which share of that time it is known.

    Whole hours are read from roll-ups: months cost little.
    """
    edge = min(end, -(-start // HOUR) * HOUR)
    total, known, found = 0.0, 0.0, False
    for a, b in ((start, edge), (edge, end)):
        if b > a:
            table = reader().aggregate([spec], a, b, b - a, ["Increase"])
            rise = float(table.columns["Increase"][0, 0])
            known += float(table.columns["percent_known"][0, 0]) / 100 * (b - a)
            if not math.isnan(rise):
                total, found = total + rise, True
    return (total if found else None), known / (end - start) if end > start else 0.0


def run_time(viewer: Viewer, machine: Machine, start: int, end: int) -> tuple[int, int]:
    """Return how long a machine ran in ``[start, end)`` and how much of that time is known, both in us."""
    if end <= start:
        return 0, 0
    held = frame_queries.held_time(viewer, machine.number("execution"), start, end)
    run = known = 0
    for (text, state), length in held.items():
        meaning = machine.expected.states.get(text, state)
        known += 0 if meaning == "unknown" else length
        run += length if meaning == "running" else 0
    return run, known
