"""Stops, their reasons and what they cost, as they cross the wall. Times in us UTC, lengths in us."""

from __future__ import annotations

from dataclasses import dataclass, field

from chanye.domains.factory.types.machines import Figure, TimeElements


@dataclass(frozen=True, slots=True)
class ReasonNode:
    """A node of a reason tree; only leaves are chosen. ``label`` is the name in the language of the reader."""

    id: int
    code: str
    name: str
    name_en: str
    label: str
    element: str
    children: tuple[ReasonNode, ...] = ()


@dataclass(frozen=True, slots=True)
class StopPiece:
    """A part of a stop with one reason, or none yet (``reason`` empty). ``end`` None: it goes on.

    ``lost``: planned time in it. ``who`` gave the reason at ``said_at``.
    """

    start: int
    end: int | None
    lost: int
    reason: str = ""
    label: str = ""
    element: str = ""
    label_id: int | None = None
    who: str = ""
    said_at: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class StopProposal:
    """The reason that fits a stop, to be accepted with one tap.

    ``why``: ``alarm`` and ``text`` (what people chose before for the same words), ``setup``, ``no_order``,
    ``maintenance``.
    """

    reason: str
    label: str
    why: str


@dataclass(frozen=True, slots=True)
class StopView:
    """A stop of a machine: ``pieces`` tile it. ``end`` None: it goes on. ``lost``: planned time in it up to now.

    ``state, text``: what the machine said for the longest part of it; ``alarm``: the alarm that was on.
    ``order``: number of the order that was on the machine; ``shift``: name of the shift in which it began.
    """

    id: int
    asset_id: int
    place: str
    start: int
    end: int | None
    lost: int
    state: str
    text: str
    alarm: str
    pieces: tuple[StopPiece, ...]
    proposal: StopProposal | None = None
    order: str = ""
    shift: str = ""

    @property
    def missing(self) -> int:
        """Planned time without a reason."""
        return sum(piece.lost for piece in self.pieces if not piece.reason)

    @property
    def reasons(self) -> str:
        """Names of the reasons in order, each once."""
        return "、".join(dict.fromkeys(piece.label for piece in self.pieces if piece.reason))


@dataclass(frozen=True, slots=True)
class Loss:
    """Time lost for one reason, or for none given (``reason`` empty); ``group``: the reason's parent."""

    reason: str
    label: str
    group: str
    element: str
    lost: int
    count: int


@dataclass(frozen=True, slots=True)
class Losses:
    """What stops cost some machines in a window, the greatest first; ``losses`` add up to ``lost``.

    ``minor``: number and time of stops that are too short to want a reason. ``coverage``: share of planned time that
    is known, 0..1; ``planned``: planned busy time.
    """

    start: int
    end: int
    losses: tuple[Loss, ...]
    lost: int
    count: int
    minor_count: int
    minor_lost: int
    planned: int
    coverage: float
    by_machine: tuple[tuple[str, int, int], ...] = field(default=())
    by_shift: tuple[tuple[str, int, int], ...] = field(default=())
    by_order: tuple[tuple[str, int, int], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class HandReport:
    """A stop that a person reported and no machine has shown (yet)."""

    id: int
    asset_id: int
    place: str
    start: int
    end: int | None
    reason: str
    label: str
    who: str
    said_at: int
    note: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a waterfall, ``length`` in us.

    ``what``: ``planned``, ``pbt``, ``unknown``, ``adet``, ``adot``, ``aust``, ``planned_off``, ``apt``, ``speed``,
    ``scrap``, ``value``. ``role``: ``total`` and ``value`` stand on the ground, ``loss`` hangs from the bar before.
    A loss in speed below zero is a gain: the planned run time is too long.
    """

    what: str
    role: str
    reason: str
    label: str
    length: int
    state: str = ""


@dataclass(frozen=True, slots=True)
class Waterfall:
    """Where planned time went, with the key figures that it ties to."""

    start: int
    end: int
    bars: tuple[Bar, ...]
    elements: TimeElements
    availability: Figure
    effectiveness: Figure
    quality_ratio: Figure
    oee: Figure


@dataclass(frozen=True, slots=True)
class StationLoss:
    """How a station of a line spent planned time of the line, in us.

    ``line_lost``: time the line stood for its sake. ``reasons``: of its own stops in that time, (label, us).
    """

    name: str
    running: int
    down: int
    blocked: int
    starved: int
    waiting: int
    unknown: int
    line_lost: int
    reasons: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class LineLosses:
    """What made a line stand in ``[start, end)``; ``lost`` = sum of the stations' ``line_lost``, outside and unnamed.

    ``coverage``: share of planned time in which the key station is known, 0..1.
    """

    start: int
    end: int
    key: str
    planned: int
    lost: int
    outside: int
    unnamed: int
    coverage: float
    stations: tuple[StationLoss, ...]
