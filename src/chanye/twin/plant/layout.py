"""Twenty-four machines on two lines: where they stand, what they draw, how they fail."""

from __future__ import annotations

from dataclasses import dataclass

from chanye.twin.parts import HOUR, MINUTE


@dataclass(frozen=True, slots=True)
class Failure:
    """A named cause of failure: ``share`` of a machine's failures, repair between ``low`` and ``high`` [us]."""

    reason: str
    share: float
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Station:
    """A machine.

    ``stage``: what it does; machines of one line and stage are alternatives. ``idle_kw``, ``run_kw``: power [kW].
    ``setup``: mean time of a change of family [us]; ``tool_life``: pieces a tool lasts, 0 where none wears;
    ``mtbf``: mean run time between failures [us]; ``zone``: whose operator tends it.
    """

    code: str
    name: str
    line: str
    stage: str
    idle_kw: float
    run_kw: float
    setup: int
    tool_life: int
    mtbf: int
    zone: str
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A line: its stages in the order of the flow."""

    code: str
    name: str
    stages: tuple[str, ...]


#: Places for pieces of one operation between two machines: small, so that a stop is felt at both sides.
LANE = 6

_MECHANICAL = (
    Failure("DRIVE", 0.45, 12 * MINUTE, 45 * MINUTE),
    Failure("CLAMP", 0.35, 6 * MINUTE, 20 * MINUTE),
    Failure("COOLANT", 0.20, 4 * MINUTE, 15 * MINUTE),
)
_ELECTRIC = (
    Failure("SENSOR", 0.55, 5 * MINUTE, 20 * MINUTE),
    Failure("CONTROL", 0.30, 10 * MINUTE, 40 * MINUTE),
    Failure("PNEUMATIC", 0.15, 8 * MINUTE, 25 * MINUTE),
)
_WELD = (
    Failure("TORCH", 0.60, 6 * MINUTE, 25 * MINUTE),
    Failure("CLAMP", 0.25, 6 * MINUTE, 20 * MINUTE),
    Failure("CONTROL", 0.15, 10 * MINUTE, 40 * MINUTE),
)

_Row = tuple[str, str, str, float, float, int, int, int, tuple[Failure, ...]]

#: code, name, stage, idle kW, run kW, set-up [min], tool life [pieces], MTBF [h], failures
_A: tuple[_Row, ...] = (
    ("SAW-A1", "下料锯床 A1", "saw", 0.6, 3.2, 8, 500, 16, _MECHANICAL),
    ("TUR-A1", "数控车床 A1", "turn", 1.1, 6.5, 25, 220, 9, _MECHANICAL),
    ("TUR-A2", "数控车床 A2", "turn", 1.1, 6.8, 25, 220, 8, _MECHANICAL),
    ("MCT-A1", "加工中心 A1", "mill", 1.4, 8.4, 30, 180, 10, _MECHANICAL),
    ("MCT-A2", "加工中心 A2", "mill", 1.4, 8.1, 30, 180, 7, _MECHANICAL),
    ("BOR-A1", "镗孔专机 A1", "bore", 1.0, 5.6, 22, 250, 12, _MECHANICAL),
    ("DEB-A1", "去毛刺机 A1", "deburr", 0.5, 2.4, 6, 600, 20, _MECHANICAL),
    ("WSH-A1", "清洗机 A1", "wash", 2.2, 5.0, 5, 0, 24, _ELECTRIC),
    ("LKT-A1", "气密检测台 A1", "leak", 0.4, 1.2, 10, 0, 10, _ELECTRIC),
    ("PRS-A1", "压装机 A1", "press", 0.8, 3.4, 14, 0, 12, _ELECTRIC),
    ("ASM-A1", "螺接装配站 A1", "assemble", 0.5, 1.6, 12, 0, 11, _ELECTRIC),
    ("EOL-A1", "终检台 A1", "test", 0.5, 1.4, 8, 0, 14, _ELECTRIC),
)
_B: tuple[_Row, ...] = (
    ("STP-B1", "冲床 B1", "stamp", 1.5, 9.2, 28, 400, 8, _MECHANICAL),
    ("BND-B1", "折弯机 B1", "bend", 0.9, 4.8, 16, 500, 13, _MECHANICAL),
    ("WLD-B1", "焊接机器人 B1", "weld", 1.2, 8.8, 20, 260, 6, _WELD),
    ("WLD-B2", "焊接机器人 B2", "weld", 1.2, 8.6, 20, 260, 7, _WELD),
    ("SPT-B1", "点焊站 B1", "spot", 1.0, 7.4, 15, 300, 10, _WELD),
    ("GRD-B1", "打磨站 B1", "grind", 0.6, 3.6, 6, 200, 16, _MECHANICAL),
    ("PTR-B1", "前处理线 B1", "pretreat", 3.0, 6.2, 5, 0, 28, _ELECTRIC),
    ("PNT-B1", "喷涂室 B1", "paint", 2.8, 7.5, 24, 0, 10, _ELECTRIC),
    ("OVN-B1", "固化炉 B1", "cure", 6.0, 14.0, 10, 0, 24, _ELECTRIC),
    ("ASM-B1", "装配站 B1", "assemble", 0.5, 1.5, 12, 0, 12, _ELECTRIC),
    ("ASM-B2", "装配站 B2", "assemble", 0.5, 1.5, 12, 0, 12, _ELECTRIC),
    ("EOL-B1", "终检台 B1", "test", 0.5, 1.3, 8, 0, 14, _ELECTRIC),
)


def _stations(line: str, rows: tuple[_Row, ...]) -> tuple[Station, ...]:
    """Two machines that stand side by side are one operator's zone."""
    return tuple(
        Station(code, name, line, stage, idle, run, setup * MINUTE, life, mtbf * HOUR, f"{line}{i // 2 + 1}", causes)
        for i, (code, name, stage, idle, run, setup, life, mtbf, causes) in enumerate(rows)
    )


STATIONS: tuple[Station, ...] = _stations("A", _A) + _stations("B", _B)
LINES: tuple[Line, ...] = (
    Line("A", "A线 压缩机壳体加工装配", tuple(dict.fromkeys(row[2] for row in _A))),
    Line("B", "B线 支架焊接涂装装配", tuple(dict.fromkeys(row[2] for row in _B))),
)
ZONES: tuple[str, ...] = tuple(dict.fromkeys(station.zone for station in STATIONS))
