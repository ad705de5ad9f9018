"""Pages of awards: the agreements, one agreement with all that can be done on it, its paper, its files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, cast

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from chanye.domains.programme.actions import agreements, claims, milestones
from chanye.domains.programme.days import today
from chanye.domains.programme.pages import awards_words as words
from chanye.domains.programme.queries import awards as queries
from chanye.domains.programme.queries import ledger
from chanye.domains.programme.rules.payout_trial import trial
from chanye.domains.programme.types.awards import AgreementRecord, InvoiceDraft
from chanye.kernel.errors import ConfigError
from chanye.kernel.ids import short_id
from chanye.kernel.money import parse_money
from chanye.kernel.time import now_us
from chanye.parties.rules import may
from chanye.parties.sectors import SECTORS
from chanye.parties.types import SYSTEM, Viewer
from chanye.sheets import Column, Sheet
from chanye.spine import queries as spine
from chanye.spine.actions import store_file
from chanye.spine.api import viewer_of

#: Rows for invoices on the form of a claim.
ROWS = 5
#: Standard error of an effect as a share of the claim, shown where nothing is known of the plant's own.
USUAL_NOISE = 0.3

AGREEMENTS = Sheet(
    "agreements",
    gettext_lazy("Agreements"),
    (
        Column("number", gettext_lazy("Number")),
        Column("firm", gettext_lazy("Firm"), field="firm"),
        Column("title", gettext_lazy("Project"), field="title"),
        Column("state", gettext_lazy("State"), "choice", choices=words.AGREEMENT_STATES,
               template="programme/agreement_state.html"),
        Column("sector", gettext_lazy("Sector"), "choice", choices=SECTORS, filter="more", field="sector"),
        Column("grant", gettext_lazy("Grant"), "money", total=True),
        Column("eligible_cost", gettext_lazy("Costs that count"), "money", total=True, listed=False),
        Column("audited_cost", gettext_lazy("Audited cost"), "money", listed=False),
        Column("claim", gettext_lazy("Claimed effect"), "quantity", unit="1", decimals=3),
        Column("in_force_at", gettext_lazy("In force since"), "moment"),
        Column("digest", gettext_lazy("Digest"), listed=False),
    ),
    order="-in_force_at",
    href=lambda one: reverse("award", args=[one.id]),
)  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def agreement_list(request: HttpRequest) -> HttpResponseBase:
    """Show the agreements; for the office also what is approved and waits for one."""
    viewer = viewer_of(request)
    if request.method == "POST":
        return _begin(request, viewer)
    rows = queries.agreement_table(viewer, AGREEMENTS.read(request.GET))
    return AGREEMENTS.page(
        request,
        rows,
        template="programme/agreements.html",
        waiting=queries.waiting(viewer) if viewer.office else [],
        tones=words.AGREEMENT_TONES,
        may_run=may(viewer, "run_calls", viewer.organisation_id),
        may_approve=may(viewer, "approve_awards", viewer.organisation_id),
        tab="awards",
    )


def _begin(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Commit money to an approved application, or draw up its agreement."""
    number = whole(request.POST, "application")
    try:
        if request.POST.get("do") == "commit":
            agreements.commit_award(actor=viewer, application_id=number)
            messages.success(request, _("Committed in the ledger."))
            return redirect("awards")
        return redirect("award", agreements.draw_up_agreement(actor=viewer, application_id=number))
    except ConfigError as error:
        messages.error(request, str(error))
        return redirect("awards")


@require_http_methods(["GET", "HEAD", "POST"])
def agreement_page(request: HttpRequest, agreement_id: int) -> HttpResponse:
    """Show one agreement and do the next thing on it."""
    viewer = viewer_of(request)
    record = queries.agreement(viewer, agreement_id)
    if request.method == "POST":
        try:
            deed = _DEEDS.get(request.POST.get("do", ""))
            if deed is None:
                raise ConfigError(_("There is no such action."))
            messages.success(request, deed(viewer, record, request))
        except ConfigError as error:
            messages.error(request, str(error))
        return redirect("award", agreement_id)
    context = _context(viewer, record) | {
        "previews": queries.previews(viewer, agreement_id),
        "claims": queries.claims_of(viewer, agreement_id),
        "claim_states": words.CLAIM_STATES,
        "claim_tones": words.CLAIM_TONES,
        "rows": range(1, ROWS + 1),
        "key": short_id(now_us(), request.headers.get("User-Agent", "").encode()[:10].ljust(10, b"0")),
        "today": today().isoformat(),
    }
    return render(request, "programme/agreement.html", context)


def _context(viewer: Viewer, record: AgreementRecord) -> dict[str, Any]:
    head = record.head
    firm, office = head.organisation_id, head.office_id
    money = ledger.of_application(viewer, head.application_id)
    names = ("commitment", "obligation", "payable", "paid", "clawback", "returned")
    return {
        "record": record,
        "head": head,
        "states": words.AGREEMENT_STATES,
        "tones": words.AGREEMENT_TONES,
        "tranche_words": words.TRANCHES,
        "milestone_words": words.MILESTONES,
        "milestone_states": words.MILESTONE_STATES,
        "milestone_tones": words.MILESTONE_TONES,
        "reasons": words.REASONS,
        "account_words": words.ACCOUNTS,
        "money": [(name, sum(getattr(one, name) for one in money)) for name in names],
        "years": money,
        "trial": trial(USUAL_NOISE, record.terms.one_sided) if record.terms.tranches[-1].kind == "measured" else (),
        "rule_words": words.RULES,
        "noise": USUAL_NOISE,
        "may_claim": may(viewer, "claim_funds", firm),
        "may_sign_office": head.state == "offered" and may(viewer, "approve_awards", office),
        "may_sign_firm": head.state == "draft" and may(viewer, "claim_funds", firm),
        "may_verify": may(viewer, "verify_claims", office),
        "may_run": head.state == "draft" and may(viewer, "run_calls", office),
        "may_return": may(viewer, "pay_claims", office),
        "now": now_us(),
    }


