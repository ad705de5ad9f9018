"""The contract between a connector and the rest of the product.

A connector is a folder with a class that has ``Options`` (a pydantic model: the config spec), ``capabilities`` and
``async run()``. It talks to its device, fills ``Readings`` and hands them to its ``Link``; when ``send`` returns,
the readings are durable and the device may be acknowledged. It never touches the historian or the database.

What ``run`` raises decides what happens next: ``TransientError`` - degraded, retried with back-off;
``ConfigError`` and ``PermanentError`` - stopped until a person acts;
``PeerError`` is counted inside and never leaves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol

from pydantic import BaseModel

from chanye.spine.history.types import Quality, Receipt, SourceState
from chanye.spine.types import SeriesDraft

State = Literal["starting", "active", "degraded", "stopped"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a connector can do; pages and the contract suite read it."""

    live: bool = True
    resumes: bool = False
    discovers: bool = False
    backfills: bool = False
    commands: bool = False


@dataclass(frozen=True, slots=True)
class TagDraft:
    """An address of the device and what it means.

    ``asset`` is the path below the connection's site, outermost first, each ``(kind, code, name)``,
    e.g. ``(("work_unit", "hurco04", "Hurco VMX 24 #4"),)``; empty binds the series to the site itself.
    """

    address: str
    series: SeriesDraft
    asset: tuple[tuple[str, str, str], ...] = ()


class Readings:
    """Readings being collected; plain lists, turned into arrays once by the link."""

    __slots__ = ("address", "counts", "quality", "time", "value")

    def __init__(self) -> None:
        self.address: list[str] = []
        self.time: list[int] = []
        self.value: list[float | str | None] = []
        self.quality: list[int] = []
        self.counts: dict[str, int] = {}

    def __len__(self) -> int:
        """Return the number of readings."""
        return len(self.address)

    def add(self, address: str, time: int, value: float | str | None, quality: int = Quality.GOOD) -> None:
        """Add one reading: ``time`` us UTC; text for state and text series; None with a bad quality."""
        self.address.append(address)
        self.time.append(time)
        self.value.append(value)
        self.quality.append(quality)

    def count(self, reason: str, n: int = 1) -> None:
        """Count something seen: ``rejected:<reason>`` for refused samples, ``noted:<reason>`` for remarks."""
        self.counts[reason] = self.counts.get(reason, 0) + n


class Link(Protocol):
    """What the runner gives a connector: the way to the historian."""

    source: str
    resume: SourceState

    async def declare(self, tags: Sequence[TagDraft]) -> Mapping[str, int]:
        """Make the addresses known; return address -> series number. Idempotent; call again after a re-probe."""

    async def send(self, readings: Readings, position: str = "") -> Receipt:
        """Store durably; returns after that. Addresses never declared are counted ``rejected:unknown_tag``."""

    async def mark_gap(self, at: int, addresses: Sequence[str] | None = None) -> None:
        """Say that nothing is known from ``at`` (us UTC) on, for these or all declared addresses."""

    async def alive(self, until: int) -> None:
        """Say that silence up to ``until`` (us UTC) meant "unchanged"."""

    def state(self, state: State, why: str = "") -> None:
        """Report the connector's state; the runner logs a change once."""


class Connector(Protocol):
    """One connector class."""

    Options: ClassVar[type[BaseModel]]
    capabilities: ClassVar[Capabilities]

    def __init__(self, options: Any, link: Link) -> None: ...

    async def run(self) -> None:
        """Run until cancelled."""


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """How a connection is doing, as its page shows it. Times in us UTC."""

    name: str
    kind: str
    state: State
    why: str
    since: int
    last_data: int
    samples: int
    counts: Mapping[str, int] = field(default_factory=dict)
    restarts: int = 0
