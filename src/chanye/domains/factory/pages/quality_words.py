"""Words of inspection and nonconformance."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

PLAN_KINDS = {
    "first_piece": _("First piece"),
    "time": _("By time"),
    "count": _("By count"),
    "final": _("Final inspection"),
    "incoming": _("Incoming inspection"),
}
PLAN_HINTS = {
    "first_piece": _("Due at the first start and after every set-up."),
    "time": _("Due again when the time has gone by and pieces were booked."),
    "count": _("Due each time so many pieces were booked."),
    "final": _("Due when the operation is finished, of each lot it put out."),
    "incoming": _("Due when a lot is received; the lot is blocked until it is judged."),
}
CHARACTERISTIC_KINDS = {
    "variable": pgettext_lazy("characteristic", "Measured"),
    "choice": pgettext_lazy("characteristic", "Pick list"),
    "count": pgettext_lazy("characteristic", "Counted"),
}
INSPECTION_STATES = {
    "open": pgettext_lazy("inspection", "Due"),
    "accepted": _("Accepted"),
    "rejected": _("Rejected"),
    "split": pgettext_lazy("inspection", "Split"),
    "cancelled": _("Cancelled"),
}
INSPECTION_TONES = {
    "open": "waiting",
    "overdue": "stopped",
    "accepted": "running",
    "rejected": "fault",
    "split": "setup",
    "cancelled": "planned_off",
}
PLAN_TONES = {"draft": "waiting", "released": "running", "retired": "planned_off"}
CASE_STATES = {
    "open": pgettext_lazy("case", "Open"),
    "contained": _("Contained"),
    "disposed": _("Decided"),
    "closed": pgettext_lazy("case", "Closed"),
}
CASE_TONES = {"open": "fault", "contained": "stopped", "disposed": "setup", "closed": "planned_off"}
SEVERITIES = {"minor": _("Minor"), "major": _("Major"), "critical": _("Critical")}
DISPOSITIONS = {
    "use_as_is": _("Use as is"),
    "rework": _("Rework"),
    "scrap": _("Scrap"),
    "return": _("Return to supplier"),
    "sort": pgettext_lazy("disposition", "Sort"),
}
ORIGINS = {
    "terminal": _("Terminal"),
    "inspection": _("Inspection"),
    "hand": pgettext_lazy("origin", "By hand"),
}
HOLD_RULES = {
    "scrap_rate": _("Scrap rate above a limit"),
    "failed_inspection": _("A failed inspection"),
    "nonconformance": _("A nonconformance on the operation"),
}
