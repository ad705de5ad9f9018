"""Keep a handful of processes alive, and leave none behind: stdlib only, so that it stays small.

``python -m chanye.cli.supervisor PLAN.json LOCK_FD`` is what ``chanye up`` turns into. One thread, one loop. Every
child has a session of its own (a Ctrl-C of the terminal reaches only the supervisor), is told by the kernel when
the supervisor dies, and the supervisor adopts orphans of a killed child in order to end them too.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
USAGE_EXIT = 2
FIRST_WAIT, LONGEST_WAIT, USAGE_WAIT = 0.5, 30.0, 60.0
STEADY_AFTER = 20.0

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class ChildPlan:
    """One process: its name, command and place in the drain (0 ends first)."""

    name: str
    argv: list[str]
    drain: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What the supervisor runs. Times in seconds, sizes in bytes."""

    data: str
    host: str
    port: int
    children: list[ChildPlan]
    env: dict[str, str] = field(default_factory=dict)
    drain_s: float = 10.0
    log_bytes: int = 10_000_000
    log_files: int = 3
    die_with_parent: bool = False

    @property
    def url(self) -> str:
        """The address people open."""
        host = "127.0.0.1" if self.host in ("", "0.0.0.0", "::") else self.host  # noqa: S104  # compared, not bound
        return f"http://[{host}]:{self.port}/" if ":" in host else f"http://{host}:{self.port}/"

    def write(self, path: Path) -> None:
        """Write the plan as JSON, for the owner only."""
        replace_file(path, json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> Plan:
        """Read what ``write`` wrote."""
        raw = json.loads(path.read_text())
        return cls(**{**raw, "children": [ChildPlan(**child) for child in raw["children"]]})


def replace_file(path: Path, text: str) -> None:
    """Write a small file for the owner only so that a reader sees the old or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    temporary.replace(path)


def prctl(option: int, value: int) -> None:
    """Call ``prctl(2)``; a no-op where there is none."""
    if _libc is not None:
        _libc.prctl(option, value, 0, 0, 0)


def die_with(parent: int) -> None:
    """Ask the kernel for SIGTERM when ``parent`` ends; end at once if that already happened."""
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


class RotatingFile:
    """A log file that starts anew when it is full and keeps a few old ones."""

    def __init__(self, path: Path, limit: int, keep: int) -> None:
        self.path, self.limit, self.keep = path, limit, keep
        path.parent.mkdir(parents=True, exist_ok=True)
        self.file: IO[bytes] = path.open("ab", buffering=0)
        self.size = self.file.tell()

    def write(self, data: bytes) -> None:
        """Append; a full disk costs log lines, never the supervisor."""
        with contextlib.suppress(OSError):
            if self.size + len(data) > self.limit:
                self._rotate()
            self.size += self.file.write(data)

    def _rotate(self) -> None:
        self.file.close()
        for number in range(self.keep - 1, 0, -1):
            older = self.path.with_name(f"{self.path.name}.{number}")
            newer = self.path if number == 1 else self.path.with_name(f"{self.path.name}.{number - 1}")
            if newer.exists():
                newer.replace(older)
        self.file = self.path.open("wb", buffering=0)
        self.size = 0


class Child:
    """One supervised process and the memory of its failures."""

    def __init__(self, plan: ChildPlan, log: RotatingFile) -> None:
        self.plan, self.log = plan, log
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.due = 0.0
        self.failures = 0
        self.starts = 0

    @property
    def pid(self) -> int:
        """Process id; 0 while it is down."""
        return self.process.pid if self.process else 0

    def start(self, now: float, env: dict[str, str]) -> None:
        """Start the process in a session of its own, bound to the life of this one."""
        parent = os.getpid()
        self.started = now
        self.starts += 1
        try:
            self.process = subprocess.Popen(
                self.plan.argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=env,
                start_new_session=True,
                preexec_fn=lambda: die_with(parent),  # noqa: PLW1509  # this process has one thread
            )
        except OSError as error:
            self.log.write(f"cannot start {self.plan.argv[0]}: {error}\n".encode())
            self.ended(now, 1)

    def ended(self, now: float, status: int) -> None:
        """Note the end and when to try again: at once after a steady run, later and later otherwise."""
        self.kill_group()
        if self.process is not None:
            self.process.returncode = status
        self.process = None
        self.failures = 0 if now - self.started > STEADY_AFTER else self.failures + 1
        wait = min(FIRST_WAIT * 2 ** max(self.failures - 2, 0), LONGEST_WAIT)
        self.due = now + (USAGE_WAIT if status == USAGE_EXIT else wait)

    def signal(self, number: int) -> None:
        """Send a signal to the process, if it runs."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, number)

    def kill_group(self) -> None:
        """End what the process left behind in its session."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)


class Supervisor:
    """The loop: start, watch, restart, drain."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        data = Path(plan.data)
        self.status_path = data / "run" / "up.json"
        self.env = {**os.environ, **plan.env}
        self.children = [
            Child(child, RotatingFile(data / "logs" / f"{child.name}.log", plan.log_bytes, plan.log_files))
            for child in plan.children
        ]
        self.log = RotatingFile(data / "logs" / "up.log", plan.log_bytes, plan.log_files)
        self.selector = selectors.DefaultSelector()
        self.stopping = 0
        self.ready = False
        self.next_probe = 0.0

    def say(self, text: str, *, loud: bool = False) -> None:
        """Log a line; a loud one also goes to the terminal."""
        self.log.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {text}\n".encode())
        if loud:
            with contextlib.suppress(OSError):
                print(text, flush=True)

    def run(self) -> int:
        """Run until a signal, drain, and return the exit code."""
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        wake_r, wake_w = os.pipe()
        os.set_blocking(wake_w, False)
        os.set_blocking(wake_r, False)
        signal.set_wakeup_fd(wake_w, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only wakes the loop
        self.selector.register(wake_r, selectors.EVENT_READ, None)
        try:
            while not self.stopping:
                self._start_due()
                self._probe()
                self._wait(0.25 if not self.ready else 1.0)
                self._reap()
            self._drain()
        finally:
            self._kill_all()
            self.status_path.unlink(missing_ok=True)
        return 0

    def _on_stop(self, number: int, _frame: Any) -> None:
        self.stopping += 1

    def _start_due(self) -> None:
        now, changed = time.monotonic(), False
        for child in self.children:
            if child.process is None and now >= child.due:
                child.start(now, self.env)
                changed = True
                if child.process is None:
                    continue
                assert child.process.stdout is not None
                os.set_blocking(child.process.stdout.fileno(), False)
                self.selector.register(child.process.stdout, selectors.EVENT_READ, child)
                self.say(f"{child.plan.name}: started, pid {child.pid}")
        if changed:
            self._publish()

    def _probe(self) -> None:
        now = time.monotonic()
        if self.ready or now < self.next_probe:
            return
        self.next_probe = now + 0.2
        if answers(self.plan.url, "/healthz"):
            self.ready = True
            self._publish()
            self.say(f"chanye is ready: {self.plan.url}", loud=True)

    def _wait(self, timeout: float) -> None:
        """Sleep until a child writes or ends, a signal comes, or something is due."""
        now = time.monotonic()
        for child in self.children:
            if child.process is None:
                timeout = min(timeout, max(child.due - now, 0.01))
        for key, _ in self.selector.select(timeout):
            try:
                data = os.read(key.fd, 65536)
            except BlockingIOError:
                continue
            if key.data is None:
                continue
            if data:
                key.data.log.write(data)
            else:
                self.selector.unregister(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr]  # registered pipes are file objects

    def _reap(self) -> None:
        """Collect every process that ended, ours or adopted; end adopted ones."""
        changed = False
        while True:
            try:
                pid, raw = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            child = next((c for c in self.children if c.pid == pid), None)
            if child is None:
                continue
            status = os.waitstatus_to_exitcode(raw)
            child.ended(time.monotonic(), status)
            changed = True
            if not self.stopping:
                why = f"signal {-status}" if status < 0 else f"exit {status}"
                wait = max(child.due - time.monotonic(), 0)
                hint = f"see {child.log.path}"
                self.say(f"{child.plan.name} ended ({why}); starting it again in {wait:.1f} s, {hint}", loud=True)
        if changed:
            self._kill_adopted()
            self._publish()

    def _kill_adopted(self) -> None:
        known = {child.pid for child in self.children}
        for pid in own_children():
            if pid not in known:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)

    def _drain(self) -> None:
        """Ask all to end, the broker last; whoever is not gone in time is killed."""
        self.say("stopping", loud=True)
        begin, asked = time.monotonic(), self.stopping
        stages = sorted({child.plan.drain for child in self.children})
        for place, stage in enumerate(stages):
            until = begin + self.plan.drain_s * (0.8 if place < len(stages) - 1 else 0.95)
            members = [child for child in self.children if child.plan.drain == stage]
            for child in members:
                child.signal(signal.SIGTERM)
            while any(child.process for child in members) and time.monotonic() < until and self.stopping == asked:
                self._wait(0.05)
                self._reap()
        late = [child.plan.name for child in self.children if child.process]
        if late:
            self.say(f"killed, they did not end in time: {', '.join(late)}", loud=True)
        self._kill_all()
        self.say(f"stopped in {time.monotonic() - begin:.1f} s", loud=True)

    def _kill_all(self) -> None:
        for child in self.children:
            child.kill_group()
        deadline = time.monotonic() + 1.0
        while time.monotonic() < deadline and own_children():
            for pid in own_children():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            self._reap()
            time.sleep(0.01)

    def _publish(self) -> None:
        """Write what runs, for tests, pages and the bench."""
        status = {
            "pid": os.getpid(),
            "url": self.plan.url,
            "ready": self.ready,
            "children": {child.plan.name: child.pid for child in self.children},
            "starts": {child.plan.name: child.starts for child in self.children},
        }
        with contextlib.suppress(OSError):
            replace_file(self.status_path, json.dumps(status))


def own_children() -> list[int]:
    """Return the ids of all direct children of this process, adopted ones included."""
    try:
        return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    except OSError:
        return []


def answers(url: str, path: str, timeout: float = 1.0) -> bool:
    """Tell whether ``GET path`` on the server of ``url`` is answered with 200."""
    host, port = url.removeprefix("http://").rstrip("/").rsplit(":", 1)
    request = f"GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n".encode()
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout) as sock:
            sock.sendall(request)
            sock.settimeout(timeout)
            return sock.recv(64).split(b" ", 2)[1:2] == [b"200"]
    except (OSError, ValueError):
        return False


def main(argv: list[str]) -> int:
    """Run the plan in ``argv[0]``; ``argv[1]`` is the descriptor that holds the lock of the data folder."""
    os.set_inheritable(int(argv[1]), False)
    plan = Plan.read(Path(argv[0]))
    if plan.die_with_parent:
        die_with(os.getppid())
    return Supervisor(plan).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
