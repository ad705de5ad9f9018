"""The link of one connection: from readings to durable samples, and how far silence means "unchanged".

``send`` tries the same batch again while the desk says that it cannot store it now (a full disk), reports the
connection degraded meanwhile, and returns only when it is durable: that is the back-pressure a device feels.

Beside its own series every connection writes *link* series (role ``link``): on its site and on every asset it
feeds. ``ACTIVE`` there, at least every 10 s and trusted for 30 s, says that a value which did not change was
indeed not changed.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import structlog

from chanye.connectors.desk import ConnectionSpec, Desk, MemoryBook
from chanye.connectors.port import LocalPort, Port
from chanye.connectors.types import ConnectionStatus, Readings, State, TagDraft
from chanye.connectors.values import Bound, Columns, columns, missing_texts
from chanye.kernel.errors import TransientError
from chanye.kernel.time import now_us
from chanye.spine.history.types import Batch, Quality, Receipt, SourceState
from chanye.spine.types import SeriesDraft

if TYPE_CHECKING:
    from chanye.spine.history import History

T = TypeVar("T")
LINK_HOLD = 30_000_000
LINK_EVERY = 5_000_000
_STATES = {"ACTIVE": "running", "DEGRADED": "fault", "STOPPED": "stopped", "STARTING": "waiting"}
log = structlog.get_logger("connectors")


def backoff(attempt: int, rng: Callable[[], float] = random.random) -> float:
    """Return how long to wait before try number ``attempt`` (from 0): doubling, jittered, at most 30 s."""
    ceiling: float = min(30.0, 0.5 * 2.0 ** min(attempt, 10))
    return ceiling * (0.5 + 0.5 * rng())


def link_address(asset: tuple[tuple[str, str, str], ...]) -> str:
    """Return the address of the link series on an asset."""
    return "@link/" + "/".join(code for _, code, _ in asset)


def link_tag(name: str, asset: tuple[tuple[str, str, str], ...]) -> TagDraft:
    """Return the link series of a connection on an asset."""
    draft = SeriesDraft(
        code=f"link.{name}",
        name=f"Link {name}",
        kind="state",
        unit="1",
        role="link",
        expected_interval=LINK_EVERY,
        hold=LINK_HOLD,
        states=_STATES,
    )
    return TagDraft(link_address(asset), draft, asset)


@dataclass(slots=True)
class Standing:
    """What the link knows of the connection's health; the runner turns it into a status."""

    state: State = "starting"
    why: str = ""
    since: int = 0
    proven: int = 0
    last_data: int = 0
    samples: int = 0
    gap_open: bool = False
    counts: dict[str, int] = field(default_factory=dict)


