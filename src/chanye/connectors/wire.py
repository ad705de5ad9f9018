"""The words between ``collect`` and the processes that serve devices.

A frame is two little-endian u32 (length of the header, length of the body), a JSON header and a body. The body
of a batch is its raw columns, widest first so that each is aligned: time i64, value f64, series u32, quality u16,
all little-endian. Nothing is unpickled, so a frame can do nothing but carry data. A request has ``op``;
an answer has ``ok`` or ``error`` (one of ``transient``, ``config``, ``permanent``, ``bug``) with ``message``.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from chanye.kernel.errors import ChanyeError, ConfigError, PermanentError, TransientError
from chanye.spine.history.types import Batch, Receipt, SourceState

PREFIX = struct.Struct("<II")
MAX_HEADER = 64 << 20
MAX_BODY = 512 << 20
SOCKET = "collect.sock"
_BYTES_A_SAMPLE = 8 + 8 + 4 + 2
_LONGEST_ADDRESS = 100

Header = dict[str, Any]


class CollectGoneError(ChanyeError):
    """The other end of the socket is gone; whoever depends on it ends."""


class FrameError(ChanyeError):
    """A frame breaks the format; the connection it came from is closed."""


def pack(header: Mapping[str, Any], body: bytes = b"") -> bytes:
    """Return the frame of a header and body."""
    text = json.dumps(header, separators=(",", ":")).encode()
    return PREFIX.pack(len(text), len(body)) + text + body


def lengths(prefix: bytes) -> tuple[int, int]:
    """Return the lengths a prefix promises, in bytes; ``FrameError`` if they are absurd."""
    header, body = PREFIX.unpack(prefix)
    if header > MAX_HEADER or body > MAX_BODY:
        raise FrameError(f"A frame of {header} + {body} bytes is too long.")
    return header, body


def parse_header(text: bytes) -> Header:
    """Return the header as a dict; ``FrameError`` if it is not one."""
    try:
        header = json.loads(text)
    except ValueError as error:
        raise FrameError(f"A frame header is not JSON: {error}") from error
    if not isinstance(header, dict):
        raise FrameError("A frame header is not an object.")
    return header


def pack_batch(batch: Batch) -> bytes:
    """Return the frame of an ``append`` request."""
    header = {
        "op": "append",
        "source": batch.source,
        "sequence": batch.sequence,
        "n": len(batch.time),
        "counts": dict(batch.counts),
        "position": batch.position,
    }
    columns = (
        np.ascontiguousarray(batch.time, "<i8"),
        np.ascontiguousarray(batch.value, "<f8"),
        np.ascontiguousarray(batch.series, "<u4"),
        np.ascontiguousarray(batch.quality, "<u2"),
    )
    return pack(header, b"".join(column.tobytes() for column in columns))


def unpack_batch(header: Header, body: bytes) -> Batch:
    """Return the batch of an ``append`` request; ``FrameError`` where lengths disagree."""
    n = int(header["n"])
    if n < 0 or len(body) != n * _BYTES_A_SAMPLE:
        raise FrameError(f"A batch of {n} samples has {len(body)} bytes.")
    return Batch(
        source=str(header["source"]),
        sequence=int(header["sequence"]),
        time=np.frombuffer(body, "<i8", n, 0),
        value=np.frombuffer(body, "<f8", n, 8 * n),
        series=np.frombuffer(body, "<u4", n, 16 * n),
        quality=np.frombuffer(body, "<u2", n, 20 * n),
        counts={str(key): int(value) for key, value in header["counts"].items()},
        position=str(header["position"]),
    )


def receipt_header(receipt: Receipt) -> Header:
    """Return a receipt as plain values."""
    return {"arrival": int(receipt.arrival), "stored": int(receipt.stored), "duplicate": bool(receipt.duplicate)}


def receipt_of(header: Header) -> Receipt:
    """Return the receipt in an answer."""
    return Receipt(int(header["arrival"]), int(header["stored"]), bool(header["duplicate"]))


def source_header(state: SourceState) -> Header:
    """Return the state of a source as plain values."""
    return {
        "name": state.name,
        "last_sequence": int(state.last_sequence),
        "position": state.position,
        "last_arrival": int(state.last_arrival),
    }


def source_of(header: Header) -> SourceState:
    """Return the state of a source in an answer."""
    return SourceState(
        str(header["name"]), int(header["last_sequence"]), str(header["position"]), int(header["last_arrival"])
    )


_ERRORS: dict[str, type[ChanyeError]] = {
    "transient": TransientError,
    "config": ConfigError,
    "permanent": PermanentError,
    # Something unforeseen over there, e.g. records that are locked: trying again may help, giving up cannot.
    "bug": TransientError,
}


def error_header(error: BaseException) -> Header:
    """Return the answer that carries an error."""
    for word, kind in _ERRORS.items():
        if word != "bug" and isinstance(error, kind):
            return {"error": word, "message": str(error)}
    return {"error": "bug", "message": f"{type(error).__name__}: {error}"}


def raise_error(header: Header) -> None:
    """Raise the error that an answer carries, if it carries one."""
    if "error" in header:
        raise _ERRORS.get(str(header["error"]), TransientError)(str(header.get("message", "")))


def address(path: Path) -> str:
    """Return a name for a socket that fits into ``sockaddr_un`` (108 bytes), however deep its folder.

    A longer path is reached through this process's own handle on the folder.
    """
    name = str(path)
    if len(name.encode()) <= _LONGEST_ADDRESS:
        return name
    handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    return f"/proc/self/fd/{handle}/{path.name}"


def receive_exactly(sock: socket.socket, n: int) -> bytes:
    """Return n bytes; ``CollectGoneError`` if the peer closes before."""
    chunks = bytearray(n)
    view = memoryview(chunks)
    done = 0
    while done < n:
        got = sock.recv_into(view[done:])
        if not got:
            raise CollectGoneError("The connection was closed.")
        done += got
    return bytes(chunks)


def receive(sock: socket.socket) -> tuple[Header, bytes]:
    """Return the next frame of a blocking socket."""
    header, body = lengths(receive_exactly(sock, PREFIX.size))
    return parse_header(receive_exactly(sock, header)), receive_exactly(sock, body)
