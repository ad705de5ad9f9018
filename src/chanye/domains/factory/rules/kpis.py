"""ISO 22400-2: from states to time elements, from time elements and counts to key figures. Pure.

How a state class becomes a time element (ISO 22400-2, 5.2; the reading of states follows OPC 40001-1, annex C.2):

=============  ==========================================  ==================================================
class          inside planned busy time                    meaning
=============  ==========================================  ==================================================
running        APT, actual production time                 value is added
setup          AUST, actual unit set-up time               tools, programs and fixtures are changed
fault,stopped  ADET, actual unit delay time                an order is on, the machine does not work
waiting        ADOT, actual unit down time                 the machine could work and is not used
planned_off    taken out of PBT                            the plant says so, whatever the calendar says
unknown        counted by itself                           nothing is known; never taken for a loss or a gain
=============  ==========================================  ==================================================

Time outside the shift calendar is ``planned_off`` whatever the machine did then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass

import numpy as np
import numpy.typing as npt

from chanye.domains.factory.types.machines import Figure, TimeElements
from chanye.kernel.intervals import I64, Intervals

#: State class -> field of ``TimeElements``.
ELEMENT = {
    "running": "apt",
    "setup": "aust",
    "fault": "adet",
    "stopped": "adet",
    "waiting": "adot",
    "planned_off": "planned_off",
    "unknown": "unknown",
}

DEFAULT_FLOOR = 0.8
_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Output:
    """What a machine made in a window.

    Parameters
    ----------
    produced
        Pieces counted in the window, PQ of the whole window.
    planned
        Pieces counted inside planned busy time while the counter was known.
    observed
        Pieces counted while the counter was known, at any time.
    scrapped
        Scrap among ``planned``; None where nothing counts it.
    earned
        Sum of PRI over the pieces in ``planned`` [us]; None where the PRI of a piece is not known.
    """

    produced: float
    planned: float
    observed: float
    scrapped: float | None
    earned: float | None


def covered_before(planned: Intervals, at: I64) -> I64:
    """Return how much of ``planned`` lies before each moment [us]."""
    if len(planned) == 0:
        return np.zeros(len(at), np.int64)
    length = planned.end - planned.start
    done = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
    i = np.searchsorted(planned.start, at, side="right") - 1
    inside = np.minimum(at, planned.end[np.maximum(i, 0)]) - planned.start[np.maximum(i, 0)]
    return np.asarray(np.where(i < 0, 0, done[np.maximum(i, 0)] + inside))


def time_elements(edge: I64, states: Sequence[str] | npt.NDArray[np.object_], planned: Intervals) -> TimeElements:
    """Return the time elements of a window that is cut into pieces.

    Parameters
    ----------
    edge
        k + 1 rising moments, us UTC: piece i is ``[edge[i], edge[i + 1])``.
    states
        k state classes.
    planned
        Planned busy time by the calendar.

    Returns
    -------
    TimeElements
        They tile ``[edge[0], edge[-1])`` exactly, to the microsecond.

    Raises
    ------
    AssertionError
        If they do not: a fault of this function, never of the data.
    """
    window = int(edge[-1] - edge[0]) if len(edge) else 0
    busy = np.diff(covered_before(planned, edge)) if len(edge) else np.empty(0, np.int64)
    total = dict.fromkeys(("apt", "aust", "adet", "adot", "unknown", "planned_off"), 0)
    if len(busy):
        words, code = np.unique(np.asarray(states, str), return_inverse=True)
        for i, word in enumerate(words.tolist()):
            total[ELEMENT.get(word, "unknown")] += int(busy[code == i].sum())
    pbt = int(busy.sum()) - total.pop("planned_off")
    elements = TimeElements(window=window, planned_off=window - pbt, pbt=pbt, **total)
    if total["apt"] + total["aust"] + total["adet"] + total["adot"] + total["unknown"] != pbt:
        msg = f"time elements do not tile the planned busy time: {elements}"
        raise AssertionError(msg)
    return elements


def sum_elements(parts: Iterable[TimeElements]) -> TimeElements:
    """Return the time elements of several machines or shifts together: times add up, ratios never do."""
    table = [astuple(part) for part in parts]
    return TimeElements(*(sum(column) for column in zip(*table, strict=True))) if table else TimeElements(*[0] * 8)


def _sum_or_none(values: Iterable[float | None]) -> float | None:
    known = list(values)
    return None if any(value is None for value in known) else sum(value for value in known if value is not None)


def sum_outputs(parts: Sequence[Output]) -> Output:
    """Return what several machines or shifts made together; what one of them cannot tell, the sum cannot."""
    return Output(
        sum(part.produced for part in parts),
        sum(part.planned for part in parts),
        sum(part.observed for part in parts),
        _sum_or_none(part.scrapped for part in parts),
        _sum_or_none(part.earned for part in parts),
    )


@dataclass(frozen=True, slots=True)
class Kpis:
    """The figures of ``key_figures``."""

    produced: Figure
    good: Figure
    availability: Figure
    effectiveness: Figure
    quality_ratio: Figure
    oee: Figure
    nee: Figure
    throughput: Figure


def coverage_of(elements: TimeElements) -> float:
    """Return the observed share of planned busy time, 0..1; 0 where no time is planned."""
    return (elements.pbt - elements.unknown) / elements.pbt if elements.pbt else 0.0


def key_figures(
    elements: TimeElements,
    output: Output | None,
    *,
    known: int,
    floor: float = DEFAULT_FLOOR,
    calendar: bool = True,
) -> Kpis:
    """Return the key figures of a machine, or of several together (ISO 22400-2, clause 6).

    ``availability = APT / (PBT - unknown)``: over the part of planned busy time that was observed.
    ``effectiveness = PRI x PQ / APT``, never capped: above 1 the planned run time is wrong, and that must be seen.
    ``quality ratio = GQ / PQ``, ``OEE = availability x effectiveness x quality ratio``; ``NEE`` takes
    ``(APT + AUST) / (PBT - unknown)`` for availability. Effectiveness and quality ratio count the pieces made in
    observed planned time only, for only that time is in APT. ``throughput`` is pieces per observed hour of the
    window, planned or not.

    Parameters
    ----------
    elements
        Of the window.
    output
        What was made; None where no counter exists.
    known
        How much of the window is known, planned or not. [us]
    floor
        Coverage below which a ratio is not stated, 0..1.
    calendar
        False says that no calendar holds and all time was taken for planned: the figures then carry ``no_calendar``.
    """
    observed = elements.pbt - elements.unknown
    coverage = coverage_of(elements)
    remark = "" if calendar else "no_calendar"
    share = known / elements.window if elements.window else 0.0

    def ratio(top: float | None, bottom: float, missing: str) -> Figure:
        if not elements.pbt:
            return Figure(None, "1", coverage, "no_planned_time")
        if observed == 0:
            return Figure(None, "1", coverage, "no_data")
        if coverage < floor:
            return Figure(None, "1", coverage, "below_floor")
        if top is None or bottom <= 0:
            return Figure(None, "1", coverage, missing)
        return Figure(top / bottom, "1", coverage, remark)

    availability = ratio(elements.apt, observed, "no_data")
    effectiveness = ratio(
        None if output is None else output.earned,
        elements.apt,
        "no_counter" if output is None else "no_rate" if output.earned is None else "no_production",
    )
    scrap = None if output is None else output.scrapped
    made = 0.0 if output is None else output.planned
    good = None if scrap is None else made - scrap
    quality = ratio(good, made, "no_quality_data" if scrap is None else "no_production")
    net = ratio(elements.apt + elements.aust, observed, "no_data")
    return Kpis(
        produced=_pieces(output, share),
        good=Figure(good, "{part}", share) if good is not None else Figure(None, "{part}", share, "no_quality_data"),
        availability=availability,
        effectiveness=effectiveness,
        quality_ratio=quality,
        oee=_product(availability, effectiveness, quality),
        nee=_product(net, effectiveness, quality),
        throughput=_rate(output, known, share, floor),
    )


def _pieces(output: Output | None, share: float) -> Figure:
    """Return what was counted: a fact, however little was seen; its coverage says how little."""
    if output is None:
        return Figure(None, "{part}", share, "no_counter")
    if share == 0.0 and output.produced == 0:
        return Figure(None, "{part}", share, "no_data")
    return Figure(output.produced, "{part}", share)


def _rate(output: Output | None, known: int, share: float, floor: float) -> Figure:
    if output is None:
        return Figure(None, "{part}/h", share, "no_counter")
    if known == 0:
        return Figure(None, "{part}/h", share, "no_data")
    if share < floor:
        return Figure(None, "{part}/h", share, "below_floor")
    return Figure(output.observed * _HOUR / known, "{part}/h", share)


def _product(*figures: Figure) -> Figure:
    """Return the product; what one factor cannot tell, the product cannot, and says the same reason."""
    value, coverage = 1.0, min(figure.coverage for figure in figures)
    for figure in figures:
        if figure.value is None:
            return Figure(None, "1", coverage, figure.why)
        value *= figure.value
    return Figure(value, "1", coverage, figures[0].why)


def earned_time(
    programs: Sequence[str], pieces: Sequence[float], run_time: float | None, run_times: dict[str, float]
) -> float | None:
    """Return the planned run time of pieces [us]; None if the PRI of one of them is not known.

    Parameters
    ----------
    programs, pieces
        For each rise of the counter the program that ran and how many pieces appeared.
    run_time, run_times
        PRI of the machine, and of programs, which win. [s]
    """
    total = 0.0
    for program, count in zip(programs, pieces, strict=True):
        seconds = run_times.get(program, run_time)
        if seconds is None:
            return None
        total += seconds * count * 1e6
    return total
