"""Targets are set here, and only set: the database refuses to change one."""

from __future__ import annotations

from dataclasses import asdict, replace

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.projects.models import Indicator, Target
from chanye.domains.projects.rules import months as calendar
from chanye.domains.projects.rules.targets import check_draft
from chanye.domains.projects.types.targets import TargetDraft
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.sectors import SECTORS
from chanye.parties.types import Viewer


@transaction.atomic
def set_target(*, actor: Viewer, office_id: int, draft: TargetDraft, reason: str = "") -> int:
    """Set a target; under a code that exists it is a revision, a row of its own beside the old one.

    Raises
    ------
    ConfigError
        If something is missing, the period is backwards, or a revision or a late target has no reason.
    """
    require(actor, "set_targets", office_id)
    draft = replace(draft, start=calendar.read_month(draft.start), end=calendar.read_month(draft.end))
    before = Target.objects.filter(office_id=office_id, code=draft.code).order_by("-revision").first()
    revision = before.revision + 1 if before else 1
    now = now_us()
    indicator = Indicator.objects.filter(office_id=office_id, code=draft.indicator).first()
    if indicator is None:
        raise ConfigError(_("There is no indicator %(code)s.") % {"code": draft.indicator[:40]})
    check_draft(draft, kind=indicator.kind, now_month=calendar.month_at(now), revision=revision, reason=reason)
    if draft.sector and draft.sector not in SECTORS:
        raise ConfigError(_("There is no sector %(code)s.") % {"code": draft.sector[:40]})
    if before and (before.indicator_id, before.measure) != (indicator.pk, draft.measure):
        raise ConfigError(_("A revision is about the same indicator: set a target under another code."))
    row = Target.objects.create(
        office_id=office_id,
        code=draft.code.strip(),
        title=draft.title.strip(),
        indicator=indicator,
        measure=draft.measure,
        sector=draft.sector,
        town=draft.town,
        start=draft.start,
        end=draft.end,
        baseline=draft.baseline,
        target=draft.target,
        revision=revision,
        reason=reason.strip()[:500],
        set_at=now,
        set_by_id=actor.person_id,
        set_by_name=actor.name,
    )
    record(
        actor=actor,
        verb="set_target",
        target=f"target:{row.pk}",
        detail={**asdict(draft), "revision": revision, "reason": reason[:200]},
        organisation_id=office_id,
    )
    return int(row.pk)
