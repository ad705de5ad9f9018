"""The production time per part that a machine showed: what a planned run time may be compared with. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chanye.kernel.intervals import I64
from chanye.spine.history.types import F64


@dataclass(frozen=True, slots=True)
class Cycle:
    """Production time per part [s]: the median and the middle half, over ``parts`` parts."""

    median: float
    low: float
    high: float
    parts: float


@dataclass(frozen=True, slots=True)
class Rises:
    """Rises of a part counter in time order: columns of equal length; ``across_gap``: when it rose is not known."""

    time: I64
    count: F64
    across_gap: npt.NDArray[np.bool_]


def observed_cycles(
    edge: I64, state: npt.NDArray[np.object_], rises: Rises, program_start: I64, program_text: Sequence[str]
) -> dict[str, Cycle]:
    """Return the production time per part by program, and of all parts under the empty name.

    For each rise of the counter: the time the machine ran since the rise before, divided by the parts that appeared.
    Set-up, stops and waiting between two parts are left out, as ISO 22400-2 leaves them out of APT. A rise counts
    only if nothing between the two is unknown and one program ran throughout.

    Parameters
    ----------
    edge, state
        k + 1 rising moments [us UTC] and the k state classes between them.
    rises
        n rises within the edges.
    program_start, program_text
        When each program began, rising [us UTC], and its name.
    """
    if len(rises.time) < 2 or len(edge) < 2:
        return {}
    run, dark = (_spent(edge, state, name, rises.time) for name in ("running", "unknown"))
    which = np.searchsorted(program_start, rises.time, side="left") - 1
    fit = (which[1:] == which[:-1]) & ~rises.across_gap[1:] & (dark == 0) & (run > 0) & (rises.count[1:] > 0)
    seconds = run[fit] / rises.count[1:][fit] / 1e6
    parts = rises.count[1:][fit]
    names = np.array([str(program_text[i]) if i >= 0 else "" for i in which[1:][fit].tolist()], object)
    found = {str(name): _cycle(seconds[names == name], parts[names == name]) for name in np.unique(names) if name}
    return found | ({"": _cycle(seconds, parts)} if len(seconds) else {})


def _spent(edge: I64, state: npt.NDArray[np.object_], name: str, at: I64) -> F64:
    """Return how long the machine was in a state between neighbours of ``at`` [us]."""
    done = np.concatenate([[0], np.cumsum(np.diff(edge) * (state == name))])
    # times since the first edge fit a double exactly for 285 years
    return np.diff(np.interp((at - edge[0]).astype(np.float64), (edge - edge[0]).astype(np.float64), done))


def _cycle(seconds: F64, parts: F64) -> Cycle:
    low, middle, high = np.percentile(seconds, [25, 50, 75]).tolist()
    return Cycle(middle, low, high, float(parts.sum()))
