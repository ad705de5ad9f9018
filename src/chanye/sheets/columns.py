"""One column: what it is called, what it holds, how it is filtered, shown, written and read.

Values have one normal form per kind; None is "not known" in every kind:

========== ============================== =========================================
kind       value                          in a file
========== ============================== =========================================
text       str                            text
reference  str: the code of another thing text
choice     str: one of ``choices``        its word in zh or en, or the code
integer    int                            whole number
quantity   float [unit]                   number; the unit stands in the header
money      int [fen]                      yuan with at most two decimals
moment     int [us UTC]                   date and time by the clock of the product's zone
date       datetime.date                  date
duration   int [us]                       number of ``unit`` (s, min, h or d)
yes_no     bool                           yes / no (是 / 否)
========== ============================== =========================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as made
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import get_language, override, pgettext_lazy

from chanye.kernel.time import DAY, HOUR, MINUTE, SECOND, from_us, to_us
from chanye.kernel.unit_names import unit_label
from chanye.sheets.clock import local

Kind = Literal["text", "reference", "choice", "integer", "quantity", "money", "moment", "date", "duration", "yes_no"]
Words = str | Promise

NUMBERS: frozenset[Kind] = frozenset({"integer", "quantity", "money", "duration"})
TEXTS: frozenset[Kind] = frozenset({"text", "reference"})
#: Length of the units in which a duration may be written. [us]
DURATIONS: Mapping[str, int] = {"us": 1, "ms": 1_000, "s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY}
#: The languages whose words are understood in a file.
LANGUAGES = ("zh-hans", "en")
YES, NO = pgettext_lazy("answer", "yes"), pgettext_lazy("answer", "no")
_SHOWN: frozenset[Kind] = frozenset({"choice", "yes_no"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rest:
    """What has a default; see ``Column``."""

    unit: str = ""
    choices: Mapping[str, Words] = made(default_factory=dict)
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    length: int = 500
    decimals: int | None = None
    milliseconds: bool = False
    help: Words = ""
    example: Any = None
    aliases: tuple[str, ...] = ()
    field: str = ""
    stored: str = ""
    read: Callable[[Any], Any] | None = None
    href: Callable[[Any], str] | None = None
    template: str = ""
    filter: Literal["", "shown", "more", "none"] = ""
    sortable: bool = True
    total: bool = False
    width: int = 0
    listed: bool = True
    exported: bool = True
    imported: bool = True


@dataclass(frozen=True, slots=True)
class Column(_Rest):
    """A column of a table.

    Parameters
    ----------
    name
        Machine word: in the address, in files and as attribute of a row.
    label
        Lazy gettext; without the unit, which is added.
    kind
        See the table above.
    unit
        UCUM code of a quantity; s, min, h or d of a duration.
    choices
        code -> lazy words, in the order people think of them; also the order of sorting.
    required
        May not be empty in a file.
    minimum, maximum, above
        Limits of a number in the unit of the file (money: yuan); ``above`` is not reached itself.
    length
        Longest text. [characters]
    decimals
        Shown decimals of a quantity; None shows up to three, as many as there are.
    milliseconds
        Whether a workbook shows those of a moment; they are kept either way.
    help, example
        For the template of an import; the example in normal form.
    aliases
        Other headers under which a file may bring the column.
    field
        Path in the database (``product__code``) where it is not ``name``; rows without an attribute called
        ``name`` are read along it too.
    stored
        How the database and rows hold it: a moment ``us`` (default) or ``datetime``; a duration ``us`` (default),
        ``s``, ``min``, ``h`` or ``d``.
    read
        Takes the row, returns the value, where an attribute does not do.
    href
        Takes the row, returns where the cell leads.
    template
        Draws the cell of the list from ``row`` and ``value``.
    filter
        ``shown`` above the table, ``more`` behind "more filters", ``none``; by default choices are shown.
    total
        Sum under the list.
    width
        Of the column in a workbook. [characters]
    listed, exported, imported
        Whether the list page, files out and files in have it.
    """

    name: str
    label: Words
    kind: Kind = "text"

    def __post_init__(self) -> None:
        if self.kind == "choice" and not self.choices:
            msg = f"the column {self.name} is a choice of nothing: declare choices"
            raise ValueError(msg)
        if self.kind == "duration" and self.unit not in ("", *DURATIONS):
            msg = f"a duration is written in one of {', '.join(DURATIONS)}, not {self.unit}"
            raise ValueError(msg)

    @property
    def path(self) -> str:
        """Path in the database."""
        return self.field or self.name

    @property
    def filtered(self) -> str:
        """Where its filter stands: ``shown``, ``more`` or ``none``."""
        return self.filter or ("shown" if self.kind in _SHOWN else "more")

    @property
    def step(self) -> int:
        """Length of the unit in which a duration is written [us]."""
        return DURATIONS[self.unit or "s"] if self.kind == "duration" else 1

    @property
    def unit_words(self) -> str:
        """The unit as people read it, nothing where there is none."""
        if self.kind == "money":
            return "元" if _chinese() else "CNY"
        if self.kind == "duration":
            return unit_label(self.unit or "s", get_language() or "en")
        return unit_label(self.unit, get_language() or "en") if self.unit else ""

    @property
    def title(self) -> str:
        """The header: label and unit."""
        unit = self.unit_words
        return f"{self.label} [{unit}]" if unit else str(self.label)

    def value(self, row: Any) -> Any:
        """Return the value of a row in normal form.

        Parameters
        ----------
        row
            A mapping or anything with attributes: a model, a dataclass, a named tuple.
        """
        if self.read is not None:
            found = self.read(row)
        elif isinstance(row, Mapping):
            found = row.get(self.name)
        elif hasattr(row, self.name):
            found = getattr(row, self.name)
        else:
            found = row
            for step in self.path.split("__"):
                found = getattr(found, step, None)
        return self.normal(found)

    def normal(self, found: Any) -> Any:
        """Return a value as rows hold it (``stored``) in normal form; what is not a number becomes None."""
        if found is None or found == "":
            return None
        if self.kind == "moment" and isinstance(found, datetime):
            return to_us(found)
        if self.kind == "date" and isinstance(found, datetime):
            return found.date()
        if self.kind == "duration" and self.stored not in ("", "us"):
            return round(found * DURATIONS[self.stored])
        if self.kind == "quantity":
            number = float(found)
            return number if number - number == 0 else None  # neither NaN nor infinite
        if self.kind in ("integer", "money", "moment", "duration"):
            return int(found)
        return found

    def stored_value(self, value: Any) -> Any:
        """Return a value in normal form as the database holds it (``stored``)."""
        if self.kind == "moment" and self.stored == "datetime":
            return from_us(value)
        if self.kind == "duration" and self.stored not in ("", "us"):
            return value / DURATIONS[self.stored]
        return value

    def in_unit(self, value: Any) -> Any:
        """Return a number as it is written in files: yuan, the unit of a duration, else as it is."""
        if value is None:
            return None
        if self.kind == "money":
            return Decimal(value) / 100
        if self.kind == "duration":
            whole, rest = divmod(value, self.step)
            return whole if not rest else value / self.step
        return value

    def word(self, value: Any) -> str:
        """Return the word of a choice or of yes and no in the reader's language."""
        if self.kind == "yes_no":
            return str(YES if value else NO)
        return str(self.choices.get(value, value))

    def headers(self) -> list[str]:
        """Return every header that names this column in a file: its name, and its words in each language."""
        found = [self.name, *self.aliases]
        for language in LANGUAGES:
            with override(language):
                found += [self.title, str(self.label)]
        return found


def listing(words: Iterable[str]) -> str:
    """Return words one after the other, as the reader's language does it."""
    return ("、" if _chinese() else ", ").join(words)


def _chinese() -> bool:
    return (get_language() or "").startswith("zh")


def shown(column: Column, value: Any) -> str:
    """Return a value as the list page shows it; the unit stands in the header."""
    if value is None:
        return ""
    if column.kind in ("choice", "yes_no"):
        return column.word(value)
    if column.kind == "moment":
        return local(value).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if column.kind == "money":
        return f"{value / 100:,.2f}" if abs(value) < 10**15 else f"{Decimal(value) / 100:,.2f}"
    if column.kind == "integer":
        return f"{value:,}"
    if column.kind in ("quantity", "duration"):
        number = column.in_unit(value)
        if column.decimals is not None:
            return f"{number:,.{column.decimals}f}"
        text = f"{number:,.3f}".rstrip("0").rstrip(".")
        return text if text not in ("0", "-0") or not number else f"{number:.3g}"
    return str(value)
