"""Filters as they stand in the address, and what they ask of a value or of the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from chanye.kernel.errors import ConfigError
from chanye.kernel.money import parse_money
from chanye.kernel.time import DAY
from chanye.sheets.clock import moment
from chanye.sheets.columns import NUMBERS, TEXTS, Column

LONGEST = 200
#: Beyond this no database can compare; it is far more than anything that is counted here.
_LARGEST = 2**62


@dataclass(frozen=True, slots=True)
class Contains:
    """Text has this in it, whatever the case."""

    text: str

    def keeps(self, value: Any) -> bool:
        """Tell whether a value passes."""
        return value is not None and self.text.casefold() in str(value).casefold()

    def asks(self, column: Column, path: str) -> Q:
        """Return the question to the database."""
        return Q(**{f"{path}__icontains": self.text})


@dataclass(frozen=True, slots=True)
class OneOf:
    """The value is one of these."""

    values: tuple[Any, ...]

    def keeps(self, value: Any) -> bool:
        """Tell whether a value passes."""
        return value in self.values

    def asks(self, column: Column, path: str) -> Q:
        """Return the question to the database."""
        return Q(**{f"{path}__in": self.values})


@dataclass(frozen=True, slots=True)
class Between:
    """The value lies between two, both included; None is open. In normal form of the column."""

    low: Any = None
    high: Any = None

    def keeps(self, value: Any) -> bool:
        """Tell whether a value passes."""
        if value is None or (self.low is not None and value < self.low):
            return False
        return self.high is None or bool(value <= self.high)

    def asks(self, column: Column, path: str) -> Q:
        """Return the question to the database."""
        question = Q()
        if self.low is not None:
            question &= Q(**{f"{path}__gte": column.stored_value(self.low)})
        if self.high is not None:
            question &= Q(**{f"{path}__lte": column.stored_value(self.high)})
        return question


Filter = Contains | OneOf | Between


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks of one column: the filter, the texts typed, and what is wrong with them."""

    filter: Filter | None = None
    typed: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""


def clean(text: str) -> str:
    """Return typed text without what no text has, at a sensible length."""
    return "".join(c for c in text if c >= " " and not "\ud800" <= c <= "\udfff").strip()[:LONGEST]


def read_filter(column: Column, params: Any) -> Asked:
    """Return what ``params`` (a ``QueryDict``) ask of a column; what cannot be understood is told, not obeyed."""
    if column.kind in TEXTS:
        text = clean(params.get(column.name, ""))
        return Asked(Contains(text) if text else None, {"": text})
    if column.kind == "choice":
        chosen = tuple(code for code in column.choices if code in params.getlist(column.name))
        return Asked(OneOf(chosen) if chosen else None)
    if column.kind == "yes_no":
        known = {"yes": True, "no": False}
        wanted = tuple(known[word] for word in known if word in params.getlist(column.name))
        return Asked(OneOf(wanted) if wanted else None)
    typed = {end: clean(params.get(f"{column.name}.{end}", "")) for end in ("from", "to")}
    try:
        low, high = (_bound(column, typed[end], end) for end in ("from", "to"))
    except ConfigError as error:
        return Asked(None, typed, str(error))
    return Asked(Between(low, high) if (low, high) != (None, None) else None, typed)


def _bound(column: Column, text: str, end: str) -> Any:
    if not text:
        return None
    if column.kind == "money":
        return _small(parse_money(text))
    if column.kind in NUMBERS:
        return _number(column, text)
    try:
        day = date.fromisoformat(text[:10])
        if column.kind == "date":
            return day
        if len(text) > 10:
            return moment(datetime.fromisoformat(text))
        start = moment(datetime.combine(day, datetime.min.time()))
    except (ValueError, OverflowError):
        raise ConfigError(_("Write a date like %(date)s.") % {"date": "2026-08-31"}) from None
    return start if end == "from" else start + DAY - 1  # the whole of the last day


def _number(column: Column, text: str) -> Any:
    try:
        number = float(text.replace(",", ""))
        value = number * column.step if column.kind == "duration" else number
        return _small(int(value) if value == int(value) else value)
    except (ValueError, OverflowError):
        raise ConfigError(_("Write a number like %(number)s.") % {"number": "12.5"}) from None


def _small(value: Any) -> Any:
    if abs(value) > _LARGEST:
        raise ConfigError(_("Write a smaller number."))
    return value
