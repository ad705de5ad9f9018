"""What may cross the wall of the factory room."""

from __future__ import annotations

from dataclasses import dataclass, field

from chanye.spine.types import AssetRef, FrameRef, SeriesRef


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that says its unit and how much of it is known.

    Parameters
    ----------
    value
        None when not measured; ``why`` then says why.
    unit
        UCUM code.
    coverage
        Share of the window's time that is known, 0..1.
    why
        Machine word for "not measured": ``no_data``, ``below_floor``, ``no_rate``, ``no_counter``,
        ``no_quality_data``, ``no_production``, ``no_planned_time``, ``stale``. Beside a value it is a remark:
        ``no_calendar`` says that all time was taken for planned.
    """

    value: float | None
    unit: str
    coverage: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a state strip, ``[start, end)`` us UTC; pieces tile the window exactly, unknown included."""

    start: int
    end: int
    state: str
    text: str


@dataclass(frozen=True, slots=True)
class TimeElements:
    """ISO 22400-2 time elements of one machine and window, in us; they tile the window exactly.

    ``window = planned_off + pbt`` and ``pbt = apt + aust + adet + adot + unknown`` where
    pbt: planned busy, apt: actual production, aust: actual set-up, adet: actual delay (faults, stops),
    adot: actual down (available, not run), unknown: inside planned busy time, nothing known.
    """

    window: int
    planned_off: int
    pbt: int
    apt: int
    aust: int
    adet: int
    adot: int
    unknown: int


@dataclass(frozen=True, slots=True)
class MachineKpis:
    """ISO 22400-2 figures of one machine and window."""

    asset_id: int
    start: int
    end: int
    elements: TimeElements
    produced: Figure
    good: Figure
    availability: Figure
    effectiveness: Figure
    quality_ratio: Figure
    oee: Figure
    throughput: Figure
    nee: Figure
    across_gap: float = 0.0
    """Pieces among ``produced`` that were seen only after a gap: when they were made is not known."""


@dataclass(frozen=True, slots=True)
class MachineDetail:
    """One machine over one window: what its page shows. ``shares``: (text, state, us) by falling time."""

    asset: AssetRef
    start: int
    end: int
    known_until: int
    kpis: MachineKpis
    strip: tuple[Segment, ...]
    shares: tuple[tuple[str, str, int], ...]
    programs: tuple[FrameRef, ...]
    alarms: tuple[FrameRef, ...]
    series: tuple[SeriesRef, ...]


@dataclass(frozen=True, slots=True)
class TileWork:
    """What is on a machine: the order and its operation with good pieces of those planned; 0 and empty for none.

    ``wanting``: stops that want a reason. ``calls``: open calls for help, the oldest first.
    """

    order: str = ""
    product: str = ""
    good: int = 0
    planned: int = 0
    wanting: int = 0
    calls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MachineTile:
    """What the board shows of one machine; ``since`` and ``age``: us UTC and us, None where nothing is known.

    ``stamp`` is above 0 where two tiles with the same stamp are the same but for power, age and work.

    Of a past day ``state`` is the last that is known and ``as_of`` [us UTC] the moment up to which it is.
    """

    asset_id: int
    name: str
    state: str
    state_text: str
    since: int | None
    program: str
    parts_today: Figure
    rate: Figure
    availability: Figure
    oee: Figure
    power: Figure
    age: int | None
    strip: tuple[Segment, ...] = field(default=())
    as_of: int | None = None
    work: TileWork | None = None
    stamp: int = 0


@dataclass(frozen=True, slots=True)
class Board:
    """One site's machines at one moment. ``tag`` changes when anything shown may have changed."""

    site_id: int
    site_name: str
    simulated: bool
    now: int
    start: int
    end: int
    tiles: tuple[MachineTile, ...]
    tag: str
