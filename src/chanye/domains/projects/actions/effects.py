"""Which measured effects belong to a project, and what share of the promise they show."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.projects.models import Project
from chanye.domains.projects.project_rows import held, visible
from chanye.domains.projects.queries.effects import newest_effects
from chanye.domains.projects.rules.effects import measured_share
from chanye.evidence import queries as evidence
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer

MOST_PLANS = 20


@transaction.atomic
def link_effects(*, actor: Viewer, project_id: int, plan_ids: Sequence[int]) -> int | None:
    """Say which plans of the evidence room measure a project; return its effective progress in ppm.

    Raises
    ------
    ConfigError
        If a plan was not given to this office, or belongs to another firm than the owner.
    """
    row = held(actor, project_id, "edit_projects")
    wanted = sorted(set(plan_ids))
    known = {one.plan.id: one.plan for one in evidence.register(actor)}
    if len(wanted) > MOST_PLANS or not set(wanted) <= set(known):
        raise ConfigError(_("One of these plans was not given to this office; choose from the list."))
    if row.owner_id is not None and any(known[one].organisation_id != row.owner_id for one in wanted):
        raise ConfigError(_("A plan measures another firm than the owner of the project."))
    row.effects = wanted
    row.effective = measured_share(newest_effects(actor, wanted))
    row.changed_at = now_us()
    row.save()
    record(
        actor=actor, verb="link_effects", target=f"project:{row.pk}",
        detail={"plans": wanted, "effective": row.effective}, organisation_id=row.organisation_id,
    )  # fmt: skip
    return row.effective


@transaction.atomic
def refresh_effects(*, actor: Viewer, organisation_id: int) -> int:
    """Read the newest effects of all linked plans again; return how many projects changed."""
    require(actor, "edit_projects", organisation_id)
    rows = list(visible(actor).select_for_update().exclude(effects=[]))
    effects = newest_effects(actor, [plan for row in rows for plan in row.effects])
    changed = []
    for row in rows:
        now = measured_share({plan: effects[plan] for plan in row.effects if plan in effects})
        if now != row.effective:
            row.effective = now
            changed.append(row)
    Project.objects.bulk_update(changed, ["effective"], batch_size=500)
    if changed:
        record(
            actor=actor, verb="refresh_effects", target=f"organisation:{organisation_id}",
            detail={"changed": len(changed)}, organisation_id=organisation_id,
        )  # fmt: skip
    return len(changed)
