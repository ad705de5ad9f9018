"""Energy and carbon as they cross the wall. Energy is whole joules inside: sums tie exactly. Times in us UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chanye.domains.factory.types.machines import Figure

CARRIERS = ("electricity", "gas", "steam", "compressed_air", "heat", "water")
BANDS = ("sharp", "peak", "flat", "valley")
SHARES = ("own", "shares", "run_time", "none")
#: States in which energy makes nothing.
IDLE = ("waiting", "stopped", "fault", "planned_off")
JOULE_PER_KWH = 3_600_000
#: 1 MWh in joules: prices are fen per MWh, so joules times price over this is fen.
JOULE_PER_MWH = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Amount:
    """Energy with what it cost and emitted.

    ``joule``: whole [J]. ``money``: of the priced part, [fen J/MWh], so that sums stay whole. ``priced``: of it, with
    a known price [J]. ``grams``: of the part with a known factor [gCO2e]. ``factored``: that part [J].
    """

    joule: int = 0
    money: int = 0
    priced: int = 0
    grams: float = 0.0
    factored: int = 0

    def __add__(self, more: Amount) -> Amount:
        return Amount(
            self.joule + more.joule,
            self.money + more.money,
            self.priced + more.priced,
            self.grams + more.grams,
            self.factored + more.factored,
        )

    @property
    def kwh(self) -> float:
        """[kWh]."""
        return self.joule / JOULE_PER_KWH

    @property
    def fen(self) -> int | None:
        """What it cost, half a fen rounded up; None where a price is missing for some of it."""
        if self.priced != self.joule:
            return None
        return (2 * self.money + JOULE_PER_MWH) // (2 * JOULE_PER_MWH)

    @property
    def kg(self) -> float | None:
        """[kgCO2e]; None where a factor is missing for some of it."""
        return self.grams / 1000 if self.factored == self.joule else None


@dataclass(frozen=True, slots=True)
class MeterRow:
    """A meter over a window: ``joule = allocated + unallocated``, always.

    ``below`` is what the meters below it measured: of ``total`` only ``joule = total - below`` is shared out.
    ``why`` says what ``unallocated`` is, by word: ``nobody`` (not shared out), ``undeclared`` (shares below 100 %),
    ``nothing_ran``, ``disagree`` (the meters below measured more).
    """

    id: int
    name: str
    asset_id: int
    asset: str
    carrier: str
    share: str
    parent_id: int | None
    total: int
    below: int
    allocated: int
    unallocated: int
    why: Mapping[str, int]
    coverage: float

    @property
    def joule(self) -> int:
        """What this meter alone stands for."""
        return self.total - self.below


@dataclass(frozen=True, slots=True)
class AssetEnergy:
    """An asset over a window. ``pieces``: produced by its counter; ``per_piece`` [kWh]."""

    asset_id: int
    name: str
    amount: Amount
    states: Mapping[str, Amount]
    orderless: Amount
    pieces: float | None
    per_piece: Figure
    coverage: float

    @property
    def idle(self) -> Amount:
        """What made nothing."""
        return sum((self.states[state] for state in IDLE if state in self.states), Amount())


@dataclass(frozen=True, slots=True)
class WorkEnergy:
    """An operation, order or product over a window. ``pieces`` booked on it; ``per_piece`` [kWh], ``carbon`` [kg]."""

    id: int
    name: str
    note: str
    amount: Amount
    pieces: int
    per_piece: Figure
    carbon: Figure


@dataclass(frozen=True, slots=True)
class LoadSlot:
    """Mean power of a quarter of an hour [W]; None where nothing is known. ``band`` of the tariff."""

    start: int
    end: int
    watts: float | None
    band: str


@dataclass(frozen=True, slots=True)
class EnergyReport:
    """A site's energy over ``[start, end)``.

    ``total = allocated + unallocated`` over all carriers, exactly. ``why``: unallocated by word. ``coverage``: share
    of the time for which the meters are known.
    """

    site_id: int
    start: int
    end: int
    total: Amount
    allocated: Amount
    unallocated: Amount
    why: Mapping[str, int]
    carriers: Mapping[str, Amount]
    states: Mapping[str, Amount]
    bands: Mapping[str, Amount]
    meters: tuple[MeterRow, ...]
    assets: tuple[AssetEnergy, ...]
    operations: tuple[WorkEnergy, ...]
    orders: tuple[WorkEnergy, ...]
    products: tuple[WorkEnergy, ...]
    orderless: Amount
    load: tuple[LoadSlot, ...]
    coverage: float
    main_meter: bool = False
    simulated: bool = False
    missing: tuple[str, ...] = field(default=())
    """What is not there for full figures: ``meters``, ``factor``, ``tariff``."""

    @property
    def idle(self) -> Amount:
        """What made nothing."""
        return sum((self.states[state] for state in IDLE if state in self.states), Amount())
