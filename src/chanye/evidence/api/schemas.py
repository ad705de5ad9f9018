"""What the evidence room says and takes over HTTP."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

from ninja import Schema
from pydantic import Field

from chanye.evidence.measures import Measure
from chanye.evidence.types import Detectable, EffectRef, PlanDraft, PlanRef, PooledRow
from chanye.spine.api import Moment, Number

Share = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]


class EvidenceMeasure(Schema):
    """A measure: ``direction`` +1 if higher is better, -1 if lower is; ``unit`` UCUM."""

    code: str
    label: str
    unit: str
    direction: int
    kind: str
    floor: float
    normalisers: list[str]

    @staticmethod
    def of(measure: Measure) -> EvidenceMeasure:
        """Make it from the room's own value."""
        names = ("code", "unit", "direction", "kind", "floor")
        values = {name: getattr(measure, name) for name in names}
        return EvidenceMeasure(label=str(measure.label), normalisers=list(measure.normalisers), **values)


class EvidenceAsset(Schema):
    """An asset and the codes of the measures that can be read there."""

    asset_id: int
    asset: str
    measures: list[str]


class EvidenceExclusion(Schema):
    """Days of the baseline that are unlike others. Times in us UTC."""

    start: Moment
    end: Moment
    reason: str


class EvidenceDraft(Schema):
    """A plan before it is frozen; ``claim`` is relative, 0.12 is 12 % better. Times in us UTC."""

    title: str
    measure: str
    upgrade_kind: str
    method: str = "baseline"
    baseline_start: Moment
    baseline_end: Moment
    claim: Annotated[float, Field(gt=0, lt=10, allow_inf_nan=False)]
    confidence: Share = 0.9
    one_sided: Share = 0.68
    normalisers: list[str] = []
    controls: list[Number] = []
    months: list[int] = [6, 12]
    exclusions: list[EvidenceExclusion] = []

    def draft(self) -> PlanDraft:
        """Return the room's own value."""
        values = self.dict() | {name: tuple(getattr(self, name)) for name in ("normalisers", "controls", "months")}
        return PlanDraft(**(values | {"exclusions": tuple((e.start, e.end, e.reason) for e in self.exclusions)}))


class NewEvidencePlan(EvidenceDraft):
    """A plan to be drafted; the same ``key`` and content are drafted once."""

    asset_id: Number
    office_id: Number | None = None
    key: str = ""


class EvidenceEvent(Schema):
    """A non-routine event. Times in us UTC."""

    id: int
    kind: str
    start: int
    end: int
    note: str
    logged_at: int
    logged_by: str


class NewEvidenceEvent(Schema):
    """An event to be logged. Times in us UTC."""

    kind: str
    start: Moment
    end: Moment
    note: str


class EvidenceUpgrade(Schema):
    """When the upgrade began and was finished, in us UTC."""

    began: Moment
    finished: Moment


class EvidenceWindow(Schema):
    """The days since the upgrade to measure over; ``known_at``: what was known then (us UTC), else now."""

    start: Moment
    end: Moment
    known_at: Moment | None = None


class EvidenceBlame(Schema):
    """Whose fault it is: ``firm`` or ``platform``, and why."""

    blame: str
    reason: str


class EvidencePlan(Schema):
    """A plan; ``content`` is what ``digest`` seals, null for a draft. Times in us UTC."""

    id: int
    organisation_id: int
    firm: str
    office_id: int | None
    asset_id: int
    asset: str
    state: str
    draft: dict[str, Any]
    digest: str
    content: dict[str, Any] | None
    frozen_at: int | None
    frozen_by: str
    began: int | None
    finished: int | None
    simulated: bool
    effect_id: int | None
    estimate: float | None
    lower: float | None
    upper: float | None
    verdict: str
    events: list[EvidenceEvent]

    @staticmethod
    def of(ref: PlanRef) -> EvidencePlan:
        """Make it from the room's own value."""
        values = asdict(ref)
        values.pop("timezone")
        return EvidencePlan(**(values | {"content": json.loads(ref.content) if ref.content else None}))


class EvidenceEffect(Schema):
    """What an upgrade did: relative, positive is better; null where it could not be measured. Times in us UTC."""

    id: int
    plan_id: int
    organisation_id: int
    firm: str
    asset_id: int
    asset: str
    title: str
    measure: str
    upgrade_kind: str
    method: str
    claim: float
    estimate: float | None
    lower: float | None
    upper: float | None
    least: float | None
    confidence: float
    one_sided: float
    before_days: int
    after_days: int
    coverage: float
    verdict: str
    why: str
    blame: str
    start: int
    end: int
    known_at: int
    computed_at: int
    plan_digest: str
    inputs_digest: str
    result_digest: str
    bundle_digest: str
    error: float | None
    simulated: bool

    @staticmethod
    def of(ref: EffectRef) -> EvidenceEffect:
        """Make it from the room's own value."""
        return EvidenceEffect(**asdict(ref))


class EvidenceDetectable(Schema):
    """The smallest relative effect the data could show, null with the refusals in words."""

    relative: float | None
    days: int
    coverage: float
    refusals: list[str]
    rho: float | None
    sigma: float | None

    @staticmethod
    def of(found: Detectable) -> EvidenceDetectable:
        """Make it from the room's own value."""
        return EvidenceDetectable(**asdict(found))


class EvidenceRegisterRow(Schema):
    """A claim beside what was measured of it, if anything was."""

    plan: EvidencePlan
    effect: EvidenceEffect | None


class EvidencePooled(Schema):
    """The mean effect of a kind of upgrade on a measure; ``next_*``: what to expect at a further site."""

    upgrade_kind: str
    measure: str
    sites: int
    estimate: float
    lower: float
    upper: float
    next_lower: float | None
    next_upper: float | None
    between: float

    @staticmethod
    def of(row: PooledRow) -> EvidencePooled:
        """Make it from the room's own value."""
        return EvidencePooled(**asdict(row))
