"""A connector for one bare SHDR adapter: lines over TCP, no buffer on the other side.

What an adapter said while nobody listened is lost. So when the connection ends, nothing is known from the
newest event on, or, if the adapter answers ``* PING``, from its last sign of life on. That mark depends on the
times in the lines alone, not on when or in which order they came: reading an old file twice tells one story.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from chanye.connectors.mtconnect.translate import StateClass, Translator, drafts_of, items_of
from chanye.connectors.types import Capabilities, Link, Readings
from chanye.kernel.errors import ConfigError, PeerError, TransientError
from chanye.kernel.time import now_us
from chanye.protocols.mtconnect.fold import ConditionBoard, SetBoard, parse_entries
from chanye.protocols.mtconnect.model import DataItem, Device, parse_probe
from chanye.protocols.mtconnect.shdr import Asset, BadLine, Event, Pong, Shape, ShdrReader, Stamp, Value

CHUNK = 1 << 16
BATCH = 5_000
FLUSH_SECONDS = 0.2

#: Names that adapters use by convention, for machines without a device model.
CONVENTIONAL: dict[str, str] = {
    "avail": "AVAILABILITY",
    "execution": "EXECUTION",
    "mode": "CONTROLLER_MODE",
    "program": "PROGRAM",
    "estop": "EMERGENCY_STOP",
    "line": "LINE",
    "part_count": "PART_COUNT",
    "partcount": "PART_COUNT",
    "tool_id": "TOOL_ID",
}


class ShdrOptions(BaseModel):
    """Options of the connector ``shdr``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", description="Name or address of the adapter.")
    port: int = Field(7878, ge=1, le=65535, description="TCP port of the adapter.")
    device: str = Field("", description="Name of the device; needed where the model has several.")
    devices_xml: Path | None = Field(
        None, description="MTConnectDevices file that says what the items mean; empty knows only customary names."
    )
    names: dict[str, str] = Field(default_factory=dict, description="Item name in the lines -> name in the model.")
    states: dict[str, StateClass] = Field(
        default_factory=dict,
        description="Word of execution -> class of state, where this machine means something of its own by it.",
    )
    connect_timeout: float = Field(10.0, gt=0, description="Longest time to connect. [s]")
    idle_timeout: float = Field(
        600.0, gt=0, description="Silence after which an adapter that answers no PING is taken for lost. [s]"
    )


def read_device(options: ShdrOptions) -> Device:
    """Return the device the options name, or one of customary items.

    Raises
    ------
    ConfigError
        If the file cannot be read, or the device is not in it.
    """
    if options.devices_xml is None:
        items = tuple(DataItem(name, name, "EVENT", kind) for name, kind in CONVENTIONAL.items())
        name = options.device or f"{options.host}-{options.port}"
        return Device(name, "", name, "", "", "", items)
    try:
        devices = parse_probe(options.devices_xml.read_bytes()).devices
    except (OSError, PeerError) as error:
        raise ConfigError(f"{options.devices_xml} is not a readable MTConnectDevices file: {error}") from error
    found = [one for one in devices if options.device in {"", one.name, one.uuid, one.id}]
    if len(found) != 1:
        known = ", ".join(one.name for one in devices)
        raise ConfigError(f"Set the option 'device' to one of the devices in {options.devices_xml}: {known}.")
    return found[0]


def shape_of(item: DataItem) -> Shape:
    """Return how an item is written in SHDR."""
    if item.category == "CONDITION":
        return "condition"
    special: dict[str, Shape] = {"DATA_SET": "data_set", "TABLE": "table", "TIME_SERIES": "time_series"}
    if item.representation in special:
        return special[item.representation]
    return "message" if item.type == "MESSAGE" else "alarm" if item.type == "ALARM" else "value"


