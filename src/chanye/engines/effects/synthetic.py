"""One upgraded unit, or a few at the same time: compared with a mixture of others that moved as it did before.

Synthetic control: Abadie, Diamond and Hainmueller (2010), J. Am. Stat. Assoc. 105:493-505, on outcomes alone.
Synthetic difference-in-differences: Arkhangelsky, Athey, Hirshberg, Imbens and Wager (2021), Am. Econ. Rev.
111:4088-4118. Placebo errors: the same, alg. 4. Conformal tests: Chernozhukov, Wüthrich and Zhu (2021), J. Am. Stat.
Assoc. 116:1849-1864.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from chanye.engines.effects.panel import F64
from chanye.engines.effects.simplex import frank_wolfe, simplex_least_squares
from chanye.engines.effects.student import quantile

Method = Literal["synthetic_did", "synthetic_control", "did"]

#: Share of the noise by which weights of periods, and of units of a synthetic control, are held apart from a tie.
_HAIR = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Synthetic:
    """An effect with the weights behind it.

    Parameters
    ----------
    effect
        Mean over the upgraded units and the periods since the upgrade, in units of the outcome.
    unit_weight
        Shape (controls,): adds up to one.
    period_weight
        Shape (periods before,): adds up to one; what the level before is taken from.
    gap
        Shape (periods,): the upgraded less their mixture, period by period; without the level, where it is free.
    fit
        Root mean square of the gap before the upgrade, in units of the outcome.
    """

    effect: float
    unit_weight: F64
    period_weight: F64
    gap: F64
    fit: float


def synthetic(
    controls: F64, treated: F64, before: int, *, method: Method = "synthetic_did", as_published: bool = False
) -> Synthetic:
    """Estimate the effect of an upgrade.

    Parameters
    ----------
    controls, treated
        Outcomes, shapes (controls, periods) and (upgraded, periods).
    before
        How many periods lie before the upgrade.
    as_published
        Find weights the way the authors did, which stops short of the best ones; to be held against print.

    Raises
    ------
    ValueError
        If there are fewer than two controls or periods before, or none since.
    """
    others, own = np.atleast_2d(controls).astype(float), np.atleast_2d(treated).astype(float)
    periods = others.shape[1]
    if own.shape[1] != periods or not 2 <= before < periods or len(others) < 2:
        raise ValueError("It takes two controls, two periods before the upgrade, and one since, the same for all.")
    if not (np.isfinite(others).all() and np.isfinite(own).all()):
        raise ValueError("A value is missing: leave the period or the unit out.")
    noise = float(np.diff(others[:, :before], axis=1).std(ddof=1)) if before > 2 or len(others) > 2 else 1.0
    path = own.mean(axis=0)

    def weigh(design: F64, target: F64, zeta: float) -> F64:
        ridge = len(design) * zeta**2
        if as_published:
            return frank_wolfe(design, target, ridge, tolerance=1e-5 * noise)
        return simplex_least_squares(design, target, ridge)

    if method == "did":
        by_unit, by_period = np.full(len(others), 1 / len(others)), np.full(before, 1 / before)
    elif method == "synthetic_control":
        by_unit, by_period = weigh(others[:, :before].T, path[:before], _HAIR * noise), np.zeros(before)
    else:
        early, late = others[:, :before], others[:, before:].mean(axis=1)
        hold = (len(own) * (periods - before)) ** 0.25 * noise
        by_unit = weigh(early.T - early.mean(axis=1), path[:before] - path[:before].mean(), hold)
        by_period = weigh(early - early.mean(axis=0), late - late.mean(), _HAIR * noise)
    gap = path - by_unit @ others
    effect = float(gap[before:].mean() - by_period @ gap[:before])
    shown = gap - (by_period @ gap[:before])
    return Synthetic(effect, by_unit, by_period, shown, float(np.sqrt((shown[:before] ** 2).mean())))


@dataclass(frozen=True, slots=True, eq=False)
class Placebo:
    """What the same method finds where nothing was upgraded.

    Parameters
    ----------
    effects
        Shape (placebos,).
    error
        Their spread: standard error of the effect if units differ by noise alike.
    p
        Share of all, the upgraded included, whose effect is as far from zero; two-sided.
    """

    effects: F64
    error: float
    p: float

    def interval(self, effect: float, *, level: float = 0.9) -> tuple[float, float]:
        """Return the interval of an effect; of so few placebos the error is uncertain too, so Student's t."""
        half = quantile(0.5 + level / 2, max(len(self.effects) - 1, 1)) * self.error
        return effect - half, effect + half


