"""Findings: run the checks on a case, answer a finding."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.programme.case_findings import keep_findings
from chanye.domains.programme.case_rows import locked_row
from chanye.domains.programme.models import Finding
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer


@transaction.atomic
def run_checks(*, actor: Viewer, application_id: int) -> int:
    """Run every check on a case again and return how many findings there are.

    Raises
    ------
    DeniedError
        If the actor may not see the case or check applications.
    """
    row = locked_row(actor, application_id)
    require(actor, "check_applications", row.office_id)
    count = keep_findings(row)
    target = f"application:{row.pk}"
    record(actor=actor, verb="run_checks", target=target, detail={"found": count}, organisation_id=row.office_id)
    return count


@transaction.atomic
def answer_finding(*, actor: Viewer, application_id: int, finding_id: int, answer: str) -> None:
    """Write down why a finding may stand; an empty answer takes it back.

    Raises
    ------
    ConfigError
        If there is no such finding.
    DeniedError
        If the actor may not see the case or check applications.
    """
    row = locked_row(actor, application_id)
    require(actor, "check_applications", row.office_id)
    found = Finding.objects.filter(application=row, pk=finding_id).first()
    if found is None:
        raise ConfigError(_("There is no such finding: look at the page again."))
    found.answer = answer.strip()[:2000]
    found.answered_by_id, found.answered_at = actor.person_id, now_us()
    found.save()
    detail = {"check": found.check_code, "ref": found.ref, "answer": found.answer}
    target = f"application:{row.pk}"
    record(actor=actor, verb="answer_finding", target=target, detail=detail, organisation_id=row.office_id)
