"""Effective progress: what the evidence room measured of what a project promised."""

from __future__ import annotations

from collections.abc import Collection

from chanye.evidence import queries as evidence
from chanye.evidence.types import EffectRef
from chanye.parties.types import Viewer


def newest_effects(viewer: Viewer, plan_ids: Collection[int]) -> dict[int, EffectRef]:
    """Return the newest effect of each plan that the viewer may see."""
    if not plan_ids:
        return {}
    return {one.plan_id: one for one in evidence.effects(viewer, plan_ids=plan_ids)}


def candidates(viewer: Viewer, owner_id: int | None) -> list[tuple[int, str, str]]:
    """Return the plans that could measure a project of an owner: number, title, asset."""
    return [
        (one.plan.id, one.plan.draft.title, one.plan.asset)
        for one in evidence.register(viewer, organisation_id=owner_id)
    ]
