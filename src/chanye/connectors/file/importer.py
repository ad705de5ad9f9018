"""Bulk import: read everything, find every fault, and only then make the samples visible, all at once.

Files are read twice: first for faults, then into sorted parts beside the historian, which adopts them in one
step. The same content with the same mapping is known by its digest and imported once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from django.db import transaction

from chanye.connectors.file.convert import Converter, Piece
from chanye.connectors.file.faults import Faults, ImportRefusedError
from chanye.connectors.file.mapping import ImportMap
from chanye.connectors.file.table import BadRows, Block, csv_blocks, parquet_blocks
from chanye.connectors.file.target import BulkHistory, Target
from chanye.kernel.errors import ConfigError
from chanye.kernel.settings import get_settings
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine.history.types import F64

if TYPE_CHECKING:
    from chanye.spine.history import PartWriter

#: (what is done now, bytes done, bytes in all).
Progress = Callable[[str, int, int], None]
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did. ``stored`` samples; ``already`` says that this very content was imported before."""

    source: str
    stored: int
    counts: dict[str, int] = field(default_factory=dict)
    already: bool = False
    faults: Faults = field(default_factory=Faults)


def silent(_doing: str, _done: int, _of: int) -> None:
    """Show no progress."""


def digest_of(files: Sequence[Path], meaning: str, progress: Progress = silent) -> str:
    """Return SHA-256 over the content of the files and what they are taken to mean.

    Raises
    ------
    ConfigError
        If a file cannot be read.
    """
    total, done = hashlib.sha256(meaning.encode()), 0
    size = sum(file.stat().st_size for file in files if file.exists())
    for path in files:
        try:
            with path.open("rb") as file:
                total.update(f"\0{path.stat().st_size}\0".encode())
                while chunk := file.read(CHUNK):
                    total.update(chunk)
                    done += len(chunk)
                    progress("digest", done, size)
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    return total.hexdigest()


def pieces_of(
    path: Path, mapping: ImportMap, faults: Faults, now: int, progress: Callable[[int], None]
) -> Iterator[Piece]:
    """Yield the samples of one table file and take note of its faults."""
    bad = BadRows()
    converter = Converter(mapping, path.name, faults, bad.row, now)
    blocks: Iterator[Block]
    if mapping.file.format == "parquet":
        blocks = parquet_blocks(path, converter.wanted(), progress)
    else:
        blocks = csv_blocks(path, mapping.file, converter.wanted(), bad, progress)
    for block in blocks:
        yield from converter.pieces(block)
    faults.add("rejected:bad_row", bad.faults, len(bad.faults))


@contextmanager
def open_parts() -> Iterator[PartWriter]:
    """Open a writer of bulk parts; what was written is deleted if the import does not come to its end."""
    from chanye.spine.history import PartWriter

    parts = PartWriter(get_settings().history_folder)
    try:
        yield parts
    except BaseException:
        parts.discard()
        raise


class _Coder:
    """Turns places in the texts of a piece into codes of the series' dictionary."""

    def __init__(self, history: BulkHistory, series: dict[str, int]) -> None:
        self._history = history
        self._series = series
        self._codes: dict[tuple[str, str], int] = {}

    def value(self, piece: Piece) -> F64:
        """Return the values to store."""
        if not piece.texts:
            return piece.value
        column, known = piece.part.column, np.isfinite(piece.value)
        places = piece.value[known].astype(np.int64)
        texts = [piece.texts[int(i)] for i in np.unique(places)]
        fresh = [text for text in texts if (column, text) not in self._codes]
        if fresh:
            codes = self._history.encode(self._series[column], fresh)
            self._codes |= {(column, text): code for text, code in zip(fresh, codes, strict=True)}
        table = np.array([self._codes.get((column, text), np.nan) for text in piece.texts], np.float64)
        value = np.full(len(piece.value), np.nan)
        value[known] = table[places]
        return value


