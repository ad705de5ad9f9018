"""Pages of claims: the desk, and one claim with the step that comes next."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from chanye.domains.programme.actions import claims as actions
from chanye.domains.programme.pages import awards_words as words
from chanye.domains.programme.queries import applications
from chanye.domains.programme.queries import awards as queries
from chanye.domains.programme.types.awards import ClaimRecord
from chanye.domains.programme.words import DUTY_WORDS
from chanye.kernel.errors import ConfigError
from chanye.kernel.money import parse_money
from chanye.parties.rules import may
from chanye.parties.types import Viewer
from chanye.sheets import Column, Sheet
from chanye.spine.api import viewer_of

CLAIMS = Sheet(
    "claims",
    gettext_lazy("Claims"),
    (
        Column("agreement", gettext_lazy("Agreement"), field="agreement_number"),
        Column("firm", gettext_lazy("Firm"), field="firm"),
        Column("title", gettext_lazy("Project"), field="title"),
        Column("tranche", gettext_lazy("Tranche"), "choice", choices=words.TRANCHES, field="kind"),
        Column("state", gettext_lazy("State"), "choice", choices=words.CLAIM_STATES,
               template="programme/claim_state.html"),
        Column("invoiced", gettext_lazy("Invoiced"), "money", listed=False),
        Column("pay", gettext_lazy("To pay"), "money", total=True),
        Column("claw_back", gettext_lazy("Clawed back"), "money", total=True, listed=False),
        Column("filed_at", gettext_lazy("Filed"), "moment"),
        Column("paid_at", gettext_lazy("Paid on"), "moment", listed=False),
    ),
    order="-filed_at",
    href=lambda one: reverse("award-claim", args=[one.id]),
)  # fmt: skip
#: State -> (what is done next, permission, duty).
NEXT = {
    "filed": ("verify", "verify_claims", "verify"),
    "verified": ("approve", "approve_awards", "approve"),
    "approved": ("pay", "pay_claims", "pay"),
}


@require_safe
def claim_list(request: HttpRequest) -> HttpResponseBase:
    """Show the claims; filters stand in the address."""
    viewer = viewer_of(request)
    rows = queries.claim_table(viewer, CLAIMS.read(request.GET))
    return CLAIMS.page(
        request, rows, template="programme/claims.html", claim_tones=words.CLAIM_TONES, tab="award-claims"
    )


@require_http_methods(["GET", "HEAD", "POST"])
def claim_page(request: HttpRequest, claim_id: int) -> HttpResponse:
    """Show one claim, and do the next step on it."""
    viewer = viewer_of(request)
    record = queries.claim(viewer, claim_id)
    if request.method == "POST":
        try:
            _do(viewer, record, request)
        except ConfigError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Kept."))
        return redirect("award-claim", claim_id)
    agreement = queries.agreement(viewer, record.head.agreement_id)
    step, permission, duty = NEXT.get(record.head.state, ("", "", ""))
    office = agreement.head.office_id
    context: dict[str, Any] = {
        "record": record,
        "head": record.head,
        "agreement": agreement.head,
        "claim_states": words.CLAIM_STATES,
        "claim_tones": words.CLAIM_TONES,
        "tranche_words": words.TRANCHES,
        "reasons": words.REASONS,
        "step": step if step and may(viewer, permission, office) else "",
        "duty": DUTY_WORDS.get(duty, ""),
        "deeds": applications.deeds(viewer, record.head.application_id) if viewer.office else [],
        "duty_words": DUTY_WORDS,
        "may_refuse": record.head.state in ("filed", "verified") and may(viewer, "verify_claims", office),
    }
    return render(request, "programme/claim.html", context)


def _do(viewer: Viewer, record: ClaimRecord, request: HttpRequest) -> None:
    post, number = request.POST, record.head.id
    deed = post.get("do", "")
    if deed == "verify":
        eligible = {
            one.id: parse_money(text)
            for one in record.invoices
            if (text := post.get(f"eligible-{one.id}", "").strip())
        }
        actions.verify_claim(actor=viewer, claim_id=number, eligible=eligible)
    elif deed == "approve":
        actions.approve_claim(actor=viewer, claim_id=number)
    elif deed == "pay":
        actions.pay_claim(actor=viewer, claim_id=number)
    elif deed == "refuse":
        actions.refuse_claim(actor=viewer, claim_id=number, reason=post.get("reason", ""))
    else:
        raise ConfigError(_("There is no such action."))
