"""Lines and plants: simulated, buffered, balanced, sequenced."""

from chanye.engines.lines.outcome import STATES, Estimate, Outcome, compare, estimate
from chanye.engines.lines.simulate import simulate
from chanye.engines.lines.types import (
    Breakdown,
    Calendar,
    Line,
    Link,
    Power,
    Rework,
    Runs,
    SetUp,
    Station,
    Time,
    ToolChange,
    serial,
)

__all__ = [
    "STATES",
    "Breakdown",
    "Calendar",
    "Estimate",
    "Line",
    "Link",
    "Outcome",
    "Power",
    "Rework",
    "Runs",
    "SetUp",
    "Station",
    "Time",
    "ToolChange",
    "compare",
    "estimate",
    "serial",
    "simulate",
]
