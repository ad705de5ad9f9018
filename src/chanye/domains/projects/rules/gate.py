"""Which of many sums over firms and months may be shown side by side, so that no firm can be worked out. Pure.

A sum adds what some firms reported for some months. Those shown before are remembered: a new one is held back if it
is sensitive by itself, or if it, less one shown before, leaves a sensitive sum (a month is what the sum since January
grew by), or if several together single a sensitive sum out.

If every month of a span may be shown over the same firms, so may the span: the two largest of a union are no more
than the two largest of its parts together, so neither dominance nor the p-percent rule can begin to hold.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chanye.engines.disclosure.differencing import null_space
from chanye.engines.disclosure.rules import Rules, sensitive

F64 = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

#: What counts as zero in an orthonormal basis. [1]
_ZERO = 1e-9


class Gate:
    """The sums shown so far of one indicator.

    Parameters
    ----------
    amounts
        [firms, months]: what each reported, steps; NaN is taken as nothing.
    rules
        What makes a sum sensitive.
    """

    def __init__(self, amounts: F64, rules: Rules) -> None:
        self._amounts = np.where(np.isfinite(amounts), amounts, 0.0)
        self._rules = rules
        self._shown: list[Flags] = []
        self._keys: set[bytes] = set()
        self._atom = np.zeros(amounts.size, dtype=np.int64)
        self._cleared: set[bytes] = set()

    @property
    def remembers(self) -> bool:
        """Whether any sum was shown before."""
        return bool(self._shown)

    def copy(self) -> Gate:
        """Return a gate that remembers the same and may be asked what else could be shown."""
        found = Gate(self._amounts, self._rules)
        found._shown, found._keys = list(self._shown), set(self._keys)
        found._atom, found._cleared = self._atom, set(self._cleared)
        return found

    def shown_before(self, sum_of: Flags) -> None:
        """Remember a sum that is shown already, whatever it tells; ``sum_of``: [firms, months]."""
        key = np.packbits(sum_of).tobytes()
        if sum_of.any() and key not in self._keys:
            self._keys.add(key)
            self._shown.append(sum_of)
            self._atom = self._split(sum_of)

    def admits(self, sum_of: Flags) -> bool:
        """Say whether a sum may be shown beside the others, and remember it if so; ``sum_of``: [firms, months]."""
        if not self.may(sum_of):
            return False
        self.shown_before(sum_of)
        return True

    def may(self, sum_of: Flags) -> bool:
        """Say whether a sum may be shown beside the others; [firms, months]. A sum of nobody tells nothing."""
        if not sum_of.any() or np.packbits(sum_of).tobytes() in self._keys:
            return True
        if any(self._adds_up(sum_of, other) for other in self._shown):
            return True
        if self.tells(sum_of) or any(self._apart(sum_of, other) for other in self._shown):
            return False
        return not self._combined(sum_of)

    def tells(self, sum_of: Flags) -> bool:
        """Say whether a sum gives a firm away by itself: by threshold, dominance or the p-percent rule."""
        whose = sum_of.any(axis=1)
        each = -np.sort(-np.where(sum_of, self._amounts, 0.0).sum(axis=1)[whose])
        if not len(each):
            return False
        largest = np.zeros((1, max(len(each), 2)))
        largest[0, : len(each)] = each
        found = sensitive(np.array([len(each)]), np.array([each.sum()]), largest, self._rules)
        return bool(found[0])

    def _adds_up(self, sum_of: Flags, other: Flags) -> bool:
        """Say whether a sum is two that are shown, and so tells nothing new."""
        rest = sum_of & ~other
        return not (other & ~sum_of).any() and np.packbits(rest).tobytes() in self._keys

    def _apart(self, one: Flags, other: Flags) -> bool:
        """Say whether the difference of two sums gives a firm away.

        A difference with parts of both signs has no largest part; it must be over as many firms as a sum, or none.
        """
        more, less = one & ~other, other & ~one
        if more.any() and less.any():
            return int((more | less).any(axis=1).sum()) < self._rules.threshold
        return self.tells(more) or self.tells(less)

    def _split(self, sum_of: Flags) -> npt.NDArray[np.int64]:
        """Return the atoms once a sum is known too: what is in the same sums always is one unknown."""
        key = np.append(2 * self._atom + sum_of.ravel(), 0)  # so that what is in no sum keeps number 0
        found: npt.NDArray[np.int64] = np.unique(key, return_inverse=True)[1].ravel()[:-1]
        return found

    def _combined(self, sum_of: Flags) -> bool:
        """Say whether sums together single out a sensitive unknown, or a weighed sum of two."""
        if not (self._atom[sum_of.ravel()] > 0).any():
            return False  # nothing of it is in any other sum
        atoms = self._split(sum_of)
        label, first = np.unique(atoms, return_index=True)
        within = np.array([one.ravel()[first] for one in (*self._shown, sum_of)], dtype=np.float64)
        real = within.any(axis=0)
        unseen = null_space(within[:, real])
        names = label[real]
        norm = np.linalg.norm(unseen, axis=1)
        if any(self._gives_away(atoms, int(names[a])) for a in np.flatnonzero(norm < _ZERO)):
            return True
        return self._few(atoms, names, unseen)

    def _gives_away(self, atoms: npt.NDArray[np.int64], which: int) -> bool:
        members = (atoms == which).reshape(self._amounts.shape)
        key = np.packbits(members).tobytes()
        if key in self._cleared:
            return False
        found = self.tells(members)
        if not found:
            self._cleared.add(key)
        return found

    def _few(self, atoms: npt.NDArray[np.int64], names: npt.NDArray[np.int64], unseen: F64) -> bool:
        """Say whether a weighed sum of what one firm did is known, or of two unknowns of too few firms.

        Of one firm it is if what no shown sum sees has not the full rank on the unknowns of that firm alone; of two
        unknowns if what no shown sum sees of one is a multiple of what it sees of the other.
        """
        whose = self._whose(atoms)
        least = self._rules.threshold
        small = [i for i, n in enumerate(names) if len(whose[n]) < least]
        held: dict[frozenset[int], list[int]] = {}
        for i in small:
            held.setdefault(whose[names[i]], []).append(i)
        if any(np.linalg.matrix_rank(unseen[places], tol=_ZERO) < len(places) for places in held.values()):
            return True
        turned = unseen[small] / np.maximum(np.linalg.norm(unseen[small], axis=1), _ZERO)[:, None]
        alike = np.triu(np.abs(turned @ turned.T) > 1 - _ZERO, 1)
        return any(
            len(whose[names[small[a]]] | whose[names[small[b]]]) < least
            for a, b in zip(*np.nonzero(alike), strict=True)
        )

    def _whose(self, atoms: npt.NDArray[np.int64]) -> list[frozenset[int]]:
        """Return the firms of each atom."""
        firm = np.arange(atoms.size) // self._amounts.shape[1]
        pairs = np.unique(atoms * len(self._amounts) + firm)
        atom, who = np.divmod(pairs, len(self._amounts))
        return [frozenset(one.tolist()) for one in np.split(who, np.cumsum(np.bincount(atom))[:-1])]
