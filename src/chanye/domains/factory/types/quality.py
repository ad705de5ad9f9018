"""Words of inspection and nonconformance, and what of them may cross the wall."""

from __future__ import annotations

from dataclasses import dataclass

CHARACTERISTIC_KINDS = ("variable", "choice", "count")
PLAN_KINDS = ("first_piece", "time", "count", "final", "incoming")
INSPECTION_STATES = ("open", "accepted", "rejected", "split", "cancelled")
NONCONFORMANCE_STATES = ("open", "contained", "disposed", "closed")
DISPOSITIONS = ("use_as_is", "rework", "scrap", "return", "sort")
SEVERITIES = ("minor", "major", "critical")
HOLD_RULES = ("scrap_rate", "failed_inspection", "nonconformance")


@dataclass(frozen=True, slots=True)
class Asked:
    """A characteristic as an inspection asks for it: copied from the plan when the inspection was made.

    ``lower``, ``upper``: limits of the specification in ``unit``, None where there is none. ``choices``: (code,
    words, whether it is good). ``samples``: how many values are asked for.
    """

    code: str
    name: str
    kind: str
    unit: str
    digits: int
    nominal: float | None
    lower: float | None
    upper: float | None
    choices: tuple[tuple[str, str, bool], ...]
    samples: int
    gauge: str = ""
    method: str = ""
    critical: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """One value: what was measured, which sample of the characteristic, and whether it is within its limits."""

    characteristic: str
    sample: int
    value: float | None
    choice: str
    good: bool
    serial: str = ""
