"""How far a target is reached: from its baseline, by its direction. Pure."""

from __future__ import annotations

from django.utils.translation import gettext as _

from chanye.domains.projects.rules import months as calendar
from chanye.domains.projects.types.targets import MEASURES, RunRate, TargetDraft
from chanye.kernel.errors import ConfigError


def attainment(actual: float | None, baseline: float, target: float) -> float | None:
    """Return (actual - baseline) / (target - baseline): 0 at the baseline, 1 at the target, more beyond it.

    The direction is in the signs: a target below the baseline is approached by falling. None where nothing is
    known, or where target and baseline are the same: a floor is held or not, nothing of it is attained.
    """
    if actual is None or target == baseline:
        return None
    return (actual - baseline) / (target - baseline)


def reached(actual: float | None, baseline: float, target: float, direction: int) -> bool | None:
    """Return whether a target holds: by the side it lies on from the baseline; at a floor by ``direction``."""
    if actual is None:
        return None
    way = 1 if target > baseline else -1 if target < baseline else direction
    return (actual - target) * way >= 0


def run_rate(kind: str, actual: float | None, baseline: float, target: float, elapsed: int, whole: int) -> RunRate:
    """Return what each month that is left must bring, and what a month brought so far.

    Parameters
    ----------
    kind
        ``sum``: the months add up to the target; ``level``: the level moves from baseline to target.
    elapsed, whole
        Months known so far and in all.
    """
    left = max(0, whole - elapsed)
    if actual is None:
        return RunRate(None, None, left)
    came_from = 0.0 if kind == "sum" else baseline
    so_far = (actual - came_from) / elapsed if elapsed else None
    return RunRate((target - actual) / left if left else None, so_far, left)


def expected_share(elapsed: int, whole: int) -> float | None:
    """Return the share that an even pace would have reached."""
    return min(1.0, elapsed / whole) if whole and elapsed else None


def check_draft(draft: TargetDraft, *, kind: str, now_month: str, revision: int, reason: str) -> None:
    """Go on only if a target may be set; ``kind`` is that of its indicator.

    Raises
    ------
    ConfigError
        Saying what is wrong: words missing, a period backwards, a first target after its period has begun
        without a reason, a revision without one.
    """
    if not draft.code.strip() or not draft.title.strip():
        raise ConfigError(_("A target needs a code and a title."))
    if draft.measure not in MEASURES:
        raise ConfigError(_("A target is about a level or about growth."))
    if calendar.number(draft.end) < calendar.number(draft.start):
        raise ConfigError(_("The period ends before it begins: change the months."))
    adds_up = draft.measure == "growth" or kind in ("flow", "cumulative")
    if adds_up and (draft.start[5:] != "01" or draft.start[:4] != draft.end[:4]):
        raise ConfigError(_("What adds up over a year has a target that begins in January and ends that year."))
    if draft.sector and draft.town:
        raise ConfigError(_("A target is for the district, a sector or a town: choose one."))
    if revision > 1 and not reason.strip():
        raise ConfigError(_("A target that is set again needs a reason: it is published beside the old one."))
    if now_month >= draft.start and not reason.strip():
        raise ConfigError(_("The period has begun: a target set now needs a reason and is shown as set late."))
