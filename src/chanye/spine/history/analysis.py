"""Aggregates, time in state and drawing buckets over a reader's samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chanye.kernel.time import now_us
from chanye.spine.history.aggregates import check_names, durations_of, edges_of, summarise
from chanye.spine.history.columns import DAY, HOUR, Slice, empty_slice, newest_versions
from chanye.spine.history.manifest import unpack_series
from chanye.spine.history.points import Points, points_of
from chanye.spine.history.reader import RawReader, Seen
from chanye.spine.history.rollups import (
    ROW,
    Table,
    hours_in,
    made_by,
    merge_points,
    points_of_hours,
)
from chanye.spine.history.snapshot import Snapshot
from chanye.spine.history.types import F64, I64, U32, Aggregates, SeriesSpec


def _fits_hours(edges: I64) -> bool:
    """Tell whether all edges but the last stand on whole hours."""
    return bool((edges[:-1] % HOUR == 0).all() and edges[-1] - edges[0] >= HOUR)


#: What a chart asks for, by the names it uses.
DRAWN = {"min": "Minimum2", "max": "Maximum2", "mean": "TimeAverage", "count": "Count"}
#: Aggregates that look at the last known value before the window.
NEEDS_KNOWN = {"Increase", "NumberOfTransitions"}


class AnalysisReader(RawReader):
    """Reads that compute."""

    def aggregate(
        self,
        specs: Sequence[SeriesSpec],
        start: int,
        end: int,
        step: int,
        names: Sequence[str],
        *,
        known_until: int | None = None,
        known_at: int | None = None,
    ) -> Aggregates:
        """Return Part 13 aggregates of some series over intervals of one length.

        Parameters
        ----------
        specs
            The series and how each is read between its samples.
        start, end, step
            Intervals ``[start, start+step), ...``; the last one ends at ``end``. [us UTC]
        names
            Names of ``aggregates.FORMULAS`` and ``RAW_FORMULAS``, e.g. ``TimeAverage``; durations in us, ``Total`` in
            value seconds.
        known_until
            The value after the last sample is known at most until here; None: until now. [us UTC]
        known_at
            Show what was known at this time of arrival. [us UTC]

        Returns
        -------
        Aggregates
            NaN where unknown; ``percent_known`` and ``percent_good`` of time always.

        Raises
        ------
        ConfigError
            An unknown name, or intervals that make no sense.
        """
        edges = edges_of(start, end, step)
        check_names(names)
        until = now_us() if known_until is None else known_until
        return self._retry(lambda view: self._aggregate(view, specs, edges, names, until, known_at))

    def _aggregate(
        self,
        view: Snapshot,
        specs: Sequence[SeriesSpec],
        edges: I64,
        names: Sequence[str],
        until: int,
        known_at: int | None,
    ) -> Aggregates:
        points = self._points(view, specs, edges, names, known_at)
        rows = [summarise(points[s.id], s, edges, names, until) for s in specs]
        keys = [*dict.fromkeys(names), "percent_known", "percent_good"]
        columns: dict[str, F64] = {
            k: np.stack([r[k] for r in rows]) if rows else np.empty((0, len(edges) - 1)) for k in keys
        }
        return Aggregates(np.array([s.id for s in specs], np.uint32), edges[:-1], edges[1:], columns)

    def _points(
        self, view: Snapshot, specs: Sequence[SeriesSpec], edges: I64, names: Sequence[str], known_at: int | None
    ) -> dict[int, Points]:
        if known_at is None and view.rollups and _fits_hours(edges) and check_names(names):
            return self._rolled(view, specs, int(edges[0]), int(edges[-1]), names)
        found = self._bounded(view, specs, int(edges[0]), int(edges[-1]), names, known_at)
        return {number: points_of(item) for number, item in found.items()}

    def _rolled(
        self, view: Snapshot, specs: Sequence[SeriesSpec], start: int, end: int, names: Sequence[str]
    ) -> dict[int, Points]:
        """Return points in which clean hours are summarised; dirty hours and the ragged end are read raw."""
        numbers = np.unique(np.array([s.id for s in specs], np.int64)).astype(np.uint32)
        tails = self._tail_slices(view, numbers, (start, end), around=True)
        raw = self._raw_hours(view, numbers, start, end)
        for number, rows in tails.items():
            raw[number] |= {h for h in hours_in(rows.time) if start <= h < end}
        blocks: dict[int, list[Points]] = {}
        for spec in specs:
            clean = self._clean_rows(view, spec, start, end // HOUR * HOUR, raw[spec.id])
            blocks[spec.id] = [points_of_hours(clean)]
        again = {n: h for n, h in raw.items() if h}
        if again:
            low, high = min(min(h) for h in again.values()), max(max(h) for h in again.values()) + HOUR
            found = self.slices(view, np.array(sorted(again), np.uint32), low, min(high, end))
            for number, item in found.items():
                hours = np.fromiter(again[number], np.int64)
                blocks[number].append(points_of(item.pick(np.isin(item.time // HOUR * HOUR, hours))))
        seen = Seen(None, not NEEDS_KNOWN.isdisjoint(names))
        for number, of_series in blocks.items():
            tail = newest_versions(tails.get(number, empty_slice()))
            of_series.append(points_of(self.outside(view, number, tail, (start, end), seen)))
        return {number: merge_points(b) for number, b in blocks.items()}

    def _raw_hours(self, view: Snapshot, numbers: U32, start: int, end: int) -> dict[int, set[int]]:
        """Return per series the hours whose roll-up may not be used."""
        ragged = {end // HOUR * HOUR} if end % HOUR else set()
        raw = {int(n): set(ragged) for n in numbers}
        for hour, blobs in view.dirty.items():
            if start <= hour < end:
                for blob in blobs:
                    for number in np.intersect1d(unpack_series(blob), numbers).tolist():
                        raw[number].add(hour)
        for day in range(start // DAY, (end - 1) // DAY + 1):
            if day in view.rollups and self._store.rollup(view.rollups[day]) is None:
                hours = {h for h in range(day * DAY, (day + 1) * DAY, HOUR) if start <= h < end}
                for of_series in raw.values():
                    of_series |= hours
        return raw

    def _clean_rows(self, view: Snapshot, spec: SeriesSpec, start: int, end: int, raw: set[int]) -> Table:
        """Return the usable rows of a series; adds to ``raw`` the hours that were made for another spec."""
        found: list[Table] = []
        for day in range(start // DAY, (end - 1) // DAY + 1):
            table = self._store.rollup(view.rollups[day]) if day in view.rollups else None
            if table is not None:
                found.append(table.rows_between(spec.id, start, end))
        if not found:
            return np.zeros(0, ROW)
        rows = found[0] if len(found) == 1 else np.concatenate(found)
        made, hold = made_by(spec)
        fits = (rows["made"] == made) & (rows["hold"] == hold)
        raw |= set(rows["hour"][~fits].tolist())
        if raw:
            fits &= ~np.isin(rows["hour"], np.fromiter(raw, np.int64))
        return rows if fits.all() else np.asarray(rows[fits])

    def _bounded(
        self,
        view: Snapshot,
        specs: Sequence[SeriesSpec],
        start: int,
        end: int,
        names: Sequence[str] = (),
        known_at: int | None = None,
    ) -> dict[int, Slice]:
        numbers = np.unique(np.array([s.id for s in specs], np.int64)).astype(np.uint32)
        needs = not NEEDS_KNOWN.isdisjoint(names)
        return self.slices(view, numbers, start, end, known_at=known_at, bounds=True, known_before=needs)

    def durations(
        self, specs: Sequence[SeriesSpec], start: int, end: int, *, known_until: int | None = None
    ) -> dict[int, dict[int, int]]:
        """Return for each state series the time in each code, and under -1 the time not known. [us].

        The times of one series add up to ``end - start`` exactly.
        """
        edges_of(start, end, end - start)
        until = now_us() if known_until is None else known_until

        def read(view: Snapshot) -> dict[int, dict[int, int]]:
            found = self._bounded(view, specs, start, end)
            return {s.id: durations_of(points_of(found[s.id]), s, start, end, until) for s in specs}

        return self._retry(read)

    def buckets(self, spec: SeriesSpec, start: int, end: int, points: int = 500) -> Aggregates:
        """Return what a chart draws: ``min max mean count`` and the percentages, in at most ``points`` intervals.

        ``min`` and ``max`` include the value held into an interval; ``mean`` is weighted by time.
        """
        step = max(1, -(-(end - start) // max(points, 1)))
        found = self.aggregate([spec], start, end, step, list(DRAWN.values()))
        columns = {short: found.columns[name] for short, name in DRAWN.items()}
        for name in ("percent_known", "percent_good"):
            columns[name] = found.columns[name]
        return Aggregates(found.series, found.start, found.end, columns)
