r"""SHDR: the line protocol between an adapter and whoever reads it, MTConnect "Adapter Agent Protocol" 2.0.

Rules of this file:

1. A line is ``[timestamp]|key|value[|key|value…]`` or a command ``* name[: value]``, ended by LF or CR LF.
2. How many fields follow a key depends on the data item (its *shape*): 1 for values, 5 for conditions,
   2 for messages, 4 for the old alarms, 3 for time series. Unknown keys have one.
3. A field that starts and ends with a double quote may hold ``\|``; anything else splits at every ``|``.
4. Nothing a peer sends raises: what cannot be read is a ``BadLine`` with its reason and line number.
5. Memory is bounded: a line longer than ``max_line`` is dropped up to its end and reported once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from chanye.protocols.mtconnect.stamp import looks_like_stamp, parse_stamp

Shape = Literal["value", "condition", "message", "alarm", "time_series", "data_set", "table"]

#: Fields after the key.
WIDTH: Mapping[Shape, int] = {
    "value": 1,
    "condition": 5,
    "message": 2,
    "alarm": 4,
    "time_series": 3,
    "data_set": 1,
    "table": 1,
}

MAX_LINE = 1 << 20
MAX_BODY_LINES = 20_000

_FIELD = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"\s*(?=\||$)|([^|]*))(\||$)')
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_COMMAND = re.compile(r"\*\s*([^:\s]+)\s*:?\s*(.*)", re.DOTALL)
_MULTILINE = "--multiline--"


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a line says it happened.

    ``kind`` is ``absolute`` (``time`` in us UTC), ``relative`` (``time`` in us since the adapter's own start)
    or ``absent`` (``time`` 0: the reader's clock is all there is). ``duration`` in s, of statistics.
    """

    kind: Literal["absolute", "relative", "absent"]
    time: int = 0
    duration: float | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """An observation: ``fields`` as many as the shape asks for, blanks around them taken off."""

    line: int
    stamp: Stamp
    device: str
    key: str
    shape: Shape
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """A ``* name: value`` line; PONG is a class of its own."""

    line: int
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Pong:
    """The adapter is alive and promises a sign of life every ``interval`` ms."""

    line: int
    interval: int


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset line (``@ASSET@`` and its kin): recognised, not read."""

    line: int
    key: str


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line, or the rest of one, that breaks the protocol."""

    line: int
    reason: str
    detail: str


Event = Value | Command | Pong | Asset | BadLine


def split_fields(line: str) -> list[str]:
    """Split a line at its pipes, unescape quoted fields and take off the blanks around each."""
    fields: list[str] = []
    at = 0
    while True:
        match = _FIELD.match(line, at)
        if match is None:  # cannot happen: the second branch takes anything up to a pipe or the end
            return fields
        quoted, plain, end = match.groups()
        fields.append(quoted.replace("\\|", "|") if quoted is not None else plain.strip())
        if not end:
            return fields
        at = match.end()


