"""Exchange with an ERP in B2MML, and what it asks for: dispatch lists and master data as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router, Schema

from chanye.domains.factory.actions import dispatch as dispatch_actions
from chanye.domains.factory.actions import erp as actions
from chanye.domains.factory.actions import order_desk
from chanye.domains.factory.actions import orders as order_actions
from chanye.domains.factory.api.orders import Order
from chanye.domains.factory.queries import dispatch as dispatch_queries
from chanye.domains.factory.queries import erp as queries
from chanye.domains.factory.queries import master as master_queries
from chanye.domains.factory.queries import orders as order_queries
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import now_us
from chanye.spine.api import PROBLEMS, Moment, Number, viewer_of
from chanye.trace.queries.stock import lots

router = Router(tags=["erp"])
XML = "application/xml; charset=utf-8"
XML_OUT = {"responses": {200: {"content": {"application/xml": {"schema": {"type": "string"}}}}}}


class Taken(Schema):
    """What was accepted of a schedule, read back."""

    orders: list[Order]


class Count(Schema):
    """How many rows were taken."""

    count: int


class Why(Schema):
    """Why something is done to an order."""

    reason: str = ""


class Split(Schema):
    """Pieces that become an order of their own."""

    quantity: int
    number: str


class Close(Schema):
    """How an order is closed; ``short`` gives up what is open."""

    short: bool = False


class Sequence(Schema):
    """Operations of a work centre in the order they are to be worked; empty lets the rule hold again."""

    operations: list[int]


class Need(Schema):
    """What an operation needs: ``state`` is there, warn, missing or unknown."""

    kind: str
    state: str
    what: str
    why: str


class DispatchRow(Schema):
    """An operation of a dispatch list. Times in s."""

    operation_id: int
    order: str
    product: str
    number: int
    name: str
    state: str
    here: int
    left: int
    work_time: float
    remaining_time: float
    ratio: float | None
    late: bool
    can_run: bool
    needs: list[Need]


class DispatchList(Schema):
    """The dispatch list of a work centre."""

    work_centre_id: int
    work_centre: str
    rule: str
    planned: bool
    rows: list[DispatchRow]


@router.post("/factory/b2mml/schedule", response={200: Taken, **PROBLEMS}, summary="B2MML operations schedule in")
def post_schedule(request: HttpRequest, site_id: Number, release: bool = False, change: bool = False) -> Any:
    """Take the orders of an ``OperationsSchedule`` (XML), all or none; the same document again changes nothing.

    An order that is there with other content is refused, or changed with ``change=true``.
    """
    viewer = viewer_of(request)
    made = actions.take_schedule(actor=viewer, site_id=site_id, data=request.body, release=release, change=change)
    return {"orders": [Order.of(order_queries.order(viewer, number)) for number in made]}


@router.get(
    "/factory/b2mml/performance",
    response={200: str, **PROBLEMS},
    summary="B2MML operations performance out",
    openapi_extra=XML_OUT,
)
def get_performance(
    request: HttpRequest,
    number: str = "",
    reference: str = "",
    start: Moment | None = None,
    end: Moment | None = None,
) -> HttpResponse:
    """Return an ``OperationsPerformance``: of orders by numbers (comma between), of one schedule, or of a time.

    With ``start`` or ``end`` (us UTC; until now if there is no end) the document holds the bookings of that time
    alone.
    """
    viewer = viewer_of(request)
    span = None if start is None and end is None else (start or 0, now_us() if end is None else end)
    if span and not span[0] < span[1]:
        raise ConfigError(_("The end must be after the start."))
    numbers = [word.strip() for word in number.split(",") if word.strip()]
    if span and not numbers and not reference:
        ids = queries.orders_between(viewer, *span)
    else:
        ids = queries.orders_of(viewer, numbers=numbers, reference=reference)
    if not ids:
        raise DeniedError("No order fits: name numbers, the ID of a schedule that was sent, or another time.")
    made = queries.made_of(viewer, ids, span)
    data = actions.give_performance(actor=viewer, organisation_id=viewer.organisation_id or 0, made=made, span=span)
    return HttpResponse(data, content_type=XML)


@router.post("/factory/b2mml/materials", response={200: Count, **PROBLEMS}, summary="B2MML materials in")
def post_materials(request: HttpRequest) -> Any:
    """Take the definitions of a ``MaterialInformation`` (XML), all or none."""
    viewer = viewer_of(request)
    return {
        "count": actions.take_materials(actor=viewer, organisation_id=viewer.organisation_id or 0, data=request.body)
    }


@router.get(
    "/factory/b2mml/materials",
    response={200: str, **PROBLEMS},
    summary="B2MML materials out",
    openapi_extra=XML_OUT,
)
def get_materials(request: HttpRequest) -> HttpResponse:
    """Return all material definitions as ``MaterialInformation``."""
    viewer = viewer_of(request)
    rows = master_queries.materials(viewer)
    data = actions.give_materials(actor=viewer, organisation_id=viewer.organisation_id or 0, rows=rows)
    return HttpResponse(data, content_type=XML)


@router.get(
    "/factory/b2mml/lots",
    response={200: str, **PROBLEMS},
    summary="B2MML lots out",
    openapi_extra=XML_OUT,
)
def get_lots(request: HttpRequest) -> HttpResponse:
    """Return the lots that are here as ``MaterialInformation``."""
    viewer = viewer_of(request)
    place = viewer.organisation_id or 0
    data = actions.give_lots(actor=viewer, organisation_id=place, lots=lots(viewer, place))
    return HttpResponse(data, content_type=XML)


@router.get("/factory/dispatch", response={200: list[DispatchList], **PROBLEMS}, summary="Dispatch lists")
def get_dispatch(request: HttpRequest, work_centre_id: int | None = None, site_id: int | None = None) -> Any:
    """Return the dispatch list of a work centre, or of all that have something to do."""
    viewer = viewer_of(request)
    busy = dispatch_queries.busy_centres(viewer, site_id=site_id)
    centres = [one.id for one in busy] if work_centre_id is None else [work_centre_id]
    return [
        {
            "work_centre_id": one.work_centre_id,
            "work_centre": one.code,
            "rule": one.rule,
            "planned": one.planned,
            "rows": [_row(row) for row in one.rows],
        }
        for one in dispatch_queries.dispatch_list(viewer, centres)
    ]


def _row(row: Any) -> dict[str, Any]:
    operation = row.operation
    names = ("order", "product", "number", "name", "state", "here")
    own = ("left", "work_time", "remaining_time", "ratio", "late", "can_run")
    return (
        {name: getattr(operation, name) for name in names}
        | {name: getattr(row, name) for name in own}
        | {"operation_id": operation.id, "needs": [asdict(need) for need in row.needs]}
    )


@router.put("/factory/dispatch/{work_centre_id}", response={200: Count, **PROBLEMS}, summary="Sequence a work centre")
def put_sequence(request: HttpRequest, work_centre_id: int, body: Sequence) -> Any:
    """Give the operations of a work centre their places."""
    dispatch_actions.sequence_operations(
        actor=viewer_of(request), work_centre_id=work_centre_id, operation_ids=body.operations
    )
    return {"count": len(body.operations)}


def _after(request: HttpRequest, order_id: int) -> Order:
    return Order.of(order_queries.order(viewer_of(request), order_id))


@router.post("/factory/orders/{order_id}/hold", response={200: Order, **PROBLEMS}, summary="Hold an order")
def hold_order(request: HttpRequest, order_id: int, body: Why) -> Any:
    """Put an order on hold, with the reason."""
    order_actions.hold_order(actor=viewer_of(request), order_id=order_id, reason=body.reason)
    return _after(request, order_id)


@router.post("/factory/orders/{order_id}/resume", response={200: Order, **PROBLEMS}, summary="Resume an order")
def resume_order(request: HttpRequest, order_id: int) -> Any:
    """Take an order off hold."""
    order_actions.resume_order(actor=viewer_of(request), order_id=order_id)
    return _after(request, order_id)


@router.post("/factory/orders/{order_id}/split", response={200: Order, **PROBLEMS}, summary="Split an order")
def split_order(request: HttpRequest, order_id: int, body: Split) -> Any:
    """Move pieces that are not begun into an order of their own; return that."""
    made = order_actions.split_order(
        actor=viewer_of(request), order_id=order_id, quantity=body.quantity, number=body.number
    )
    return _after(request, made)


@router.post("/factory/orders/{order_id}/close", response={200: Order, **PROBLEMS}, summary="Close an order")
def close_order(request: HttpRequest, order_id: int, body: Close) -> Any:
    """Close an order."""
    order_actions.close_order(actor=viewer_of(request), order_id=order_id, short=body.short)
    return _after(request, order_id)


@router.post("/factory/orders/{order_id}/cancel", response={200: Order, **PROBLEMS}, summary="Cancel an order")
def cancel_order(request: HttpRequest, order_id: int, body: Why) -> Any:
    """Cancel an order on which nothing is booked."""
    order_actions.cancel_order(actor=viewer_of(request), order_id=order_id, reason=body.reason)
    return _after(request, order_id)


@router.post("/factory/orders/{order_id}/withdraw", response={200: Order, **PROBLEMS}, summary="Take a release back")
def withdraw_order(request: HttpRequest, order_id: int) -> Any:
    """Take the release of an order back as long as nothing was done on it."""
    order_desk.withdraw_order(actor=viewer_of(request), order_id=order_id)
    return _after(request, order_id)
