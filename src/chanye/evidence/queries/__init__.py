"""Every read of the evidence room."""

from chanye.evidence.queries.effects import (
    bundle,
    effect,
    effects,
    pooled,
    register,
    register_table,
    result,
    verdicts,
)
from chanye.evidence.queries.plans import (
    assets_and_measures,
    detectability,
    history_of,
    look,
    plan,
    plans,
    plans_table,
    readable,
)

__all__ = [
    "assets_and_measures",
    "bundle",
    "detectability",
    "effect",
    "effects",
    "history_of",
    "look",
    "plan",
    "plans",
    "plans_table",
    "pooled",
    "readable",
    "register",
    "register_table",
    "result",
    "verdicts",
]
