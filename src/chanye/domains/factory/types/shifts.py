"""A shift report as it crosses the wall: what is shown, signed and compared with what became known later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ShiftRow:
    """A shift in the list of past ones; ``report``: number of the signed report, None while nobody signed."""

    start: int
    end: int
    shift: str
    day: str
    going_on: bool
    report: int | None = None
    signed_at: int | None = None
    signed_by: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """A number of a signed report that is another one by what came in later."""

    what: str
    signed: float
    now: float


@dataclass(frozen=True, slots=True)
class ShiftView:
    """A shift: ``content`` as signed, or as known now where nobody signed yet; ``changed`` since it was signed."""

    row: ShiftRow
    content: Mapping[str, Any]
    remark: str = ""
    changed: tuple[Changed, ...] = ()
    sound: bool = True
    """Whether the stored content still has the digest that was signed."""
