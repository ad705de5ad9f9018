"""The kinds of event of this installation: each is declared by the module that emits it."""

from __future__ import annotations

from django.utils.functional import Promise

from chanye.parties.webhooks.rules import is_kind

_KNOWN: dict[str, str | Promise] = {}


def declare(kind: str, words: str | Promise) -> None:
    """Make a kind of event known to whoever chooses what to be told.

    Raises
    ------
    RuntimeError
        If the kind is malformed.
    """
    check_kind(kind)
    _KNOWN[kind] = words


def known_kinds() -> list[tuple[str, str | Promise]]:
    """Return the kinds of event with their words, in order."""
    return sorted(_KNOWN.items(), key=lambda one: one[0])


def check_kind(kind: str) -> None:
    """Go on only if a text names a kind of event.

    Raises
    ------
    RuntimeError
        If it does not: the program is wrong, not its user.
    """
    if not is_kind(kind):
        msg = f"{kind!r} is no kind of event; use small letters, as order.released"
        raise RuntimeError(msg)
