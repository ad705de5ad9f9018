"""Lines and plants: simulated, buffered, balanced, sequenced."""

from chanye.engines.lines.buffers import Allocation, allocate, allocate_for
from chanye.engines.lines.carplant import Assumptions, car_plant
from chanye.engines.lines.outcome import STATES, Estimate, Outcome, compare, estimate
from chanye.engines.lines.robust import Plan, Promise, promise
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
    "Allocation",
    "Assumptions",
    "Breakdown",
    "Calendar",
    "Estimate",
    "Line",
    "Link",
    "Outcome",
    "Plan",
    "Power",
    "Promise",
    "Rework",
    "Runs",
    "SetUp",
    "Station",
    "Time",
    "ToolChange",
    "allocate",
    "allocate_for",
    "car_plant",
    "compare",
    "estimate",
    "promise",
    "serial",
    "simulate",
]
