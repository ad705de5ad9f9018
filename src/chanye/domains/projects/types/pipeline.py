"""Projects of the pipeline, as other rooms see them. Money in fen, progress as a share 0..1, moments in us UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

#: OC4IDS 0.9.5, codelist projectStatus.
STATUSES: dict[str, str | Promise] = {
    "identification": pgettext_lazy("project status", "Identification"),
    "preparation": pgettext_lazy("project status", "Preparation"),
    "implementation": pgettext_lazy("project status", "Implementation"),
    "completion": pgettext_lazy("project status", "Completion"),
    "completed": pgettext_lazy("project status", "Completed"),
    "cancelled": pgettext_lazy("project status", "Cancelled"),
}
#: OC4IDS 0.9.5, codelist projectType.
KINDS: dict[str, str | Promise] = {
    "construction": pgettext_lazy("project type", "New construction"),
    "expansion": pgettext_lazy("project type", "Expansion or upgrade"),
    "rehabilitation": pgettext_lazy("project type", "Rehabilitation"),
    "replacement": pgettext_lazy("project type", "Replacement"),
    "maintenance": pgettext_lazy("project type", "Maintenance"),
    "decommissioning": pgettext_lazy("project type", "Decommissioning"),
}
#: Stages in the order in which projects reach them. Each has its own date, evidence, count and sum.
STAGES: dict[str, str | Promise] = {
    "signed": pgettext_lazy("project stage", "Signed"),
    "paid_in": pgettext_lazy("project stage", "Paid in"),
    "started": pgettext_lazy("project stage", "Started"),
    "in_statistics": pgettext_lazy("project stage", "In statistics"),
    "in_production": pgettext_lazy("project stage", "In production"),
    "above_scale": pgettext_lazy("project stage", "Above scale"),
}
#: What the sum of each stage adds up; no two of them may be added together.
AMOUNTS: dict[str, str | Promise] = {
    "signed": pgettext_lazy("sum of a stage", "contracted: a pledge, not investment"),
    "paid_in": pgettext_lazy("sum of a stage", "capital that arrived"),
    "started": pgettext_lazy("sum of a stage", "planned investment of what was started"),
    "in_statistics": pgettext_lazy("sum of a stage", "planned investment as registered"),
    "in_production": pgettext_lazy("sum of a stage", "output of the first full year"),
    "above_scale": pgettext_lazy("sum of a stage", "main-business revenue of the year"),
}
FLAGS: dict[str, str | Promise] = {
    "money_ahead": pgettext_lazy("project flag", "Money ahead of work"),
    "overdue": pgettext_lazy("project flag", "Overdue"),
    "stalled": pgettext_lazy("project flag", "Stalled"),
    "cost_growth": pgettext_lazy("project flag", "Cost growth"),
    "changed_scope": pgettext_lazy("project flag", "Changed scope"),
    "photo": pgettext_lazy("project flag", "Doubtful photo"),
    "falsified": pgettext_lazy("project flag", "False report"),
}


@dataclass(frozen=True, slots=True)
class ProjectDraft:
    """What an office says of a project; ``years`` maps a year to what is planned for it [fen]."""

    code: str
    name: str
    owner_id: int | None = None
    owner_name: str = ""
    asset_id: int | None = None
    part_of: str = ""
    status: str = "identification"
    kind: str = "construction"
    sector: str = ""
    town: str = ""
    place: str = ""
    latitude: float | None = None
    longitude: float | None = None
    scope: str = ""
    planned_total: int = 0
    planned_start: date | None = None
    planned_finish: date | None = None
    foreign_capital: bool = False
    years: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StageFigure:
    """How many projects reached a stage in a period, and the sum of what is counted there [fen]."""

    stage: str
    count: int
    amount: int


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """A project as a list shows it.

    ``financial``, ``physical`` and ``effective`` are three progresses that are never mixed: paid out of the planned
    total, built by rules of credit, and measured of what was promised; None where not known.
    """

    id: int
    organisation_id: int
    code: str
    name: str
    owner_id: int | None
    owner: str
    part_of_id: int | None
    status: str
    kind: str
    sector: str
    town: str
    place: str
    latitude: float | None
    longitude: float | None
    planned_total: int
    planned_start: date | None
    planned_finish: date | None
    stage: str
    signed_on: date | None
    signed_amount: int
    paid_in_on: date | None
    paid_in: int
    started_on: date | None
    in_statistics_on: date | None
    in_production_on: date | None
    above_scale_on: date | None
    paid_out: int
    financial: float | None
    physical: float | None
    effective: float | None
    next_due: date | None
    reported_on: date | None
    flags: tuple[str, ...]
    changed_at: int


@dataclass(frozen=True, slots=True)
class Flag:
    """A risk that is raised, with the figures behind it in words."""

    code: str
    why: str


@dataclass(frozen=True, slots=True)
class StageFact:
    """One record that a project reached a stage (or that this was taken back: ``on`` is None)."""

    stage: str
    on: date | None
    amount: int
    evidence: str
    file_id: int | None
    recorded_at: int
    recorded_by: str


@dataclass(frozen=True, slots=True)
class PaymentFact:
    """Capital paid in (``in``) or money paid out (``out``) on a day [fen]."""

    kind: str
    on: date
    amount: int
    evidence: str
    file_id: int | None
    recorded_at: int
    recorded_by: str
