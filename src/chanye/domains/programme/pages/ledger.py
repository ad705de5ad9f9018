"""Pages of the ledger: where the money of each year is, the trial balance, every line, one journal."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from chanye.domains.programme.actions import ledger as actions
from chanye.domains.programme.days import today
from chanye.domains.programme.pages import awards_words as words
from chanye.domains.programme.pages.awards import whole
from chanye.domains.programme.queries import ledger as queries
from chanye.domains.programme.rules.ledger import PLACES
from chanye.kernel.errors import ConfigError
from chanye.kernel.money import parse_money
from chanye.parties.rules import may
from chanye.sheets import Column, Sheet
from chanye.spine.api import viewer_of

LINES = Sheet(
    "ledger",
    gettext_lazy("Ledger"),
    (
        Column("journal", gettext_lazy("Journal"), "integer", field="journal_id"),
        Column("at", gettext_lazy("Booked"), "moment", field="at"),
        Column("kind", gettext_lazy("Kind"), "choice", choices=words.JOURNALS, field="kind", filter="more"),
        Column("words", gettext_lazy("Words"), field="words"),
        Column("account", gettext_lazy("Account"), "choice", choices=words.ACCOUNTS),
        Column("year", gettext_lazy("Budget year"), "integer"),
        Column("organisation", gettext_lazy("Firm"), "reference", field="organisation__name"),
        Column("amount", gettext_lazy("Amount"), "money", total=True),
        Column("balance", gettext_lazy("Balance of the account"), "money", field="after", filter="none"),
    ),
    order="-journal",
    href=lambda one: reverse("ledger-journal", args=[one.journal]),
)
#: Colours of the places where money can be, in the order of its way.
TONES = {
    "envelope": "planned_off", "commitment": "waiting", "obligation": "setup", "payable": "stopped",
    "paid": "running", "clawback": "fault", "returned": "unknown",
}  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def ledger_page(request: HttpRequest) -> HttpResponse:
    """Show where the money of each year is, and the trial balance; take up what the budget gives."""
    viewer = viewer_of(request)
    if request.method == "POST":
        try:
            actions.grant_envelope(
                actor=viewer,
                office_id=viewer.organisation_id or 0,
                year=whole(request.POST, "year"),
                amount=parse_money(request.POST.get("amount", "")),
                words=request.POST.get("words", ""),
                key=request.POST.get("key", ""),
            )
        except ConfigError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Booked."))
        return redirect("ledger")
    balances = queries.trial_balance(viewer)
    context = {
        "positions": [(one, [(name, getattr(one, name)) for name in PLACES]) for one in queries.positions(viewer)],
        "balances": balances,
        "sum": sum(one.balance for one in balances),
        "account_words": words.ACCOUNTS,
        "tones": TONES,
        "may_grant": may(viewer, "approve_awards", viewer.organisation_id),
        "year": today().year,
        "tab": "ledger",
    }
    return render(request, "programme/ledger.html", context)


@require_safe
def ledger_lines(request: HttpRequest) -> HttpResponseBase:
    """Show the lines of the ledger; filters stand in the address."""
    rows = queries.statement(viewer_of(request), LINES.read(request.GET))
    return LINES.page(request, rows, template="programme/ledger_lines.html", tab="ledger")


@require_http_methods(["GET", "HEAD", "POST"])
def journal_page(request: HttpRequest, journal_id: int) -> HttpResponse:
    """Show one journal; take it back with a reason."""
    viewer = viewer_of(request)
    found = queries.journal(viewer, journal_id)
    if request.method == "POST":
        try:
            made = actions.reverse_journal(actor=viewer, number=journal_id, reason=request.POST.get("reason", ""))
        except ConfigError as error:
            messages.error(request, str(error))
            return redirect("ledger-journal", journal_id)
        return redirect("ledger-journal", made)
    may_reverse = found.kind != "reverse" and found.reversed_by is None
    context = {
        "journal": found,
        "account_words": words.ACCOUNTS,
        "kind_words": words.JOURNALS,
        "may_reverse": may_reverse and may(viewer, "keep_ledger", found.office_id),
        "tab": "ledger",
    }
    return render(request, "programme/journal.html", context)
