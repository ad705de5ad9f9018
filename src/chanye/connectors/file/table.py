"""Rows of a CSV or Parquet file, a block at a time, with the row number an editor would show."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from chanye.connectors.file.faults import Fault
from chanye.connectors.file.mapping import FilePart
from chanye.kernel.errors import ConfigError

BLOCK = 8 << 20
LONGEST_HEADER = 1_000_000
PARQUET_ROWS = 262_144
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Block:
    """Some consecutive rows; ``first`` is the number of the first one, from 1."""

    table: pa.RecordBatch
    first: int


@dataclass(slots=True)
class BadRows:
    """Rows of a CSV file that do not have as many cells as the header: they were left out."""

    numbers: list[int] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def row(self, at: int) -> int:
        """Return the number in the file of the row that is number ``at`` among the good ones."""
        for bad in self.numbers:
            if bad > at:
                break
            at += 1
        return at


def _open(path: Path) -> Any:
    source = pa.OSFile(str(path))
    return source, pa.CompressedInputStream(source, "gzip") if path.suffix == ".gz" else source


def _short_lines(path: Path, text: TextIO) -> Iterator[str]:
    """Yield lines; a header that does not end is no header (a small file can unpack to a line that fills memory)."""
    while line := text.readline(LONGEST_HEADER):
        if len(line) == LONGEST_HEADER:
            raise ConfigError(f"{path.name} has no header row: its first line is longer than a million characters.")
        yield line


def _header(path: Path, part: FilePart) -> list[str]:
    opener: Any = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding=part.encoding, newline="") as text:
            lines = _short_lines(path, text)
            for _ in range(part.skip_rows):
                next(lines)
            names = next(csv.reader(lines, delimiter=part.delimiter))
    except (OSError, EOFError, zlib.error, LookupError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path.name} cannot be read: {error}. Is it a CSV file in {part.encoding}?") from error
    except StopIteration:
        raise ConfigError(f"{path.name} has no header row.") from None
    names[0] = names[0].removeprefix("\ufeff")
    return names


def check_columns(path: Path, names: Sequence[str], wanted: Sequence[str]) -> None:
    """Raise ``ConfigError`` unless every wanted column is there, once."""
    missing = [name for name in wanted if name not in names]
    if missing:
        raise ConfigError(
            f"{path.name} has no column {', '.join(missing)}. It has: {', '.join(names)[:400]}. Correct the mapping."
        )
    twice = [name for name in wanted if list(names).count(name) > 1]
    if twice:
        raise ConfigError(f"{path.name} has the column {', '.join(twice)} twice. Rename one of them.")


def csv_blocks(
    path: Path, part: FilePart, wanted: Sequence[str], bad: BadRows, progress: Progress
) -> Iterator[Block]:
    """Yield the wanted columns of a CSV file as text.

    Raises
    ------
    ConfigError
        If the file is no CSV file with these columns.
    """
    names = _header(path, part)
    check_columns(path, names, wanted)
    head = part.skip_rows + 1

    def refuse(row: pacsv.InvalidRow) -> str:
        number = (row.number or 0) + part.skip_rows
        bad.numbers.append(number)
        rule = f"this row has {row.actual_columns} cells, the header has {row.expected_columns}"
        bad.faults.append(Fault(path.name, number, "", rule, (row.text or "")[:80]))
        return "skip"

    source, stream = _open(path)
    at = head + 1
    try:
        reader = pacsv.open_csv(
            stream,
            # One thread: only then are row numbers known, and the other core belongs to the historian.
            read_options=pacsv.ReadOptions(
                use_threads=False, block_size=BLOCK, encoding=part.encoding, skip_rows=part.skip_rows
            ),
            parse_options=pacsv.ParseOptions(delimiter=part.delimiter, invalid_row_handler=refuse),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=list(wanted),
                strings_can_be_null=False,
            ),
        )
        for batch in reader:
            yield Block(batch, at)
            at += batch.num_rows
            progress(int(source.tell()))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name} cannot be read near row {bad.row(at)}: {error}") from error


def parquet_blocks(path: Path, wanted: Sequence[str], progress: Progress) -> Iterator[Block]:
    """Yield the wanted columns of a Parquet file; ``ConfigError`` if it has none such."""
    try:
        file = pq.ParquetFile(path)
        check_columns(path, file.schema_arrow.names, wanted)
        at, size = 1, path.stat().st_size
        for batch in file.iter_batches(PARQUET_ROWS, columns=list(wanted)):
            yield Block(batch, at)
            at += batch.num_rows
            progress(int(size * (at - 1) / max(1, file.metadata.num_rows)))
    except (pa.ArrowException, OSError) as error:
        raise ConfigError(f"{path.name} is not a readable Parquet file: {error}") from error


def first_indices(mask: Any, limit: int) -> list[int]:
    """Return where a mask is set, the first ``limit`` of them."""
    return [int(i) for i in np.flatnonzero(mask)[:limit]]
