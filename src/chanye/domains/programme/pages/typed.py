"""What people type into the forms of the room, read; what cannot be read is said in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.http import QueryDict
from django.utils.translation import gettext as _

from chanye.kernel.errors import ConfigError
from chanye.kernel.money import parse_money

MOST_ROWS = 100


def yuan(fen: int) -> str:
    """Return an amount in fen as it is typed, in yuan."""
    return f"{fen // 100:,}" if fen % 100 == 0 else f"{fen // 100:,}.{fen % 100:02d}"


def amount(text: str) -> int:
    """Return an amount in yuan as fen; nothing typed is zero."""
    return parse_money(text) if text.strip() else 0


def day(text: str) -> date | None:
    """Return a date, None if nothing is typed.

    Raises
    ------
    ConfigError
        If it is none.
    """
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        raise ConfigError(_("“%(text)s” is not a date; write it like 2026-03-01.") % {"text": text[:20]}) from None


def whole(text: str, *, empty: int = 0) -> int:
    """Return a whole number.

    Raises
    ------
    ConfigError
        If it is none.
    """
    plain = text.strip().replace(",", "")
    if not plain:
        return empty
    if not plain.isascii() or not plain.isdigit() or len(plain) > 12:
        raise ConfigError(_("“%(text)s” is not a whole number.") % {"text": text[:20]})
    return int(plain)


def real(text: str) -> float | None:
    """Return a number, None if nothing is typed; a percent sign may follow.

    Raises
    ------
    ConfigError
        If it is none.
    """
    plain = text.strip().removesuffix("%").replace(",", "").strip()
    if not plain:
        return None
    try:
        value = float(plain)
    except ValueError:
        value = float("nan")
    if not abs(value) < 1e15:
        raise ConfigError(_("“%(text)s” is not a number; write it like 4.5.") % {"text": text[:20]})
    return value


def number_or_none(text: str) -> int | None:
    """Return the number of a thing that was chosen, None if none was."""
    return whole(text) if text.strip() else None


def rows(post: QueryDict, *names: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a table whose fields are ``name-0``, ``name-1`` …, empty ones too."""
    for i in range(MOST_ROWS):
        if any(f"{name}-{i}" in post for name in names):
            yield {name: post.get(f"{name}-{i}", "").strip() for name in names}
