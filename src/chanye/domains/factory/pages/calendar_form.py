"""The rows of a shift calendar as typed, and as a browser sends, adds and drops them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

WEEKDAYS: tuple[str | Promise, ...] = (
    pgettext_lazy("weekday", "Mon"),
    pgettext_lazy("weekday", "Tue"),
    pgettext_lazy("weekday", "Wed"),
    pgettext_lazy("weekday", "Thu"),
    pgettext_lazy("weekday", "Fri"),
    pgettext_lazy("weekday", "Sat"),
    pgettext_lazy("weekday", "Sun"),
)
MOST_SHIFTS, MOST_PAUSES, MOST_EXCEPTIONS, LONGEST_EXCEPTION = 12, 8, 100, 92
NAME_LENGTH = 100
_STEP = re.compile(r"([seb])(\d*)", re.ASCII)
_LISTS = {"s": ("shifts", MOST_SHIFTS), "e": ("exceptions", MOST_EXCEPTIONS), "b": ("pauses", MOST_PAUSES)}


class Sent(Protocol):
    """What a browser sent."""

    def getlist(self, key: str, /) -> list[Any]:
        """Return all values of a field."""

    def __contains__(self, name: object, /) -> bool:
        """Tell whether the field was sent."""


@dataclass(slots=True)
class PauseDraft:
    """A break as typed."""

    start: str = ""
    end: str = ""
    prefix: str = ""
    faults: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class ShiftDraft:
    """A shift as typed; ``days`` is empty among the shifts of an exception."""

    name: str = ""
    start: str = ""
    end: str = ""
    days: tuple[int, ...] = ()
    pauses: list[PauseDraft] = field(default_factory=list)
    prefix: str = ""
    faults: dict[str, str] = field(default_factory=dict)

    @property
    def toggles(self) -> list[tuple[int, str | Promise, bool]]:
        """The seven days: number, word, whether it is on."""
        return [(i, word, i in self.days) for i, word in enumerate(WEEKDAYS)]


@dataclass(slots=True)
class ExceptionDraft:
    """Days unlike the week; ``kind`` is ``closed``, ``extra``, ``instead`` or a weekday, 0..6."""

    first: str = ""
    last: str = ""
    kind: str = "closed"
    shifts: list[ShiftDraft] = field(default_factory=list)
    prefix: str = ""
    faults: dict[str, str] = field(default_factory=dict)

    @property
    def own(self) -> bool:
        """Whether it has shifts of its own."""
        return self.kind in ("extra", "instead")

    @property
    def kinds(self) -> list[tuple[str, str, bool]]:
        """What may be chosen: value, words, whether it is."""
        words = [("closed", _("Closed")), ("extra", _("Extra shift")), ("instead", _("Other hours"))]
        words += [(str(i), _("As on %(day)s") % {"day": day}) for i, day in enumerate(WEEKDAYS)]
        return [(value, text, value == self.kind) for value, text in words]

    @property
    def kind_words(self) -> str:
        """What it is."""
        return next((text for _value, text, chosen in self.kinds if chosen), "")


@dataclass(slots=True)
class CalendarDraft:
    """A calendar as typed; ``places`` are the assets it is to hold for."""

    name: str = ""
    zone: str = "Asia/Shanghai"
    shifts: list[ShiftDraft] = field(default_factory=list)
    exceptions: list[ExceptionDraft] = field(default_factory=list)
    places: frozenset[int] = frozenset()
    faults: dict[str, str] = field(default_factory=dict)

    def rows(self) -> Iterator[ShiftDraft | PauseDraft | ExceptionDraft]:
        """Yield every row of every list."""
        for shifts in (self.shifts, *(exception.shifts for exception in self.exceptions)):
            for shift in shifts:
                yield shift
                yield from shift.pauses
        yield from self.exceptions

    @property
    def fits(self) -> bool:
        """Whether the form can hold it all; what it cannot hold must not be saved through it."""
        lists = [self.shifts, *(exception.shifts for exception in self.exceptions)]
        pauses = max((len(shift.pauses) for shifts in lists for shift in shifts), default=0)
        longest = max(len(shifts) for shifts in lists)
        return len(self.exceptions) <= MOST_EXCEPTIONS and longest <= MOST_SHIFTS and pauses <= MOST_PAUSES

    def number(self) -> None:
        """Give every row the beginning of its fields' names, counted from 0."""
        _number(self.shifts, "s")
        for i, exception in enumerate(self.exceptions):
            exception.prefix = f"e{i}"
            _number(exception.shifts, f"e{i}s")


