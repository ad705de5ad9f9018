"""Reads for the pages of orders: the list, one order with all about it, and what a new order may be for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.db.models import BooleanField, Case, F, Prefetch, Q, Value, When
from django.utils.translation import gettext as _

from chanye.domains.factory.models import (
    Booking,
    Consumption,
    Operation,
    OperationMaterial,
    Order,
    ProgramVersion,
    Revision,
    Routing,
)
from chanye.domains.factory.order_rows import operation_ref
from chanye.domains.factory.queries.orders import order_ref, visible_orders
from chanye.domains.factory.types.order_record import (
    BookingRow,
    Deed,
    Makeable,
    OperationRow,
    OrderRecord,
    OrderRow,
    PutRow,
    ToRelease,
    UseRow,
)
from chanye.kernel.errors import DeniedError
from chanye.kernel.time import now_us
from chanye.parties import queries as parties
from chanye.parties.types import Viewer
from chanye.sheets import Rows, View

OPEN_ORDERS = ("created", "released", "held")
MOST_BOOKINGS = 500


def order_table(viewer: Viewer, view: View, *, now: int | None = None) -> Rows:
    """Return the orders that a view asks for; ``late``: due before ``now`` (us UTC) and not closed."""
    moment = now_us() if now is None else now
    late = Q(due__lt=moment, state__in=OPEN_ORDERS)
    rows = (
        visible_orders(viewer)
        .select_related("site")
        .annotate(
            open=F("quantity") - F("good") - F("scrap") - F("rework"),
            late=Case(When(late, then=Value(True)), default=Value(False), output_field=BooleanField()),
        )
    )
    return view.apply(rows, make=_order_row)


def all_orders(viewer: Viewer) -> list[OrderRow]:
    """Return every order that can still be changed, for the comparison with a file."""
    rows = visible_orders(viewer).select_related("site").filter(state__in=OPEN_ORDERS)
    annotated = rows.annotate(
        open=F("quantity") - F("good") - F("scrap") - F("rework"), late=Value(False, BooleanField())
    )
    return [_order_row(row) for row in annotated]


def closed_numbers(viewer: Viewer) -> set[str]:
    """Return the numbers of orders that can no longer be changed."""
    return set(visible_orders(viewer).exclude(state__in=OPEN_ORDERS).values_list("number", flat=True))


def _order_row(row: Order) -> OrderRow:
    return OrderRow(
        id=row.pk,
        number=row.number,
        product=row.revision.material.code,
        product_name=row.revision.material.name,
        revision=row.revision.code,
        routing=row.routing_code,
        state=row.state,
        quantity=row.quantity,
        good=row.good,
        scrap=row.scrap,
        rework=row.rework,
        open=row.quantity - row.good - row.scrap - row.rework,
        due=row.due,
        late=bool(getattr(row, "late", False)),
        priority=row.priority,
        customer=row.customer,
        reference=row.reference,
        note=row.note,
        site=row.site.code,
        released_at=row.released_at,
        closed_at=row.closed_at,
    )


def order_record(viewer: Viewer, order_id: int) -> OrderRecord:
    """Return one order with its operations, bookings, materials, splits and history.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    row = visible_orders(viewer).select_related("site").filter(id=order_id).first()
    if row is None:
        raise DeniedError(_("There is no such order, or it belongs to another organisation."))
    ref = order_ref(viewer, row)
    operations = list(
        Operation.objects.filter(order=row)
        .select_related("order__revision__material", "work_centre", "tool", "gauge", "skill", "program__program")
        .order_by("number")
    )
    last = max((one.number for one in operations if one.kind == "main"), default=0)
    splits = visible_orders(viewer).filter(split_from=row).order_by("id")
    return OrderRecord(
        order=ref,
        routing=row.routing_code,
        note=row.note,
        site=row.site.name,
        ordered=row.ordered,
        operations=tuple(_operation_row(one, last=one.number == last) for one in operations),
        bookings=tuple(_bookings(row)),
        uses=tuple(_uses(row)),
        put=tuple(_put(row)),
        splits=tuple(order_ref(viewer, one) for one in splits),
        split_from_id=row.split_from_id,
        history=tuple(
            Deed(one.at, one.actor, one.verb, one.detail)
            for one in parties.history_of(viewer, row.organisation_id, f"order:{row.pk}")
        ),
    )


def _operation_row(row: Operation, *, last: bool) -> OperationRow:
    ref = operation_ref(row, last=last)
    out, whole = ref.good + ref.scrap + ref.rework, ref.planned if ref.kind == "main" else ref.arrived
    program = f"{row.program.program.code} v{row.program.version}" if row.program else ""
    return OperationRow(
        ref,
        row.work_centre.name,
        row.tool.code if row.tool else "",
        row.gauge.code if row.gauge else "",
        program,
        row.program.digest if row.program else "",
        row.skill.name if row.skill else "",
        min(1.0, max(0.0, out / whole)) if whole else 0.0,
    )


