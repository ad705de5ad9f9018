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
