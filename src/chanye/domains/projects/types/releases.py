"""What may cross the wall: published tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: What a table may be grouped by.
SIDES = ("sector", "town", "size")


@dataclass(frozen=True, slots=True)
class ReleaseDraft:
    """A table to publish: an indicator of a month, since January where it adds up, by one or two sides."""

    title: str
    indicator: str
    month: str
    rows: str
    columns: str = ""


@dataclass(frozen=True, slots=True)
class TablePreview:
    """A table before it is published: the body as it would be, and why it may not be."""

    body: dict[str, Any]
    suppressed: int
    sensitive: int
    refused: str


@dataclass(frozen=True, slots=True)
class ReleaseRef:
    """A published table. ``body``: title, indicator, month, rows, columns, cells (None is suppressed)."""

    id: int
    office_id: int
    number: int
    title: str
    body: dict[str, Any]
    digest: str
    previous: str
    published_at: int
    published_by: str
