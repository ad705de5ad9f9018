"""The twin as a process: it answers, speaks MQTT, and leaves when asked."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from lxml import etree
from paho.mqtt.enums import CallbackAPIVersion

from chanye.twin.floor import wall_clock
from chanye.twin.parts import DAY, MACHINES


def _free() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _wait(true: Callable[[], bool], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def test_a_twin_process_speaks_and_leaves(tmp_path: Path) -> None:
    here = Path(sys.executable).parent / "nats-server"
    server = str(here) if here.exists() else shutil.which("nats-server")
    if not server:
        pytest.skip("no nats-server")
    agent_port, mqtt_port = _free(), _free()
    config = tmp_path / "nats.conf"
    listen = f'listen: "127.0.0.1:{_free()}"\nserver_name: test\n'
    config.write_text(
        f'{listen}jetstream {{ store_dir: "{tmp_path}/js" }}\nmqtt {{ listen: "127.0.0.1:{mqtt_port}" }}\n'
    )
    (tmp_path / "address.json").write_text(json.dumps({"host": "127.0.0.1", "mqtt_port": mqtt_port}))
    epoch = wall_clock() - DAY
    argv = [sys.executable, "-m", "chanye.twin", "--epoch", str(epoch), "--agent-port", str(agent_port)]
    argv += ["--broker-file", str(tmp_path / "address.json"), "--start", str(wall_clock() - 5_000_000)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    broker = subprocess.Popen([server, "--config", str(config)], **quiet)
    heard: list[dict[str, object]] = []
    enough = threading.Event()

    def take(_client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        heard.append({"topic": message.topic, "qos": message.qos, **json.loads(message.payload)})
        if len({str(one["topic"]) for one in heard}) == len(MACHINES):
            enough.set()

    listener = mqtt.Client(CallbackAPIVersion.VERSION2)
    listener.on_message = take
    twin = None
    try:
        _wait(lambda: _listens(mqtt_port))
        listener.on_connect = lambda client, *_rest: client.subscribe("twin/+/power", qos=1)
        listener.connect("127.0.0.1", mqtt_port)
        listener.loop_start()
        twin = subprocess.Popen(argv)
        assert enough.wait(60)
        _wait(lambda: _listens(agent_port))
        line = http.client.HTTPConnection("127.0.0.1", agent_port, timeout=5)
        line.request("GET", "/current")
        root = etree.fromstring(line.getresponse().read())
        line.close()
        assert len(list(root.iter("{*}DeviceStream"))) == len(MACHINES)
        begin = time.monotonic()
        twin.send_signal(signal.SIGTERM)
        assert twin.wait(10) == 0
        assert time.monotonic() - begin < 5
    finally:
        listener.disconnect()
        listener.loop_stop()
        for process in (twin, broker):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
    assert {one["qos"] for one in heard} == {1}
    assert set(heard[0]) == {"topic", "qos", "ts", "power_kw", "energy_kwh"}
