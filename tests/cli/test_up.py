"""`chanye up`: starts, heals, drains, refuses."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from chanye.cli.supervisor import Child, ChildPlan, RotatingFile
from chanye.cli.up import Stack, free_port
from chanye.kernel.errors import ConfigError

pytestmark = [
    pytest.mark.slow,
    pytest.mark.alone,
    pytest.mark.skipif(sys.platform != "linux", reason="process rules of Linux"),
]


def wait_for(true: Callable[[], bool], seconds: float) -> float:
    begin = time.monotonic()
    while time.monotonic() < begin + seconds:
        if true():
            return time.monotonic() - begin
        time.sleep(0.05)
    pytest.fail(f"not within {seconds} s")


def healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(url + "healthz", timeout=1) as answer:
            return answer.read() == b"ok"
    except OSError:
        return False


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("data"), extra=["--broker"], env={"CHANYE_BROKER_PORT": "0"}) as running:
        yield running


def test_it_answers_and_says_where(stack: Stack) -> None:
    assert healthy(stack.url)
    assert f"chanye is ready: {stack.url}" in stack.output()
    assert set(stack.status()["children"]) == {"web", "collect", "work", "broker"}


@pytest.mark.parametrize("name", ["web", "collect", "work", "broker"])
def test_a_killed_child_is_back_within_five_seconds(stack: Stack, name: str) -> None:
    old = stack.pid(name)
    family = psutil.Process(old).children(recursive=True)
    os.kill(old, signal.SIGKILL)
    wait_for(lambda: stack.pid(name) not in (0, old), 5)
    wait_for(lambda: not any(child.is_running() for child in family), 5)
    wait_for(lambda: healthy(stack.url), 5)


def test_a_second_start_on_the_same_folder_is_refused(stack: Stack) -> None:
    argv = [sys.executable, "-m", "chanye", "up", "--data", str(stack.data), "--port", "0"]
    second = subprocess.run(argv, capture_output=True, text=True, timeout=30)
    assert second.returncode == 1
    assert "already runs" in second.stderr
    assert stack.url in second.stderr


def test_everything_ends_within_ten_seconds_and_nothing_is_left(tmp_path: Path) -> None:
    stack = Stack(tmp_path).start()
    assert stack.process is not None
    family = psutil.Process(stack.process.pid).children(recursive=True)
    assert family
    assert stack.stop() < 10
    assert stack.process.returncode == 0
    assert not [child for child in family if child.is_running()]
    assert stack.status() == {}


def test_children_end_with_a_killed_supervisor(tmp_path: Path) -> None:
    stack = Stack(tmp_path).start()
    assert stack.process is not None
    family = psutil.Process(stack.process.pid).children(recursive=True)
    stack.process.kill()
    stack.process.wait()
    wait_for(lambda: not any(c.is_running() and c.status() != psutil.STATUS_ZOMBIE for c in family), 10)
    stack.stop()


def test_logs_start_anew_when_full_and_few_are_kept(tmp_path: Path) -> None:
    log = RotatingFile(tmp_path / "a.log", limit=100, keep=3)
    for number in range(50):
        log.write(b"%03d" % number * 10)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.log", "a.log.1", "a.log.2"]
    assert all(path.stat().st_size <= 100 for path in tmp_path.iterdir())
    assert (tmp_path / "a.log").read_bytes().endswith(b"049")


def test_a_child_that_keeps_failing_is_started_less_and_less_often(tmp_path: Path) -> None:
    child = Child(ChildPlan("x", ["false"]), RotatingFile(tmp_path / "x.log", 1000, 1))
    waits = []
    for _ in range(12):
        child.started = 0.0
        child.ended(1.0, 1)
        waits.append(child.due - 1.0)
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (0.5, 30.0)
    child.ended(1.0, 2)
    assert child.due == 61.0


def test_a_busy_port_gives_the_next_free_one() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        if port < 65000:
            assert port < free_port("127.0.0.1", port) < port + 20


def test_a_foreign_address_says_what_to_change() -> None:
    with pytest.raises(ConfigError, match="--host"):
        free_port("203.0.113.7", 0)
