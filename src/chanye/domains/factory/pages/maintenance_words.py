"""The words of maintenance, in the reader's language."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from chanye.kernel.money import format_money

Words = str | Promise

KINDS: dict[str, Words] = {
    "corrective": pgettext_lazy("maintenance", "Repair"),
    "preventive": pgettext_lazy("maintenance", "Service"),
    "inspection": pgettext_lazy("maintenance", "Inspection"),
}
STATES: dict[str, Words] = {
    "new": pgettext_lazy("maintenance order", "New"),
    "planned": pgettext_lazy("maintenance order", "Planned"),
    "in_progress": pgettext_lazy("maintenance order", "In work"),
    "waiting": pgettext_lazy("maintenance order", "Waiting"),
    "done": pgettext_lazy("maintenance order", "Done"),
    "verified": pgettext_lazy("maintenance order", "Verified"),
    "cancelled": pgettext_lazy("maintenance order", "Not wanted"),
}
PRIORITIES: dict[str, Words] = {
    "1": pgettext_lazy("priority", "Now"),
    "2": pgettext_lazy("priority", "Soon"),
    "3": pgettext_lazy("priority", "When it fits"),
}
SOURCES: dict[str, Words] = {
    "hand": pgettext_lazy("maintenance", "by hand"),
    "plan": pgettext_lazy("maintenance", "by plan"),
    "call": pgettext_lazy("maintenance", "by call"),
}
TRIGGERS: dict[str, Words] = {
    "time": pgettext_lazy("maintenance plan", "By calendar"),
    "run_hours": pgettext_lazy("maintenance plan", "By run hours"),
    "counter": pgettext_lazy("maintenance plan", "By counter"),
    "condition": pgettext_lazy("maintenance plan", "By condition"),
}
VERBS: dict[str, Words] = {
    "create": _("reported"),
    "plan": _("planned"),
    "start": _("started"),
    "reopen": _("taken up again"),
    "wait": _("waits"),
    "finish": _("finished"),
    "verify": _("verified"),
    "cancel": _("not wanted"),
    "step": _("step"),
    "use_part": _("spare part"),
    "labour": _("working time booked"),
    "join": _("joined in"),
    "leave": _("stopped working"),
}
RESULTS: dict[str, Words] = {
    "pass": pgettext_lazy("check", "OK"),
    "fail": pgettext_lazy("check", "Not OK"),
    "skip": pgettext_lazy("check", "Skipped"),
}
UNITS: dict[str, Words] = {
    "d": pgettext_lazy("interval", "days"),
    "w": pgettext_lazy("interval", "weeks"),
    "mo": pgettext_lazy("interval", "months"),
    "h": pgettext_lazy("interval", "hours"),
    "{part}": pgettext_lazy("interval", "pieces"),
}
WHY: dict[str, Words] = {
    "no_data": _("nothing is known of its use yet"),
    "no_use": _("at the present rate it is not due"),
    "condition": _("when the condition holds"),
    "below_floor": _("Too little of the time is known to state a number."),
    "few_failures": _("Fewer than two failures: a mean would say nothing."),
    "no_labour": _("No working time is booked in this window."),
}


def money(fen: int | None) -> str:
    """Return an amount as people read it; a dash where it is not known."""
    return "–" if fen is None else format_money(fen, get_language() or "en")
