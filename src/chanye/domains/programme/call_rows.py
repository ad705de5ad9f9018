"""Calls as rows and as values. For the room itself."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from chanye.domains.programme.models import Call, CallRule
from chanye.domains.programme.types.calls import CallRef, Rule
from chanye.kernel.errors import DeniedError
from chanye.parties.types import Viewer


def seen_calls(viewer: Viewer) -> QuerySet[Call]:
    """Return the calls a viewer may see: an office all of its own, everybody else what is or was open."""
    rows = Call.objects.all()
    if viewer.system:
        return rows
    if viewer.office:
        return rows.filter(office_id=viewer.organisation_id or 0)
    return rows.exclude(state="draft") if viewer.organisation_id is not None else rows.none()


def seen_call(viewer: Viewer, call_id: int) -> Call:
    """Return one call that the viewer may see.

    Raises
    ------
    DeniedError
        If there is none.
    """
    row = seen_calls(viewer).select_related("office").filter(pk=call_id).first()
    if row is None:
        raise DeniedError(_("There is no such call, or it is not open to you."))
    return row


def call_ref(row: Call, version: int = 0) -> CallRef:
    """Return a call with the rules of a version, those in force if it is 0."""
    return call_refs([row], {row.pk: version or row.version})[0]


def call_refs(rows: Iterable[Call], versions: dict[int, int] | None = None) -> list[CallRef]:
    """Return calls with their rules, two questions for any number."""
    rows = list(rows)
    wanted = {row.pk: (versions or {}).get(row.pk, row.version) for row in rows}
    rules: dict[int, list[Rule]] = {}
    for rule in CallRule.objects.filter(call_id__in=wanted).order_by("pk"):
        if rule.version == wanted[rule.call_id]:
            rules.setdefault(rule.call_id, []).append(Rule(rule.kind, rule.value, rule.clause))
    return [
        CallRef(
            row.pk,
            row.office_id,
            row.office.name,
            row.code,
            row.title,
            row.summary,
            row.authority,
            row.state,
            wanted[row.pk],
            tuple(rules.get(row.pk, ())),
        )
        for row in rows
    ]
