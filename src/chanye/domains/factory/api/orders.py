"""Orders and the inbox over HTTP."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from chanye.domains.factory.actions import inbox
from chanye.domains.factory.actions import orders as actions
from chanye.domains.factory.queries import orders as queries
from chanye.domains.factory.types.orders import OperationRef, OrderRef
from chanye.kernel.time import now_us
from chanye.spine.api import PROBLEMS, viewer_of

router = Router(tags=["orders"])


class Balance(Schema):
    """Where the pieces of an order are: ``planned = good + scrap + rework + open``."""

    planned: int
    good: int
    scrap: int
    rework: int
    open: int


class Order(Schema):
    """A production order. Times in us UTC."""

    id: int
    site_id: int
    number: str
    product: str
    product_name: str
    revision: str
    state: str
    priority: int
    due: int | None
    customer: str
    reference: str
    balance: Balance
    created_at: int
    released_at: int | None
    started_at: int | None
    closed_at: int | None
    split_from: str
    hold_reason: str

    @staticmethod
    def of(ref: OrderRef) -> Order:
        """Make it from the room's own value."""
        balance = asdict(ref.balance) | {"open": ref.balance.open}
        return Order(**(asdict(ref) | {"balance": balance}))


class Operation(Schema):
    """An operation of a released order. Times in us UTC, durations in s; ``here``: pieces that wait at it."""

    id: int
    order_id: int
    order: str
    product: str
    number: int
    name: str
    kind: str
    state: str
    work_centre_id: int
    place_id: int | None
    run_time: float
    setup_time: float
    setup_family: str
    due: int | None
    priority: int
    planned_start: int | None
    planned_end: int | None
    planned: int
    arrived: int
    good: int
    scrap: int
    rework: int
    here: int
    started_at: int | None
    finished_at: int | None
    hold_reason: str
    last: bool

    @staticmethod
    def of(ref: OperationRef) -> Operation:
        """Make it from the room's own value."""
        return Operation(**(asdict(ref) | {"here": ref.here}))


class NewOrder(Schema):
    """An order to be created; sent twice it is created once."""

    site_id: int
    number: str
    product: str
    quantity: int
    revision: str = ""
    routing: str = ""
    due: int | None = None
    priority: int = 50
    customer: str = ""
    reference: str = ""
    note: str = ""
    release: bool = False


class Entries(Schema):
    """What a terminal sends: entries with ``key``, ``kind``, ``event_at``, ``place`` and what their kind asks for."""

    entries: list[dict[str, Any]]
    terminal: str = ""


class Outcome(Schema):
    """What became of an entry: ``booked``, ``already`` or ``refused`` with what to do."""

    key: str
    outcome: str
    why: str
    target: str


class Outcomes(Schema):
    """Answers in the order of the entries; ``now`` is the server's clock, us UTC."""

    outcomes: list[Outcome]
    now: int


@router.get("/factory/orders", response={200: list[Order], **PROBLEMS}, summary="Orders by due date")
def list_orders(request: HttpRequest, site_id: int | None = None, state: str = "", limit: int = 200) -> Any:
    """Return orders, of one site or in some states (comma between them) if asked."""
    states = [word for word in state.split(",") if word]
    found = queries.orders(viewer_of(request), site_id=site_id, states=states, limit=max(1, min(limit, 5000)))
    return [Order.of(ref) for ref in found]


@router.post("/factory/orders", response={200: Order, **PROBLEMS}, summary="Create an order")
def create_order(request: HttpRequest, body: NewOrder) -> Any:
    """Create an order, and release it at once if asked."""
    viewer = viewer_of(request)
    values = body.dict()
    release = values.pop("release")
    number = actions.create_order(actor=viewer, **values)
    if release and queries.order(viewer, number).state == "created":
        actions.release_order(actor=viewer, order_id=number)
    return Order.of(queries.order(viewer, number))


@router.get("/factory/orders/{order_id}", response={200: Order, **PROBLEMS}, summary="One order")
def one_order(request: HttpRequest, order_id: int) -> Any:
    """Return an order."""
    return Order.of(queries.order(viewer_of(request), order_id))


@router.get(
    "/factory/orders/{order_id}/operations", response={200: list[Operation], **PROBLEMS}, summary="Operations"
)
def order_operations(request: HttpRequest, order_id: int) -> Any:
    """Return the operations of a released order."""
    viewer = viewer_of(request)
    queries.order(viewer, order_id)
    return [Operation.of(ref) for ref in queries.operations(viewer, order_id=order_id)]


@router.post("/factory/orders/{order_id}/release", response={200: Order, **PROBLEMS}, summary="Release an order")
def release_order(request: HttpRequest, order_id: int) -> Any:
    """Release an order: its routing, bill and programs are copied onto it."""
    viewer = viewer_of(request)
    actions.release_order(actor=viewer, order_id=order_id)
    return Order.of(queries.order(viewer, order_id))


@router.post("/factory/inbox", response={200: Outcomes, **PROBLEMS}, summary="Report from the floor")
def post_entries(request: HttpRequest, body: Entries) -> Any:
    """Book entries in the order given; each is booked once whatever the network does. Refused ones say what to do."""
    viewer = viewer_of(request)
    found = inbox.receive_entries(
        actor=viewer, organisation_id=viewer.organisation_id or 0, terminal=body.terminal, entries=body.entries
    )
    return {"outcomes": [asdict(one) for one in found], "now": now_us()}
