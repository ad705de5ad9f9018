"""Words of the room for codes that are stored."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

STATE_WORDS = {
    "draft": pgettext_lazy("application", "Draft"),
    "submitted": pgettext_lazy("application", "Submitted"),
    "returned": pgettext_lazy("application", "Returned for correction"),
    "eligible": pgettext_lazy("application", "In review"),
    "reviewed": pgettext_lazy("application", "Reviewed"),
    "approved": pgettext_lazy("application", "Approved"),
    "agreed": pgettext_lazy("application", "Agreement signed"),
    "closed": pgettext_lazy("application", "Closed"),
    "refused": pgettext_lazy("application", "Refused as not eligible"),
    "declined": pgettext_lazy("application", "Declined"),
    "withdrawn": pgettext_lazy("application", "Withdrawn"),
}
MOVES_DONE = {
    "submit": pgettext_lazy("application", "Submitting"),
    "withdraw": pgettext_lazy("application", "Withdrawing"),
    "return": pgettext_lazy("application", "Returning for correction"),
    "refuse": pgettext_lazy("application", "Refusing as not eligible"),
    "accept": pgettext_lazy("application", "Taking into review"),
    "conclude": pgettext_lazy("application", "Concluding the review"),
    "approve": pgettext_lazy("application", "Approving"),
    "decline": pgettext_lazy("application", "Declining"),
    "agree": pgettext_lazy("application", "Signing the agreement"),
    "close": pgettext_lazy("application", "Closing the case"),
}
DUTY_WORDS = {
    "enter": pgettext_lazy("duty", "enter"),
    "review": pgettext_lazy("duty", "review"),
    "approve": pgettext_lazy("duty", "approve"),
    "pay": pgettext_lazy("duty", "pay"),
    "verify": pgettext_lazy("duty", "verify the measurement"),
}
COST_KINDS = {
    "equipment": _("Machines and devices"),
    "software": _("Software and licences"),
    "integration": _("Integration and commissioning"),
    "service": _("Consulting and design"),
    "sensors": _("Sensors and meters"),
    "network": _("Network and computing"),
    "training": _("Training"),
    "building": _("Land and buildings"),
    "used_equipment": _("Used equipment"),
    "vehicle": _("Vehicles"),
    "wages": _("Wages and running costs"),
    "tax": _("Taxes and interest"),
    "other": pgettext_lazy("kind of cost", "Other"),
}
DOCUMENT_KINDS = {
    "licence": _("Business licence"),
    "filing": _("Filing of the investment project"),
    "plan": _("Description of the project"),
    "quote": pgettext_lazy("document", "Quote"),
    "contract": pgettext_lazy("document", "Contract"),
    "invoice": pgettext_lazy("document", "Invoice"),
    "payment": _("Proof of payment"),
    "photo": pgettext_lazy("document", "Photo"),
    "city_check": _("Pre-check by the city"),
    "maturity": _("Self-assessment of maturity"),
    "other": pgettext_lazy("document", "Other"),
}
