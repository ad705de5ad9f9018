"""Observations that only make sense together: conditions with several active faults, data sets sent as changes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

#: Severity order of condition levels; the worst active one is the item's state.
LEVELS = ("NORMAL", "WARNING", "FAULT")

_ENTRY = re.compile(
    r"""\s*([^\s={}'"]+)\s*(=)?
        (?: \{((?:[^}\\]|\\.)*)\} | '((?:[^'\\]|\\.)*)' | "((?:[^"\\]|\\.)*)" | ([^\s{'"][^\s]*) )?""",
    re.VERBOSE,
)
_RESET = re.compile(r"\s*:(\w+)")


class ConditionBoard:
    """The active conditions of each item (MTConnect Part 1, "Condition": several may be active at once).

    ``Normal`` without a code clears the item, with a code only that one.
    """

    def __init__(self) -> None:
        self._active: dict[str, dict[str, str]] = {}

    def apply(self, item: str, level: str, code: str) -> str:
        """Take one condition and return the worst level active on the item now."""
        if level not in LEVELS:  # UNAVAILABLE: nothing is known any more
            self._active.pop(item, None)
            return level
        active = self._active.setdefault(item, {})
        if level != "NORMAL":
            active[code] = level
        elif code:
            active.pop(code, None)
        else:
            active.clear()
        return max(active.values(), key=LEVELS.index, default="NORMAL")

    def clear(self) -> None:
        """Forget everything, before a new snapshot is read."""
        self._active.clear()


class SetBoard:
    """The entries of each data set or table, which are sent as changes (MTConnect Part 1, "Data Set")."""

    def __init__(self, max_entries: int = 10_000) -> None:
        self._sets: dict[str, dict[str, str]] = {}
        self._max = max_entries

    def apply(self, item: str, entries: Mapping[str, str | None], *, reset: bool) -> str:
        """Take the changed entries (None removes one) and return the whole set as JSON, sorted by key."""
        known = self._sets.setdefault(item, {})
        if reset:
            known.clear()
        for key, value in entries.items():
            if value is None:
                known.pop(key, None)
            elif key in known or len(known) < self._max:
                known[key] = value
        return json.dumps(known, ensure_ascii=False, sort_keys=True)

    def forget(self, item: str) -> None:
        """The item became unavailable: its entries are gone."""
        self._sets.pop(item, None)

    def clear(self) -> None:
        """Forget everything, before a new snapshot is read."""
        self._sets.clear()


def parse_entries(text: str) -> tuple[str, dict[str, str | None], bool]:
    """Read a data set or table as adapters write it: ``[:RESET] key=value key={a value} gone=``.

    Returns
    -------
    tuple
        Reset trigger ("" if none), key -> value (None if removed), and whether all of the text was understood.
    """
    entries: dict[str, str | None] = {}
    match = _RESET.match(text)
    reset, at = (match.group(1), match.end()) if match else ("", 0)
    while text[at:].strip():
        found = _ENTRY.match(text, at)
        if found is None or found.end() == at:
            return reset, entries, False
        key, equals, *values = found.groups()
        value = next((one for one in values if one is not None), None)
        if value is not None and not equals:
            return reset, entries, False
        entries[key] = None if value is None else re.sub(r"\\(.)", r"\1", value)
        at = found.end()
    return reset, entries, True
