"""What may cross the wall of the evidence room."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Method = Literal["randomised", "group_time", "synthetic", "baseline"]
Verdict = Literal["confirmed", "below", "not_measurable"]
Blame = Literal["", "firm", "platform"]

#: The ladder of methods, the surest first.
METHODS: tuple[Method, ...] = ("randomised", "group_time", "synthetic", "baseline")
VERDICTS: tuple[Verdict, ...] = ("confirmed", "below", "not_measurable")

#: What an upgrade consists of.
UPGRADE_KINDS: dict[str, str | Promise] = {
    "robots": _("Robots for manual work"),
    "equipment": _("Digital equipment"),
    "line": _("Digital line"),
    "mes": _("Manufacturing execution system"),
    "quality": pgettext_lazy("upgrade", "Quality"),
    "energy": pgettext_lazy("upgrade", "Energy"),
    "platform": _("Cloud and platform"),
    "irrigation": _("Irrigation"),
    "other": pgettext_lazy("upgrade", "Other"),
}

#: Kinds of non-routine events: what changed beside the upgrade.
EVENT_KINDS: dict[str, str | Promise] = {
    "product": _("Change of products"),
    "shifts": _("Change of shifts"),
    "shutdown": _("Shutdown"),
    "expansion": _("Expansion or removal"),
    "meter": _("Meter changed or repaired"),
    "accident": _("Accident or outage"),
    "other": pgettext_lazy("event", "Other"),
}


@dataclass(frozen=True, slots=True)
class PlanDraft:
    """A plan before it is frozen.

    Parameters
    ----------
    measure
        Code of a registered measure.
    method
        One of ``METHODS``.
    baseline_start, baseline_end
        The days the upgrade is held against, ``[start, end)``. [us UTC]
    claim
        Relative improvement promised, 0.12 = 12 % better, whatever the direction of the measure.
    confidence
        Of the two-sided interval.
    one_sided
        Of the lower bound that a payment uses.
    normalisers
        Codes of measures that explain the outcome beside the upgrade.
    controls
        Assets to compare with; none: those the office knows, chosen when the plan is frozen.
    months
        When it is measured, months after the upgrade is finished.
    exclusions
        Days of the baseline known to be unlike others: (start, end, reason), us UTC.
    """

    title: str
    measure: str
    upgrade_kind: str
    method: str
    baseline_start: int
    baseline_end: int
    claim: float
    confidence: float = 0.90
    one_sided: float = 0.68
    normalisers: tuple[str, ...] = ()
    controls: tuple[int, ...] = ()
    months: tuple[int, ...] = (6, 12)
    exclusions: tuple[tuple[int, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Detectable:
    """What the data of a baseline could show.

    ``relative`` is the smallest relative change that is found with a power of 80 %, None if nothing can be said;
    ``coverage`` the share of the days that are known; ``refusals`` say in words what is missing; ``rho`` and
    ``sigma`` are the memory from day to day and the spread as a share of the mean.
    """

    relative: float | None
    days: int
    coverage: float
    refusals: tuple[str, ...]
    rho: float | None
    sigma: float | None


@dataclass(frozen=True, slots=True)
class EffectRef:
    """What an upgrade really did: relative and signed so that positive is better; times in us UTC.

    ``least`` is the one-sided lower bound at ``one_sided``; ``blame`` says whose fault missing data are: "", "firm"
    or "platform"; ``why`` says in words what the verdict rests on.
    """

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
    result_digest: str = ""
    bundle_digest: str = ""
    error: float | None = None
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class EventRef:
    """Something beside the upgrade that changed the plant for a while; its days are left out. Times in us UTC."""

    id: int
    kind: str
    start: int
    end: int
    note: str
    logged_at: int
    logged_by: str


@dataclass(frozen=True, slots=True)
class PlanRef:
    """A plan and how far it has come. Times in us UTC, None where it has not come to that.

    ``state`` is draft, frozen, running (upgrade finished, not measured yet) or measured. ``content`` is the canonical
    JSON that ``digest`` seals, empty for a draft. ``effect_id``, figures and verdict are of its newest effect.
    """

    id: int
    organisation_id: int
    firm: str
    office_id: int | None
    asset_id: int
    asset: str
    timezone: str
    draft: PlanDraft
    state: str
    digest: str
    content: str
    frozen_at: int | None
    frozen_by: str
    began: int | None
    finished: int | None
    simulated: bool
    effect_id: int | None = None
    estimate: float | None = None
    lower: float | None = None
    upper: float | None = None
    verdict: str = ""
    events: tuple[EventRef, ...] = ()


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """A plan's claim beside what was measured; ``effect`` is None until something was."""

    plan: PlanRef
    effect: EffectRef | None


@dataclass(frozen=True, slots=True)
class PooledRow:
    """The mean effect of one kind of upgrade on one measure over ``sites``; ends None where they cannot be had."""

    upgrade_kind: str
    measure: str
    sites: int
    estimate: float
    lower: float
    upper: float
    next_lower: float | None
    next_upper: float | None
    between: float


@dataclass(frozen=True, slots=True)
class AssetMeasures:
    """An asset and the measures that can be read there."""

    asset_id: int
    asset: str
    measures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle as it is downloaded."""

    name: str
    sha256: str
    data: bytes
    result: dict[str, Any] = field(default_factory=dict)
