"""What people say of stops: reasons, one or several in a stop, at once for many, taken back. History is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.factory.actions.bookings import Report
from chanye.domains.factory.downtime_rows import reconcile, settings_of
from chanye.domains.factory.models import LinkSettings, Reason, Stop, StopLabel, StopPart
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import DAY, now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine

MOST_STOPS = 1000
LONGEST = 31 * DAY
#: Stops that began so long ago are found anew when the threshold changes. [us]
SORTED_ANEW = 7 * DAY


@dataclass(frozen=True, slots=True)
class Choice:
    """A stop, or only its part that begins at ``start`` (us UTC)."""

    stop_id: int
    start: int | None = None


def _reason(organisation_id: int, code: str) -> Reason:
    """Return a reason that may be given: an active leaf of the downtime tree."""
    row = Reason.objects.filter(organisation_id=organisation_id, tree="downtime", code=code, active=True).first()
    if row is None or Reason.objects.filter(parent=row, active=True).exists():
        raise ConfigError(_("There is no downtime reason %(code)s: choose one from the list.") % {"code": code})
    return row


def _stop(actor: Viewer, stop_id: int) -> Stop:
    row = Stop.objects.filter(id=stop_id).first()
    if row is None or not (actor.system or row.organisation_id == actor.organisation_id):
        raise DeniedError(_("There is no such stop any more, or it belongs to another organisation: load the page."))
    require(actor, "classify_stop", row.organisation_id)
    return row


def _interval(stop: Stop, start: int | None) -> tuple[int, int]:
    """Return ``[start, end)`` of a stop, or of its part that begins at ``start``; of what goes on, the beginning."""
    low, high = stop.start, stop.end
    if start is not None:
        part = StopPart.objects.filter(stop=stop, start=start).first()
        if part is None:
            raise ConfigError(_("The stop has changed meanwhile: look at it again."))
        low, high = part.start, part.end
    return low, low + 1 if high is None else high


def _say(
    actor: Viewer,
    stop: Stop,
    span: tuple[int, int],
    reason_id: int | None,
    now: int,
    *,
    note: str = "",
    origin: str = "office",
) -> StopLabel:
    return StopLabel.objects.create(
        organisation_id=stop.organisation_id,
        asset_id=stop.asset_id,
        start=span[0],
        end=span[1],
        reason_id=reason_id,
        evidence=(stop.alarm or stop.text)[:200],
        note=note[:500],
        person_id=actor.person_id,
        origin=origin,
        said_at=now,
        received_at=now,
    )


@transaction.atomic
def classify_stops(
    *, actor: Viewer, choices: Sequence[Choice], reason: str, note: str = "", origin: str = "office"
) -> int:
    """Give stops, or parts of them, a reason; all or none. Return how many.

    Raises
    ------
    ConfigError
        If there is no such reason, nothing is chosen, or a stop changed meanwhile.
    DeniedError
        If one of the stops is not there for the actor.
    """
    if not 0 < len(choices) <= MOST_STOPS:
        raise ConfigError(_("Choose at least one stop and at most %(most)s.") % {"most": MOST_STOPS})
    now = now_us()
    touched: dict[int, tuple[int, int]] = {}
    organisation_id = 0
    for choice in choices:
        stop = _stop(actor, choice.stop_id)
        organisation_id = stop.organisation_id
        row = _reason(organisation_id, reason)
        low, high = _interval(stop, choice.start)
        _say(actor, stop, (low, high), row.pk, now, note=note, origin=origin)
        held = touched.get(stop.asset_id, (low, high))
        touched[stop.asset_id] = (min(held[0], low), max(held[1], high))
    for asset_id, (low, high) in touched.items():
        reconcile(spine.asset(actor, asset_id), low, high, now=now)
    target = f"stop:{choices[0].stop_id}" if len(choices) == 1 else "stops"
    detail = {"reason": reason, "stops": [choice.stop_id for choice in choices], "note": note[:500]}
    record(actor=actor, verb="classify_stops", target=target, detail=detail, organisation_id=organisation_id)
    return len(choices)


@transaction.atomic
def split_stop(*, actor: Viewer, stop_id: int, at: int) -> None:
    """Cut a stop at a moment (us UTC), so that the parts can have reasons of their own; both keep what was said.

    Raises
    ------
    ConfigError
        If the moment is not inside the stop.
    DeniedError
        If there is no such stop for the actor.
    """
    stop, now = _stop(actor, stop_id), now_us()
    part = StopPart.objects.filter(stop=stop, start__lt=at).order_by("-start").first()
    end = None if part is None else part.end
    if part is None or at >= (now if end is None else end):
        raise ConfigError(_("Choose a time inside the stop."))
    note = "" if part.label is None else part.label.note
    for span in ((part.start, at), (at, at + 1 if end is None else end)):
        _say(actor, stop, span, part.reason_id, now, note=note)
    reconcile(spine.asset(actor, stop.asset_id), part.start, at, now=now)
    record(
        actor=actor,
        verb="split_stop",
        target=f"stop:{stop_id}",
        detail={"at": at},
        organisation_id=stop.organisation_id,
    )


@transaction.atomic
def report_stop(
    *, actor: Viewer, organisation_id: int, at: Report, start: int, end: int | None, reason: str
) -> StopLabel:
    """Say the reason of a stop of the place ``at.place_id``, whether its machine has shown it yet or not.

    Parameters
    ----------
    start, end
        us UTC as reported; ``end`` None: it goes on.

    Raises
    ------
    ConfigError
        If no place or no such reason is given, or the times cannot be.
    DeniedError
        If the permission is missing.
    """
    require(actor, "classify_stop", organisation_id)
    if at.place_id is None:
        raise ConfigError(_("Say which machine stopped: scan its label."))
    if end is not None and not 0 <= end - start <= LONGEST:
        raise ConfigError(_("The end of a stop comes after its start, at most 31 days later."))
    if not at.received_at - 2 * LONGEST <= start <= at.received_at + 120_000_000:
        raise ConfigError(_("The start of the stop lies too far back, or in the future: check the clock."))
    row = _reason(organisation_id, reason)
    label = StopLabel.objects.create(
        organisation_id=organisation_id,
        asset_id=at.place_id,
        start=start,
        end=max(start + 1, end or 0),
        reported_start=start,
        reported_end=end,
        pending=True,
        attached=False,
        reason=row,
        note=at.note[:500],
        person_id=at.person_id,
        origin=at.origin,
        said_at=at.event_at,
        received_at=at.received_at,
    )
    reconcile(spine.asset(actor, at.place_id), start, max(start, end or 0), now=at.received_at)
    label.refresh_from_db()
    _remember_evidence(label)
    detail = {"reason": reason, "start": start, "end": end, "attached": label.attached}
    target = f"stop_label:{label.pk}"
    record(actor=actor, verb="report_stop", target=target, detail=detail, organisation_id=organisation_id)
    return label


def _remember_evidence(label: StopLabel) -> None:
    """Keep what the machine said in the stop a report was tied to: reasons are proposed by it later."""
    part = StopPart.objects.filter(label=label).select_related("stop").order_by("start").first()
    if part is not None:
        label.evidence = (part.stop.alarm or part.stop.text)[:200]
        label.save(update_fields=["evidence"])


@transaction.atomic
def retract_label(*, actor: Viewer, label_id: int) -> None:
    """Take back what was said of a stop; what was said before holds again. The row stays in the history.

    Raises
    ------
    ConfigError
        If it was taken back already.
    DeniedError
        If there is no such row for the actor.
    """
    row = StopLabel.objects.select_for_update().filter(id=label_id).first()
    if row is None or not (actor.system or row.organisation_id == actor.organisation_id):
        raise DeniedError(_("There is no such entry, or it belongs to another organisation."))
    require(actor, "classify_stop", row.organisation_id)
    if row.retracted_at is not None:
        raise ConfigError(_("This was taken back already."))
    row.retracted_at, row.retracted_by_id = now_us(), actor.person_id
    row.save(update_fields=["retracted_at", "retracted_by"])
    reconcile(spine.asset(actor, row.asset_id), row.start, row.end, now=row.retracted_at)
    record(
        actor=actor,
        verb="retract_label",
        target=f"stop_label:{label_id}",
        organisation_id=row.organisation_id,
    )


@transaction.atomic
def configure_link(*, actor: Viewer, asset_id: int, threshold: int, auto_book: bool) -> None:
    """Say how long a stop of a machine is before it wants a reason [s], and whether its counts book themselves.

    A new threshold holds for the stops of the last ``SORTED_ANEW`` too; older ones stay as they are.

    Raises
    ------
    ConfigError
        If the threshold cannot be.
    DeniedError
        If the actor may not edit the site.
    """
    asset = spine.asset(actor, asset_id)
    require(actor, "edit_site", asset.organisation_id)
    if not 0 <= threshold <= 86_400:
        raise ConfigError(_("Give a time from 0 s to 24 h."))
    now = now_us()
    values = {"threshold": threshold, "auto_book": auto_book}
    before = settings_of(asset.id).threshold
    LinkSettings.objects.update_or_create(asset_id=asset.id, defaults=values | {"changed_at": now})
    if threshold != before:
        reconcile(asset, now - SORTED_ANEW, now, now=now)
    record(
        actor=actor,
        verb="configure_link",
        target=f"asset:{asset.id}",
        detail=values,
        organisation_id=asset.organisation_id,
    )
