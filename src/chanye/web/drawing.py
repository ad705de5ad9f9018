"""What the browser draws of a trend, as plain lists: times in ms, ``None`` where nothing is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chanye.spine.history.types import Aggregates, Quality, Samples
from chanye.spine.queries import Trend
from chanye.spine.states import classify
from chanye.spine.types import SeriesRef
from chanye.web import words
from chanye.web.strips import Piece, squeeze

F64 = npt.NDArray[np.float64]
HOUR_US = 3_600_000_000
MOST_BANDS = 3_000


def _plain(values: F64) -> list[float | None]:
    """Return floats with six significant figures, NaN as None."""
    return [None if value != value else float(f"{value:.7g}") for value in values.tolist()]  # NaN


def unknown_spans(samples: Samples, series: SeriesRef, start: int, end: int, now: int) -> list[tuple[int, int]]:
    """Return when nothing is known in ``[start, min(end, now))``: before data, after bad, past hold.

    ``samples`` are of one series, sorted by time, with one bounding sample on each side where there is one.
    """
    until = min(end, now)
    if until <= start:
        return []
    if not len(samples):
        return [(start, until)]
    time = samples.time
    after = np.append(time[1:], max(until, int(time[-1])))
    bad = Quality.is_bad(samples.quality) | np.isnan(samples.value)
    known_to = np.where(bad, time, after)
    if series.hold is not None:
        known_to = np.minimum(known_to, np.where(bad, time, time + series.hold))
    spans = [(start, int(time[0]))] if time[0] > start else []
    spans += [(int(a), int(b)) for a, b in zip(known_to.tolist(), after.tolist(), strict=True) if b > a]
    clipped = [(max(a, start), min(b, until)) for a, b in spans]
    return _merge([(a, b) for a, b in clipped if b > a])


def _merge(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for a, b in spans:
        if out and a <= out[-1][1]:
            out[-1] = (out[-1][0], max(b, out[-1][1]))
        else:
            out.append((a, b))
    return out


def _state_bands(samples: Samples, trend: Trend, now: int, columns: int) -> list[list[Any]]:
    """Return ``[start ms, end ms, class, text]`` for each state held; the worst of each column if too many."""
    until = min(trend.end, now)
    if not len(samples) or until <= trend.start:
        return []
    bad = Quality.is_bad(samples.quality) | np.isnan(samples.value)
    code = np.where(bad, -1, np.nan_to_num(samples.value)).astype(np.int64)
    left = np.maximum(samples.time, trend.start)
    right = np.append(samples.time[1:], max(until, int(samples.time[-1])))
    if trend.series.hold is not None:
        right = np.minimum(right, samples.time + trend.series.hold)
    right = np.minimum(right, until)
    keep = (right > left) & (code >= 0)
    left, right, code = left[keep], right[keep], code[keep]
    if not len(code):
        return []
    # one band per run: a repeated word that follows without a gap is the same state going on
    first = np.concatenate([[True], (code[1:] != code[:-1]) | (left[1:] > right[:-1])])
    last = np.append(first[1:], True)
    runs = zip(left[first].tolist(), right[last].tolist(), code[first].tolist(), strict=True)
    bands = []
    for a, b, number in runs:
        text = trend.texts[number] if number < len(trend.texts) else str(number)
        bands.append([a / 1000, b / 1000, _class_of(text, trend.series), text])
    if len(bands) <= 2 * columns or trend.series.kind == "text":
        return bands[:MOST_BANDS]
    pieces = [Piece(round(a * 1000), round(b * 1000), state) for a, b, state, _text in bands]
    return [
        [piece.start / 1000, piece.end / 1000, piece.state, words.state(piece.state)]
        for piece in squeeze(pieces, trend.start, trend.end, columns)
    ]


def _class_of(text: str, series: SeriesRef) -> str:
    return "" if series.kind == "text" else classify(text, role=series.role, states=series.states)


def _raw(samples: Samples, trend: Trend, now: int) -> dict[str, Any]:
    value = np.where(Quality.is_bad(samples.quality), np.nan, samples.value)
    return {
        "mode": "raw",
        "t": (samples.time / 1000).tolist(),
        "v": _plain(value),
        "unknown": [
            [a / 1000, b / 1000] for a, b in unknown_spans(samples, trend.series, trend.start, trend.end, now)
        ],
    }


def _band(table: Aggregates, now: int, *, as_rate: bool) -> dict[str, Any]:
    columns = {name: column[0] for name, column in table.columns.items()}
    known = columns["percent_known"]
    if as_rate:
        hours = (table.end - table.start) / HOUR_US
        # Only the known part of an interval was counted: the rate is over that part.
        with np.errstate(divide="ignore", invalid="ignore"):
            middle = np.where(known > 0, columns["Increase"] / (hours * known / 100), np.nan)
        low = high = middle
    else:
        middle, low, high = columns["mean"], columns["min"], columns["max"]
    spans = [
        (int(a), min(int(b), now))
        for a, b, share in zip(table.start.tolist(), table.end.tolist(), known.tolist(), strict=True)
        if not share > 0 and a < now
    ]
    return {
        "mode": "band",
        "t": ((table.start + table.end) / 2000).tolist(),
        "v": _plain(middle),
        "lo": _plain(low),
        "hi": _plain(high),
        "known": _plain(known),
        "unknown": [[a / 1000, b / 1000] for a, b in _merge(spans)],
    }


def draw(trend: Trend, now: int, *, points: int = 500, gained: Aggregates | None = None) -> dict[str, Any]:
    """Return one chart's data; ``now`` in us UTC bounds what can be unknown.

    ``gained`` has a counter's ``Increase`` per interval; with it, the chart shows pieces per hour.
    """
    series = trend.series
    answer: dict[str, Any] = {
        "id": series.id,
        "name": series.name or series.code,
        "kind": series.kind,
        "unit": words.unit(series.unit),
        "stepped": series.interpolation == "stepped",
        "start": trend.start / 1000,
        "end": trend.end / 1000,
        "limits": [] if series.span is None else list(series.span),
    }
    if series.kind in ("state", "text"):
        samples = trend.raw
        if samples is None:
            raise TypeError("states are drawn from raw samples")
        bands = _state_bands(samples, trend, now, points)
        spans = unknown_spans(samples, series, trend.start, trend.end, now)
        return answer | {
            "mode": "states",
            "bands": bands,
            "unknown": [[a / 1000, b / 1000] for a, b in spans],
            "classes": {name: words.state(name) for name in words.STATES},
        }
    if gained is not None:
        answer["unit"] = f"{answer['unit']}/h"
    if gained is not None:
        return answer | _band(gained, now, as_rate=True)
    if trend.raw is not None:
        return answer | _raw(trend.raw, trend, now)
    if trend.buckets is None:
        raise TypeError("a trend has raw samples or buckets")
    return answer | _band(trend.buckets, now, as_rate=False)
