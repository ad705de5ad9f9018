"""The connector against real brokers: Mosquitto where it is installed, nats-server always."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from chanye.connectors import broker
from chanye.connectors.mqtt.connector import MqttConnector
from chanye.connectors.mqtt.options import Options
from chanye.kernel.errors import ConfigError, TransientError
from chanye.spine.history.types import Quality
from connectors.mqtt.parts import (
    RULE,
    MemoryLink,
    Publisher,
    Server,
    embedded,
    end,
    free_port,
    in_loop,
    mosquitto,
    until,
)

HAS_MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin") is not None
pytestmark = pytest.mark.slow


@pytest.fixture(params=["mosquitto", "nats"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    if request.param == "mosquitto":
        if not HAS_MOSQUITTO:
            pytest.skip("mosquitto is not installed")
        with mosquitto(tmp_path) as running:
            yield running
    else:
        with embedded(tmp_path) as running:
            yield running


@contextlib.asynccontextmanager
async def connected(link: MemoryLink, **options: Any) -> AsyncIterator[asyncio.Task[None]]:
    options.setdefault("rules", [RULE])
    before = len(link.states)
    task = asyncio.create_task(MqttConnector(Options.model_validate(options), link).run())
    try:
        await until(lambda: task.done() or len(link.states) > before)
        if task.done():
            task.result()
        yield task
    finally:
        await end(task)
        with contextlib.suppress(asyncio.CancelledError, TransientError, ConfigError):
            await task


def meter(number: int) -> str:
    return json.dumps({"t": 1_700_000_000_000_000 + number, "v": number})


@in_loop
async def test_messages_become_readings(server: Server) -> None:
    link = MemoryLink()
    rules = [RULE, {"topic": "渝北/{asset}/温度", "payload": "plain", "values": [{"code": "温度", "unit": "Cel"}]}]
    async with connected(link, port=server.port, rules=rules):
        assert link.states == ["active"]
        device = Publisher(server.port)
        for number in range(500):
            device.stream(number, meter(number))
        device.send("渝北/热处理炉1号/温度", "851.5", qos=0)
        for topic, payload in [("factory/a/meter", b"{"), ("factory/a/meter", b""), ("factory/a/meter", b"\xff\xfe")]:
            device.send(topic, payload)
        await until(lambda: len(link.rows) == 501 and sum(link.counts.values()) == 3)
        device.close()
    assert sorted(v for v in link.values if v != 851.5) == list(range(500))
    assert link.counts == {"rejected:bad_json": 3}
    furnace = next(tag for tag in link.tags.values() if tag.series.code == "温度")
    assert furnace.asset == (("work_unit", "热处理炉1号", "热处理炉1号"),)


@in_loop
async def test_topics_no_rule_reads_are_counted(tmp_path: Path) -> None:
    if not HAS_MOSQUITTO:
        pytest.skip("mosquitto is not installed")
    link = MemoryLink()
    with mosquitto(tmp_path) as server:
        async with connected(link, port=server.port, rules=[{**RULE, "topic": "factory/line-{asset}/meter"}]):
            device = Publisher(server.port)
            device.send("factory/press/meter", meter(1))
            device.send("factory/line-a b/meter", meter(2))
            device.send("factory/line-7/meter", meter(3))
            await until(lambda: link.rows and len(link.counts) == 2)
            device.close()
    assert link.counts == {"rejected:unknown_tag": 1, "rejected:bad_topic": 1}
    assert link.values == [3.0]


@in_loop
async def test_retained_messages_are_uncertain_unless_they_carry_a_time(server: Server) -> None:
    device = Publisher(server.port)
    plain = {"topic": "door/{asset}", "payload": "plain", "values": [{"code": "door", "unit": "1", "kind": "state"}]}
    device.send("door/a", "open", retain=True)
    device.send("factory/m/meter", meter(7), retain=True)
    link = MemoryLink()
    async with connected(link, port=server.port, rules=[RULE, plain]):
        await until(lambda: len(link.rows) == 2)
        device.send("door/a", "shut")
        await until(lambda: len(link.rows) == 3)
    device.close()
    quality = {value: q for _, _, value, q in link.rows}
    assert quality == {"open": Quality.UNCERTAIN_LAST_USABLE, 7.0: Quality.GOOD, "shut": Quality.GOOD}


@in_loop
async def test_nothing_is_acknowledged_before_it_is_stored(server: Server) -> None:
    """While storing fails every message stays with the broker and comes again."""
    link = MemoryLink()
    device = Publisher(server.port)
    async with connected(link, port=server.port) as first:
        link.refusing = True
        for number in range(50):
            device.stream(number, meter(number))
        with pytest.raises(TransientError, match="disk is full"):
            await asyncio.wait_for(asyncio.shield(first), 10)
    link.refusing = False
    async with connected(link, port=server.port):
        await until(lambda: set(link.values) == set(range(50)), 30)
    device.close()


@in_loop
async def test_what_comes_while_away_is_there_on_return(server: Server) -> None:
    link = MemoryLink()
    async with connected(link, port=server.port):
        pass
    device = Publisher(server.port)
    for number in range(200):
        device.stream(number, meter(number))
    async with connected(link, port=server.port):
        await until(lambda: set(link.values) == set(range(200)))
    device.close()


@in_loop
async def test_a_killed_broker_is_a_gap_and_loses_nothing(server: Server) -> None:
    link = MemoryLink()
    device = Publisher(server.port)
    async with connected(link, port=server.port) as task:
        for number in range(300):
            device.stream(number, meter(number))
        await until(lambda: len(device.acknowledged) > 50)
        server.kill()
        with pytest.raises(TransientError):
            await asyncio.wait_for(asyncio.shield(task), 10)
    assert len(link.gaps) == 1
    device.client.loop_stop()
    certain = set(device.acknowledged)
    server.start()
    async with connected(link, port=server.port):
        await until(lambda: certain <= set(link.values))


@in_loop
async def test_contact_is_proven_and_loss_of_it_seen(server: Server) -> None:
    link = MemoryLink()
    async with connected(link, port=server.port, keepalive_s=2) as task:
        await until(lambda: link.contact)
        begin = time.time_ns() // 1000
        await until(lambda: link.contact[-1] > begin, 8)
        assert server.process is not None
        server.process.send_signal(signal.SIGSTOP)  # a broker that hangs: the socket stays open
        with pytest.raises(TransientError):
            await asyncio.wait_for(asyncio.shield(task), 12)
    assert link.gaps
    assert link.gaps[0] > begin


@in_loop
async def test_the_version_falls_back(server: Server) -> None:
    """nats-server speaks 3.1.1 only; Mosquitto speaks 5."""
    link = MemoryLink()
    speaks_5 = "mosquitto" in server.argv[0]
    if speaks_5:
        async with connected(link, port=server.port, version="5"):
            assert link.states == ["active"]
    else:
        with pytest.raises(ConfigError, match="auto"):
            async with connected(link, port=server.port, version="5"):
                pass
    async with connected(link, port=server.port, version="3.1.1"):
        assert link.states[-1] == "active"


@in_loop
async def test_no_broker_is_transient() -> None:
    with pytest.raises(TransientError, match="cannot be reached"):
        async with connected(MemoryLink(), port=free_port()):
            pass


@in_loop
async def test_wrong_passwords_ask_a_person(tmp_path: Path) -> None:
    password = broker.make_device(tmp_path, "压力机1")
    (tmp_path / "right").write_text(password + "\n")
    (tmp_path / "wrong").write_text("x")
    with embedded(tmp_path) as server:
        login = {"port": server.port, "username": "压力机1"}
        link = MemoryLink()
        async with connected(link, **login, password_file=tmp_path / "right"):
            assert link.states == ["active"]
        for options in ({**login, "password_file": tmp_path / "wrong"}, {"port": server.port}):
            with pytest.raises(ConfigError, match="username and password_file"):
                async with connected(MemoryLink(), **options):
                    pass


@in_loop
async def test_a_peer_that_is_no_broker_is_transient() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" + bytes(range(256)))
        await writer.drain()
        writer.close()

    peer = await asyncio.start_server(speak, "127.0.0.1", 0)
    port = peer.sockets[0].getsockname()[1]
    with pytest.raises(TransientError):
        async with connected(MemoryLink(), port=port):
            pass
    peer.close()


@in_loop
async def test_topics_cannot_make_series_without_end(server: Server) -> None:
    link = MemoryLink()
    async with connected(link, port=server.port, max_tags=5):
        device = Publisher(server.port)
        for number in range(20):
            device.send(f"factory/m{number}/meter", meter(number))
        await until(lambda: link.counts.get("rejected:too_many_tags") == 15)
        device.close()
    assert len(link.tags) == 5


@in_loop
async def test_the_embedded_broker_is_read_where_it_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    link = MemoryLink()
    with embedded(tmp_path) as server:
        options = {"source": "embedded", "broker_folder": tmp_path, "rules": [{**RULE, "topic": "factory/{asset}/#"}]}
        async with connected(link, **options):
            device = Publisher(server.port)
            for number in range(300):
                device.stream(number, meter(number))
            device.send("factory/炉.1", meter(1000), qos=0)
            device.send("factory/a/b.c/", meter(1001), qos=2)
            device.send("factory//x", meter(1002))
            device.send("factory/a/meter", b"[")
            await until(lambda: len(link.rows) == 302 and len(link.counts) == 2)
            device.close()
    assert sorted(link.values) == [*range(300), 1000, 1001]
    assert link.counts == {"rejected:unknown_tag": 1, "rejected:bad_json": 1}
    assert max(int(p) for p in link.positions if p) >= 300
    assert any(tag.asset[0][1] == "炉.1" for tag in link.tags.values())


@in_loop
async def test_kills_of_the_embedded_broker_lose_nothing(tmp_path: Path) -> None:
    link = MemoryLink()
    certain: set[int] = set()
    with embedded(tmp_path) as server:
        options = {"source": "embedded", "broker_folder": tmp_path}
        for turn in range(3):
            async with connected(link, **options) as task:
                device = Publisher(server.port, f"device{turn}")
                for number in range(turn * 1000, turn * 1000 + 400):
                    device.stream(number, meter(number))
                await until(lambda d=device: len(d.acknowledged) > 60)
                server.kill()
                with pytest.raises(TransientError, match="broker"):
                    await asyncio.wait_for(asyncio.shield(task), 20)
                device.client.loop_stop()
                certain |= device.acknowledged
            server.start()
        async with connected(link, **options):
            await until(lambda: certain <= set(link.values), 40)


READER = """
import asyncio, json, sys
sys.path[:0] = json.loads(sys.argv[1])
from connectors.mqtt.parts import MemoryLink
from chanye.connectors.mqtt.connector import MqttConnector
from chanye.connectors.mqtt.options import Options
class FileLink(MemoryLink):
    async def send(self, readings, position=""):
        receipt = await super().send(readings, position)
        with open(sys.argv[2], "a") as file:
            file.writelines(f"{int(v)}\\n" for v in readings.value)
        return receipt
