"""Writes of certification: asked by a firm, decided by the office on what the data say, looked back at later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from chanye.domains.programme.days import day_of, today
from chanye.domains.programme.models import Certificate
from chanye.domains.programme.queries.certificates import visible
from chanye.domains.programme.types.certificates import PaperCertificate, outcome_data
from chanye.evidence import gates
from chanye.evidence.gates import Outcome
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import now_us
from chanye.parties import events
from chanye.parties import queries as parties
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import SYSTEM, Viewer
from chanye.spine import queries as spine

DAY = 86_400_000_000
#: Shortest window a site is judged by [days], and how far back one may reach.
SHORTEST, LONGEST = 28, 400
MOST_ON_PAPER = 2_000


def ask_certification(*, actor: Viewer, site_id: int, gate: str, start: int, end: int) -> int:
    """Ask to be certified on a window ``[start, end)`` us UTC; return the number of the request.

    Raises
    ------
    ConfigError
        If the window is too short, the gate does not hold or is not measurable, or the site has asked already.
    DeniedError
        If the actor may not ask for the site.
    """
    site = spine.asset(actor, site_id)
    require(actor, "ask_certification", site.organisation_id)
    now = now_us()
    if site.kind != "site":
        raise ConfigError(_("Only a site can be certified: choose one."))
    if not SHORTEST * DAY <= end - start <= LONGEST * DAY or end > now:
        message = _("A site is judged by %(least)d to %(most)d days that are over: choose another window.")
        raise ConfigError(message % {"least": SHORTEST, "most": LONGEST})
    offices = parties.offices(actor)
    if not offices:
        raise ConfigError(_("There is no office of a district here that could certify."))
    found = gates.get(gate).look(actor, site_id, start, end)
    _must_hold(found)
    try:
        with transaction.atomic():
            row = Certificate.objects.create(
                office_id=offices[0].id,
                organisation_id=site.organisation_id,
                site_id=site_id,
                site=site.name,
                gate=gate,
                state="asked",
                start=found.start,
                end=found.end,
                asked_outcome=outcome_data(found),
                asked_at=now,
                asked_by=actor.name[:200],
            )
            _tell(actor, row, "certificate.asked", "ask_certification", {"digest": found.digest})
    except IntegrityError as error:
        raise ConfigError(_("This site has asked for this certificate already, or holds it.")) from error
    return int(row.pk)


@transaction.atomic
def decide_certificate(*, actor: Viewer, certificate_id: int, certify: bool, reason: str = "") -> None:
    """Certify a site or refuse it. The gate is looked at once more: what is certified holds at this moment.

    Raises
    ------
    ConfigError
        If it was decided already, a refusal has no reason, or the gate does not hold any more.
    DeniedError
        If the actor may not certify.
    """
    row = _locked(actor, certificate_id)
    require(actor, "certify_sites", row.office_id)
    if row.state != "asked":
        raise ConfigError(_("This was decided already."))
    if not certify and not reason.strip():
        raise ConfigError(_("Say why: the firm reads it."))
    found = _look(row, row.start or 0, row.end or 0)
    if certify:
        _must_hold(found)
        row.certified_on = today()
        row.number = f"{row.certified_on.year}-{_next_number(row):03d}"
    row.state, row.outcome, row.reason = ("certified" if certify else "refused"), outcome_data(found), reason.strip()
    _decided(actor, row, "certify_site" if certify else "refuse_certificate", found.digest)


@transaction.atomic
def look_back(*, actor: Viewer, certificate_id: int) -> Outcome:
    """Hold a certified site against its gate again, over a window as long as the one it was certified on.

    Raises
    ------
    ConfigError
        If it is not certified, or was on paper and its site is not on the platform.
    DeniedError
        If the actor may not certify.
    """
    row = _locked(actor, certificate_id)
    require(actor, "certify_sites", row.office_id)
    if row.state != "certified":
        raise ConfigError(_("Only a certified site is looked back at."))
    if row.site_id is None:
        raise ConfigError(_("This site is not on the platform: there is nothing to look at."))
    now = now_us()
    end = now // DAY * DAY
    found = _look(row, end - ((row.end or 0) - (row.start or 0) or SHORTEST * DAY), end)
    row.look, row.looked_at = outcome_data(found), now
    row.save()
    said = {"state": found.state, "digest": found.digest}
    _note(actor, row, "look_back", said)
    return found


@transaction.atomic
def withdraw_certificate(*, actor: Viewer, certificate_id: int, reason: str) -> None:
    """Take a certificate back.

    Raises
    ------
    ConfigError
        If it is not certified, or no reason is given.
    DeniedError
        If the actor may not certify.
    """
    row = _locked(actor, certificate_id)
    require(actor, "certify_sites", row.office_id)
    if row.state != "certified":
        raise ConfigError(_("Only a certificate that was given can be withdrawn."))
    if not reason.strip():
        raise ConfigError(_("Say why: the firm reads it."))
    row.state, row.reason = "withdrawn", reason.strip()
    _decided(actor, row, "withdraw_certificate", "")


@transaction.atomic
def take_over_certificates(*, actor: Viewer, rows: Sequence[PaperCertificate]) -> int:
    """Take over certificates that were given on paper; return how many. They are marked so wherever they are counted.

    Raises
    ------
    ConfigError
        If a firm or a gate is not known, a day lies ahead, or a site holds the certificate already.
    DeniedError
        If the actor may not certify.
    """
    office = actor.organisation_id or 0
    require(actor, "certify_sites", office)
    if len(rows) > MOST_ON_PAPER:
        raise ConfigError(_("Take over at most %(n)d certificates at once.") % {"n": MOST_ON_PAPER})
    firms = {one.code: one for one in parties.firms(actor)}
    now = now_us()
    for one in rows:
        gates.get(one.gate)
        if one.firm not in firms:
            raise ConfigError(_("There is no firm %(code)s: add it first.") % {"code": one.firm[:64]})
        if one.certified_on > today():
            raise ConfigError(_("%(day)s lies ahead: give the day of the certificate.") % {"day": one.certified_on})
        try:
            with transaction.atomic():
                row = Certificate.objects.create(
                    office_id=office,
                    organisation_id=firms[one.firm].id,
                    site=one.site.strip()[:200],
                    gate=one.gate,
                    state="certified",
                    number=one.number.strip()[:64],
                    on_paper=True,
                    asked_at=now,
                    asked_by=actor.name[:200],
                    decided_at=now,
                    decided_by=actor.name[:200],
                    certified_on=one.certified_on,
                )
        except IntegrityError as error:
            message = _("%(site)s holds this certificate already, or its number is used twice.")
            raise ConfigError(message % {"site": one.site[:100]}) from error
        _note(actor, row, "take_over_certificate", {"number": row.number})
    return len(rows)


def _look(row: Certificate, start: int, end: int) -> Outcome:
    """Return what the gate says; the firm opened this to the office when it asked."""
    if row.site_id is None:
        raise ConfigError(_("This site is not on the platform: there is nothing to look at."))
    return gates.get(row.gate).look(SYSTEM, row.site_id, start, end)


def _must_hold(found: Outcome) -> None:
    broken = [str(gates.get(found.gate).words(one.code)) for one in found.checks if one.state != "holds"]
    if found.state != "holds":
        raise ConfigError(
            _("The gate does not hold, or cannot be measured: %(what)s.") % {"what": ", ".join(broken)[:500]}
        )


def _locked(actor: Viewer, certificate_id: int) -> Certificate:
    row = visible(actor).select_for_update(of=("self",)).filter(pk=certificate_id).first()
    if row is None:
        raise DeniedError("There is no such certificate, or it is not open to you.")
    return row


def _next_number(row: Certificate) -> int:
    year = (row.certified_on or day_of(row.asked_at)).year
    head = f"{year}-"
    taken = Certificate.objects.filter(office_id=row.office_id, number__startswith=head).values_list(
        "number", flat=True
    )
    tails = [one.removeprefix(head) for one in taken]
    return 1 + max((int(one) for one in tails if one.isascii() and one.isdigit()), default=0)


def _decided(actor: Viewer, row: Certificate, verb: str, digest: str) -> None:
    row.decided_at, row.decided_by, row.reason = now_us(), actor.name[:200], row.reason[:1000]
    row.save()
    said = {"number": row.number, "state": row.state, **({"digest": digest} if digest else {})}
    _tell(actor, row, "certificate.decided", verb, said)


def _note(actor: Viewer, row: Certificate, verb: str, said: Mapping[str, object]) -> None:
    detail = {"site": row.site, "gate": row.gate, **said}
    record(actor=actor, verb=verb, target=f"certificate:{row.pk}", detail=detail, organisation_id=row.office_id)


def _tell(actor: Viewer, row: Certificate, kind: str, verb: str, said: Mapping[str, object]) -> None:
    _note(actor, row, verb, said)
    payload = {"site": row.site, "gate": row.gate, **said}
    for organisation in (row.office_id, row.organisation_id):
        events.emit(
            actor=actor, kind=kind, target=f"certificate:{row.pk}", payload=payload, organisation_id=organisation
        )
