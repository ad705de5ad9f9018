"""How uncertain the change of a gap is: the mean since less the mean before, for errors that remember a block.

A gap that wanders slowly changes by chance more than its spread before the upgrade says, and a mean over few blocks
more than one over many. Both enter by an AR(1) of its own for each gap. A dozen blocks hardly tell how much a gap
remembers: the variance is averaged over what the memory may be, by the gap's own restricted likelihood (Harville
1974, Biometrika 61:383-385) and by how common each memory is among all gaps (empirical Bayes: Kiefer and Wolfowitz
1956, Ann. Math. Stat. 27:887-906).
"""

from __future__ import annotations

import numpy as np

from chanye.engines.effects.panel import F64, Mask

#: What the share kept from one block to the next may be.
MEMORIES = np.array([0.0, 0.15, 0.3, 0.45, 0.6, 0.7, 0.8, 0.88, 0.94])
#: Gaps that every memory is taken to have been seen at beforehand, together; and steps of counting.
BEFOREHAND, STEPS = 2.0, 30
TINY = 1e-24


def change_errors(gap: F64, counted: Mask, before: int, at: F64) -> F64:
    """Return the standard error of the change of each gap, shape (n,); NaN where nothing since counts.

    Parameters
    ----------
    gap
        Shape (n, blocks), finite where counted.
    counted
        Which blocks count, shape (n, blocks); those of the baseline all do.
    before
        How many blocks lie in the baseline, two at least.
    at
        When each block begins, in blocks, shape (blocks,).
    """
    variance = np.full((len(gap), len(MEMORIES)), np.nan)
    likely = np.zeros_like(variance)
    patterns, which = np.unique(counted, axis=0, return_inverse=True)
    apart = np.abs(at[:, None] - at[None, :])
    for i, pattern in enumerate(patterns):
        rows, kept = np.flatnonzero(which.ravel() == i), np.flatnonzero(pattern)
        if len(kept) > before:
            parts = _by_memory(gap[np.ix_(rows, kept)], before, apart[np.ix_(kept, kept)])
            variance[rows], likely[rows] = parts
    error: F64 = np.sqrt((_shares(likely) * variance).sum(axis=1))
    return error


def _shares(likely: F64) -> F64:
    """Return how probable each memory is for each gap, shape (n, memories)."""
    told = likely[likely.any(axis=1)]
    common = np.full(len(MEMORIES), 1 / len(MEMORIES))
    for _ in range(STEPS):
        own = told * common
        common = (own / own.sum(axis=1, keepdims=True)).sum(axis=0) + BEFOREHAND / len(MEMORIES)
        common = common / common.sum()
    found = likely * common
    share: F64 = found / np.maximum(found.sum(axis=1, keepdims=True), TINY)
    return share


def _by_memory(gap: F64, before: int, apart: F64) -> tuple[F64, F64]:
    """Return variances and likelihoods of gaps of which the same blocks count, shapes (n, memories)."""
    blocks = gap.shape[1]
    since = np.arange(blocks) >= before
    change = np.where(since, 1 / (blocks - before), -1 / before)
    # a single block since is what the change itself takes up: it tells nothing of the memory
    rows = blocks if blocks - before > 1 else before
    design = np.column_stack([np.ones(rows), since[:rows]])[:, : 2 if rows == blocks else 1].astype(np.float64)
    log_likely, variance = np.empty((len(gap), len(MEMORIES))), np.empty((len(gap), len(MEMORIES)))
    for j, memory in enumerate(MEMORIES.tolist()):
        alike = np.where(apart == 0, 1.0, memory**apart)
        squares, size = _left(gap[:, :rows], design, alike[:rows, :rows])
        log_likely[:, j] = -0.5 * ((rows - design.shape[1]) * np.log(squares) + size)
        # the spread is that of the baseline alone: an effect that grows is none
        restless, _ = _left(gap[:, :before], design[:before, :1], alike[:before, :before])
        variance[:, j] = restless / (before - 1) * float(change @ alike @ change)
    return variance, np.exp(log_likely - log_likely.max(axis=1, keepdims=True))


def _left(gap: F64, design: F64, alike: F64) -> tuple[F64, float]:
    """Return the squares that the design leaves of each gap, in units of the errors, and the log of the sizes."""
    weighed = np.linalg.solve(alike, design)
    gram = design.T @ weighed
    inside = np.linalg.inv(alike) - weighed @ np.linalg.solve(gram, weighed.T)
    squares = np.maximum(np.einsum("nb,bc,nc->n", gap, inside, gap), TINY)
    return squares, float(np.linalg.slogdet(alike)[1] + np.linalg.slogdet(gram)[1])


__all__ = ["MEMORIES", "change_errors"]
