"""How a link reaches the desk: in this process, or through the socket of ``collect``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from chanye.connectors import wire
from chanye.connectors.desk import ConnectionSpec, Desk
from chanye.connectors.types import ConnectionStatus, TagDraft
from chanye.spine.history.types import Batch, Receipt, SourceState
from chanye.spine.types import SeriesDraft


class Port(Protocol):
    """What a link asks of the desk."""

    async def hello(self, name: str) -> tuple[ConnectionSpec, SourceState]:
        """Return the configuration and the historian's knowledge of a connection."""

    async def declare(self, name: str, tags: Sequence[TagDraft]) -> dict[str, int]:
        """Bind addresses; return address -> series."""

    async def encode(self, series: int, texts: Sequence[str]) -> list[int]:
        """Return codes of texts, durable."""

    async def append(self, batch: Batch) -> Receipt:
        """Store a batch; durable on return."""

    async def report(self, status: ConnectionStatus) -> None:
        """Say how the connection is doing."""

    async def close(self) -> None:
        """Let go of the desk."""


class LocalPort:
    """The desk in this process; slow calls run in threads so that the loop goes on."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def hello(self, name: str) -> tuple[ConnectionSpec, SourceState]:
        """See ``Port``."""
        return await asyncio.to_thread(self.desk.hello, name)

    async def declare(self, name: str, tags: Sequence[TagDraft]) -> dict[str, int]:
        """See ``Port``."""
        return await asyncio.to_thread(self.desk.declare, name, tags)

    async def encode(self, series: int, texts: Sequence[str]) -> list[int]:
        """See ``Port``."""
        return await asyncio.to_thread(self.desk.encode, series, texts)

    async def append(self, batch: Batch) -> Receipt:
        """See ``Port``."""
        return await asyncio.to_thread(self.desk.append, batch)

    async def report(self, status: ConnectionStatus) -> None:
        """See ``Port``."""
        self.desk.report(status)

    async def close(self) -> None:
        """See ``Port``."""


def tag_header(tag: TagDraft) -> dict[str, Any]:
    """Return a tag as plain values."""
    return asdict(tag)


def tag_of(header: dict[str, Any]) -> TagDraft:
    """Return the tag that plain values describe."""
    series = dict(header["series"])
    span = series.pop("span", None)
    draft = SeriesDraft(**series, span=(float(span[0]), float(span[1])) if span else None)
    return TagDraft(str(header["address"]), draft, tuple((str(k), str(c), str(n)) for k, c, n in header["asset"]))


class SocketPort:
    """The desk of ``collect`` through its Unix socket; one request at a time.

    Every call raises ``CollectGoneError`` once the other end is gone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._busy = asyncio.Lock()

    async def ask(self, frame: bytes) -> wire.Header:
        """Send a frame and return the answer; raise the error it carries."""
        async with self._busy:
            try:
                if self._streams is None:
                    self._streams = await asyncio.open_unix_connection(wire.address(self.path))
                reader, writer = self._streams
                writer.write(frame)
                await writer.drain()
                header_length, body_length = wire.lengths(await reader.readexactly(wire.PREFIX.size))
                answer = wire.parse_header(await reader.readexactly(header_length))
                await reader.readexactly(body_length)
            except (OSError, asyncio.IncompleteReadError) as error:
                raise wire.CollectGoneError("The collect process is gone.") from error
            except asyncio.CancelledError:
                # The answer of the cancelled request is still on its way: this stream is of no more use.
                await self._drop()
                raise
        wire.raise_error(answer)
        return answer

    async def _drop(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def hello(self, name: str) -> tuple[ConnectionSpec, SourceState]:
        """See ``Port``."""
        answer = await self.ask(wire.pack({"op": "hello", "name": name}))
        return ConnectionSpec(**answer["spec"]), wire.source_of(answer["source"])

    async def declare(self, name: str, tags: Sequence[TagDraft]) -> dict[str, int]:
        """See ``Port``."""
        request = {"op": "declare", "name": name, "tags": [tag_header(tag) for tag in tags]}
        return {str(a): int(s) for a, s in (await self.ask(wire.pack(request)))["series"].items()}

    async def encode(self, series: int, texts: Sequence[str]) -> list[int]:
        """See ``Port``."""
        answer = await self.ask(wire.pack({"op": "encode", "series": series, "texts": list(texts)}))
        return [int(code) for code in answer["codes"]]

    async def append(self, batch: Batch) -> Receipt:
        """See ``Port``."""
        return wire.receipt_of(await self.ask(wire.pack_batch(batch)))

    async def report(self, status: ConnectionStatus) -> None:
        """See ``Port``."""
        await self.ask(wire.pack({"op": "report", "status": asdict(status)}))

    async def group(self, name: str) -> dict[str, str]:
        """Return the connections that belong to a group now: name -> fingerprint of its configuration."""
        return dict((await self.ask(wire.pack({"op": "group", "name": name})))["connections"])

    async def close(self) -> None:
        """Close the socket."""
        await self._drop()
