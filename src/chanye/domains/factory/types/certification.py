"""Gates of a digital workshop and a smart factory: what they ask, what was found, on what evidence."""

from __future__ import annotations

from dataclasses import dataclass

CONNECTIONS = ("none", "mtconnect", "opcua", "sparkplug", "mqtt", "modbus", "plc", "file", "other")
STATES = ("holds", "fails", "unknown")


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing a gate asks: ``value >= least``, or ``<=`` where ``lower``. ``ours``: the source gives no number."""

    name: str
    least: float
    unit: str = "1"
    lower: bool = False
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Edition:
    """What the gates ask by one edition of their source."""

    code: str
    source: str
    year: int
    workshop: tuple[Rule, ...]
    factory: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that was looked at: an asset, a day, a document; ``counts``: it is in the numerator."""

    code: str
    name: str
    counts: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for a rule. ``value`` None: not measurable, ``why`` says why. ``coverage`` 0..1."""

    numerator: float
    denominator: float
    value: float | None
    coverage: float
    why: str = ""
    evidence: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Criterion:
    """A rule with what was found and whether it holds (one of ``STATES``)."""

    rule: Rule
    found: Found
    state: str


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate over a window: it holds if all its criteria do."""

    name: str
    criteria: tuple[Criterion, ...]
    state: str


@dataclass(frozen=True, slots=True)
class GateReport:
    """Both gates of a site. Windows ``[start, end)`` us UTC; ``digest``: SHA-256 of all that was looked at."""

    site_id: int
    site: str
    start: int
    end: int
    before: tuple[int, int]
    edition: Edition
    gates: tuple[Gate, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class EquipmentRow:
    """A line of the equipment register; ``value`` [fen]; ``since`` [us UTC] when it became digital."""

    id: int
    code: str
    name: str
    workshop: str
    digital: bool
    connection: str
    since: int | None
    value: int | None
    asset: str
    asset_id: int | None
    retired: bool
