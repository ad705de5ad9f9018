"""What customers want: an endless stream of orders for each line, and when their material comes."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from chanye.twin.parts import DAY, HOUR, MINUTE
from chanye.twin.plant.catalogue import PRODUCTS, Product, Step

#: Orders of a line that are open at once.
OPEN = 8
#: Share of orders whose material is late.
LATE = 0.12


@dataclass(frozen=True, slots=True)
class Wish:
    """An order as it comes from outside: ``late``: how long after its release the material comes [us], mostly 0."""

    number: str
    product: Product
    quantity: int
    lead: int
    late: int


def stream(line: str, seed: int) -> Callable[[], Wish]:
    """Return a function that gives the line's next order each time; the same for both ways of running the plant."""
    dice = random.Random(f"orders:{seed}:{line}")  # noqa: S311  # a model, not a secret
    products = [product for product in PRODUCTS if product.line == line]
    count = 0

    def following() -> Wish:
        nonlocal count
        count += 1
        product = dice.choice(products)
        quantity = dice.choice((16, 20, 24, 30, 36, 48, 60, 80))
        late = round(dice.uniform(0.3, 2.0) * 60) * MINUTE if dice.random() < LATE else 0
        lead = dice.randint(1, 4) * DAY + dice.randint(0, 8) * HOUR
        return Wish(f"MO{line}-{count:05d}", product, quantity, lead, late)

    return following


@dataclass(frozen=True, slots=True)
class Spoiled:
    """What is wrong with a piece, and whether it can be mended."""

    reason: str
    mends: bool


@dataclass(slots=True)
class Op:
    """One operation of an order at a machine (index): pieces that wait before it and what became of the others.

    ``raw``: pieces not yet taken from the material (first step only). ``again``: pieces to be mended here.
    ``here``: the piece in the machine or blocked in it. ``good``: passed on; ``scrap``: taken out; ``rework``: how
    often a piece was sent through again.
    """

    order: Order
    index: int
    machine: int
    lane: deque[int] = field(default_factory=deque)
    again: deque[int] = field(default_factory=deque)
    raw: int = 0
    here: int = 0
    good: int = 0
    scrap: int = 0
    rework: int = 0
    cycles: int = 0
    begun: int = -1
    closed: bool = False
    #: Outcomes of the newest pieces since the machine was last put right: True is bad.
    recent: deque[bool] = field(default_factory=lambda: deque(maxlen=10))

    @property
    def step(self) -> Step:
        """The step of the routing."""
        return self.order.wish.product.steps[self.index]

    @property
    def waiting(self) -> int:
        """Pieces that can be taken at once."""
        return len(self.lane) + len(self.again) + self.raw


@dataclass(slots=True)
class Order:
    """An order on the floor; its pieces are numbered from ``first``.

    ``batch``: pieces that wait for the sorting at the end; ``spoiled``: what is wrong with a piece; ``mending``:
    pieces on their way through a step once more.
    """

    wish: Wish
    serial: int
    first: int
    released: int
    material_at: int
    ops: list[Op] = field(default_factory=list)
    spoiled: dict[int, Spoiled] = field(default_factory=dict)
    mending: set[int] = field(default_factory=set)
    batch: list[int] = field(default_factory=list)
    finished: int = -1

    @property
    def due(self) -> int:
        """When it is wanted [us UTC]."""
        return self.released + self.wish.lead

    def arrived(self, now: int) -> bool:
        """Whether its material is there."""
        return now >= self.material_at
