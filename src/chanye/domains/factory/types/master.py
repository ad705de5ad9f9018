"""Words of master data, and what of it may cross the wall."""

from __future__ import annotations

from dataclasses import dataclass

MATERIAL_KINDS = ("raw", "component", "product", "consumable", "packaging")
TRACKING = ("none", "lot", "serial")
RELEASE_STATES = ("draft", "released", "retired")
TOOL_KINDS = ("tool", "gauge", "fixture", "mould")
TOOL_STATES = ("ready", "in_use", "worn", "broken", "away")
TREES = ("downtime", "scrap", "rework", "hold", "help")
#: What a stop counts as (ISO 22400-2): delay, set-up, not used, planned; empty leaves the machine's own state.
ELEMENTS = ("fault", "stopped", "setup", "waiting", "planned_off")


@dataclass(frozen=True, slots=True)
class MaterialRow:
    """A material with its newest released revision. ``cost`` in fen."""

    id: int
    code: str
    name: str
    kind: str
    unit: str
    tracking: str
    cost: int | None
    active: bool
    revision: str


@dataclass(frozen=True, slots=True)
class ToolRow:
    """A tool, gauge, fixture or mould. ``left``: share of its life that is left, None without one."""

    id: int
    code: str
    name: str
    kind: str
    state: str
    life: int | None
    used: int
    calibrated_until: int | None
    place: str
    due: bool

    @property
    def left(self) -> float | None:
        """Share of the life that is left, 0..1."""
        return None if not self.life else max(0.0, 1 - self.used / self.life)


@dataclass(frozen=True, slots=True)
class SkillRow:
    """A skill and how many people can work with it alone."""

    id: int
    code: str
    name: str
    people: int


@dataclass(frozen=True, slots=True)
class QualificationRow:
    """Somebody has a skill. ``until`` in us UTC."""

    person: str
    name: str
    skill: str
    level: int
    until: int | None


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """A node of a reason tree."""

    id: int
    tree: str
    code: str
    name: str
    name_en: str
    parent: str
    element: str
    position: int
    active: bool
    depth: int = 0
    leaf: bool = True


@dataclass(frozen=True, slots=True)
class BillRow:
    """A line of a bill of materials."""

    product: str
    revision: str
    state: str
    step: int | None
    component: str
    component_name: str
    quantity: float
    unit: str
    scrap_share: float


@dataclass(frozen=True, slots=True)
class RoutingRow:
    """A step of a routing; times in s, ``alternatives`` as it is written in files."""

    product: str
    revision: str
    state: str
    routing: str
    default: bool
    step: int
    name: str
    kind: str
    work_centre: str
    run_time: float
    setup_time: float
    setup_family: str
    scrap_share: float
    skill: str
    tool: str
    gauge: str
    program: str
    on_fail: int | None
    returns_to: int | None
    alternatives: str


@dataclass(frozen=True, slots=True)
class ProgramRow:
    """A program with its newest released version."""

    id: int
    code: str
    name: str
    released: int | None
    digest: str
    versions: int


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version of a program. Times in us UTC."""

    id: int
    version: int
    digest: str
    file: int | None
    file_name: str
    size: int
    state: str
    released_at: int | None


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """A revision of a product."""

    id: int
    material_id: int
    product: str
    product_name: str
    code: str
    state: str
    released_at: int | None
    routings: int
    lines: int


@dataclass(frozen=True, slots=True)
class InstructionRow:
    """A version of a work instruction; ``pages``: text, number of a picture, must be confirmed."""

    id: int
    revision_id: int
    step: int
    version: int
    state: str
    title: str
    pages: tuple[tuple[str, int | None, bool], ...]
    released_at: int | None
