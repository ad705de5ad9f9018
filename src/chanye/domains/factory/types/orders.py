"""Orders, their operations and what was booked on them, as they cross the wall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OrderState = Literal["created", "released", "held", "closed", "cancelled"]
OperationState = Literal["waiting", "ready", "setup", "running", "paused", "held", "finished"]
ORDER_STATES: tuple[OrderState, ...] = ("created", "released", "held", "closed", "cancelled")
OPERATION_STATES: tuple[OperationState, ...] = (
    "waiting",
    "ready",
    "setup",
    "running",
    "paused",
    "held",
    "finished",
)
BOOKING_KINDS = ("start", "setup", "pause", "finish", "output", "correct")


@dataclass(frozen=True, slots=True)
class Balance:
    """Where the pieces of an order are: ``planned = good + scrap + rework + open``, always.

    ``good``: out of the last step. ``scrap``: at any step. ``rework``: in rework steps now. ``open``: everything
    else, begun or not.
    """

    planned: int
    good: int
    scrap: int
    rework: int

    @property
    def open(self) -> int:
        """Pieces that are still to become good or scrap and are not in rework."""
        return self.planned - self.good - self.scrap - self.rework


@dataclass(frozen=True, slots=True)
class OperationRef:
    """An operation of an order with what a terminal or a dispatch list shows. Times: us UTC; durations: s.

    ``arrived``: pieces that reached it; ``here``: those that wait or are worked on; negative when the step before
    has not been booked yet.
    """

    id: int
    order_id: int
    order: str
    product: str
    product_name: str
    revision: str
    number: int
    name: str
    kind: str
    state: OperationState
    work_centre_id: int
    place_id: int | None
    run_time: float
    setup_time: float
    setup_family: str
    due: int | None
    priority: int
    planned_start: int | None
    planned_end: int | None
    position: float | None
    planned: int
    arrived: int
    good: int
    scrap: int
    rework: int
    started_at: int | None = None
    finished_at: int | None = None
    hold_reason: str = ""
    last: bool = False

    @property
    def here(self) -> int:
        """Pieces that wait here or are worked on."""
        return self.arrived - self.good - self.scrap - self.rework


@dataclass(frozen=True, slots=True)
class OrderRef:
    """An order as lists and pages show it. Times: us UTC."""

    id: int
    organisation_id: int
    site_id: int
    number: str
    product: str
    product_name: str
    revision: str
    state: OrderState
    priority: int
    due: int | None
    customer: str
    reference: str
    balance: Balance
    created_at: int
    released_at: int | None
    started_at: int | None
    closed_at: int | None
    split_from: str = ""
    hold_reason: str = ""
