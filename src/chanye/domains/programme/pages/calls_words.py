"""Words and tones of the pages on calls, applications and reviews."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from chanye.domains.programme.words import STATE_WORDS

TONES = {
    "draft": "waiting",
    "submitted": "setup",
    "returned": "stopped",
    "eligible": "setup",
    "reviewed": "setup",
    "approved": "running",
    "agreed": "running",
    "closed": "planned_off",
    "refused": "fault",
    "declined": "fault",
    "withdrawn": "planned_off",
}
CALL_TONES = {"draft": "waiting", "open": "running", "closed": "planned_off"}
CALL_STATES = {
    "draft": pgettext_lazy("call", "Draft"),
    "open": pgettext_lazy("call", "Open"),
    "closed": pgettext_lazy("call", "Closed"),
}
RULING_WORDS = {
    "holds": pgettext_lazy("rule", "met"),
    "fails": pgettext_lazy("rule", "not met"),
    "unknown": pgettext_lazy("rule", "not known yet"),
}
RULING_TONES = {"holds": "running", "fails": "fault", "unknown": "unknown"}
GRAVITY_TONES = {"stop": "fault", "ask": "stopped", "note": "waiting"}
REVIEW_STATES = {
    "assigned": pgettext_lazy("review", "asked"),
    "declared": pgettext_lazy("review", "no tie declared"),
    "blocked": pgettext_lazy("review", "blocked by a tie"),
    "given": pgettext_lazy("review", "given"),
    "void": pgettext_lazy("review", "void"),
}
REVIEW_TONES = {
    "assigned": "waiting", "declared": "setup", "blocked": "fault", "given": "running", "void": "planned_off"
}  # fmt: skip
VERB_WORDS = {
    "start_application": _("began the application"),
    "save_application": _("changed the project"),
    "change_lines": _("changed costs, quotes or machines"),
    "add_document": _("added a paper"),
    "remove_document": _("took a paper out"),
    "submit_application": _("submitted the application"),
    "withdraw_application": _("withdrew the application"),
    "return_application": _("returned it for correction"),
    "refuse_application": _("refused it as not eligible"),
    "accept_application": _("took it into review"),
    "conclude_application": _("concluded the review"),
    "approve_application": _("approved it"),
    "decline_application": _("declined it"),
    "agree_application": _("signed the agreement"),
    "close_application": _("closed the case"),
    "take_duty": _("took a duty in the case"),
    "assign_review": _("asked a reviewer"),
    "declare_ties": _("declared ties"),
    "give_review": _("gave a review"),
    "run_checks": _("ran the checks"),
    "answer_finding": _("answered a finding"),
}
#: What the office does next with a case, by its state.
NEXT = {
    "submitted": _("Check the rules and findings, then take it into review, return it or refuse it."),
    "returned": _("The firm corrects it; nothing to do."),
    "eligible": _("Ask reviewers and wait for their scores, then conclude the review."),
    "reviewed": _("A manager approves or declines it, or it goes into the choice of a portfolio."),
    "approved": _("Sign the agreement."),
    "agreed": _("Claims are paid under the agreement."),
    "closed": _("The case is closed."),
    "refused": _("The case is closed."),
    "declined": _("The case is closed."),
    "withdrawn": _("The case is closed."),
}
#: What the firm does next.
NEXT_FIRM = {
    "draft": _("Fill in what is missing and submit it."),
    "submitted": _("The office checks it; nothing to do."),
    "returned": _("Correct what the office asks for and submit it again."),
    "eligible": _("It is in review; nothing to do."),
    "reviewed": _("The review is over; the office decides."),
    "approved": _("It is approved; the agreement is next."),
    "agreed": _("File claims under the agreement."),
    "closed": _("The case is closed."),
    "refused": _("It was refused; a new application can be made while the call is open."),
    "declined": _("It was declined; a new application can be made under another call."),
    "withdrawn": _("You withdrew it; a new application can be made while the call is open."),
}
BUTTONS = {
    "submit": _("Submit"),
    "withdraw": _("Withdraw"),
    "return": _("Return for correction"),
    "refuse": _("Refuse as not eligible"),
    "accept": _("Take into review"),
    "conclude": _("Conclude the review"),
    "approve": _("Approve"),
    "decline": _("Decline"),
    "agree": _("Sign the agreement"),
    "close": _("Close the case"),
}
STEPS = {
    "project": _("Project and effect"),
    "costs": _("Costs"),
    "machines": _("Machines and quotes"),
    "papers": _("Papers"),
    "submit": _("Check and submit"),
}


def state_word(state: str) -> str:
    """Return the word for the state of an application."""
    return str(STATE_WORDS.get(state, state))
