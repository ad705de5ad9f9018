"""Whether one more published sum gives away few contributors by subtraction from what was published before.

Sums are known by whose figures they add up. Two of them whose contributors differ by few give those few away; so may
any combination of many. The log is one of sums of the same figure in the same period: only those can be subtracted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chanye.engines.linear import F64

#: What counts as zero in an orthonormal basis. [1]
_ZERO = 1e-9


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a sum must not be published.

    Parameters
    ----------
    query
        Place of the sum among the new ones.
    contributors
        Those whose figures could be told apart, together or as a difference.
    how
        ``small``: it adds up too few; ``difference``: too few differ from one published sum; ``combination``: several
        published sums together single them out.
    released
        Place of the other sum in the log of released followed by new ones, for a difference; otherwise None.
    """

    query: int
    contributors: frozenset[int]
    how: str
    released: int | None = None


def refusals(
    new: Sequence[frozenset[int]], released: Sequence[frozenset[int]], *, threshold: int = 3
) -> tuple[Refusal, ...]:
    """Return what new sums give away, first to last; empty: all may be published.

    Parameters
    ----------
    new
        Contributors of each sum that is asked for. Each is checked against the log and the new ones before it.
    released
        Contributors of each sum already published.
    threshold
        Sets of fewer contributors than this must not be told apart.

    Notes
    -----
    Contributors that always appear together are one unknown. One unknown, or a weighed sum of two, is singled out
    if the vectors that no released sum sees vanish, or are parallel, there (null space of the log). Combinations of
    three and more unknowns that are still below the threshold are found only as differences of two sums: with a
    threshold above 3 the check is necessary, not complete.
    """
    found: list[Refusal] = []
    known = list(released)
    for i, one in enumerate(new):
        if not one:
            continue
        if len(one) < threshold:
            found.append(Refusal(i, one, "small"))
        for j, other in enumerate(known):
            apart = one ^ other
            if 0 < len(apart) < threshold:
                found.append(Refusal(i, apart, "difference", j))
        if not any(refusal.query == i for refusal in found) and one not in known:
            before = set(singled_out(known, threshold))
            opened = [few for few in singled_out([*known, one], threshold) if few not in before]
            found += [Refusal(i, few, "combination") for few in opened]
        known.append(one)
    return tuple(found)


def singled_out(sums: Sequence[frozenset[int]], threshold: int) -> list[frozenset[int]]:
    """Return the sets of fewer contributors than the threshold that some combination of sums tells apart."""
    if not sums:
        return []
    who = sorted(frozenset().union(*sums))
    place = {one: i for i, one in enumerate(who)}
    within = np.zeros((len(sums), len(who)))
    for row, one in enumerate(sums):
        within[row, [place[c] for c in one]] = 1.0
    atoms, member = np.unique(within, axis=1, return_inverse=True)
    size = np.bincount(member.ravel(), minlength=atoms.shape[1])
    unseen = null_space(atoms)
    norm = np.linalg.norm(unseen, axis=1)
    names = [frozenset(who[i] for i in np.flatnonzero(member.ravel() == atom)) for atom in range(atoms.shape[1])]
    found = [names[a] for a in np.flatnonzero((norm < _ZERO) & (size < threshold))]
    # two atoms whose rows are parallel: a weighed sum of just those two is known
    small = np.flatnonzero((norm >= _ZERO) & (size < threshold))
    turned = unseen[small] / norm[small, None]
    alike = np.abs(turned @ turned.T) > 1 - _ZERO
    for a, b in zip(*np.nonzero(np.triu(alike, 1)), strict=True):
        pair = names[small[a]] | names[small[b]]
        if len(pair) < threshold:
            found.append(pair)
    return found


def null_space(matrix: F64) -> F64:
    """Return an orthonormal basis of what a matrix maps to zero, shape (columns, dimension)."""
    _left, strength, right = np.linalg.svd(matrix, full_matrices=True)
    rank = int((strength > 1e-10 * max(strength.max(initial=0.0), 1.0)).sum())
    basis: F64 = right[rank:].T
    return basis
