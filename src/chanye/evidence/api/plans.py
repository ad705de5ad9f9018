"""Measures, plans, effects and the register over HTTP."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field

from chanye.evidence import actions, measures, queries
from chanye.evidence.api import schemas
from chanye.kernel.errors import DeniedError
from chanye.parties.types import Viewer
from chanye.spine.api import PROBLEMS, Moment, Number, viewer_of

router = Router(tags=["evidence"])
ATTACHED = 'attachment; filename="{}"'


def _own(request: HttpRequest) -> tuple[Viewer, int]:
    """Return who asks and for which organisation."""
    viewer = viewer_of(request)
    if viewer.organisation_id is None:
        raise DeniedError("Choose an organisation: its token says which.")
    return viewer, viewer.organisation_id


@router.get("/evidence/measures", response={200: list[schemas.EvidenceMeasure], **PROBLEMS}, summary="Measures")
def list_measures(request: HttpRequest) -> Any:
    """Return everything that can be measured of an upgrade."""
    return [schemas.EvidenceMeasure.of(one) for one in measures.every()]


@router.get(
    "/evidence/assets", response={200: list[schemas.EvidenceAsset], **PROBLEMS}, summary="What can be measured"
)
def list_assets(request: HttpRequest) -> Any:
    """Return your assets at which something can be measured, and what."""
    viewer, mine = _own(request)
    found = queries.assets_and_measures(viewer, mine)
    return [
        schemas.EvidenceAsset(asset_id=one.asset_id, asset=one.asset, measures=list(one.measures)) for one in found
    ]


@router.get(
    "/evidence/assets/{asset_id}/detectability/{name}",
    response={200: schemas.EvidenceDetectable, **PROBLEMS},
    summary="What your data could show",
)
def detectability(
    request: HttpRequest,
    asset_id: Number,
    name: str,
    start: Moment,
    end: Moment,
    months: int = 12,
    confidence: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.9,
) -> Any:
    """Return the smallest effect on the measure ``name`` that this baseline could show, before an upgrade."""
    viewer, mine = _own(request)
    found = queries.detectability(viewer, mine, asset_id, name, start, end, months=months, confidence=confidence)
    return schemas.EvidenceDetectable.of(found)


@router.get("/evidence/plans", response={200: list[schemas.EvidencePlan], **PROBLEMS}, summary="Plans")
def list_plans(request: HttpRequest) -> Any:
    """Return your plans, the newest first; for an office those given to it."""
    return [schemas.EvidencePlan.of(one) for one in queries.plans(viewer_of(request))]


@router.post("/evidence/plans", response={200: schemas.EvidencePlan, **PROBLEMS}, summary="Draft a plan")
def draft_plan(request: HttpRequest, body: schemas.NewEvidencePlan) -> Any:
    """EvidenceDraft how an upgrade will be measured."""
    viewer, mine = _own(request)
    plan_id = actions.draft_plan(
        actor=viewer,
        organisation_id=mine,
        asset_id=body.asset_id,
        draft=_draft(body),
        office_id=body.office_id,
        key=body.key[:100],
    )
    return _plan(request, plan_id)


@router.get("/evidence/plans/{evidence_id}", response={200: schemas.EvidencePlan, **PROBLEMS}, summary="One plan")
def one_plan(request: HttpRequest, evidence_id: Number) -> Any:
    """Return a plan with its events."""
    return _plan(request, evidence_id)


@router.put(
    "/evidence/plans/{evidence_id}", response={200: schemas.EvidencePlan, **PROBLEMS}, summary="Change a plan"
)
def change_plan(request: HttpRequest, evidence_id: Number, body: schemas.EvidenceDraft) -> Any:
    """Change a plan that is not frozen."""
    actions.change_plan(actor=viewer_of(request), plan_id=evidence_id, draft=_draft(body))
    return _plan(request, evidence_id)


@router.post(
    "/evidence/plans/{evidence_id}/freeze", response={200: schemas.EvidencePlan, **PROBLEMS}, summary="Freeze"
)
def freeze_plan(request: HttpRequest, evidence_id: Number) -> Any:
    """Freeze a plan: from now on nobody changes it."""
    actions.freeze_plan(actor=viewer_of(request), plan_id=evidence_id)
    return _plan(request, evidence_id)


@router.post(
    "/evidence/plans/{evidence_id}/upgrade",
    response={200: schemas.EvidencePlan, **PROBLEMS},
    summary="Record the upgrade",
)
def record_upgrade(request: HttpRequest, evidence_id: Number, body: schemas.EvidenceUpgrade) -> Any:
    """Record when the upgrade began and was finished."""
    actions.record_upgrade(actor=viewer_of(request), plan_id=evidence_id, began=body.began, finished=body.finished)
    return _plan(request, evidence_id)


@router.post(
    "/evidence/plans/{evidence_id}/events", response={200: schemas.EvidencePlan, **PROBLEMS}, summary="Log an event"
)
def log_event(request: HttpRequest, evidence_id: Number, body: schemas.NewEvidenceEvent) -> Any:
    """Log something beside the upgrade that changed the plant for a while."""
    actions.log_event(actor=viewer_of(request), plan_id=evidence_id, **body.dict())
    return _plan(request, evidence_id)


@router.post(
    "/evidence/plans/{evidence_id}/effects", response={200: schemas.EvidenceEffect, **PROBLEMS}, summary="Measure"
)
def measure_effect(request: HttpRequest, evidence_id: Number, body: schemas.EvidenceWindow) -> Any:
    """Measure the effect of an upgrade; the same moment of knowledge gives the same answer."""
    return schemas.EvidenceEffect.of(
        actions.measure_effect(actor=viewer_of(request), plan_id=evidence_id, **body.dict())
    )


@router.get("/evidence/effects", response={200: list[schemas.EvidenceEffect], **PROBLEMS}, summary="Effects")
def list_effects(request: HttpRequest, plan_id: Number | None = None) -> Any:
    """Return the effects you may see, in the order they were measured; of one plan if asked."""
    found = queries.effects(viewer_of(request), plan_ids=None if plan_id is None else [plan_id])
    return [schemas.EvidenceEffect.of(one) for one in found]


@router.get("/evidence/effects/{effect_id}", response={200: schemas.EvidenceEffect, **PROBLEMS}, summary="One effect")
def one_effect(request: HttpRequest, effect_id: Number) -> Any:
    """Return an effect."""
    return schemas.EvidenceEffect.of(queries.effect(viewer_of(request), effect_id))


@router.get("/evidence/effects/{effect_id}/bundle", response=PROBLEMS, summary="Bundle of an effect")
def download_bundle(request: HttpRequest, effect_id: Number) -> HttpResponse:
    """Return everything an effect rests on as a ZIP; ``chanye verify evidence FILE`` recomputes it."""
    found = queries.bundle(viewer_of(request), effect_id)
    return HttpResponse(
        found.data,
        content_type="application/zip",
        headers={"Content-Disposition": ATTACHED.format(found.name), "X-Content-Type-Options": "nosniff"},
    )


@router.post(
    "/evidence/effects/{effect_id}/blame",
    response={200: schemas.EvidenceEffect, **PROBLEMS},
    summary="Declare a fault",
)
def declare_blame(request: HttpRequest, effect_id: Number, body: schemas.EvidenceBlame) -> Any:
    """Declare whose fault it is that an effect could not be measured; for the office the plan was given to."""
    viewer = viewer_of(request)
    actions.declare_blame(actor=viewer, effect_id=effect_id, blame=body.blame, reason=body.reason)
    return schemas.EvidenceEffect.of(queries.effect(viewer, effect_id))


@router.get(
    "/evidence/register",
    response={200: list[schemas.EvidenceRegisterRow], **PROBLEMS},
    summary="Claimed and measured",
)
def register(request: HttpRequest) -> Any:
    """Return every frozen plan you may see: what was claimed beside what was measured."""
    return [
        schemas.EvidenceRegisterRow(
            plan=schemas.EvidencePlan.of(one.plan),
            effect=schemas.EvidenceEffect.of(one.effect) if one.effect else None,
        )
        for one in queries.register(viewer_of(request))
    ]


@router.get("/evidence/pooled", response={200: list[schemas.EvidencePooled], **PROBLEMS}, summary="Effects by kind")
def pooled(request: HttpRequest) -> Any:
    """Return the mean effect of each kind of upgrade on each measure over the sites you may see."""
    return [schemas.EvidencePooled.of(one) for one in queries.pooled(viewer_of(request))]


def _draft(body: schemas.EvidenceDraft) -> Any:
    return schemas.EvidenceDraft(**{name: getattr(body, name) for name in schemas.EvidenceDraft.model_fields}).draft()


def _plan(request: HttpRequest, plan_id: int) -> schemas.EvidencePlan:
    return schemas.EvidencePlan.of(queries.plan(viewer_of(request), plan_id))
