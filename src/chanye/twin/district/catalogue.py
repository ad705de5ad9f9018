"""The district's firms: who they are, what they upgraded and when, what is wrong with their meters, who cheats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

#: What can be measured of a firm; lower is better of all but ``output``.
Measure = Literal["energy_per_piece", "labour_per_piece", "defect_rate", "unit_cost", "output"]
MEASURES: tuple[Measure, ...] = ("energy_per_piece", "labour_per_piece", "defect_rate", "unit_cost", "output")
Shift = Literal["day", "two", "three"]
Trouble = Literal["dark", "stuck", "exchanged", "moved_in"]

#: Towns and streets of the district with roughly where they lie (WGS-84 latitude, longitude).
TOWNS: tuple[tuple[str, float, float], ...] = (
    ("双凤桥街道", 29.723, 106.648),
    ("回兴街道", 29.697, 106.622),
    ("龙兴镇", 29.692, 106.796),
    ("玉峰山镇", 29.676, 106.693),
    ("王家街道", 29.769, 106.637),
    ("木耳镇", 29.793, 106.677),
    ("古路镇", 29.848, 106.697),
    ("石船镇", 29.767, 106.847),
    ("洛碛镇", 29.715, 106.934),
    ("悦来街道", 29.738, 106.553),
    ("宝圣湖街道", 29.682, 106.613),
    ("仙桃街道", 29.738, 106.593),
    ("大湾镇", 29.998, 106.789),
    ("统景镇", 29.902, 106.888),
    ("兴隆镇", 29.915, 106.716),
)
#: How many of 60 firms each sector has, and what they are called after.
_SECTORS: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    ("nev", 22, ("汽车零部件", "底盘系统", "汽车电子", "热管理", "电驱")),
    ("electronics", 12, ("智能终端", "精密电子", "模组")),
    ("equipment", 10, ("精密机械", "智能装备", "数控")),
    ("materials", 6, ("新材料", "轻合金")),
    ("biomed", 4, ("医疗器械", "生物")),
    ("consumer", 3, ("家居", "包装")),
    ("food", 3, ("食品", "乳业")),
)
_FIRST, _SECOND = "渝恒嘉川瑞北辰远", "达泰成信拓盛航宏"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of upgrade.

    ``effects``: what it changes at most and at least when it works, as improvements (0.12: 12 % better); ``measure``
    is what the firm's plan looks at. ``cost`` [fen] is what one such project costs, from and to.
    """

    code: str
    title: str
    measure: Measure
    effects: Mapping[Measure, tuple[float, float]]
    cost: tuple[int, int]


_YI, _WAN = 10_000_000_000, 1_000_000
KINDS: tuple[Kind, ...] = (
    Kind(
        "robots",
        "机器人换人",
        "labour_per_piece",
        {"labour_per_piece": (0.18, 0.4), "defect_rate": (0.1, 0.3)},
        (800 * _WAN, 4_000 * _WAN),
    ),
    Kind(
        "mes",
        "制造执行系统",
        "unit_cost",
        {"unit_cost": (0.05, 0.12), "labour_per_piece": (0.04, 0.1)},
        (200 * _WAN, 900 * _WAN),
    ),
    Kind("energy", "节能改造", "energy_per_piece", {"energy_per_piece": (0.07, 0.2)}, (300 * _WAN, 2_000 * _WAN)),
    Kind("equipment", "数字化设备更新", "output", {"output": (0.12, 0.3)}, (1_000 * _WAN, 6_000 * _WAN)),
    Kind("quality", "在线质量检测", "defect_rate", {"defect_rate": (0.2, 0.45)}, (150 * _WAN, 800 * _WAN)),
    Kind(
        "line",
        "数字化生产线",
        "labour_per_piece",
        {"labour_per_piece": (0.15, 0.35), "output": (0.1, 0.25)},
        (2_000 * _WAN, 9_000 * _WAN),
    ),
    Kind(
        "platform",
        "工业互联网平台",
        "energy_per_piece",
        {"energy_per_piece": (0.04, 0.1), "unit_cost": (0.02, 0.06)},
        (120 * _WAN, 600 * _WAN),
    ),
)


