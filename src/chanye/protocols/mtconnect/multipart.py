"""multipart/x-mixed-replace, as agents stream ``sample`` with an interval: parts out of bytes, incrementally."""

from __future__ import annotations

import re

from chanye.kernel.errors import PeerError

MAX_PART = 64 << 20
MAX_HEADERS = 16 << 10

_BOUNDARY = re.compile(r"boundary\s*=\s*(?:\"([^\"]{1,200})\"|([^\s;,]{1,200}))", re.IGNORECASE)
_LENGTH = re.compile(rb"^content-length\s*:\s*(\d{1,12})\s*$", re.IGNORECASE | re.MULTILINE)


def boundary_of(content_type: str) -> str | None:
    """Return the boundary of a multipart content type, None if it is no multipart."""
    if not content_type.strip().lower().startswith("multipart/"):
        return None
    match = _BOUNDARY.search(content_type)
    return (match.group(1) or match.group(2)) if match else None


class MultipartReader:
    """Cuts a multipart body into its parts.

    A part with ``Content-length`` ends there (so the last one is not held back until the next begins);
    one without ends at the next boundary.
    """

    def __init__(self, boundary: str, max_part: int = MAX_PART) -> None:
        self._mark = b"--" + boundary.encode("latin-1", "replace")
        self._max = max_part
        self._buffer = bytearray()
        self._length: int | None = None
        self._in_part = False
        self._looked = 0  # how far a part without a length was searched for its end
        self.closed = False

    def receive(self, data: bytes) -> list[bytes]:
        """Take bytes and return the bodies of the parts that are complete now.

        Raises
        ------
        PeerError
            ``bad_multipart`` where a part or its headers exceed the limits.
        """
        self._buffer += data
        parts: list[bytes] = []
        while not self.closed:
            part = self._body() if self._in_part else self._head()
            if part is None:
                break
            if part:
                parts.append(part)
        if len(self._buffer) > self._max + MAX_HEADERS:
            raise PeerError("bad_multipart", "part too long")
        return parts

    def _head(self) -> bytes | None:
        """Step over a boundary and the headers after it; b"" if done, None if more bytes are needed."""
        at = self._buffer.find(self._mark)
        if at < 0:
            # Keep what may be the beginning of a boundary.
            del self._buffer[: max(0, len(self._buffer) - len(self._mark))]
            return None
        after = at + len(self._mark)
        if self._buffer[after : after + 2] == b"--":
            self.closed = True
            return None
        end = re.compile(rb"\r?\n\r?\n").search(self._buffer, after)
        if end is None:
            if len(self._buffer) - after > MAX_HEADERS:
                raise PeerError("bad_multipart", "headers too long")
            return None
        found = _LENGTH.search(bytes(self._buffer[after : end.start()]).replace(b"\r", b""))
        self._length = int(found.group(1)) if found else None
        if self._length is not None and self._length > self._max:
            raise PeerError("bad_multipart", f"part of {self._length} bytes")
        del self._buffer[: end.end()]
        self._in_part = True
        return b""

    def _body(self) -> bytes | None:
        if self._length is not None:
            if len(self._buffer) < self._length:
                return None
            size = skip = self._length
        else:
            size = self._buffer.find(b"\n" + self._mark, max(0, self._looked - len(self._mark)))
            if size < 0:
                self._looked = len(self._buffer)
                return None
            self._looked = 0
            skip = size + 1
        body = bytes(self._buffer[:size])
        del self._buffer[:skip]
        self._in_part = False
        return body.strip()
