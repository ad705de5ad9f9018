"""Blocks of rows become samples by the mapping; what breaks a rule becomes a fault with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from chanye.connectors.file import cells
from chanye.connectors.file.faults import SHOWN, Fault, Faults
from chanye.connectors.file.mapping import ImportMap, SeriesPart, part_factor
from chanye.connectors.file.table import Block, first_indices
from chanye.connectors.values import AHEAD, FIRST_TIME, LONGEST_TEXT, TEXTUAL
from chanye.spine.history.types import F64, I64, U16

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Piece:
    """Samples of one series out of one block. ``texts`` names the codes in ``value`` of a textual series."""

    part: SeriesPart
    time: I64
    value: F64
    quality: U16
    texts: tuple[str, ...] = ()


@dataclass(slots=True)
class Converter:
    """Turns blocks of one file into pieces and faults.

    Parameters
    ----------
    row
        Number of a row among the good ones -> its number in the file.
    now
        The present, us UTC.
    """

    map: ImportMap
    file: str
    faults: Faults
    row: Callable[[int], int]
    now: int

    def wanted(self) -> list[str]:
        """Return the columns that are read."""
        if self.map.file.layout == "wide":
            return [self.map.time.column, *(part.column for part in self.map.series)]
        long = self.map.long
        return [self.map.time.column, long.tag, long.value, *([long.quality] if long.quality else [])]

    def pieces(self, block: Block) -> Iterator[Piece]:
        """Yield the samples of a block and take note of its faults."""
        columns = {
            name: cells.plain(column) for name, column in zip(block.table.schema.names, block.table, strict=True)
        }
        time, timely = self._times(columns[self.map.time.column], block.first)
        if self.map.file.layout == "wide":
            good = np.zeros(len(time), np.uint16)
            for part in self.map.series:
                yield self._piece(part, columns[part.column], time, good, timely, block.first, part.column)
        else:
            yield from self._long(columns, time, timely, block.first)

    def _times(self, column: pa.Array, first: int) -> tuple[I64, Mask]:
        name = self.map.time.column
        time, fits = cells.times(column, self.map.time)
        self._note("rejected:bad_time", ~fits, first, name, f"this is not a time ({self.map.time.format})", column)
        old = fits & (time < FIRST_TIME)
        self._note("rejected:bad_time", old, first, name, "this time is before 1990", column)
        new = fits & (time > self.now + AHEAD)
        self._note("rejected:future_time", new, first, name, "this time lies in the future", column)
        return time, fits & ~old & ~new

    def _long(self, columns: dict[str, pa.Array], time: I64, timely: Mask, first: int) -> Iterator[Piece]:
        long = self.map.long
        tags = columns[long.tag].cast(pa.string()).dictionary_encode()
        known = {part.column: part for part in self.map.series}
        index = pc.fill_null(tags.indices, -1).to_numpy(zero_copy_only=False)
        names = tags.dictionary.to_pylist()
        unknown = ~np.isin(index, [i for i, name in enumerate(names) if name in known])
        self._note(
            "rejected:unknown_tag", unknown, first, long.tag, "this tag is not in the mapping", columns[long.tag]
        )
        quality = np.zeros(len(time), np.uint16)
        usable = timely & ~unknown
        if long.quality:
            quality, said = cells.qualities(columns[long.quality])
            rule = "a quality is good, uncertain or bad, or 192, 64, 0"
            self._note("rejected:bad_quality", ~said, first, long.quality, rule, columns[long.quality])
            usable &= said
        for i, name in enumerate(names):
            here = index == i
            if name in known and here.any():
                value = columns[long.value].filter(pa.array(here))
                rows = np.flatnonzero(here)
                yield self._piece(
                    known[name], value, time[here], quality[here], usable[here], first, long.value, rows=rows
                )

    def _piece(
        self,
        part: SeriesPart,
        column: pa.Array,
        time: I64,
        quality: U16,
        usable: Mask,
        first: int,
        name: str,
        rows: npt.NDArray[np.int64] | None = None,
    ) -> Piece:
        bad = (quality & 0xC000) == 0x8000
        usable = usable & ~(self._missing(part, column) & ~bad)
        if part.kind in TEXTUAL:
            value, texts = _texts(column)
            rule = f"a text has 1 to {LONGEST_TEXT} characters"
        else:
            value, texts = cells.numbers(column), ()
            factor, offset = part_factor(part)
            value = value * factor + offset
            rule = "this is not a number"
        wrong = usable & ~bad & ~np.isfinite(value)
        self._note("rejected:bad_value", wrong, first, name, rule, column, rows)
        value = np.where(bad, np.nan, value)
        keep = usable & ~wrong
        return Piece(part, time[keep], value[keep], quality[keep], texts)

    @staticmethod
    def _missing(part: SeriesPart, column: pa.Array) -> Mask:
        empty = pc.is_null(column, nan_is_null=pa.types.is_floating(column.type))
        if cells.is_text(column):
            words = pc.is_in(pc.utf8_trim_whitespace(column), pa.array(part.missing, column.type))
            empty = pc.or_(empty, words)
        return np.asarray(empty.to_numpy(zero_copy_only=False), bool)

    def _note(
        self,
        reason: str,
        wrong: Mask,
        first: int,
        name: str,
        rule: str,
        column: pa.Array,
        rows: npt.NDArray[np.int64] | None = None,
    ) -> None:
        n = int(wrong.sum())
        if n:
            shown = (
                Fault(self.file, self.row(first + int(i if rows is None else rows[i])), name, rule, _seen(column, i))
                for i in first_indices(wrong, SHOWN)
            )
            self.faults.add(reason, shown, n)


def _seen(column: pa.Array, i: int) -> str:
    return str(column[i].as_py())[:60]


def _texts(column: pa.Array) -> tuple[F64, tuple[str, ...]]:
    """Return places in a list of distinct texts, NaN where there is none or it is too long, and the list."""
    coded = pc.utf8_trim_whitespace(column.cast(pa.string())).dictionary_encode()
    texts: Sequence[str] = coded.dictionary.to_pylist()
    fits = np.array([bool(text) and len(text) <= LONGEST_TEXT for text in texts] or [False], bool)
    index = np.asarray(pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False), np.int64)
    return np.where((index >= 0) & fits[index], index, np.nan).astype(np.float64), tuple(texts)
