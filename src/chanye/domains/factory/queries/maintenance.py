"""Reads of maintenance orders, spare parts and planned windows. Each takes the viewer first; times in us UTC."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Q, QuerySet, Sum

from chanye.domains.factory.models import (
    MaintenanceLabour,
    MaintenanceOrder,
    MaintenanceSettings,
    MaintenanceStep,
    SpareMove,
    SparePart,
)
from chanye.domains.factory.rules.maintenance import OPEN
from chanye.domains.factory.types.maintenance import (
    Cost,
    EventView,
    LabourView,
    MaintenanceWindow,
    OrderDetail,
    OrderRow,
    PartUse,
    SpareView,
    StepView,
)
from chanye.kernel.errors import DeniedError
from chanye.kernel.time import DAY, now_us
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.spine.types import FileRef

HOUR = 3_600_000_000
MOST_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders are wanted; an empty part asks for all.

    ``states`` may hold ``open`` for all that are not done. ``mine``: taken by or free for the viewer.
    ``since, until``: made in ``[since, until)``.
    """

    states: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    assets: tuple[int, ...] = ()
    text: str = ""
    mine: bool = False
    late: bool = False
    since: int | None = None
    until: int | None = None


def _visible(viewer: Viewer) -> QuerySet[MaintenanceOrder]:
    rows = MaintenanceOrder.objects.all()
    if viewer.system:
        return rows
    require(viewer, "read_site", viewer.organisation_id)
    return rows.filter(organisation_id=viewer.organisation_id or 0)


def orders(viewer: Viewer, wanted: OrderFilter | None = None, *, now: int, limit: int = MOST_ROWS) -> list[OrderRow]:
    """Return orders, the most urgent open ones first, then the newest.

    Raises
    ------
    DeniedError
        If the viewer is no member.
    """
    rows = _filtered(viewer, wanted or OrderFilter(), now)
    found = list(rows.select_related("asset", "assignee").order_by("-created_at")[:limit])
    views = _order_rows(found, now)
    rank = {state: i for i, state in enumerate(("in_progress", "new", "planned", "waiting", "done", "verified"))}

    def urgency(row: OrderRow) -> tuple[object, ...]:
        if row.state in OPEN:
            return (0, not row.late(now), row.priority, row.due_at or 1 << 62, rank[row.state], -row.created_at)
        return (1, 0, 0, 0, 0, -(row.done_at or row.created_at))

    return sorted(views, key=urgency)


def _filtered(viewer: Viewer, wanted: OrderFilter, now: int) -> QuerySet[MaintenanceOrder]:
    rows = _visible(viewer)
    if wanted.states:
        states = {one for state in wanted.states for one in (OPEN if state == "open" else (state,))}
        rows = rows.filter(state__in=states)
    if wanted.kinds:
        rows = rows.filter(kind__in=wanted.kinds)
    if wanted.assets:
        rows = rows.filter(asset_id__in=wanted.assets)
    if wanted.text:
        words = Q(title__icontains=wanted.text) | Q(asset__name__icontains=wanted.text)
        if wanted.text.isascii() and wanted.text.isdigit() and len(wanted.text) < 9:
            words |= Q(number=int(wanted.text))
        rows = rows.filter(words)
    if wanted.mine:
        rows = rows.filter(Q(assignee_id=viewer.person_id) | Q(assignee_id=None))
    if wanted.late:
        rows = rows.filter(state__in=OPEN, due_at__lt=now)
    if wanted.since is not None:
        rows = rows.filter(created_at__gte=wanted.since)
    return rows if wanted.until is None else rows.filter(created_at__lt=wanted.until)


