"""A connector for MTConnect agents: ``probe``, then ``current``, then ``sample`` from where reading stopped.

The agent keeps a buffer, so what happened while it could not be reached is read later. Each batch carries its
place in that buffer (``instance:next@high``), and the place moves on only after the batch is durable.

When contact is lost, nothing is known from one microsecond after the newest time heard of (``high``). When it is
back and the buffer still holds the place, the value in force there is written over that mark, and the late
observations fill in the rest: nothing was lost. After a restart or an overrun of the buffer only items that the
agent says have not changed since are healed so; the others stay unknown in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from chanye.connectors.mtconnect.http import MAX_BODY, Endpoint, HttpError, Response, get
from chanye.connectors.mtconnect.translate import Item, StateClass, Translator, drafts_of, items_of
from chanye.connectors.types import Capabilities, Link, TagDraft
from chanye.kernel.errors import ConfigError, PeerError, TransientError
from chanye.kernel.time import now_us
from chanye.protocols.mtconnect.agent import (
    AgentSession,
    Event,
    Gap,
    Phase,
    Position,
    Probed,
    Refused,
    Request,
    Sampled,
    Snapshot,
)
from chanye.protocols.mtconnect.multipart import MultipartReader, boundary_of
from chanye.protocols.mtconnect.streams import Observation


class AgentOptions(BaseModel):
    """Options of the connector ``mtconnect``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(description="Address of the agent, e.g. http://192.168.0.10:5000.")
    device: str = Field("", description="Name or uuid of the only device to read; empty reads all of the agent.")
    stream: bool = Field(True, description="Let the agent push; off asks again and again.")
    interval: int = Field(500, ge=10, le=60_000, description="Time between two answers of the agent. [ms]")
    heartbeat: int = Field(5_000, ge=100, le=600_000, description="Longest silence of a pushing agent. [ms]")
    count: int = Field(5_000, ge=1, le=100_000, description="Most observations in one answer.")
    timeout: float = Field(10.0, gt=0, le=600, description="Longest time to wait for an answer. [s]")
    max_bytes: int = Field(MAX_BODY, ge=1_000, description="Largest answer that is read. [byte]")
    names: dict[str, str] = Field(
        default_factory=dict, description="Data item id -> address to use instead; empty text leaves the item out."
    )
    states: dict[str, StateClass] = Field(
        default_factory=dict,
        description="Word of execution -> class of state, where this machine means something of its own by it.",
    )


