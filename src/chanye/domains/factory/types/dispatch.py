"""What a dispatch list says: in which order, what can run now, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chanye.domains.factory.types.orders import OperationRef

DispatchRule = Literal["edd", "spt", "cr", "fifo"]
DISPATCH_RULES: tuple[DispatchRule, ...] = ("edd", "spt", "cr", "fifo")
NeedState = Literal["there", "warn", "missing", "unknown"]
NeedKind = Literal["hold", "pieces", "machine", "material", "tool", "gauge", "program", "skill"]


@dataclass(frozen=True, slots=True)
class Need:
    """One thing an operation needs: there, there but soon not (``warn``), missing, or not known; ``why`` in words."""

    kind: NeedKind
    state: NeedState
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class DispatchRow:
    """An operation in its place of the sequence.

    Parameters
    ----------
    left
        Pieces that have still to pass here, those upstream included.
    work_time, remaining_time
        Work here, and from here to the end of the routing, of those pieces and set-ups to come. [s]
    ratio
        Critical ratio: time to the due date over ``remaining_time``; None without due date or work.
    """

    operation: OperationRef
    left: int
    work_time: float
    remaining_time: float
    ratio: float | None
    late: bool
    needs: tuple[Need, ...]

    @property
    def can_run(self) -> bool:
        """Whether nothing is known to be missing."""
        return not any(need.state == "missing" for need in self.needs)

    @property
    def missing(self) -> tuple[Need, ...]:
        """What is missing."""
        return tuple(need for need in self.needs if need.state == "missing")

    @property
    def notes(self) -> tuple[Need, ...]:
        """What is not known or soon not there."""
        return tuple(need for need in self.needs if need.state in ("warn", "unknown"))


@dataclass(frozen=True, slots=True)
class DispatchList:
    """The list of one work centre. ``planned``: a plan gives the sequence; else ``rule`` does."""

    work_centre_id: int
    work_centre: str
    code: str
    rule: DispatchRule
    planned: bool
    rows: tuple[DispatchRow, ...]
