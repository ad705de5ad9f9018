"""What is wrong with a file, addressed by sheet and cell; the first two hundred are kept, all are counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from chanye.kernel.errors import ConfigError

SHOWN = 200


def letters(column: int) -> str:
    """Return the letters of a column, from 0: A, B, … Z, AA."""
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One cell that breaks a rule. ``row`` from 1, ``column`` from 0; row 0 concerns the whole sheet."""

    sheet: str
    row: int
    column: int
    rule: str
    seen: str = ""

    @property
    def cell(self) -> str:
        """Its address as a spreadsheet shows it."""
        return f"{letters(self.column)}{self.row}" if self.row else ""

    def __str__(self) -> str:
        words = _("Sheet %(sheet)s, %(cell)s: %(rule)s") if self.row else _("Sheet %(sheet)s: %(rule)s")
        return words % {"sheet": self.sheet, "cell": self.cell, "rule": self.rule}


@dataclass(slots=True)
class Faults:
    """All that is wrong: the first ones in full, the number of all."""

    first: list[Fault] = field(default_factory=list)
    total: int = 0

    def add(self, fault: Fault) -> None:
        """Take one more."""
        self.total += 1
        if len(self.first) < SHOWN:
            self.first.append(fault)

    def extend(self, faults: Iterable[Fault]) -> None:
        """Take several more."""
        for fault in faults:
            self.add(fault)


class FileRefusedError(ConfigError):
    """The file cannot be read at all, or breaks rules: nothing of it was taken."""

    def __init__(self, text: str, faults: Faults | None = None) -> None:
        super().__init__(text)
        self.faults = faults or Faults()


def refused(faults: Faults) -> FileRefusedError:
    """Return the error that says the first faults in words and how many there are."""
    head = ngettext(
        "%(n)d cell breaks a rule; nothing was imported.",
        "%(n)d cells break rules; nothing was imported.",
        faults.total,
    ) % {"n": faults.total}
    return FileRefusedError("\n".join([head, *(str(fault) for fault in faults.first[:20])]), faults)
