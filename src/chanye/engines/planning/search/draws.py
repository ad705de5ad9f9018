"""Random numbers of a search: one 64-bit word that travels with it, so that equal seeds give equal searches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chanye.engines.jit import spliced

U64 = NDArray[np.uint64]


def seeded(seed: int) -> U64:
    """Return the state of a stream; shape (1,)."""
    return np.random.SeedSequence(seed).generate_state(1, np.uint64) | np.uint64(1)


@spliced
def below(state: U64, n: int) -> int:
    """Draw an integer in 0..n-1 (xorshift64*; Vigna 2016, doi:10.1145/2845077)."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    word = (x * np.uint64(2685821657736338717)) >> np.uint64(33)
    # signed, or the compiler would take sums with it for fractions
    return np.int64(word % np.uint64(n))  # type: ignore[return-value]  # an int once compiled
