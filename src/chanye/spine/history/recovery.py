"""What a writer does at its start: manifest, then the log."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from chanye.kernel.errors import ConfigError
from chanye.spine.history.flush import SegmentData, retire_segment
from chanye.spine.history.latest import LatestView, Mark
from chanye.spine.history.manifest import Manifest, read_latest
from chanye.spine.history.wal import (
    HEADER,
    Damage,
    Record,
    Segment,
    scan_records,
    segment_numbers,
    segment_path,
    sync_folder,
)

if TYPE_CHECKING:
    from chanye.spine.history.writer import Writer


def sweep_orphans(folder: Path, manifest: Manifest) -> None:
    """Delete files that a crash left behind: no manifest row names them and their rows are still in the log."""
    named = {p.file for p in manifest.parts()}
    with manifest.transaction(write=False) as db:
        named |= {row[0] for row in db.execute("SELECT file FROM obsolete")}
        known = bool(db.execute("SELECT 1 FROM ledger LIMIT 1").fetchone())
    found = [p for p in (folder / "parts").glob("*/*") if str(p.relative_to(folder)) not in named]
    if not known and any(p.suffix == ".parquet" for p in found):
        if manifest.meta("began", ""):
            known = True
        else:
            raise ConfigError(
                "The history has parts but its manifest (manifest.sqlite3) is missing or empty. Restore the manifest "
                "from a backup before writing."
            )
    for path in found:
        path.unlink(missing_ok=True)


def recover(writer: Writer) -> tuple[Segment, SegmentData]:
    """Load the manifest, replay the log, cut a torn end; return the segment to go on with."""
    folder, manifest = writer.folder, writer._manifest  # noqa: SLF001 - recovery is the writer's other half
    sweep_orphans(folder, manifest)
    with manifest.transaction() as db:
        db.execute("INSERT OR IGNORE INTO meta VALUES ('began', '1')")
        writer.load_sources({r[0]: r[1:] for r in db.execute("SELECT name, seen, position, arrival FROM sources")})
    writer._batch = int(manifest.meta("batch", 0))  # noqa: SLF001
    writer._arrival = int(manifest.meta("arrival", 0))  # noqa: SLF001
    blob = manifest.meta("latest", b"")
    rows = read_latest(blob if isinstance(blob, bytes) else b"")
    if len(rows.series):
        writer._latest.reserve(int(rows.series[-1]))  # noqa: SLF001
        writer._latest.update(*rows, None)  # noqa: SLF001
    flushed = int(manifest.meta("flushed", 0))
    durable = LatestView(folder).mark()
    numbers = segment_numbers(folder)
    for number in [n for n in numbers if n <= flushed]:
        retire_segment(folder, number, keep=False)
    live = [n for n in numbers if n > flushed]
    for number in live:
        last = number == live[-1]
        data, size = _replay(writer, number, durable, last=last)
        if last and not data.damaged:
            return Segment(segment_path(folder, number), size), data
        writer._flusher.put(writer.flush_job())  # noqa: SLF001
    number = max([flushed, *live]) + 1
    segment = Segment(segment_path(folder, number))
    sync_folder(folder / "wal")
    return segment, SegmentData(number)


def _replay(writer: Writer, number: int, durable: Mark | None, *, last: bool) -> tuple[SegmentData, int]:
    """Take in the records of one segment; return it and its good length."""
    path = segment_path(writer.folder, number)
    data = SegmentData(number)
    writer._data = data  # noqa: SLF001
    items = list(scan_records(path.read_bytes()))
    size = path.stat().st_size
    torn = items[-1] if items else None
    if last and isinstance(torn, Damage):
        items.pop()
        acknowledged = durable is not None and durable.segment == number and durable.offset > torn.offset
        if acknowledged or torn.whole:
            _keep_copy(writer.folder, path, torn)
        size = torn.offset
        os.truncate(path, size)
    for item in items:
        if isinstance(item, Damage):
            data.damaged = True
        else:
            _take_in(writer, item)
    return data, size


def _take_in(writer: Writer, record: Record) -> None:
    source, counts, position = record.meta()
    writer.take_in(record, source, counts, position)


def _keep_copy(folder: Path, path: Path, torn: Damage) -> None:
    """Keep the bytes of a record that may have been acknowledged, for ``verify`` and a person to see."""
    with path.open("rb") as file:
        file.seek(torn.offset)
        data = file.read(torn.size)
    name = f"{path.stem}-{torn.offset}"
    (folder / "damaged" / f"{name}.log").write_bytes(data)
    note = {"segment": path.name, "offset": torn.offset, "bytes": torn.size, "header": HEADER.size}
    (folder / "damaged" / f"{name}.json").write_text(json.dumps(note))
