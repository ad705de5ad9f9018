"""What may cross the wall of the spine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from chanye.spine.history.types import Interpolation, Kind, SeriesSpec

AssetKind = Literal[
    "enterprise",
    "site",
    "area",
    "work_centre",
    "work_unit",
    "block",
    "zone",
    "terminal",
    "vehicle",
    "other",
]

#: Semantic roles of series that boards and rules look for; a series may have none.
ROLES = (
    "execution",
    "mode",
    "program",
    "part_count",
    "scrap_count",
    "availability",
    "emergency_stop",
    "tool",
    "line",
    "alarm",
    "spindle_speed",
    "feed_rate",
    "feed_override",
    "power",
    "energy",
    "labour",
    "cost",
    "temperature",
    "link",
)

#: The seven classes every machine state belongs to (colours and patterns follow them).
STATE_CLASSES = ("running", "setup", "waiting", "stopped", "fault", "planned_off", "unknown")


@dataclass(frozen=True, slots=True)
class AssetRef:
    """A node of the asset tree (ISA-95)."""

    id: int
    parent_id: int | None
    organisation_id: int
    kind: AssetKind
    code: str
    name: str
    path: str
    timezone: str
    simulated: bool


@dataclass(frozen=True, slots=True)
class SeriesRef:
    """A series with all that is needed to read it."""

    id: int
    asset_id: int
    code: str
    name: str
    kind: Kind
    unit: str
    role: str | None
    interpolation: Interpolation
    expected_interval: int | None
    hold: int | None
    span: tuple[float, float] | None
    states: dict[str, str] = field(default_factory=dict)

    @property
    def spec(self) -> SeriesSpec:
        """How the historian reads it."""
        return SeriesSpec(self.id, self.interpolation == "stepped", self.hold)


@dataclass(frozen=True, slots=True)
class SeriesDraft:
    """A series as a connector or import declares it.

    Parameters
    ----------
    code
        Tag name, unique within its asset.
    kind, unit
        ``unit`` is a UCUM code and is required: ``1`` for pure numbers, ``{part}`` for pieces.
    role
        One of ``ROLES`` or None.
    expected_interval, hold
        us; see ``SeriesSpec``.
    states
        State text -> one of ``STATE_CLASSES``, for state series; missing texts follow the role's defaults.
    """

    code: str
    kind: Kind
    unit: str
    name: str = ""
    role: str | None = None
    interpolation: Interpolation = "stepped"
    expected_interval: int | None = None
    hold: int | None = None
    span: tuple[float, float] | None = None
    states: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileRef:
    """A stored file: ``kind`` is picture, program or document; ``size`` in bytes, ``stored_at`` in us UTC."""

    id: int
    organisation_id: int
    sha256: str
    kind: str
    media_type: str
    size: int
    name: str
    stored_at: int
    stored_by: str


@dataclass(frozen=True, slots=True)
class FrameRef:
    """An interval of one asset: a state held, parts made, an alarm raised.

    ``end`` is None while the interval is still open. Times in us UTC, ``[start, end)``. A frame of kind ``count`` or
    ``scrap`` is an instant (``end == start``): ``quantity`` pieces appeared on the counter then.
    """

    asset_id: int
    series_id: int
    kind: str
    start: int
    end: int | None
    text: str
    state: str
    attributes: dict[str, object] = field(default_factory=dict)
    quantity: float | None = None
