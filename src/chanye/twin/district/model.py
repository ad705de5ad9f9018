"""What the firms of a district made and took, hour by hour, and what they would have without their upgrades.

Both worlds share every cause: calendar, weather, demand, shocks, noise. So the true effect over any time is a plain
ratio of sums, and needs no model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from chanye.twin.district.catalogue import Firm, Measure, firms
from chanye.twin.district.days import F64, holidays, memory, temperatures, weekdays
from chanye.twin.parts import DAY
from chanye.twin.shop import midnight

#: Hours at work of each pattern of shifts, local time.
_HOURS = {"day": (8, 17), "two": (7, 23), "three": (0, 24)}
#: Share of a working day's production on Saturdays, Sundays and public holidays.
_RESTS = {"day": (0.0, 0.0, 0.0), "two": (0.8, 0.0, 0.0), "three": (1.0, 0.95, 0.6)}
#: What the whole district does in a year whatever is upgraded, as a log: more is made with less labour and cost.
TREND = {"pieces": 0.0953, "energy": 0.0, "labour": -0.0953, "scrap": -0.05, "cost": -0.02}
#: Standard deviation of shocks that meet every firm at once, and of the firm's own days, both as logs.
SHOCK = {"pieces": 0.05, "energy": 0.0, "labour": 0.03, "scrap": 0.04, "cost": 0.02}
NOISE = {"pieces": 0.08, "energy": 0.05, "labour": 0.06, "scrap": 0.12, "cost": 0.04}
ITEMS = ("pieces", "energy", "labour", "scrap", "cost")
#: How long shocks last: what is left of them a day later.
_SHOCK_MEMORY = 0.985
#: What a rise of the share of the difficult product takes more of everything.
_MIX = {"pieces": 0.0, "energy": 0.25, "labour": 0.3, "scrap": 0.4, "cost": 0.15}
#: Which improvement acts on which item.
_ACTS: tuple[tuple[str, Measure], ...] = (
    ("energy", "energy_per_piece"),
    ("labour", "labour_per_piece"),
    ("scrap", "defect_rate"),
    ("cost", "unit_cost"),
)
#: Numerator and denominator of each measure; a sum has no denominator.
RATIOS: dict[Measure, tuple[str, str]] = {
    "energy_per_piece": ("energy", "pieces"),
    "labour_per_piece": ("labour", "pieces"),
    "defect_rate": ("scrap", "pieces"),
    "unit_cost": ("cost", "pieces"),
    "output": ("pieces", ""),
}


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Hourly amounts of each item, shapes (firms, days, 24): pieces made, scrap among them, kWh, h, yuan."""

    items: dict[str, F64]

    def daily(self, item: str) -> F64:
        """Return sums by local day, shape (firms, days)."""
        sums: F64 = self.items[item].sum(axis=2)
        return sums

    def value(self, measure: Measure, firm: int, first: int, last: int) -> float:
        """Return a measure of one firm over whole days ``[first, last)``: sum over sum; ``output`` per day."""
        over, under = RATIOS[measure]
        top = float(self.items[over][firm, first:last].sum())
        return top / (float(self.items[under][firm, first:last].sum()) if under else last - first)


@dataclass(frozen=True, slots=True, eq=False)
class District:
    """A district with its truth.

    Parameters
    ----------
    first
        The first local day.
    temperature
        Shape (days, 24). [°C]
    actual, without
        What happened, and what would have without any upgrade.
    """

    seed: int
    first: date
    days: int
    firms: tuple[Firm, ...]
    temperature: F64
    actual: World
    without: World

    @property
    def start(self) -> int:
        """The first local midnight, us UTC."""
        return midnight(self.first)

    @property
    def end(self) -> int:
        """The end of the last day, us UTC."""
        return self.start + self.days * DAY

    def moment(self, day: int) -> int:
        """Return the local midnight at which a day begins, us UTC."""
        return self.start + day * DAY

    def effect(self, firm: int, measure: Measure, first: int, last: int) -> float:
        """Return the true improvement of a measure over whole days ``[first, last)``; 0.12: 12 % better."""
        ratio = self.actual.value(measure, firm, first, last) / self.without.value(measure, firm, first, last)
        return ratio - 1 if measure == "output" else 1 - ratio


def make(first: date, days: int, *, count: int = 60, seed: int = 1) -> District:
    """Return a district; the same arguments give the same.

    Parameters
    ----------
    first
        The first local day.
    days
        How long, a year at least to tell seasons; three are usual.
    count
        How many firms.
    """
    known = firms(count, days, seed)
    rng = np.random.default_rng([seed, 2])
    temperature = temperatures(first, days, rng)
    plain = _items(known, first, days, temperature, rng)
    moved = {item: values * _moved(known, days, item)[:, :, None] for item, values in plain.items()}
    without = World(moved)
    actual = World(_upgraded(known, days, moved))
    return District(seed, first, days, tuple(known), temperature, actual, without)


