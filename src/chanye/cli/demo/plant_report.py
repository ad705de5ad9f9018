"""What the score of the plant found, as values and as a table."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from chanye.twin.plan import SECOND
from chanye.twin.plant.door import Office
from chanye.twin.plant.engine import Plant
from chanye.twin.plant.score import COUNTS_BAR, REASONS_BAR, Told
from chanye.twin.score import Score


@dataclass(slots=True)
class Played:
    """A window of the plant as it was played, and how right the product was.

    ``machines``: counts, states and energy of each; ``operations``: pieces by what became of them; ``stops``: time of
    stops with the right reason, by machine; ``loose``: pieces made for no order, true and told; ``energy``: kWh of
    operations, true and told; ``figures``: what the product makes of it, ``truth`` what is true of them.
    """

    plant: Plant
    office: Office
    machines: list[Score]
    operations: Told
    stops: dict[str, Told]
    loose: tuple[int, int]
    energy: tuple[float, float]
    figures: dict[str, float | None]
    truth: dict[str, float]
    seconds: float = 0.0

    @property
    def reasons(self) -> float:
        """Time of stops with the right reason, of all machines [%]."""
        true = sum(told.true for told in self.stops.values())
        return 100.0 * sum(told.right for told in self.stops.values()) / true if true else 100.0

    @property
    def holds(self) -> bool:
        """Whether the bars are reached."""
        exact = all(one.counts >= COUNTS_BAR for one in self.machines) and self.operations.share >= COUNTS_BAR
        return exact and self.reasons >= REASONS_BAR and self.loose[0] == self.loose[1]


def report(found: Played) -> dict[str, Any]:
    """Return the result as plain values."""
    parts = sum(one.truth.parts for one in found.machines)
    return {
        "holds": found.holds,
        "mode": found.plant.practice.mode,
        "seconds": round(found.seconds, 1),
        "bars": {"counts": COUNTS_BAR, "reasons": REASONS_BAR},
        "machines": {
            "parts_true": parts,
            "parts_told": sum(one.answer.parts or 0.0 for one in found.machines),
            "counts": min(one.counts for one in found.machines),
            "states": min(one.states for one in found.machines),
            "energy": min(one.energy for one in found.machines),
            "wrong": {
                one.machine: [one.truth.parts, one.answer.parts, one.states]
                for one in found.machines
                if one.counts < 100 or one.states < 99.9
            },
        },
        "operations": {
            "pieces_true": found.operations.true,
            "counts": found.operations.share,
            "wrong": list(found.operations.wrong[:10]),
        },
        "reasons": {
            "seconds_true": sum(told.true for told in found.stops.values()) / SECOND,
            "right": found.reasons,
            "wrong": {code: told.wrong for code, told in found.stops.items() if told.right < told.true},
        },
        "unassigned": {"true": found.loose[0], "told": found.loose[1]},
        "energy": {"kWh_true": found.energy[0], "kWh_right": found.energy[1]},
        "figures": {name: {"told": told, "true": found.truth.get(name)} for name, told in found.figures.items()},
        "entries": dict(found.office.outcomes),
        "refused": found.office.refused[:10],
    }


def print_table(found: Played) -> None:
    """Print what was told against the truth, and what the product makes of it."""
    from rich.console import Console
    from rich.table import Table

    mode = {"before": "on paper", "after": "with terminals"}[found.plant.practice.mode]
    table = Table(title=f"The plant {mode}: what chanye said, against the truth")
    for name in ("what", "true", "told", "right", "worst"):
        table.add_column(name, justify="left" if name in ("what", "worst") else "right")
    table.add_row(*_machines(found))
    table.add_row(*_pieces(found))
    table.add_row(*_stops(found))
    true, told = found.loose
    table.add_row("pieces made for no order", str(true), str(told), _percent(100.0 if true == told else 0.0), "")
    kwh, right = found.energy
    if kwh:
        table.add_row("energy of operations", f"{kwh:.1f} kWh", "", _percent(100 * right / kwh), "")
    table.add_section()
    table.add_row(
        "verdict", "", "", "holds" if found.holds else "does not hold", f"{len(found.office.refused)} refused"
    )
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(table)
    figures = Table(title="What chanye makes of it")
    figures.add_column("figure")
    figures.add_column("told", justify="right")
    figures.add_column("true", justify="right")
    for name, value in found.figures.items():
        known = found.truth.get(name)
        said = "not measured" if value is None else f"{value:.4g}"
        figures.add_row(name, said, "" if known is None else f"{known:.4g}")
    console.print(figures)


def _percent(share: float) -> str:
    return f"{share:.2f} %"


def _machines(found: Played) -> tuple[str, ...]:
    true = sum(one.truth.parts for one in found.machines)
    told = sum(one.answer.parts or 0.0 for one in found.machines)
    worst = min(found.machines, key=lambda one: (one.counts, one.states))
    said = f"{worst.machine}: {worst.counts:.1f} %" if worst.counts < COUNTS_BAR else ""
    return "pieces by machine", str(true), f"{told:g}", _percent(worst.counts), said


def _pieces(found: Played) -> tuple[str, ...]:
    one = found.operations
    return "pieces by operation", str(one.true), str(one.right), _percent(one.share), "; ".join(one.wrong[:1])


def _stops(found: Played) -> tuple[str, ...]:
    true = sum(told.true for told in found.stops.values()) / SECOND / 60
    right = sum(told.right for told in found.stops.values()) / SECOND / 60
    worst = min(found.stops.items(), key=lambda row: row[1].share)
    said = f"{worst[0]}: {worst[1].wrong[0]}" if worst[1].wrong else ""
    return "reasons of stops", f"{true:.1f} min", f"{right:.1f} min", _percent(found.reasons), said
