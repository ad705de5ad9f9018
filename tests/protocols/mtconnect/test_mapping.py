"""What data items mean. Vocabularies are checked against a package generated from the standard's own model."""

from pathlib import Path

import pytest

from chanye.protocols.mtconnect.mapping import EXECUTION, meaning_of
from chanye.protocols.mtconnect.model import DataItem, parse_probe
from shared_data import shared_data


def item(type_, category="EVENT", **more):
    return DataItem("i", "n", category, type_, **more)


def words(enumeration):
    """The members of an enumeration of ``pymtconnect``, read as text: importing it takes seconds."""
    package = pytest.importorskip("pymtconnect")
    path = Path(package.__file__).parent / "Enums" / "DataTypes" / f"{enumeration}.py"
    lines = [line.partition(" = ") for line in path.read_text().splitlines()]
    return {value.strip().strip('"') for name, _, value in lines if name.strip().isupper() and value}


def test_every_state_of_execution_has_a_class():
    assert words("ExecutionEnum") <= set(EXECUTION)
    assert {EXECUTION[state] for state in ("FEED_HOLD", "INTERRUPTED")} == {"stopped"}
    assert {state for state, kind in EXECUTION.items() if kind == "running"} == {"ACTIVE"}


def test_all_units_of_the_standard_are_understood():
    named = {word.replace("_PER_", "/").replace("_SQUARED", "^2") for word in words("UnitEnum")}
    refused = {unit for unit in named if not meaning_of(item("X", "SAMPLE", units=unit)).unit}
    assert refused == set()


@pytest.mark.parametrize(
    ("one", "role", "kind", "unit"),
    [
        (item("EXECUTION"), "execution", "state", "1"),
        (item("CONTROLLER_MODE"), "mode", "state", "1"),
        (item("AVAILABILITY"), "availability", "state", "1"),
        (item("EMERGENCY_STOP"), "emergency_stop", "state", "1"),
        (item("PROGRAM"), "program", "text", "1"),
        (item("PROGRAM", sub_type="MAIN"), None, "text", "1"),
        (item("PART_COUNT"), "part_count", "counter", "{part}"),
        (item("PART_COUNT", sub_type="ALL"), "part_count", "counter", "{part}"),
        (item("PART_COUNT", sub_type="BAD"), "scrap_count", "counter", "{part}"),
        (item("PART_COUNT", sub_type="TARGET"), None, "analog", "{part}"),
        (item("PATH_FEEDRATE", "SAMPLE", units="MILLIMETER/SECOND"), "feed_rate", "analog", "mm/s"),
        (item("PATH_FEEDRATE_OVERRIDE", units="PERCENT"), "feed_override", "analog", "%"),
        (item("PATH_FEEDRATE_OVERRIDE", sub_type="RAPID", units="PERCENT"), None, "analog", "%"),
        (item("ROTARY_VELOCITY_OVERRIDE", units="PERCENT"), None, "analog", "%"),
        (item("WATTAGE", "SAMPLE", units="WATT"), "power", "analog", "W"),
        (item("ACCUMULATED_TIME", "SAMPLE", units="SECOND"), None, "counter", "s"),
        (item("LINE"), "line", "analog", "1"),
        (item("SYSTEM", "CONDITION"), "alarm", "state", "1"),
        (item("VARIABLE", representation="DATA_SET"), None, "text", "1"),
        (item("x:ANYTHING"), None, "text", "1"),
        (item("x:FLUX", "SAMPLE", units="x:FURLONG"), None, "analog", ""),
        (item("LOAD", "SAMPLE", units="PERCENT", native_units="INCH"), None, "analog", ""),
    ],
)
def test_meanings(one, role, kind, unit):
    found = meaning_of(one)
    assert (found.role, found.kind, found.unit) == (role, kind, unit)


@pytest.mark.parametrize("type_", ["ROTARY_VELOCITY", "SPINDLE_SPEED"])
def test_spindle_speed(type_):
    found = meaning_of(item(type_, "SAMPLE", sub_type="ACTUAL", units="REVOLUTION/MINUTE"))
    assert (found.role, found.kind) == ("spindle_speed", "analog")
    assert found.unit


@pytest.mark.parametrize(
    ("native", "units", "value", "expected"),
    [
        # By definition: inch 25.4 mm; 212 F = 100 Cel; full turn 360 deg; kilowatt-hour 3.6 MJ.
        ("INCH", "MILLIMETER", 2.0, 50.8),
        ("INCH/MINUTE", "MILLIMETER/SECOND", 60.0, 25.4),
        ("FOOT/MINUTE", "MILLIMETER/SECOND", 1.0, 5.08),
        ("FAHRENHEIT", "CELSIUS", 212.0, 100.0),
        ("KELVIN", "CELSIUS", 273.15, 0.0),
        ("RADIAN", "DEGREE", 3.141592653589793, 180.0),
        ("KILOWATT_HOUR", "WATT_SECOND", 1.0, 3.6e6),
        ("DEGREE/MINUTE", "DEGREE/SECOND", 60.0, 1.0),
        ("HOUR", "SECOND", 1.0, 3600.0),
        ("MILLIMETER", "MILLIMETER", 7.0, 7.0),
    ],
)
def test_native_units(native, units, value, expected):
    found = meaning_of(item("X", "SAMPLE", units=units, native_units=native))
    assert found.from_native(value) == pytest.approx(expected, abs=1e-12)


def test_native_scale_divides_and_three_dimensions_are_three_series():
    found = meaning_of(
        item("PATH_POSITION", "SAMPLE", units="MILLIMETER_3D", native_units="INCH_3D", native_scale=1000.0)
    )
    assert (found.axes, found.unit) == (("x", "y", "z"), "mm")
    assert found.from_native(2000) == pytest.approx(50.8)


def test_a_real_shop_only_loses_readings_whose_unit_nobody_gave():
    devices = parse_probe(shared_data("mtconnect/Devices.xml").read_bytes()).devices
    items = [item for device in devices for item in device.all_items()]
    refused = [item for item in items if not meaning_of(item).unit]
    assert {item.units for item in refused} == {""}
    assert len(refused) < len(items) / 20
