"""As much of an HTTP/1.1 client as an agent needs: GET, bounded, with bodies that may never end (RFC 9112)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from chanye.kernel.errors import ConfigError

MAX_HEAD = 64 << 10
MAX_BODY = 64 << 20
CHUNK = 1 << 16


class HttpError(Exception):
    """The server is not there, is too slow, or does not speak HTTP; the message is for users."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an agent is."""

    host: str
    port: int
    prefix: str
    tls: bool

    @classmethod
    def parse(cls, url: str) -> Endpoint:
        """Read ``http[s]://host[:port][/prefix]``.

        Raises
        ------
        ConfigError
            If it is nothing like that.
        """
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigError(f"{url!r} is no address of an agent; write it like http://192.168.0.10:5000.")
        tls = parts.scheme == "https"
        return cls(parts.hostname, port or (443 if tls else 80), parts.path.rstrip("/"), tls)


class Response:
    """An answer whose body is read as it comes. Close it."""

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        limit: int,
    ) -> None:
        self.status = status
        self.headers = headers
        self._reader, self._writer = streams
        self._limit = limit

    @property
    def content_type(self) -> str:
        """The Content-Type header."""
        return self.headers.get("content-type", "")

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()

    async def read(self, within: float) -> bytes:
        """Return the whole body, within so many [s] and the size limit."""
        body = bytearray()
        try:
            async with asyncio.timeout(within):
                async for chunk in self.chunks(within):
                    body += chunk
                    if len(body) > self._limit:
                        raise HttpError(f"The answer is larger than {self._limit >> 20} MB.")
        except TimeoutError:
            raise HttpError(f"The answer took longer than {within:g} s.") from None
        return bytes(body)

    async def chunks(self, patience: float) -> AsyncIterator[bytes]:
        """Yield the body piece by piece; more than ``patience`` [s] between two pieces is an error."""
        try:
            if self.headers.get("transfer-encoding", "").lower() == "chunked":
                source = self._chunked()
            else:
                source = self._plain(self.headers.get("content-length", ""))
            while True:
                async with asyncio.timeout(patience):
                    piece = await anext(source, b"")
                if not piece:
                    return
                yield piece
        except TimeoutError:
            raise HttpError(f"Nothing was heard for {patience:g} s.") from None
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            raise HttpError(f"The connection broke: {error or type(error).__name__}.") from error

    async def _plain(self, length: str) -> AsyncIterator[bytes]:
        left = int(length) if length else None
        while left is None or left > 0:
            piece = await self._reader.read(CHUNK if left is None else min(CHUNK, left))
            if not piece:
                if left:
                    raise EOFError("the answer was cut off")
                return
            if left is not None:
                left -= len(piece)
            yield piece

    async def _chunked(self) -> AsyncIterator[bytes]:
        while True:
            size = int((await self._reader.readuntil(b"\r\n")).partition(b";")[0].strip() or b"0", 16)
            if size <= 0:
                return
            left = size
            while left:
                piece = await self._reader.read(min(CHUNK, left))
                if not piece:
                    raise EOFError("the answer was cut off")
                left -= len(piece)
                yield piece
            await self._reader.readexactly(2)


async def get(
    endpoint: Endpoint, path: str, query: Mapping[str, str], *, within: float, limit: int = MAX_BODY
) -> Response:
    """Ask for ``path`` below the endpoint's prefix and return the answer with its body still to be read.

    Parameters
    ----------
    within
        To connect and receive the headers. [s]
    limit
        Largest body. [byte]

    Raises
    ------
    HttpError
        If there is no answer that can be read.
    """
    target = quote(endpoint.prefix + path) + (f"?{urlencode(query)}" if query else "")
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    head = (
        f"GET {target} HTTP/1.1\r\nHost: {host}:{endpoint.port}\r\nUser-Agent: chanye\r\n"
        "Accept: text/xml, application/xml, multipart/x-mixed-replace\r\nAccept-Encoding: identity\r\n"
        "Connection: close\r\n\r\n"
    )
    where = f"{host}:{endpoint.port}"
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(within):
            context = ssl.create_default_context() if endpoint.tls else None
            reader, writer = await asyncio.open_connection(
                endpoint.host, endpoint.port, ssl=context, limit=MAX_HEAD
            )  # fmt: skip
            writer.write(head.encode("ascii"))
            await writer.drain()
            status, headers = _parse_head(await reader.readuntil(b"\r\n\r\n"))
    except BaseException as error:
        if writer is not None:
            writer.close()
        if isinstance(error, TimeoutError):
            raise HttpError(f"{where} did not answer within {within:g} s.") from None
        if isinstance(error, OSError | EOFError | ValueError | asyncio.LimitOverrunError):
            raise HttpError(f"No agent answers at {where}: is it running, and may this machine reach it? "
                            f"({error or type(error).__name__})") from error  # fmt: skip
        raise
    return Response(status, headers, (reader, writer), limit)


def _parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError("it does not speak HTTP/1.1")
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return int(rest[:3]), headers
