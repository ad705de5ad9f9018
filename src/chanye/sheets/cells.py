"""One cell becomes a value of its column, or a sentence that says what it must be."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext_lazy

from chanye.kernel.errors import ConfigError
from chanye.kernel.money import parse_money
from chanye.kernel.units import compatible, convert
from chanye.sheets.clock import moment
from chanye.sheets.columns import DURATIONS, LANGUAGES, NUMBERS, Column, listing
from chanye.sheets.xlsx import Broken, Percent, Uncached

_NUMBER = re.compile(
    r"([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:[eE][+-]?\d{1,3})?)\s*(.*)", re.ASCII | re.DOTALL
)
_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T\s]*(\d.*))?", re.DOTALL)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
_SPAN = re.compile(r"(\d{1,6}):([0-5]\d):([0-5]\d(?:\.\d{1,6})?)", re.ASCII)
_YES = {"yes", "y", "true", "1", "是", "√", "✓", "有"}
_NO = {"no", "n", "false", "0", "否", "×", "✗", "无"}
#: What a 64-bit integer holds.
_LARGEST = 2**63 - 1
_INVISIBLE = dict.fromkeys([0xFEFF, 0x200B, 0x200E, 0x200F])

DURATION_WORDS: Mapping[str, str | Promise] = {
    "us": pgettext_lazy("a number of", "microseconds"),
    "ms": pgettext_lazy("a number of", "milliseconds"),
    "s": pgettext_lazy("a number of", "seconds"),
    "min": pgettext_lazy("a number of", "minutes"),
    "h": pgettext_lazy("a number of", "hours"),
    "d": pgettext_lazy("a number of", "days"),
}


class RuleError(ValueError):
    """A cell breaks a rule; the text is the rule."""


def reader(column: Column) -> Callable[[Any], Any]:
    """Return ``read_cell`` for one column, with the words of its choices looked up once."""
    if column.kind != "choice":
        return partial(read_cell, column)
    codes = _codes(column)
    return lambda cell: read_cell(column, cell, codes)


def read_cell(column: Column, cell: Any, codes: Mapping[str, str] | None = None) -> Any:
    """Return the value of a cell in the normal form of its column, None if it is empty.

    Parameters
    ----------
    cell
        As ``xlsx.Grid`` holds it.
    codes
        Of a choice: see ``reader``.

    Raises
    ------
    RuleError
        Saying what the column wants.
    """
    if isinstance(cell, Uncached):
        raise RuleError(
            _("holds a formula without a value: open the file in a spreadsheet program and save it, or paste values.")
        )
    if isinstance(cell, Broken):
        raise RuleError(_("holds %(error)s, not a value.") % {"error": cell.text[:40]})
    if isinstance(cell, str):
        cell = _tidy(cell)
    if cell is None or cell == "":
        return None
    if column.kind == "choice":
        return _read_choice(column, cell, codes or _codes(column))
    return _READERS[column.kind](column, cell)


def _tidy(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_INVISIBLE).strip()
    if any((c < " " and c not in "\n\t") or "\ud800" <= c <= "\udfff" or c in "\x7f\ufffe\uffff" for c in text):
        raise RuleError(_("holds characters that cannot be shown: type it again."))
    return text


def wants(column: Column) -> str:
    """Return what a column wants, as a sentence that begins with its label."""
    what = _NOUNS[column.kind](column) if column.kind in _NOUNS else _("text")
    return _("%(label)s must be %(what)s%(limits)s") % {
        "label": column.label,
        "what": what,
        "limits": _limits(column) if column.kind in NUMBERS else "",
    }


def _noun_of_number(column: Column) -> str:
    if column.kind == "duration":
        return _("a number of %(unit)s") % {"unit": DURATION_WORDS[column.unit or "s"]}
    if column.unit_words:
        return _("a number in %(unit)s") % {"unit": column.unit_words}
    return _("a number")


def _noun_of_choice(column: Column) -> str:
    words = [str(word) for word in column.choices.values()]
    return _("one of: %(words)s") % {"words": listing(words[:12]) + ("…" if len(words) > 12 else "")}


_NOUNS: Mapping[str, Callable[[Column], str]] = {
    "integer": lambda _column: _("a whole number"),
    "quantity": _noun_of_number,
    "duration": _noun_of_number,
    "money": lambda _column: _("an amount in yuan with at most two decimals"),
    "moment": lambda _column: _("a date and time like %(moment)s") % {"moment": "2026-08-31 14:30"},
    "date": lambda _column: _("a date like %(date)s") % {"date": "2026-08-31"},
    "choice": _noun_of_choice,
    "yes_no": lambda _column: _("yes or no"),
}


def _limits(column: Column) -> str:
    low, high, above = (None if n is None else f"{n:g}" for n in (column.minimum, column.maximum, column.above))
    if above is not None and high is not None:
        return _(" greater than %(low)s and at most %(high)s") % {"low": above, "high": high}
    if above is not None:
        return _(" greater than %(low)s") % {"low": above}
    if low is not None and high is not None:
        return _(" from %(low)s to %(high)s") % {"low": low, "high": high}
    if low is not None:
        return _(" of at least %(low)s") % {"low": low}
    return _(" of at most %(high)s") % {"high": high} if high is not None else ""


def _within(column: Column, number: float | Decimal) -> None:
    too_low = (column.minimum is not None and number < column.minimum) or (
        column.above is not None and number <= column.above
    )
    if too_low or (column.maximum is not None and number > column.maximum):
        raise RuleError(wants(column))


def _read_text(column: Column, cell: Any) -> str:
    if isinstance(cell, bool):
        cell = "TRUE" if cell else "FALSE"
    elif isinstance(cell, float):
        cell = str(int(cell)) if cell == int(cell) and abs(cell) < 10**15 else repr(cell)
    elif isinstance(cell, datetime):
        cell = (cell.date() if cell.time() == time() else cell).isoformat(*([] if cell.time() == time() else [" "]))
    elif isinstance(cell, Percent):
        cell = f"{cell.number * 100:g}%"
    text = str(cell)
    if len(text) > column.length:
        raise RuleError(
            _("%(label)s may have at most %(limit)d characters; it has %(length)d")
            % {"label": column.label, "limit": column.length, "length": len(text)}
        )
    return text


def _split(column: Column, cell: Any) -> tuple[Decimal, str]:
    """Return the number of a cell and the unit written behind it."""
    if isinstance(cell, bool | datetime):
        raise RuleError(wants(column))
    if isinstance(cell, Percent):
        return (Decimal(repr(cell.number)) * 100, "%") if column.unit == "%" else (Decimal(repr(cell.number)), "")
    if isinstance(cell, float):
        return Decimal(repr(cell)), ""
    found = _NUMBER.fullmatch(unicodedata.normalize("NFKC", str(cell)).replace("−", "-").strip())
    if found is None or len(str(cell)) > 60:
        raise RuleError(wants(column))
    try:
        return Decimal(found[1].replace(",", "")), found[2].strip()
    except InvalidOperation:
        raise RuleError(wants(column)) from None


def _same_unit(column: Column, unit: str) -> bool:
    known = {column.unit}
    for language in LANGUAGES:
        with override(language):
            known.add(unicodedata.normalize("NFKC", column.unit_words))
    return unit in known


def _read_integer(column: Column, cell: Any) -> int:
    number, unit = _split(column, cell)
    if (unit and not _same_unit(column, unit)) or abs(number) > _LARGEST or number != int(number):
        raise RuleError(wants(column))
    _within(column, number)
    return int(number)


def _read_quantity(column: Column, cell: Any) -> float:
    number, unit = _split(column, cell)
    value = float(number)
    if unit and not _same_unit(column, unit):
        value = _converted(column, value, unit)
    if value - value != 0:
        raise RuleError(wants(column))
    _within(column, value)
    return value


def _converted(column: Column, value: float, unit: str) -> float:
    try:
        if column.unit and compatible(unit, column.unit):
            return float(convert(value, unit, column.unit))
    except ConfigError:
        pass
    raise RuleError(wants(column))


def _read_money(column: Column, cell: Any) -> int:
    if isinstance(cell, float):
        # A spreadsheet keeps 0.07 as a binary fraction: what it shows is what is meant.
        fen = round(Decimal(repr(cell)) * 100, 4)
        if fen != int(fen):
            raise RuleError(wants(column))
        value = int(fen)
    elif isinstance(cell, str):
        try:
            value = parse_money(cell)
        except ConfigError:
            raise RuleError(wants(column)) from None
    else:
        raise RuleError(wants(column))
    if abs(value) > _LARGEST:
        raise RuleError(wants(column))
    _within(column, Decimal(value) / 100)
    return value


def _read_duration(column: Column, cell: Any) -> int:
    if isinstance(cell, timedelta):
        us = cell // timedelta(microseconds=1)
    elif isinstance(cell, str) and (found := _SPAN.fullmatch(cell)):
        us = round((int(found[1]) * 3600 + int(found[2]) * 60 + Decimal(found[3])) * 1_000_000)
    else:
        number, unit = _split(column, cell)
        step = column.step if not unit or _same_unit(column, unit) else DURATIONS.get(unit)
        if step is None or abs(number) * step > _LARGEST:
            raise RuleError(wants(column))
        us = round(number * step)
    _within(column, Decimal(us) / column.step)
    return us


def _clock(column: Column, cell: Any) -> datetime:
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, float):
        found = _COMPACT.fullmatch(f"{cell:.0f}") if cell == int(cell) else None
        if found is None:
            raise RuleError(
                _("%(wants)s: this is a bare number; format the cell as a date") % {"wants": wants(column)}
            )
    else:
        text = unicodedata.normalize("NFKC", str(cell))
        found = _DATE.fullmatch(text) or _COMPACT.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        day = date(int(found[1]), int(found[2]), int(found[3]))
        rest = found[4] if found.re is _DATE else None
        return datetime.combine(day, time()) if rest is None else _with_time(day, rest)
    except (ValueError, OverflowError):
        raise RuleError(wants(column)) from None


def _with_time(day: date, text: str) -> datetime:
    hour, colon, rest = text.partition(":")
    return datetime.fromisoformat(f"{day.isoformat()}T{hour.zfill(2)}{colon}{rest}")


def _read_moment(column: Column, cell: Any) -> int:
    try:
        return moment(_clock(column, cell))
    except (ValueError, OverflowError) as error:
        raise error if isinstance(error, RuleError) else RuleError(wants(column)) from None


def _read_date(column: Column, cell: Any) -> date:
    clock = _clock(column, cell)
    if clock.time() != time() or clock.tzinfo is not None:
        raise RuleError(_("%(wants)s, without a time of day") % {"wants": wants(column)})
    return clock.date()


def _plain(text: Any) -> str:
    return unicodedata.normalize("NFKC", str(text)).strip().casefold()


def _codes(column: Column) -> dict[str, str]:
    """Return how a choice may be written -> its code: the code itself, and its words in each language."""
    found = {_plain(code): code for code in column.choices}
    for language in LANGUAGES:
        with override(language):
            for code, word in column.choices.items():
                found.setdefault(_plain(word), code)
    return found


def _read_choice(column: Column, cell: Any, codes: Mapping[str, str]) -> str:
    code = codes.get(_plain(_read_text(column, cell)))
    if code is None:
        raise RuleError(wants(column))
    return code


def _read_yes_no(column: Column, cell: Any) -> bool:
    if isinstance(cell, bool):
        return cell
    if isinstance(cell, float):
        cell = f"{cell:g}"
    wanted = _plain(cell)
    if wanted in _YES:
        return True
    if wanted in _NO:
        return False
    raise RuleError(wants(column))


_READERS: Mapping[str, Callable[[Column, Any], Any]] = {
    "text": _read_text,
    "reference": _read_text,
    "integer": _read_integer,
    "quantity": _read_quantity,
    "money": _read_money,
    "moment": _read_moment,
    "date": _read_date,
    "duration": _read_duration,
    "yes_no": _read_yes_no,
}
