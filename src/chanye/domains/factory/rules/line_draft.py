"""A line as it is laid out on a page: stations moved, put beside each other, taken apart. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Station:
    """Machines beside each other, of which ``minimum`` must run."""

    machines: tuple[int, ...]
    minimum: int = 1


@dataclass(frozen=True, slots=True)
class Draft:
    """Stations in order of flow; ``key``: the one whose stops are stops of the line, from 0, None: the last.

    ``mode``: see ``actions.lines.configure_line``.
    """

    stations: tuple[Station, ...] = ()
    key: int | None = None
    mode: str = "key"

    @property
    def machines(self) -> tuple[int, ...]:
        """All machines in order of flow."""
        return tuple(number for one in self.stations for number in one.machines)

    @property
    def key_station(self) -> int:
        """Number of the key station from 0; -1 if there is none."""
        return len(self.stations) - 1 if self.key is None else self.key

    def plain(self) -> dict[str, Any]:
        """Return what ``configure_line`` takes."""
        stations = [{"machines": list(one.machines), "minimum": one.minimum} for one in self.stations]
        return {"stations": stations, "key": self.key, "mode": self.mode}


def draft_of(stations: Sequence[Mapping[str, Any]], key: int | None, mode: str) -> Draft:
    """Return the draft of a stored layout."""
    rows = tuple(Station(tuple(one["machines"]), one.get("minimum", 1)) for one in stations)
    return Draft(rows, key, mode)


def change(draft: Draft, command: str) -> Draft:
    """Return the draft after ``up:i``, ``down:i``, ``join:i``, ``part:i``, ``key:i``, ``drop:n`` or ``add:n``.

    ``i`` is a station from 0, ``n`` a machine. ``up`` changes places with the station before, ``join`` puts a station
    beside the one before, ``part`` sets its machines one behind the other. The key goes with its machines; where they
    leave, it is the last station again.
    Anything else, and what cannot be done, changes nothing.
    """
    verb, _colon, text = command.partition(":")
    if verb not in _CHANGES or not (text.isascii() and text.isdigit() and len(text) < 16):
        return draft
    number = int(text)
    if verb == "key":
        return replace(draft, key=number) if number < len(draft.stations) else draft
    stations = _CHANGES[verb](draft.stations, number)
    if stations is None:
        return draft
    held = set() if draft.key is None else set(draft.stations[draft.key].machines)
    key = next((i for i, one in enumerate(stations) if held.intersection(one.machines)), None)
    return replace(draft, stations=tuple(stations), key=key)


Stations = Sequence[Station]


def _swap(stations: Stations, first: int) -> list[Station] | None:
    if not 0 <= first < len(stations) - 1:
        return None
    return [*stations[:first], stations[first + 1], stations[first], *stations[first + 2 :]]


def _join(stations: Stations, i: int) -> list[Station] | None:
    if not 0 < i < len(stations):
        return None
    before, mine = stations[i - 1], stations[i]
    both = Station((*before.machines, *mine.machines), before.minimum)
    return [*stations[: i - 1], both, *stations[i + 1 :]]


def _part(stations: Stations, i: int) -> list[Station] | None:
    if i >= len(stations):
        return None
    return [*stations[:i], *(Station((one,)) for one in stations[i].machines), *stations[i + 1 :]]


def _drop(stations: Stations, machine: int) -> list[Station] | None:
    rest = [(one, tuple(number for number in one.machines if number != machine)) for one in stations]
    return [Station(left, min(one.minimum, len(left))) for one, left in rest if left]


def _add(stations: Stations, machine: int) -> list[Station] | None:
    if any(machine in one.machines for one in stations):
        return None
    return [*stations, Station((machine,))]


_CHANGES: Mapping[str, Callable[[Stations, int], list[Station] | None]] = {
    "up": lambda stations, i: _swap(stations, i - 1),
    "down": _swap,
    "join": _join,
    "part": _part,
    "drop": _drop,
    "add": _add,
    "key": lambda stations, _i: list(stations),
}
