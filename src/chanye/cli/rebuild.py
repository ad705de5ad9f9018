"""``chanye rebuild``: compute states, alarms and counts anew from the samples, for some machines and some time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from chanye.kernel.errors import ConfigError
from chanye.kernel.time import DAY, to_us
from chanye.parties.types import SYSTEM
from chanye.spine import queries
from chanye.spine.types import AssetRef, SeriesRef

if TYPE_CHECKING:
    from chanye.spine.history import Reader

#: How much of a series is read at once. [us]
SPAN = 7 * DAY
FAR = 1 << 61


def chosen(paths: Sequence[str]) -> list[AssetRef]:
    """Return the assets at these paths with all that is below them; all assets if there is no path.

    Raises
    ------
    ConfigError
        If there is no asset at a path.
    """
    every = queries.assets(SYSTEM)
    if not paths:
        return every
    known = {one.path for one in every}
    wrong = [path for path in paths if path not in known]
    if wrong:
        raise ConfigError(f"There is no asset {wrong[0]}: give the path from its site on, e.g. plant/lathe-1.")
    return [one for one in every if any(one.path == path or one.path.startswith(f"{path}/") for path in paths)]


def midnight(text: str, zone: str) -> int | None:
    """Return the beginning of a day in a time zone, us UTC; None for nothing.

    Raises
    ------
    ConfigError
        If the text is not a date.
    """
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{text[:40]!r} is not a date: write it as 2026-06-01.") from None
    return to_us(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)))


def spans(reader: Reader, ref: SeriesRef, start: int | None, end: int | None) -> Iterator[tuple[int, int]]:
    """Yield the stretches of a series between two moments (None: its first and last sample), one after the other."""
    newest = int(reader.latest([ref.id]).time[0])
    first = reader.raw([ref.id], 0, 1, bounds=True, limit=1).time
    if not len(first):
        return
    at = max(int(first[0]), start or 0)
    last = min(newest + 1, FAR if end is None else end)
    while at < last:
        yield at, min(at + SPAN, last)
        at += SPAN


def run(start: str = "", end: str = "", paths: Sequence[str] = ()) -> int:
    """Rebuild, show how far it is, and return the number of frames computed."""
    from rich.progress import track

    from chanye.spine.frame_actions import rebuild_span
    from chanye.spine.store import reader as open_reader

    assets = {one.id: one for one in chosen(paths)}
    reader, frames = open_reader(), 0
    for ref in track(queries.series_of(SYSTEM, assets), description="rebuild"):
        zone = assets[ref.asset_id].timezone
        for low, high in spans(reader, ref, midnight(start, zone), midnight(end, zone)):
            frames += rebuild_span(actor=SYSTEM, ref=ref, start=low, end=high, reader=reader)
    return frames
