"""Sixty products: families that share a set-up, routings of three to eight steps, cycle times and scrap."""

from __future__ import annotations

import random
from dataclasses import dataclass

from chanye.twin.plant.layout import LINES

SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a routing.

    ``cycle`` of the machine [us], ``defect``: share of pieces that go wrong with a fresh tool and a good set-up;
    ``mends``: share of these that can be mended by doing the step again.
    """

    number: int
    stage: str
    cycle: int
    defect: float
    mends: float


@dataclass(frozen=True, slots=True)
class Product:
    """A product; ``material_fen``: cost of what one piece is made of."""

    code: str
    name: str
    line: str
    family: str
    steps: tuple[Step, ...]
    material: str
    material_fen: int

    def program(self, step: int) -> str:
        """Return the NC program of a step (its index)."""
        return f"{self.code}-{self.steps[step].number}"


#: family -> name, line, stages every member passes, stages some members pass, mean cycle [s], material
_FAMILIES: dict[str, tuple[str, str, tuple[str, ...], tuple[str, ...], int, str]] = {
    "AF": ("压缩机前壳", "A", ("turn", "mill", "wash", "leak", "test"), ("bore", "deburr", "press"), 62, "AL-CAST"),
    "AR": ("压缩机后盖", "A", ("turn", "bore", "wash", "test"), ("deburr", "leak", "assemble"), 54, "AL-CAST"),
    "AC": ("气缸体", "A", ("saw", "turn", "mill", "wash", "leak", "test"), ("bore", "press"), 70, "AL-BAR"),
    "AV": ("阀板", "A", ("mill", "deburr", "wash"), ("leak", "test"), 44, "ST-PLATE"),
    "AM": ("压缩机总成", "A", ("wash", "press", "assemble", "test"), ("leak",), 58, "KIT-A"),
    "BB": (
        "压缩机支架",
        "B",
        ("stamp", "bend", "weld", "paint", "cure", "test"),
        ("grind", "pretreat"),
        60,
        "ST-COIL",
    ),
    "BC": ("冷凝器边框", "B", ("stamp", "spot", "pretreat", "paint", "cure"), ("grind",), 52, "ST-COIL"),
    "BT": ("管路支座", "B", ("bend", "weld", "grind"), ("assemble", "test"), 48, "ST-TUBE"),
    "BF": (
        "风扇护罩",
        "B",
        ("stamp", "bend", "spot", "paint", "cure", "assemble"),
        ("pretreat", "test"),
        66,
        "ST-COIL",
    ),
    "BM": ("冷凝风扇总成", "B", ("pretreat", "assemble", "test"), ("cure",), 56, "KIT-B"),
}
#: Members of each family.
MEMBERS = 6


def _product(family: str, number: int, dice: random.Random) -> Product:
    name, line, always, sometimes, mean, material = _FAMILIES[family]
    flow = next(one.stages for one in LINES if one.code == line)
    chosen = {*always, *(stage for i, stage in enumerate(sometimes) if number >> i & 1)}
    size = dice.uniform(0.8, 1.25)
    steps = tuple(
        Step(
            (i + 1) * 10,
            stage,
            round(mean * size * dice.uniform(0.75, 1.15)) * SECOND,
            round(dice.uniform(0.002, 0.010), 4),
            0.6 if stage in ("weld", "paint", "press", "assemble", "leak") else 0.25,
        )
        for i, stage in enumerate(stage for stage in flow if stage in chosen)
    )
    fen = round(dice.uniform(900, 4200))
    return Product(f"{family}-{number + 1:02d}", f"{name} {number + 1:02d}", line, family, steps, material, fen)


def _products() -> tuple[Product, ...]:
    dice = random.Random("catalogue")  # noqa: S311  # a model, not a secret
    return tuple(_product(family, number, dice) for family in _FAMILIES for number in range(MEMBERS))


PRODUCTS: tuple[Product, ...] = _products()
FAMILY_NAMES: dict[str, str] = {family: row[0] for family, row in _FAMILIES.items()}
#: Names of stages.
STAGE_NAMES: dict[str, str] = {
    "saw": "下料",
    "turn": "车削",
    "mill": "铣削",
    "bore": "镗孔",
    "deburr": "去毛刺",
    "wash": "清洗",
    "leak": "气密检测",
    "press": "压装",
    "assemble": "装配",
    "test": "终检",
    "stamp": "冲压",
    "bend": "折弯",
    "weld": "弧焊",
    "spot": "点焊",
    "grind": "打磨",
    "pretreat": "前处理",
    "paint": "喷涂",
    "cure": "固化",
}
#: Reasons of a stop: code -> name, group.
STOPS: dict[str, tuple[str, str]] = {
    "SETUP": ("换型调机", "planned"),
    "FIRST": ("首检", "planned"),
    "TOOL": ("换刀", "planned"),
    "MINOR": ("小停机", "minor"),
    "DRIVE": ("主轴/传动故障", "failure"),
    "CLAMP": ("夹具故障", "failure"),
    "COOLANT": ("冷却液故障", "failure"),
    "SENSOR": ("传感器故障", "failure"),
    "CONTROL": ("控制系统故障", "failure"),
    "PNEUMATIC": ("气动故障", "failure"),
    "TORCH": ("焊枪故障", "failure"),
    "BREAKAGE": ("刀具断裂", "failure"),
    "MATERIAL": ("缺料", "waiting"),
    "OPERATOR": ("等人", "waiting"),
    "QUALITY": ("质量停线", "quality"),
    "BLOCKED": ("堵料", "line"),
    "STARVED": ("待料（上道工序）", "line"),
    "NOORDER": ("无任务", "planned"),
}
#: Reasons of scrap and rework: code -> name; why a piece went wrong.
DEFECTS: dict[str, str] = {"WEAR": "刀具磨损超差", "ADJUST": "调机不良", "PROCESS": "过程偶发"}
