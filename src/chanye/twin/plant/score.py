"""How much of the plant's truth was told: pieces of every operation, and the reasons of stops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chanye.twin.parts import HOUR
from chanye.twin.plant.clerks import KNOWN, SHORTEST, whole_stop
from chanye.twin.plant.engine import Plant
from chanye.twin.plant.people import at_work, next_bell
from chanye.twin.plant.record import Labour, Record
from chanye.twin.score import overlaps

#: What has to be reached: pieces exactly, reasons that were given by time. [%]
COUNTS_BAR, REASONS_BAR = 100.0, 99.5

#: good, scrap, rework by (order, step, mending)
Counts = Mapping[tuple[int, int, bool], tuple[int, int, int]]
#: (start, end, reason) in time order; "" where the product says that nobody gave one
Reasons = Sequence[tuple[int, int, str]]


def true_counts(record: Record, start: int, end: int) -> dict[tuple[int, int, bool], tuple[int, int, int]]:
    """Return what left each operation in ``[start, end)`` (us UTC): good, scrap, rework."""
    sums = record.counts(start, end)
    found: dict[tuple[int, int, bool], tuple[int, int, int]] = {}
    for order, step in {(order, step) for order, step, _ in sums if order >= 0}:
        good, scrap, rework = (sums[order, step, what] for what in ("good", "scrap", "rework"))
        found[order, step, False] = (good, scrap, rework)
        if sums[order, step, "mended"]:
            found[order, step, True] = (sums[order, step, "mended"], 0, 0)
    return {where: counts for where, counts in found.items() if any(counts)}


def true_reasons(record: Record, machine: int, start: int, end: int) -> list[tuple[int, int, str]]:
    """Return the stops of ``[start, end)`` (us UTC) whose reason somebody on the spot knew and was asked for."""
    spans = list(record.between(machine, start, end))
    found: list[tuple[int, int, str]] = []
    at = 0
    while at < len(spans):
        stop, at = whole_stop(spans, at)
        whole = stop.end < end and stop.start > start  # what reaches over an edge is told elsewhere
        if whole and stop.doing.state in KNOWN and stop.end - stop.start >= SHORTEST:
            found += [(a, b, stop.doing.reason) for a, b in _at_work(stop.start, stop.end)]
    return found


def _at_work(start: int, end: int) -> list[tuple[int, int]]:
    """Return the parts of an interval in which people work: a stop costs nothing while they rest."""
    found: list[tuple[int, int]] = []
    while start < end:
        upto = min(end, next_bell(start))
        if at_work(start) == "work":
            found.append((start, upto))
        start = upto
    return found


def true_energy(plant: Plant, start: int, end: int) -> dict[tuple[int, int], float]:
    """Return what machines drew while somebody had an operation on them, by (order, step) in the window [kWh]."""
    found: dict[tuple[int, int], float] = {}
    record = plant.record
    going_on = [
        Labour(
            cell.labour[0], cell.index, cell.labour[1].order.serial, cell.labour[1].index, "run", cell.labour[2], end
        )
        for cell in plant.cells
        if cell.labour is not None
    ]
    for one in [*record.labour, *going_on]:
        low, high = max(one.start, start), min(one.end, end)
        if low < high:
            drawn = record.energy(one.machine, low, high)
            found[one.order, one.step] = found.get((one.order, one.step), 0.0) + drawn
    return found


def true_figures(plant: Plant, start: int, end: int) -> dict[str, float]:
    """Return what the window's truth makes of the key figures that need no prices.

    ``defect_rate``: scrap and rework per piece that left the orders; ``capacity``: finished good pieces per machine
    and hour of work; ``production_efficiency``: standard time of good pieces per time at work; ``energy_per_piece``
    [kWh].
    """
    sums = plant.record.counts(start, end)
    done = sum(sums[order.serial, len(order.ops) - 1, "good"] for order in plant.orders)
    scrap = sum(count for (order, _, what), count in sums.items() if what == "scrap" and order >= 0)
    rework = sum(count for (_, _, what), count in sums.items() if what == "rework")
    earned = sum(op.step.cycle * sums[order.serial, op.index, "good"] for order in plant.orders for op in order.ops)
    worked = len(plant.cells) * sum(b - a for a, b in _at_work(start, end))
    drawn = sum(plant.record.energy(machine, start, end) for machine in range(len(plant.cells)))
    found = {"capacity": done * HOUR / worked, "production_efficiency": earned / worked}
    if done + scrap:
        found["defect_rate"] = (scrap + rework) / (done + scrap)
    return found | ({"energy_per_piece": drawn / done} if done else {})


@dataclass(frozen=True, slots=True)
class Told:
    """How right something is: ``right`` of ``true`` [pieces or us], and the worst mistakes in words."""

    true: int
    right: int
    wrong: tuple[str, ...]

    @property
    def share(self) -> float:
        """Right in percent; nothing to tell and nothing told is right."""
        return (
            100.0
            if self.right >= self.true and not self.wrong
            else min(99.999, 100.0 * self.right / max(1, self.true))
        )


def score_counts(truth: Counts, answer: Counts) -> Told:
    """Compare pieces of operations; a piece too many is as wrong as one too few."""
    true = right = 0
    wrong: list[str] = []
    for where in sorted({*truth, *answer}):
        wanted, told = truth.get(where, (0, 0, 0)), answer.get(where, (0, 0, 0))
        true += sum(wanted)
        right += sum(wanted) - sum(abs(a - b) for a, b in zip(wanted, told, strict=True))
        if wanted != told:
            wrong.append(f"order {where[0]} step {where[1]}{' mending' if where[2] else ''}: {wanted} told {told}")
    return Told(true, max(0, right), tuple(wrong))


def score_reasons(truth: Reasons, answer: Reasons) -> Told:
    """Compare reasons by time, within the stops of the truth."""
    pairs = overlaps(truth, answer)
    wrong: Counter[tuple[str, str]] = Counter()
    right = 0
    for (wanted, told), time in pairs.items():
        if wanted == told:
            right += time
        else:
            wrong[wanted, told] += time
    words = tuple(f"{a or 'none'} told {b or 'none'} {n / 1e6:.0f} s" for (a, b), n in wrong.most_common(3))
    return Told(sum(pairs.values()), right, words)
