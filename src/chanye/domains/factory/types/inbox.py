"""Entries that were sent, as they cross the wall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class EntryRef:
    """What was sent and what became of it: ``booked``, ``refused``, ``settled`` or ``discarded``. Times: us UTC."""

    id: int
    key: str
    kind: str
    terminal: str
    person: str
    place: str
    order: str
    event_at: int
    received_at: int
    outcome: str
    why: str
    target: str
    settlement: str
    settled_by: str
    settled_at: int | None
    body: dict[str, Any]
