"""Rules of credit: how much of a milestone is earned by what was seen. Opinions earn nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from chanye.domains.projects.types.progress import RULES, MilestoneDraft, Seen
from chanye.kernel.errors import ConfigError

WHOLE = 1_000_000


def credit_of(rule: str, seen: Seen, *, steps: Sequence[tuple[str, float]] = (), units: float | None = None) -> int:
    """Return the credit of a milestone in ppm.

    0/100 earns all when done; 50/50 half when begun; ``steps`` the weights of the steps done; ``units`` what is
    done of all, never more than all.

    Raises
    ------
    ConfigError
        If the report names steps or units that the milestone does not have.
    """
    if rule == "0/100":
        return WHOLE if seen.done else 0
    if rule == "50/50":
        return WHOLE if seen.done else WHOLE // 2 if seen.started else 0
    if rule == "steps":
        if any(not 0 <= one < len(steps) for one in seen.steps):
            raise ConfigError(_("One of these steps does not exist; reload the page."))
        whole = sum(weight for _title, weight in steps)
        return round(WHOLE * sum(steps[one][1] for one in sorted(set(seen.steps))) / whole)
    if not units or not math.isfinite(seen.units) or not 0 <= seen.units <= 2 * units:
        raise ConfigError(_("Type how many units are done, from 0 to what was planned."))
    return min(WHOLE, round(WHOLE * seen.units / units))


def check_milestone(draft: MilestoneDraft) -> None:
    """Raise ConfigError naming what a milestone cannot be."""
    name = draft.title.strip()[:60]
    if not name:
        raise ConfigError(_("Every milestone needs a title."))
    if draft.rule not in RULES:
        raise ConfigError(
            _("“%(name)s”: choose a rule of credit: %(rules)s.") % {"name": name, "rules": ", ".join(RULES)}
        )
    if not 0 < draft.budget < 10**17:
        raise ConfigError(_("“%(name)s”: its part of the budget must be more than zero.") % {"name": name})
    if draft.finish < draft.start:
        raise ConfigError(_("“%(name)s”: it cannot finish before it starts.") % {"name": name})
    if draft.rule == "steps" and (
        len(draft.steps) < 2 or not all(math.isfinite(weight) and weight > 0 for _title, weight in draft.steps)
    ):
        raise ConfigError(_("“%(name)s”: name at least two steps, each with a weight above zero.") % {"name": name})
    if draft.rule == "units" and not (draft.units and math.isfinite(draft.units) and draft.units > 0):
        raise ConfigError(_("“%(name)s”: say how many units there are to do.") % {"name": name})


def planned_share(rule: str, start: date, finish: date, on: date) -> float:
    """Return how much of a milestone the plan has earned at the end of a day: by its own rule of credit, 0..1."""
    if on >= finish:
        return 1.0
    if on < start or rule == "0/100":
        return 0.0
    if rule == "50/50":
        return 0.5
    return ((on - start).days + 1) / ((finish - start).days + 1)


def plan_days(milestones: Sequence[Mapping[str, Any]], *, most: int = 120) -> list[date]:
    """Return the days at which a plan bends, and others between them: a curve through them is the plan."""
    if not milestones:
        return []
    bends: set[date] = set()
    for one in milestones:
        bends |= {one["start"] - timedelta(days=1), one["start"], one["finish"] - timedelta(days=1), one["finish"]}
    first, last = min(bends), max(bends)
    step = max(1, (last - first).days // most)
    return sorted(bends | {first + timedelta(days=step * i) for i in range((last - first).days // step + 1)})


def planned_amount(milestones: Sequence[Mapping[str, Any]], on: date) -> float:
    """Return the planned value at the end of a day: the sum of budgets by their planned shares. [fen]."""
    return sum(
        float(one["budget"]) * planned_share(one["rule"], one["start"], one["finish"], on) for one in milestones
    )


def status_of(credit: int, finish: date, today: date) -> str:
    """Return the OC4IDS milestone status by its verified credit in ppm."""
    if credit >= WHOLE:
        return "met"
    if today > finish:
        return "notMet"
    return "partiallyMet" if credit > 0 else "scheduled"
