"""What a signed shift report is held against: its digest, and what became known later. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from chanye.domains.factory.types.shifts import Changed

#: A booking that came in later than this after it happened is called late. [us]
LATE = 300_000_000
#: Numbers that are compared: path in the content.
COMPARED = (
    ("pieces", "good"),
    ("pieces", "scrap"),
    ("pieces", "rework"),
    ("work", "length"),
    ("stops", "lost"),
    ("stops", "unexplained"),
    ("quality", "judged"),
    ("quality", "cases"),
    ("calls", "count"),
    ("energy", "joule"),
)


def digest_of(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a content as canonical JSON."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def changed_since(signed: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Changed, ...]:
    """Return the numbers that differ from what was signed."""
    found = []
    for group, name in COMPARED:
        before, after = signed[group][name], now[group][name]
        if before != after:
            found.append(Changed(f"{group}.{name}", before, after))
    return tuple(found)
