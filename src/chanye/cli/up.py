"""``chanye up``: prepare the data folder, then become the supervisor of all processes."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NoReturn, Self

from chanye.cli.supervisor import ChildPlan, Plan, answers
from chanye.kernel.errors import ConfigError, PermanentError, TransientError
from chanye.kernel.settings import Settings, get_settings

PORTS_TRIED = 20
BLOCKING_THREADS = 4


def apply_settings(**options: object) -> Settings:
    """Put command-line options above file and environment, for this process and all its children.

    Parameters
    ----------
    options
        Names of ``Settings`` fields; None leaves a setting as it is.
    """
    for name, value in options.items():
        if value is not None:
            os.environ[f"CHANYE_{name.upper()}"] = str(value)
    get_settings.cache_clear()
    settings = get_settings()
    os.environ["CHANYE_DATA"] = str(settings.data.absolute())
    get_settings.cache_clear()
    return get_settings()


def lock_data(data: Path) -> int:
    """Take the lock of a data folder; return the descriptor that holds it for the life of the process.

    Raises
    ------
    ConfigError
        Another ``chanye up`` runs on the folder.
    """
    (data / "run").mkdir(parents=True, exist_ok=True)
    handle = os.open(data / "run" / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        status = read_status(data)
        where = f" at {status['url']} (pid {status['pid']})" if status else ""
        raise ConfigError(
            f"chanye already runs on {data}{where}. Open that address, stop it first, or give another --data."
        ) from None
    return handle


def read_status(data: Path) -> dict[str, Any]:
    """Return what the supervisor of a data folder last wrote; empty when there is none."""
    try:
        status = json.loads((data / "run" / "up.json").read_text())
    except (OSError, ValueError):
        return {}
    return status if isinstance(status, dict) else {}


def free_port(host: str, wanted: int) -> int:
    """Return ``wanted`` if it is free, else the next free one; 0 asks the system for one.

    Raises
    ------
    ConfigError
        The host is not an address of this machine, or no port is free among the next ones.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(wanted, min(wanted + PORTS_TRIED, 65536)) if wanted else [0]:
        with socket.socket(family) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind((host, port))
                return int(sock.getsockname()[1])
            except PermissionError:
                raise ConfigError(f"Port {port} needs more rights: choose one above 1023 with --port.") from None
            except socket.gaierror:
                raise ConfigError(f"{host} is not an address of this machine: change --host.") from None
            except OSError as error:
                if error.errno != 98:  # EADDRINUSE
                    raise ConfigError(f"Cannot listen on {host}: {error.strerror}. Change --host.") from None
    raise ConfigError(f"Ports {wanted} to {wanted + PORTS_TRIED - 1} are all in use: choose another with --port.")


