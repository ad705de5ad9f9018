"""MTConnectStreams and MTConnectError, the answers to ``current`` and ``sample``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

from chanye.kernel.errors import PeerError
from chanye.protocols.mtconnect.model import decimal, header_of, local, parse_xml, whole
from chanye.protocols.mtconnect.stamp import parse_stamp

UNAVAILABLE = "UNAVAILABLE"

_GROUPS = {"Samples", "Events", "Condition", "Conditions"}
_LEVELS = {"Normal": "NORMAL", "Warning": "WARNING", "Fault": "FAULT", "Unavailable": UNAVAILABLE}


@dataclass(frozen=True, slots=True)
class Header:
    """Where the agent's buffer stands. ``creation`` in us UTC, 0 if it was not given."""

    instance: int
    creation: int
    buffer_size: int = 0
    first: int = 0
    last: int = 0
    next: int = 0


@dataclass(frozen=True, slots=True)
class Observation:
    """One reading of an agent.

    ``value`` is the text as sent, ``UNAVAILABLE`` included; for a condition the level in capitals, with
    ``native_code`` and ``message``; for data sets and tables ``entries`` (key -> text, None if removed).
    ``time`` in us UTC, ``duration`` in s, ``rate`` in Hz.
    """

    item: str
    sequence: int
    time: int
    value: str
    condition: bool = False
    native_code: str = ""
    message: str = ""
    reset: str = ""
    rate: float | None = None
    duration: float | None = None
    entries: Mapping[str, str | None] | None = None


@dataclass(frozen=True, slots=True)
class Streams:
    """A streams document; ``observations`` in order of sequence, ``bad`` counts those that could not be read."""

    header: Header
    observations: tuple[Observation, ...]
    bad: int = 0


@dataclass(frozen=True, slots=True)
class ErrorDocument:
    """An MTConnectError document: the codes and texts of the agent's refusal."""

    header: Header
    errors: tuple[tuple[str, str], ...] = field(default=())

    def has(self, code: str) -> bool:
        """Return whether one of the errors has this code."""
        return any(code == found for found, _ in self.errors)


def parse_streams(document: bytes) -> Streams | ErrorDocument:
    """Read an MTConnectStreams or MTConnectError document of any version.

    Raises
    ------
    PeerError
        ``bad_xml`` if it is neither.
    """
    root = parse_xml(document)
    kind = local(root)
    if kind == "MTConnectError":
        return ErrorDocument(_header(root), tuple(_errors(root)))
    if kind != "MTConnectStreams":
        raise PeerError("bad_xml", f"expected MTConnectStreams, got {kind[:60]}")
    found = [_observation(element, condition) for element, condition in _elements(root)]
    good = sorted((one for one in found if one is not None), key=lambda one: one.sequence)
    return Streams(_header(root), tuple(good), len(found) - len(good))


def _header(root: etree._Element) -> Header:
    element = header_of(root)
    if element is None:
        raise PeerError("bad_xml", "document without header")
    numbers = [
        whole(element, name) or 0
        for name in ("bufferSize", "firstSequence", "lastSequence", "nextSequence")
    ]  # fmt: skip
    return Header(
        whole(element, "instanceId") or 0, parse_stamp(element.get("creationTime", "")) or 0,
        numbers[0], numbers[1], numbers[2], numbers[3],
    )  # fmt: skip


def _errors(root: etree._Element) -> Iterator[tuple[str, str]]:
    """Yield code and text; 2.6 gave each error its own element below ``Errors`` (``OutOfRange``)."""
    for element in root.iter():
        code = element.get("errorCode", "")
        if code:
            text = element.text or "".join((c.text or "") for c in element if local(c) == "ErrorMessage")
            yield code, text.strip()[:500]


def _elements(root: etree._Element) -> Iterator[tuple[etree._Element, bool]]:
    for group in root.iter():
        if local(group) in _GROUPS and group.get("dataItemId") is None:
            for element in group:
                if element.get("dataItemId") is not None:
                    yield element, local(group) in {"Condition", "Conditions"}


def _observation(element: etree._Element, condition: bool) -> Observation | None:
    sequence = whole(element, "sequence")
    time = parse_stamp(element.get("timestamp", ""))
    if sequence is None or time is None:
        return None
    text = (element.text or "").strip()
    common = (element.get("dataItemId", ""), sequence, time)
    if condition:
        level = _LEVELS.get(local(element))
        if level is None:
            return None
        code = element.get("conditionId", "") or element.get("nativeCode", "")
        return Observation(*common, value=level, condition=True, native_code=code, message=text)
    return Observation(
        *common, value=text, native_code=element.get("nativeCode", ""), reset=element.get("resetTriggered", ""),
        rate=decimal(element.get("sampleRate", "")), duration=decimal(element.get("duration", "")),
        entries=_entries(element, text),
    )  # fmt: skip


def _entries(element: etree._Element, text: str) -> Mapping[str, str | None] | None:
    if text == UNAVAILABLE or not local(element).endswith(("DataSet", "Table")):
        return None
    found: dict[str, str | None] = {}
    for entry in element:
        if local(entry) != "Entry":
            continue
        cells = [f"{cell.get('key', '')}={cell.text or ''}" for cell in entry if local(cell) == "Cell"]
        gone = entry.get("removed", "") == "true"
        found[entry.get("key", "")] = None if gone else " ".join(cells) or (entry.text or "").strip()
    return found
