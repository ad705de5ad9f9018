"""The desk of ``collect``: what a connection may ask for, whether over the socket or in process.

One ``Desk`` stands before the one ``History``. What addresses mean is kept in a ``Book``: the records of the
product (``binding.RecordsBook``), or plain memory (``MemoryBook``) for tests and one-off tools.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from chanye.connectors.types import ConnectionStatus, TagDraft
from chanye.kernel.errors import ConfigError
from chanye.spine.history.types import Batch, Receipt, SourceState

if TYPE_CHECKING:
    from chanye.spine.history import History


@dataclass(frozen=True, slots=True)
class ConnectionSpec:
    """A configured connection as the process that serves it needs to know it."""

    name: str
    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)
    group: str = "default"


class Book(Protocol):
    """Where it is kept what connections there are and what their addresses mean."""

    def specs(self) -> list[ConnectionSpec]:
        """Return the enabled connections."""

    def declare(self, name: str, tags: Sequence[TagDraft]) -> dict[str, int]:
        """Bind addresses to series, making assets and series that are missing; idempotent."""

    def bound(self, name: str) -> dict[str, tuple[int, str]]:
        """Return what is bound so far: address -> (series, role or "")."""


class MemoryBook:
    """A book in memory: numbers series from 1 in the order they are declared."""

    def __init__(self, specs: Sequence[ConnectionSpec] = ()) -> None:
        self._specs = list(specs)
        self.series: dict[tuple[str, str], int] = {}
        self.drafts: dict[int, TagDraft] = {}
        self._bound: dict[str, dict[str, tuple[int, str]]] = {}

    def specs(self) -> list[ConnectionSpec]:
        """Return the connections given at birth."""
        return list(self._specs)

    def declare(self, name: str, tags: Sequence[TagDraft]) -> dict[str, int]:
        """Bind addresses; a series that changes its kind or unit is a ``ConfigError``."""
        bound = self._bound.setdefault(name, {})
        for tag in tags:
            key = ("/".join(code for _, code, _ in tag.asset), tag.series.code)
            number = self.series.setdefault(key, len(self.series) + 1)
            held = self.drafts.setdefault(number, tag).series
            if (held.kind, held.unit) != (tag.series.kind, tag.series.unit):
                raise ConfigError(f"Series {'/'.join(key)} holds {held.kind} in {held.unit}; use another code.")
            bound[tag.address] = (number, tag.series.role or "")
        return {tag.address: bound[tag.address][0] for tag in tags}

    def bound(self, name: str) -> dict[str, tuple[int, str]]:
        """Return what is bound so far."""
        return dict(self._bound.get(name, {}))


class Desk:
    """Answers connections; safe to call from several threads.

    Parameters
    ----------
    history
        The one writer.
    book
        What connections and addresses there are.
    """

    def __init__(self, history: History, book: Book) -> None:
        self.history = history
        self.book = book
        self.statuses: dict[str, ConnectionStatus] = {}
        self._declaring = threading.Lock()

    def hello(self, name: str) -> tuple[ConnectionSpec, SourceState]:
        """Return how a connection is configured and what the historian knows of it."""
        for spec in self.book.specs():
            if spec.name == name:
                return spec, self.history.source(name)
        raise ConfigError(f"There is no enabled connection {name!r}.")

    def declare(self, name: str, tags: Sequence[TagDraft]) -> dict[str, int]:
        """Bind addresses of a connection to series."""
        with self._declaring:
            return self.book.declare(name, tags)

    def encode(self, series: int, texts: Sequence[str]) -> list[int]:
        """Return the code of each text in the series' dictionary, durable on return."""
        return [int(code) for code in self.history.encode(series, texts)]

    def append(self, batch: Batch) -> Receipt:
        """Store a batch durably."""
        return self.history.append(batch)

    def report(self, status: ConnectionStatus) -> None:
        """Take note of how a connection is doing."""
        self.statuses[status.name] = status
