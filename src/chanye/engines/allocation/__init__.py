"""Which projects to fund under yearly envelopes, with the proof that no other choice is better."""

from chanye.engines.allocation.choose import choose, infeasible_rules
from chanye.engines.allocation.lists import ranked_lists
from chanye.engines.allocation.prices import envelope_prices, flips, quota_prices
from chanye.engines.allocation.types import (
    UNMEASURED,
    Caps,
    Choice,
    EnvelopePrice,
    Flip,
    InfeasibleError,
    Programme,
    Project,
    Quota,
    QuotaPrice,
    RankedList,
    exploration,
)

__all__ = [
    "UNMEASURED",
    "Caps",
    "Choice",
    "EnvelopePrice",
    "Flip",
    "InfeasibleError",
    "Programme",
    "Project",
    "Quota",
    "QuotaPrice",
    "RankedList",
    "choose",
    "envelope_prices",
    "exploration",
    "flips",
    "infeasible_rules",
    "quota_prices",
    "ranked_lists",
]
