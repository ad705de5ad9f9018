"""Tables of the programme room, by subject."""

from chanye.domains.programme.models.applications import (
    Application,
    AppliedEquipment,
    CostLine,
    Document,
    Quote,
    Submission,
)
from chanye.domains.programme.models.calls import Call, CallRule
from chanye.domains.programme.models.cases import CaseDeed, Conflict, Finding, Identity, Review
from chanye.domains.programme.models.ledger import Journal, Posting

__all__ = [
    "Application",
    "AppliedEquipment",
    "Call",
    "CallRule",
    "CaseDeed",
    "Conflict",
    "CostLine",
    "Document",
    "Finding",
    "Identity",
    "Journal",
    "Posting",
    "Quote",
    "Review",
    "Submission",
]
