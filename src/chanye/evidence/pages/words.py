"""Words and tones of the pages of evidence."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

METHODS = {
    "baseline": _("One plant and its baseline"),
    "group_time": _("Against plants not upgraded yet"),
    "synthetic": _("Against a mixture of plants"),
    "randomised": _("Order drawn by lot"),
}
#: What a method takes and guards against.
METHOD_HINTS = {
    "baseline": _("Nobody to compare with: what it would have taken under the conditions it met."),
    "group_time": _("Several plants with the same measure; guards against what happens to all of them."),
    "synthetic": _("A mixture of others that moved as this plant did before; guards against common trends."),
    "randomised": _("The surest: who is upgraded first was decided by lot."),
}
STATES = {
    "draft": _("Draft"),
    "frozen": pgettext_lazy("evidence", "Frozen"),
    "running": _("To be measured"),
    "measured": pgettext_lazy("evidence", "Measured"),
}
STATE_TONES = {"draft": "planned_off", "frozen": "setup", "running": "waiting", "measured": "running"}
VERDICTS = {
    "confirmed": pgettext_lazy("verdict", "Confirmed"),
    "below": pgettext_lazy("verdict", "Below the claim"),
    "not_measurable": pgettext_lazy("verdict", "Not measurable"),
}
VERDICT_TONES = {"confirmed": "running", "below": "stopped", "not_measurable": "unknown"}
BLAMES = {"firm": _("The firm's data are missing"), "platform": _("The platform failed")}
GATES = {
    "baseline_length": _("Days of the baseline"),
    "length_since": _("Days since the upgrade"),
    "baseline_known": _("Baseline known"),
    "known_since": _("Known since the upgrade"),
    "distinct_values": _("Different values"),
    "longest_still": _("Longest standstill"),
    "excluded": _("Taken out by events"),
    "unexplained": _("Left unexplained"),
    "outside_baseline": _("Outside of the baseline"),
    "size": _("Production beyond the months of the baseline"),
    "controls": _("Plants compared with"),
    "blocks": _("Whole blocks"),
}
VERBS = {
    "draft_plan": _("drafted"),
    "change_plan": pgettext_lazy("plan", "changed"),
    "freeze_plan": _("froze"),
    "record_upgrade": _("recorded the upgrade"),
    "log_event": _("logged an event"),
    "measure_effect": _("measured the effect"),
    "declare_blame": _("declared whose fault it is"),
}
#: Gates that count something; the others are shares.
COUNTS = frozenset({"baseline_length", "length_since", "controls", "blocks"})
