"""Readings become columns: text to codes, numbers read strictly, times within reason.

What does not fit is refused and counted by its reason, never repaired in silence:
``rejected:unknown_tag``, ``rejected:bad_value``, ``rejected:bad_time``, ``rejected:future_time``.
``noted:out_of_order`` counts stored samples older than the one before them on the same address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from math import isfinite, nan
from typing import Any

import numpy as np
import numpy.typing as npt

from chanye.connectors.types import Readings
from chanye.spine.history.types import F64, I64, U16, U32, Kind

#: 1990-01-01T00:00:00Z; older readings come from a clock that was never set. [us]
FIRST_TIME = 631_152_000_000_000
#: How far ahead of ours a device's clock may be. [us]
AHEAD = 86_400_000_000
LONGEST_TEXT = 4_000
TEXTUAL: frozenset[Kind] = frozenset({"state", "text"})

Mask = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Bound:
    """An address that is bound to a series, with what was learnt of it."""

    series: int
    kind: Kind
    codes: dict[str, int] = field(default_factory=dict)
    last: int = 0


@dataclass(frozen=True, slots=True)
class Columns:
    """Readings as columns ready to be stored, and what was counted on the way."""

    series: U32
    time: I64
    value: F64
    quality: U16
    counts: dict[str, int]


def number(value: Any) -> float:
    """Return a finite number read strictly, or NaN: no digit groups, no ``inf``, no ``nan``."""
    if value is None or (isinstance(value, str) and "_" in value):
        return nan
    try:
        parsed = float(value)
    except (TypeError, ValueError, OverflowError):
        return nan
    return parsed if isfinite(parsed) else nan


def text(value: Any) -> str | None:
    """Return a value as the text that is stored, or None if it has none or is too long."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        value = f"{value:.15g}" if isinstance(value, float) else str(value)
    clean = value.strip().encode("utf-8", "replace").decode()
    return clean if len(clean) <= LONGEST_TEXT else None


def missing_texts(readings: Readings, bound: Mapping[str, Bound]) -> dict[int, tuple[Bound, list[str]]]:
    """Return the texts that have no code yet: series -> (its binding, texts)."""
    wanted: dict[int, tuple[Bound, dict[str, None]]] = {}
    for address, value, quality in zip(readings.address, readings.value, readings.quality, strict=True):
        tag = bound.get(address)
        if tag is None or tag.kind not in TEXTUAL or value in tag.codes or quality & 0x8000:
            continue
        known = text(value)
        if known is not None and known not in tag.codes:
            wanted.setdefault(tag.series, (tag, {}))[1][known] = None
    return {series: (tag, list(texts)) for series, (tag, texts) in wanted.items()}


def _times(times: Sequence[int]) -> I64:
    try:
        return np.array(times, np.int64)
    except (OverflowError, TypeError, ValueError):
        # One impossible time must not cost the others: 0 is refused below as bad_time.
        fits = [t if isinstance(t, int) and abs(t) < 1 << 62 else 0 for t in times]
        return np.array(fits, np.int64)


def _codes(tag: Bound, value: Any) -> float:
    known = text(value)
    return nan if known is None else tag.codes.get(known, nan)


def _values(tags: Sequence[Bound], values: Sequence[Any], textual: Mask) -> F64:
    if not textual.any():
        try:
            plain = np.array(values, np.float64) if not any(isinstance(v, str) for v in values) else None
        except (TypeError, ValueError, OverflowError):
            plain = None
        if plain is not None and plain.ndim == 1:
            plain[~np.isfinite(plain)] = nan
            return plain
    return np.array(
        [_codes(tag, v) if is_text else number(v) for tag, v, is_text in zip(tags, values, textual, strict=True)],
        np.float64,
    )


def _out_of_order(tags: Sequence[Bound], times: Sequence[int]) -> int:
    late = 0
    for tag, time in zip(tags, times, strict=True):
        late += time < tag.last
        tag.last = time
    return late


def columns(readings: Readings, bound: Mapping[str, Bound], now: int) -> Columns:
    """Return what can be stored of the readings, and the counts of what cannot.

    Parameters
    ----------
    bound
        Address -> binding; texts must have their codes already (``missing_texts``).
    now
        The present, us UTC.
    """
    counts = dict(readings.counts)
    found = [bound.get(address) for address in readings.address]
    tags: list[Bound] = [tag for tag in found if tag is not None]
    known = np.array([tag is not None for tag in found], bool)
    _count(counts, "rejected:unknown_tag", len(found) - len(tags))
    values: Sequence[Any] = readings.value if len(tags) == len(found) else list(compress(readings.value, known))
    time = _times(readings.time)[known]
    quality = (np.array(readings.quality, np.int64) & 0xFFFF).astype(np.uint16)[known]
    textual = np.array([tag.kind in TEXTUAL for tag in tags], bool)
    value = _values(tags, values, textual)
    bad = (quality & 0xC000) == 0x8000
    value[bad] = nan
    too_old, too_new = time < FIRST_TIME, time > now + AHEAD
    no_value = np.isnan(value) & ~bad & ~too_old & ~too_new
    _count(counts, "rejected:bad_time", int(too_old.sum()))
    _count(counts, "rejected:future_time", int(too_new.sum()))
    _count(counts, "rejected:bad_value", int(no_value.sum()))
    keep = ~(too_old | too_new | no_value)
    kept = list(compress(tags, keep))
    _count(counts, "noted:out_of_order", _out_of_order(kept, time[keep].tolist()))
    series = np.array([tag.series for tag in kept], np.uint32)
    return Columns(series, time[keep], value[keep], quality[keep], counts)


def _count(counts: dict[str, int], reason: str, n: int) -> None:
    if n:
        counts[reason] = counts.get(reason, 0) + n
