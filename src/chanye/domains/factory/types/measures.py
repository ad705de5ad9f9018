"""What is reckoned of a stretch of time: facts that add up, and the figures made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from operator import attrgetter

from chanye.domains.factory.types.machines import Figure

RATE_KINDS = ("labour", "machine", "scrap")
GROUPS = ("site", "line", "machine", "order", "product", "shift", "day")


@dataclass(frozen=True, slots=True)
class Facts:
    """Sums of one group over one window; they add up over groups and windows. Times in us, money in fen.

    The time elements are those of ISO 22400-2: ``pbt`` planned busy (0 where the group has no calendar of its own,
    as an order), ``unknown`` of it or of the busy time, ``apt`` production, ``aust`` set-up, ``adet`` delay, ``adot``
    down, ``aubt`` busy with orders, ``aoet`` order execution, ``apwt`` work of people. ``ip`` pieces that entered the
    orders, ``pq`` reported at any operation, of them ``gq`` good, ``sq`` scrap, ``rq`` rework, ``psq`` planned scrap.
    ``done`` good pieces out of the last operation. ``earned`` and ``earned_good``: PRI x PQ and PRI x GQ.
    ``material`` counts standard use where nothing was booked: that part is ``material_standard``. ``unpriced`` names
    costs of which a part has no rate.
    """

    pbt: int = 0
    unknown: int = 0
    apt: int = 0
    aust: int = 0
    adet: int = 0
    adot: int = 0
    aubt: int = 0
    aoet: int = 0
    apwt: int = 0
    ip: int = 0
    pq: int = 0
    gq: int = 0
    sq: int = 0
    rq: int = 0
    psq: float = 0.0
    done: int = 0
    first_sq: int = 0
    first_pq: int = 0
    earned: float = 0.0
    earned_good: float = 0.0
    labour: float = 0.0
    machine: float = 0.0
    energy: float = 0.0
    material: float = 0.0
    material_standard: float = 0.0
    scrap: float = 0.0
    joule: int = 0
    unpriced: frozenset[str] = frozenset()

    def __add__(self, other: Facts) -> Facts:
        sums = [a + b for a, b in zip(_numbers(self), _numbers(other), strict=True)]
        return replace(Facts(*sums), unpriced=self.unpriced | other.unpriced)

    @property
    def observed(self) -> int:
        """Planned busy time of which the state is known [us]."""
        return self.pbt - self.unknown

    @property
    def cost(self) -> float:
        """Operating cost [fen]; what has no rate is not in it, see ``unpriced``."""
        return self.labour + self.machine + self.energy + self.material + self.scrap


#: All sums of facts, in order: adding facts up is done a hundred thousand times a page.
_numbers = attrgetter(*(one.name for one in fields(Facts) if one.name != "unpriced"))


@dataclass(frozen=True, slots=True)
class Measured:
    """A group over a window with its facts and figures. ``key``: number of the asset, order or product."""

    key: str
    name: str
    start: int
    end: int
    facts: Facts
    figures: Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class Change:
    """A figure before and after. ``change``: relative, after / before - 1; not measured if one of them is not."""

    name: str
    before: Figure
    after: Figure
    change: Figure
    better: str
    """``lower`` or ``higher``."""
