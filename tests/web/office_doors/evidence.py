"""Doors of the evidence room: a plan that was frozen, upgraded and measured without data."""

from __future__ import annotations

from typing import Any

from chanye.evidence import actions
from chanye.evidence.types import PlanDraft
from chanye.kernel.time import DAY

OWN = {"evidence", "evidence-new", "evidence-shows", "evidence-register"}
OPEN: set[str] = set()
T = 1_700_000_000_000_000


def numbers(firm: Any) -> dict[str, int]:
    draft = PlanDraft(
        title=f"SECRET {firm.viewer.name}",
        measure="factory.output",
        upgrade_kind="robots",
        method="baseline",
        baseline_start=T,
        baseline_end=T + 10 * DAY,
        claim=0.1,
    )
    plan_id = actions.draft_plan(actor=firm.viewer, organisation_id=firm.id, asset_id=firm.site.id, draft=draft)
    actions.freeze_plan(actor=firm.viewer, plan_id=plan_id, now=T + 10 * DAY)
    actions.record_upgrade(actor=firm.viewer, plan_id=plan_id, began=T + 11 * DAY, finished=T + 12 * DAY)
    effect = actions.measure_effect(actor=firm.viewer, plan_id=plan_id, start=T + 12 * DAY, end=T + 20 * DAY)
    return {"evidence_id": plan_id, "effect_id": effect.id}
