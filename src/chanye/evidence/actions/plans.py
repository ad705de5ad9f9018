"""Plans: drafted, frozen before the upgrade, and what happens to the plant afterwards."""

from __future__ import annotations

import secrets
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.engines.effects.among import FEWEST
from chanye.evidence import measures
from chanye.evidence.access import plan_for
from chanye.evidence.bundle import canonical, digest_of
from chanye.evidence.inputs import eye_of, frozen_measure
from chanye.evidence.models import Control, Event, Plan, Upgrade
from chanye.evidence.refs import draft_of, target_of
from chanye.evidence.rules import plans as rules
from chanye.evidence.types import PlanDraft
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import now_us
from chanye.parties import queries as parties
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import SYSTEM, Viewer
from chanye.spine import queries as spine
from chanye.spine.types import AssetRef

#: Plants to compare with that are chosen without being named.
MOST_CHOSEN = 60


@transaction.atomic
def draft_plan(
    *,
    actor: Viewer,
    organisation_id: int,
    asset_id: int,
    draft: PlanDraft,
    office_id: int | None = None,
    key: str = "",
    now: int | None = None,
) -> int:
    """Draft how an upgrade will be measured; return the number of the plan.

    Parameters
    ----------
    asset_id
        What is upgraded: a site, a line, a machine of the organisation.
    office_id
        The district's office the plan is given to: it sees the plan and its effects, never samples.
    key
        Of the client; the same key and content draft once.
    now
        Moment of the act; the clock if not given. [us UTC]

    Raises
    ------
    ConfigError
        Naming what cannot be planned so, or that the key was used for something else.
    DeniedError
        If the actor may not plan here.
    """
    require(actor, "plan_evidence", organisation_id)
    asset = spine.asset(actor, asset_id)
    if asset.organisation_id != organisation_id:
        raise DeniedError(_("There is no such asset, or it belongs to another organisation."))
    if office_id is not None and office_id not in {one.id for one in parties.offices(SYSTEM)}:
        raise ConfigError(_("There is no such office of a district: choose one."))
    values = _values(actor, asset, draft, now_us() if now is None else now)
    known = Plan.objects.filter(organisation_id=organisation_id, key=key).first() if key else None
    if known is not None:
        if (known.asset_id, known.office_id, draft_of(known)) != (asset_id, office_id, _stored(draft)):
            raise ConfigError(_("This key was used for another plan: choose a new one."))
        return known.pk
    row = Plan.objects.create(
        organisation_id=organisation_id,
        office_id=office_id,
        asset_id=asset_id,
        key=key[:100],
        drafted_at=now_us() if now is None else now,
        **values,
    )
    detail = {"title": row.title, "measure": row.measure, "claim": row.claim, "office": office_id}
    _record(actor, "draft_plan", row, detail)
    return row.pk


@transaction.atomic
def change_plan(*, actor: Viewer, plan_id: int, draft: PlanDraft, now: int | None = None) -> None:
    """Change a plan that is not frozen.

    Raises
    ------
    ConfigError
        If it is frozen, or naming what cannot be planned so.
    DeniedError
        If the actor may not plan here.
    """
    row = _locked(actor, plan_id)
    if row.digest:
        raise ConfigError(
            _("This plan is frozen: what is measured and how was agreed before the upgrade. Draft another plan.")
        )
    asset = spine.asset(SYSTEM, row.asset_id)
    values = _values(actor, asset, draft, now_us() if now is None else now)
    for name, value in values.items():
        setattr(row, name, value)
    row.save()
    _record(actor, "change_plan", row, {"title": row.title, "measure": row.measure, "claim": row.claim})


@transaction.atomic
def freeze_plan(*, actor: Viewer, plan_id: int, now: int | None = None) -> str:
    """Freeze a plan and return its digest: from now on neither people nor programs change it.

    Where the method compares with other plants and none are named, those with a plan for the same measure at the
    same office are taken. Freezing again answers the same digest.

    Raises
    ------
    ConfigError
        If the method needs plants to compare with, and there are not enough.
    DeniedError
        If the actor may not plan here.
    """
    row = _locked(actor, plan_id)
    if row.digest:
        return row.digest
    moment = now_us() if now is None else now
    draft = draft_of(row)
    rules.check_draft(draft, now=moment)
    row.salt = secrets.token_hex(16)
    chosen = _controls(row, draft, row.salt)
    names = {asset_id: rules.control_name(row.salt, asset_id) for asset_id in chosen}
    content = rules.content_of(
        draft,
        frozen_measure(draft.measure, draft.normalisers),
        asset=row.asset.path,
        controls=list(names.values()),
        timezone=row.asset.timezone,
    )
    row.content = canonical(content)
    row.digest = digest_of(row.content)
    row.frozen_at, row.frozen_by = moment, actor.name[:200]
    Control.objects.bulk_create(Control(plan=row, asset_id=one, name=name) for one, name in names.items())
    row.save()
    _record(actor, "freeze_plan", row, {"digest": row.digest, "controls": len(names)})
    return row.digest


