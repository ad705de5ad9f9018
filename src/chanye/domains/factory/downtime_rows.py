"""Stops as rows: derived from frames and labels, kept up to date. For the actions of the room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from django.db import transaction
from django.db.models import Q

from chanye.domains.factory.floor import Floor, load
from chanye.domains.factory.models import LinkSettings, Stop, StopLabel, StopPart
from chanye.domains.factory.rules.downtime import SOON, Found, Label, Piece, find_stops, lay_all, tie, wanted
from chanye.kernel.time import DAY
from chanye.parties.types import SYSTEM
from chanye.spine import frame_queries
from chanye.spine.frames import OPEN, tile
from chanye.spine.types import AssetRef

#: How far ahead the next planned time of a stop that goes on is looked for. [us]
AHEAD = 14 * DAY
SECOND = 1_000_000
_FAR = 1 << 62


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a machine showed around a change: stops in ``[low, high)``, known up to ``known``; us UTC."""

    low: int
    high: int
    known: int
    stops: list[Found]


def settings_of(asset_id: int) -> LinkSettings:
    """Return how the stops of an asset are taken; the defaults where nothing was said."""
    return LinkSettings.objects.filter(asset_id=asset_id).first() or LinkSettings(asset_id=asset_id)


@transaction.atomic
def reconcile(asset: AssetRef, first: int, last: int, *, now: int) -> None:
    """Derive the stops of an asset that touch ``[first, last]`` (us UTC) anew from its frames and labels."""
    LinkSettings.objects.get_or_create(asset_id=asset.id)
    settings = LinkSettings.objects.select_for_update().get(asset_id=asset.id)  # one at a time for each asset
    first, last = _reach(asset.id, first, last)
    floor = load(SYSTEM, [asset])
    while True:
        shown = _shown(floor, first, last, now) if floor.machines else _told(asset.id, first, last, now)
        labels = _labels(asset.id, shown.low, shown.high)
        wider = _spoken(labels, first, last)
        if wider == (first, last):
            break
        first, last = wider
    tied = {row.pk: tie(_label(row), shown.stops, shown.known) for row in labels}
    stops = wanted(shown.stops, list(tied.values()), settings.threshold * SECOND)
    pieces, grown = lay_all(stops, list(tied.values()))
    _keep_labels(labels, tied | grown)
    reasons = {row.pk: row.reason_id for row in labels}
    _keep_stops(asset, shown, stops, pieces, reasons)


def _spoken(labels: Sequence[StopLabel], first: int, last: int) -> tuple[int, int]:
    """Return the interval widened to what pending reports speak of: each is tied to all of its stops at once."""
    for row in labels:
        if row.pending and row.reported_start is not None:
            end = row.reported_start + SOON if row.reported_end is None else row.reported_end
            first, last = min(first, row.reported_start), max(last, end)
    return first, last


def _reach(asset_id: int, first: int, last: int) -> tuple[int, int]:
    """Return the interval widened to the stops that it touches."""
    rows = Stop.objects.filter(asset_id=asset_id, start__lte=last, until__gte=first).values_list("start", "end")
    for start, end in rows:
        first, last = min(first, start), max(last, end or last)
    return first, last


def shown_stops(floor: Floor, first: int, last: int, now: int) -> list[Found]:
    """Return the stops of the one machine of a floor that touch ``[first, last]`` (us UTC), none left out as minor.

    An end is ``OPEN`` where a stop goes on; ``lost`` is then what is known so far.
    """
    found = _shown(floor, first, last, now).stops if floor.machines else []
    return [stop for stop in found if stop.start <= last and min(stop.end, stop.until) > first]


def _shown(floor: Floor, first: int, last: int, now: int) -> _Shown:
    (machine,) = floor.machines
    series = machine.number("execution")
    otherwise = [word for word, state in machine.expected.states.items() if state != "running"]
    low, high = frame_queries.neighbours(SYSTEM, series, first, last, state="running", without=otherwise)
    low, far = low or 0, _FAR if high is None else high
    table = frame_queries.frame_table(SYSTEM, [series], low, far)
    latest = int(floor.latest.time[floor.row[series]])
    if not len(table.start):
        return _Shown(low, far, latest, [])
    going_on = int(table.end[-1]) == OPEN and high is None
    end = max(now, int(table.start[-1]) + 1) if going_on else min(far, int(table.end[-1]))
    start = max(low, int(table.start[0]))
    pieces = tile(table.start, table.end, (start, end))
    meaning = machine.expected.states
    states = [meaning.get(str(t), s) for t, s in zip(table.text, table.state, strict=True)]
    # one more entry at the end, which -1 picks: what no frame covers
    state = np.array([*states, "unknown"], object)[pieces.which]
    text = np.append(table.text, "")[pieces.which]
    planned = floor.calendars.planned(machine.calendar, start, end + AHEAD if going_on else end)
    stops = find_stops(pieces.edge, state, text, planned, going_on=going_on, known=latest)
    coming = [stop.start for stop in stops if stop.start > now]
    stops = [stop for stop in stops if stop.start <= now or stop.start == coming[0]]
    known = max(latest, int(table.start[-1]))
    return _Shown(low, far, known, stops)


