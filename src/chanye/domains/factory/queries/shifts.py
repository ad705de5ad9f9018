"""Shift reports: the list of shifts, and one shift as signed or as known now."""

from __future__ import annotations

from chanye.domains.factory.models import ShiftReport
from chanye.domains.factory.queries.measures import shift_runs
from chanye.domains.factory.queries.shift_facts import shift_content
from chanye.domains.factory.rules.shifts import changed_since, digest_of
from chanye.domains.factory.types.shifts import ShiftRow, ShiftView
from chanye.kernel.errors import ConfigError
from chanye.kernel.shifts import ShiftRun
from chanye.kernel.time import DAY
from chanye.parties.types import Viewer


def shifts(viewer: Viewer, site_id: int, start: int, end: int, *, now: int) -> list[ShiftRow]:
    """Return the shifts that began in ``[start, end)``, the newest first, with who signed them.

    Raises
    ------
    ConfigError
        If the site has no calendar.
    DeniedError
        If there is no such site for the viewer.
    """
    runs = [run for run in shift_runs(viewer, site_id, start, end) if start <= run.start < min(end, now)]
    rows = ShiftReport.objects.filter(site_id=site_id, start__in=[run.start for run in runs])
    signed = {row.start: row for row in rows.select_related("signed_by")}
    return [_row(run, signed.get(run.start), now) for run in reversed(runs)]


def _row(run: ShiftRun, signed: ShiftReport | None, now: int) -> ShiftRow:
    going_on = run.end > now
    if signed is None:
        return ShiftRow(run.start, run.end, run.name, str(run.day), going_on)
    by = str(signed.signed_by or "")
    return ShiftRow(
        signed.start, signed.end, signed.shift, str(run.day), going_on, signed.pk, signed.signed_at, by, signed.digest
    )


def shift_report(viewer: Viewer, site_id: int, start: int, *, now: int) -> ShiftView:
    """Return a shift: as it was signed, with what changed since; as known now where nobody signed.

    Raises
    ------
    ConfigError
        If no shift of the site begins then.
    DeniedError
        If there is no such site for the viewer.
    """
    run = next((one for one in shift_runs(viewer, site_id, start, start + DAY) if one.start == start), None)
    if run is None or start > now:
        raise ConfigError("No shift of this site begins then: choose one from the list of shifts.")
    signed = ShiftReport.objects.filter(site_id=site_id, start=start).select_related("signed_by").first()
    row = _row(run, signed, now)
    content = shift_content(viewer, site_id, row.start, row.end, row.shift, now=now)
    if signed is None:
        return ShiftView(row, content)
    sound = digest_of(signed.content) == signed.digest
    return ShiftView(row, signed.content, signed.remark, changed_since(signed.content, content), sound)
