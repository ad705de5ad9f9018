"""One message becomes readings: a pure function, and nothing a device sends makes it fail."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from chanye.connectors.mqtt.rules import TimeRule, TopicRule, ValueRule
from chanye.connectors.mqtt.topics import Path, fill, is_name
from chanye.connectors.types import Readings, TagDraft
from chanye.kernel.errors import PeerError
from chanye.spine.history.types import Quality
from chanye.spine.types import SeriesDraft

LONGEST_TEXT = 500
LONGEST_ADDRESS = 500
MOST_RECORDS = 100_000
MISSING = object()
_PER_SECOND = {"s": 1_000_000.0, "ms": 1_000.0, "us": 1.0, "ns": 0.001}
_LAST_TIME = 1 << 62
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a reading comes from: enough to say which series it is."""

    rule: TopicRule
    value: ValueRule
    fields: dict[str, str]

    def tag(self, address: str) -> TagDraft:
        """Return the series as it is declared."""
        value, fields = self.value, self.fields
        series = SeriesDraft(
            code=fill(value.code, fields),
            kind=value.kind,
            unit=value.unit,
            name=fill(value.name, fields),
            role=value.role,
            interpolation=value.interpolation,
            expected_interval=_us(value.expected_interval_s),
            hold=_us(value.hold_s),
            states=value.states,
        )
        asset = tuple(
            (str(rule.kind), fill(rule.code, fields), fill(rule.name or rule.code, fields))
            for rule in self.rule.asset_rules
        )
        return TagDraft(address, series, asset)


@dataclass(slots=True)
class Decoded:
    """What one message says.

    ``origins`` runs along ``readings.address``; ``readings.counts`` names what was refused.
    """

    readings: Readings = field(default_factory=Readings)
    origins: list[Origin] = field(default_factory=list)


def decode(
    topic: str, payload: bytes, rules: Sequence[TopicRule], received_at: int, *, retained: bool = False
) -> Decoded | PeerError:
    """Turn one message into readings by the first rule that matches its topic.

    Parameters
    ----------
    received_at
        When it arrived, us UTC; the time of payloads that carry none.
    retained
        The broker had kept it from an earlier time. Without a time of its own it is the last usable value,
        and uncertain.

    Returns
    -------
    Decoded or PeerError
        The readings with counts of refused values, or why the whole message is refused:
        ``unknown_tag``, ``bad_json``, ``bad_text``, ``too_many_records``, ``no_value``.
    """
    for rule in rules:
        fields = rule.pattern.match(topic)
        if fields is not None:
            break
    else:
        return PeerError("unknown_tag", topic[:200])
    if not all(is_name(text) for text in fields.values()):
        return PeerError("bad_topic", topic[:200])
    try:
        whole = payload.decode("utf-8") if rule.payload == "plain" else parse_json(payload)
    except UnicodeDecodeError:
        return PeerError("bad_text", "not UTF-8")
    except PeerError as error:
        return error
    done = Decoded()
    for number, record in enumerate(_records(rule, whole)):
        if number >= MOST_RECORDS:
            return PeerError("too_many_records", f"more than {MOST_RECORDS}")
        _read_record(rule, fields, record, whole, received_at, retained, done)
    if not done.readings and not done.readings.counts:
        return PeerError("no_value", "none of the mapped values is in the payload")
    return done


