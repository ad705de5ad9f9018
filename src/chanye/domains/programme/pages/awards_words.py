"""Words of awards for codes that are stored."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

AGREEMENT_STATES = {
    "draft": pgettext_lazy("agreement", "To be signed by the firm"),
    "offered": pgettext_lazy("agreement", "To be signed by the office"),
    "in_force": pgettext_lazy("agreement", "In force"),
    "settled": pgettext_lazy("agreement", "Settled"),
}
AGREEMENT_TONES = {"draft": "waiting", "offered": "waiting", "in_force": "running", "settled": "planned_off"}
CLAIM_STATES = {
    "filed": pgettext_lazy("claim", "To be verified"),
    "verified": pgettext_lazy("claim", "To be approved"),
    "approved": pgettext_lazy("claim", "To be paid"),
    "paid": pgettext_lazy("claim", "Done"),
    "refused": pgettext_lazy("claim", "Refused"),
}
CLAIM_TONES = {
    "filed": "waiting", "verified": "waiting", "approved": "setup", "paid": "running", "refused": "fault"
}  # fmt: skip
TRANCHES = {
    "start": pgettext_lazy("tranche", "Start"),
    "acceptance": pgettext_lazy("tranche", "Acceptance"),
    "measured": pgettext_lazy("tranche", "Measured effect"),
}
MILESTONES = {
    "begun": _("Work has begun"),
    "installed": _("Equipment is installed"),
    "connected": _("Machines send data"),
    "finished": _("Project is finished"),
    "other": pgettext_lazy("milestone", "Other"),
}
MILESTONE_STATES = {
    "open": pgettext_lazy("milestone", "open"),
    "reported": pgettext_lazy("milestone", "reported"),
    "returned": pgettext_lazy("milestone", "sent back"),
    "accepted": pgettext_lazy("milestone", "accepted"),
}
MILESTONE_TONES = {"open": "planned_off", "reported": "waiting", "returned": "stopped", "accepted": "running"}
REASONS = {
    "begun": _("The work has begun: the tranche is due in full."),
    "accepted": _("The project is accepted: the grant is a share of the cost that was found eligible."),
    "confirmed": _("At least as much as was claimed is proved: the whole share is due."),
    "below": _("Less is proved than was claimed: what is due shrinks with it."),
    "nothing": _("No effect is proved: nothing of this tranche is due."),
    "withheld": _(
        "It could not be measured because the firm's data are missing: nothing is due until they are there."
    ),
    "platform": _("It could not be measured because the platform failed: the firm is paid in full."),
    "unmeasurable": _("It could not be measured: nothing of this tranche is due until it can."),
}
RULES = {
    "unmeasured": _("All at acceptance, nothing measured"),
    "estimate": _("By the estimate itself"),
    "bound_68": _("By the lower bound at 68 %"),
    "bound_90": _("By the lower bound at 90 %"),
    "agreed": _("By the lower bound of this agreement"),
}
ACCOUNTS = {
    "appropriation": _("Appropriation"),
    "envelope": _("Free in the envelope"),
    "commitment": _("Committed"),
    "obligation": _("Bound by agreements"),
    "payable": _("Payable"),
    "paid": pgettext_lazy("ledger", "Paid"),
    "clawback": _("To be given back"),
    "returned": _("Given back"),
}
JOURNALS = {
    "grant": _("Granted by the budget"),
    "cut": _("Taken away by the budget"),
    "commit": _("Committed to a project"),
    "uncommit": _("Commitment ended"),
    "oblige": _("Bound by an agreement"),
    "release": _("Set free again"),
    "approve": _("Claim approved"),
    "pay": _("Claim paid"),
    "claw_back": _("Clawed back"),
    "give_back": _("Given back"),
    "carry": _("Carried to another year"),
    "reverse": _("Taken back"),
}
