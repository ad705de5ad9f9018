"""Pages of certification: the register, a request with what the data say, certificates of a list."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods

from chanye.domains.programme.actions import certificates as actions
from chanye.domains.programme.days import ZONE, today
from chanye.domains.programme.pages.awards import whole
from chanye.domains.programme.queries import certificates as queries
from chanye.domains.programme.types.certificates import CertificateRef, PaperCertificate
from chanye.evidence import gates
from chanye.evidence.gates import Outcome
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import to_us
from chanye.parties import queries as parties
from chanye.parties.rules import may, require
from chanye.parties.types import Viewer
from chanye.sheets import Column, Sheet
from chanye.sheets.importing import Import
from chanye.spine import queries as spine
from chanye.spine.api import viewer_of

STATES = {
    "asked": pgettext_lazy("certificate", "To be decided"),
    "certified": pgettext_lazy("certificate", "Certified"),
    "refused": pgettext_lazy("certificate", "Refused"),
    "withdrawn": pgettext_lazy("certificate", "Withdrawn"),
}
TONES = {"asked": "waiting", "certified": "running", "refused": "stopped", "withdrawn": "planned_off"}
CHECKS = {
    "holds": pgettext_lazy("gate", "holds"),
    "fails": pgettext_lazy("gate", "does not hold"),
    "unknown": pgettext_lazy("gate", "not measurable"),
    "due": pgettext_lazy("gate", "not looked back at yet"),
}
CHECK_TONES = {"holds": "running", "fails": "stopped", "unknown": "unknown", "due": "planned_off"}


def _gates() -> dict[str, str]:
    return {one.code: str(one.label) for one in gates.every()}


def _sheet() -> Sheet:
    return Sheet(
        "certificates",
        gettext_lazy("Certified sites"),
        (
            Column("number", gettext_lazy("Number")),
            Column("firm", gettext_lazy("Firm"), field="firm"),
            Column("site", gettext_lazy("Site")),
            Column("gate", gettext_lazy("Certified as"), "choice", choices=_gates()),
            Column("state", gettext_lazy("State"), "choice", choices=STATES,
                   template="programme/certificate_state.html"),
            Column("certified_on", gettext_lazy("Certified on"), "date"),
            Column("on_paper", gettext_lazy("Taken over from paper"), "yes_no"),
            Column("looked_at", gettext_lazy("Looked back on"), "moment", listed=False),
        ),
        order="-number",
        href=lambda one: reverse("certificate", args=[one.id]),
    )  # fmt: skip


def _paper_sheet() -> Sheet:
    return Sheet(
        "certificates-on-paper",
        gettext_lazy("Certificates on paper"),
        (
            Column("firm", gettext_lazy("Code of the firm"), required=True, length=64, example="hengtong"),
            Column("site", gettext_lazy("Site"), required=True, length=200, example="一号厂房"),
            Column("gate", gettext_lazy("Certified as"), "choice", required=True, choices=_gates(),
                   example="factory.workshop"),
            Column("certified_on", gettext_lazy("Certified on"), "date", required=True, example=date(2024, 11, 20)),
            Column("number", gettext_lazy("Number"), length=64, example="2024-017"),
        ),
        order="firm",
        key=("firm", "site", "gate"),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def certificate_list(request: HttpRequest) -> HttpResponseBase:
    """Show the register; a firm asks for a site here."""
    viewer = viewer_of(request)
    if request.method == "POST":
        return _ask(request, viewer)
    may_ask = may(viewer, "ask_certification", viewer.organisation_id)
    last = today() - timedelta(days=1)
    sheet = _sheet()
    return sheet.page(
        request,
        queries.certificate_table(viewer, sheet.read(request.GET)),
        template="programme/certificates.html",
        tab="certificates",
        certificate_tones=TONES,
        counts=[(label, queries.certified(viewer).get(code, 0)) for code, label in _gates().items()],
        gates=_gates(),
        sites=spine.sites(viewer) if may_ask else [],
        may_ask=may_ask and not viewer.office,
        may_decide=may(viewer, "certify_sites", viewer.organisation_id),
        first=(last - timedelta(days=29)).isoformat(),
        last=last.isoformat(),
    )


def _ask(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    try:
        first, last = (_day(request.POST.get(name, "")) for name in ("from", "to"))
        number = actions.ask_certification(
            actor=viewer,
            site_id=whole(request.POST, "site"),
            gate=request.POST.get("gate", ""),
            start=_midnight(first),
            end=_midnight(last + timedelta(days=1)),
        )
    except ConfigError as error:
        messages.error(request, str(error))
        return redirect("certificates")
    messages.success(request, _("Asked: the office decides on what the data say."))
    return redirect("certificate", number)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(_("Give both days of the window.")) from None


def _midnight(day: date) -> int:
    return to_us(datetime(day.year, day.month, day.day, tzinfo=ZONE))


@require_http_methods(["GET", "HEAD", "POST"])
def certificate_page(request: HttpRequest, certificate_id: int) -> HttpResponse:
    """Show one request with what was found; the office decides, looks back, withdraws."""
    viewer = viewer_of(request)
    found = queries.certificate(viewer, certificate_id)
    if request.method == "POST":
        try:
            messages.success(request, _do(viewer, found, request))
        except ConfigError as error:
            messages.error(request, str(error))
        return redirect("certificate", certificate_id)
    context = {
        "one": found,
        "gate": _gates().get(found.gate, found.gate),
        "state": STATES[found.state],
        "tone": TONES[found.state],
        "outcomes": [
            (title, outcome, [(_name(outcome, check.code), check) for check in outcome.checks])
            for title, outcome in (
                (_("When it was looked back at"), found.look),
                (_("When it was decided"), found.outcome),
                (_("When the firm asked"), found.asked),
            )
            if outcome
        ],
        "check_words": CHECKS,
        "check_tones": CHECK_TONES,
        "may_decide": may(viewer, "certify_sites", found.office_id),
        "tab": "certificates",
    }
    return render(request, "programme/certificate.html", context)


def _name(outcome: Outcome, code: str) -> str:
    return str(gates.get(outcome.gate).words(code))


def _do(viewer: Viewer, found: CertificateRef, request: HttpRequest) -> str:
    deed, reason = request.POST.get("do", ""), request.POST.get("reason", "")
    if deed in ("certify", "refuse"):
        actions.decide_certificate(actor=viewer, certificate_id=found.id, certify=deed == "certify", reason=reason)
        return _("Certified.") if deed == "certify" else _("Refused.")
    if deed == "look":
        outcome = actions.look_back(actor=viewer, certificate_id=found.id)
        return _("Looked back: the gate %(state)s.") % {"state": CHECKS[outcome.state]}
    if deed == "withdraw":
        actions.withdraw_certificate(actor=viewer, certificate_id=found.id, reason=reason)
        return _("Withdrawn.")
    raise ConfigError(_("There is no such action."))


@require_http_methods(["GET", "HEAD", "POST"])
def certificate_import(request: HttpRequest) -> HttpResponseBase:
    """Take over certificates that were given on paper: preview, then commit."""
    viewer = viewer_of(request)
    require(viewer, "certify_sites", viewer.organisation_id)

    def commit(found: Import) -> str:
        rows = [
            PaperCertificate(
                str(row.values["firm"]),
                str(row.values["site"]),
                str(row.values["gate"]),
                row.values["certified_on"],
                str(row.values.get("number") or ""),
            )
            for row in found.changes
        ]
        done = actions.take_over_certificates(actor=viewer, rows=rows)
        return _("%(n)s certificates were taken over.") % {"n": done}

    return _paper_sheet().import_page(
        request,
        references={"firm": [one.code for one in parties.firms(viewer)]},
        commit=commit,
        done=reverse("certificates"),
        title=_("Take over certificates from paper"),
    )
