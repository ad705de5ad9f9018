"""Doors of the scoreboard."""

from __future__ import annotations

from typing import Any

OWN = {"scoreboard"}
OPEN = {"public", "public-release", "public-release-file", "public-ranking", "public-oc4ids"}


def numbers(firm: Any) -> dict[str, object]:
    """Name the firm itself: its page is closed to every other."""
    return {"firm_id": firm.id, "number": 1}
