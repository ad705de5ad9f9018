"""One way to look at a table: a question that can be put to a database, to rows or to columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from chanye.sheets.database import rows_of_queryset
from chanye.sheets.memory import rows_of_columns, rows_of_list
from chanye.sheets.question import Question
from chanye.sheets.rows import Rows


@dataclass(frozen=True, slots=True)
class View(Question):
    """A question, and how to put it to a source of rows."""

    def apply(
        self,
        source: QuerySet[Any] | Iterable[Any] | Mapping[str, Sequence[Any]],
        *,
        fields: Mapping[str, str] | None = None,
        make: Callable[[Any], Any] | None = None,
    ) -> Rows:
        """Return the rows that are asked for, in order; nothing is fetched before it is needed.

        Parameters
        ----------
        source
            A ``QuerySet``, whose database then filters, sorts and adds up; or rows (dataclasses, mappings); or
            columns: name -> values, all of one length.
        fields
            Column name -> path or annotation of the queryset, where it is not the column's own ``field``.
        make
            Turns a row of the queryset into what pages may see.
        """
        if isinstance(source, QuerySet):
            return rows_of_queryset(self, source, fields or {}, make)
        if isinstance(source, Mapping):
            return rows_of_columns(self, source)
        return rows_of_list(self, source)
