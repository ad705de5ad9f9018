"""Words of inspection and nonconformance, and what of them may cross the wall."""

from __future__ import annotations

from dataclasses import dataclass

CHARACTERISTIC_KINDS = ("variable", "choice", "count")
PLAN_KINDS = ("first_piece", "time", "count", "final", "incoming")
INSPECTION_STATES = ("open", "accepted", "rejected", "split", "cancelled")
NONCONFORMANCE_STATES = ("open", "contained", "disposed", "closed")
DISPOSITIONS = ("use_as_is", "rework", "scrap", "return", "sort")
SEVERITIES = ("minor", "major", "critical")
ORIGINS = ("terminal", "inspection", "hand")
HOLD_RULES = ("scrap_rate", "failed_inspection", "nonconformance")


@dataclass(frozen=True, slots=True)
class Asked:
    """A characteristic as an inspection asks for it: copied from the plan when the inspection was made.

    ``lower``, ``upper``: limits of the specification in ``unit``, None where there is none. ``choices``: (code,
    words, whether it is good). ``samples``: how many values are asked for.
    """

    code: str
    name: str
    kind: str
    unit: str
    digits: int
    nominal: float | None
    lower: float | None
    upper: float | None
    choices: tuple[tuple[str, str, bool], ...]
    samples: int
    gauge: str = ""
    method: str = ""
    critical: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """One value: what was measured, which sample of the characteristic, and whether it is within its limits."""

    characteristic: str
    sample: int
    value: float | None
    choice: str
    good: bool
    serial: str = ""


@dataclass(frozen=True, slots=True)
class LineDraft:
    """A line of a plan: a characteristic, and where the plan has limits or samples of its own."""

    characteristic: str
    lower: float | None = None
    upper: float | None = None
    samples: int | None = None


@dataclass(frozen=True, slots=True)
class PlanDraft:
    """An inspection plan as it is written. ``every``: pieces (by count) or us (by time)."""

    code: str
    name: str
    kind: str
    material: str
    step: int | None = None
    every: int | None = None
    samples: int = 1
    gate: bool = False
    lines: tuple[LineDraft, ...] = ()


@dataclass(frozen=True, slots=True)
class CharacteristicRow:
    """A characteristic as lists show it; ``used``: plans that ask for it."""

    id: int
    code: str
    name: str
    kind: str
    unit: str
    digits: int
    nominal: float | None
    lower: float | None
    upper: float | None
    gauge: str
    method: str
    critical: bool
    choices: tuple[tuple[str, str, bool], ...] = ()
    used: int = 0


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan as lists show it; ``every`` in pieces or us."""

    id: int
    code: str
    version: int
    name: str
    kind: str
    material: str
    material_name: str
    step: int | None
    every: int | None
    samples: int
    gate: bool
    state: str
    asks: int


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """One plan with its lines, what it asks for, and its other versions as (id, version, state)."""

    row: PlanRow
    lines: tuple[LineDraft, ...]
    asked: tuple[Asked, ...]
    versions: tuple[tuple[int, int, str], ...]
    released_at: int | None


@dataclass(frozen=True, slots=True)
class PlanLineRow:
    """A line of a plan with its plan, as a file holds it."""

    plan: str
    name: str
    kind: str
    material: str
    step: int | None
    pieces: int | None
    minutes: int | None
    samples: int
    gate: bool
    characteristic: str
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class HoldRuleRow:
    """A rule by which operations are held; ``limit`` 0..1."""

    id: int
    kind: str
    material: str
    work_centre_id: int | None
    work_centre: str
    window: int
    least: int
    limit: float
    active: bool


@dataclass(frozen=True, slots=True)
class InspectionRow:
    """An inspection as lists show it. Times in us UTC; ``late``: it should have been done by now."""

    id: int
    organisation_id: int
    plan_id: int
    plan: str
    kind: str
    material: str
    material_name: str
    unit: str
    order_id: int | None
    order: str
    operation_id: int | None
    operation: str
    place_id: int | None
    place: str
    lot: str
    supplier: str
    quantity: float | None
    accepted: float | None
    rejected: float | None
    state: str
    gate: bool
    late: bool
    due_at: int
    judged_at: int | None
    judged_by: str
    note: str


@dataclass(frozen=True, slots=True)
class Value:
    """A value as the record shows it; ``place``: where it lies on the scale, 0..1."""

    sample: int
    value: float | None
    choice: str
    good: bool
    serial: str
    gauge: str
    picture: tuple[int, str] | None
    person: str
    event_at: int
    received_at: int
    place: float
    replaced: bool


@dataclass(frozen=True, slots=True)
class AskedValues:
    """A characteristic of an inspection with the values given so far, replaced ones included."""

    asked: Asked
    values: tuple[Value, ...]
    missing: int


@dataclass(frozen=True, slots=True)
class InspectionRecord:
    """One inspection. ``held``: why its operation is on hold; ``rejected_lot``: the part that was taken off."""

    row: InspectionRow
    values: tuple[AskedValues, ...]
    held: str
    item: int | None
    blocked: str
    rejected_item: int | None
    rejected_lot: str
    cases: tuple[tuple[int, str], ...]
    deeds: tuple[tuple[int, str, str], ...]


@dataclass(frozen=True, slots=True)
class GaugeRow:
    """A gauge to measure with; ``fit``: it may be used now."""

    code: str
    name: str
    until: int | None
    fit: bool


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A nonconformance as lists show it. Times in us UTC; ``late``: an action or its check is overdue."""

    id: int
    organisation_id: int
    number: str
    title: str
    severity: str
    state: str
    origin: str
    material: str
    material_name: str
    order_id: int | None
    order: str
    operation_id: int | None
    operation: str
    inspection_id: int | None
    lot: str
    quantity: float | None
    disposition: str
    found_at: int
    found_by: str
    closed_at: int | None
    late: bool


@dataclass(frozen=True, slots=True)
class Effect:
    """The defect rate of a product before a case and after an action; windows in us UTC, rates 0..1 or None."""

    before: tuple[int, int]
    after: tuple[int, int]
    before_rate: float | None
    after_rate: float | None
    before_coverage: float
    after_coverage: float


@dataclass(frozen=True, slots=True)
class ActionRow:
    """A corrective or preventive action. ``mine``: the viewer is responsible."""

    id: int
    case_id: int
    case: str
    kind: str
    causes: tuple[str, ...]
    action: str
    responsible: str
    mine: bool
    due_at: int
    done_at: int | None
    done_note: str
    check_at: int
    checked_at: int | None
    checked_by: str
    effective: bool | None
    evidence: str
    measured: Effect | None
    late: bool


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """One case. ``lots``: (item, code, why it is blocked, left, unit) of what it is about and has blocked."""

    row: CaseRow
    detail: str
    containment: str
    disposition_note: str
    booked: tuple[tuple[str, str], ...]
    disposed_by: str
    disposed_at: int | None
    pictures: tuple[tuple[int, str], ...]
    lots: tuple[tuple[int, str, str, float, str], ...]
    item: int | None
    actions: tuple[ActionRow, ...]
    deeds: tuple[tuple[int, str, str, str], ...]
