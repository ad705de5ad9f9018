"""Signing in, with a wait that grows after failed attempts.

Rules of the file: an attempt is counted as failed *before* the password is looked at, in a transaction of its own,
and forgiven after success. So a hundred tries at the same time count as a hundred, and the slow password hash
never holds the write lock. Attempts are counted per user name and address, and per address; both as hashes.
"""

from __future__ import annotations

import hashlib

from django.contrib.auth import authenticate
from django.db import transaction
from django.db.models import F

from chanye.kernel.time import SECOND, now_us
from chanye.parties import audit
from chanye.parties.models import Person, SignInAttempt
from chanye.parties.types import PUBLIC, SignIn, Viewer

#: Failures that are free: of one user name from one address, and of one address with any names.
FREE_FAILURES = 4
FREE_FAILURES_ADDRESS = 40
#: First wait, longest wait, and the rest after which failures are forgotten. [s]
FIRST_WAIT, LONGEST_WAIT, FORGET_AFTER = 15, 900, 3600


def wait_after(failures: int, free: int = FREE_FAILURES) -> int:
    """Return how long to wait after so many failures: nothing, then doubling from 15 s to 15 min. [s]."""
    if failures <= free:
        return 0
    return min(LONGEST_WAIT, FIRST_WAIT << min(failures - free - 1, 10))


def sign_in(*, actor: Viewer = PUBLIC, username: str, password: str, address: str, now: int | None = None) -> SignIn:
    """Check a user name and password.

    Parameters
    ----------
    username, password
        As typed.
    address
        Of the client, for the rate limit.
    now
        The moment, us UTC; the present if not given.

    Returns
    -------
    SignIn
        The person, or None and how long to wait before another attempt is looked at.
    """
    moment = now_us() if now is None else now
    keys = ((_key(username.casefold(), address), FREE_FAILURES), (_key("", address), FREE_FAILURES_ADDRESS))
    wait = _reserve(keys, actor, username, moment)
    if wait:
        return SignIn(None, wait)
    person = authenticate(username=username, password=password) if "\x00" not in username + password else None
    if not isinstance(person, Person):
        return SignIn(None, _wait_left([key for key, _free in keys], moment))
    with transaction.atomic():
        SignInAttempt.objects.filter(key=keys[0][0]).delete()
        SignInAttempt.objects.filter(key=keys[1][0]).update(failures=F("failures") - 1)
        viewer = Viewer(person.pk, person.organisation_id, name=str(person))
        audit.record(actor=viewer, verb="sign_in", target=f"person:{person.pk}")
    return SignIn(person.pk)


@transaction.atomic
def _reserve(keys: tuple[tuple[str, int], ...], actor: Viewer, username: str, now: int) -> int:
    """Count the attempt as failed and return 0, or the wait if one is running. [s]."""
    rows = SignInAttempt.objects.select_for_update().in_bulk([key for key, _free in keys])
    waits = [row.blocked_until - now for row in rows.values() if row.blocked_until > now]
    if waits:
        return _seconds(max(waits))
    for key, free in keys:
        row = rows.get(key) or SignInAttempt(key=key, failures=0, last_at=now)
        forgotten = now - row.last_at > FORGET_AFTER * SECOND
        row.failures = 1 if forgotten else row.failures + 1
        row.last_at = now
        wait = wait_after(row.failures, free)
        row.blocked_until = now + wait * SECOND
        row.save()
        if wait and row.failures == free + 1:
            audit.record(actor=actor, verb="slow_sign_in", target=f"username:{username[:150]}")
    return 0


def _wait_left(keys: list[str], now: int) -> int:
    until = SignInAttempt.objects.filter(key__in=keys).values_list("blocked_until", flat=True)
    return max([0, *(_seconds(end - now) for end in until)])


def _seconds(us: int) -> int:
    return max(0, -(-us // SECOND))


def _key(username: str, address: str) -> str:
    return hashlib.sha256(f"{address}\n{username}".encode("utf-8", "replace")).hexdigest()