def _bookings(order: Order) -> list[BookingRow]:
    rows = (
        Booking.objects.filter(operation__order=order)
        .select_related("operation", "reason", "person", "place", "reversed_by")
        .order_by("-event_at", "-id")[:MOST_BOOKINGS]
    )
    return [
        BookingRow(
            id=row.pk,
            kind=row.kind,
            operation=row.operation.number,
            operation_name=row.operation.name,
            good=row.good,
            scrap=row.scrap,
            rework=row.rework,
            reason=row.reason.name if row.reason else "",
            person=str(row.person) if row.person else "",
            place=row.place.name if row.place else "",
            event_at=row.event_at,
            received_at=row.received_at,
            origin=row.origin,
            lot=row.lot,
            note=row.note,
            taken_back=hasattr(row, "reversed_by"),
            reverses=row.reverses_id,
        )
        for row in rows
    ]


def _put(order: Order) -> list[PutRow]:
    rows = (
        Consumption.objects.filter(operation__order=order, reverses=None)
        .select_related("operation", "component", "person", "reversed_by")
        .order_by("-event_at", "-id")[:MOST_BOOKINGS]
    )
    return [
        PutRow(
            id=row.pk,
            operation=row.operation.number,
            code=row.component.code,
            unit=row.component.unit,
            lot=row.lot,
            item=row.item,
            quantity=row.quantity,
            person=str(row.person) if row.person else "",
            event_at=row.event_at,
            taken_back=hasattr(row, "reversed_by"),
        )
        for row in rows
    ]


def _uses(order: Order) -> list[UseRow]:
    lines = OperationMaterial.objects.filter(operation__order=order).select_related("component", "operation")
    found = []
    for line in lines.order_by("operation__number", "component__code"):
        gone = line.operation.good + line.operation.scrap + line.operation.rework
        found.append(
            UseRow(
                line.operation.number,
                line.component.code,
                line.component.name,
                line.component.unit,
                line.quantity * order.quantity,
                line.quantity * gone,
                line.consumed,
            )
        )
    return found


def to_release(viewer: Viewer) -> list[ToRelease]:
    """Return the orders that are not released, by due date, each with what stands in the way of it."""
    rows = visible_orders(viewer).filter(state="created").order_by("due", "priority", "id")
    waiting = list(rows[:500])
    routings: dict[int, list[Routing]] = {}
    found = Routing.objects.filter(revision__in={row.revision_id for row in waiting}).prefetch_related("steps")
    for routing in found:
        routings.setdefault(routing.revision_id, []).append(routing)
    programs = set(ProgramVersion.objects.filter(state="released").values_list("program_id", flat=True))
    return [ToRelease(order_ref(viewer, row), _obstacle(row, routings, programs)) for row in waiting]


def _obstacle(row: Order, routings: Mapping[int, list[Routing]], programs: set[int]) -> str:
    own = routings.get(row.revision_id, [])
    chosen = [one for one in own if (one.code == row.routing_code if row.routing_code else one.default)]
    if not chosen:
        return _("There is no routing.")
    steps = list(chosen[0].steps.all())
    if not any(step.kind == "main" for step in steps):
        return _("The routing has no step.")
    if any(step.program_id and step.program_id not in programs for step in steps):
        return _("A program has no released version.")
    return ""


def makeable(viewer: Viewer) -> list[Makeable]:
    """Return the products with a released revision, by code."""
    rows = Revision.objects.filter(state="released", material__active=True).select_related("material")
    if not viewer.system:
        rows = rows.filter(material__organisation_id=viewer.organisation_id or 0)
    rows = rows.prefetch_related(Prefetch("routings", Routing.objects.order_by("-default", "code")))
    by_code: dict[str, list[Revision]] = {}
    for row in rows.order_by("material__code", "-released_at", "-id"):
        by_code.setdefault(row.material.code, []).append(row)
    return [
        Makeable(
            code,
            own[0].material.name,
            own[0].code,
            tuple(one.code for one in own),
            tuple(routing.code for routing in own[0].routings.all()),
        )
        for code, own in by_code.items()
    ]


def next_number(viewer: Viewer, *, now: int | None = None) -> str:
    """Return a free number for a new order: the day and a running number."""
    moment = now_us() if now is None else now
    day = datetime.fromtimestamp(moment / 1e6, tz=UTC).astimezone(ZoneInfo("Asia/Shanghai"))
    start = f"WO-{day:%y%m%d}-"
    taken = visible_orders(viewer).filter(number__startswith=start).values_list("number", flat=True)
    used = [int(tail) for number in taken if (tail := number[len(start) :]).isdecimal() and len(tail) < 6]
    return f"{start}{max(used, default=0) + 1:02d}"