@dataclass(frozen=True, slots=True)
class Upgrade:
    """An upgrade of a firm.

    Parameters
    ----------
    began, finished
        Days since the first one; in between the work disturbs production.
    ramp
        Days after ``finished`` until the whole effect is there; 0: at once.
    effects
        True improvement of each measure in the end; all 0 in an upgrade that does nothing.
    claim
        What the firm says that ``measure`` will improve by.
    rate, declared
        Pieces an hour that the new equipment was really bought for, and that its papers say.
    serials
        Of the equipment.
    cost
        Of the equipment as its invoices say. [fen]
    """

    kind: str
    title: str
    measure: Measure
    began: int
    finished: int
    ramp: int
    effects: Mapping[Measure, float]
    claim: float
    rate: float
    declared: float
    serials: tuple[str, ...]
    cost: int

    @property
    def works(self) -> bool:
        """Tell whether it changes anything."""
        return any(self.effects.values())


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a firm's data, or unlike the plan; ``item`` is a counter, empty if it is all of them.

    ``first`` and ``last`` are days since the first one, half open.
    """

    kind: Trouble
    item: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Firm:
    """A firm; ``cheat`` is ``""``, ``oversized`` (declared more than built) or ``twice`` (applied twice)."""

    index: int
    code: str
    name: str
    sector: str
    town: str
    latitude: float
    longitude: float
    shift: Shift
    rho: float
    rate: float
    upgrade: Upgrade | None = None
    faults: tuple[Fault, ...] = field(default=())
    cheat: str = ""


#: Index of the firms to which something special happens. The twelve of each dozen are: 7 upgraded, 5 never.
OVERSIZED, TWICE = 3, 8
_UPGRADED = (0, 1, 2, 3, 4, 8, 9)
#: Upgraded firms whose upgrade does nothing.
IDLE = (2, 13, 24, 33, 44, 57)
#: (index, kind, counter, from and to as shares of the time; negative: of the time since the upgrade)
_TROUBLES: tuple[tuple[int, Trouble, str, float, float], ...] = (
    (4, "dark", "", -0.10, -0.70),
    (15, "dark", "", -0.30, -0.34),
    (20, "dark", "", 0.20, 0.215),
    (26, "dark", "", -0.50, -0.52),
    (39, "dark", "", 0.30, 0.32),
    (48, "stuck", "", -0.15, -1.00),
    (21, "stuck", "", 0.05, 0.30),
    (9, "exchanged", "energy", -0.25, -1.0),
    (28, "exchanged", "energy", 0.15, 1.0),
    (12, "exchanged", "cost", -0.40, -1.0),
    (37, "moved_in", "", -0.45, -1.0),
    (32, "moved_in", "", -0.30, -1.0),
)


def firms(count: int, days: int, seed: int) -> list[Firm]:
    """Return the first ``count`` of the district's firms; what is drawn depends on the seed, who is who does not.

    Upgrades begin between 40 % and 60 % of the days, spread over the firms.
    """
    rng = np.random.default_rng([seed, 1])
    sectors = [(code, words) for code, many, words in _SECTORS for _ in range(many)]
    order = np.random.default_rng(7).permutation(len(sectors))
    found: list[Firm] = []
    for i in range(count):
        sector, words = sectors[order[i % len(sectors)]]
        town, latitude, longitude = TOWNS[i % len(TOWNS)]
        name = f"{_FIRST[i % 8]}{_SECOND[(i // 8 + i) % 8]}{words[i % len(words)]}（模拟）"
        rate = float(np.round(np.exp(rng.uniform(np.log(60), np.log(400)))))
        spot = rng.uniform(-0.012, 0.012, 2)
        upgrade = _upgrade(i, rate, days, rng)
        shift: Shift = ("two", "three", "day", "two")[(i * 7) % 4]
        found.append(
            Firm(
                i,
                f"yb{i + 1:03d}",
                name,
                sector,
                town,
                round(latitude + float(spot[0]), 5),
                round(longitude + float(spot[1]), 5),
                shift,
                (0.0, 0.2, 0.4, 0.6, 0.8)[i % 5],
                rate,
                upgrade,
                _faults(i, upgrade, days),
                {OVERSIZED: "oversized", TWICE: "twice"}.get(i, ""),
            )
        )
    return found


def _upgrade(i: int, rate: float, days: int, rng: np.random.Generator) -> Upgrade | None:
    """Return the upgrade of a firm; draws as much from ``rng`` as any firm does."""
    kind = KINDS[(i + i // 12) % len(KINDS)]
    draw = rng.uniform(size=8)
    if i % 12 not in _UPGRADED:
        return None
    effects: dict[Measure, float] = {
        measure: 0.0 if i in IDLE else round(float(low + (high - low) * share), 4)
        for (measure, (low, high)), share in zip(kind.effects.items(), draw, strict=False)
    }
    began = int(days * (0.4 + 0.2 * draw[4]))
    finished = began + max(int(days * (0.015 + 0.02 * draw[5])), 3)
    growing = i % 3 == 1
    typical = sum(kind.effects[kind.measure]) / 2
    claim = round(max(effects[kind.measure], 0.5 * typical) * (0.9 + 0.5 * float(draw[6])), 3)
    bought = rate * 1.25 * (1 + effects.get("output", 0.0))
    low, high = kind.cost
    return Upgrade(
        kind.code,
        kind.title,
        kind.measure,
        began,
        finished,
        int(days * 0.15) if growing else 0,
        effects,
        claim,
        round(bought, 1),
        round(bought * (2.4 if i == OVERSIZED else 1.0), 1),
        tuple(f"SN-{i + 1:03d}-{n}" for n in (1, 2)),
        int(low + (high - low) * float(draw[7])) * (2 if i == OVERSIZED else 1),
    )


def _faults(i: int, upgrade: Upgrade | None, days: int) -> tuple[Fault, ...]:
    found = []
    item = {"energy_per_piece": "energy", "labour_per_piece": "labour", "unit_cost": "cost"}
    for index, kind, counter, begin, end in _TROUBLES:
        if index != i:
            continue
        since = upgrade.finished if upgrade is not None else days // 2
        span = (days - since, since) if begin < 0 else (days, 0)
        first, last = (int(abs(share) * span[0]) + span[1] for share in (begin, end))
        if kind == "stuck" and not counter:
            counter = item.get(upgrade.measure, "part_count") if upgrade is not None else "energy"
        found.append(Fault(kind, counter, first, last))
    return tuple(found)
