"""Stops as values: read once for many, with what was on the machine and the reason that fits."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from django.db.models import Count, Q, QuerySet

from chanye.domains.factory.floor import Calendars, load_calendars
from chanye.domains.factory.models import LinkSettings, Reason, Stop, StopLabel, StopPart, WorkSpan
from chanye.domains.factory.queries.maintenance import planned_windows
from chanye.domains.factory.reason_names import reason_label
from chanye.domains.factory.rules.downtime import KIND, Hints, propose
from chanye.domains.factory.rules.kpis import covered_before
from chanye.domains.factory.types.downtime import StopPiece, StopProposal, StopView
from chanye.domains.factory.types.maintenance import MaintenanceWindow
from chanye.kernel.intervals import Intervals
from chanye.kernel.shifts import ShiftRun, shift_pattern_from_dict
from chanye.kernel.time import DAY, now_us
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.spine.types import AssetRef

SECOND = 1_000_000
DEFAULT_THRESHOLD = 120
MOST = 20_000
#: What the reason for the usual cases is called in a plant's tree, the first that is there.
CONVENTIONAL: Mapping[str, tuple[str, ...]] = {
    "setup": ("setup", "changeover"),
    "no_order": ("no_order", "no_work"),
    "maintenance": ("planned_maintenance", "maintenance"),
}


def stops(
    viewer: Viewer,
    asset_ids: Sequence[int],
    start: int,
    end: int,
    *,
    now: int | None = None,
    missing: bool = False,
) -> list[StopView]:
    """Return the stops of some machines that touch ``[start, end)`` in time order, whole, at most 20,000.

    ``missing``: only those that want a reason for some of their time.
    """
    at = now_us() if now is None else now
    places = places_of(viewer, asset_ids)
    rows = _rows(places, start, min(end, at))
    if missing:
        rows = rows.filter(id__in=StopPart.objects.filter(asset_id__in=places, reason=None).values("stop_id"))
    found = list(rows[:MOST])
    if not found:
        return []
    around = _around(viewer, places, found, at)
    views = [_view(row, around, at) for row in found]
    views = [view for view in views if view.lost >= around.threshold(view.asset_id) or _named(view)]
    return _with_proposals(viewer, views, around)


def _named(view: StopView) -> bool:
    return any(piece.reason for piece in view.pieces)


def places_of(viewer: Viewer, asset_ids: Sequence[int]) -> dict[int, AssetRef]:
    """Return those of some assets that the viewer may see, by number."""
    wanted = set(asset_ids)
    return {ref.id: ref for ref in spine.assets(viewer) if ref.id in wanted}


def _rows(places: Mapping[int, AssetRef], start: int, end: int) -> QuerySet[Stop]:
    rows = Stop.objects.filter(asset_id__in=list(places), start__lt=end, until__gt=start)
    return rows.filter(Q(end=None) | Q(end__gt=start)).order_by("start", "id")


@dataclass(frozen=True, slots=True)
class _Around:
    """What is read once for many stops."""

    places: Mapping[int, AssetRef]
    thresholds: Mapping[int, int]
    parts: Mapping[int, list[StopPart]]
    planned: Callable[[int], Intervals]
    runs: Callable[[int], list[ShiftRun]]
    spans: Mapping[int, list[WorkSpan]]

    def threshold(self, asset_id: int) -> int:
        """Return how long a stop of a machine is that wants a reason [us]."""
        return self.thresholds.get(asset_id, DEFAULT_THRESHOLD) * SECOND


def _around(viewer: Viewer, places: Mapping[int, AssetRef], rows: Sequence[Stop], now: int) -> _Around:
    low, high = min(row.start for row in rows), max(_ended(row, now) for row in rows)
    parts: dict[int, list[StopPart]] = {}
    wanted = StopPart.objects.filter(stop_id__in=[row.pk for row in rows]).select_related("reason", "label__person")
    for part in wanted.order_by("start", "id"):
        parts.setdefault(part.stop_id, []).append(part)
    spans: dict[int, list[WorkSpan]] = {}
    held = WorkSpan.objects.filter(place_id__in=list(places), start__lt=high).filter(Q(end=None) | Q(end__gt=low))
    for span in held.select_related("operation__order").order_by("start"):
        spans.setdefault(span.place_id or 0, []).append(span)
    thresholds = dict(LinkSettings.objects.filter(asset_id__in=list(places)).values_list("asset_id", "threshold"))
    calendars = load_calendars(viewer)
    planned, runs = plans_of(viewer, calendars, places, low, max(high, low + 1))
    return _Around(places, thresholds, parts, planned, runs, spans)


def plans_of(
    viewer: Viewer, calendars: Calendars, places: Mapping[int, AssetRef], low: int, high: int
) -> tuple[Callable[[int], Intervals], Callable[[int], list[ShiftRun]]]:
    """Return planned time and shifts by asset, each calendar worked once."""
    planned: dict[int | None, Intervals] = {}
    runs: dict[int | None, list[ShiftRun]] = {}

    def number(asset_id: int) -> int | None:
        return calendars.of(places[asset_id].path)

    def time_of(asset_id: int) -> Intervals:
        key = number(asset_id)
        if key not in planned:
            planned[key] = calendars.planned(key, low, high)
        return planned[key]

    def runs_of(asset_id: int) -> list[ShiftRun]:
        key = number(asset_id)
        if key not in runs:
            pattern = None if key is None else shift_pattern_from_dict(calendars.patterns[key])
            runs[key] = [] if pattern is None else pattern.runs(low, high)
        return runs[key]

    return time_of, runs_of


def _ended(row: Stop, now: int) -> int:
    """Return where a stop ended, or stands now."""
    return max(row.start, min(row.until, now) if row.end is None else row.end)


def _view(row: Stop, around: _Around, now: int) -> StopView:
    ended = _ended(row, now)
    goes_on = row.end is None and now < row.until
    planned = around.planned(row.asset_id)
    pieces = []
    for part in around.parts.get(row.pk, ()):
        stop = ended if part.end is None else part.end
        low, high = covered_before(planned, np.array([part.start, max(part.start, stop)], np.int64)).tolist()
        pieces.append(_piece(part, None if part.end is None and goes_on else stop, high - low))
    runs = around.runs(row.asset_id)
    at = bisect.bisect_right([run.start for run in runs], row.start) - 1
    span = _span(around.spans.get(row.asset_id, ()), row.start, ended)
    return StopView(
        id=row.pk,
        asset_id=row.asset_id,
        place=around.places[row.asset_id].name,
        start=row.start,
        end=None if goes_on else ended,
        lost=sum(piece.lost for piece in pieces),
        state=row.state,
        text=row.text,
        alarm=row.alarm,
        pieces=tuple(pieces),
        order=span.operation.order.number if span else "",
        shift=runs[at].name if at >= 0 and row.start < runs[at].end else "",
    )


def _piece(part: StopPart, end: int | None, lost: int) -> StopPiece:
    reason, label = part.reason, part.label
    return StopPiece(
        start=part.start,
        end=end,
        lost=lost,
        reason=reason.code if reason else "",
        label=reason_label(reason) if reason else "",
        element=reason.element if reason else "",
        label_id=part.label_id,
        who=label.person.name if label and label.person else "",
        said_at=label.said_at if label else None,
        note=label.note if label else "",
    )


def _span(spans: Iterable[WorkSpan], start: int, end: int) -> WorkSpan | None:
    """Return the work that was on the machine when a stop began, or the first that came while it lasted."""
    touching = [span for span in spans if span.start < max(end, start + 1) and (span.end is None or span.end > start)]
    return touching[0] if touching else None


def _with_proposals(viewer: Viewer, views: Sequence[StopView], around: _Around) -> list[StopView]:
    asking = [view for view in views if view.missing or any(not piece.reason for piece in view.pieces)]
    if not asking:
        return list(views)
    organisation = around.places[asking[0].asset_id].organisation_id
    leaves = {row.pk: row for row in _leaves(organisation)}
    by_code = {row.code: row.pk for row in leaves.values()}
    conventional = {
        name: next(by_code[code] for code in codes if code in by_code)
        for name, codes in CONVENTIONAL.items()
        if any(code in by_code for code in codes)
    }
    chosen = _chosen(organisation, {view.alarm for view in asking} | {view.text for view in asking})
    low, high = min(view.start for view in asking), max(view.end or view.start + DAY for view in asking)
    windows: dict[int, list[MaintenanceWindow]] = {}
    for window in planned_windows(viewer, {view.asset_id for view in asking}, low, high):
        windows.setdefault(window.asset_id, []).append(window)
    found: dict[int, StopProposal] = {}
    for view in asking:
        hints = _hints(view, around, chosen, windows.get(view.asset_id, ()))
        proposed = propose(hints, conventional)
        if proposed is not None and proposed[0] in leaves:
            row = leaves[proposed[0]]
            found[view.id] = StopProposal(row.code, reason_label(row), proposed[1])
    return [replace(view, proposal=found.get(view.id)) for view in views]


def _leaves(organisation_id: int) -> list[Reason]:
    rows = Reason.objects.filter(organisation_id=organisation_id, tree="downtime", active=True)
    parents = set(rows.exclude(parent=None).values_list("parent_id", flat=True))
    return [row for row in rows if row.pk not in parents]


def _chosen(organisation_id: int, words: set[str]) -> dict[str, Counter[int]]:
    """Return how often each reason was chosen for the same words of a machine."""
    rows = StopLabel.objects.filter(
        organisation_id=organisation_id, evidence__in=words - {""}, retracted_at=None
    ).exclude(reason=None)
    found: dict[str, Counter[int]] = {}
    for evidence, reason, count in rows.values_list("evidence", "reason_id").annotate(n=Count("id")):
        found.setdefault(evidence, Counter())[reason] += count
    return found


def _hints(
    view: StopView,
    around: _Around,
    chosen: Mapping[str, Counter[int]],
    windows: Sequence[MaintenanceWindow],
) -> Hints:
    end = view.start + 1 if view.end is None else view.end
    spans = [
        span
        for span in around.spans.get(view.asset_id, ())
        if span.start < max(end, view.start + 1) and (span.end is None or span.end > view.start)
    ]
    return Hints(
        alarm=chosen.get(view.alarm, {}) if view.alarm else {},
        text=chosen.get(view.text, {}) if view.text else {},
        kind=KIND.get(view.state, ""),
        setting_up=any(span.phase == "setup" for span in spans),
        has_order=bool(spans),
        maintenance=any(w.start < end and w.end > view.start and w.stops_machine for w in windows),
    )
