"""Choices of a portfolio as other parts see them. Money in fen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class QuotaDraft:
    """A quota: ``group`` as ``sector:nev``, ``kind:robots`` or ``unmeasured``; ``of`` as the engine has it."""

    group: str
    of: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class PortfolioRef:
    """A run: what was put in, what came out. ``sound``: the inputs are those that were sealed."""

    id: int
    call_id: int
    call: str
    state: str
    digest: str
    at: int
    by: str
    proposed_by: str
    approved_by: str
    inputs: dict[str, Any]
    result: dict[str, Any]
    sound: bool
