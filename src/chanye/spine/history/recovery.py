"""What a writer does at its start: manifest, then the log."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from chanye.kernel.errors import ConfigError
from chanye.spine.history.damage import ADVICE, missing_segments, spare_parts
from chanye.spine.history.flush import FlushJob, SegmentData, retire_segment
from chanye.spine.history.latest import LatestView, Mark
from chanye.spine.history.manifest import Manifest, read_latest
from chanye.spine.history.memory import Memory, SourceMemory
from chanye.spine.history.wal import (
    HEADER,
    Damage,
    Segment,
    scan_records,
    segment_numbers,
    segment_path,
    sync_folder,
)


def sweep_orphans(folder: Path, manifest: Manifest) -> None:
    """Delete files that a crash left behind: no manifest row names them and their rows are elsewhere.

    A part whose rows are nowhere else was lost by the manifest (it was damaged, or is an older one from a backup):
    it is put aside, for ``verify`` to name it.
    """
    parts = manifest.parts()
    named = {p.file for p in parts}
    with manifest.transaction(write=False) as db:
        named |= {row[0] for row in db.execute("SELECT file FROM obsolete")}
        known = bool(db.execute("SELECT 1 FROM ledger LIMIT 1").fetchone())
    found = [p for p in (folder / "parts").glob("*/*") if str(p.relative_to(folder)) not in named]
    if not known and any(p.suffix == ".parquet" for p in found) and not manifest.meta("began", ""):
        raise ConfigError(f"The history has parts but its manifest is missing or empty. {ADVICE}")
    spare = spare_parts(folder, found, parts)
    for path in found:
        if path in spare:
            path.unlink(missing_ok=True)
        else:
            path.replace(folder / "damaged" / f"{path.parent.name}-{path.name}")


def recover(folder: Path, manifest: Manifest, memory: Memory, put: Callable[[FlushJob], None]) -> Segment:
    """Load the manifest, replay the log, cut a torn end; return the segment to go on with.

    Older segments, and a newest one with damage in its middle, go to ``put`` to be flushed.
    """
    durable = LatestView(folder).mark()
    sweep_orphans(folder, manifest)
    with manifest.transaction() as db:
        db.execute("INSERT OR IGNORE INTO meta VALUES ('began', '1')")
        for name, seen, position, arrival in db.execute("SELECT name, seen, position, arrival FROM sources"):
            memory.sources[name] = SourceMemory(name, seen, position, arrival)
    memory.batch, memory.arrival = int(manifest.meta("batch", 0)), int(manifest.meta("arrival", 0))
    blob = manifest.meta("latest", b"")
    memory.restore(read_latest(blob if isinstance(blob, bytes) else b""))
    flushed = int(manifest.meta("flushed", 0))
    numbers = segment_numbers(folder)
    for number in missing_segments(folder, flushed, durable.segment if durable else 0):
        _note(folder, f"{number:010d}-0", b"", {"segment": f"{number:010d}.log", "offset": 0, "missing": True})
    for number in [n for n in numbers if n <= flushed]:
        retire_segment(folder, number, keep=False)
    live = [n for n in numbers if n > flushed]
    for number in live:
        last = number == live[-1]
        size = _replay(folder, number, memory, durable, last=last)
        if last and not memory.data.damaged:
            return Segment(segment_path(folder, number), size)
        put(memory.flush_job())
    number = max([flushed, durable.segment if durable else 0, *live]) + 1
    segment = Segment(segment_path(folder, number))
    sync_folder(folder / "wal")
    memory.data = SegmentData(number)
    return segment


def _replay(folder: Path, number: int, memory: Memory, durable: Mark | None, *, last: bool) -> int:
    """Take in the records of one segment; return its good length."""
    path = segment_path(folder, number)
    memory.data = SegmentData(number)
    items = list(scan_records(path.read_bytes()))
    size = path.stat().st_size
    torn = items[-1] if items else None
    promised = durable.offset if durable is not None and durable.segment == number else 0
    if promised > size:
        # acknowledged records are gone without a trace in the log itself
        _keep_copy(folder, path, Damage(size, promised - size, whole=False))
    if last and isinstance(torn, Damage):
        items.pop()
        if promised > torn.offset or torn.whole:
            _keep_copy(folder, path, torn)
        size = torn.offset
        os.truncate(path, size)
    for item in items:
        if isinstance(item, Damage):
            memory.data.damaged = True
        else:
            source, counts, position = item.meta()
            memory.take_in(item, source, counts, position)
    return size


def _keep_copy(folder: Path, path: Path, torn: Damage) -> None:
    """Keep the bytes of a record that may have been acknowledged, for ``verify`` and a person to see."""
    with path.open("rb") as file:
        file.seek(torn.offset)
        data = file.read(torn.size)
    note = {"segment": path.name, "offset": torn.offset, "bytes": torn.size, "header": HEADER.size}
    _note(folder, f"{path.stem}-{torn.offset}", data, note)


def _note(folder: Path, name: str, data: bytes, note: dict[str, object]) -> None:
    (folder / "damaged" / f"{name}.log").write_bytes(data)
    (folder / "damaged" / f"{name}.json").write_text(json.dumps(note))
