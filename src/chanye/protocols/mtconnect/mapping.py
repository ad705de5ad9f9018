"""What a data item means here: role, kind of series, UCUM unit, classes of its states.

Execution follows MTConnect Part 2, "Execution", read for the seven classes of the product: a machine that cuts
is *running*; one that waits for a person, a part or the next cycle is *waiting*; one that somebody or something
stopped in mid-cycle is *stopped*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from chanye.kernel.errors import ConfigError
from chanye.kernel.unit_names import ucum_of_mtconnect
from chanye.kernel.units import compatible, convert
from chanye.protocols.mtconnect.model import DataItem

Kind = Literal["analog", "state", "counter", "text"]

EXECUTION: Mapping[str, str] = {
    "ACTIVE": "running",
    "READY": "waiting",
    "WAIT": "waiting",
    "STOPPED": "stopped",
    "PROGRAM_STOPPED": "waiting",
    "PROGRAM_COMPLETED": "waiting",
    "OPTIONAL_STOP": "waiting",
    "PROGRAM_OPTIONAL_STOP": "waiting",
    "INTERRUPTED": "stopped",
    "FEED_HOLD": "stopped",
}

#: Type -> (role, kind). Kind None: numbers if the item has a unit, else text.
TYPES: Mapping[str, tuple[str | None, Kind | None]] = {
    "EXECUTION": ("execution", "state"),
    "CONTROLLER_MODE": ("mode", "state"),
    "AVAILABILITY": ("availability", "state"),
    "EMERGENCY_STOP": ("emergency_stop", "state"),
    "PROGRAM": ("program", "text"),
    "PART_COUNT": ("part_count", "counter"),
    "LINE": ("line", "analog"),
    "LINE_NUMBER": ("line", "analog"),
    "TOOL_NUMBER": ("tool", "analog"),
    "TOOL_ID": ("tool", "text"),
    "ROTARY_VELOCITY": ("spindle_speed", "analog"),
    "SPINDLE_SPEED": ("spindle_speed", "analog"),
    "PATH_FEEDRATE": ("feed_rate", "analog"),
    "PATH_FEEDRATE_OVERRIDE": ("feed_override", "analog"),
    "WATTAGE": ("power", "analog"),
    "ELECTRICAL_ENERGY": ("energy", "counter"),
    "ACCUMULATED_TIME": (None, "counter"),
    "POWER_STATE": (None, "state"),
    "ROTARY_MODE": (None, "state"),
    "AXIS_STATE": (None, "state"),
    "DOOR_STATE": (None, "state"),
    "CHUCK_STATE": (None, "state"),
    "PATH_MODE": (None, "state"),
    "FUNCTIONAL_MODE": (None, "state"),
    "CONTROLLER_MODE_OVERRIDE": (None, "state"),
    "ACTUATOR_STATE": (None, "state"),
    "VALVE_STATE": (None, "state"),
    "MACHINE_AXIS_LOCK": (None, "state"),
}

#: Sub-types that are the main reading of their type; any other sub-type has no role.
_MAIN = {"", "ACTUAL", "ALL", "ACTIVE", "COMPLETE"}

#: PART_COUNT sub-types that are not counted up: what is wanted or left.
_NOT_COUNTED = {"TARGET", "REMAINING"}

_AXES = ("x", "y", "z")


@dataclass(frozen=True, slots=True)
class Meaning:
    """How an item's readings are kept.

    ``unit`` (UCUM) is empty where the item has no unit that is understood: its readings are refused,
    ``wrong_unit``. ``native`` is the unit in which adapters send it, after dividing by ``scale``.
    ``axes`` holds the suffixes of a three-dimensional reading.
    """

    role: str | None
    kind: Kind
    unit: str
    states: Mapping[str, str] = field(default_factory=dict)
    native: str = ""
    scale: float = 1.0
    axes: tuple[str, ...] = ()

    def from_native(self, value: float) -> float:
        """Return a value that an adapter sent in [unit]."""
        return convert(value / self.scale, self.native or self.unit, self.unit)


def meaning_of(item: DataItem) -> Meaning:
    """Return what a data item means."""
    if item.category == "CONDITION":
        return Meaning("alarm", "state", "1")
    if item.representation in {"DATA_SET", "TABLE"}:
        return Meaning(None, "text", "1")
    role, kind = TYPES.get(item.type, (None, None))
    if item.sub_type not in _MAIN:
        role = None
    if item.type == "PART_COUNT":
        counted = item.sub_type not in _NOT_COUNTED
        role = "scrap_count" if item.sub_type == "BAD" else role
        return Meaning(role, "counter" if counted else "analog", "{part}")
    if kind is None:
        kind = "analog" if item.category == "SAMPLE" or item.units else "text"
    if kind in {"state", "text"}:
        return Meaning(role, kind, "1", EXECUTION if role == "execution" else {})
    return _number(item, role, kind)


def _number(item: DataItem, role: str | None, kind: Kind) -> Meaning:
    if not item.units and item.category == "EVENT":
        return Meaning(role, kind, "1")
    unit = _ucum(item.units)
    native = _ucum(item.native_units) if item.native_units else unit
    if not unit or not native or not compatible(native, unit):
        return Meaning(None, kind, "")
    axes = _AXES if item.units.endswith("_3D") else ()
    return Meaning(role, kind, unit, {}, native, item.native_scale or 1.0, axes)


def _ucum(name: str) -> str:
    try:
        return ucum_of_mtconnect(name)
    except ConfigError:
        return ""
