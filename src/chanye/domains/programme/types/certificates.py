"""Certificates of sites as they cross the wall, and outcomes of gates as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from chanye.evidence.gates import Check, Outcome

STATES = ("asked", "certified", "refused", "withdrawn")


@dataclass(frozen=True, slots=True)
class CertificateRef:
    """A site held against a gate. Moments in us UTC, window ``[start, end)``; outcomes are None where on paper.

    What was found: ``asked`` when the firm asked, ``outcome`` when the office decided, ``look`` when looked back at.
    """

    id: int
    office_id: int
    organisation_id: int
    firm: str
    site_id: int | None
    site: str
    gate: str
    state: str
    number: str
    on_paper: bool
    start: int | None
    end: int | None
    asked: Outcome | None
    outcome: Outcome | None
    look: Outcome | None
    looked_at: int | None
    asked_at: int
    asked_by: str
    decided_at: int | None
    decided_by: str
    certified_on: date | None
    reason: str

    @property
    def standing(self) -> str:
        """What the last look back found: ``holds``, ``fails``, ``unknown``; ``due`` if there was none yet."""
        return self.look.state if self.look else "due"


@dataclass(frozen=True, slots=True)
class PaperCertificate:
    """A certificate of a list, given before the platform was there."""

    firm: str
    site: str
    gate: str
    certified_on: date
    number: str = ""


def outcome_data(found: Outcome) -> dict[str, Any]:
    """Return an outcome as plain data."""
    return asdict(found)


def outcome_of(data: Mapping[str, Any] | None) -> Outcome | None:
    """Return the outcome that ``outcome_data`` made."""
    if not data:
        return None
    return Outcome(**{**data, "checks": tuple(Check(**one) for one in data["checks"])})
