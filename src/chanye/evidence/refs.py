"""Rows of the room's tables as values that may cross the wall; used inside the room only."""

from __future__ import annotations

from django.db.models import Case, OuterRef, Prefetch, QuerySet, Subquery, Value, When

from chanye.evidence.models import Declaration, Effect, Event, Plan
from chanye.evidence.rules.words import why
from chanye.evidence.types import EffectRef, EventRef, PlanDraft, PlanRef

#: What a row of plans tells of its newest effect.
NEWEST = ("id", "estimate", "lower", "upper", "verdict")


def with_all(rows: QuerySet[Plan]) -> QuerySet[Plan]:
    """Return the rows with what ``plan_ref`` reads, in a fixed number of queries."""
    newest = Effect.objects.filter(plan=OuterRef("pk")).order_by("-id")
    found = {f"newest_{name}": Subquery(newest.values(name)[:1]) for name in NEWEST}
    stage = Case(
        When(digest="", then=Value("draft")),
        When(upgrade__isnull=True, then=Value("frozen")),
        When(newest_id__isnull=True, then=Value("running")),
        default=Value("measured"),
    )
    return rows.select_related("organisation", "asset", "upgrade").annotate(**found).annotate(stage=stage)


def target_of(plan_id: int) -> str:
    """Return the name of a plan in the audit chain."""
    return f"evidence_plan:{plan_id}"


def draft_of(row: Plan) -> PlanDraft:
    """Return the draft that a row holds."""
    return PlanDraft(
        title=row.title,
        measure=row.measure,
        upgrade_kind=row.upgrade_kind,
        method=row.method,
        baseline_start=row.baseline_start,
        baseline_end=row.baseline_end,
        claim=row.claim,
        confidence=row.confidence,
        one_sided=row.one_sided,
        normalisers=tuple(row.normalisers),
        controls=tuple(row.controls),
        months=tuple(row.months),
        exclusions=tuple((int(a), int(b), str(words)) for a, b, words in row.exclusions),
    )


def plan_ref(row: Plan, *, events: bool = False) -> PlanRef:
    """Return a row of ``with_all``; the events only if asked for."""
    upgrade = getattr(row, "upgrade", None)
    began, finished = (upgrade.began, upgrade.finished) if upgrade else (None, None)
    return PlanRef(
        id=row.pk,
        organisation_id=row.organisation_id,
        firm=row.organisation.name,
        office_id=row.office_id,
        asset_id=row.asset_id,
        asset=row.asset.name,
        timezone=row.asset.timezone,
        draft=draft_of(row),
        state=getattr(row, "stage", "draft"),
        digest=row.digest,
        content=row.content,
        frozen_at=row.frozen_at,
        frozen_by=row.frozen_by,
        began=began,
        finished=finished,
        simulated=row.asset.simulated,
        effect_id=getattr(row, "newest_id", None),
        estimate=getattr(row, "newest_estimate", None),
        lower=getattr(row, "newest_lower", None),
        upper=getattr(row, "newest_upper", None),
        verdict=getattr(row, "newest_verdict", None) or "",
        events=tuple(event_ref(one) for one in Event.objects.filter(plan=row)) if events else (),
    )


def event_ref(row: Event) -> EventRef:
    """Return the row as a value."""
    return EventRef(row.pk, row.kind, row.start, row.end, row.note, row.logged_at, row.logged_by)


def effects_with_all(rows: QuerySet[Effect]) -> QuerySet[Effect]:
    """Return the rows with what ``effect_ref`` reads, in a fixed number of queries."""
    return rows.select_related("plan__organisation", "plan__asset", "file").prefetch_related(
        Prefetch("declarations", Declaration.objects.order_by("id"))
    )


def effect_ref(row: Effect) -> EffectRef:
    """Return a row of ``effects_with_all``; what an officer declared about blame goes before what was found."""
    plan = row.plan
    declared = list(row.declarations.all())
    return EffectRef(
        id=row.pk,
        plan_id=plan.pk,
        organisation_id=plan.organisation_id,
        firm=plan.organisation.name,
        asset_id=plan.asset_id,
        asset=plan.asset.name,
        title=plan.title,
        measure=plan.measure,
        upgrade_kind=plan.upgrade_kind,
        method=plan.method,
        claim=plan.claim,
        estimate=row.estimate,
        lower=row.lower,
        upper=row.upper,
        least=row.least,
        confidence=plan.confidence,
        one_sided=plan.one_sided,
        before_days=row.before_days,
        after_days=row.after_days,
        coverage=row.coverage,
        verdict=row.verdict,
        why=why(row.verdict, row.reasons, claim=plan.claim, lower=row.lower, upper=row.upper),
        blame=declared[-1].blame if declared else row.blame,
        start=row.start,
        end=row.end,
        known_at=row.known_at,
        computed_at=row.computed_at,
        plan_digest=row.plan_digest,
        inputs_digest=row.inputs_digest,
        result_digest=row.result_digest,
        bundle_digest=row.file.sha256,
        error=row.error,
        simulated=plan.asset.simulated,
    )