class ShdrAdapter:
    """Reads one adapter until the connection ends."""

    Options: ClassVar[type[BaseModel]] = ShdrOptions
    capabilities: ClassVar[Capabilities] = Capabilities(live=True, discovers=True)

    def __init__(self, options: ShdrOptions, link: Link, clock: Callable[[], int] = now_us) -> None:
        self._options = options
        self._link = link
        self._clock = clock
        self._device = read_device(options)
        names = {model: line for line, model in options.names.items()}
        items = items_of(self._device, lambda item: item.name or item.id, names)
        self._drafts = drafts_of(self._device, items, options.states)
        # An adapter may call an item by its name, its id or the name of its source.
        keys = {one.item.source: one for one in items if one.item.source}
        keys |= {one.item.id: one for one in items} | {one.address: one for one in items}
        self._translator = Translator(keys, clock, native=True)
        self._reader = ShdrReader({key: shape_of(one.item) for key, one in keys.items()})
        self._conditions = ConditionBoard()
        self._sets = SetBoard()
        self._lag: int | None = None
        self._relative_base: int | None = None
        self._beat: float | None = None
        self._first_pong = asyncio.Event()

    async def run(self) -> None:
        """Connect, read until the connection ends, then say from when on nothing is known."""
        await self._link.declare(self._drafts)
        await self._close_former()
        reader, writer = await self._connect()
        self._link.state("active")
        pinger = asyncio.create_task(self._ping(writer))
        why = "The adapter closed the connection."
        try:
            why = await self._read(reader)
        except OSError as error:
            why = f"The connection broke: {error}."
        finally:
            pinger.cancel()
            writer.close()
            await self._end()
        self._link.state("degraded", why)
        raise TransientError(why)

    async def replay(self, chunks: Iterable[bytes], fault: Callable[[int, str, str], None]) -> None:
        """Read recorded bytes as if the adapter had sent them, to the end, then say where knowledge ends.

        Parameters
        ----------
        fault
            Told of every refusal: line from 1, reason, what was seen. A line without an absolute time is refused,
            for the time of reading says nothing about the time of the machine.
        """
        await self._link.declare(self._drafts)
        for chunk in chunks:
            for event in self._reader.receive(chunk):
                await self._replay_one(event, fault)
            if len(self._translator.readings) >= BATCH:
                await self._send()
        for event in self._reader.close():
            await self._replay_one(event, fault)
        await self._end()

    async def _replay_one(self, event: Event, fault: Callable[[int, str, str], None]) -> None:
        counts = self._translator.readings.counts
        if isinstance(event, Value):
            if event.stamp.kind != "absolute":
                counts["rejected:no_timestamp"] = counts.get("rejected:no_timestamp", 0) + 1
                fault(event.line, "no_timestamp", event.key)
                return
            before = dict(counts)
            self._take_value(event)
            for reason, n in counts.items():
                if reason.startswith("rejected:") and n > before.get(reason, 0):
                    fault(event.line, reason.removeprefix("rejected:"), f"{event.key}={'|'.join(event.fields)}")
        elif isinstance(event, BadLine):
            counts["rejected:bad_line"] = counts.get("rejected:bad_line", 0) + 1
            fault(event.line, event.reason, event.detail)

    async def _close_former(self) -> None:
        """A run that was killed could not say where its knowledge ended: say it now, once."""
        word, _, high = self._link.resume.position.partition(":")
        if word == "open" and high.isascii() and high.isdigit():
            await self._mark(int(high))

    async def _mark(self, high: int) -> None:
        await self._link.mark_gap(high + 1)
        await self._link.send(Readings(), f"closed:{high}")

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self._options.host, self._options.port
        try:
            async with asyncio.timeout(self._options.connect_timeout):
                return await asyncio.open_connection(host, port, limit=4 * CHUNK)
        except (OSError, TimeoutError) as error:
            why = f"No adapter answers at {host}:{port}: is it running, and may this machine reach it? ({error})"
            self._link.state("degraded", why)
            raise TransientError(why) from error

    async def _ping(self, writer: asyncio.StreamWriter) -> None:
        # That the connection broke is told by the reading side.
        with contextlib.suppress(OSError):
            while True:
                writer.write(b"* PING\r\n")
                await writer.drain()
                if self._beat is not None:
                    await asyncio.sleep(self._beat)
                    continue
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(10.0):
                        await self._first_pong.wait()

    async def _read(self, reader: asyncio.StreamReader) -> str:
        """Read until the end; return why it ended."""
        heard = sent = time.monotonic()
        while True:
            silence = time.monotonic() - heard
            limit = 2.0 * self._beat if self._beat else self._options.idle_timeout
            if silence > limit:
                return f"Nothing was heard of the adapter for {silence:.1f} s."
            waiting = len(self._translator.readings) or self._translator.readings.counts
            try:
                async with asyncio.timeout(FLUSH_SECONDS if waiting else max(0.01, limit - silence)):
                    data = await reader.read(CHUNK)
            except TimeoutError:
                data = None
            if data is not None:
                heard = time.monotonic()
                for event in self._reader.receive(data) if data else self._reader.close():
                    await self._take(event)
            full = len(self._translator.readings) >= BATCH
            if waiting and (data is None or full or time.monotonic() - sent > FLUSH_SECONDS):
                await self._send()
                sent = time.monotonic()
            if data == b"":
                return "The adapter closed the connection."

    async def _send(self) -> None:
        readings = self._translator.take()
        if len(readings) or readings.counts:
            high = self._translator.high
            await self._link.send(readings, f"open:{high}" if high else "")

    async def _end(self) -> None:
        """Store what is left and mark where knowledge ends; also when the run is cancelled."""
        await self._send()
        if self._translator.high:
            await self._mark(self._translator.high)

    async def _take(self, event: Event) -> None:
        readings = self._translator.readings
        if isinstance(event, Value):
            self._take_value(event)
        elif isinstance(event, Pong):
            self._beat = max(0.1, event.interval / 1000)
            self._first_pong.set()
            await self._take_pong()
        elif isinstance(event, BadLine):
            readings.count("rejected:bad_line")
        elif isinstance(event, Asset):
            readings.count("noted:asset")

    async def _take_pong(self) -> None:
        """A sign of life: silence until now, by the device's clock, meant "unchanged"."""
        await self._send()
        if self._lag is not None:
            self._translator.raise_high(self._clock() - self._lag)
            await self._link.alive(self._translator.high)

    def _take_value(self, event: Value) -> None:
        if event.device and event.device not in {self._device.name, self._device.uuid, self._device.id}:
            self._translator.readings.count("rejected:unknown_tag")
            return
        at = self._time(event.stamp)
        first, rate = event.fields[0], None
        if event.shape == "condition":
            first = self._conditions.apply(event.key, first.upper(), event.fields[1])
        elif event.shape in {"data_set", "table"} and first.upper() != "UNAVAILABLE":
            reset, entries, clean = parse_entries(first)
            if not clean:
                self._translator.readings.count("rejected:bad_value")
                return
            first = self._sets.apply(event.key, entries, reset=bool(reset))
        elif event.shape == "time_series" and first.upper() != "UNAVAILABLE":
            first, rate = event.fields[2], _rate(event.fields[1])
        elif event.shape in {"message", "alarm"}:
            first = event.fields[-1] or first
        self._translator.add(event.key, at, first, rate)

    def _time(self, stamp: Stamp) -> int:
        now = self._clock()
        if stamp.kind == "absent":
            self._translator.readings.count("noted:no_timestamp")
            return now
        if stamp.kind == "relative":
            if self._relative_base is None:
                self._relative_base = now - stamp.time
            return self._relative_base + stamp.time
        # The least lag seen is the best guess of how far the device's clock is from ours.
        lag = now - stamp.time
        if self._lag is None or lag < self._lag:
            self._lag = lag
        return stamp.time


def _rate(text: str) -> float | None:
    try:
        return float(text) or None
    except ValueError:
        return None
