"""One request to a receiver: no redirects, no proxies, only to addresses that may be reached, never for long.

The name is looked up once and the connection goes to the very address that was checked, so that a name that
answers differently the second time leads nowhere else.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from urllib.parse import urlsplit

from chanye import __version__
from chanye.parties.webhooks.rules import may_reach, sign
from chanye.parties.webhooks.types import Answer, Parcel

#: Longest a request may take in all. [s]
TIMEOUT = 10.0
#: How much of an answer is read. [bytes]
MOST_READ = 4096


class _Plain(http.client.HTTPConnection):
    """A connection to one of the addresses that were checked."""

    def __init__(self, host: str, port: int | None, addresses: Sequence[str]) -> None:
        super().__init__(host, port, timeout=TIMEOUT)
        self.addresses = addresses

    def connect(self) -> None:
        for address in self.addresses[:-1]:
            with suppress(OSError):
                self.sock = socket.create_connection((address, self.port), TIMEOUT / 4)
                return
        self.sock = socket.create_connection((self.addresses[-1], self.port), TIMEOUT)


class _Tls(_Plain):
    """The same under TLS, for the name that was asked for."""

    default_port = http.client.HTTPS_PORT

    def connect(self) -> None:
        super().connect()
        self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)


def headers_of(parcel: Parcel, now: int) -> dict[str, str]:
    """Return the headers of a delivery; ``now`` in s since 1970."""
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": f"chanye/{__version__}",
        "Connection": "close",
        "webhook-id": parcel.event_id,
        "webhook-timestamp": str(now),
        "webhook-signature": sign(parcel.secret, parcel.event_id, now, parcel.body.encode()),
    }


def deliver(parcel: Parcel, *, private: bool, timeout: float = TIMEOUT) -> Answer:
    """Send one event now and return what the receiver said, or why it said nothing; never raises for its faults."""
    return post(parcel.url, headers_of(parcel, int(time.time())), parcel.body.encode(), private, timeout)


def post(url: str, headers: Mapping[str, str], body: bytes, private: bool, timeout: float = TIMEOUT) -> Answer:
    """Post a body and return status and beginning of the answer, or why there was none.

    Parameters
    ----------
    private
        Whether private and loopback addresses may be reached.
    timeout
        For all of it, looking up the name aside. [s]
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        addresses = _addresses(host, parts.port or (443 if parts.scheme == "https" else 80), private)
    except OSError as error:
        return Answer(None, f"The name {host} is not known: {error.strerror or error}.")
    if not addresses:
        return Answer(None, f"{host} leads to an address inside a private network, which the settings do not allow.")
    connection = (_Tls if parts.scheme == "https" else _Plain)(host, parts.port, addresses)
    late = threading.Event()

    def cut() -> None:
        late.set()
        held = connection.sock
        if held is not None:
            try:
                held.shutdown(socket.SHUT_RDWR)
            except OSError:
                held.close()

    guard = threading.Timer(timeout, cut)
    guard.daemon = True
    guard.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, dict(headers))
        response = connection.getresponse()
        text = response.read(MOST_READ).decode("utf-8", "replace")
        if late.is_set():  # what was cut off is no answer, whatever it began with
            raise TimeoutError
        return Answer(response.status, text)
    except (OSError, http.client.HTTPException, ValueError) as error:
        if late.is_set() or isinstance(error, TimeoutError):
            return Answer(None, f"No answer within {timeout:.0f} s.")
        return Answer(None, f"{type(error).__name__}: {error}"[:500])
    finally:
        guard.cancel()
        connection.close()


def _addresses(host: str, port: int, private: bool) -> list[str]:
    """Return the addresses of a name if all of them may be reached, else none."""
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    good = all(may_reach(ipaddress.ip_address(one.partition("%")[0]), private=private) for one in found)
    return list(dict.fromkeys(found)) if good else []
