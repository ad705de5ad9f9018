"""What may cross the wall: targets, and how far they are reached."""

from __future__ import annotations

from dataclasses import dataclass

from chanye.domains.projects.types.statistics import IndicatorRef

#: What a target is about: the level of an indicator, or its growth of the same scope.
MEASURES = ("level", "growth")
#: Steps of a growth target: 1/10,000.
GROWTH_STEPS = 10_000


@dataclass(frozen=True, slots=True)
class TargetDraft:
    """A target to set; ``baseline`` and ``target`` in steps of the indicator, growth in 1/10,000."""

    code: str
    title: str
    indicator: str
    measure: str
    start: str
    end: str
    baseline: int
    target: int
    sector: str = ""
    town: str = ""


@dataclass(frozen=True, slots=True)
class RunRate:
    """What each month to the end must bring for the target to be reached, beside what a month brought so far."""

    required: float | None
    so_far: float | None
    months_left: int


@dataclass(frozen=True, slots=True)
class TargetRef:
    """A target with who set it and when. ``late``: set after its period had begun; ``set_at``: us UTC."""

    id: int
    code: str
    title: str
    indicator: IndicatorRef
    measure: str
    sector: str
    town: str
    start: str
    end: str
    baseline: int
    target: int
    revision: int
    reason: str
    set_at: int
    set_by: str
    late: bool


@dataclass(frozen=True, slots=True)
class Attainment:
    """How far a target is reached, ``month`` being the last of which something is known.

    Parameters
    ----------
    actual
        In the steps of the target; None if nothing is known or it may not be shown.
    share
        (actual - baseline) / (target - baseline); None if target and baseline are the same.
    reached
        Whether the target holds by its direction; None if nothing is known.
    expected
        The share that an even pace would have reached by ``month``.
    """

    target: TargetRef
    month: str
    actual: float | None
    share: float | None
    reached: bool | None
    expected: float | None
    run_rate: RunRate
    growth: object | None = None
