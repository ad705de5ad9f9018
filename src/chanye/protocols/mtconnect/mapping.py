"""What a data item means here: role, kind of series, UCUM unit, classes of its states.

Execution follows MTConnect Part 2, "Execution", read for the seven classes of the product: a machine that cuts
is *running*; one that waits for a person, a part or the next cycle is *waiting*; one that somebody or something
stopped in mid-cycle is *stopped*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from chanye.protocols.mtconnect.model import DataItem

Kind = Literal["analog", "state", "counter", "text"]

#: MTConnect unit -> UCUM code.
UNITS: Mapping[str, str] = {
    "AMPERE": "A",
    "CELSIUS": "Cel",
    "COUNT": "1",
    "CUBIC_MILLIMETER": "mm3",
    "DECIBEL": "dB",
    "DEGREE": "deg",
    "DEGREE/SECOND": "deg/s",
    "DEGREE/SECOND^2": "deg/s2",
    "HERTZ": "Hz",
    "JOULE": "J",
    "KILOGRAM": "kg",
    "LITER": "L",
    "LITER/SECOND": "L/s",
    "MILLIMETER": "mm",
    "MILLIMETER/REVOLUTION": "mm",
    "MILLIMETER/SECOND": "mm/s",
    "MILLIMETER/SECOND^2": "mm/s2",
    "NEWTON": "N",
    "NEWTON_METER": "N.m",
    "OHM": "Ohm",
    "PASCAL": "Pa",
    "PERCENT": "%",
    "PH": "[pH]",
    "REVOLUTION/MINUTE": "{rev}/min",
    "REVOLUTION/SECOND": "{rev}/s",
    "SECOND": "s",
    "VOLT": "V",
    "VOLT_AMPERE": "V.A",
    "VOLT_AMPERE_REACTIVE": "var",
    "WATT": "W",
    "WATT_SECOND": "W.s",
}

#: MTConnect native unit -> (MTConnect unit, factor, offset): unit value = native * factor + offset.
#: Exact by definition of the inch (25.4 mm), pound (0.45359237 kg) and kelvin.
NATIVE: Mapping[str, tuple[str, float, float]] = {
    "DEGREE/MINUTE": ("DEGREE/SECOND", 1 / 60, 0.0),
    "FAHRENHEIT": ("CELSIUS", 5 / 9, -160 / 9),
    "FOOT": ("MILLIMETER", 304.8, 0.0),
    "FOOT/MINUTE": ("MILLIMETER/SECOND", 5.08, 0.0),
    "FOOT/SECOND": ("MILLIMETER/SECOND", 304.8, 0.0),
    "GRAM": ("KILOGRAM", 0.001, 0.0),
    "HOUR": ("SECOND", 3600.0, 0.0),
    "INCH": ("MILLIMETER", 25.4, 0.0),
    "INCH/MINUTE": ("MILLIMETER/SECOND", 25.4 / 60, 0.0),
    "INCH/SECOND": ("MILLIMETER/SECOND", 25.4, 0.0),
    "KELVIN": ("CELSIUS", 1.0, -273.15),
    "KILOWATT": ("WATT", 1000.0, 0.0),
    "KILOWATT_HOUR": ("WATT_SECOND", 3.6e6, 0.0),
    "METER": ("MILLIMETER", 1000.0, 0.0),
    "MILLIMETER/MINUTE": ("MILLIMETER/SECOND", 1 / 60, 0.0),
    "MILLISECOND": ("SECOND", 0.001, 0.0),
    "MINUTE": ("SECOND", 60.0, 0.0),
    "POUND": ("KILOGRAM", 0.45359237, 0.0),
    "RADIAN": ("DEGREE", 57.29577951308232, 0.0),
    "REVOLUTION/SECOND": ("REVOLUTION/MINUTE", 60.0, 0.0),
}

EXECUTION: Mapping[str, str] = {
    "ACTIVE": "running",
    "READY": "waiting",
    "WAIT": "waiting",
    "STOPPED": "waiting",
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

STATES: Mapping[str, Mapping[str, str]] = {
    "execution": EXECUTION,
    "emergency_stop": {"ARMED": "unknown", "TRIGGERED": "fault"},
    "alarm": {"NORMAL": "unknown", "WARNING": "waiting", "FAULT": "fault"},
}

_AXES = ("x", "y", "z")


@dataclass(frozen=True, slots=True)
class Meaning:
    """How an item's readings are kept.

    ``unit`` is empty where the item has no unit that is understood: its readings are refused, ``wrong_unit``.
    ``factor`` and ``offset`` turn the native unit, in which adapters send, into ``unit``.
    ``axes`` holds the suffixes of a three-dimensional reading.
    """

    role: str | None
    kind: Kind
    unit: str
    states: Mapping[str, str] = field(default_factory=dict)
    factor: float = 1.0
    offset: float = 0.0
    axes: tuple[str, ...] = ()


def meaning_of(item: DataItem) -> Meaning:
    """Return what a data item means."""
    if item.category == "CONDITION":
        return Meaning("alarm", "state", "1", STATES["alarm"])
    if item.representation in {"DATA_SET", "TABLE"}:
        return Meaning(None, "text", "1")
    role, kind = TYPES.get(item.type, (None, None))
    if item.sub_type not in _MAIN:
        role = None
    if item.type == "PART_COUNT":
        counted = item.sub_type not in _NOT_COUNTED
        return Meaning(role, "counter" if counted else "analog", "{part}")
    if kind is None:
        kind = "analog" if item.category == "SAMPLE" or item.units in UNITS else "text"
    if kind in {"state", "text"}:
        return Meaning(role, kind, "1", STATES.get(role or "", {}))
    return _number(item, role, kind)


def _number(item: DataItem, role: str | None, kind: Kind) -> Meaning:
    units, axes = (item.units[:-3], _AXES) if item.units.endswith("_3D") else (item.units, ())
    if not units and item.category == "EVENT":
        return Meaning(role, kind, "1")
    unit = UNITS.get(units, "")
    scale = _scale(item, units)
    if not unit or scale is None:
        return Meaning(None, kind, "")
    return Meaning(role, kind, unit, {}, scale[0], scale[1], axes)


def _scale(item: DataItem, units: str) -> tuple[float, float] | None:
    """Return factor and offset from the native unit, None where the two do not belong together.

    ``nativeScale`` divides first (MTConnect Part 2: the native value is a multiple of the scale).
    """
    native = item.native_units[:-3] if item.native_units.endswith("_3D") else item.native_units
    step = 1.0 / item.native_scale if item.native_scale else 1.0
    if not native or native == units:
        return step, 0.0
    known = NATIVE.get(native)
    if known is None or known[0] != units:
        return None
    return known[1] * step, known[2]
