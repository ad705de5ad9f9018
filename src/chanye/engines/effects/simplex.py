"""Least squares with weights that are not negative and add up to one: exact, or as far as a published answer went."""

from __future__ import annotations

import numpy as np

from chanye.engines.effects.panel import F64, Mask

#: A multiplier within this of zero, relative to the size of the problem, counts as zero.
NEARLY = 1e-10


def simplex_least_squares(design: F64, target: F64, ridge: float = 0.0) -> F64:
    """Return ``w`` that minimises ``|design w - target|² + ridge |w|²`` with ``w ≥ 0`` and ``sum(w) = 1``.

    Parameters
    ----------
    design
        Shape (rows, n).
    target
        Shape (rows,).
    ridge
        Above zero the answer is unique; at zero any of the best is returned.

    Notes
    -----
    Starts at the best single column; takes the column in that promises most, walks towards the answer on the columns
    that are in, and leaves out the first that would become negative (Nocedal and Wright 2006, alg. 16.3). Each set of
    columns comes up at most once, so it ends; where columns are copies a hair of ridge keeps the steps apart.
    """
    n = design.shape[1]
    gram = design.T @ design + ridge * np.eye(n)
    lean = design.T @ target
    scale = max(float(np.abs(gram).max()), 1e-300)
    gram = gram + (NEARLY * 1e-3 * scale) * np.eye(n)
    weight = np.zeros(n)
    weight[int(np.argmin(np.diag(gram) - 2 * lean))] = 1.0
    active = weight > 0
    for _ in range(50 * n + 50):
        goal = _on_support(gram, lean, active)
        while (goal[active] < 0).any():
            short = active & (goal < 0)
            step = float((weight[short] / (weight[short] - goal[short])).min())
            weight = weight + step * (goal - weight)
            leaving = short & (weight <= NEARLY * max(1.0, float(weight.max())))
            if not leaving.any():
                leaving = short & (weight == weight[short].min())
            weight[leaving] = 0.0
            active = active & ~leaving
            goal = _on_support(gram, lean, active)
        weight = goal
        slope = gram @ weight - lean
        price = float(slope[active].mean())
        gain = np.where(active, np.inf, slope - price)
        best = int(np.argmin(gain))
        if gain[best] >= -NEARLY * scale:
            break
        active[best] = True
    whole: F64 = np.maximum(weight, 0.0)
    whole /= whole.sum()
    return whole


def _on_support(gram: F64, lean: F64, active: Mask) -> F64:
    """Return the best weights that add up to one on some columns, whatever their sign."""
    which = np.flatnonzero(active)
    k = len(which)
    system = np.zeros((k + 1, k + 1))
    system[:k, :k] = gram[np.ix_(which, which)]
    system[:k, k] = system[k, :k] = 1.0
    found = np.linalg.solve(system, np.append(lean[which], 1.0))
    weight = np.zeros(len(lean))
    weight[which] = found[:k]
    return weight


def frank_wolfe(design: F64, target: F64, ridge: float, *, tolerance: float) -> F64:
    """Minimise the same, from equal weights, as the authors of synthetic difference-in-differences published it.

    A hundred steps, then weights below a quarter of the largest are dropped, then up to 10,000 steps until the mean
    square falls by less than ``tolerance²`` a step (Arkhangelsky et al. 2021, appendix; their implementation). That
    stops short of the best weights, so ``simplex_least_squares`` is what we use; this is to be held against print.
    """
    weight = _steps(design, target, ridge, np.full(design.shape[1], 1 / design.shape[1]), tolerance, 100)
    weight = np.where(weight <= weight.max() / 4, 0.0, weight)
    return _steps(design, target, ridge, weight / weight.sum(), tolerance, 10_000)


def _steps(design: F64, target: F64, ridge: float, weight: F64, tolerance: float, most: int) -> F64:
    rows = len(design)
    last = np.inf
    for i in range(most):
        rest = design @ weight - target
        slope = rest @ design + ridge * weight
        best = int(np.argmin(slope))
        move = -weight
        move[best] += 1.0
        if not move.any():
            break
        turn = design @ move
        step = -(slope @ move) / (turn @ turn + ridge * (move @ move))
        weight = weight + min(1.0, max(0.0, float(step))) * move
        rest = design @ weight - target
        value = float(rest @ rest / rows + ridge / rows * (weight @ weight))
        if i > 0 and last - value <= tolerance**2:
            break
        last = value
    return weight