class ShdrReader:
    """Turns the bytes of one adapter connection into events.

    Parameters
    ----------
    shapes
        Key of a data item -> its shape; keys that are missing have one field.
    max_line
        Longest line that is kept. [byte]
    """

    def __init__(self, shapes: Mapping[str, Shape] | None = None, max_line: int = MAX_LINE) -> None:
        self.shapes: Mapping[str, Shape] = shapes or {}
        self.line = 0
        self._max = max_line
        self._rest = bytearray()
        self._skipping = False
        self._body = ""
        self._body_lines = 0

    def receive(self, data: bytes) -> list[Event]:
        """Take bytes as they come from the wire and return the events of all lines that are complete now."""
        events: list[Event] = []
        self._rest += data
        lines: list[bytearray] = []
        if b"\n" in data:
            *lines, self._rest = self._rest.split(b"\n")
        for raw in lines:
            self.line += 1
            if self._skipping:
                self._skipping = False
            elif len(raw) > self._max:
                events.append(self._too_long(raw))
            else:
                self._read_line(raw, events)
        if len(self._rest) > self._max:
            if not self._skipping:
                self.line += 1
                events.append(self._too_long(self._rest))
                self.line -= 1
            self._skipping = True
            self._rest = bytearray()
        return events

    def close(self) -> list[Event]:
        """Say that the connection ended; what is left of an unfinished line is reported, not guessed."""
        rest, self._rest = self._rest, bytearray()
        if not rest.strip() or self._skipping:
            return []
        self.line += 1
        return [BadLine(self.line, "cut_off", _shorten(rest))]

    def _too_long(self, raw: bytes | bytearray) -> BadLine:
        return BadLine(self.line, "line_too_long", _shorten(raw))

    def _read_line(self, raw: bytes | bytearray, events: list[Event]) -> None:
        line = raw.rstrip(b"\r").decode("utf-8", "replace")
        if self._body:
            self._skip_body(line, events)
        elif not line.strip():
            return
        elif line.startswith("*"):
            events.append(self._read_command(line))
        else:
            self._read_data(line, events)

    def _skip_body(self, line: str, events: list[Event]) -> None:
        self._body_lines += 1
        if line.strip() == self._body:
            self._body = ""
        elif self._body_lines > MAX_BODY_LINES:
            self._body = ""
            events.append(BadLine(self.line, "endless_asset", ""))

    def _read_command(self, line: str) -> Event:
        match = _COMMAND.fullmatch(line)
        if match is None:
            return BadLine(self.line, "bad_command", line[:80])
        name, value = match.group(1), match.group(2).strip()
        if name.upper() != "PONG":
            return Command(self.line, name, value)
        if value.isascii() and value.isdigit() and 0 < int(value[:10]) <= 86_400_000:
            return Pong(self.line, int(value[:10]))
        return BadLine(self.line, "bad_command", line[:80])

    def _read_data(self, line: str, events: list[Event]) -> None:
        fields = split_fields(line)
        stamp, first = _read_stamp(fields)
        if stamp is None:
            events.append(BadLine(self.line, "bad_timestamp", fields[0][:80]))
        elif first >= len(fields):
            events.append(BadLine(self.line, "no_value", line[:80]))
        elif fields[first].startswith("@"):
            self._read_asset(fields[first:], events)
        else:
            self._read_pairs(stamp, fields[first:], events)

    def _read_asset(self, fields: Sequence[str], events: list[Event]) -> None:
        if fields[-1].startswith(_MULTILINE):
            self._body, self._body_lines = fields[-1], 0
        events.append(Asset(self.line, fields[0]))

    def _read_pairs(self, stamp: Stamp, fields: Sequence[str], events: list[Event]) -> None:
        at = 0
        while at < len(fields):
            key = fields[at]
            if not key:
                # A pipe too many at the end of a line is common and harmless.
                if at + 1 < len(fields):
                    events.append(BadLine(self.line, "no_key", "|".join(fields)[:80]))
                return
            device, name, shape = self._resolve(key)
            width = WIDTH[shape]
            values = tuple(fields[at + 1 : at + 1 + width])
            if 1 <= len(values) < width and (shape == "condition" or values[0].upper() == "UNAVAILABLE"):
                # Adapters may stop after the level, e.g. "system|normal", and after UNAVAILABLE.
                values += ("",) * (width - len(values))
            if len(values) < width:
                events.append(BadLine(self.line, "no_value", key[:80]))
                return
            events.append(Value(self.line, stamp, device, name, shape, values))
            at += 1 + width

    def _resolve(self, key: str) -> tuple[str, str, Shape]:
        shape = self.shapes.get(key)
        if shape is not None:
            return "", key, shape
        device, colon, name = key.partition(":")
        if not colon or not device or not name:
            return "", key, "value"
        return device, name, self.shapes.get(name, "value")


def _read_stamp(fields: Sequence[str]) -> tuple[Stamp | None, int]:
    """Return the stamp and the index of the first key; None where a time stamp was meant and is wrong."""
    head, at, tail = fields[0].partition("@")
    if not head:
        return (Stamp("absent"), 1) if not at else (Stamp("absent"), 0)
    duration: float | None = None
    if at and looks_like_stamp(head):
        if not _NUMBER.fullmatch(tail):
            return None, 0
        duration = float(tail)
    if looks_like_stamp(head):
        time = parse_stamp(head)
        return (None if time is None else Stamp("absolute", time, duration)), 1
    if _NUMBER.fullmatch(fields[0]) and len(fields[0]) <= 20:
        return Stamp("relative", round(float(fields[0]) * 1000)), 1
    return Stamp("absent"), 0


def _shorten(raw: bytes | bytearray) -> str:
    return raw[:80].decode("utf-8", "replace")
