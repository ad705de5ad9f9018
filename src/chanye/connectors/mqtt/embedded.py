"""Read the embedded broker where it keeps what it acknowledged: a durable consumer on its stream ``$MQTT_msgs``.

A device's PUBACK confirms that its message is in that stream and nowhere else. The stream keeps a message until
every consumer has acknowledged it, and we do that when the historian has it: no kill of the broker or of us loses
an acknowledged message. The time of arrival is the stream's own, the same at every redelivery, so a message that
comes twice is stored once.

QoS 0 messages are never stored by the broker; they are taken as they fly by.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import select
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import nats
import nats.errors
import paho.mqtt.client as paho
from nats.js import errors as js_errors
from nats.js.api import AckPolicy, ConsumerConfig
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from chanye.connectors.broker import COLLECT, BrokerAddress, collect_password, read_address
from chanye.connectors.mqtt.options import Options
from chanye.connectors.mqtt.pump import Message, Pump
from chanye.connectors.types import Link
from chanye.kernel.errors import TransientError
from chanye.kernel.settings import get_settings
from chanye.kernel.time import now_us

STREAM = "$MQTT_msgs"
PREFIX = "$MQTT.msgs."
QOS_HEADER = "Nmqtt-Pub"
FETCH = 1_000
#: What was not acknowledged comes again after this long. [s]
ACK_WAIT_S = 10
CONTACT_EVERY_US = 1_000_000


def to_subject(topic: str) -> str:
    """Return the NATS subject of an MQTT topic or filter (without the rule that ``a/#`` also matches ``a``)."""
    levels = []
    for level in topic.split("/"):
        plain = {"": "/", "+": "*", "#": ">"}.get(level)
        levels.append(level.replace(".", "//") if plain is None else plain)
    return ".".join(levels)


def to_topic(subject: str) -> str:
    """Return the MQTT topic of a NATS subject."""
    return "/".join("" if level == "/" else level.replace("//", ".") for level in subject.split("."))


def subjects(filters: Iterable[str]) -> list[str]:
    """Return subjects that cover the topic filters and do not overlap, as a consumer demands.

    Two that overlap are replaced by one that covers both; what it covers beyond them is sorted out by the rules.
    """
    found: list[tuple[str, ...]] = []
    wanted = [tuple(to_subject(one).split(".")) for one in filters]
    wanted += [one[:-1] for one in wanted if one[-1] == ">" and len(one) > 1]
    while wanted:
        one = wanted.pop()
        clash = next((other for other in found if overlap(one, other)), None)
        if clash is None:
            found.append(one)
        else:
            found.remove(clash)
            wanted.append(join(one, clash))
    return sorted(".".join(one) for one in found)


def overlap(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Tell whether some subject matches both."""
    for a, b in zip(one, other, strict=False):
        if ">" in (a, b):
            return True
        if a != b and "*" not in (a, b):
            return False
    return len(one) == len(other)


def join(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """Return a subject that matches all that either matches."""
    tokens: list[str] = []
    for a, b in zip(one, other, strict=False):
        if ">" in (a, b):
            return (*tokens, ">")
        tokens.append(a if a == b else "*")
    return tuple(tokens) if len(one) == len(other) else (*tokens, ">")


async def read_embedded(options: Options, link: Link) -> None:
    """Run until cancelled.

    Raises
    ------
    TransientError
        The broker cannot be reached, or was lost.
    """
    data = options.broker_folder or get_settings().data
    address = read_address(data)
    reader = Reader(options, link)
    await reader.pump.declare_known()
    try:
        await reader.connect(address, collect_password(data))
        link.state("active")
        await reader.run()
    except asyncio.CancelledError:
        with contextlib.suppress(nats.errors.Error):
            await reader.store()
        raise
    except (nats.errors.Error, js_errors.Error, OSError, TimeoutError) as error:
        await reader.pump.flush()
        await link.mark_gap(reader.heard + 1)
        raise TransientError(
            f"The embedded broker is not reached ({str(error) or type(error).__name__}): see logs/broker.log."
        ) from None
    finally:
        await reader.close()


class Reader:
    """One connection to the embedded broker."""

    def __init__(self, options: Options, link: Link) -> None:
        self.options = options
        self.link = link
        self.heard = now_us()
        self._durable: list[Message] = []
        self.pump = Pump(options, link, self._durable.extend)
        self._sequence = 0
        self._nc: Any = None
        self._pull: Any = None

    async def connect(self, address: BrokerAddress, password: str) -> None:
        """Connect and make sure that the durable consumer is there."""
        self._nc = await nats.connect(
            address.nats_url,
            user=COLLECT,
            password=password,
            allow_reconnect=False,
            connect_timeout=5,
            max_reconnect_attempts=0,
            name=self.link.source,
            error_cb=_ignore,
        )
        js = self._nc.jetstream()
        await asyncio.get_running_loop().run_in_executor(None, make_stream, address, password)
        name = "chanye-" + hashlib.sha256(self.link.source.encode()).hexdigest()[:16]
        wanted = subjects(rule.pattern.filter for rule in self.options.rules)
        await js.add_consumer(
            STREAM,
            ConsumerConfig(
                durable_name=name,
                filter_subjects=[PREFIX + one for one in wanted],
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=ACK_WAIT_S,
                max_ack_pending=self.options.max_ack_pending,
            ),
        )
        self._pull = await js.pull_subscribe_bind(consumer=name, stream=STREAM)
        for one in wanted:
            await self._nc.subscribe(one, cb=self._fly_by)
        await self._nc.flush(5)
        self.heard = now_us()

    async def run(self) -> None:
        """Fetch, store, acknowledge."""
        contact = 0
        wait = self.options.batch_ms / 1000
        while True:
            with contextlib.suppress(TimeoutError):  # nothing came; a lost connection raises another error
                for message in await self._pull.fetch(FETCH, timeout=wait):
                    self._take(message)
            await self.store()
            now = now_us()
            if now - contact >= CONTACT_EVERY_US:
                await self._nc.flush(5)
                contact = self.heard = now
                await self.link.alive(now)

    async def store(self) -> None:
        """Store what was taken and acknowledge it to the stream."""
        await self.pump.flush(str(self._sequence) if self._sequence else "")
        for message in self._durable:
            if message.token is not None:
                await message.token.ack()
        self._durable.clear()

    def _take(self, message: Any) -> None:
        meta = message.metadata
        self._sequence = max(self._sequence, meta.sequence.stream)
        topic = to_topic(message.subject.removeprefix(PREFIX))
        self.pump.put(Message(topic, message.data, _us(meta.timestamp), token=message))

    async def _fly_by(self, message: Any) -> None:
        if (message.headers or {}).get(QOS_HEADER) != "0":
            return
        if self.pump.full:
            self.pump.overrun += 1
        else:
            self.pump.put(Message(to_topic(message.subject), message.data, now_us()))

    async def close(self) -> None:
        """Close; what is not acknowledged comes again."""
        if self._nc is not None:
            with contextlib.suppress(Exception):
                await self._nc.close()


def make_stream(address: BrokerAddress, password: str) -> None:
    """Connect once by MQTT: only then does the server make its streams. Idempotent."""
    client = paho.Client(CallbackAPIVersion.VERSION2, "chanye-first", protocol=MQTTProtocolVersion.MQTTv311)
    client.username_pw_set(COLLECT, password)
    client.connect_timeout = 5
    client.connect(address.host, address.mqtt_port, 10)
    answer = select.poll()  # paho's own loop waits by select(), which refuses a process with many open files
    if (sock := client.socket()) is not None:
        answer.register(sock.fileno(), select.POLLIN)
    for _ in range(100):
        if client.is_connected() or (answer.poll(50) and client.loop_read()):
            break
    client.disconnect()


async def _ignore(error: Exception) -> None:
    """Errors come out of the calls that meet them."""


def _us(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond
