"""A watched folder: tables that appear in it are stored and moved to ``done``; faulty ones to ``failed``.

A file is taken when it has not grown for a while, whole or not at all. If the process ends in the middle of one,
the file is still there and is read again: the same readings at the same times change nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from chanye.connectors.file.convert import Converter, Piece
from chanye.connectors.file.faults import Faults
from chanye.connectors.file.mapping import load_map
from chanye.connectors.file.table import BadRows, csv_blocks, parquet_blocks
from chanye.connectors.types import Capabilities, Link, Readings
from chanye.kernel.errors import ConfigError, TransientError
from chanye.kernel.time import now_us

BATCH = 5_000


class FolderOptions(BaseModel):
    """Options of the connector ``file``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Field(description="Folder that is watched.")
    mapping: Path = Field(description="Mapping file (TOML) that says what the columns mean.")
    pattern: str = Field("*.csv", min_length=1, description="Names of files that are taken.")
    settle: float = Field(2.0, ge=0, description="A file is taken when it has not changed for this long. [s]")
    every: float = Field(2.0, gt=0, description="Time between two looks at the folder. [s]")
    keep_good: bool = Field(False, description="Store the good rows of a faulty file instead of refusing all of it.")


class FolderConnector:
    """Watches a folder until cancelled."""

    Options: ClassVar[type[BaseModel]] = FolderOptions
    capabilities: ClassVar[Capabilities] = Capabilities(live=True, resumes=True, backfills=True)

    def __init__(self, options: FolderOptions, link: Link) -> None:
        self._options = options
        self._link = link
        self._map = load_map(options.mapping)
        if self._map.file.format == "shdr":
            raise ConfigError("A watched folder takes tables; import SHDR recordings with 'chanye import'.")

    async def run(self) -> None:
        """Take files as they come."""
        await self._link.declare([part.draft() for part in self._map.series])
        while True:
            try:
                found = self._settled()
            except OSError as error:
                why = f"The folder {self._options.folder} cannot be read: {error.strerror}. Is it mounted?"
                raise TransientError(why) from error
            self._link.state("active")
            for path in found:
                await self._take(path)
            await asyncio.sleep(self._options.every)

    def _settled(self) -> list[Path]:
        folder, old = self._options.folder, time.time() - self._options.settle
        if not folder.is_dir():
            raise FileNotFoundError(2, "No such folder", str(folder))
        files = [
            path for path in folder.glob(self._options.pattern) if path.is_file() and path.stat().st_mtime <= old
        ]
        return sorted(files, key=lambda path: (path.stat().st_mtime, path.name))

    async def _take(self, path: Path) -> None:
        faults = Faults()
        try:
            for _ in self._pieces(path, faults):
                await asyncio.sleep(0)  # a large file must not keep others of the group from being served
        except ConfigError as error:
            await self._refuse(path, faults, str(error))
            return
        if faults.total and not self._options.keep_good:
            await self._refuse(path, faults, "")
            return
        for piece in self._pieces(path, Faults()):
            await self._send(piece)
        rest = Readings()
        rest.counts = dict(faults.counts)
        await self._link.send(rest, path.name)
        self._move(path, "done")

    def _pieces(self, path: Path, faults: Faults) -> Iterator[Piece]:
        bad = BadRows()
        converter = Converter(self._map, path.name, faults, bad.row, now_us())
        wanted = converter.wanted()
        if self._map.file.format == "parquet":
            blocks = parquet_blocks(path, wanted, lambda _done: None)
        else:
            blocks = csv_blocks(path, self._map.file, wanted, bad, lambda _done: None)
        for block in blocks:
            yield from converter.pieces(block)
        faults.add("rejected:bad_row", bad.faults, len(bad.faults))

    async def _send(self, piece: Piece) -> None:
        times, qualities = piece.time.tolist(), piece.quality.tolist()
        for at in range(0, len(times), BATCH):
            readings = Readings()
            to = min(at + BATCH, len(times))
            readings.address = [piece.part.column] * (to - at)
            readings.time, readings.quality = times[at:to], qualities[at:to]
            chosen = piece.value[at:to].tolist()
            # Of a bad reading the value is NaN, and there is no text to look up.
            readings.value = [None if v != v else piece.texts[int(v)] for v in chosen] if piece.texts else chosen
            await self._link.send(readings)

    async def _refuse(self, path: Path, faults: Faults, why: str) -> None:
        refused = Readings()
        refused.count("noted:file_refused")
        await self._link.send(refused)
        target = self._move(path, "failed")
        lines = [why] if why else [str(fault) for fault in faults.first]
        hidden = faults.total - len(faults.first)
        text = "\n".join(lines + ([f"… and {hidden} more"] if hidden > 0 else []))
        target.with_name(target.name + ".faults.txt").write_text(text + "\n", encoding="utf-8")

    def _move(self, path: Path, into: str) -> Path:
        folder = path.parent / into
        folder.mkdir(exist_ok=True)
        target = folder / path.name
        if target.exists():
            target = folder / f"{path.stem}-{time.time_ns()}{path.suffix}"
        return path.rename(target)
