"""Inspection plans of a demo plant, and a case to look at. No gate and no hold rule: the plant runs by itself."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from chanye.domains.factory.actions.nonconformance import report_nonconformance
from chanye.domains.factory.actions.quality_plans import release_plan, save_characteristic, save_plan
from chanye.domains.factory.models import Characteristic, Material
from chanye.domains.factory.types.quality import LineDraft, PlanDraft
from chanye.parties.types import Viewer

#: Code, name, unit, decimals, lower limit, nominal, upper limit.
MEASURED = (
    ("DIA-20", "孔径 Ø20", "mm", 3, 19.98, 20.0, 20.02),
    ("LEN-85", "长度 85", "mm", 2, 84.9, 85.0, 85.1),
    ("RA", "表面粗糙度 Ra", "um", 2, None, None, 1.6),
)


@transaction.atomic
def seed_quality(*, actor: Viewer, organisation_id: int, products: Sequence[tuple[str, int]]) -> int:
    """Make characteristics, and for each (product, step) a plan by count; return the number of plans made.

    Calling it again changes nothing.

    Raises
    ------
    DeniedError
        If the actor may not edit inspection plans there.
    """
    if Characteristic.objects.filter(organisation_id=organisation_id).exists():
        return 0
    for code, name, unit, digits, lower, nominal, upper in MEASURED:
        save_characteristic(
            actor=actor,
            organisation_id=organisation_id,
            code=code,
            name=name,
            kind="variable",
            unit=unit,
            digits=digits,
            lower=lower,
            nominal=nominal,
            upper=upper,
        )
    words = [("合格", True), ("毛刺", False), ("划伤", False), ("磕碰", False)]
    save_characteristic(
        actor=actor, organisation_id=organisation_id, code="LOOK", name="外观", kind="choice", choices=words
    )
    made = 0
    for code, step in products:
        if not Material.objects.filter(organisation_id=organisation_id, code=code).exists():
            continue
        lines = (LineDraft("DIA-20"), LineDraft("RA"), LineDraft("LOOK"))
        draft = PlanDraft(f"IP-{code}-{step}"[:64], "巡检", "count", code, step, 500, 1, lines=lines)
        release_plan(actor=actor, plan_id=save_plan(actor=actor, organisation_id=organisation_id, draft=draft))
        made += 1
    report_nonconformance(
        actor=actor,
        organisation_id=organisation_id,
        title="来料表面划伤",
        detail="抽检发现三件表面有划伤，位置相同。",
        severity="minor",
        material=products[0][0] if products else "",
        quantity=3,
    )
    return made