def _items(known: list[Firm], first: date, days: int, temperature: F64, rng: np.random.Generator) -> dict[str, F64]:
    """Return what every firm makes and takes without upgrades, lines moved in or disturbances."""
    n = len(known)
    rho = np.array([firm.rho for firm in known])
    noise = {item: memory(rng, n, days, rho, NOISE[item]) for item in ITEMS}
    shock = {item: memory(rng, 1, days, np.array([_SHOCK_MEMORY]), SHOCK[item])[0] for item in ITEMS}
    demand = memory(rng, n, days, np.full(n, 0.97), 0.08)
    mix = memory(rng, n, days, np.full(n, 0.6), 0.04)
    years = np.arange(days) / 365.25
    common = {item: TREND[item] * years + shock[item] for item in ITEMS}
    phase = 2 * np.pi * (first.timetuple().tm_yday + np.arange(days)) / 365.25
    season = 0.05 * np.sin(phase[None, :] - rng.uniform(0, 2 * np.pi, (n, 1)))
    factor = {item: np.exp(common[item][None, :] + noise[item] + _MIX[item] * mix) for item in ITEMS}
    factor["pieces"] *= np.exp(season + demand)
    work = _work(known, first, days)
    rate = np.array([firm.rate for firm in known])
    pieces = rate[:, None, None] * work * factor["pieces"][:, :, None]
    on = work > 0
    # what runs whether much or little is made; what a piece takes; what cooling and heating take
    base, piece = rng.uniform(0.2, 0.4, n) * rate, rng.uniform(0.8, 2.5, n)
    cooling, heating = rng.uniform(0.004, 0.015, n), rng.uniform(0.0, 0.008, n)
    cold, warm = np.maximum(10 - temperature, 0), np.maximum(temperature - 22, 0)
    climate = (cooling[:, None, None] * warm + heating[:, None, None] * cold) * on
    scale = piece[:, None, None]
    load = scale * (base[:, None, None] * np.where(on, 1.0, 0.3) + pieces + rate[:, None, None] * climate)
    labour = rng.uniform(0.05, 0.25, n)
    crew = labour[:, None, None] * (0.25 * rate[:, None, None] * work + 0.75 * pieces)
    share = rng.uniform(0.015, 0.06, n)
    unit = rng.uniform(20, 200, n)
    spent = unit[:, None, None] * (0.15 * rate[:, None, None] * work + 0.85 * pieces)
    return {
        "pieces": pieces,
        "energy": load * factor["energy"][:, :, None],
        "labour": crew * factor["labour"][:, :, None],
        "scrap": pieces * np.minimum(share[:, None, None] * factor["scrap"][:, :, None], 0.5),
        "cost": spent * factor["cost"][:, :, None],
    }


def _work(known: list[Firm], first: date, days: int) -> F64:
    """Return the share of its rate at which each firm works by hour, shape (firms, days, 24)."""
    week, free = weekdays(first, days), holidays(first, days)
    found = np.zeros((len(known), days, 24))
    for i, firm in enumerate(known):
        saturday, sunday, holiday = _RESTS[firm.shift]
        level = np.where(week == 5, saturday, np.where(week == 6, sunday, 1.0))
        level = np.where(free, np.minimum(level, holiday), level)
        low, high = _HOURS[firm.shift]
        found[i, :, low:high] = level[:, None]
    return found


def _moved(known: list[Firm], days: int, item: str) -> F64:
    """Return by what a line moved in multiplies an item, shape (firms, days): 30 % more pieces, and dearer ones."""
    found = np.ones((len(known), days))
    more = {"pieces": 1.3, "energy": 1.43, "labour": 1.4, "scrap": 1.35, "cost": 1.4}[item]
    for i, firm in enumerate(known):
        for fault in firm.faults:
            if fault.kind == "moved_in":
                found[i, fault.first : fault.last] = more
    return found


def _upgraded(known: list[Firm], days: int, without: dict[str, F64]) -> dict[str, F64]:
    """Return the items with every upgrade as it comes to work, and with what putting it in disturbs."""
    found = {item: values.copy() for item, values in without.items()}
    for i, firm in enumerate(known):
        upgrade = firm.upgrade
        if upgrade is None:
            continue
        since = np.arange(days) - upgrade.finished
        grown = (since >= 0) * np.minimum((since + 1) / max(upgrade.ramp, 1), 1.0)
        more = 1 + upgrade.effects.get("output", 0.0) * grown
        more[upgrade.began : upgrade.finished] = 0.85
        for item in ITEMS:
            # more pieces take more of everything in proportion: a new line is not only a better use of the old one
            found[item][i] *= more[:, None]
        for item, measure in _ACTS:
            found[item][i] *= (1 - upgrade.effects.get(measure, 0.0) * grown)[:, None]
    return found


def without_effects(district: District) -> District:
    """Return the same district as if its upgrades did nothing, to look for false alarms."""
    return replace(district, actual=district.without)
