"""Effective progress: what the evidence room measured of what a project promised."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from chanye.evidence import queries as evidence
from chanye.evidence.types import EffectRef
from chanye.parties.types import Viewer


def newest_effects(viewer: Viewer, plan_ids: Collection[int]) -> dict[int, EffectRef]:
    """Return the newest effect of each plan that the viewer may see."""
    if not plan_ids:
        return {}
    return {one.plan_id: one for one in evidence.effects(viewer, plan_ids=plan_ids)}


def measured_share(effects: Mapping[int, EffectRef]) -> int | None:
    """Return the mean share of the promise that is shown, in ppm; None if nothing could be measured.

    The share of one effect is its one-sided lower bound over the claim, between 0 and 1: what is sure, as the fund
    pays it, not what is hoped. What is not measurable is left out, not counted as zero.
    """
    shares = [
        min(1.0, max(0.0, one.least / one.claim))
        for one in effects.values()
        if one.least is not None and one.claim > 0 and one.verdict != "not_measurable"
    ]
    return round(1_000_000 * sum(shares) / len(shares)) if shares else None


def candidates(viewer: Viewer, owner_id: int | None) -> list[tuple[int, str, str]]:
    """Return the plans that could measure a project of an owner: number, title, asset."""
    return [
        (one.plan.id, one.plan.draft.title, one.plan.asset)
        for one in evidence.register(viewer, organisation_id=owner_id)
    ]