def import_tables(
    *,
    actor: Viewer,
    target: Target,
    history: BulkHistory,
    files: Sequence[Path],
    mapping: ImportMap,
    keep_good: bool = False,
    progress: Progress = silent,
) -> Imported:
    """Import CSV or Parquet files, all of them or nothing.

    Parameters
    ----------
    keep_good
        Import the rows that break no rule and count the others by reason.

    Raises
    ------
    ImportRefusedError
        With the faults, if there are any and ``keep_good`` is not set.
    ConfigError
        If a file or the mapping cannot be used at all.
    """
    require(actor, "import_data", target.organisation_id)
    digest = digest_of(files, f"{mapping.model_dump_json()}\0{target.site_id}\0{keep_good}", progress)
    source = f"{target.name}/{digest[:16]}"
    if history.source(source).last_sequence:
        return Imported(source, 0, already=True)
    now, size = now_us(), sum(file.stat().st_size for file in files)
    faults = Faults()
    for _ in _all_pieces(files, mapping, faults, now, size, "check", progress):
        pass
    if faults.total and not keep_good:
        raise ImportRefusedError(faults)
    series = target.declare([part.draft() for part in mapping.series])
    coder = _Coder(history, series)
    with open_parts() as parts:
        for piece in _all_pieces(files, mapping, Faults(), now, size, "write", progress):
            if n := len(piece.time):
                number = np.full(n, series[piece.part.column], np.uint32)
                parts.write(number, piece.time, coder.value(piece), piece.quality)
        names = [file.name for file in files]
        return finish_import(actor, target, history, Finished(source, names, digest, faults.counts, faults), parts)


def _all_pieces(
    files: Sequence[Path], mapping: ImportMap, faults: Faults, now: int, size: int, doing: str, progress: Progress
) -> Iterator[Piece]:
    before = 0
    for path in files:

        def tell(done: int, base: int = before) -> None:
            progress(doing, base + done, size)

        yield from pieces_of(path, mapping, faults, now, tell)
        before += path.stat().st_size
        progress(doing, before, size)


@dataclass(frozen=True, slots=True)
class Finished:
    """An import that has read everything: what is still to be said about it."""

    source: str
    names: list[str]
    digest: str
    counts: Mapping[str, int]
    faults: Faults


def finish_import(actor: Viewer, target: Target, history: BulkHistory, done: Finished, parts: PartWriter) -> Imported:
    """Have the parts adopted and say so in the audit log."""
    files = parts.finish()
    counts = dict(done.counts) | ({"rejected:repeated": parts.repeats} if parts.repeats else {})
    receipt = history.adopt(done.source, 1, files, counts, done.digest)
    with transaction.atomic():
        record(
            actor=actor,
            verb="import_files",
            target=f"source:{done.source}",
            detail={"files": done.names, "stored": receipt.stored, "counts": counts, "digest": done.digest},
            organisation_id=target.organisation_id,
        )
    return Imported(done.source, receipt.stored, counts, already=receipt.duplicate, faults=done.faults)


def import_deliveries(
    *,
    actor: Viewer,
    deliveries: Sequence[tuple[Target, Path]],
    history: BulkHistory,
    mapping: ImportMap,
    name: str,
    progress: Progress = silent,
) -> Imported:
    """Import tables of many sites with one mapping, all of them or nothing, as one source.

    Parameters
    ----------
    deliveries
        Where each file goes. Best in the order of time: what lies in one day then shares the day's parts.
    name
        Of the source.

    Raises
    ------
    ImportRefusedError
        With the faults, if there are any.
    ConfigError
        If a file or the mapping cannot be used at all.
    """
    targets = {target.site_id: target for target, _ in deliveries}
    for target in targets.values():
        require(actor, "import_data", target.organisation_id)
    files = [file for _, file in deliveries]
    sites = "\0".join(str(target.site_id) for target, _ in deliveries)
    digest = digest_of(files, f"{mapping.model_dump_json()}\0{sites}", progress)
    source = f"import:{name}/{digest[:16]}"
    if history.source(source).last_sequence:
        return Imported(source, 0, already=True)
    now, size = now_us(), sum(file.stat().st_size for file in files)
    faults = Faults()
    for _ in _all_pieces(files, mapping, faults, now, size, "check", progress):
        pass
    if faults.total:
        raise ImportRefusedError(faults)
    drafts = [part.draft() for part in mapping.series]
    coders = {}
    for number, target in targets.items():
        series = target.declare(drafts)
        coders[number] = series, _Coder(history, series)
    before = 0
    with open_parts() as parts:
        for target, path in deliveries:
            series, coder = coders[target.site_id]
            for piece in pieces_of(path, mapping, Faults(), now, lambda _done: None):
                column = np.full(len(piece.time), series[piece.part.column], np.uint32)
                parts.write(column, piece.time, coder.value(piece), piece.quality)
            before += path.stat().st_size
            progress("write", before, size)
        receipt = history.adopt(source, 1, parts.finish(), faults.counts, digest)
    with transaction.atomic():
        for number, target in targets.items():
            names = [file.name for other, file in deliveries if other.site_id == number]
            record(
                actor=actor,
                verb="import_files",
                target=f"source:{source}",
                detail={"files": names, "digest": digest},
                organisation_id=target.organisation_id,
            )
    return Imported(source, receipt.stored, dict(faults.counts), already=receipt.duplicate)
