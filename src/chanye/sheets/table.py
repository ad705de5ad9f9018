"""The columns of one table, and what the table is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import override

from chanye.sheets.columns import LANGUAGES, Column, Words


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of one table, declared once.

    Parameters
    ----------
    name
        Machine word: file name of exports.
    label
        Lazy words: name of the worksheet, caption of the table.
    columns
        In the order they are shown.
    order
        Name of the column the list is sorted by at first, with ``-`` for largest first; empty keeps the order
        that rows come in.
    key
        Names of the columns that tell rows apart; the same key twice in a file is a fault.
    href
        Takes a row, returns the page of its thing: the first cell links there, Enter opens it.
    """

    name: str
    label: Words
    columns: tuple[Column, ...]
    order: str = ""
    key: tuple[str, ...] = ()
    href: Callable[[Any], str] | None = None

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        wrong = [word for word in (*self.key, self.order.lstrip("-")) if word and word not in names]
        if wrong or len(set(names)) != len(names):
            msg = f"the sheet {self.name} names a column twice, or one that it does not have: {wrong or names}"
            raise ValueError(msg)

    def column(self, name: str) -> Column:
        """Return a column by its name; ``KeyError`` if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def titles(self) -> list[str]:
        """Return what a worksheet with this table may be called: the label in each language."""
        found = []
        for language in LANGUAGES:
            with override(language):
                found.append(str(self.label))
        return found
