"""Tables of the programme room, by subject."""

from chanye.domains.programme.models.applications import (
    Application,
    AppliedEquipment,
    CostLine,
    Document,
    Quote,
    Submission,
)
from chanye.domains.programme.models.awards import (
    Agreement,
    Claim,
    Invoice,
    Milestone,
    MilestoneProof,
    Signature,
    Tranche,
)
from chanye.domains.programme.models.calls import Call, CallRule
from chanye.domains.programme.models.cases import CaseDeed, Conflict, Finding, Identity, Review
from chanye.domains.programme.models.certificates import Certificate
from chanye.domains.programme.models.ledger import Journal, Posting
from chanye.domains.programme.models.portfolio import PortfolioRun

__all__ = [
    "Agreement",
    "Application",
    "AppliedEquipment",
    "Call",
    "CallRule",
    "CaseDeed",
    "Certificate",
    "Claim",
    "Conflict",
    "CostLine",
    "Document",
    "Finding",
    "Identity",
    "Invoice",
    "Journal",
    "Milestone",
    "MilestoneProof",
    "PortfolioRun",
    "Posting",
    "Quote",
    "Review",
    "Signature",
    "Submission",
    "Tranche",
]