@require_safe
def agreement_paper(request: HttpRequest, agreement_id: int) -> HttpResponse:
    """Show an agreement for paper."""
    viewer = viewer_of(request)
    record = queries.agreement(viewer, agreement_id)
    return render(request, "programme/agreement_paper.html", _context(viewer, record))


@require_safe
def award_file(request: HttpRequest, agreement_id: int, file_id: int, name: str) -> HttpResponseBase:
    """Send a file that was handed in under an agreement."""
    ref = queries.award_file(viewer_of(request), agreement_id, file_id)
    response = FileResponse(spine.open_file(SYSTEM, ref), content_type=ref.media_type)
    response["Content-Disposition"] = content_disposition_header(ref.kind != "picture", ref.name) or "attachment"
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _sign(viewer: Viewer, record: AgreementRecord, _request: HttpRequest) -> str:
    digest = agreements.sign_agreement(actor=viewer, agreement_id=record.head.id)
    return _("Signed: %(digest)s") % {"digest": digest[:16]}


def _add(viewer: Viewer, record: AgreementRecord, request: HttpRequest) -> str:
    post = request.POST
    agreements.add_milestone(
        actor=viewer,
        agreement_id=record.head.id,
        title=post.get("title", ""),
        tranche=post.get("tranche", ""),
        due=typed_day(post, "due"),
    )
    return _("Added.")


def _report(viewer: Viewer, record: AgreementRecord, request: HttpRequest) -> str:
    post, firm = request.POST, record.head.organisation_id
    day = typed_day(post, "done_on") or today()
    latitude, longitude = _degree(post, "latitude"), _degree(post, "longitude")
    kinds = ("picture", "document")
    files = [
        store_file(
            actor=viewer, organisation_id=firm, name=one.name or "", data=cast("Any", one.file), kinds=kinds
        ).id
        for one in request.FILES.getlist("proof")[: milestones.MOST_PROOFS]
    ]
    milestones.report_milestone(
        actor=viewer,
        milestone_id=whole(post, "milestone"),
        done_on=day,
        proofs=[milestones.Proof(one, day, latitude, longitude) for one in files],
        note=post.get("note", ""),
    )
    return _("Reported: the office looks at it.")


def _judge(viewer: Viewer, _record: AgreementRecord, request: HttpRequest) -> str:
    post = request.POST
    milestones.judge_milestone(
        actor=viewer,
        milestone_id=whole(post, "milestone"),
        accept=post.get("accept") == "1",
        reason=post.get("reason", ""),
    )
    return _("Kept.")


def _claim(viewer: Viewer, record: AgreementRecord, request: HttpRequest) -> str:
    claims.file_claim(
        actor=viewer,
        agreement_id=record.head.id,
        tranche=request.POST.get("tranche", ""),
        invoices=_invoices(viewer, record.head.organisation_id, request),
        key=request.POST.get("key", ""),
    )
    return _("Claimed: the office verifies it.")


def _invoices(viewer: Viewer, firm: int, request: HttpRequest) -> list[InvoiceDraft]:
    found = []
    for row in range(1, ROWS + 1):
        number = request.POST.get(f"number-{row}", "").strip()
        amount = request.POST.get(f"amount-{row}", "").strip()
        if not number and not amount:
            continue
        upload = request.FILES.get(f"file-{row}")
        scan = None
        if upload is not None:
            kinds, data = ("picture", "document"), cast("Any", upload.file)
            scan = store_file(actor=viewer, organisation_id=firm, name=upload.name or "", data=data, kinds=kinds).id
        seller = request.POST.get(f"seller-{row}", "")
        found.append(InvoiceDraft(number, parse_money(amount), seller, typed_day(request.POST, f"dated-{row}"), scan))
    return found


def _returned(viewer: Viewer, record: AgreementRecord, request: HttpRequest) -> str:
    amount = parse_money(request.POST.get("amount", ""))
    claims.book_return(actor=viewer, agreement_id=record.head.id, amount=amount)
    return _("Booked.")


_DEEDS: dict[str, Callable[[Viewer, AgreementRecord, HttpRequest], str]] = {
    "sign": _sign,
    "milestone": _add,
    "report": _report,
    "judge": _judge,
    "claim": _claim,
    "returned": _returned,
}


def whole(post: QueryDict, name: str) -> int:
    """Return a number of a form; 0 if it is none."""
    text = post.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def typed_day(post: QueryDict, name: str) -> date | None:
    """Return a day that was chosen, None if none was.

    Raises
    ------
    ConfigError
        If it is no day.
    """
    text = post.get(name, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ConfigError(_("Choose the day again: it could not be read.")) from error


def _degree(post: QueryDict, name: str) -> float | None:
    text = post.get(name, "").strip()
    try:
        value = float(text) if text else None
    except ValueError as error:
        raise ConfigError(_("Type latitude and longitude in degrees, as 29.72.")) from error
    if value is not None and not abs(value) <= 180:
        raise ConfigError(_("Type latitude and longitude in degrees, as 29.72."))
    return value
