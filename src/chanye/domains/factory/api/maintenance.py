"""Maintenance over HTTP: orders, steps, parts, plans, spare parts, reliability."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from chanye.domains.factory.actions import maintenance as actions
from chanye.domains.factory.actions import maintenance_plans as plan_actions
from chanye.domains.factory.actions import maintenance_work as work
from chanye.domains.factory.api.machines import Figure
from chanye.domains.factory.queries import maintenance as queries
from chanye.domains.factory.queries import maintenance_plans as plan_queries
from chanye.domains.factory.queries import reliability
from chanye.domains.factory.queries.maintenance import OrderFilter
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.spine.api import PROBLEMS, Moment, Number, viewer_of, window

router = Router(tags=["maintenance"])
Key = Field("", max_length=64, description="Client key: the same key and content books once.")


class MaintenanceCost(Schema):
    """Costs in fen."""

    labour: int
    parts: int
    other: int


class MaintenanceOrder(Schema):
    """A maintenance order. Times us UTC, ``worked`` us."""

    id: int
    number: int
    asset_id: int
    kind: str
    state: str
    priority: int
    title: str
    source: str
    plan_id: int | None
    assignee_id: int | None
    due_at: int | None
    planned_start: int | None
    planned_end: int | None
    waiting_for: str
    down_from: int | None
    down_to: int | None
    created_at: int
    started_at: int | None
    done_at: int | None
    steps: int
    steps_done: int
    worked: int
    cost: MaintenanceCost


class MaintenanceStep(Schema):
    """A line of a check list."""

    position: int
    kind: str
    text: str
    unit: str
    low: float | None
    high: float | None
    required: bool
    photo: bool
    result: str
    value: float | None
    note: str
    done_at: int | None


class OrderDetail(Schema):
    """An order with its check list."""

    row: MaintenanceOrder
    note: str
    lockout: str
    lockout_at: int | None
    permit: bool
    permit_number: str
    cause: str
    remedy: str
    steps: list[MaintenanceStep]


class StepDraft(Schema):
    """A step as it is planned."""

    text: str = Field(max_length=300)
    kind: str = "check"
    unit: str = ""
    low: float | None = None
    high: float | None = None
    required: bool = True
    photo: bool = False


class MaintenanceNewOrder(Schema):
    """An order to be made."""

    asset_id: int
    title: str = Field(max_length=200)
    kind: str = "corrective"
    note: str = ""
    priority: int = 2
    due_at: int | None = None
    down_from: int | None = None
    steps: list[StepDraft] = []
    lockout: str = ""
    permit: bool = False
    key: str = Key


class Made(Schema):
    """The number of what was made."""

    id: int


class Deed(Schema):
    """What is done to an order: ``plan start wait finish verify cancel``, and what belongs to it."""

    verb: str = Field(max_length=16)
    start: int | None = None
    end: int | None = None
    assignee_id: int | None = None
    locked_out: bool = False
    permit_number: str = ""
    note: str = ""
    cause: str = ""
    down_to: int | None = None
    other_cost: int = 0
    key: str = Key


class StepResult(Schema):
    """What a step showed; ``picture_id`` of a stored picture."""

    result: str = ""
    value: float | None = None
    note: str = ""
    picture_id: int | None = None
    key: str = Key


class PartUse(Schema):
    """Spare parts taken for an order; negative brings them back."""

    part_id: int
    quantity: int
    key: str = Key


class Left(Schema):
    """What is left in stock."""

    stock: int


class Due(Schema):
    """How a plan stands; ``at`` us UTC, a forecast for plans by use."""

    used: float | None
    every: float
    unit: str
    at: int | None
    call: bool
    coverage: float
    why: str


class Plan(Schema):
    """A maintenance plan and how it stands."""

    id: int
    asset_id: int
    name: str
    trigger: str
    order_kind: str
    every: float
    unit: str
    lead: float
    active: bool
    last_at: int
    due: Due
    open_order: int | None


class Spare(Schema):
    """A spare part; ``price`` fen per unit."""

    id: int
    code: str
    name: str
    unit: str
    place: str
    stock: int
    minimum: int
    price: int
    used: int


class Window(Schema):
    """Time that maintenance keeps an asset for, us UTC."""

    asset_id: int
    order_id: int
    start: int
    end: int
    title: str
    stops_machine: bool


class Reliability(Schema):
    """Failures of an asset in a window. ``low`` and ``high`` bound the MTBF at ``confidence`` [h]; times us."""

    operated: int
    failures: int
    restored: int
    mtbf: Figure
    low: float | None
    high: float | None
    mttr: Figure
    availability: Figure
    corrective_ratio: Figure
    confidence: float


@router.get("/maintenance/orders", response={200: list[MaintenanceOrder], **PROBLEMS}, summary="Maintenance orders")
def list_orders(request: HttpRequest, state: str = "", asset: int | None = None, mine: bool = False) -> Any:
    """Return maintenance orders, the most urgent open ones first; ``state=open`` for all that are not done."""
    wanted = OrderFilter(states=(state,) if state else (), assets=(asset,) if asset is not None else (), mine=mine)
    return queries.orders(viewer_of(request), wanted, now=now_us())


@router.post("/maintenance/orders", response={201: Made, **PROBLEMS}, summary="Report a fault or ask for work")
def post_order(request: HttpRequest, sent: MaintenanceNewOrder) -> Any:
    """Make a maintenance order."""
    values = sent.dict()
    return Status(201, Made(id=actions.create_order(actor=viewer_of(request), **values)))


@router.get("/maintenance/orders/{work_id}", response={200: OrderDetail, **PROBLEMS}, summary="One order")
def get_order(request: HttpRequest, work_id: Number) -> Any:
    """Return one order with its check list."""
    return queries.order(viewer_of(request), work_id, now=now_us())


@router.post(
    "/maintenance/orders/{work_id}/deeds", response={200: MaintenanceOrder, **PROBLEMS}, summary="Move an order on"
)
def post_deed(request: HttpRequest, work_id: Number, sent: Deed) -> Any:
    """Plan, start, let wait, finish, verify or cancel an order."""
    viewer = viewer_of(request)
    queries.order(viewer, work_id, now=now_us())
    common: dict[str, Any] = {"actor": viewer, "order_id": work_id}
    deeds: dict[str, Any] = {
        "plan": lambda: actions.plan_order(**common, start=sent.start, end=sent.end, assignee_id=sent.assignee_id),
        "start": lambda: actions.start_order(
            **common, locked_out=sent.locked_out, permit_number=sent.permit_number, note=sent.note
        ),
        "wait": lambda: actions.wait_order(**common, waiting_for=sent.note),
        "finish": lambda: actions.finish_order(
            **common,
            remedy=sent.note,
            cause=sent.cause,
            down_to=sent.down_to,
            other_cost=sent.other_cost,
            key=sent.key,
        ),
        "verify": lambda: actions.verify_order(**common, note=sent.note),
        "cancel": lambda: actions.cancel_order(**common, reason=sent.note),
    }
    if sent.verb not in deeds:
        raise ConfigError(f"Unknown deed {sent.verb!r}; use one of {', '.join(deeds)}.")
    deeds[sent.verb]()
    return queries.order(viewer, work_id, now=now_us()).row


@router.post(
    "/maintenance/orders/{work_id}/steps/{position}", response={200: OrderDetail, **PROBLEMS}, summary="Write a step"
)
def post_step(request: HttpRequest, work_id: Number, position: Number, sent: StepResult) -> Any:
    """Write what a step of the check list showed."""
    viewer = viewer_of(request)
    work.record_step(actor=viewer, order_id=work_id, position=position, **sent.dict())
    return queries.order(viewer, work_id, now=now_us())


@router.post("/maintenance/orders/{work_id}/parts", response={200: Left, **PROBLEMS}, summary="Take spare parts")
def post_part(request: HttpRequest, work_id: Number, sent: PartUse) -> Any:
    """Take spare parts from stock for an order; answer what is left."""
    return Left(stock=work.use_part(actor=viewer_of(request), order_id=work_id, **sent.dict()))


@router.get("/maintenance/plans", response={200: list[Plan], **PROBLEMS}, summary="Plans and when they are due")
def list_plans(request: HttpRequest, asset: int | None = None) -> Any:
    """Return maintenance plans with how they stand, the most urgent first."""
    asked = [asset] if asset is not None else []
    return plan_queries.plans(viewer_of(request), now=now_us(), asset_ids=asked)


@router.post("/maintenance/plans/{plan_id}/switch", response={200: Plan, **PROBLEMS}, summary="Switch a plan")
def post_switch(request: HttpRequest, plan_id: Number, active: bool = True) -> Any:
    """Let a plan make orders, or rest."""
    viewer = viewer_of(request)
    plan_actions.switch_plan(actor=viewer, plan_id=plan_id, active=active)
    return plan_queries.plan(viewer, plan_id, now=now_us())


@router.get("/maintenance/windows", response={200: list[Window], **PROBLEMS}, summary="Planned windows")
def list_windows(request: HttpRequest, asset: int, start: Moment, end: Moment) -> Any:
    """Return the windows that open orders keep an asset for: planning leaves them free."""
    window(start, end)
    return queries.planned_windows(viewer_of(request), [asset], start, end)


@router.get("/maintenance/spares", response={200: list[Spare], **PROBLEMS}, summary="Spare parts")
def list_spares(request: HttpRequest, low: bool = False) -> Any:
    """Return spare parts with their stock; ``low`` for those below their minimum."""
    return queries.spares(viewer_of(request), low=low)


@router.get("/machines/{asset_id}/reliability", response={200: Reliability, **PROBLEMS}, summary="MTBF and MTTR")
def get_reliability(request: HttpRequest, asset_id: Number, start: Moment, end: Moment) -> Any:
    """Return failures, MTBF with bounds, MTTR, availability and corrective maintenance ratio (ISO 22400-2)."""
    window(start, end)
    return reliability.asset_health(viewer_of(request), asset_id, start, end, now=now_us()).figures
