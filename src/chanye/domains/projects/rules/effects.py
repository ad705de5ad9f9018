"""What share of a promise is measured."""

from __future__ import annotations

from collections.abc import Mapping

from chanye.evidence.types import EffectRef


def measured_share(effects: Mapping[int, EffectRef]) -> int | None:
    """Return the mean share of the promise that is shown, in ppm; None if nothing could be measured.

    The share of one effect is its one-sided lower bound over the claim, between 0 and 1: what is sure, as the fund
    pays it, not what is hoped. What is not measurable is left out, not counted as zero.
    """
    shares = [
        min(1.0, max(0.0, one.least / one.claim))
        for one in effects.values()
        if one.least is not None and one.claim > 0 and one.verdict != "not_measurable"
    ]
    return round(1_000_000 * sum(shares) / len(shares)) if shares else None
