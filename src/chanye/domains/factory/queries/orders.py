"""Reads of orders, operations and the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from chanye.domains.factory.models import InboxEntry, Operation, Order
from chanye.domains.factory.order_rows import operation_ref
from chanye.domains.factory.types.orders import Balance, OperationRef, OrderRef
from chanye.kernel.errors import DeniedError
from chanye.parties.types import Viewer

#: States of operations on which somebody may still work.
OPEN_STATES = ("waiting", "ready", "setup", "running", "paused", "held")


def visible_orders(viewer: Viewer) -> QuerySet[Order]:
    """Return the orders the viewer may see, to be filtered, sorted and cut by the caller."""
    rows = Order.objects.select_related("revision__material", "split_from")
    return rows if viewer.system else rows.filter(organisation_id=viewer.organisation_id or 0)


def order_ref(viewer: Viewer, row: Order) -> OrderRef:
    """Return an order as a value; ``row`` comes from ``visible_orders``."""
    return OrderRef(
        id=row.pk,
        organisation_id=row.organisation_id,
        site_id=row.site_id,
        number=row.number,
        product=row.revision.material.code,
        product_name=row.revision.material.name,
        revision=row.revision.code,
        state=row.state,  # type: ignore[arg-type]  # one of ORDER_STATES by its choices
        priority=row.priority,
        due=row.due,
        customer=row.customer,
        reference=row.reference,
        balance=Balance(row.quantity, row.good, row.scrap, row.rework),
        created_at=row.created_at,
        released_at=row.released_at,
        started_at=row.started_at,
        closed_at=row.closed_at,
        split_from=row.split_from.number if row.split_from else "",
        hold_reason=row.hold_reason,
    )


def orders(
    viewer: Viewer, *, site_id: int | None = None, states: Sequence[str] = (), limit: int = 1000
) -> list[OrderRef]:
    """Return orders by due date, at most ``limit``: of one site, in some states."""
    rows = visible_orders(viewer)
    if site_id is not None:
        rows = rows.filter(site_id=site_id)
    if states:
        rows = rows.filter(state__in=states)
    return [order_ref(viewer, row) for row in rows.order_by("due", "priority", "id")[:limit]]


def order(viewer: Viewer, order_id: int) -> OrderRef:
    """Return one order.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    row = visible_orders(viewer).filter(id=order_id).first()
    if row is None:
        raise DeniedError(_("There is no such order, or it belongs to another organisation."))
    return order_ref(viewer, row)


def order_by_number(viewer: Viewer, organisation_id: int, number: str) -> OrderRef | None:
    """Return the order of an organisation with a number; None if there is none to see."""
    row = visible_orders(viewer).filter(organisation_id=organisation_id, number=number).first()
    return None if row is None else order_ref(viewer, row)


def operations(
    viewer: Viewer,
    *,
    order_id: int | None = None,
    operation_ids: Iterable[int] | None = None,
    work_centres: Iterable[int] | None = None,
    states: Sequence[str] = (),
) -> list[OperationRef]:
    """Return operations of released orders by order and number: of one order, some work centres, some states."""
    rows = Operation.objects.select_related("order__revision__material").order_by("order_id", "number")
    if not viewer.system:
        rows = rows.filter(order__organisation_id=viewer.organisation_id or 0)
    if order_id is not None:
        rows = rows.filter(order_id=order_id)
    if operation_ids is not None:
        rows = rows.filter(id__in=list(operation_ids))
    if work_centres is not None:
        rows = rows.filter(work_centre_id__in=list(work_centres), order__state__in=("released", "held"))
    if states:
        rows = rows.filter(state__in=states)
    found = list(rows)
    main = Operation.objects.filter(order_id__in={row.order_id for row in found}, kind="main")
    last = dict(main.order_by("number").values_list("order_id", "number"))
    return [operation_ref(row, last.get(row.order_id) == row.number) for row in found]


def conflicts(viewer: Viewer, organisation_id: int, *, limit: int = 200) -> list[InboxEntry]:
    """Return refused entries that nobody has settled yet, newest first."""
    if not (viewer.system or viewer.organisation_id == organisation_id):
        return []
    rows = InboxEntry.objects.filter(organisation_id=organisation_id, outcome="refused")
    return list(rows.select_related("person", "place").order_by("-received_at")[:limit])