def placebo(
    controls: F64,
    treated: F64,
    before: int,
    *,
    method: Method = "synthetic_did",
    draws: int | None = None,
    seed: int = 0,
) -> Placebo:
    """Let each control (or ``draws`` random groups of as many as are upgraded) stand in for the upgraded.

    Raises
    ------
    ValueError
        If there are not more controls than upgraded units, or see ``synthetic``.
    """
    others, own = np.atleast_2d(controls).astype(float), np.atleast_2d(treated).astype(float)
    count, many = len(others), len(own)
    if count < many + 2:
        raise ValueError("Placebos need more controls than upgraded units, by two at least.")
    found = synthetic(others, own, before, method=method).effect
    if draws is None and many == 1:
        chosen = [np.array([i]) for i in range(count)]
    else:
        rng = np.random.default_rng(seed)
        chosen = [rng.choice(count, many, replace=False) for _ in range(draws or 200)]
    effects = np.array(
        [synthetic(np.delete(others, which, axis=0), others[which], before, method=method).effect for which in chosen]
    )
    error = float(np.sqrt(((effects - effects.mean()) ** 2).mean()))
    p = (1 + int((np.abs(effects) >= abs(found)).sum())) / (1 + len(effects))
    return Placebo(effects, error, p)


def conformal_p(controls: F64, treated: F64, before: int, *, effect: float = 0.0) -> float:
    """Return the p-value of "the effect was ``effect`` in every period since", by moving blocks.

    The mixture is fitted to all periods under that hypothesis, so that under it residuals are exchangeable in blocks;
    what is compared is the mean size of the residuals since the upgrade. With T periods no p is below 1 / T.
    """
    others, path = np.atleast_2d(controls).astype(float), np.atleast_2d(treated).astype(float).mean(axis=0)
    periods = len(path)
    under = path - np.where(np.arange(periods) >= before, effect, 0.0)
    noise = float(np.diff(others, axis=1).std(ddof=1))
    weight = simplex_least_squares(others.T, under, periods * (_HAIR * noise) ** 2)
    size = np.abs(under - weight @ others)
    since = periods - before
    turned = (np.arange(periods)[:, None] + np.arange(since)[None, :]) % periods
    sizes = size[turned].mean(axis=1)
    return float((sizes >= sizes[before] - 1e-12).mean())


def conformal_interval(
    controls: F64, treated: F64, before: int, *, level: float = 0.9, points: int = 81
) -> tuple[float, float]:
    """Return the effects, the same in every period since, that ``conformal_p`` does not refuse at a level.

    The search goes over ``points`` effects around the estimate, as wide as five times its placebo error allows, and
    wider twice if that is too narrow; an end that is not refused there is infinite. With few periods it must be:
    ``level`` up to 1 - 1/T can be had.
    """
    middle = synthetic(controls, treated, before, method="synthetic_control").effect
    reach = 5 * max(placebo(controls, treated, before, method="synthetic_control").error, abs(middle) * 0.1, 1e-9)
    refused = 1 - level + 1e-12
    for wide in (1, 3, 9):
        grid = np.linspace(middle - wide * reach, middle + wide * reach, points)
        kept = np.array([conformal_p(controls, treated, before, effect=one) > refused for one in grid.tolist()])
        if not (kept[0] or kept[-1]):
            break
    if not kept.any():
        return middle, middle
    low, high = int(np.argmax(kept)), points - 1 - int(np.argmax(kept[::-1]))
    return (-np.inf if low == 0 else float(grid[low])), (np.inf if high == points - 1 else float(grid[high]))