def parse_json(payload: bytes) -> Any:
    """Parse strict JSON (RFC 8259): no NaN, no Infinity, UTF-8.

    Raises
    ------
    PeerError
        ``bad_json``: not JSON, nested too deeply, or a number too long to read.
    """
    try:
        return json.loads(payload.decode("utf-8-sig"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise PeerError("bad_json", str(error)[:200]) from None


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is not JSON")


def look_up(value: Any, steps: Path) -> Any:
    """Follow a path without ``[*]``; ``MISSING`` where it leads nowhere."""
    for step in steps:
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                return MISSING
            value = value[step]
        else:
            if not isinstance(value, dict) or step not in value:
                return MISSING
            value = value[step]
    return value


def _records(rule: TopicRule, whole: Any) -> Iterator[Any]:
    if rule.each_steps is None:
        yield whole
    else:
        yield from _spread(whole, rule.each_steps[1])


def _spread(value: Any, steps: Path) -> Iterator[Any]:
    if None not in steps:
        found = look_up(value, steps)
        if found is not MISSING:
            yield found
        return
    star = steps.index(None)
    many = look_up(value, steps[:star])
    if isinstance(many, list):
        for element in many:
            yield from _spread(element, steps[star + 1 :])


def _at(record: Any, whole: Any, place: tuple[bool, Path]) -> Any:
    return look_up(whole if place[0] else record, place[1])


def _read_record(
    rule: TopicRule,
    topic_fields: dict[str, str],
    record: Any,
    whole: Any,
    received_at: int,
    retained: bool,
    done: Decoded,
) -> None:
    """Add what one record says to ``done``."""
    found = [(value, raw) for value in rule.values if (raw := _at(record, whole, value.steps)) is not MISSING]
    if not found:
        return
    readings = done.readings
    try:
        fields = _fields(rule, topic_fields, record, whole)
        time, quality = received_at, Quality.UNCERTAIN_LAST_USABLE if retained else Quality.GOOD
        if rule.time is not None:
            time, quality = read_time(_at(record, whole, rule.time.steps), rule.time), Quality.GOOD
    except PeerError as error:
        readings.count(f"rejected:{error.reason}", len(found))
        return
    base = rule.pattern.fill(fields) + "".join(f";{name}={fields[name]}" for name in rule.fields)
    for value, raw in found:
        try:
            if value.unit_path and _at(record, whole, value.unit_steps) != value.unit:
                raise PeerError("wrong_unit")
            read = read_value(raw, value.kind, text_numbers=rule.payload == "plain")
            address = f"{base} {value.path}"
            if len(address) > LONGEST_ADDRESS:
                raise PeerError("bad_topic", "too long")
        except PeerError as error:
            readings.count(f"rejected:{error.reason}")
            continue
        readings.add(address, time, read, Quality.BAD_NO_DATA if read is None else quality)
        done.origins.append(Origin(rule, value, fields))


def _fields(rule: TopicRule, topic_fields: dict[str, str], record: Any, whole: Any) -> dict[str, str]:
    if not rule.fields:
        return topic_fields
    fields = dict(topic_fields)
    for name, place in rule.field_steps.items():
        raw = _at(record, whole, place)
        if isinstance(raw, bool) or not isinstance(raw, str | int) or not is_name(text := _plain(raw)):
            raise PeerError("bad_name", name)
        fields[name] = text
    return fields


def _plain(raw: str | int) -> str:
    try:
        return str(raw)
    except ValueError:  # an integer of thousands of digits
        return ""


def read_time(raw: Any, rule: TimeRule) -> int:
    """Read a time as us UTC.

    Raises
    ------
    PeerError
        ``bad_time``: missing, not of the rule's format, or out of any calendar.
    """
    try:
        if rule.format == "iso":
            if not isinstance(raw, str) or len(raw) > 64:
                raise PeerError("bad_time", "not ISO 8601 text")
            moment = datetime.fromisoformat(raw.strip())
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=rule.zoneinfo)
            past = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
            return (past.days * 86_400 + past.seconds) * 1_000_000 + past.microseconds
        if isinstance(raw, str) and len(raw) <= 32 and _NUMBER.fullmatch(raw.strip()):
            raw = int(raw) if raw.strip().isdigit() else float(raw)
        if isinstance(raw, bool) or not isinstance(raw, int | float):
            raise PeerError("bad_time", "not a number")
        if isinstance(raw, int) and rule.format != "ns":
            time = raw * int(_PER_SECOND[rule.format])
        else:
            time = raw // 1000 if isinstance(raw, int) else round(raw * _PER_SECOND[rule.format])
    except (ValueError, OverflowError) as error:
        raise PeerError("bad_time", str(error)[:100]) from None
    if not 0 <= time < _LAST_TIME:
        raise PeerError("bad_time", "out of range")
    return time


def read_value(raw: Any, kind: str, *, text_numbers: bool = False) -> float | str | None:
    """Read a value as its series' kind wants it; JSON ``null`` is "no value".

    Raises
    ------
    PeerError
        ``wrong_type``, ``bad_value`` (not finite, negative counter, too large) or ``bad_text``.
    """
    if raw is None:
        return None
    if kind in ("state", "text"):
        return _read_text(raw)
    if text_numbers and isinstance(raw, str):
        if len(raw) > 64 or not _NUMBER.fullmatch(raw.strip()):
            raise PeerError("bad_value", "not a number")
        raw = float(raw)
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise PeerError("wrong_type", type(raw).__name__)
    try:
        number = float(raw)
    except OverflowError:
        raise PeerError("bad_value", "too large") from None
    if not math.isfinite(number) or (kind == "counter" and number < 0):
        raise PeerError("bad_value", repr(number))
    return number


def _read_text(raw: Any) -> str:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int):
        raw = _plain(raw)
    if not isinstance(raw, str):
        raise PeerError("wrong_type", type(raw).__name__)
    text = raw.strip()
    if not text or len(text) > LONGEST_TEXT or _UNPRINTABLE.search(text):
        raise PeerError("bad_text", "empty, too long, or control characters")
    return text


def _us(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1e6)
