"""Reads: any number, in any process, without a lock that a writer would feel."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from chanye.kernel.errors import TransientError
from chanye.spine.history.changes import changes_since
from chanye.spine.history.columns import (
    Columns,
    Slice,
    concat_columns,
    concat_slices,
    empty_slice,
    join_slices,
    series_runs,
)
from chanye.spine.history.manifest import Part
from chanye.spine.history.picking import known_mask, nearer, tail_rows, visible
from chanye.spine.history.snapshot import Snapshot, shared_store
from chanye.spine.history.types import I64, U32, Changes, Latest, Samples

T = TypeVar("T")


@contextmanager
def readable_manifest() -> Iterator[None]:
    """Say what to do where SQLite cannot read the manifest."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise TransientError(
            f"The manifest of the history cannot be read ({error}). Run 'chanye verify': it names what is damaged."
        ) from error


class Seen(NamedTuple):
    """What a read may see: the last batch (None: all), and whether it needs a known value before its window."""

    batch: int | None
    known_before: bool


class RawReader:
    """Raw samples, latest values and changes."""

    def __init__(self, folder: Path) -> None:
        self._store = shared_store(Path(folder))

    def _retry(self, read: Callable[[Snapshot], T]) -> T:
        """Run a read on a snapshot, again with a fresh one if compaction took a part away."""
        for _ in range(20):
            try:
                with readable_manifest():
                    return read(self._store.snapshot())
            except FileNotFoundError:
                continue
        raise TransientError("The history changes faster than it can be read. Try again.")

    # --- raw ----------------------------------------------------------------------------------------------------

    def raw(
        self,
        series: Sequence[int],
        start: int,
        end: int,
        *,
        known_at: int | None = None,
        bounds: bool = False,
        limit: int | None = None,
    ) -> Samples:
        """Return the samples of some series in ``[start, end)``.

        Parameters
        ----------
        series
            Numbers of series; unknown ones have no samples.
        start, end
            [us UTC]
        known_at
            Show what was known at this time of arrival: later corrections are not seen. [us UTC]
        bounds
            Add for each series the last sample before ``start`` and the first at or after ``end``, however far.
        limit
            At most this many samples (the first by series and time).

        Returns
        -------
        Samples
            Sorted by (series, time), of each (series, time) the newest arrival.
        """
        numbers = np.unique(np.asarray(series, np.int64)).astype(np.uint32)
        return self._retry(lambda view: self._raw(view, numbers, start, end, known_at, bounds, limit))

    def _raw(
        self,
        view: Snapshot,
        numbers: U32,
        start: int,
        end: int,
        known_at: int | None,
        bounds: bool,
        limit: int | None,
    ) -> Samples:
        found = self.slices(view, numbers, start, end, known_at=known_at, bounds=bounds)
        blocks: list[Columns] = []
        room = limit
        for number, item in found.items():
            if room is not None:
                item = item.pick(slice(0, room))
                room -= len(item.time)
            blocks.append(Columns(np.full(len(item.time), number, np.uint32), *item))
        columns = concat_columns(blocks)
        return Samples(*columns[:4], self._arrivals(view, columns.batch, start, end))

    def newest_slices(self, numbers: U32, start: int, end: int) -> dict[int, Slice]:
        """Return per series the newest versions in ``[start, end)``."""
        return self._retry(lambda view: self.slices(view, numbers, start, end))

    def slices(
        self,
        view: Snapshot,
        numbers: U32,
        start: int,
        end: int,
        *,
        known_at: int | None = None,
        bounds: bool = False,
        known_before: bool = False,
    ) -> dict[int, Slice]:
        """Return per series (ascending) the newest versions in ``[start, end)``, with bounds if asked.

        ``known_before`` adds the last known value before ``start`` where the last sample before it is bad.
        """
        seen = Seen(_batch_at(self, view, known_at), known_before)
        gathered: dict[int, list[Slice]] = {int(n): [] for n in numbers}
        self._gather_parts(view, numbers, start, end, gathered)
        # what a later arrival hides from known_at may be the nearest one, so then all rows are needed
        window = None if bounds and known_at is not None else (start, end)
        tails = self._tail_slices(view, numbers, window, around=bounds)
        for number, rows in tails.items():
            gathered[number].append(rows)
        out: dict[int, Slice] = {}
        for number, blocks in gathered.items():
            item = visible(join_slices(blocks), seen.batch)
            lo, hi = np.searchsorted(item.time, (start, end)).tolist()
            if bounds:
                item = self._with_bounds(view, number, item, (start, end), (lo, hi), seen)
            elif lo > 0 or hi < len(item.time):
                item = item.pick(slice(lo, hi))
            out[number] = item
        return out

    def _gather_parts(
        self, view: Snapshot, numbers: U32, start: int, end: int, gathered: dict[int, list[Slice]]
    ) -> None:
        if not len(numbers):
            return
        low, high = int(numbers[0]), int(numbers[-1])
        for part in view.parts:
            if part.max_time < start or part.min_time >= end or part.max_series < low or part.min_series > high:
                continue
            for number, item in self._store.slices(part, numbers).items():
                gathered[number].append(item)

    def _tail_slices(
        self, view: Snapshot, numbers: U32, window: tuple[int, int] | None, *, around: bool
    ) -> dict[int, Slice]:
        """Return the rows of some series that are still in the log, sorted; of all times if ``window`` is None.

        ``around`` adds the nearest rows on both sides of the window.
        """
        if not len(numbers):
            return {}
        wanted = np.zeros(int(numbers[-1]) + 1, bool)
        wanted[numbers] = True
        hits = [block.pick(tail_rows(block, wanted, window, around=around)) for block in view.tail]
        rows = concat_columns([h for h in hits if h.rows])
        if not rows.rows:
            return {}
        rows = rows.pick(np.lexsort((rows.time, rows.series)))
        found, runs = series_runs(rows.series)
        pairs = zip(found.tolist(), itertools.pairwise(runs.tolist()), strict=True)
        return {number: rows.slice_of(slice(a, b)) for number, (a, b) in pairs}

    def _with_bounds(
        self, view: Snapshot, number: int, item: Slice, window: tuple[int, int], at: tuple[int, int], seen: Seen
    ) -> Slice:
        """Add the neighbours outside the window, however far they are."""
        (start, end), (lo, hi) = window, at
        around = concat_slices([item.pick(slice(0, lo)), item.pick(slice(hi, None))])
        outer = self.outside(view, number, around, (start, end), seen)
        cut = int(np.searchsorted(outer.time, start))
        return concat_slices([outer.pick(slice(0, cut)), item.pick(slice(lo, hi)), outer.pick(slice(cut, None))])

    def outside(self, view: Snapshot, number: int, at_hand: Slice, window: tuple[int, int], seen: Seen) -> Slice:
        """Return the nearest samples before and after a window; ``at_hand`` are those read already."""
        start, end = window
        lo, hi = np.searchsorted(at_hand.time, (start, end)).tolist()
        earlier = at_hand.pick(slice(0, lo))
        before = self._neighbour(view, number, start, seen, earlier.pick(slice(-1, None)), before=True)
        after = self._neighbour(view, number, end, seen, at_hand.pick(slice(hi, hi + 1)), before=False)
        blocks = [before, after]
        if seen.known_before and len(before.time) and not known_mask(before)[0]:
            best = earlier.pick(known_mask(earlier)).pick(slice(-1, None))
            edge = int(before.time[0])
            blocks.insert(0, self._neighbour(view, number, edge, seen, best, before=True, known=True))
        return concat_slices(blocks)

    def _neighbour(
        self,
        view: Snapshot,
        number: int,
        edge: int,
        seen: Seen,
        best: Slice,
        *,
        before: bool,
        known: bool = False,
    ) -> Slice:
        """Return the nearest visible sample on one side of ``edge``; days farther than the best one are not read."""

        def consider(best: Slice, item: Slice) -> Slice:
            item = visible(item, seen.batch)
            return nearer(best, item.pick(known_mask(item)) if known else item, before=before)

        candidates = [
            p
            for p in view.parts
            if p.min_series <= number <= p.max_series and (p.min_time < edge if before else p.max_time >= edge)
        ]
        candidates.sort(key=lambda p: -p.max_time if before else p.min_time)
        for part in candidates:
            if len(best.time) and (
                part.max_time < int(best.time[0]) if before else part.min_time > int(best.time[0])
            ):
                break
            if self._holds(part, number, edge, best, before=before):
                item = self._store.slices(part, np.array([number], np.uint32)).get(number, empty_slice())
                cut = int(np.searchsorted(item.time, edge))
                best = consider(best, item.pick(slice(0, cut) if before else slice(cut, None)))
        return best

    def _holds(self, part: Part, number: int, edge: int, best: Slice, *, before: bool) -> bool:
        """Tell whether a part can hold a nearer sample of a series, by its contents alone."""
        contents = self._store.contents(part)
        if contents is None:
            raise FileNotFoundError(part.file)
        i = int(np.searchsorted(contents.series, number))
        if i >= len(contents.series) or contents.series[i] != number:
            return False
        if before:
            return int(contents.first[i]) < edge and not (len(best.time) and contents.last[i] < best.time[0])
        return int(contents.last[i]) >= edge and not (len(best.time) and contents.first[i] > best.time[0])

    def _arrivals(self, view: Snapshot, batch: I64, start: int, end: int) -> I64:
        """Translate batch numbers into times of arrival."""
        if not len(batch):
            return np.empty(0, np.int64)
        low, high = int(batch.min()), int(batch.max())
        pairs = [self._store.arrivals(p) for p in view.parts if p.max_batch >= low and p.min_batch <= high]
        pairs.append(_tail_pairs(view))
        batches, arrivals = (np.concatenate([p[i] for p in pairs]) for i in range(2))
        order = np.argsort(batches, kind="stable")
        at = np.minimum(np.searchsorted(batches[order], batch), len(batches) - 1)
        return np.asarray(arrivals[order][at])

    # --- latest, generation -------------------------------------------------------------------------------------

    def latest(self, series: Sequence[int]) -> Latest:
        """Return the newest sample of each asked series, in the order asked, without a scan."""
        numbers = np.asarray(series, np.uint32)
        slots = self._store.view.read(numbers)
        return Latest(
            numbers,
            np.ascontiguousarray(slots["time"]),
            np.ascontiguousarray(slots["value"]),
            np.ascontiguousarray(slots["quality"]),
            np.ascontiguousarray(slots["arrival"]),
        )

    def generation(self) -> int:
        """Return a number that grows whenever anything was stored."""
        mark = self._store.view.mark()
        return mark.batch if mark is not None else 0

    # --- changes ------------------------------------------------------------------------------------------------

    def since(self, cursor: int, *, series: Sequence[int] | None = None, limit: int = 1_000_000) -> Changes:
        """Return which intervals of which series changed after a cursor.

        Parameters
        ----------
        cursor
            0, or the ``cursor`` of the answer before. What was flushed long ago is reported in coarser steps, so an
            interval may be wider than what changed and may be reported twice; it is never left out.
        series
            Only these.
        limit
            Stop after about this many samples.
        """
        return self._retry(lambda view: changes_since(self._store, view, cursor, series, limit))

    # --- texts --------------------------------------------------------------------------------------------------

    def texts(self, series: int) -> list[str]:
        """Return the dictionary of a series: code -> text."""
        manifest = self._store.manifest()
        if manifest is None:
            return []
        with readable_manifest(), manifest.transaction(write=False) as db:
            return [r[0] for r in db.execute("SELECT text FROM texts WHERE series = ? ORDER BY code", (series,))]


def _tail_pairs(view: Snapshot) -> tuple[I64, I64]:
    return (
        np.array([r.batch for r in view.records], np.int64),
        np.array([r.arrival for r in view.records], np.int64),
    )


def _batch_at(reader: RawReader, view: Snapshot, known_at: int | None) -> int | None:
    """Return the last batch that had arrived at a time, None for all."""
    if known_at is None:
        return None
    best = 0
    batches, arrivals = _tail_pairs(view)
    if len(arrivals) and arrivals[0] <= known_at:
        best = int(batches[np.searchsorted(arrivals, known_at, side="right") - 1])
    for part in view.parts:
        if part.max_arrival <= known_at:
            best = max(best, part.max_batch)
        elif part.min_arrival <= known_at:
            batches, arrivals = reader._store.arrivals(part)  # noqa: SLF001 - a function of this module
            seen = int(np.searchsorted(arrivals, known_at, side="right"))
            best = max(best, int(batches[seen - 1])) if seen else best
    return best
