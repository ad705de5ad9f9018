"""Real brokers on free ports, a link that remembers, and a plain publisher."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho

from chanye.connectors import broker
from chanye.connectors.types import Readings, State, TagDraft
from chanye.kernel.errors import TransientError
from chanye.spine.history.types import Receipt, SourceState

RULE: dict[str, Any] = {
    "topic": "factory/{asset}/meter",
    "time": {"path": "$.t", "format": "us"},
    "values": [{"path": "$.v", "code": "power", "unit": "kW"}],
}


class MemoryLink:
    """A link that keeps everything in lists, and can be told to refuse."""

    def __init__(self, source: str = "mqtt:测试") -> None:
        self.source = source
        self.resume = SourceState(source, 0, "", 0)
        self.tags: dict[str, TagDraft] = {}
        self.rows: list[tuple[str, int, Any, int]] = []
        self.counts: dict[str, int] = {}
        self.gaps: list[int] = []
        self.contact: list[int] = []
        self.states: list[State] = []
        self.positions: list[str] = []
        self.refusing = False

    async def declare(self, tags: Sequence[TagDraft]) -> Mapping[str, int]:
        self.tags.update({tag.address: tag for tag in tags})
        return {tag.address: number for number, tag in enumerate(tags)}

    async def send(self, readings: Readings, position: str = "") -> Receipt:
        await asyncio.sleep(0)
        if self.refusing:
            raise TransientError("The disk is full: make room.")
        assert set(readings.address) <= set(self.tags)
        self.rows += zip(readings.address, readings.time, readings.value, readings.quality, strict=True)
        for reason, n in readings.counts.items():
            self.counts[reason] = self.counts.get(reason, 0) + n
        self.positions.append(position)
        return Receipt(1, len(readings), duplicate=False)

    async def mark_gap(self, at: int, addresses: Sequence[str] | None = None) -> None:
        self.gaps.append(at)

    async def alive(self, until: int) -> None:
        self.contact.append(until)

    def state(self, state: State, why: str = "") -> None:
        self.states.append(state)

    @property
    def values(self) -> list[Any]:
        return [value for _, _, value, _ in self.rows]


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run an async test."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Server:
    """A broker process that can be killed and started again on the same port and folder."""

    def __init__(self, argv: list[str], port: int, log: Path) -> None:
        self.argv, self.port, self.log = argv, port, log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            time.sleep(0.02)
        raise AssertionError(self.log.read_text(errors="replace"))

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextlib.contextmanager
def mosquitto(folder: Path, extra: str = "allow_anonymous true") -> Iterator[Server]:
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin")
    assert program is not None
    port = free_port()
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\npersistence true\npersistence_location {folder}/\n"
        f"autosave_interval 1\nautosave_on_changes true\nmax_queued_messages 0\nuser root\n{extra}\n"
    )
    server = Server([program, "-c", str(config)], port, folder / "mosquitto.log")
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextlib.contextmanager
def embedded(data: Path) -> Iterator[Server]:
    address = broker.write_config(data, mqtt_port=0)
    server = Server(broker.broker_command(data), address.mqtt_port, data / "broker.log")
    server.start()
    try:
        yield server
    finally:
        server.kill()


class Publisher:
    """A device: publishes, and knows what the broker has acknowledged."""

    def __init__(self, port: int, name: str = "device", **login: str) -> None:
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, name, protocol=paho.MQTTv311)
        if login:
            self.client.username_pw_set(**login)
        self.acknowledged: set[int] = set()
        self.of: dict[int, int] = {}
        self.client.on_publish = lambda client, data, mid, code, props: self.acknowledged.add(self.of.get(mid, -1))
        self.client.reconnect_delay_set(
            1, 1
        )  # by default ever longer: a broker away for a while is missed for minutes
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def send(self, topic: str, payload: str | bytes, *, qos: int = 1, retain: bool = False) -> None:
        deadline = time.monotonic() + 30
        while not self.client.is_connected():  # what has no acknowledgement is lost without a connection
            assert time.monotonic() < deadline, "the broker does not admit the device"
            time.sleep(0.01)
        info = self.client.publish(topic, payload, qos, retain)
        info.wait_for_publish(30)
        assert info.is_published()

    def stream(self, number: int, payload: str) -> None:
        info = self.client.publish(f"factory/m{number % 3}/meter", payload, 1)
        self.of[info.mid] = number

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


async def end(task: asyncio.Task[None]) -> None:
    """Cancel a task until it has ended: Python 3.11 loses a cancellation that comes just as an inner wait is over."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=5)


async def until(true: Callable[[], Any], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "not in time"
        await asyncio.sleep(0.02)
