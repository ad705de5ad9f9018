"""What maintenance shows and hands to others. All times in us UTC, money in fen."""

from __future__ import annotations

from dataclasses import dataclass

from chanye.domains.factory.types.machines import Figure
from chanye.spine.types import AssetRef, FileRef


@dataclass(frozen=True, slots=True)
class Due:
    """How a plan stands.

    Parameters
    ----------
    used, every
        What has passed since it was last done, and after how much it is due; in ``unit``.
    at
        When it is due: known for a plan by time, forecast from the recent rate for one by counter or run hours.
        None where that cannot be said. [us UTC]
    call
        Whether an order is wanted now.
    coverage
        Share of the time since it was last done for which ``used`` is known, 0..1.
    why
        Why ``at`` is None: ``no_data``, ``no_use`` (nothing ran lately), ``condition`` (cannot be foreseen).
    """

    used: float | None
    every: float
    unit: str
    at: int | None
    call: bool
    coverage: float = 1.0
    why: str = ""

    @property
    def share(self) -> float:
        """Used share of the interval; above 1 when overdue."""
        return 0.0 if self.used is None or self.every <= 0 else self.used / self.every


@dataclass(frozen=True, slots=True)
class Reliability:
    """What the failures of a window say; each figure with its coverage.

    ``operated``: time in operation [us]. ``failures``: begun in the window; ``restored``: of these, over, after
    ``repair`` [us] together.
    ``mtbf, mttr`` [h]; ``low, high``: bounds of the MTBF at ``confidence`` [h]. ``corrective, preventive``: time
    worked [us].
    """

    operated: int
    failures: int
    restored: int
    repair: int
    mtbf: Figure
    low: float | None
    high: float | None
    mttr: Figure
    availability: Figure
    corrective: int
    preventive: int
    corrective_ratio: Figure
    confidence: float


@dataclass(frozen=True, slots=True)
class Cost:
    """What an order, or several, cost: labour, spare parts, other."""

    labour: int = 0
    parts: int = 0
    other: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.labour + self.parts + self.other

    def __add__(self, more: Cost) -> Cost:
        return Cost(self.labour + more.labour, self.parts + more.parts, self.other + more.other)


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order in a list. ``steps_done`` of ``steps``; ``worked`` [us]."""

    id: int
    number: int
    asset_id: int
    asset: str
    kind: str
    state: str
    priority: int
    title: str
    source: str
    plan_id: int | None
    assignee_id: int | None
    assignee: str
    due_at: int | None
    planned_start: int | None
    planned_end: int | None
    waiting_for: str
    down_from: int | None
    down_to: int | None
    created_at: int
    created_by: str
    started_at: int | None
    done_at: int | None
    steps: int
    steps_done: int
    worked: int
    cost: Cost

    def late(self, now: int) -> bool:
        """Whether it is still open after it was due."""
        return (
            self.due_at is not None
            and self.due_at < now
            and self.state in ("new", "planned", "in_progress", "waiting")
        )


@dataclass(frozen=True, slots=True)
class StepView:
    """A line of an order's check list."""

    position: int
    kind: str
    text: str
    unit: str
    low: float | None
    high: float | None
    required: bool
    photo: bool
    picture: FileRef | None
    result: str
    value: float | None
    note: str
    done_at: int | None
    done_by: str


@dataclass(frozen=True, slots=True)
class PartUse:
    """Spare parts booked on an order, summed; ``planned`` by its plan."""

    part_id: int
    code: str
    name: str
    unit: str
    place: str
    stock: int
    planned: int
    used: int
    cost: int


@dataclass(frozen=True, slots=True)
class LabourView:
    """Somebody's working time; ``end`` None while it runs."""

    who: str
    person_id: int | None
    start: int
    end: int | None
    cost: int


@dataclass(frozen=True, slots=True)
class EventView:
    """A line of an order's timeline."""

    at: int
    who: str
    verb: str
    note: str


@dataclass(frozen=True, slots=True)
class OrderDetail:
    """One order with all that belongs to it."""

    row: OrderRow
    note: str
    source_ref: str
    plan: str
    lockout: str
    lockout_at: int | None
    lockout_by: str
    permit: bool
    permit_number: str
    stops_machine: bool
    minutes: int
    cause: str
    remedy: str
    done_by: str
    done_by_id: int | None
    verified_at: int | None
    verified_by: str
    steps: tuple[StepView, ...]
    parts: tuple[PartUse, ...]
    labour: tuple[LabourView, ...]
    events: tuple[EventView, ...]


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan and how it stands; ``open_order`` is the order that it has made and that is not done yet."""

    id: int
    asset_id: int
    asset: str
    name: str
    trigger: str
    order_kind: str
    every: float
    unit: str
    lead: float
    series_id: int | None
    series: str
    limit: float | None
    above: bool
    hold: int
    steps: tuple[dict[str, object], ...]
    parts: tuple[dict[str, object], ...]
    minutes: int
    lockout: str
    permit: bool
    stops_machine: bool
    active: bool
    last_at: int
    due: Due
    open_order: int | None


@dataclass(frozen=True, slots=True)
class SpareView:
    """A spare part; ``used`` in the last 90 days, ``low`` when it is below its minimum."""

    id: int
    code: str
    name: str
    unit: str
    place: str
    stock: int
    minimum: int
    price: int
    used: int

    @property
    def low(self) -> bool:
        """Whether it is to be ordered."""
        return self.stock < self.minimum


@dataclass(frozen=True, slots=True)
class MaintenanceWindow:
    """Time that maintenance keeps an asset for: a machine that stops for it can run nothing then."""

    asset_id: int
    order_id: int
    start: int
    end: int
    title: str
    stops_machine: bool


@dataclass(frozen=True, slots=True)
class AssetHealth:
    """An asset over a window: its reliability and what its maintenance cost."""

    asset: AssetRef
    start: int
    end: int
    figures: Reliability
    coverage: float
    orders: int
    open_orders: int
    cost: Cost
