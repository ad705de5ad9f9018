"""What happened in a shift, gathered once from all subjects: for the report, its signature and the comparison."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q, Sum

from chanye.domains.factory.models import (
    AndonCall,
    Booking,
    HandoverNote,
    Inspection,
    Nonconformance,
    Operation,
    WorkSpan,
)
from chanye.domains.factory.queries import energy, measures
from chanye.domains.factory.queries.losses import losses
from chanye.domains.factory.queries.waterfall import waterfall
from chanye.domains.factory.rules.shifts import LATE
from chanye.domains.factory.types.measures import Measured
from chanye.parties.types import Viewer
from chanye.spine import queries as spine

MOST = 100
TOP = 8
FIGURES = (
    "oee",
    "availability",
    "effectiveness",
    "quality_ratio",
    "production_efficiency",
    "defect_rate",
    "pass_rate",
    "capacity",
    "labour_per_piece",
    "unit_cost",
)


def shift_content(viewer: Viewer, site_id: int, start: int, end: int, shift: str, *, now: int) -> dict[str, Any]:
    """Return all that a shift report says, as values of JSON; the same knowledge gives the same content."""
    site = spine.asset(viewer, site_id)
    until = max(start + 1, min(end, now))
    (whole,) = measures.measures(viewer, site_id, start, until, "site", now=now)
    people = _people(site_id, start, until)
    content: dict[str, Any] = {
        "site": site.name,
        "shift": shift,
        "start": start,
        "end": end,
        "people": people,
        "work": {"length": sum(one["length"] for one in people)},
        "orders": _orders(site_id, start, end),
        "figures": _figures(whole),
        "facts": {name: getattr(whole.facts, name) for name in ("pbt", "unknown", "apt", "aust", "adet", "adot")},
        "quality": _quality(site_id, start, end),
        "calls": _calls(site.path, start, end),
        "notes": _notes(site.path, start, end),
        "late": _late(site_id, start, end),
        **_machines(viewer, site_id, start, until, now),
        "energy": _energy(viewer, site_id, start, until, now),
    }
    content["pieces"] = {name: sum(one[name] for one in content["orders"]) for name in ("good", "scrap", "rework")}
    return content


def _name(first: str | None, second: str | None) -> str:
    return first or second or ""


def _people(site_id: int, start: int, end: int) -> list[dict[str, Any]]:
    """Return who worked and how long, each with the pieces booked."""
    spans = WorkSpan.objects.filter(operation__order__site_id=site_id, start__lt=end).exclude(person=None)
    rows = spans.filter(Q(end=None) | Q(end__gt=start))
    found: dict[int, dict[str, Any]] = {}
    for number, name, login, low, high in rows.values_list(
        "person_id", "person__name", "person__username", "start", "end"
    ):
        one = found.setdefault(number, {"name": _name(name, login), "length": 0, "good": 0})
        one["length"] += max(0, min(high or end, end) - max(low, start))
    made = Booking.objects.filter(operation__order__site_id=site_id, event_at__gte=start, event_at__lt=end)
    for row in (
        made.exclude(person=None).values("person_id", "person__name", "person__username").annotate(g=Sum("good"))
    ):
        name = _name(row["person__name"], row["person__username"])
        found.setdefault(row["person_id"], {"name": name, "length": 0, "good": 0})["good"] += row["g"]
    return sorted(found.values(), key=lambda one: (one["name"], -one["length"]))


def _orders(site_id: int, start: int, end: int) -> list[dict[str, Any]]:
    """Return the orders that were booked on: good out of the last operation, scrap and rework of all, the target."""
    rows = Booking.objects.filter(operation__order__site_id=site_id, event_at__gte=start, event_at__lt=end)
    sums = (
        rows.filter(kind__in=("output", "correct"))
        .values("operation_id", "operation__order_id")
        .annotate(g=Sum("good"), s=Sum("scrap"), r=Sum("rework"))
    )
    orders = {row["operation__order_id"] for row in sums}
    main = Operation.objects.filter(order_id__in=orders, kind="main").order_by("order_id", "number")
    last = dict(main.values_list("order_id", "id"))
    found: dict[int, dict[str, Any]] = {}
    for operation in main.select_related("order__revision__material"):
        order = operation.order
        found.setdefault(
            order.pk,
            {
                "id": order.pk,
                "number": order.number,
                "product": order.revision.material.code,
                "name": order.revision.material.name,
                "target": order.quantity,
                "due": order.due,
                "good": 0,
                "scrap": 0,
                "rework": 0,
            },
        )
    for row in sums:
        one = found[row["operation__order_id"]]
        one["good"] += row["g"] if last[row["operation__order_id"]] == row["operation_id"] else 0
        one["scrap"] += row["s"]
        one["rework"] += row["r"]
    return sorted(found.values(), key=lambda one: one["number"])


def _figures(whole: Measured) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "value": whole.figures[name].value,
            "unit": whole.figures[name].unit,
            "coverage": whole.figures[name].coverage,
            "why": whole.figures[name].why,
        }
        for name in FIGURES
    ]


def _machines(viewer: Viewer, site_id: int, start: int, end: int, now: int) -> dict[str, Any]:
    """Return what stops cost by reason, and where planned time went."""
    ids = [one.id for one in spine.assets(viewer, below=site_id, kinds=("work_unit", "work_centre"))]
    lost = losses(viewer, ids, start, end, now=now)
    fall = waterfall(viewer, ids, start, end, now=now)
    rows = [{"reason": one.reason, "label": one.label, "lost": one.lost, "count": one.count} for one in lost.losses]
    return {
        "stops": {
            "rows": rows[:TOP],
            "lost": lost.lost,
            "count": lost.count,
            "unexplained": sum(one.lost for one in lost.losses if not one.reason),
            "coverage": lost.coverage,
        },
        "waterfall": [
            {"what": bar.what, "role": bar.role, "label": bar.label, "length": bar.length} for bar in fall.bars
        ]
        if fall
        else [],
    }


def _quality(site_id: int, start: int, end: int) -> dict[str, Any]:
    seen = Inspection.objects.filter(operation__order__site_id=site_id, judged_at__gte=start, judged_at__lt=end)
    due = Inspection.objects.filter(operation__order__site_id=site_id, state="open", due_at__lt=end)
    held = Operation.objects.filter(order__site_id=site_id, held_at__gte=start, held_at__lt=end)
    cases = Nonconformance.objects.filter(order__site_id=site_id, found_at__gte=start, found_at__lt=end)
    by_state: dict[str, int] = {}
    for state in seen.values_list("state", flat=True):
        by_state[state] = by_state.get(state, 0) + 1
    return {
        "judged": sum(by_state.values()),
        "accepted": by_state.get("accepted", 0),
        "rejected": by_state.get("rejected", 0) + by_state.get("split", 0),
        "open": due.count(),
        "holds": [
            {"order": row.order.number, "operation": row.number, "reason": row.hold_reason}
            for row in held.select_related("order").order_by("held_at")[:MOST]
        ],
        "cases": cases.count(),
        "case_rows": [{"number": row.number, "title": row.title} for row in cases.order_by("number")[:MOST]],
    }


def _calls(path: str, start: int, end: int) -> dict[str, Any]:
    """Return the calls for help with how long it took until somebody came."""
    rows = AndonCall.objects.filter(place__path__startswith=f"{path}/", raised_at__gte=start, raised_at__lt=end)
    found = [
        {
            "type": row.type.name,
            "type_en": row.type.name_en or row.type.name,
            "place": row.place.name or row.place.code,
            "raised_at": row.raised_at,
            "answer": None if row.answered_at is None else row.answered_at - row.raised_at,
            "closed": None if row.closed_at is None else row.closed_at - row.raised_at,
            "note": row.note,
        }
        for row in rows.select_related("type", "place").order_by("raised_at", "id")[:MOST]
    ]
    return {"count": rows.count(), "rows": found}


def _notes(path: str, start: int, end: int) -> list[dict[str, Any]]:
    rows = HandoverNote.objects.filter(place__path__startswith=f"{path}/", event_at__gte=start, event_at__lt=end)
    return [
        {"place": row.place.name or row.place.code, "note": row.note, "at": row.event_at, "by": str(row.person or "")}
        for row in rows.select_related("place", "person").order_by("event_at", "id")[:MOST]
    ]


def _late(site_id: int, start: int, end: int) -> dict[str, Any]:
    """Return bookings that came in more than five minutes after they happened."""
    rows = Booking.objects.filter(operation__order__site_id=site_id, event_at__gte=start, event_at__lt=end)
    late = rows.filter(received_at__gt=F("event_at") + LATE).select_related("operation__order", "person")
    return {
        "count": late.count(),
        "all": rows.count(),
        "rows": [
            {
                "order": row.operation.order.number,
                "operation": row.operation.number,
                "good": row.good,
                "scrap": row.scrap,
                "event_at": row.event_at,
                "received_at": row.received_at,
                "by": str(row.person or ""),
            }
            for row in late.order_by("event_at", "id")[:20]
        ],
    }


def _energy(viewer: Viewer, site_id: int, start: int, end: int, now: int) -> dict[str, Any]:
    report = energy.site_energy(viewer, site_id, start, end, now=now)
    return {
        "metered": bool(report.meters),
        "joule": report.total.joule,
        "idle": report.idle.joule,
        "fen": report.total.fen,
        "kg": report.total.kg,
        "coverage": report.coverage,
    }
