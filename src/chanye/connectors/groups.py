"""Keeps one subprocess for each group that has connections."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import structlog

from chanye.connectors.link import backoff

log = structlog.get_logger("collect")
#: A process that lived this long before it ended is started again without waiting. [s]
LONG_LIFE = 60.0


@dataclass(slots=True)
class _Child:
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    attempt: int = 0
    again_at: float = 0.0


class GroupProcesses:
    """Starts, restarts with back-off, and stops the processes of groups.

    Parameters
    ----------
    socket
        Where the desk listens.
    """

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._children: dict[str, _Child] = {}

    def follow(self, groups: Iterable[str]) -> None:
        """Make the running processes those of ``groups``; call it every second or so."""
        wanted = set(groups)
        for name in wanted - self._children.keys():
            self._children[name] = _Child()
        for name in self._children.keys() - wanted:
            self._stop([name])
        now = time.monotonic()
        for name, child in self._children.items():
            self._keep(name, child, now)

    def problems(self) -> dict[str, str]:
        """Return what ails the groups, in words."""
        return {
            name: f"The process of group {name} ended {child.attempt} times in short order; it is started again."
            for name, child in self._children.items()
            if child.attempt > 1 and child.process is None
        }

    def pids(self) -> dict[str, int]:
        """Return the process id of each running group."""
        return {name: c.process.pid for name, c in self._children.items() if c.process is not None}

    def close(self) -> None:
        """Ask all to end, wait up to 8 s, then kill what is left."""
        self._stop(list(self._children))

    def _keep(self, name: str, child: _Child, now: float) -> None:
        if child.process is not None:
            status = child.process.poll()
            if status is None:
                return
            child.process = None
            child.attempt = 0 if now - child.started > LONG_LIFE else child.attempt + 1
            child.again_at = now + (backoff(child.attempt - 1) if child.attempt else 0.0)
            log.warning("group process ended, it is started again", group=name, status=status)
        if now >= child.again_at:
            child.process = self._start(name)
            child.started = now

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "chanye.connectors.group", name, str(self._socket.absolute())]
        # A session of its own: Ctrl-C reaches collect alone, which then stops its groups in order.
        # One BLAS thread: a group does no linear algebra, and every thread costs memory.
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"},
        )

    def _stop(self, names: list[str]) -> None:
        processes = [c.process for name in names if (c := self._children.pop(name)).process is not None]
        for process in processes:
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 8.0
        for process in processes:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
