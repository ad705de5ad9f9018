"""Cells become times, numbers and qualities, a whole column at once; what does not fit is masked, not guessed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from chanye.connectors.file.mapping import TimePart
from chanye.kernel.time import to_us
from chanye.spine.history.types import F64, I64, U16, Quality

Mask = npt.NDArray[np.bool_]

_NUMBER = r"^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*$"
_ISO = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?$"
_ZONE = r"(Z|[+-]\d{2}:?\d{2})$"
_EPOCH = {"unix_s": 1e6, "unix_ms": 1e3, "unix_us": 1.0}
_QUALITY = {
    "good": Quality.GOOD,
    "uncertain": Quality.UNCERTAIN,
    "bad": Quality.BAD,
    "192": Quality.GOOD,
    "64": Quality.UNCERTAIN,
    "0": Quality.BAD,
    "": Quality.GOOD,
}


def is_text(column: pa.Array) -> bool:
    """Return whether a column holds text."""
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def plain(column: pa.Array) -> pa.Array:
    """Return a column without dictionaries and chunks."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _floats(column: pa.Array) -> F64:
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)


def numbers(column: pa.Array) -> F64:
    """Return finite numbers, NaN where the cell is none."""
    if is_text(column):
        fits = pc.match_substring_regex(column, _NUMBER)
        column = pc.utf8_trim_whitespace(pc.if_else(fits, column, None))
    elif not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or _odd_number(column.type)):
        return np.full(len(column), np.nan)
    values = np.array(_floats(column))
    values[~np.isfinite(values)] = np.nan
    return values


def _odd_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_boolean(kind) or pa.types.is_decimal(kind))


def qualities(column: pa.Array) -> tuple[U16, Mask]:
    """Return qualities and a mask of the cells that say one."""
    words = pc.utf8_lower(pc.utf8_trim_whitespace(pc.fill_null(column.cast(pa.string()), "")))
    coded = words.dictionary_encode()
    known = [_QUALITY.get(word) for word in coded.dictionary.to_pylist()]
    table = np.array([0 if q is None else int(q) for q in known] or [0], np.uint16)
    fits = np.array([q is not None for q in known] or [True], bool)
    index = coded.indices.to_numpy(zero_copy_only=False)
    return table[index], fits[index]


def times(column: pa.Array, part: TimePart) -> tuple[I64, Mask]:
    """Return times [us UTC] and a mask of the cells that are one."""
    if pa.types.is_timestamp(column.type):
        return _stamps(column, part.zone)
    if part.format in _EPOCH:
        return _epochs(column, _EPOCH[part.format])
    if not is_text(column):
        return np.zeros(len(column), np.int64), np.zeros(len(column), bool)
    if part.format == "iso":
        return _iso(pc.utf8_trim_whitespace(column), part.zone)
    parsed = pc.strptime(column, format=part.format, unit="us", error_is_null=True)
    return _stamps(parsed, part.zone)


def _stamps(column: pa.Array, zone: str) -> tuple[I64, Mask]:
    fits = np.asarray(pc.is_valid(column).to_numpy(zero_copy_only=False), bool)
    if column.type.tz is None:
        # An hour that a clock change makes twice is read as the first; one that it skips as the hour after.
        column = pc.assume_timezone(
            column.cast(pa.timestamp("us"), safe=False), zone, ambiguous="earliest", nonexistent="latest"
        )
    whole = column.cast(pa.timestamp("us", "UTC"), safe=False).cast(pa.int64())
    return np.asarray(pc.fill_null(whole, 0).to_numpy(zero_copy_only=False), np.int64), fits


def _epochs(column: pa.Array, factor: float) -> tuple[I64, Mask]:
    if pa.types.is_integer(column.type):
        fits = np.asarray(pc.is_valid(column).to_numpy(zero_copy_only=False), bool)
        whole = np.asarray(pc.fill_null(column, 0).cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)
        return whole * int(factor), fits
    found = numbers(column)
    fits = np.isfinite(found) & (np.abs(found) * factor < 2**62)
    return np.where(fits, np.rint(np.where(fits, found, 0.0) * factor), 0).astype(np.int64), fits


def _iso(column: pa.Array, zone: str) -> tuple[I64, Mask]:
    zoned = pc.fill_null(pc.match_substring_regex(column, r"\d{2}:\d{2}.*" + _ZONE), fill_value=False)
    naive = pc.fill_null(pc.match_substring_regex(column, _ISO), fill_value=False)
    short = pc.replace_substring_regex(column, r"(\.\d{6})\d+", r"\1")
    moments = np.zeros(len(column), np.int64)
    fits = np.zeros(len(column), bool)
    for mask, with_zone in ((zoned, True), (pc.and_not(naive, zoned), False)):
        where = np.asarray(mask.to_numpy(zero_copy_only=False), bool)
        if where.any():
            moments[where], fits[where] = _iso_cast(short.filter(mask), zone, with_zone=with_zone)
    return moments, fits


def _iso_cast(column: pa.Array, zone: str, *, with_zone: bool) -> tuple[I64, Mask]:
    try:
        return _stamps(column.cast(pa.timestamp("us", "UTC" if with_zone else None)), zone)
    except pa.ArrowInvalid:
        # At least one cell is no date of the calendar: only then is it worth looking at each by itself.
        return _iso_slowly(column.to_pylist(), zone)


def _iso_slowly(cells: list[Any], zone: str) -> tuple[I64, Mask]:
    moments, fits = np.zeros(len(cells), np.int64), np.zeros(len(cells), bool)
    here = ZoneInfo(zone)
    for i, cell in enumerate(cells):
        try:
            moment = datetime.fromisoformat(cell)
        except ValueError:
            continue
        moments[i], fits[i] = to_us(moment if moment.tzinfo else moment.replace(tzinfo=here)), True
    return moments, fits