def _fen(worked_rate: int | None) -> int:
    """Return fen of a sum of us times fen per hour, half a fen rounded up."""
    return ((worked_rate or 0) + HOUR // 2) // HOUR


def _order_rows(rows: Sequence[MaintenanceOrder], now: int) -> list[OrderRow]:
    """Return list rows with costs: four queries however many orders there are."""
    ids = [row.pk for row in rows]
    steps = MaintenanceStep.objects.filter(order_id__in=ids).order_by().values("order_id")
    counted = {
        one["order_id"]: (one["n"], one["done"])
        for one in steps.annotate(n=Count("id"), done=Count("id", filter=~Q(result="")))
    }
    moves = SpareMove.objects.filter(order_id__in=ids).order_by().values("order_id")
    parts = {one["order_id"]: -one["fen"] for one in moves.annotate(fen=Sum(F("quantity") * F("price")))}
    labour: dict[int, tuple[int, int]] = {}
    for order_id, start, end, rate in MaintenanceLabour.objects.filter(order_id__in=ids).values_list(
        "order_id", "start", "end", "rate"
    ):
        worked, cost = labour.get(order_id, (0, 0))
        length = max(0, (now if end is None else end) - start)
        labour[order_id] = (worked + length, cost + length * rate)
    return [
        OrderRow(
            id=row.pk,
            number=row.number,
            asset_id=row.asset_id,
            asset=row.asset.name,
            kind=row.kind,
            state=row.state,
            priority=row.priority,
            title=row.title,
            source=row.source,
            plan_id=row.plan_id,
            assignee_id=row.assignee_id,
            assignee=str(row.assignee) if row.assignee else "",
            due_at=row.due_at,
            planned_start=row.planned_start,
            planned_end=row.planned_end,
            waiting_for=row.waiting_for,
            down_from=row.down_from,
            down_to=row.down_to,
            created_at=row.created_at,
            created_by=row.created_by,
            started_at=row.started_at,
            done_at=row.done_at,
            steps=counted.get(row.pk, (0, 0))[0],
            steps_done=counted.get(row.pk, (0, 0))[1],
            worked=labour.get(row.pk, (0, 0))[0],
            cost=Cost(_fen(labour.get(row.pk, (0, 0))[1]), parts.get(row.pk, 0), row.other_cost),
        )
        for row in rows
    ]


def order(viewer: Viewer, order_id: int, *, now: int) -> OrderDetail:
    """Return one order with its steps, parts, working time and timeline.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    row = _visible(viewer).select_related("asset", "assignee", "plan").filter(id=order_id).first()
    if row is None:
        raise DeniedError("There is no such maintenance order, or it belongs to another organisation.")
    (view,) = _order_rows([row], now)
    return OrderDetail(
        row=view,
        note=row.note,
        source_ref=row.source_ref,
        plan=row.plan.name if row.plan else "",
        lockout=row.lockout,
        lockout_at=row.lockout_at,
        lockout_by=row.lockout_by,
        permit=row.permit,
        permit_number=row.permit_number,
        stops_machine=row.stops_machine,
        minutes=row.minutes,
        cause=row.cause,
        remedy=row.remedy,
        done_by=row.done_by,
        done_by_id=row.done_by_id_at,
        verified_at=row.verified_at,
        verified_by=row.verified_by,
        steps=_steps(viewer, row),
        parts=_part_uses(row),
        labour=tuple(
            LabourView(
                span.who,
                span.person_id,
                span.start,
                span.end,
                _fen(max(0, (now if span.end is None else span.end) - span.start) * span.rate),
            )
            for span in row.labour.order_by("start")
        ),
        events=tuple(EventView(event.at, event.who, event.verb, event.note) for event in row.events.all()),
    )


def _steps(viewer: Viewer, order: MaintenanceOrder) -> tuple[StepView, ...]:
    rows = list(order.steps.all())
    pictures = spine.files_by_id(viewer, [row.picture_id for row in rows if row.picture_id is not None])
    return tuple(_step(row, pictures.get(row.picture_id or 0)) for row in rows)


def _step(step: MaintenanceStep, picture: FileRef | None) -> StepView:
    return StepView(
        step.position,
        step.kind,
        step.text,
        step.unit,
        step.low,
        step.high,
        step.required,
        step.photo,
        picture,
        step.result,
        step.value,
        step.note,
        step.done_at,
        step.done_by,
    )


def _part_uses(row: MaintenanceOrder) -> tuple[PartUse, ...]:
    planned = {int(one["part"]): int(one["quantity"]) for one in (row.plan.parts if row.plan else [])}
    used = {
        one["part_id"]: (-one["n"], -one["fen"])
        for one in row.parts.order_by()
        .values("part_id")
        .annotate(n=Sum("quantity"), fen=Sum(F("quantity") * F("price")))
    }
    parts = SparePart.objects.filter(organisation_id=row.organisation_id, id__in={*planned, *used}).order_by("code")
    return tuple(
        PartUse(
            part.pk,
            part.code,
            part.name,
            part.unit,
            part.place,
            part.stock,
            planned.get(part.pk, 0),
            *used.get(part.pk, (0, 0)),
        )
        for part in parts
    )


def planned_windows(viewer: Viewer, asset_ids: Iterable[int], start: int, end: int) -> list[MaintenanceWindow]:
    """Return the windows that open orders keep assets for and that touch ``[start, end)``, in time order."""
    rows = _visible(viewer).filter(
        asset_id__in=list(asset_ids), state__in=OPEN, planned_start__lt=end, planned_end__gt=start
    )
    columns = ("asset_id", "id", "planned_start", "planned_end", "title", "stops_machine")
    return [MaintenanceWindow(*row) for row in rows.order_by("planned_start", "id").values_list(*columns)]


def spares(viewer: Viewer, *, text: str = "", low: bool = False) -> list[SpareView]:
    """Return the spare parts of the viewer's organisation by code."""
    require(viewer, "read_site", viewer.organisation_id)
    rows = SparePart.objects.filter(organisation_id=viewer.organisation_id or 0).order_by("code")
    if text:
        rows = rows.filter(Q(code__icontains=text) | Q(name__icontains=text))
    if low:
        rows = rows.filter(stock__lt=F("minimum"))
    since = now_us() - 90 * DAY
    taken = SpareMove.objects.filter(part__in=rows, at__gte=since).exclude(order=None).order_by().values("part_id")
    used = {one["part_id"]: -one["n"] for one in taken.annotate(n=Sum("quantity"))}
    return [
        SpareView(
            row.pk, row.code, row.name, row.unit, row.place, row.stock, row.minimum, row.price, used.get(row.pk, 0)
        )
        for row in rows
    ]


def maintenance_settings(viewer: Viewer) -> MaintenanceSettings:
    """Return what the viewer's organisation reckons with; the defaults where nothing was said."""
    require(viewer, "read_site", viewer.organisation_id)
    found = MaintenanceSettings.objects.filter(organisation_id=viewer.organisation_id or 0).first()
    return found or MaintenanceSettings(organisation_id=viewer.organisation_id or 0)
