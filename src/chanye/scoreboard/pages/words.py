"""Words of the scoreboard, and figures as people read them."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from chanye.domains.projects.figures import percent
from chanye.evidence import measures
from chanye.evidence.types import UPGRADE_KINDS, PooledRow, RegisterRow
from chanye.kernel.errors import ConfigError

VERDICTS = {
    "confirmed": pgettext_lazy("verdict", "confirmed"),
    "below": pgettext_lazy("verdict", "below the claim"),
    "not_measurable": pgettext_lazy("verdict", "not measurable"),
    "waiting": pgettext_lazy("verdict", "not measured yet"),
}
TONES = {"confirmed": "running", "below": "stopped", "not_measurable": "unknown", "waiting": "planned_off"}
METHODS = {
    "randomised": pgettext_lazy("method", "random order"),
    "group_time": pgettext_lazy("method", "compared with firms not yet upgraded"),
    "synthetic": pgettext_lazy("method", "compared with a mixture of others"),
    "baseline": pgettext_lazy("method", "own baseline carried forward"),
}


def measure(code: str) -> str | Promise:
    """Return the name of a measure, the code where no room declares it any more."""
    try:
        return measures.get(code).label
    except ConfigError:
        return code


def effect_line(row: RegisterRow) -> dict[str, object]:
    """Return one row of claimed beside measured: figures, and where they lie on a bar from -0.2 to +0.6 or wider."""
    plan, effect = row.plan, row.effect
    verdict = effect.verdict if effect else "waiting"
    found: dict[str, object] = {
        "plan": plan,
        "effect": effect,
        "firm": plan.firm,
        "measure": measure(plan.draft.measure),
        "kind": UPGRADE_KINDS.get(plan.draft.upgrade_kind, plan.draft.upgrade_kind),
        "claim": percent(plan.draft.claim),
        "verdict": VERDICTS.get(verdict, verdict),
        "tone": TONES.get(verdict, "unknown"),
        "method": METHODS.get(effect.method, effect.method) if effect else "",
        "estimate": None,
    }
    if effect and effect.estimate is not None and effect.lower is not None and effect.upper is not None:
        found |= {
            "estimate": percent(effect.estimate),
            "interval": f"{percent(effect.lower)} … {percent(effect.upper)}",
            "confidence": round(100 * effect.confidence),
            "least": percent(effect.least),
            "bar": _bar(effect.lower, effect.estimate, effect.upper, plan.draft.claim),
        }
    if effect:
        found["coverage"] = round(100 * effect.coverage)
    return found


def pooled_line(row: PooledRow) -> dict[str, object]:
    """Return one row of pooled effects."""
    return {
        "row": row,
        "kind": UPGRADE_KINDS.get(row.upgrade_kind, row.upgrade_kind),
        "measure": measure(row.measure),
        "estimate": percent(row.estimate),
        "interval": f"{percent(row.lower)} … {percent(row.upper)}",
        "next": None if row.next_lower is None else f"{percent(row.next_lower)} … {percent(row.next_upper)}",
        "bar": _bar(row.lower, row.estimate, row.upper, 0.0),
    }


def _bar(lower: float, estimate: float, upper: float, claim: float) -> dict[str, str]:
    """Return places on a bar [%], the bar reaching at least from -20 % to +40 %."""
    low, high = min(-0.2, lower, claim), max(0.4, upper, claim)
    scale = 100 / (high - low)
    return {
        "zero": f"{-low * scale:.1f}",
        "low": f"{(lower - low) * scale:.1f}",
        "wide": f"{max(0.5, (upper - lower) * scale):.1f}",
        "at": f"{(estimate - low) * scale:.1f}",
        "claim": f"{(claim - low) * scale:.1f}",
    }
