"""The machine link: stops that follow the frames, pieces that machines counted and somebody, or nobody, booked."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.factory.actions.bookings import Report, report_output
from chanye.domains.factory.downtime_rows import reconcile
from chanye.domains.factory.models import LinkSettings, OutputSettlement, Stop
from chanye.domains.factory.queries import link as queries
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import SYSTEM, Viewer
from chanye.spine import queries as spine
from chanye.spine.frame_actions import run_follower
from chanye.spine.history.types import Changes
from chanye.spine.store import reader

if TYPE_CHECKING:
    from chanye.spine.history import Reader

log = structlog.get_logger("link")

#: Series whose changes can change a stop.
_STOP_ROLES = frozenset({"execution", "alarm"})


def update_stops(*, actor: Viewer, source: Reader | None = None) -> bool:
    """Derive the stops of machines of which something new is known; return whether there is more at once."""
    return run_follower(
        actor=actor,
        name="stops",
        after=("states", "alarms"),
        work=_stops_of,
        reader=source or reader(),
    )


def _stops_of(changes: Changes) -> None:
    touched = {int(s): (int(a), int(b)) for s, a, b in zip(changes.series, changes.first, changes.last, strict=True)}
    machines: dict[int, tuple[int, int]] = {}
    for ref in spine.series_by_id(SYSTEM, touched).values():
        if ref.role in _STOP_ROLES:
            first, last = touched[ref.id]
            low, high = machines.get(ref.asset_id, (first, last))
            machines[ref.asset_id] = min(low, first), max(high, last)
    now = now_us()
    for asset_id, (first, last) in machines.items():
        reconcile(spine.asset(SYSTEM, asset_id), first, last, now=now)


def refresh_open_stops(*, actor: Viewer) -> int:
    """Derive stops that go on anew, for planned time begins and ends without a sample; return how many machines."""
    now = now_us()
    rows = Stop.objects.filter(end=None).order_by("asset_id", "start").values_list("asset_id", "start")
    starts: dict[int, int] = {}
    for asset_id, start in rows:
        starts.setdefault(asset_id, start)
    for asset_id, start in starts.items():
        reconcile(spine.asset(SYSTEM, asset_id), start, start, now=now)
    return len(starts)


@transaction.atomic
def accept_output(
    *, actor: Viewer, operation_id: int, at: Report, good: int, scrap: int = 0, reason: str = ""
) -> int:
    """Book pieces that the machine ``at.place_id`` counted for an operation; return the booking.

    Raises
    ------
    ConfigError
        If the machine counted no such number beyond what is booked.
    DeniedError
        If there is no such operation or machine for the actor.
    """
    if at.place_id is None:
        raise ConfigError(_("Say which machine counted the pieces."))
    place = spine.asset(actor, at.place_id)
    require(actor, "report_output", place.organisation_id)
    LinkSettings.objects.get_or_create(asset_id=place.id)
    LinkSettings.objects.select_for_update().get(asset_id=place.id)  # one at a time for each machine
    found = queries.proposals(actor, [place.id])
    mine = next((one for one in found if one.operation_id == operation_id), None)
    left = 0 if mine is None else max(0, mine.difference)
    if good + scrap > left:
        raise ConfigError(
            _("The machine counted %(left)s pieces that are not booked yet: book those, or report by hand.")
            % {"left": left}
        )
    return report_output(actor=actor, operation_id=operation_id, at=at, good=good, scrap=scrap, reason=reason)


@transaction.atomic
def assign_output(
    *,
    actor: Viewer,
    place_id: int,
    start: int,
    end: int,
    operation_id: int | None,
    good: int,
    scrap: int = 0,
    reason: str = "",
    note: str = "",
) -> None:
    """Give pieces made with no order to an operation, or dismiss them (``operation_id`` None), all or some.

    Parameters
    ----------
    start, end
        First and last piece of the group, as ``queries.unassigned`` gives it [us UTC].
    note
        Why; required where pieces are dismissed.

    Raises
    ------
    ConfigError
        If there are not so many left, or no reason is given for dismissing them.
    DeniedError
        If there is no such machine or operation for the actor.
    """
    place = spine.asset(actor, place_id)
    require(actor, "settle_entries", place.organisation_id)
    LinkSettings.objects.get_or_create(asset_id=place.id)
    LinkSettings.objects.select_for_update().get(asset_id=place.id)
    rows = queries.unassigned_of(actor, {place.id: place}, start, end + 1)
    mine = [one for one in rows if (one.start, one.end) == (start, end)]
    left = mine[0].good + mine[0].scrap if mine else 0
    if min(good, scrap) < 0 or not 0 < good + scrap <= left:
        raise ConfigError(_("%(left)s pieces are left here: load the page and choose again.") % {"left": left})
    now = now_us()
    booking = None
    if operation_id is None:
        if not note.strip():
            raise ConfigError(_("Say why these pieces belong to no order."))
    else:
        at = Report(end, now, place.id, actor.person_id, "machine", note)
        booking = report_output(actor=actor, operation_id=operation_id, at=at, good=good, scrap=scrap, reason=reason)
    OutputSettlement.objects.create(
        organisation_id=place.organisation_id,
        asset_id=place.id,
        start=start,
        end=end,
        good=good,
        scrap=scrap,
        booking_id=booking,
        note=note.strip()[:500],
        person_id=actor.person_id,
        at=now,
    )
    record(
        actor=actor,
        verb="assign_output" if booking else "dismiss_output",
        target=f"asset:{place.id}",
        detail={"start": start, "end": end, "good": good, "scrap": scrap, "booking": booking, "note": note},
        organisation_id=place.organisation_id,
    )


def book_counts(*, actor: Viewer, source: Reader | None = None) -> bool:
    """Book what machines that book by themselves counted; return whether there is more at once.

    Scrap is left to a person, who knows why; so is what an order has no room for.
    """
    return run_follower(
        actor=actor, name="auto book", after=("counts",), work=partial(_book_of, actor), reader=source or reader()
    )


def _book_of(actor: Viewer, changes: Changes) -> None:
    refs = spine.series_by_id(SYSTEM, changes.series.tolist()).values()
    touched = {ref.asset_id for ref in refs if ref.role in ("part_count", "scrap_count")}
    asked = LinkSettings.objects.filter(asset_id__in=touched, auto_book=True).values_list("asset_id", flat=True)
    for one in queries.proposals(actor, list(asked)):
        if not one.bookable or not one.good:
            continue
        at = Report(one.last, now_us(), one.place_id, None, "machine")
        try:
            accept_output(actor=actor, operation_id=one.operation_id, at=at, good=one.good)
        except ConfigError as problem:  # it stays a proposal, and a person sees why
            log.info("counts not booked", place=one.place, order=one.order, why=str(problem))
