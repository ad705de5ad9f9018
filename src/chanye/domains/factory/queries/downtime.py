"""Reads of stops and their reasons. Each takes the viewer first; times in us UTC."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from chanye.domains.factory.models import LinkSettings, Reason, Stop, StopLabel
from chanye.domains.factory.queries.losses import losses
from chanye.domains.factory.queries.stop_views import DEFAULT_THRESHOLD, MOST, SECOND, places_of, stops
from chanye.domains.factory.reason_names import reason_label
from chanye.domains.factory.types.downtime import HandReport, ReasonNode, StopPiece, StopView
from chanye.kernel.time import DAY, now_us
from chanye.parties.prepared import Prepared
from chanye.parties.types import Viewer

__all__ = ["hand_reports", "losses", "open_stops", "reasons", "said_of", "stop", "stops", "wanting"]

#: Stops older than this are no longer asked for on terminals and boards. [us]
ASKED = 7 * DAY


def reasons(viewer: Viewer, organisation_id: int, tree: str) -> list[ReasonNode]:
    """Return the active reasons of a tree in the plant's order, as groups with their leaves below."""
    if not (viewer.system or viewer.organisation_id == organisation_id):
        return []
    rows = list(Reason.objects.filter(organisation_id=organisation_id, tree=tree, active=True))
    below: dict[int | None, list[Reason]] = {}
    for row in rows:
        below.setdefault(row.parent_id, []).append(row)

    def node(row: Reason) -> ReasonNode:
        inner = tuple(node(child) for child in below.get(row.pk, ()))
        return ReasonNode(row.pk, row.code, row.name, row.name_en, reason_label(row), row.element, inner)

    return [node(row) for row in below.get(None, ())]


def open_stops(viewer: Viewer, place_ids: Sequence[int], *, now: int | None = None) -> list[StopView]:
    """Return the stops of some machines that want a reason, the newest first, each with the reason that fits."""
    at = now_us() if now is None else now
    found = stops(viewer, place_ids, at - ASKED, at, now=at, missing=True)
    return sorted(found, key=lambda stop: -stop.start)


def stop(viewer: Viewer, stop_id: int, *, now: int | None = None) -> StopView | None:
    """Return one stop; None if there is none (any more) that the viewer may see."""
    at = now_us() if now is None else now
    row = Stop.objects.filter(id=stop_id).first()
    if row is None or not (viewer.system or row.organisation_id == viewer.organisation_id):
        return None
    found = stops(viewer, [row.asset_id], row.start, row.start + 1, now=at)
    return next((view for view in found if view.id == stop_id), None)


def hand_reports(viewer: Viewer, asset_ids: Sequence[int], start: int, end: int) -> list[HandReport]:
    """Return what people reported of ``[start, end)`` where no machine has shown a stop, in time order."""
    places = places_of(viewer, asset_ids)
    rows = StopLabel.objects.filter(
        asset_id__in=list(places), attached=False, retracted_at=None, start__lt=end, end__gt=start
    ).exclude(reported_start=None)
    found = []
    for row in rows.select_related("reason", "person").order_by("start", "id")[:MOST]:
        begun = row.start if row.reported_start is None else row.reported_start
        name, code = (reason_label(row.reason), row.reason.code) if row.reason else ("", "")
        who = row.person.name if row.person else ""
        place = places[row.asset_id].name
        report = (row.pk, row.asset_id, place, begun, row.reported_end, code, name, who, row.said_at, row.note)
        found.append(HandReport(*report))
    return found


def said_of(viewer: Viewer, stop_id: int) -> list[tuple[StopPiece, bool]]:
    """Return all that was ever said of a stop, the newest first; True where it was taken back."""
    stop = Stop.objects.filter(id=stop_id).first()
    if stop is None or not (viewer.system or stop.organisation_id == viewer.organisation_id):
        return []
    last = stop.until if stop.end is None else stop.end
    rows = StopLabel.objects.filter(asset_id=stop.asset_id, start__lt=last, end__gt=stop.start)
    found = []
    for row in rows.select_related("reason", "person").order_by("-said_at", "-id"):
        reason = row.reason
        piece = StopPiece(
            row.start,
            row.end,
            row.end - row.start,
            reason.code if reason else "",
            reason_label(reason) if reason else "",
            reason.element if reason else "",
            row.pk,
            row.person.name if row.person else "",
            row.said_at,
            row.note,
        )
        found.append((piece, row.retracted_at is not None))
    return found


_unnamed = Prepared(
    lambda assets, now, since: Stop.objects.filter(
        asset_id__in=assets, start__lt=now, until__gt=since, parts__reason=None
    ).values_list("organisation_id", "asset_id", "start", "end")
)
_thresholds = Prepared(
    lambda assets: LinkSettings.objects.filter(asset_id__in=assets).values_list("asset_id", "threshold")
)


def wanting(viewer: Viewer, asset_ids: Sequence[int], now: int) -> dict[int, int]:
    """Return how many stops of each machine want a reason; cheap: two queries whatever the number of machines."""
    organisation = viewer.organisation_id or 0
    rows = _unnamed(assets=list(asset_ids), now=now, since=now - ASKED)
    unnamed = {row[1:] for row in rows if viewer.system or row[0] == organisation}
    thresholds = dict(_thresholds(assets=list(asset_ids)))
    found: Counter[int] = Counter()
    for asset_id, start, end in unnamed:
        if end is not None or now - start >= thresholds.get(asset_id, DEFAULT_THRESHOLD) * SECOND:
            found[asset_id] += 1
    return dict(found)
