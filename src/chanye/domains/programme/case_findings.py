"""Findings of a case that is held by the transaction. For the room itself."""

from __future__ import annotations

from django.utils.translation import gettext as _

from chanye.domains.programme.case_facts import findings_of, rulings_of
from chanye.domains.programme.case_rows import dossier_of
from chanye.domains.programme.models import Application, Finding
from chanye.domains.programme.rules.eligibility import FAILS
from chanye.domains.programme.rules.found import STOP
from chanye.domains.programme.rules.kinds import KINDS
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us


def keep_findings(row: Application) -> int:
    """Run every check and keep what is found; what was answered stays answered. Return how many there are."""
    now, held = now_us(), {(one.check_code, one.ref): one for one in Finding.objects.filter(application=row)}
    found = {(one.check, one.ref): one for one in findings_of(row)}
    for key, one in found.items():
        known = held.get(key)
        if known is None:
            Finding.objects.create(
                application=row,
                check_code=one.check,
                ref=one.ref,
                severity=one.severity,
                facts=dict(one.facts),
                found_at=now,
            )
            continue
        if known.facts != dict(one.facts):
            known.answer = ""  # what was answered is no longer what is found
        known.severity, known.facts, known.gone_at = one.severity, dict(one.facts), None
        known.save()
    gone = [one.pk for key, one in held.items() if key not in found and one.gone_at is None]
    Finding.objects.filter(pk__in=gone).update(gone_at=now)
    return len(found)


def require_clear(row: Application) -> None:
    """Go on only if no rule fails and every grave finding is answered.

    Raises
    ------
    ConfigError
        Naming each rule with its clause, or how many findings wait.
    """
    failed = [one for one in rulings_of(row, dossier_of(row)) if one.state == FAILS]
    if failed:
        told = "; ".join(f"{KINDS[one.kind].label}: {one.seen} ({one.clause})" for one in failed)
        raise ConfigError(_("These rules of the call are not met: %(rules)s") % {"rules": told})
    keep_findings(row)
    waiting = Finding.objects.filter(application=row, severity=STOP, answer="", gone_at=None).count()
    if waiting:
        raise ConfigError(
            _("%(n)s grave finding(s) are not answered: answer them, return the application or refuse it.")
            % {"n": waiting}
        )
