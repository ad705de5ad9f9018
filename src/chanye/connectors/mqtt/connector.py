"""The ``mqtt`` connector: subscribe to a broker with a session that outlives us, acknowledge what is durable."""

from __future__ import annotations

import asyncio
import re
from typing import Any, ClassVar

from paho.mqtt.enums import MQTTProtocolVersion
from pydantic import BaseModel

from chanye.connectors.mqtt import options as mqtt_options
from chanye.connectors.mqtt.pump import Message, Pump
from chanye.connectors.mqtt.session import Session, VersionRefusedError
from chanye.connectors.types import Capabilities, Link
from chanye.kernel.errors import ConfigError, TransientError

TICK = 1.0
DRAIN = 4.0
_VERSIONS = {
    "auto": (MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311),
    "5": (MQTTProtocolVersion.MQTTv5,),
    "3.1.1": (MQTTProtocolVersion.MQTTv311,),
}


class MqttConnector:
    """Reads MQTT messages by rules.

    At least once: a message is acknowledged when it is stored, so after a break the broker may send some again.
    Payloads with a time of their own are stored once all the same, for the historian keeps one sample a time.
    """

    Options: ClassVar[type[BaseModel]] = mqtt_options.Options
    capabilities: ClassVar[Capabilities] = Capabilities(live=True, resumes=True, discovers=True)

    def __init__(self, options: mqtt_options.Options, link: Link) -> None:
        self.options = options
        self.link = link

    async def run(self) -> None:
        """Run until cancelled.

        Raises
        ------
        TransientError
            The broker cannot be reached, or was lost.
        ConfigError
            The broker refuses these options.
        """
        if self.options.source == "embedded":
            from chanye.connectors.mqtt.embedded import read_embedded

            await read_embedded(self.options, self.link)
        else:
            await self._subscribe()

    async def _subscribe(self) -> None:
        session: Session | None = None

        def acknowledge(messages: list[Message]) -> None:
            if session is not None:
                session.acknowledge(messages)

        pump = Pump(self.options, self.link, acknowledge)
        await pump.declare_known()
        session = await self._connect(pump)
        self.link.state("active")
        pumping = asyncio.create_task(pump.run())
        try:
            await self._attend(session, pump, pumping)
        except asyncio.CancelledError:
            await _end(pump, pumping)
            await pump.flush()
            await session.close()
            raise
        finally:
            pumping.cancel()
            session.drop()

    async def _attend(self, session: Session, pump: Pump, pumping: asyncio.Task[None]) -> None:
        """Watch over the session until it or the pump ends; say how far contact is proven."""
        waited: set[asyncio.Future[Any]] = {session.lost, pumping}
        while True:
            heard = session.heard
            await asyncio.wait(waited, timeout=TICK, return_when=asyncio.FIRST_COMPLETED)
            if pumping.done():
                pumping.result()
            if session.lost.done():
                break
            session.tick()
            if pump.idle:
                await self.link.alive(heard)
        await _end(pump, pumping)
        await pump.flush()  # received, so stored, though the broker cannot be told any more and may send it again
        await self.link.mark_gap(session.heard + 1)
        raise TransientError(session.lost.result())

    async def _connect(self, pump: Pump) -> Session:
        versions = _VERSIONS[self.options.version]
        for version in versions:
            session = Session(self.options, client_id(self.options, self.link.source), version, pump)
            try:
                await session.open()
            except VersionRefusedError as error:
                session.drop()
                if version is versions[-1]:
                    if len(versions) == 1:
                        raise ConfigError(f"{error} Set version to auto or 3.1.1.") from None
                    raise
            except BaseException:
                session.drop()
                raise
            else:
                return session
        raise AssertionError("the last version returns or raises")


def client_id(options: mqtt_options.Options, source: str) -> str:
    """Return the client id: stable over restarts, for the broker keeps our messages under it."""
    return options.client_id or "chanye-" + re.sub(r"\s+", "_", source)


async def _end(pump: Pump, task: asyncio.Task[None]) -> None:
    """Let the pump finish the batch in hand; take it away from storing that is stuck."""
    pump.stop()
    await asyncio.wait({task}, timeout=DRAIN)
    if task.done() and not task.cancelled():
        task.result()
