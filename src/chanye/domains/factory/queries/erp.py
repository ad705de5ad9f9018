"""Reads about the exchange with other systems: what a document would do, what went, the schemas."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from django.db.models import BooleanField, Case, Q, QuerySet, Value, When
from django.utils.translation import gettext as _
from lxml import etree

from chanye.domains.factory.b2mml.document import Element, part_of, read_root
from chanye.domains.factory.b2mml.reading import read_materials, read_schedule
from chanye.domains.factory.erp_documents import checker_of, lines_of, own_files, schema_folder
from chanye.domains.factory.models import Booking, Exchange, OperationMaterial, Order
from chanye.domains.factory.queries import master
from chanye.domains.factory.queries.orders import order_ref, visible_orders
from chanye.domains.factory.rules.erp import judge_material
from chanye.domains.factory.types.erp import DOCUMENTS, ExchangeRow, Made, MadeBooking, Preview, SchemaState
from chanye.kernel.errors import ConfigError
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.sheets import Rows, View
from chanye.spine import queries as spine

#: Orders that one performance document holds.
MOST_ORDERS = 500


def _kind_of(data: bytes) -> str:
    """Tell what a document that comes in is: ``schedule`` or ``materials``.

    Raises
    ------
    ConfigError
        If it is neither, or cannot be read.
    """
    root = read_root(data)
    for kind in ("schedule", "materials"):
        if part_of(root, DOCUMENTS[kind]) is not None:
            return kind
    raise ConfigError(
        _("%(wanted)s is expected, not %(seen)s.")
        % {"wanted": "OperationsSchedule / MaterialInformation", "seen": etree.QName(root).localname}
    )


def preview_document(viewer: Viewer, data: bytes, *, site_id: int | None) -> Preview:
    """Return what a document would do at a site, and what is wrong with it; nothing is written.

    Raises
    ------
    ConfigError
        If it cannot be read at all, or is not valid by the schemas.
    DeniedError
        If the viewer may not take such documents in.
    """
    place = viewer.organisation_id or 0
    require(viewer, "exchange_documents", place)
    checked: list[bool] = []
    check = _check(place, checked)
    kind, digest = _kind_of(data), hashlib.sha256(data).hexdigest()
    if kind == "schedule":
        if site_id is None:
            raise ConfigError(_("Choose the site at which the orders are made."))
        site = spine.asset(viewer, site_id)
        schedule = read_schedule(data, check)
        lines = tuple(line for _one, _known, line in lines_of(place, site.id, schedule))
        number, faults = schedule.id, schedule.faults
    else:
        materials = read_materials(data, check)
        known = {row.code: row for row in master.materials(viewer)}
        lines = tuple(judge_material(where, row, known.get(row["code"])) for where, row in materials.rows)
        number, faults = materials.id, materials.faults
    earlier = Exchange.objects.filter(organisation_id=place, sha256=digest, direction="in").order_by("-at").first()
    return Preview(kind, number, digest, any(checked), lines, faults, earlier.at if earlier else None)


def _check(organisation_id: int, checked: list[bool]) -> Callable[[Element], object]:
    checker = checker_of(organisation_id)
    return lambda root: checked.append(checker.check(root)) if checker else None


def schema_state(viewer: Viewer) -> SchemaState:
    """Return which schemas documents of the organisation are checked against.

    Raises
    ------
    DeniedError
        If the viewer may not exchange documents.
    """
    place = viewer.organisation_id or 0
    require(viewer, "exchange_documents", place)
    rows = own_files(place)
    folder = str(schema_folder())
    stored = spine.files_by_id(viewer, [row[1] for row in rows])
    newest = max(stored.values(), key=lambda one: one.stored_at, default=None)
    files = tuple((name, size) for name, _file, _digest, size in rows)
    state = SchemaState(
        "own" if rows else "folder",
        folder,
        files,
        stored_at=newest.stored_at if newest else None,
        stored_by=newest.stored_by if newest else "",
    )
    try:
        checker = checker_of(place)
    except ConfigError as error:
        return replace(state, fault=str(error))
    if checker is None:
        return replace(state, source="")
    covers = tuple(kind for kind, root in DOCUMENTS.items() if root in checker.roots)
    return replace(state, digest=checker.digest, covers=covers)


def exchange_table(viewer: Viewer, view: View) -> Rows:
    """Return the documents that a view asks for.

    Raises
    ------
    DeniedError
        If the viewer may not exchange documents.
    """
    require(viewer, "exchange_documents", viewer.organisation_id)
    valid = Case(When(schemas="", then=Value(False)), default=Value(True), output_field=BooleanField())
    rows = Exchange.objects.filter(organisation_id=viewer.organisation_id or 0).annotate(checked=valid)
    return view.apply(rows, make=_row)


def _row(row: Exchange) -> ExchangeRow:
    return ExchangeRow(
        row.pk,
        row.at,
        row.direction,
        row.kind,
        row.document,
        row.entries,
        row.new,
        row.changed,
        bool(row.schemas),
        row.actor,
        row.size,
        row.sha256,
    )


def orders_of(viewer: Viewer, *, numbers: Sequence[str] = (), reference: str = "") -> list[int]:
    """Return ids of orders by numbers, of a schedule, or the newest that were released; at most ``MOST_ORDERS``."""
    rows = visible_orders(viewer)
    if numbers:
        rows = rows.filter(number__in=numbers)
    elif reference:
        rows = rows.filter(reference=reference)
    else:
        rows = rows.exclude(state__in=("created", "cancelled"))
    return sorted(rows.order_by("-id").values_list("id", flat=True)[:MOST_ORDERS])


def orders_between(viewer: Viewer, start: int, end: int) -> list[int]:
    """Return ids of orders on which something was booked or that were closed in a time, [start, end) us UTC.

    Raises
    ------
    ConfigError
        If the time is empty, or there are more orders than one document holds.
    """
    if not start < end:
        raise ConfigError(_("The end must be after the start."))
    span = {"event_at__gte": start, "event_at__lt": end, "kind__in": ("output", "correct")}
    booked = Booking.objects.filter(**span).values("operation__order_id")
    rows = visible_orders(viewer).filter(Q(id__in=booked) | Q(closed_at__gte=start, closed_at__lt=end))
    found = list(rows.order_by("id").values_list("id", flat=True)[: MOST_ORDERS + 1])
    if len(found) > MOST_ORDERS:
        raise ConfigError(_("More than %(n)d orders were worked on: choose a shorter time.") % {"n": MOST_ORDERS})
    return found


def made_of(viewer: Viewer, order_ids: Sequence[int], span: tuple[int, int] | None = None) -> list[Made]:
    """Return what was made of orders, in few questions; bookings of ``span`` alone if it is given [us UTC]."""
    rows = visible_orders(viewer).filter(id__in=order_ids).order_by("id")
    bookings: dict[int, list[MadeBooking]] = {}
    for order_id, one in _bookings(rows, span):
        bookings.setdefault(order_id, []).append(one)
    uses: dict[int, list[tuple[str, str, float]]] = {}
    lines = OperationMaterial.objects.filter(operation__order__in=rows.values("id"), consumed__gt=0)
    for order_id, code, unit, consumed in lines.order_by("operation__number", "component__code").values_list(
        "operation__order_id", "component__code", "component__unit", "consumed"
    ):
        uses.setdefault(order_id, []).append((code, unit, consumed))
    return [
        Made(order_ref(viewer, row), tuple(bookings.get(row.pk, ())), tuple(uses.get(row.pk, ()))) for row in rows
    ]


def _bookings(orders: QuerySet[Order], span: tuple[int, int] | None) -> list[tuple[int, MadeBooking]]:
    rows = Booking.objects.filter(operation__order__in=orders.values("id"), kind__in=("output", "correct"))
    if span:
        rows = rows.filter(event_at__gte=span[0], event_at__lt=span[1])
    rows = rows.select_related("operation", "person", "place").order_by("event_at", "id")
    return [
        (
            row.operation.order_id,
            MadeBooking(
                row.pk,
                row.operation.number,
                row.good,
                row.scrap,
                row.rework,
                str(row.person) if row.person else "",
                row.place.name if row.place else "",
                row.event_at,
                row.received_at,
                row.lot,
                row.reverses_id,
            ),
        )
        for row in rows
    ]
