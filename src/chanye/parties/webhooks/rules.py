"""Decisions about webhooks: which events they want, how they are signed, when to try again, where they may point."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from chanye.kernel.errors import ConfigError
from chanye.kernel.time import DAY, HOUR, SECOND

#: How long an event is tried before it is given up. [us]
LIFE = DAY
#: Wait after a first failure, and at most after any. [us]
FIRST_WAIT, LONGEST_WAIT = 10 * SECOND, 6 * HOUR
#: Failed attempts in a row after which a webhook is paused: about two days.
PAUSE_AFTER = 20
MOST_KINDS = 50

_KIND = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+", re.ASCII)
_PATTERN = re.compile(r"\*|[a-z][a-z0-9_]*(\.[a-z0-9_]+)*(\.\*)?", re.ASCII)
_URL = re.compile(r"[\x21-\x7e]{1,500}", re.ASCII)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_kind(text: str) -> bool:
    """Tell whether a text names a kind of event, as ``order.released``."""
    return len(text) <= 64 and _KIND.fullmatch(text) is not None


def wants(kinds: Sequence[str], kind: str) -> bool:
    """Tell whether a webhook with these kinds wants an event: ``*`` all, ``order.*`` all of orders."""
    return any(one in ("*", kind) or (one.endswith(".*") and kind.startswith(one[:-1])) for one in kinds)


def read_kinds(text: str) -> list[str]:
    """Return the kinds in a text, separated by commas, spaces or lines, each once.

    Raises
    ------
    ConfigError
        If there is none, too many, or one is malformed.
    """
    found = list(dict.fromkeys(text.replace(",", " ").replace("，", " ").split()))
    if not found or len(found) > MOST_KINDS:
        raise ConfigError(_("Name 1 to %(n)d kinds of event; * means all.") % {"n": MOST_KINDS})
    for one in found:
        if len(one) > 64 or not _PATTERN.fullmatch(one):
            raise ConfigError(
                _("%(kind)s is no kind of event: write it as order.released, order.* or *.") % {"kind": one[:70]}
            )
    return found


def check_url(text: str) -> str:
    """Return an address that events can be sent to; whether its machine may be reached is known only when sending.

    Raises
    ------
    ConfigError
        If it is not a plain http or https address.
    """
    url = text.strip()
    try:
        parts = urlsplit(url) if _URL.fullmatch(url) else None
        usable = (
            parts is not None
            and parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.username is None
            and not parts.fragment
            and (parts.port is None or parts.port > 0)
        )
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(_("Give an address that begins with https:// or http://, without user name, spaces and #."))
    return url


def may_reach(address: Address, *, private: bool) -> bool:
    """Tell whether events may be sent to an IP address.

    Public addresses may be reached; private and loopback ones where ``private`` says so. Link-local addresses
    (where clouds keep their keys), multicast, reserved and unspecified ones never. Addresses of version 6 that
    stand for one of version 4 are judged as that one.
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner:
            return may_reach(inner, private=private)
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    if address.is_loopback:
        return private
    if address.is_reserved:
        return False
    return address.is_global or (private and address.is_private)


def sign(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a delivery, ``v1,`` and base 64.

    HMAC-SHA256 over ``id.timestamp.body``; the key is the secret after ``whsec_``, decoded from base 64.

    Parameters
    ----------
    timestamp
        When it is sent. [s since 1970]

    References
    ----------
    Standard Webhooks 1.0, "Signature scheme".
    """
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def check_secret(text: str) -> str:
    """Return a secret that can sign: ``whsec_`` and base 64 of 24 to 64 bytes.

    Raises
    ------
    ConfigError
        If it is of another form.
    """
    secret = text.strip()
    try:
        size = len(base64.b64decode(secret.removeprefix("whsec_"), validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if not secret.startswith("whsec_") or not 24 <= size <= 64 or len(secret) > 100:
        raise ConfigError(_("A secret is whsec_ and 24 to 64 random bytes in base 64; leave it empty to get one."))
    return secret


def wait_after(failures: int, spread: float) -> int:
    """Return how long to wait after so many failed attempts in a row, in us.

    Doubles up to ``LONGEST_WAIT``; ``spread`` in [0, 1) moves it by up to a fifth either way, so that receivers
    that failed together are not all tried at the same instant.
    """
    plain = min(FIRST_WAIT << min(max(failures - 1, 0), 30), LONGEST_WAIT)
    return int(plain * (0.8 + 0.4 * spread))
