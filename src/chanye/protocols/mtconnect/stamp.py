"""Time stamps as MTConnect writes them: ISO 8601, UTC unless they say otherwise (Part 1, "timestamp")."""

from __future__ import annotations

import re

from chanye.kernel.errors import PeerError
from chanye.kernel.time import parse_iso

_LOOKS_LIKE = re.compile(r"\d{4}-\d\d-\d\d[Tt]", re.ASCII)


def looks_like_stamp(text: str) -> bool:
    """Return whether a field is meant as a calendar time stamp, even if it is a wrong one."""
    return _LOOKS_LIKE.match(text) is not None


def parse_stamp(text: str) -> int | None:
    """Return the time in us UTC, or None where the text is no valid time."""
    try:
        return parse_iso(text)
    except PeerError:
        return None