def _number(shifts: Sequence[ShiftDraft], prefix: str) -> None:
    for i, shift in enumerate(shifts):
        shift.prefix = f"{prefix}{i}"
        for j, pause in enumerate(shift.pauses):
            pause.prefix = f"{prefix}{i}b{j}"


def _last(sent: Sent, name: str) -> str:
    values = sent.getlist(name)
    return str(values[-1]).strip() if values else ""


def read_draft(sent: Sent) -> CalendarDraft:
    """Return what a browser sent, however wrong it is."""
    draft = CalendarDraft(
        name=_last(sent, "name"),
        zone=_last(sent, "zone") or "Asia/Shanghai",
        shifts=_read_shifts(sent, "s"),
        places=frozenset(int(text) for text in sent.getlist("place") if re.fullmatch(r"[0-9]{1,18}", str(text))),
    )
    for i in range(MOST_EXCEPTIONS):
        if f"e{i}-first" not in sent:
            break
        first, last, kind = (_last(sent, f"e{i}-{name}") for name in ("first", "last", "kind"))
        draft.exceptions.append(ExceptionDraft(first, last, kind, _read_shifts(sent, f"e{i}s")))
    for exception in draft.exceptions:
        if exception.own and not exception.shifts:
            exception.shifts.append(ShiftDraft(name=draft.shifts[0].name if draft.shifts else ""))
    draft.number()
    return draft


def _read_shifts(sent: Sent, prefix: str) -> list[ShiftDraft]:
    found = []
    for i in range(MOST_SHIFTS):
        at = f"{prefix}{i}"
        if f"{at}-name" not in sent:
            break
        days = tuple(sorted({int(day) for day in sent.getlist(f"{at}-day") if day in tuple("0123456")}))
        pauses = []
        for j in range(MOST_PAUSES):
            if f"{at}b{j}-start" not in sent:
                break
            pauses.append(PauseDraft(_last(sent, f"{at}b{j}-start"), _last(sent, f"{at}b{j}-end")))
        name, start, end = (_last(sent, f"{at}-{name}") for name in ("name", "start", "end"))
        found.append(ShiftDraft(name, start, end, days, pauses))
    return found


def change_rows(draft: CalendarDraft, command: str) -> str:
    """Add or drop a row: ``add:s0b`` adds a break to the first shift, ``drop:e2`` drops the third exception.

    Returns
    -------
    str
        The beginning of the new row's field names, empty if none was added. What cannot be done changes nothing.
    """
    verb, _colon, path = command.partition(":")
    steps = _STEP.findall(path)
    if verb not in ("add", "drop") or not steps or "".join(a + b for a, b in steps) != path:
        return ""
    node: Any = draft
    for letter, number in steps[:-1]:
        rows = getattr(node, _LISTS[letter][0], [])
        if not number or int(number) >= len(rows):
            return ""
        node = rows[int(number)]
    letter, number = steps[-1]
    name, most = _LISTS[letter]
    rows = getattr(node, name, None)
    if rows is None:
        return ""
    if verb == "drop" and number and int(number) < len(rows):
        del rows[int(number)]
    elif verb == "add" and not number and len(rows) < most:
        rows.append(_fresh(letter, rows, node))
        draft.number()
        return str(rows[-1].prefix)
    draft.number()
    return ""


def _fresh(letter: str, rows: Sequence[Any], node: Any) -> PauseDraft | ShiftDraft | ExceptionDraft:
    if letter == "b":
        return PauseDraft()
    if letter == "e":
        return ExceptionDraft()
    # the next shift most likely follows the one before, on the same days
    before = rows[-1] if rows else None
    in_week = isinstance(node, CalendarDraft)
    days = before.days if before else (0, 1, 2, 3, 4) if in_week else ()
    return ShiftDraft(start=before.end if before else "", days=days)
