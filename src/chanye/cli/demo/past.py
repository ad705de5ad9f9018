"""Months of the shop's past, brought in through the bulk file path: parts written beside, adopted all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from chanye.cli.demo.site import Site
from chanye.spine.history.types import F64, I64, Quality
from chanye.twin.floor import Devices
from chanye.twin.parts import DAY, MINUTE
from chanye.twin.plan import SECOND
from chanye.twin.shop import ANALOG, DISCRETE, METER, UNAVAILABLE

if TYPE_CHECKING:
    from chanye.spine.history import History

SOURCE = "demo-past"
#: How dense the past is, by how long ago: the last two days like a slow agent, before that once a minute.
FINE, COARSE, RECENT = 10 * SECOND, MINUTE, 2 * DAY
#: The first sample of a stretch comes this long after what was said last. [us]
STEP = 1_000

Column = tuple[int, I64, F64]


def latest(history: History, site: Site) -> int:
    """Return the newest time at which anything of the site was said, us UTC; 0 if nothing was."""
    from chanye.parties.types import SYSTEM
    from chanye.spine import queries
    from chanye.spine.history import Reader

    assets = [site.site, *(place.asset for place in site.places.values())]
    series = [ref.id for ref in queries.series_of(SYSTEM, assets)]
    times = Reader(history.folder).latest(series).time
    return int(times.max(initial=0))


def fill(
    history: History, site: Site, shop: Devices, start: int, end: int, progress: Callable[[float], None] | None = None
) -> int:
    """Bring in what the shop's devices said in ``[start, end)`` (us UTC); return the number of samples.

    The stretch begins with what every item said at ``start``, so that nothing depends on what came before.
    """
    from chanye.spine.history import PartWriter

    writer = PartWriter(history.folder)
    rows = 0
    edges = [start, *range(start - start % DAY + DAY, end, DAY), end]
    for begin, stop in pairwise(edges):
        columns = list(_day(history, site, shop, begin, stop, first=begin == start, now=end))
        series = np.concatenate([np.full(len(t), s, np.uint32) for s, t, _ in columns])
        time = np.concatenate([t for _, t, _ in columns])
        value = np.concatenate([v for _, _, v in columns])
        bad = np.isnan(value)
        quality = np.where(bad, np.uint16(Quality.BAD_NOT_CONNECTED), np.uint16(Quality.GOOD))
        writer.write(series, time, value, quality)
        rows += len(time)
        if progress is not None:
            progress((stop - start) / (end - start))
    number = history.source(SOURCE).last_sequence + 1
    history.adopt(SOURCE, number, writer.finish(), {}, position=str(end))
    return rows


def _day(
    history: History, site: Site, shop: Devices, begin: int, stop: int, *, first: bool, now: int
) -> Iterator[Column]:
    """Yield ``(series, times, values)`` of every item of every machine; NaN where it said UNAVAILABLE."""
    period = FINE if stop > now - RECENT else COARSE
    for code in shop.machines:
        place = site.places[code]
        said: dict[str, list[tuple[int, str]]] = {item: [] for item in (*DISCRETE, *ANALOG)}
        if first:
            for item, value in shop.now(code, begin).items():
                said[item].append((begin, value))
        for event in shop.events(code, begin + 1 if first else begin, stop):
            said[event.item].append((event.time, event.value))
        for item, rows in said.items():
            if rows and item in place.series:
                series, kind = place.series[item]
                times = np.array([time for time, _ in rows], np.int64)
                yield series, times, _values(history, series, kind, [value for _, value in rows])
        for item in (one for one in (*ANALOG, *METER) if one in place.series):
            series, _ = place.series[item]
            times, values = shop.samples(code, item, begin, stop, period)
            yield series, times, values


def _values(history: History, series: int, kind: str, texts: list[str]) -> F64:
    """Return texts of the protocol as the historian keeps them: numbers, or codes of the series' own texts."""
    if kind in ("analog", "counter"):
        return np.array([np.nan if text == UNAVAILABLE else float(text) for text in texts])
    known = sorted(set(texts) - {UNAVAILABLE, ""})
    codes = dict(zip(known, history.encode(series, known), strict=True)) if known else {}
    return np.array([float(codes[text]) if text in codes else np.nan for text in texts])


def compute_frames() -> None:
    """Turn all that arrived into frames at once, so that the first page is right."""
    from chanye.parties.types import SYSTEM
    from chanye.spine.frame_actions import run_processor
    from chanye.spine.processors import default_processors
    from chanye.spine.store import reader

    for processor in default_processors():
        while run_processor(actor=SYSTEM, processor=processor, reader=reader()):
            pass
