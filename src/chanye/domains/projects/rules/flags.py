"""When a project raises a flag. Limits are named here once; the list asks the database the same questions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _

from chanye.domains.projects.types.pipeline import Flag

#: Financial minus physical progress above which money runs ahead of work. [ppm]
MONEY_AHEAD = 150_000
#: Days without a report after which a started project stands still.
STALLED_DAYS = 90
#: Growth of the planned total above which it is flagged. [percent of the first plan]
COST_GROWTH = 10
#: Ended or not begun: no report is waited for.
AT_REST = ("completed", "cancelled")


@dataclass(frozen=True, slots=True)
class Facts:
    """What flags are raised from. Money in fen, progress in ppm."""

    status: str
    planned_total: int
    first_total: int
    paid_out: int
    physical: int | None
    started_on: date | None
    in_production_on: date | None
    next_due: date | None
    reported_on: date | None
    baseline_version: int
    photo_faults: int
    falsified: int


def flags_of(facts: Facts, today: date) -> tuple[Flag, ...]:
    """Return the flags of a project with the figures behind each."""
    found = [
        _money(facts),
        _overdue(facts, today),
        _stalled(facts, today),
        _cost(facts),
        (facts.baseline_version > 1, "changed_scope",
         _("The milestones were changed %(n)s times after they were frozen.") % {"n": facts.baseline_version - 1}),
        (facts.photo_faults > 0, "photo",
         _("%(n)s photos are far from the site, too old or used before.") % {"n": facts.photo_faults}),
        (facts.falsified > 0, "falsified", _("%(n)s reports were found to be false.") % {"n": facts.falsified}),
    ]  # fmt: skip
    return tuple(Flag(code, why) for raised, code, why in found if raised)


def _money(facts: Facts) -> tuple[bool, str, str]:
    if facts.physical is None or facts.planned_total <= 0:
        return False, "", ""
    # In whole numbers, as the database compares: paid/total - physical > limit.
    ahead = facts.paid_out * 1_000_000 - (facts.physical + MONEY_AHEAD) * facts.planned_total
    words = _("%(paid)s %% is paid out, %(built)s %% is built.") % {
        "paid": round(100 * facts.paid_out / facts.planned_total),
        "built": round(facts.physical / 10_000),
    }
    return ahead > 0, "money_ahead", words


def _overdue(facts: Facts, today: date) -> tuple[bool, str, str]:
    late = facts.next_due is not None and facts.next_due < today and facts.status not in AT_REST
    return late, "overdue", _("A milestone was due on %(day)s and is not met.") % {"day": facts.next_due}


def _stalled(facts: Facts, today: date) -> tuple[bool, str, str]:
    if facts.started_on is None or facts.in_production_on is not None or facts.status in AT_REST:
        return False, "", ""
    last = max(facts.started_on, facts.reported_on or facts.started_on)
    words = _("Nothing was reported since %(day)s.") % {"day": last}
    return last < today - timedelta(days=STALLED_DAYS), "stalled", words


def _cost(facts: Facts) -> tuple[bool, str, str]:
    grown = facts.planned_total * 100 > facts.first_total * (100 + COST_GROWTH) and facts.first_total > 0
    share = 0 if not facts.first_total else round(100 * facts.planned_total / facts.first_total - 100)
    return grown, "cost_growth", _("The planned total grew by %(share)s %%.") % {"share": share}