asyncio.run(MqttConnector(Options.model_validate_json(sys.argv[3]), FileLink()).run())
"""


@pytest.mark.parametrize("source", ["broker", "embedded"])
@in_loop
async def test_kills_of_the_reader_lose_nothing(source: str, tmp_path: Path) -> None:
    """kill -9 between receiving and acknowledging, again and again: every number arrives."""
    store = tmp_path / "stored.txt"
    store.touch()
    path = [str(Path(__file__).parents[2]), *[p for p in sys.path if p]]
    with embedded(tmp_path) as server:
        options: dict[str, Any] = {"source": source, "rules": [RULE]}
        options |= {"broker_folder": str(tmp_path)} if source == "embedded" else {"port": server.port}
        argv = [sys.executable, "-c", READER, json.dumps(path), str(store), json.dumps(options)]
        link = MemoryLink()
        async with connected(link, **options):
            pass  # the session, or the durable consumer, now exists
        device = Publisher(server.port)
        for turn in range(4):
            reader = subprocess.Popen(argv)
            had = store.stat().st_size
            for number in range(turn * 500, turn * 500 + 500):
                device.stream(number, meter(number))
            await until(lambda h=had: store.stat().st_size > h, 20)
            os.kill(reader.pid, signal.SIGKILL)
            reader.wait()
        await until(lambda: len(device.acknowledged) == 2000, 20)
        reader = subprocess.Popen(argv)
        try:
            await until(lambda: len({int(n) for n in store.read_text().split()}) == 2000, 45)
        finally:
            reader.kill()
            reader.wait()
        device.close()
