"""What people type into forms, read: numbers, moments, choices. What cannot be read is said under the field."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.utils.translation import gettext as _

from chanye.kernel.errors import ConfigError
from chanye.kernel.time import from_us, to_us

#: The clock forms are typed by.
ZONE = ZoneInfo("Asia/Shanghai")


def whole(params: QueryDict, name: str, label: str, *, empty: int | None = None) -> int:
    """Return a whole number that was typed; thousands may be apart.

    Raises
    ------
    ConfigError
        Naming the field.
    """
    text = params.get(name, "").strip().replace(",", "").replace(" ", "")
    if not text and empty is not None:
        return empty
    if not text.lstrip("-").isascii() or not text.lstrip("-").isdigit() or len(text) > 15:
        raise ConfigError(_("%(label)s: type a whole number.") % {"label": label})
    return int(text)


def decimal(params: QueryDict, name: str, label: str, *, empty: float | None = None) -> float:
    """Return a number that was typed.

    Raises
    ------
    ConfigError
        Naming the field.
    """
    text = params.get(name, "").strip().replace(",", "")
    if not text and empty is not None:
        return empty
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) < 1e15:
        raise ConfigError(_("%(label)s: type a number.") % {"label": label})
    return value


def moment(params: QueryDict, name: str, label: str) -> int | None:
    """Return a date and time that was chosen, us UTC; None if empty. A day alone means its end.

    Raises
    ------
    ConfigError
        Naming the field.
    """
    text = params.get(name, "").strip()
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text if "T" in text or " " in text else f"{text}T23:59")
    except ValueError as error:
        raise ConfigError(_("%(label)s: choose a date.") % {"label": label}) from error
    if not 1990 <= found.year <= 2200:
        raise ConfigError(_("%(label)s: choose a date.") % {"label": label})
    return to_us(found if found.tzinfo else found.replace(tzinfo=ZONE))


def shown_moment(us: int | None) -> str:
    """Return a moment as a date field takes it."""
    return "" if us is None else from_us(us, ZONE).strftime("%Y-%m-%dT%H:%M")


def chosen(params: QueryDict, name: str) -> list[int]:
    """Return the numbers of the boxes that were ticked; what is none is left out."""
    return [int(word) for word in params.getlist(name) if word.isascii() and word.isdigit() and len(word) < 16]
