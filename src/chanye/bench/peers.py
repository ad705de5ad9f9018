"""Peers run beside us: VictoriaMetrics and InfluxDB from Debian, on free loopback ports, in a temporary folder."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from chanye.bench.workload import Rows


def lines_of(rows: Rows, size: int = 10_000) -> list[bytes]:
    """Return ready-made line protocol in batches; making it is not part of a peer's time."""
    out = []
    for at in range(0, len(rows.time), size):
        cut = slice(at, at + size)
        columns = (c[cut].tolist() for c in rows)
        text = "\n".join(f"m,s={s} v={v},q={q}i {t}000" for s, t, v, q in zip(*columns, strict=True))
        out.append(text.encode())
    return out


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


class Peer:
    """A server process that takes line protocol over HTTP."""

    def __init__(self, name: str, command: Sequence[str], port: int, path: str) -> None:
        self.name, self.port, self._path = name, port, path
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait(self, seconds: float = 30.0) -> bool:
        """Wait until it answers."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._process.poll() is None:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
                connection.request("GET", "/ping" if self.name == "InfluxDB" else "/health")
                connection.getresponse().read()
                return True
            except OSError:
                time.sleep(0.1)
        return False

    def post(self, path: str, body: bytes) -> int:
        """Send one request on a new connection; return its status."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})
        status = connection.getresponse().status
        connection.close()
        return status

    def ingest(self, batches: Sequence[bytes], rows: int) -> float:
        """Send all batches one after the other; return samples per second."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        began = time.perf_counter()
        for body in batches:
            connection.request("POST", self._path, body)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status >= 300:
                raise RuntimeError(f"{self.name} refused a batch: {answer.status} {text[:200]!r}")
        seconds = time.perf_counter() - began
        connection.close()
        return rows / seconds

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def start_victoria(folder: Path) -> Peer | None:
    """Start VictoriaMetrics; None if it is not installed."""
    program = shutil.which("victoria-metrics")
    if program is None:
        return None
    port = free_port()
    command = [program, f"-storageDataPath={folder}", f"-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=100y"]
    return Peer("VictoriaMetrics", command, port, "/write?db=bench")


def start_influx(folder: Path) -> Peer | None:
    """Start InfluxDB 1.6; None if it is not installed."""
    program = shutil.which("influxd")
    if program is None:
        return None
    port, rpc = free_port(), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "influx.toml"
    config.write_text(
        f'reporting-disabled = true\nbind-address = "127.0.0.1:{rpc}"\n'
        f'[meta]\ndir = "{folder}/meta"\n'
        f'[data]\ndir = "{folder}/data"\nwal-dir = "{folder}/wal"\nquery-log-enabled = false\n'
        f'[http]\nbind-address = "127.0.0.1:{port}"\nlog-enabled = false\n'
    )
    os.chmod(config, 0o600)  # noqa: PTH101 - one call
    peer = Peer("InfluxDB", [program, "-config", str(config)], port, "/write?db=bench")
    if peer.wait():
        peer.post("/query", b"q=CREATE DATABASE bench")
    return peer
