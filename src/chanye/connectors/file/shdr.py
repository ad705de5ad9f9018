"""SHDR recordings: the bytes of an adapter in a file, plain or gzip, read as the live connector would have read them.

What the file says nothing about stays unknown: after the last line every series is marked as without
communication, as if the connection had ended there.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from chanye.connectors.file.faults import Fault, Faults, ImportRefusedError
from chanye.connectors.file.importer import Finished, Imported, Progress, digest_of, finish_import, open_parts, silent
from chanye.connectors.file.target import BulkHistory, Target
from chanye.connectors.mtconnect.adapter import ShdrAdapter, ShdrOptions
from chanye.connectors.types import Readings, State, TagDraft
from chanye.connectors.values import Bound, columns, missing_texts
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine.history.types import Quality, Receipt, SourceState

CHUNK = 1 << 18
#: Refusals that say something about the device model, not about the file: counted, never a reason to stop.
BEYOND_THE_MODEL = frozenset({"unknown_tag", "wrong_unit"})


class PartsLink:
    """A link that writes bulk parts.

    Parameters
    ----------
    write
        Takes the columns series, time, value, quality.
    """

    def __init__(self, source: str, target: Target, history: BulkHistory, write: Callable[..., None]) -> None:
        self.source = source
        self.resume = SourceState(source, 0, "", 0)
        self.stored = 0
        self.counts: dict[str, int] = {}
        self._target = target
        self._history = history
        self._write = write
        self._bound: dict[str, Bound] = {}

    async def declare(self, tags: Sequence[TagDraft]) -> Mapping[str, int]:
        """See ``Link``."""
        series = self._target.declare(tags)
        self._bound |= {tag.address: Bound(series[tag.address], tag.series.kind) for tag in tags}
        return series

    async def send(self, readings: Readings, position: str = "") -> Receipt:
        """See ``Link``; visible only once the parts are adopted."""
        for series, (tag, texts) in missing_texts(readings, self._bound).items():
            tag.codes.update(zip(texts, self._history.encode(series, texts), strict=True))
        made = columns(readings, self._bound, now_us())
        if len(made.time):
            self._write(made.series, made.time, made.value, made.quality)
        self.stored += len(made.time)
        for reason, n in made.counts.items():
            self.counts[reason] = self.counts.get(reason, 0) + n
        return Receipt(0, len(made.time), duplicate=False)

    async def mark_gap(self, at: int, addresses: Sequence[str] | None = None) -> None:
        """See ``Link``."""
        wanted = self._bound if addresses is None else {a: self._bound[a] for a in addresses if a in self._bound}
        series = np.unique(np.array([tag.series for tag in wanted.values()], np.uint32))
        n = len(series)
        quality = np.full(n, Quality.BAD_NO_COMMUNICATION, np.uint16)
        self._write(series, np.full(n, at, np.int64), np.full(n, np.nan), quality)
        self.stored += n

    async def alive(self, until: int) -> None:
        """See ``Link``: a recording proves nothing beyond its lines."""

    def state(self, state: State, why: str = "") -> None:
        """See ``Link``."""


def _chunks(path: Path, progress: Callable[[int], None]) -> Iterator[bytes]:
    """Yield the bytes of a recording.

    Raises
    ------
    ConfigError
        If it cannot be read, or is a damaged gzip file.
    """
    try:
        with path.open("rb") as raw, gzip.GzipFile(fileobj=raw) as unpacked:
            source = unpacked if path.suffix == ".gz" else raw
            while chunk := source.read(CHUNK):
                yield chunk
                progress(raw.tell())
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigError(f"{path.name} cannot be read: {error}.") from error


def _run_through(replay: Coroutine[None, None, None]) -> None:
    """Run a coroutine that waits for nothing, without an event loop: the records refuse to be used inside one."""
    try:
        replay.send(None)
    except StopIteration:
        return
    replay.close()
    msg = "replaying a recording waited for something"
    raise RuntimeError(msg)


def import_shdr(
    *,
    actor: Viewer,
    target: Target,
    history: BulkHistory,
    file: Path,
    options: ShdrOptions,
    keep_good: bool = False,
    progress: Progress = silent,
) -> Imported:
    """Import one SHDR recording, all of it or nothing.

    Raises
    ------
    ImportRefusedError
        With the lines that cannot be read, if there are any and ``keep_good`` is not set.
    ConfigError
        If the file or the device model cannot be used at all.
    """
    require(actor, "import_data", target.organisation_id)
    extra = [options.devices_xml] if options.devices_xml else []
    digest = digest_of([file, *extra], f"shdr\0{options.model_dump_json()}\0{target.site_id}\0{keep_good}", progress)
    source = f"{target.name}/{digest[:16]}"
    if history.source(source).last_sequence:
        return Imported(source, 0, already=True)
    faults, beyond = Faults(), Faults()

    def fault(line: int, reason: str, seen: str) -> None:
        kept = beyond if reason in BEYOND_THE_MODEL else faults
        kept.add(f"rejected:{reason}", [Fault(file.name, line, "", reason.replace("_", " "), seen[:60])], 1)

    size = file.stat().st_size
    with open_parts() as parts:
        link = PartsLink(source, target, history, parts.write)
        adapter = ShdrAdapter(options, link)
        _run_through(adapter.replay(_chunks(file, lambda done: progress("write", done, size)), fault))
        if faults.total and not keep_good:
            raise ImportRefusedError(faults)
        done = Finished(source, [file.name], digest, link.counts, faults if faults.total else beyond)
        return finish_import(actor, target, history, done, parts)
