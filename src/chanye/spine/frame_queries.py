"""Reads of frames: as values for a few, as columns for many."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum

from chanye.kernel.errors import DeniedError
from chanye.parties.prepared import Prepared
from chanye.parties.types import Viewer
from chanye.spine.frames import OPEN
from chanye.spine.history.types import F64, I64
from chanye.spine.models import Frame, ProcessorCursor, Series
from chanye.spine.types import FrameRef


@dataclass(frozen=True, slots=True)
class FrameTable:
    """Frames as columns of equal length, sorted by (series, start).

    ``end`` is ``frames.OPEN`` while open, but never later than the frame's own limit (``attributes.until``).
    """

    series: I64
    start: I64
    end: I64
    text: npt.NDArray[np.object_]
    state: npt.NDArray[np.object_]

    def of(self, series: int) -> slice:
        """Return where the frames of one series stand."""
        low, high = np.searchsorted(self.series, [series, series + 1])
        return slice(int(low), int(high))


def _running(series: QuerySet[Series], start: int) -> QuerySet[Frame]:
    """Return the frames that hold at ``start`` and began before; frames of a series never overlap."""
    before = Frame.objects.filter(series=OuterRef("pk"), start__lt=start).order_by("-start").values("id")[:1]
    last = series.order_by().annotate(last=Subquery(before)).values("last")
    return Frame.objects.filter(id__in=last).filter(Q(end__isnull=True) | Q(end__gt=start))


def frames(
    viewer: Viewer, asset_ids: Sequence[int], start: int, end: int, *, kinds: Sequence[str] = (), limit: int = 10_000
) -> list[FrameRef]:
    """Return the frames of some assets that touch ``[start, end)`` (us UTC), in time order, at most ``limit``."""
    series = Series.objects.filter(asset_id__in=list(asset_ids))
    if not viewer.system:
        series = series.filter(asset__organisation_id=viewer.organisation_id or 0)
    inside = Frame.objects.filter(series__in=series, start__gte=start, start__lt=end)
    held = _running(series, start)
    if kinds:
        inside, held = inside.filter(kind__in=kinds), held.filter(kind__in=kinds)
    rows = [*held.order_by("start", "id")[:limit], *inside.order_by("start", "id")[:limit]][:limit]
    return [
        FrameRef(
            row.asset_id,
            row.series_id,
            row.kind,
            row.start,
            row.end,
            row.text,
            row.state,
            row.attributes,
            row.quantity,
        )
        for row in rows
    ]


_COLUMNS = ("series_id", "start", "end", "text", "state")
_begun = Prepared(lambda series, start: _running(Series.objects.filter(id__in=series), start).values_list(*_COLUMNS))
_inside = Prepared(
    lambda series, start, end: Frame.objects.filter(
        series_id__in=series, start__gte=start, start__lt=end
    ).values_list(*_COLUMNS)
)
_held = Prepared(
    lambda series, end: Frame.objects.filter(series_id__in=series, end__isnull=True, start__lt=end).values_list(
        "series_id", "attributes"
    )
)
_rises = Prepared(
    lambda series, start, end: (
        Frame.objects.filter(series_id__in=series, start__gte=start, start__lt=end, kind__in=("count", "scrap"))
        .order_by("series_id", "start")
        .values_list("series_id", "start", "quantity", "state")
    )
)
_owned = Prepared(
    lambda series: Series.objects.filter(id__in=series).order_by().values_list("id", "asset__organisation_id")
)
_cursors = Prepared(lambda: ProcessorCursor.objects.order_by("name").values_list("name", "arrival"))
_states_at = Prepared(
    lambda assets, organisation, now, later: (
        _running(Series.objects.filter(asset_id__in=assets, asset__organisation_id=organisation), now)
        .filter(kind="state", start__lt=later)
        .values_list("asset_id", "state")
    )
)


def states_at(viewer: Viewer, asset_ids: Sequence[int], moment: int) -> list[tuple[int, str]]:
    """Return asset and state class of what the series of some assets say at a moment [us UTC]."""
    if viewer.system:
        return [(one.asset_id, one.state) for one in frames(viewer, asset_ids, moment, moment + 1, kinds=("state",))]
    organisation = viewer.organisation_id or 0
    return _states_at(assets=list(asset_ids), organisation=organisation, now=moment + 1, later=moment + 1)


def frame_table(viewer: Viewer, series_ids: Sequence[int], start: int, end: int) -> FrameTable:
    """Return the frames of some series that touch ``[start, end)`` (us UTC) as columns; one query.

    Raises
    ------
    DeniedError
        If one of the series may not be seen.
    """
    _check(viewer, series_ids)
    wanted = sorted(set(series_ids))
    rows = [*_begun(series=wanted, start=start), *_inside(series=wanted, start=start, end=end)]
    number, begin, stop, text, state = zip(*rows, strict=True) if rows else ((),) * 5
    # attributes are JSON and slow to read: only open frames, a few, need theirs
    held = _held(series=wanted, end=end)
    until = {key: attributes.get("until", OPEN) for key, attributes in held}
    ends = [until.get(key, OPEN) if moment is None else moment for key, moment in zip(number, stop, strict=True)]
    keys, begins = np.array(number, np.int64), np.array(begin, np.int64)
    order = np.lexsort((begins, keys))
    texts, states = (np.array(column, object)[order] for column in (text, state))
    return FrameTable(keys[order], begins[order], np.array(ends, np.int64)[order], texts, states)


def neighbours(
    viewer: Viewer, series_id: int, first: int, last: int, *, state: str, without: Collection[str] = ()
) -> tuple[int | None, int | None]:
    """Return where the frames of a state class that enclose ``[first, last]`` begin (us UTC), None where none does.

    The last one that begins before ``first`` and the first that begins after ``last``; texts in ``without`` do not
    count.
    """
    _check(viewer, [series_id])
    rows = Frame.objects.filter(series_id=series_id, state=state).exclude(text__in=list(without))
    before = rows.filter(start__lt=first).order_by("-start").values_list("start", flat=True).first()
    after = rows.filter(start__gt=last).order_by("start").values_list("start", flat=True).first()
    return before, after


def held_time(viewer: Viewer, series_id: int, start: int, end: int) -> dict[tuple[str, str], int]:
    """Return how long a series held each (text, state class) in ``[start, end)`` (us UTC), in us.

    The database adds up: months cost no more than a few rows. An open frame counts up to ``end`` or its own limit.
    """
    _check(viewer, [series_id])
    total: dict[tuple[str, str], int] = {}
    rows = Frame.objects.filter(series_id=series_id).order_by()
    inside = rows.filter(start__gte=start, start__lt=end, end__lte=end)
    for text, state, held in inside.values_list("text", "state").annotate(held=Sum(F("end") - F("start"))):
        total[text, state] = int(held)
    cut = [*_running(Series.objects.filter(id=series_id), start)]
    cut += rows.filter(start__gte=start, start__lt=end).filter(Q(end__isnull=True) | Q(end__gt=end))
    for row in cut:
        stop = row.attributes.get("until", OPEN) if row.end is None else row.end
        held = min(stop, end) - max(row.start, start)
        if held > 0:
            total[row.text, row.state] = total.get((row.text, row.state), 0) + held
    return total


@dataclass(frozen=True, slots=True)
class RiseTable:
    """Rises of counters as columns of equal length, sorted by (series, time); see ``frames.Increments``."""

    series: I64
    time: I64
    count: F64
    across_gap: npt.NDArray[np.bool_]

    def of(self, series: int) -> slice:
        """Return where the rises of one counter stand."""
        low, high = np.searchsorted(self.series, [series, series + 1])
        return slice(int(low), int(high))


def rise_table(viewer: Viewer, series_ids: Sequence[int], start: int, end: int) -> RiseTable:
    """Return the rises of some counters in ``[start, end)`` (us UTC) as columns; one query."""
    _check(viewer, series_ids)
    rows = _rises(series=sorted(set(series_ids)), start=start, end=end)
    number, time, count, state = zip(*rows, strict=True) if rows else ((),) * 4
    return RiseTable(
        np.array(number, np.int64),
        np.array(time, np.int64),
        np.array(count, np.float64),
        np.array(state, object) == "unknown",
    )


def series_numbers(viewer: Viewer, asset_ids: Sequence[int]) -> list[tuple[int, int]]:
    """Return (asset, series) for all series of some assets: cheap, to ask for their latest samples."""
    rows = Series.objects.filter(asset_id__in=list(asset_ids)).order_by()
    if not viewer.system:
        rows = rows.filter(asset__organisation_id=viewer.organisation_id or 0)
    return list(rows.values_list("asset_id", "id"))


@dataclass(frozen=True, slots=True)
class Counted:
    """Pieces that appeared on a counter in a window.

    ``rises``: how many times it rose; ``across_gap``: how many of the pieces were seen only after a gap.
    """

    quantity: float
    rises: int
    across_gap: float


def counted(viewer: Viewer, series_ids: Sequence[int], start: int, end: int) -> dict[int, Counted]:
    """Return what each counter added in ``[start, end)`` (us UTC), by series; one query."""
    _check(viewer, series_ids)
    rows = Frame.objects.filter(
        series_id__in=list(series_ids), start__gte=start, start__lt=end, kind__in=("count", "scrap")
    )
    gap = Q(state="unknown")
    sums = (
        rows.order_by().values("series_id").annotate(q=Sum("quantity"), n=Count("id"), g=Sum("quantity", filter=gap))
    )
    found = {row["series_id"]: Counted(row["q"] or 0.0, row["n"], row["g"] or 0.0) for row in sums}
    return {series: found.get(series, Counted(0.0, 0, 0.0)) for series in series_ids}


def cursors() -> dict[str, int]:
    """Return how far each processor has worked, in arrivals [us UTC]."""
    return dict(ProcessorCursor.objects.values_list("name", "arrival"))


def frames_tag() -> str:
    """Return a word that changes when any frame may have changed."""
    return "-".join(f"{name}{at:x}" for name, at in _cursors())


def _check(viewer: Viewer, series_ids: Sequence[int]) -> None:
    wanted = set(series_ids)
    rows = set(_owned(series=sorted(wanted)))
    seen = [one for one, organisation in rows if viewer.system or organisation == viewer.organisation_id]
    if len(seen) != len(wanted):
        raise DeniedError("One of the series does not exist or belongs to another organisation.")
