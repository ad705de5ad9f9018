"""What is wrong with a file: named by file, row, column and rule; the first fifty are kept, all are counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from chanye.kernel.errors import ConfigError

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that breaks a rule. ``row`` counts as an editor shows lines, from 1; 0 concerns the whole file."""

    file: str
    row: int
    column: str
    rule: str
    seen: str = ""

    def __str__(self) -> str:
        place = self.file + (f":{self.row}" if self.row else "") + (f" [{self.column}]" if self.column else "")
        return f"{place}: {self.rule}" + (f" (found {self.seen!r})" if self.seen else "")


@dataclass(slots=True)
class Faults:
    """The first faults in full, all of them by reason as the historian counts them."""

    first: list[Fault] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    total: int = 0

    def add(self, reason: str, faults: Iterable[Fault], n: int) -> None:
        """Take ``n`` faults of one reason, of which ``faults`` yields the first."""
        if n:
            self.total += n
            self.counts[reason] = self.counts.get(reason, 0) + n
            self.first += list(faults)[: max(0, SHOWN - len(self.first))]


class ImportRefusedError(ConfigError):
    """The files break rules; nothing was imported."""

    def __init__(self, faults: Faults) -> None:
        super().__init__(f"{faults.total} fault(s) found; nothing was imported. Correct them, or keep the good rows.")
        self.faults = faults
