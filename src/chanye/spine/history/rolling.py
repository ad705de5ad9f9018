"""Making roll-ups of dirty hours, one day at a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from chanye.spine.history.columns import DAY, HOUR
from chanye.spine.history.manifest import Manifest, unpack_series
from chanye.spine.history.reader import RawReader
from chanye.spine.history.rollups import ROW, Table, read_table, roll_hours, write_table
from chanye.spine.history.types import U32, SeriesSpec

#: Series read at once: bounds the memory of a step.
CHUNK = 64


def roll_up_day(
    reader: RawReader,
    folder: Path,
    manifest: Manifest,
    specs: Callable[[Sequence[int]], Mapping[int, SeriesSpec]],
    now: int,
) -> tuple[int, bool]:
    """Roll up the dirty hours of the oldest day that has some; return (hours, more to do).

    An hour that has not ended waits. Data that arrive while this runs enter a dirty row of their own, which stays.
    """
    with manifest.transaction(write=False) as db:
        found = db.execute("SELECT id, hour FROM dirty WHERE hour <= ? ORDER BY hour", (now - HOUR,)).fetchall()
        if not found:
            return 0, False
        day = found[0][1] // DAY
        chosen = [(i, h) for i, h in found if h // DAY == day]
        old = db.execute("SELECT file FROM rollups WHERE day = ?", (day,)).fetchone()
        blobs = [db.execute("SELECT series FROM dirty WHERE id = ?", (i,)).fetchone()[0] for i, _ in chosen]
    series = np.unique(np.concatenate([unpack_series(b) for b in blobs]))
    window = (chosen[0][1], chosen[-1][1] + HOUR)
    kept = _kept(folder, old, series, window)
    if kept is None:
        # the day's table is damaged: make all of it anew
        window = (day * DAY, min((day + 1) * DAY, now // HOUR * HOUR))
        series = _series_of_day(manifest, day)
        kept = []
    known = specs(series.tolist())
    fresh = [_roll_chunk(reader, series[at : at + CHUNK], window, known) for at in range(0, len(series), CHUNK)]
    rows = np.concatenate([np.zeros(0, ROW), *kept, *fresh])
    rows = rows[np.lexsort((rows["hour"], rows["series"]))]
    file, digest = write_table(folder, day, rows)
    with manifest.transaction() as db:
        db.execute("INSERT OR REPLACE INTO rollups VALUES (?, ?, ?)", (day, file, digest))
        if old:
            db.execute("INSERT OR REPLACE INTO obsolete VALUES (?, ?)", (old[0], now))
        db.executemany("DELETE FROM dirty WHERE id = ?", [(i,) for i, _ in chosen])
    return len({h for _, h in chosen}), len(found) > len(chosen)


def _roll_chunk(reader: RawReader, series: U32, window: tuple[int, int], specs: Mapping[int, SeriesSpec]) -> Table:
    found = reader.newest_slices(series, *window)
    rows = [roll_hours(number, item, specs.get(number)) for number, item in found.items()]
    return np.concatenate([np.zeros(0, ROW), *rows])


def _kept(folder: Path, old: tuple[str] | None, series: U32, window: tuple[int, int]) -> list[Table] | None:
    """Return the rows of the day's table that stay as they are; None if it cannot be read."""
    import pyarrow as pa

    if not old:
        return []
    try:
        table = read_table(folder / old[0])
    except (OSError, ValueError, KeyError, pa.ArrowException):
        return None
    again = np.isin(table["series"], series) & (table["hour"] >= window[0]) & (table["hour"] < window[1])
    return [table[~again]]


def _series_of_day(manifest: Manifest, day: int) -> U32:
    """Return all series that have samples in the parts of a day."""
    held = [manifest.contents(part.id) for part in manifest.parts("day = ?", (day,))]
    return np.unique(np.concatenate([np.zeros(0, np.uint32), *(c.series for c in held if c is not None)]))