@transaction.atomic
def record_upgrade(*, actor: Viewer, plan_id: int, began: int, finished: int, now: int | None = None) -> None:
    """Record when the upgrade of a frozen plan began and was finished, in us UTC.

    The days in between belong to neither side. Recording the same again changes nothing.

    Raises
    ------
    ConfigError
        If the plan was not frozen before, or the dates cannot be; or others are recorded already.
    DeniedError
        If the actor may not say so.
    """
    row = plan_for(actor, plan_id, "plan_evidence", office=True)
    known = Upgrade.objects.filter(plan=row).first()
    if known is not None:
        if (known.began, known.finished) == (began, finished):
            return
        raise ConfigError(_("The upgrade of this plan is recorded already, and is not changed: draft another plan."))
    moment = now_us() if now is None else now
    rules.check_upgrade(
        frozen_at=row.frozen_at, baseline_end=row.baseline_end, began=began, finished=finished, now=moment
    )
    Upgrade.objects.create(plan=row, began=began, finished=finished, recorded_at=moment, recorded_by=actor.name[:200])
    _record(actor, "record_upgrade", row, {"began": began, "finished": finished})


@transaction.atomic
def log_event(
    *, actor: Viewer, plan_id: int, kind: str, start: int, end: int, note: str, now: int | None = None
) -> int:
    """Log something beside the upgrade that changed the plant for a while; its days are left out.

    The same event logged again is the same event.

    Raises
    ------
    ConfigError
        Naming what cannot be, or that the plan is not frozen: before that its exclusions say it.
    DeniedError
        If the actor may not log here.
    """
    row = plan_for(actor, plan_id, "plan_evidence", office=True)
    rules.check_event(kind, start, end, note)
    if not row.digest:
        raise ConfigError(_("The plan is not frozen yet: exclude these days in the plan itself."))
    said = _text(note)
    known = Event.objects.filter(plan=row, kind=kind, start=start, end=end, note=said).first()
    if known is not None:
        return known.pk
    event = Event.objects.create(
        plan=row,
        kind=kind,
        start=start,
        end=end,
        note=said,
        logged_at=now_us() if now is None else now,
        logged_by=actor.name[:200],
    )
    _record(actor, "log_event", row, {"kind": kind, "start": start, "end": end, "note": said})
    return event.pk


def _locked(actor: Viewer, plan_id: int) -> Plan:
    plan_for(actor, plan_id, "plan_evidence")
    return Plan.objects.select_for_update(of=("self",)).select_related("asset").get(pk=plan_id)


def _text(words: str) -> str:
    """Return what people wrote without what a database or UTF-8 cannot hold."""
    return words.strip().replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def _stored(draft: PlanDraft) -> PlanDraft:
    """Return a draft as it comes back from its row."""
    return draft_of(Plan(**_columns(draft)))


def _columns(draft: PlanDraft) -> dict[str, Any]:
    return {
        "title": _text(draft.title),
        "measure": draft.measure,
        "upgrade_kind": draft.upgrade_kind,
        "method": draft.method,
        "baseline_start": draft.baseline_start,
        "baseline_end": draft.baseline_end,
        "claim": float(draft.claim),
        "confidence": float(draft.confidence),
        "one_sided": float(draft.one_sided),
        "normalisers": list(draft.normalisers),
        "controls": sorted(set(draft.controls)),
        "months": sorted(set(draft.months)),
        "exclusions": [[a, b, _text(words)] for a, b, words in draft.exclusions],
    }


def _values(actor: Viewer, asset: AssetRef, draft: PlanDraft, now: int) -> dict[str, Any]:
    """Return the columns of a draft that can be, checked against what there is."""
    rules.check_draft(draft, now=now)
    for code in (draft.measure, *draft.normalisers):
        measures.get(code)
    if draft.measure in draft.normalisers:
        raise ConfigError(_("A measure cannot explain itself: take it off the normalisers."))
    allowed = _comparable(actor, asset)
    if not set(draft.controls) <= allowed:
        raise ConfigError(_("Compare with other assets of your own, or leave the choice to the office's plans."))
    return _columns(draft)


def _comparable(actor: Viewer, asset: AssetRef) -> set[int]:
    """Return the assets that the actor may name to compare with."""
    own = spine.assets(SYSTEM if actor.system else eye_of(asset.organisation_id))
    return {one.id for one in own} - {asset.id}


def _controls(row: Plan, draft: PlanDraft, salt: str) -> list[int]:
    """Return the plants to compare with, chosen when the plan is frozen."""
    if draft.method == "baseline":
        return []
    chosen = list(draft.controls)
    if not chosen and row.office_id is not None:
        others = Plan.objects.filter(office_id=row.office_id, measure=row.measure).exclude(asset_id=row.asset_id)
        known = set(others.values_list("asset_id", flat=True))
        # more tell hardly more, and each is read for years; by the salt nobody can choose which
        chosen = sorted(known, key=lambda one: rules.control_name(salt, one))[:MOST_CHOSEN]
    if len(chosen) < FEWEST:
        raise ConfigError(
            _("This method compares with other plants: %(found)d are known, it takes %(needed)d. Name more of them.")
            % {"found": len(chosen), "needed": FEWEST}
        )
    return chosen


def _record(actor: Viewer, verb: str, row: Plan, detail: dict[str, object]) -> None:
    record(actor=actor, verb=verb, target=target_of(row.pk), detail=detail, organisation_id=row.organisation_id)
