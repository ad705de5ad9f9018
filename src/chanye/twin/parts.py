"""The CNC shop's master data: six machines, what they make, when they work."""

from __future__ import annotations

from dataclasses import dataclass

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Step:
    """One tool's work within a cycle: ``share`` of the cycle time, speed [/min], feed [mm/s], power [kW]."""

    tool: str
    share: float
    spindle: float
    feed: float
    power: float


@dataclass(frozen=True, slots=True)
class Part:
    """A part: its program, cycle and load time [s], its lot, and the steps of one cycle."""

    program: str
    name: str
    cycle: float
    load: float
    lot: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine.

    ``shifts`` are working periods within the local day [minutes from midnight]; ``says`` the items its control
    offers, all that are known if empty.
    """

    code: str
    name: str
    model: str
    serial: str
    idle_kw: float
    shifts: tuple[tuple[int, int], ...]
    parts: tuple[Part, ...]
    rests_on_sunday: bool = True
    says: tuple[str, ...] = ()


def _hm(*periods: str) -> tuple[tuple[int, int], ...]:
    """Read ``08:00-12:00`` periods into minutes from midnight."""

    def minutes(text: str) -> int:
        hours, rest = text.split(":")
        return int(hours) * 60 + int(rest)

    pairs = (period.split("-") for period in periods)
    return tuple((minutes(first), minutes(last)) for first, last in pairs)


#: Three shifts (lights-out cells), two shifts, one shift; breaks are staggered as on a real floor.
THREE_SHIFTS = _hm("00:00-04:00", "04:30-08:00", "08:10-12:00", "12:30-16:00", "16:10-20:00", "20:30-24:00")
TWO_SHIFTS_A = _hm("08:00-11:30", "12:00-16:00", "16:10-19:30", "20:00-24:00")
TWO_SHIFTS_B = _hm("08:00-12:00", "12:30-16:00", "16:10-20:00", "20:30-24:00")
DAY_SHIFT = _hm("08:00-12:00", "13:00-17:30")

_HOUSING = Part(
    "O1201",
    "水泵壳体",
    412,
    38,
    60,
    (
        Step("1", 0.30, 3200, 18.0, 6.4),
        Step("5", 0.25, 5200, 12.5, 4.9),
        Step("9", 0.20, 1400, 4.2, 7.8),
        Step("12", 0.25, 8000, 22.0, 4.1),
    ),
)
_BRACKET = Part(
    "O1207",
    "电机支架",
    286,
    30,
    90,
    (Step("1", 0.40, 4200, 24.0, 5.6), Step("3", 0.35, 6000, 16.0, 4.4), Step("10", 0.25, 900, 3.1, 5.2)),
)
_KNUCKLE = Part(
    "O2305",
    "转向节",
    545,
    45,
    45,
    (
        Step("2", 0.35, 2600, 15.0, 9.2),
        Step("6", 0.25, 3400, 11.0, 8.1),
        Step("11", 0.20, 1100, 3.6, 10.4),
        Step("18", 0.20, 7200, 19.0, 6.0),
    ),
)
_GEARCASE = Part(
    "O2311",
    "变速箱端盖",
    468,
    40,
    50,
    (Step("2", 0.45, 3000, 17.0, 8.4), Step("7", 0.30, 5600, 13.0, 6.9), Step("15", 0.25, 1300, 4.0, 9.0)),
)
_SHAFT = Part(
    "O3102",
    "输入轴",
    238,
    22,
    120,
    (Step("101", 0.45, 1800, 5.5, 7.1), Step("303", 0.35, 2600, 3.2, 5.0), Step("505", 0.20, 1200, 2.0, 4.2)),
)
_BLANK = Part(
    "O3110",
    "齿轮坯",
    196,
    20,
    140,
    (Step("101", 0.55, 1500, 6.0, 7.8), Step("202", 0.45, 2200, 4.0, 5.6)),
)
_SPOOL = Part("O4021", "阀芯", 324, 26, 70, (Step("1", 0.70, 1650, 0.9, 3.8), Step("2", 0.30, 1900, 0.4, 2.9)))
_SLEEVE = Part("O4030", "轴承套", 372, 28, 60, (Step("1", 0.65, 1500, 0.8, 4.0), Step("3", 0.35, 1800, 0.5, 3.1)))

MACHINES: tuple[Machine, ...] = (
    Machine("VMC-01", "立式加工中心 1", "VMC850", "SIM-0001", 1.3, THREE_SHIFTS, (_HOUSING, _BRACKET), False),
    Machine("VMC-02", "立式加工中心 2", "VMC850", "SIM-0002", 1.2, TWO_SHIFTS_A, (_BRACKET, _HOUSING)),
    Machine("HMC-01", "卧式加工中心 1", "HMC630", "SIM-0003", 2.1, THREE_SHIFTS, (_KNUCKLE, _GEARCASE), False),
    Machine("CNC-01", "数控车床 1", "CK6150", "SIM-0004", 0.9, TWO_SHIFTS_B, (_SHAFT, _BLANK)),
    Machine("CNC-02", "数控车床 2", "CK6150", "SIM-0005", 0.9, TWO_SHIFTS_A, (_BLANK, _SHAFT)),
    Machine("GRD-01", "数控磨床 1", "MK1320", "SIM-0006", 0.8, DAY_SHIFT, (_SPOOL, _SLEEVE)),
)
