"""Signing of shift reports."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from chanye.domains.factory.models import ShiftReport
from chanye.domains.factory.queries.measures import shift_runs
from chanye.domains.factory.queries.shift_facts import shift_content
from chanye.domains.factory.rules.shifts import digest_of
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import DAY, now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine


def sign_shift(*, actor: Viewer, site_id: int, start: int, remark: str = "", now: int | None = None) -> int:
    """Sign a shift that is over: what is known of it is kept with its digest; return the report.

    Signing again answers the same report: what became known later is shown beside it, never written into it.

    Raises
    ------
    ConfigError
        If no shift begins then, or it is not over.
    DeniedError
        If the actor may not.
    """
    at = now_us() if now is None else now
    site = spine.asset(actor, site_id)
    require(actor, "sign_shift", site.organisation_id)
    run = next((one for one in shift_runs(actor, site_id, start, start + DAY) if one.start == start), None)
    if run is None:
        raise ConfigError(_("No shift of this site begins then: choose one from the list of shifts."))
    if run.end > at:
        raise ConfigError(_("The shift is not over: sign it afterwards."))
    known = ShiftReport.objects.filter(site_id=site_id, start=start).first()
    if known is not None:
        return int(known.pk)
    content = shift_content(actor, site_id, run.start, run.end, run.name, now=at)  # reads long: before the lock
    try:
        with transaction.atomic():
            row = ShiftReport.objects.create(
                organisation_id=site.organisation_id,
                site_id=site_id,
                start=run.start,
                end=run.end,
                shift=run.name[:64],
                content=content,
                digest=digest_of(content),
                remark=remark.strip()[:1000],
                signed_at=at,
                signed_by_id=actor.person_id,
            )
            record(
                actor=actor,
                verb="sign_shift",
                target=f"shift_report:{row.pk}",
                detail={"start": run.start, "shift": run.name, "digest": row.digest},
                organisation_id=site.organisation_id,
            )
    except IntegrityError:  # somebody signed it at the same moment
        return int(ShiftReport.objects.get(site_id=site_id, start=start).pk)
    return int(row.pk)
