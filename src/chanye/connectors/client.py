"""The historian through ``collect``, for a short-lived writer such as an import."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from chanye.connectors import wire
from chanye.kernel.errors import TransientError
from chanye.spine.history.types import Batch, Receipt, SourceState


class RemoteHistory:
    """The writing face of ``History`` over the socket of a running ``collect``.

    Raises
    ------
    ConnectionError, FileNotFoundError
        At birth, if no ``collect`` listens there.
    """

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(wire.address(path))
        except OSError:
            self._socket.close()
            raise

    def _ask(self, frame: bytes) -> wire.Header:
        try:
            self._socket.sendall(frame)
            answer, _ = wire.receive(self._socket)
        except (OSError, wire.CollectGoneError) as error:
            raise TransientError("The collect process ended meanwhile; start it and try again.") from error
        wire.raise_error(answer)
        return answer

    def append(self, batch: Batch) -> Receipt:
        """Store a batch; durable on return."""
        return wire.receipt_of(self._ask(wire.pack_batch(batch)))

    def encode(self, series: int, texts: Sequence[str]) -> list[int]:
        """Return codes of texts, durable."""
        return list(self._ask(wire.pack({"op": "encode", "series": series, "texts": list(texts)}))["codes"])

    def source(self, name: str) -> SourceState:
        """Return what is known of a source."""
        return wire.source_of(self._ask(wire.pack({"op": "source", "name": name}))["source"])

    def adopt(
        self, source: str, sequence: int, files: Sequence[Path], counts: Mapping[str, int], position: str = ""
    ) -> Receipt:
        """Make bulk parts visible, all at once."""
        request = {
            "op": "adopt",
            "source": source,
            "sequence": sequence,
            "files": [str(file) for file in files],
            "counts": dict(counts),
            "position": position,
        }
        return wire.receipt_of(self._ask(wire.pack(request)))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