class MtconnectAgent:
    """Reads one agent until contact is lost."""

    Options: ClassVar[type[BaseModel]] = AgentOptions
    capabilities: ClassVar[Capabilities] = Capabilities(live=True, resumes=True, discovers=True)

    def __init__(self, options: AgentOptions, link: Link, clock: Callable[[], int] = now_us) -> None:
        self._options = options
        self._link = link
        self._endpoint = Endpoint.parse(options.url)
        position = Position.parse(link.resume.position)
        self._session = AgentSession(
            position,
            device=options.device,
            count=options.count,
            interval=options.interval if options.stream else None,
            heartbeat=options.heartbeat,
        )
        self._translator = Translator({}, clock, native=False, high=position.high if position else 0)
        #: Where a gap was marked that observations up to then heal. [us]
        self._heal_at = position.high + 1 if position and position.high else 0
        self._gap_open = False
        self._heard = False
        self._stored = str(position or "")

    async def run(self) -> None:
        """Read until contact is lost, then say from when on nothing is known."""
        try:
            while True:
                await self._step()
        except HttpError as error:
            why = str(error)
        except PeerError as error:
            self._translator.readings.count(f"rejected:{error.reason}")
            why = f"The agent sent a document that cannot be read ({error.reason})."
        finally:
            await self._end()
        self._link.state("degraded", why)
        raise TransientError(why)

    async def _step(self) -> None:
        request = self._session.next_request()
        response = await get(
            self._endpoint, request.path, request.query, within=self._options.timeout, limit=self._options.max_bytes
        )
        try:
            boundary = boundary_of(response.content_type)
            if boundary is not None and request.phase is Phase.SAMPLE:
                await self._read_stream(response, boundary)
            else:
                await self._read_single(request, response)
        finally:
            response.close()

    async def _read_single(self, request: Request, response: Response) -> None:
        body = await response.read(self._options.timeout)
        if response.status >= 400 and b"MTConnectError" not in body:
            raise HttpError(f"The agent answered {request.path} with HTTP status {response.status}.")
        events = self._session.receive(body)
        await self._handle(events)
        if request.phase is Phase.SAMPLE:
            # Asked to stream and it did not: ask again and again instead.
            self._session.interval = None
        if all(isinstance(event, Sampled) and event.caught_up for event in events):
            await asyncio.sleep(self._options.interval / 1000)

    async def _read_stream(self, response: Response, boundary: str) -> None:
        reader = MultipartReader(boundary, self._options.max_bytes)
        patience = 2 * self._options.heartbeat / 1000 + self._options.timeout
        async for chunk in response.chunks(patience):
            for document in reader.receive(chunk):
                await self._handle(self._session.receive(document))
                if self._session.phase is not Phase.SAMPLE:
                    return
        raise HttpError("The agent ended the stream.")

    async def _handle(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Probed):
                await self._declare(event)
            elif isinstance(event, Gap):
                await self._open_gap(event)
            elif isinstance(event, Snapshot):
                await self._take_snapshot(event)
            elif isinstance(event, Sampled):
                await self._take_sample(event)
            else:
                self._refuse(event)

    async def _declare(self, event: Probed) -> None:
        wanted = self._options.device
        known = [one for one in event.probe.devices if wanted or one.kind == "Device"]
        devices = [one for one in known if wanted in {"", one.name, one.uuid, one.id}]
        if not devices:
            names = ", ".join(one.name for one in event.probe.devices)
            raise ConfigError(f"The agent has no device {wanted!r}. Set the option 'device' to one of: {names}.")
        items: dict[str, Item] = {}
        drafts: list[TagDraft] = []
        for device in devices:
            found = items_of(device, lambda item: item.id, self._options.names)
            items |= {one.item.id: one for one in found}
            drafts += drafts_of(device, found, self._options.states)
        told = {item.id for device in event.probe.devices for item in device.all_items()}
        self._translator.items, self._translator.ignored = items, frozenset(told - set(items))
        await self._link.declare(drafts)

    async def _open_gap(self, event: Gap) -> None:
        self._translator.readings.count(f"noted:{event.reason}")
        if not self._gap_open and self._translator.high:
            self._gap_open = True
            self._heal_at = self._translator.high + 1
            await self._link.mark_gap(self._heal_at)
        # An agent that restarts or overruns without end must not keep us spinning.
        await asyncio.sleep(self._options.interval / 1000)

    async def _take_snapshot(self, event: Snapshot) -> None:
        # While the old end of the buffer is still to be read, the present must not raise the mark.
        position = self._session.position
        present = not event.held and position is not None and position.next >= event.header.next
        self._add(event.observations, event.bad, rise=event.held or present)
        if present:
            self._translator.raise_high(event.header.creation)
        else:
            self._translator.rewind()
        await self._store()

    async def _take_sample(self, event: Sampled) -> None:
        self._gap_open = False
        self._add(event.observations, event.bad, rise=True)
        if event.caught_up:
            self._translator.raise_high(event.header.creation)
        await self._store()
        if event.caught_up:
            await self._link.alive(self._translator.high)

    def _add(self, observations: tuple[Observation, ...], bad: int, *, rise: bool) -> None:
        if bad:
            self._translator.readings.count("rejected:bad_observation", bad)
        for one in observations:
            self._translator.add(one.item, one.time, one.value, one.rate, rise=rise)
            if one.time <= self._heal_at:
                self._translator.heal(one.item, self._heal_at, one.value)

    def _refuse(self, event: Refused) -> None:
        texts = "; ".join(f"{code}: {text}" for code, text in event.errors) or "no reason given"
        if event.phase is Phase.HELD:
            self._translator.readings.count("noted:no_history")
        elif any(code == "NO_DEVICE" for code, _ in event.errors):
            raise ConfigError(f"The agent refuses the device {self._options.device!r} ({texts}). Check 'device'.")
        else:
            raise HttpError(f"The agent refused to answer ({texts}).")

    async def _store(self) -> None:
        readings, place = self._translator.take(), self._place()
        if len(readings) or readings.counts or place.partition("@")[0] != self._stored.partition("@")[0]:
            await self._link.send(readings, place)
            self._stored = place
        self._heard = True
        self._link.state("active")

    def _place(self) -> str:
        position = self._session.position
        return str(Position(position.instance, position.next, self._translator.high)) if position else ""

    async def _end(self) -> None:
        """Contact is lost, or reading was stopped: say from when on nothing is known.

        The place goes first: if the mark fails to follow, healing it later does no harm.
        """
        readings = self._translator.take()
        if not self._heard:
            if readings.counts:
                await self._link.send(readings)
            return
        await self._link.send(readings, self._place())
        if self._translator.high and not self._gap_open:
            await self._link.mark_gap(self._translator.high + 1)