class RunnerLink:
    """A ``Link`` over a ``Port``.

    Parameters
    ----------
    name
        The connection, and the source in the historian.
    resume
        What the historian knows of the source.
    clock
        The present, us UTC.
    """

    def __init__(self, name: str, port: Port, resume: SourceState, clock: Callable[[], int] = now_us) -> None:
        self.source = name
        self.resume = resume
        self.standing = Standing(since=clock())
        self._port = port
        self._clock = clock
        self._bound: dict[str, Bound] = {}
        self._links: dict[str, Bound] = {}
        self._sequence = resume.last_sequence
        self._position = resume.position
        self._linked = 0
        self._order = asyncio.Lock()
        self._log = log.bind(connection=name)

    async def declare(self, tags: Sequence[TagDraft]) -> Mapping[str, int]:
        """Make addresses known; see ``Link``."""
        assets = dict.fromkeys([(), *(tag.asset for tag in tags)])
        links = [link_tag(self.source, asset) for asset in assets]
        series = await self._port.declare(self.source, [*tags, *(t for t in links if t.address not in self._links)])
        for tag in tags:
            held = self._bound.get(tag.address)
            if held is None or held.series != series[tag.address]:
                self._bound[tag.address] = Bound(series[tag.address], tag.series.kind)
        for tag in links:
            if tag.address in series:
                self._links[tag.address] = Bound(series[tag.address], "state")
        return {tag.address: series[tag.address] for tag in tags}

    async def send(self, readings: Readings, position: str = "") -> Receipt:
        """Store readings durably; see ``Link``."""
        async with self._order:
            stored = await self._columns(readings, self._bound)
            receipt = await self._store(stored, position)
        now = self._clock()
        if len(stored.time):
            self.standing.last_data = max(self.standing.last_data, min(now, int(stored.time.max())))
            self.standing.gap_open = False
        self.standing.proven = max(self.standing.proven, self.standing.last_data)
        return receipt

    async def mark_gap(self, at: int, addresses: Sequence[str] | None = None) -> None:
        """Say that nothing is known from ``at`` on; see ``Link``."""
        wanted = (
            self._bound.values() if addresses is None else [self._bound[a] for a in addresses if a in self._bound]
        )
        series = np.array(sorted({tag.series for tag in wanted}), np.uint32)
        if not len(series):
            return
        gap = Columns(
            series=series,
            time=np.full(len(series), at, np.int64),
            value=np.full(len(series), np.nan),
            quality=np.full(len(series), Quality.BAD_NO_COMMUNICATION, np.uint16),
            counts={"noted:gap": 1},
        )
        async with self._order:
            await self._store(gap, self._position)
        if addresses is None:
            self.standing.gap_open = True

    async def alive(self, until: int) -> None:
        """Say that silence up to ``until`` meant "unchanged"; see ``Link``."""
        self.standing.proven = max(self.standing.proven, min(until, self._clock()))
        await self.pulse()

    def state(self, state: State, why: str = "") -> None:
        """Take the connector's word for its state; a change is logged once."""
        standing = self.standing
        if (standing.state, standing.why) == (state, why):
            return
        changed = standing.state != state
        standing.state, standing.why = state, why
        if changed:
            standing.since = self._clock()
            level = self._log.warning if state in ("degraded", "stopped") else self._log.info
            level("connection is " + state, why=why)

    async def pulse(self, *, text: str = "ACTIVE", at: int | None = None) -> None:
        """Write the link series: ``ACTIVE`` up to what is proven, at most every 5 s; another text at once."""
        if text == "ACTIVE":
            until = self.standing.proven
            if self.standing.state != "active" or until < self._linked + LINK_EVERY:
                return
        else:
            until = self._clock() if at is None else at
        self._linked = max(self._linked, until)
        readings = Readings()
        for address in self._links:
            readings.add(address, until, text)
        async with self._order:
            await self._store(await self._columns(readings, self._links), self._position, counted=False)

    def status(self, spec: ConnectionSpec, restarts: int) -> ConnectionStatus:
        """Return the status to report."""
        standing = self.standing
        return ConnectionStatus(
            name=spec.name,
            kind=spec.kind,
            state=standing.state,
            why=standing.why,
            since=standing.since,
            last_data=standing.last_data,
            samples=standing.samples,
            counts=dict(standing.counts),
            restarts=restarts,
        )

    async def _columns(self, readings: Readings, bound: Mapping[str, Bound]) -> Columns:
        for series, (tag, texts) in missing_texts(readings, bound).items():
            codes = await self._insist(partial(self._port.encode, series, texts))
            tag.codes.update(zip(texts, codes, strict=True))
        return columns(readings, bound, self._clock())

    async def _store(self, stored: Columns, position: str, *, counted: bool = True) -> Receipt:
        position = position or self._position
        if not len(stored.time) and not stored.counts and position == self._position:
            return Receipt(0, 0, duplicate=False)
        batch = Batch(
            source=self.source,
            sequence=self._sequence + 1,
            series=stored.series,
            time=stored.time,
            value=stored.value,
            quality=stored.quality,
            counts=stored.counts,
            position=position,
        )
        receipt = await self._commit(batch)
        self._sequence, self._position = batch.sequence, position
        self.resume = replace(
            self.resume, last_sequence=batch.sequence, position=position, last_arrival=receipt.arrival
        )
        if counted:
            self.standing.samples += receipt.stored
        for reason, n in stored.counts.items():
            self.standing.counts[reason] = self.standing.counts.get(reason, 0) + n
        return receipt

    async def _commit(self, batch: Batch) -> Receipt:
        """Append; a cancelled caller still waits for the answer, so that sequence numbers stay known."""
        task = asyncio.ensure_future(self._insist(partial(self._port.append, batch)))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait({task}, timeout=2.0)
            if task.done() and not task.cancelled() and task.exception() is None:
                self._sequence, self._position = batch.sequence, batch.position
            task.cancel()
            raise

    async def _insist(self, call: Callable[[], Awaitable[T]]) -> T:
        """Call until it is not refused as transient; degraded meanwhile, and back as it was after."""
        attempt, before = 0, (self.standing.state, self.standing.why)
        while True:
            try:
                answer = await call()
            except TransientError as error:
                self.state("degraded", str(error))
                await asyncio.sleep(backoff(attempt))
                attempt += 1
            else:
                if attempt:
                    self.state(*before)
                return answer


async def local_link(history: History, name: str, clock: Callable[[], int] = now_us) -> RunnerLink:
    """Return a link to a historian in this process with series kept in memory: for tests and one-off tools."""
    desk = Desk(history, MemoryBook([ConnectionSpec(name, "test")]))
    _, resume = await LocalPort(desk).hello(name)
    return RunnerLink(name, LocalPort(desk), resume, clock)
