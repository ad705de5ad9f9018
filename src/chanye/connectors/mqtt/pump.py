"""Messages on their way to the historian: collected for a moment, stored together, then acknowledged."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chanye.connectors.mqtt.decode import Origin, decode
from chanye.connectors.mqtt.options import Options
from chanye.connectors.types import Link, Readings
from chanye.kernel.errors import PeerError
from chanye.spine.history.types import Quality

#: A burst is over when nothing came for this long. [s]
QUIET = 0.002
#: Messages kept while storing is stuck, in full batches.
BATCHES_WAITING = 4


@dataclass(frozen=True, slots=True)
class Message:
    """A received message; ``token`` is what the source needs in order to acknowledge it."""

    topic: str | None
    payload: bytes
    received_at: int
    retained: bool = False
    token: Any = None


class Pump:
    """Collects messages and stores them; acknowledges only what is durable.

    Parameters
    ----------
    acknowledge
        Called with the messages that are durable, or counted as refused, in the order received.
    """

    def __init__(self, options: Options, link: Link, acknowledge: Callable[[list[Message]], None]) -> None:
        self.options = options
        self.link = link
        self.acknowledge = acknowledge
        self.waiting: deque[Message] = deque()
        self.on_room: Callable[[], None] = lambda: None
        self._bell = asyncio.Event()
        self._declared: set[str] = set()
        self.overrun = 0  # messages that nobody keeps for us, refused because storing is stuck
        self._stopping = False
        self._storing = False

    @property
    def idle(self) -> bool:
        """Whether everything received is stored."""
        return not self.waiting and not self._storing

    @property
    def full(self) -> bool:
        """Whether the source should stop reading until ``on_room`` is called."""
        return len(self.waiting) >= BATCHES_WAITING * self.options.batch_rows

    def put(self, message: Message) -> None:
        """Take a message; from the event loop's thread."""
        self.waiting.append(message)
        self._bell.set()

    async def declare_known(self) -> None:
        """Declare the series whose address is known without a message, so that silence about them is seen."""
        drafts = []
        for rule in self.options.rules:
            if rule.pattern.fields or rule.fields:
                continue
            for value in rule.values:
                address = f"{rule.pattern.fill({})} {value.path}"
                drafts.append(Origin(rule, value, {}).tag(address))
        await self.link.declare(drafts)
        self._declared.update(draft.address for draft in drafts)

    async def run(self) -> None:
        """Store what comes until told to stop."""
        while not self._stopping:
            await self._bell.wait()
            await self._gather()
            await self.flush()

    def stop(self) -> None:
        """End ``run`` after the batch in hand."""
        self._stopping = True
        self._bell.set()

    async def _gather(self) -> None:
        """Wait for the end of a burst, the longest delay or a full batch, whichever is first.

        A broker sends only so many unacknowledged messages (Mosquitto: 20), so waiting out the whole
        delay would slow it down; a short silence means that it waits for us.
        """
        until = time.monotonic() + self.options.batch_ms / 1000
        seen = 0
        while seen < len(self.waiting) < self.options.batch_rows and time.monotonic() < until:
            seen = len(self.waiting)
            await asyncio.sleep(QUIET)

    async def flush(self, position: str = "") -> None:
        """Store and acknowledge all that waits; ``position`` goes with the last batch of it."""
        self._storing = True
        try:
            while self.waiting:
                await self._store_some(position)
        finally:
            self._storing = False
        if not self._stopping:
            self._bell.clear()

    async def _store_some(self, position: str) -> None:
        taken: list[Message] = []
        readings = Readings()
        origins: dict[str, Origin] = {}
        while self.waiting and len(readings) < self.options.batch_rows:
            message = self.waiting.popleft()
            taken.append(message)
            self._read(message, readings, origins)
        if self.overrun:
            readings.count("rejected:overrun", self.overrun)
            self.overrun = 0
        await self._declare(readings, origins)
        await self.link.send(readings, position if not self.waiting else "")
        self.acknowledge(taken)
        self.on_room()

    def _read(self, message: Message, into: Readings, origins: dict[str, Origin]) -> None:
        if message.topic is None:
            into.count("rejected:bad_topic")
            return
        if len(message.payload) > self.options.max_payload:
            into.count("rejected:too_large")
            return
        if message.retained and not message.payload:
            return  # the mark by which a retained message is cleared
        done = decode(
            message.topic, message.payload, self.options.rules, message.received_at, retained=message.retained
        )
        if isinstance(done, PeerError):
            into.count(f"rejected:{done.reason}")
            return
        got = done.readings
        for reason, n in got.counts.items():
            into.count(reason, n)
        for address, origin in zip(got.address, done.origins, strict=True):
            if address not in self._declared:
                origins.setdefault(address, origin)
        into.address += got.address
        into.time += got.time
        into.value += got.value
        into.quality += got.quality
        uncertain = sum(quality == Quality.UNCERTAIN_LAST_USABLE for quality in got.quality)
        if uncertain:
            into.count("noted:retained_without_time", uncertain)

    async def _declare(self, readings: Readings, origins: dict[str, Origin]) -> None:
        """Declare addresses seen for the first time; refuse those beyond the limit."""
        room = self.options.max_tags - len(self._declared)
        fresh = list(origins)[: max(room, 0)]
        if fresh:
            await self.link.declare([origins[address].tag(address) for address in fresh])
            self._declared.update(fresh)
        if len(fresh) < len(origins):
            _drop(readings, set(origins) - set(fresh))


def _drop(readings: Readings, addresses: set[str]) -> None:
    keep = [n for n, address in enumerate(readings.address) if address not in addresses]
    readings.count("rejected:too_many_tags", len(readings) - len(keep))
    readings.address = [readings.address[n] for n in keep]
    readings.time = [readings.time[n] for n in keep]
    readings.value = [readings.value[n] for n in keep]
    readings.quality = [readings.quality[n] for n in keep]
