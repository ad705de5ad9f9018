"""Time stamps as MTConnect writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

_STAMP = re.compile(r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(?:[Zz]|([+-])(\d\d):?(\d\d))?")
_LOOKS_LIKE = re.compile(r"\d{4}-\d\d-\d\d[Tt]")


@lru_cache(maxsize=4096)
def _second(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def looks_like_stamp(text: str) -> bool:
    """Return whether a field is meant as a calendar time stamp, even if it is a wrong one."""
    return _LOOKS_LIKE.match(text) is not None


def parse_stamp(text: str) -> int | None:
    """Return the time in us UTC, or None where the text is no valid time.

    Up to nine decimals are read; what is finer than a microsecond is cut off. No zone means UTC
    (MTConnect Part 1, "timestamp" is UTC; ISO 8601).
    """
    match = _STAMP.fullmatch(text)
    if match is None:
        return None
    whole, fraction, sign, hours, minutes = match.groups()
    try:
        seconds = _second(whole.upper())
    except ValueError:
        return None
    if sign:
        offset = int(hours) * 3600 + int(minutes) * 60
        seconds -= offset if sign == "+" else -offset
    return seconds * 1_000_000 + (int(fraction[:6].ljust(6, "0")) if fraction else 0)
