"""Rows that answer a view: counted, added up, a page of them, or all of them one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chanye.sheets.question import Question


@dataclass(frozen=True)
class Rows:
    """The answer to a view, fetched when asked.

    Parameters
    ----------
    view
        What was asked.
    summary
        Returns the number of rows and the sums by column name, in normal form.
    window
        Takes first and last, returns those rows.
    every
        Yields all rows, few at a time in memory.
    """

    view: Question
    summary: Callable[[], tuple[int, Mapping[str, Any]]]
    window: Callable[[int, int], list[Any]]
    every: Callable[[], Iterator[Any]]

    @cached_property
    def _summary(self) -> tuple[int, Mapping[str, Any]]:
        return self.summary()

    @property
    def count(self) -> int:
        """How many rows there are."""
        return self._summary[0]

    @property
    def totals(self) -> Mapping[str, Any]:
        """Sums over all rows by column name, for columns that declare ``total``; None where nothing is known."""
        return self._summary[1]

    def __iter__(self) -> Iterator[Any]:
        return self.every()
