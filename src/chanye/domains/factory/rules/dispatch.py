"""In which order operations are worked, and whether one can run now. Pure.

Rules as in the textbooks (J. Heizer, B. Render: Operations Management, chapter "Short-term scheduling"): earliest due
date, shortest processing time, critical ratio = time remaining / work remaining, first come first served. Ties are
broken by priority, due date, number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from chanye.domains.factory.rules.orders import Step, main_steps
from chanye.domains.factory.types.dispatch import DispatchRule, Need

NEVER = 1 << 62


@dataclass(frozen=True, slots=True)
class Job:
    """What a rule looks at. Times in us UTC, ``work`` (here) and ``remaining`` (here to the end) in s."""

    id: int
    due: int | None
    work: float
    remaining: float
    came: int
    priority: int = 50
    position: float | None = None
    planned_start: int | None = None


def is_planned(jobs: Sequence[Job]) -> bool:
    """Tell whether a plan gives the sequence: at least one job has a place or a time in it."""
    return any(job.position is not None or job.planned_start is not None for job in jobs)


def critical_ratio(job: Job, now: int) -> float | None:
    """Return time to the due date over work remaining; below 1 it will be late. None if either is not there."""
    if job.due is None or job.remaining <= 0:
        return None
    return (job.due - now) / 1e6 / job.remaining


def in_sequence(jobs: Sequence[Job], rule: DispatchRule, now: int, *, plan: bool = True) -> list[Job]:
    """Return jobs in the order they should be worked: by the plan if there is one (and ``plan``), else by the rule.

    Jobs the plan does not know yet follow those it knows, by the rule.
    """
    by_rule = sorted(jobs, key=lambda job: (_rank(job, rule, now), *_tie(job)))
    if not (plan and is_planned(jobs)):
        return by_rule
    return sorted(by_rule, key=_place)  # stable: what has no place keeps the order of the rule


def _place(job: Job) -> tuple[int, float]:
    if job.position is not None:
        return 0, job.position
    return (1, float(job.planned_start)) if job.planned_start is not None else (2, 0.0)


def _rank(job: Job, rule: DispatchRule, now: int) -> float:
    if rule == "spt":
        return job.work
    if rule == "fifo":
        return job.came
    if rule == "cr":
        ratio = critical_ratio(job, now)
        return float(NEVER) if ratio is None else ratio
    return NEVER if job.due is None else job.due


def _tie(job: Job) -> tuple[int, int, int]:
    return job.priority, NEVER if job.due is None else job.due, job.id


def pieces_left(steps: Mapping[int, Step], number: int) -> int:
    """Return how many pieces have still to pass an operation if none is scrapped any more."""
    step = steps[number]
    if step.kind == "rework":
        return max(0, step.here)
    upstream = sum(steps[other].here for other in main_steps(steps) if other <= number)
    back = (one for one in steps.values() if one.kind == "rework" and one.returns_to is not None)
    return max(0, upstream + sum(one.here for one in back if (one.returns_to or 0) <= number))


def work_time(left: int, run_time: float, setup_time: float, begun: bool) -> float:
    """Return the time [s] an operation still takes; a set-up that is done does not count again."""
    return left * run_time + (0.0 if begun or not left else setup_time)


def remaining_time(steps: Mapping[int, Step], times: Mapping[int, tuple[float, float, bool]], number: int) -> float:
    """Return the work from an operation to the end of its routing, in s.

    Parameters
    ----------
    times
        Operation -> run time per piece [s], set-up [s], begun.
    """
    if steps[number].kind == "rework":
        start = steps[number].returns_to or 0
        along = [number, *(other for other in main_steps(steps) if other >= start)]
    else:
        along = [other for other in main_steps(steps) if other >= number]
    return sum(work_time(pieces_left(steps, other), *times[other]) for other in along)


def judge_pieces(here: int) -> Need:
    """Tell whether there are pieces to work on."""
    if here > 0:
        return Need("pieces", "there", str(here), _("%(n)s pieces are here.") % {"n": here})
    return Need("pieces", "missing", str(max(here, 0)), _("No piece is here yet: the step before has to book some."))


def judge_material(code: str, tracked: bool, wanted: float, unit: str, stock: float | None) -> Need:
    """Tell whether a material is there: ``stock`` None means that nobody knows."""
    if wanted <= 0:
        return Need("material", "there", code, _("All of it is used already."))
    if stock is None:
        why = _("Its stock is not known.") if tracked else _("Its stock is not kept: look on the floor.")
        return Need("material", "unknown", code, why)
    said = {"stock": f"{stock:g} {unit}", "wanted": f"{wanted:g} {unit}"}
    if stock <= 0:
        return Need("material", "missing", code, _("None is in stock, %(wanted)s are needed.") % said)
    if stock < wanted:
        return Need("material", "warn", code, _("%(stock)s in stock, %(wanted)s are needed for all pieces.") % said)
    return Need("material", "there", code, _("%(stock)s in stock.") % said)


@dataclass(frozen=True, slots=True)
class ToolFacts:
    """What is known of a tool or gauge; ``calibrated_until`` in us UTC."""

    code: str
    state: str
    life: int | None
    used: int
    calibrated_until: int | None


def judge_tool(tool: ToolFacts, left: int, running: bool) -> Need:
    """Tell whether a tool can be used and lasts for the pieces that are left."""
    refusals = {
        "worn": _("It is worn: change or grind it."),
        "broken": _("It is broken: change it."),
        "away": _("It is away: bring it back, or take another."),
    }
    if tool.state in refusals:
        return Need("tool", "missing", tool.code, refusals[tool.state])
    if tool.state == "in_use" and not running:
        return Need("tool", "missing", tool.code, _("It is in use elsewhere."))
    if tool.life is not None and tool.used >= tool.life:
        return Need("tool", "missing", tool.code, _("Its life is used up: change it."))
    if tool.life is not None and tool.used + left > tool.life:
        said = _("It lasts for %(n)s more pieces.") % {"n": tool.life - tool.used}
        return Need("tool", "warn", tool.code, said)
    return Need("tool", "there", tool.code, _("Ready."))


def judge_gauge(gauge: ToolFacts, now: int) -> Need:
    """Tell whether a gauge may be used: it is there, and its calibration has not run out."""
    if gauge.state in ("broken", "away", "worn"):
        return Need("gauge", "missing", gauge.code, _("It cannot be used: take another."))
    if gauge.calibrated_until is None:
        return Need("gauge", "unknown", gauge.code, _("When it was calibrated is not known."))
    if gauge.calibrated_until <= now:
        return Need("gauge", "missing", gauge.code, _("Its calibration has run out: have it calibrated."))
    return Need("gauge", "there", gauge.code, _("Calibrated."))


def judge_program(code: str, version: int, state: str) -> Need:
    """Tell whether the program version that the order was released with may still be used."""
    what = f"{code} v{version}"
    if state == "released":
        return Need("program", "there", what, _("Released."))
    return Need("program", "missing", what, _("This version was taken out of use: ask the engineer."))


def judge_skill(code: str, levels: Sequence[int], *, person: bool) -> Need:
    """Tell whether the person (or, where none is named, anybody) has a skill: the levels held now."""
    if any(level >= 2 for level in levels):
        return Need("skill", "there", code, _("%(n)s people have it.") % {"n": len(levels)})
    if levels:
        return Need("skill", "warn", code, _("Only learners have it: somebody must stand by."))
    why = _("You do not have it: ask the line leader.") if person else _("Nobody here has it: train somebody.")
    return Need("skill", "missing", code, why)


def judge_machine(states: Sequence[str]) -> Need | None:
    """Tell whether a machine of the work centre can run; None where no machine says its state."""
    if not states:
        return None
    if all(state == "fault" for state in states):
        return Need("machine", "missing", "", _("The machine is down."))
    if all(state in ("fault", "unknown") for state in states):
        return Need("machine", "unknown", "", _("What the machine does is not known."))
    return Need("machine", "there", "", _("The machine can run."))


def judge_hold(reason: str, held: bool) -> Need | None:
    """Tell whether order or operation is held; None if not."""
    return Need("hold", "missing", "", _("On hold: %(reason)s") % {"reason": reason or "–"}) if held else None
