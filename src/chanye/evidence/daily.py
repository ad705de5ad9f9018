"""Values of days from history: what counters gained and levels were, for rooms that declare measures.

Nothing here guesses. A counter that tells only what changes is silent over a weekend: its days are known to be zero
if they are few and the readings on both sides the same. A meter that was switched off longer looks just so, hence the
limit. A gain over days without readings belongs to none of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from chanye.evidence.measures import F64, I64, Daily
from chanye.kernel.time import from_us, now_us, to_us
from chanye.kernel.units import compatible, convert
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.spine.store import reader
from chanye.spine.types import AssetRef, SeriesRef

#: Days without a reading after which a counter that stands where it stood is not believed to have counted nothing.
SILENT = 3

#: Share of what an ordinary day of work takes from which on a day without a piece is no rest.
STANDS = 0.6


def local_days(timezone: str, start: int, end: int) -> I64:
    """Return the local midnights of the days that begin in ``[start, end)``, and the end of the last; us UTC."""
    zone = ZoneInfo(timezone)
    first = from_us(start, zone)
    day = datetime(first.year, first.month, first.day, tzinfo=zone)
    if to_us(day) < start:
        day = _next(day)
    edges = []
    while to_us(day) < end:
        edges.append(to_us(day))
        day = _next(day)
    return np.array([*edges, to_us(day)] if edges else [], np.int64)


def _next(day: datetime) -> datetime:
    after = day.replace(tzinfo=None) + timedelta(days=1)
    return after.replace(tzinfo=day.tzinfo)


def nearest(viewer: Viewer, asset_id: int, role: str) -> list[SeriesRef]:
    """Return the series of a role at an asset, or of the nearest below it: of each branch the highest."""
    below = spine.assets(viewer, below=asset_id)
    found: dict[int, SeriesRef] = {}
    for ref in spine.series_of(viewer, [one.id for one in below], roles=[role]):
        found.setdefault(ref.asset_id, ref)
    return [found[one.id] for one in below if one.id in found and not _above(one, below, found)]


def _above(asset: AssetRef, assets: Sequence[AssetRef], found: dict[int, SeriesRef]) -> bool:
    return any(other.id in found and asset.path.startswith(f"{other.path}/") for other in assets)


def at_once(places: Sequence[tuple[Viewer, int]], roles: Sequence[str], spans: Sequence[tuple[int, int]]) -> None:
    """Take the series of many assets from the files in one go, so that reading them one by one finds them at hand.

    Each day of history is a file that holds every series: asked for one at a time, fifty series open it fifty times.
    """
    refs = [ref for viewer, asset_id in places for role in roles for ref in nearest(viewer, asset_id, role)]
    if len(refs) < 2:
        return
    numbers = np.unique(np.array([ref.id for ref in refs], np.uint32))
    for start, end in spans:
        reader().newest_slices(numbers, start, end)


def gained(viewer: Viewer, asset_id: int, role: str, unit: str, start: int, end: int, known_at: int | None) -> Daily:
    """Return what the counters of a role gained in each local day, those of several assets together.

    Parameters
    ----------
    unit
        UCUM; what counters of other units show is converted, those that cannot be are not read.
    known_at
        Show what was known at this time of arrival; None: now. [us UTC]
    """
    return _read(viewer, asset_id, role, unit, start, end, known_at, counter=True)


def level(viewer: Viewer, asset_id: int, role: str, unit: str, start: int, end: int, known_at: int | None) -> Daily:
    """Return the mean level of a role in each local day, weighted by time; of several assets their mean."""
    return _read(viewer, asset_id, role, unit, start, end, known_at, counter=False)


def ratio(top: Daily, bottom: Daily) -> Daily:
    """Return so much of one per one of the other; a day without any of the other has the weight 0.

    A day on which as much is taken as on days of work but nothing is counted is no rest: that counter stands.
    """
    weight = np.where(np.isfinite(bottom.value), bottom.value, 0.0)
    value = np.divide(top.value, weight, out=np.full(len(weight), np.nan), where=weight > 0)
    coverage = np.minimum(top.coverage, bottom.coverage)
    known = np.isfinite(top.value) & np.isfinite(bottom.value)
    work = known & (weight > 0)
    if work.any():
        known &= ~((weight == 0) & (top.value > STANDS * np.median(top.value[work])))
    return Daily(top.day, value, weight, np.where(known, coverage, 0.0))


def _read(
    viewer: Viewer,
    asset_id: int,
    role: str,
    unit: str,
    start: int,
    end: int,
    known_at: int | None,
    *,
    counter: bool,
) -> Daily:
    moment = now_us() if known_at is None else known_at
    edges = local_days(spine.asset(viewer, asset_id).timezone, start, end)
    n = max(len(edges) - 1, 0)
    total, coverage = np.zeros(n), np.ones(n)
    refs = [ref for ref in nearest(viewer, asset_id, role) if compatible(ref.unit, unit)]
    if not refs or not n:
        return Daily(edges[:n], np.full(n, np.nan), np.ones(n), np.zeros(n))
    for ref in refs:
        value, known = _days(ref, edges, moment, counter=counter)
        total += convert(value, ref.unit, unit)
        coverage = np.minimum(coverage, known)
    return Daily(edges[:n], total if counter else total / len(refs), np.ones(n), coverage)


def _days(ref: SeriesRef, edges: I64, moment: int, *, counter: bool) -> tuple[F64, F64]:
    """Return value and coverage of each day for one series."""
    names = ["Increase", "Count", "Start", "End"] if counter else ["TimeAverage", "Count"]
    parts: dict[str, list[F64]] = {}
    for first, last, step in _even(edges):
        # the value after the last sample is known no longer than what had arrived: the same answer for ever
        found = reader().aggregate(
            [ref.spec], first, last, step, names, known_until=min(last, moment), known_at=moment
        )
        for name in (*names, "percent_known"):
            parts.setdefault(name, []).append(found.columns[name][0])
    of = {name: np.concatenate(blocks) for name, blocks in parts.items()}
    known = of["percent_known"] / 100
    if not counter:
        silent = of["Count"] == 0 if ref.hold is None else np.zeros(len(known), bool)
        return np.where(silent, np.nan, of["TimeAverage"]), np.where(silent, 0.0, known)
    return _counted(of, known)


def _counted(of: dict[str, F64], known: F64) -> tuple[F64, F64]:
    """Return the gain of each day; of days without a reading, and of the first after them, only if it is sure."""
    gain, spoken = of["Increase"].copy(), of["Count"] > 0
    sure = known.copy()
    at = np.flatnonzero(spoken)
    for i in np.flatnonzero(~spoken).tolist():
        later = int(np.searchsorted(at, i))
        within = 0 < later < len(at) and at[later] - at[later - 1] <= SILENT + 1
        same = within and of["End"][at[later - 1]] == of["Start"][at[later]]
        gain[i], sure[i] = (0.0, 1.0) if same else (np.nan, 0.0)
        if not same and later < len(at):
            gain[at[later]], sure[at[later]] = np.nan, 0.0
    return gain, np.where(np.isfinite(gain), sure, 0.0)


def _even(edges: I64) -> Iterator[tuple[int, int, int]]:
    """Yield stretches of days of one length: (start, end, length); the clock of a summer time makes three a year."""
    length = np.diff(edges)
    cut = [0, *(np.flatnonzero(np.diff(length)) + 1).tolist(), len(length)]
    for a, b in pairwise(cut):
        if b > a:
            yield int(edges[a]), int(edges[b]), int(length[a])
