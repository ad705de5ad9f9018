"""One call for a line: the recursion where it applies, the event engine for the rest."""

from __future__ import annotations

import numpy as np

from chanye.engines.lines import events
from chanye.engines.lines.check import require_sound
from chanye.engines.lines.outcome import Outcome, read
from chanye.engines.lines.recursion import applies, compile_flow, trace
from chanye.engines.lines.types import Line, Runs
from chanye.kernel.errors import ConfigError

#: More station-operations than this in one call are refused: about an hour on one core.
MOST = 100_000_000_000


def simulate(line: Line, runs: Runs) -> Outcome:
    """Simulate a line.

    Raises
    ------
    ConfigError
        If the description is not sound, naming every problem, or the run is too big.
    """
    require_size(line, runs)
    require_sound(line)
    which = np.arange(runs.replications)
    if applies(line):
        found, _events = events.trace(events.compile_shop(line), parts=runs.parts, seed=runs.seed, replications=which)
        return read(line, list(range(len(line.stations))), found, runs.warm_up)
    flow = compile_flow(line)
    return read(line, flow.order, trace(flow, parts=runs.parts, seed=runs.seed, replications=which), runs.warm_up)


def require_size(line: Line, runs: Runs) -> None:
    """Refuse runs without parts or too big to end."""
    if runs.parts < 1 or runs.replications < 1:
        raise ConfigError("Simulate at least one part in one replication.")
    if runs.warm_up is not None and not 0 <= runs.warm_up < runs.parts:
        raise ConfigError("The warm-up must leave parts to be counted.")
    if runs.parts * runs.replications * len(line.stations) > MOST or runs.parts * runs.replications > 2**28:
        raise ConfigError("That is too much for one call: simulate fewer parts or replications.")