def _told(asset_id: int, first: int, last: int, now: int) -> _Shown:
    """Return the stops of a place that nothing is connected to: what people reported is all there is."""
    labels = _labels(asset_id, first, last + 1)
    low = min([first, *(row.start for row in labels)])
    high = max([last + 1, *(row.end for row in labels)])
    spans = [(row.reported_start, row.reported_end) for row in labels if row.reported_start is not None]
    stops: list[Found] = []
    for start, end in sorted(spans, key=lambda span: (span[0], span[1] or OPEN)):
        stop = OPEN if end is None else max(end, start + 1)
        if stops and stops[-1].end == OPEN:  # the next report ends one that was left open
            held = stops.pop()
            stops += [replace(held, end=start, until=start, known=start, lost=start - held.start)]
        elif stops and stops[-1].end > start:
            held = stops.pop()
            start, stop = held.start, max(stop, held.end)
        sure = max(start + 1, min(stop, now))
        until = max(now, start) + AHEAD if stop == OPEN else stop
        stops.append(Found(start, stop, until, sure, "stopped", "", sure - start))
    return _Shown(low, high, _FAR, [stop for stop in stops if stop.end > stop.start])


def _labels(asset_id: int, low: int, high: int) -> list[StopLabel]:
    """Return what holds for ``[low, high)``, and reports that may belong to a stop that begins in it."""
    near = Q(start__lt=high, end__gt=low) | Q(pending=True, start__lt=high, end__gt=low - SOON)
    rows = StopLabel.objects.filter(near, asset_id=asset_id, retracted_at=None)
    return list(rows.order_by("said_at", "id"))


def _label(row: StopLabel) -> Label:
    report = None if row.reported_start is None else (row.reported_start, row.reported_end)
    return Label(row.pk, row.start, row.end, row.said_at, report, row.pending, row.attached)


def _keep_labels(rows: Sequence[StopLabel], now: dict[int, Label]) -> None:
    for row in rows:
        label = now[row.pk]
        if (row.start, row.end, row.pending, row.attached) != (label.start, label.end, label.pending, label.attached):
            row.start, row.end, row.pending, row.attached = label.start, label.end, label.pending, label.attached
            row.save(update_fields=["start", "end", "pending", "attached"])


def _keep_stops(
    asset: AssetRef,
    shown: _Shown,
    stops: Sequence[Found],
    pieces: Sequence[Sequence[Piece]],
    reasons: dict[int, int | None],
) -> None:
    """Write stops and parts; a stop that is still there keeps its number."""
    touched = Stop.objects.filter(asset_id=asset.id, start__lt=shown.high, until__gt=shown.low)
    free = list(touched.order_by("start"))
    alarms = _alarms(asset.id, stops)
    made: list[tuple[Stop, Sequence[Piece]]] = []
    for found, parts in zip(stops, pieces, strict=True):
        row = _match(free, found) or Stop(organisation_id=asset.organisation_id, asset_id=asset.id)
        values = {
            "start": found.start,
            "end": None if found.end == OPEN else found.end,
            "until": found.until,
            "state": found.state,
            "text": found.text,
            "alarm": alarms.get(found.start, ""),
        }
        if row.pk is None or any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            row.save()
        made.append((row, parts))
    Stop.objects.filter(id__in=[row.pk for row in free]).delete()
    _keep_parts(made, reasons)


def _match(free: list[Stop], found: Found) -> Stop | None:
    """Take the row of a stop out of those that are free: the one that shares most time with it."""

    def shared(row: Stop) -> int:
        end = row.until if row.end is None else row.end
        return min(end, found.end, found.until) - max(row.start, found.start)

    best = max(free, key=shared, default=None)
    if best is None or shared(best) <= 0:
        return None
    free.remove(best)
    return best


def _keep_parts(made: Sequence[tuple[Stop, Sequence[Piece]]], reasons: dict[int, int | None]) -> None:
    present: dict[int, list[StopPart]] = {row.pk: [] for row, _pieces in made}
    for part in StopPart.objects.filter(stop_id__in=present).order_by("start", "id"):
        present[part.stop_id].append(part)
    old: list[int] = []
    new: list[StopPart] = []
    for row, pieces in made:
        wanted_parts = [
            (p.start, None if p.end == OPEN else p.end, p.label, reasons.get(p.label or 0)) for p in pieces
        ]
        if [(p.start, p.end, p.label_id, p.reason_id) for p in present[row.pk]] == wanted_parts:
            continue
        old += [part.pk for part in present[row.pk]]
        new += [
            StopPart(stop=row, asset_id=row.asset_id, start=start, end=end, label_id=label, reason_id=reason)
            for start, end, label, reason in wanted_parts
        ]
    StopPart.objects.filter(id__in=old).delete()
    StopPart.objects.bulk_create(new, batch_size=500)


def _alarms(asset_id: int, stops: Sequence[Found]) -> dict[int, str]:
    """Return the alarm that was on when each stop began or came while it lasted: the first fault, else warning."""
    if not stops:
        return {}
    last = min(stops[-1].end, stops[-1].until)
    frames = frame_queries.frames(SYSTEM, [asset_id], stops[0].start - SECOND, last, kinds=("alarm",), limit=50_000)
    frames.sort(key=lambda frame: (frame.attributes.get("level") != "fault", frame.start))
    begin = np.array([frame.start for frame in frames], np.int64)
    end = np.array([OPEN if frame.end is None else frame.end for frame in frames], np.int64)
    found: dict[int, str] = {}
    for stop in stops:
        on = (begin < min(stop.end, stop.until)) & (end > stop.start - SECOND)
        if on.any():
            found[stop.start] = frames[int(np.argmax(on))].text[:200]
    return found
