"""Whether data suffice to say anything, gate by gate: "not measurable" is a result.

Limits follow CalTRACK 2.0 (a year of days, nine tenths of them known, a meter that is stuck disqualifies) and ASHRAE
Guideline 14 (how much a baseline may leave unexplained); they are parameters of the plan, frozen with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chanye.engines.effects.panel import F64, Mask


@dataclass(frozen=True, slots=True)
class Limits:
    """What it takes.

    Parameters
    ----------
    before, after
        Steps in the baseline and since the upgrade.
    known
        Share of the steps of either that are known well enough to be used.
    distinct
        Share of known values in the baseline that differ from one another: less is a stuck meter.
    longest_still
        Longest run of one and the same value, as a share of the known ones.
    unexplained
        Root mean square that the baseline leaves, as a share of the mean (CVRMSE).
    outside
        Share of steps since the upgrade at which a normaliser is outside of what the baseline has seen.
    grown
        By what share mean production since may lie above the largest month of the baseline, or below the least.
    """

    before: int = 180
    after: int = 60
    known: float = 0.9
    distinct: float = 0.1
    longest_still: float = 0.1
    unexplained: float = 1.0
    outside: float = 0.1
    grown: float = 0.1


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition: its name, what was found, what it takes, and whether it holds."""

    name: str
    found: float
    limit: float
    holds: bool


def data_gates(known_before: Mask, known_after: Mask, baseline: F64, limits: Limits) -> list[Gate]:
    """Judge what was measured, before any effect is looked at.

    Parameters
    ----------
    known_before, known_after
        Of each step, whether it is known; shapes (steps,).
    baseline
        Known values of the baseline, in the order of time.
    """
    values = np.asarray(baseline, np.float64)
    share_before, share_after = _share(known_before), _share(known_after)
    distinct = len(np.unique(values)) / len(values) if len(values) else 0.0
    still = _longest_run(values) / len(values) if len(values) else 1.0
    return [
        Gate("baseline_length", float(known_before.size), limits.before, known_before.size >= limits.before),
        Gate("length_since", float(known_after.size), limits.after, known_after.size >= limits.after),
        Gate("baseline_known", share_before, limits.known, share_before >= limits.known),
        Gate("known_since", share_after, limits.known, share_after >= limits.known),
        Gate("distinct_values", distinct, limits.distinct, distinct >= limits.distinct),
        Gate("longest_still", still, limits.longest_still, still <= limits.longest_still),
    ]


def model_gates(residual: F64, baseline: F64, seen: F64, met: F64, limits: Limits) -> list[Gate]:
    """Judge the baseline model and how far the time since lies from what it has seen.

    Parameters
    ----------
    residual, baseline
        What the model leaves, and the outcome, shapes (n,).
    seen, met
        Normalisers in the baseline and since the upgrade, shapes (n, k) and (m, k).
    """
    mean = abs(float(np.mean(baseline)))
    spread = float(np.sqrt(np.mean(residual**2))) / mean if mean else np.inf
    outside = 0.0
    if seen.shape[1] and len(met):
        low, high = seen.min(axis=0), seen.max(axis=0)
        slack = 0.05 * (high - low)
        outside = float(((met < low - slack) | (met > high + slack)).any(axis=1).mean())
    return [
        Gate("unexplained", spread, limits.unexplained, spread <= limits.unexplained),
        Gate("outside_baseline", outside, limits.outside, outside <= limits.outside),
    ]


def _share(known: Mask) -> float:
    return float(known.mean()) if known.size else 0.0


def _longest_run(values: F64) -> int:
    """Return the length of the longest run of one value."""
    edge = np.flatnonzero(np.diff(values) != 0)
    return int(np.diff(np.concatenate([[-1], edge, [len(values) - 1]])).max()) if len(values) else 0