def prepare(settings: Settings) -> None:
    """Bring records and files of these settings up to date, side by side, in processes whose memory ends with them.

    Raises
    ------
    PermanentError
        A step failed; the message carries its last words.
    """
    steps = {
        "Preparing the records": ["-m", "chanye", "manage", "migrate", "--noinput", "--verbosity", "0"],
        "Preparing the pages": ["-c", "from chanye.web.assets import ensure; ensure()"],
    }
    env = {**os.environ, "CHANYE_DATA": str(settings.data.absolute())}
    running = {
        what: subprocess.Popen(
            [sys.executable, *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
        )
        for what, argv in steps.items()
    }
    said = {what: process.communicate()[1] for what, process in running.items()}
    for what, process in running.items():
        if process.returncode:
            words = "\n".join(said[what].strip().splitlines()[-5:])
            raise PermanentError(f"{what} failed; put this right and start again:\n{words}")


def web_plan(settings: Settings, port: int) -> ChildPlan:
    """Return the command of the web server."""
    argv = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", settings.host, "--port", str(port)]
    argv += ["--workers", str(settings.web_workers), "--blocking-threads", str(BLOCKING_THREADS)]
    argv += ["--runtime-threads", "1", "--backpressure", "64", "--http", "1", "--no-ws"]
    argv += ["--workers-kill-timeout", "5", "--respawn-failed-workers", "--log-level", "warning"]
    return ChildPlan("web", [*argv, "chanye.web.wsgi:application"])


def broker_plan(settings: Settings) -> ChildPlan:
    """Write the broker's configuration and return its command; it ends after those who read from it."""
    from chanye.connectors import broker

    address = broker.write_config(settings.data, host=settings.broker_host, mqtt_port=settings.broker_port)
    print(f"MQTT broker: {address.host}:{address.mqtt_port}", flush=True)
    return ChildPlan("broker", broker.broker_command(settings.data), drain=1)


def make_plan(settings: Settings, *, extra: Sequence[ChildPlan] = (), die_with_parent: bool = False) -> Plan:
    """Return what to run for these settings; ports are chosen here.

    Parameters
    ----------
    extra
        Further processes, e.g. a simulated site.
    """
    port = free_port(settings.host, settings.port)
    if settings.port and port != settings.port:
        print(f"Port {settings.port} is in use; taking {port}.", flush=True)
    children = [web_plan(settings, port)]
    children += [ChildPlan(name, [sys.executable, "-m", "chanye", name]) for name in ("collect", "work")]
    if settings.broker:
        children.append(broker_plan(settings))
    env = {
        "PYTHONUNBUFFERED": "1",
        "MALLOC_ARENA_MAX": "2",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "CHANYE_PORT": str(port),
    }
    return Plan(
        str(settings.data), settings.host, port, [*children, *extra], env=env, die_with_parent=die_with_parent
    )


def up(*, extra: Sequence[ChildPlan] = (), setup: Callable[[], Sequence[ChildPlan]] | None = None) -> NoReturn:
    """Start everything and stay until stopped; never returns.

    The options are in the settings already (``apply_settings``). Python, with all that was imported for the
    preparation, is replaced by the small supervisor; process id and lock stay. ``setup`` runs when the records are
    ready, before any process starts; it returns further processes.
    """
    settings = get_settings()
    settings.data.mkdir(parents=True, exist_ok=True)
    lock = lock_data(settings.data.absolute())
    prepare(settings)
    extra = [*extra, *(setup() if setup is not None else ())]
    plan = make_plan(settings, extra=extra, die_with_parent=bool(os.environ.pop("CHANYE_DIE_WITH_PARENT", "")))
    path = settings.data.absolute() / "run" / "plan.json"
    plan.write(path)
    os.set_inheritable(lock, True)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "chanye.cli.supervisor", str(path), str(lock)])  # noqa: S606  # our own interpreter and module


class Stack:
    """A whole running product for tests and scripts: ``with Stack(tmp_path) as stack: get(stack.url)``.

    Parameters
    ----------
    data
        Data folder.
    port
        Port of the web server; 0 takes a free one.
    extra
        More arguments of the command, e.g. ``["--broker"]``.
    env
        More environment.
    command
        Subcommand to run, e.g. ``demo``.
    ready_s
        How long the start may take. [s]
    """

    def __init__(
        self,
        data: Path,
        port: int = 0,
        extra: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        *,
        command: str = "up",
        ready_s: float = 120.0,
    ) -> None:
        self.data = data
        self.argv = [sys.executable, "-m", "chanye", command, "--data", str(data), "--port", str(port), *extra]
        self.env = {**os.environ, "CHANYE_DIE_WITH_PARENT": "1", **(env or {})}
        self.ready_s = ready_s
        self.process: subprocess.Popen[bytes] | None = None
        self._out: IO[bytes] | None = None

    @property
    def url(self) -> str:
        """Address of the web server, with a slash at its end."""
        return str(self.status()["url"])

    def status(self) -> dict[str, Any]:
        """What the supervisor says: ``pid``, ``url``, ``ready``, ``children`` and ``starts`` by name."""
        return read_status(self.data)

    def pid(self, name: str) -> int:
        """Process id of a child; 0 while it is down."""
        return int(self.status().get("children", {}).get(name, 0))

    def start(self) -> Self:
        """Start and wait until the web server answers.

        Raises
        ------
        PermanentError
            The command ended.
        TransientError
            It was not ready in time.
        """
        (self.data / "logs").mkdir(parents=True, exist_ok=True)
        self._out = (self.data / "logs" / "stack.log").open("ab")
        self.process = subprocess.Popen(
            self.argv, env=self.env, stdin=subprocess.DEVNULL, stdout=self._out, stderr=subprocess.STDOUT
        )
        deadline = time.monotonic() + self.ready_s
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise PermanentError(f"chanye ended with {self.process.returncode}: {self.output()}")
            status = self.status()
            if status.get("ready") and status.get("pid") == self.process.pid and answers(self.url, "/healthz"):
                return self
            time.sleep(0.05)
        self.stop()
        raise TransientError(f"chanye was not ready within {self.ready_s:.0f} s: {self.output()}")

    def output(self) -> str:
        """Return what the command printed."""
        return (self.data / "logs" / "stack.log").read_text(errors="replace")

    def stop(self, timeout: float = 15.0) -> float:
        """Drain and wait; return how long it took, in seconds."""
        begin = time.monotonic()
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self._out is not None:
            self._out.close()
        return time.monotonic() - begin

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
