"""Public holidays into a shift calendar."""

from __future__ import annotations

from django.db import transaction

from chanye.domains.factory.models import ShiftCalendar
from chanye.domains.factory.rules.holidays import with_holidays
from chanye.kernel.errors import DeniedError
from chanye.kernel.shifts import shift_pattern_from_dict, shift_pattern_to_dict
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer


@transaction.atomic
def take_holidays(*, actor: Viewer, calendar_id: int, year: int) -> int:
    """Put the public holidays and make-up days of a year into a calendar; return how many exceptions are new.

    Raises
    ------
    ConfigError
        If the holidays of that year are not known.
    DeniedError
        If there is no such calendar for the actor to edit.
    """
    row = ShiftCalendar.objects.select_for_update().filter(id=calendar_id).first()
    if row is None or not (actor.system or row.organisation_id == actor.organisation_id):
        raise DeniedError("There is no such calendar, or it belongs to another organisation.")
    require(actor, "edit_calendar", row.organisation_id)
    before = shift_pattern_from_dict(row.pattern)
    after = with_holidays(before, year)
    row.pattern, row.changed_at = shift_pattern_to_dict(after), now_us()
    row.save()
    new = len(after.exceptions) - len(before.exceptions)
    record(
        actor=actor,
        verb="take_holidays",
        target=f"calendar:{row.pk}",
        detail={"year": year, "new": new},
        organisation_id=row.organisation_id,
    )
    return new
