"""Writes of calls. Rules are never changed: a change makes a new version, and cases stay under theirs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.programme.call_rows import seen_call
from chanye.domains.programme.models import Call, CallRule
from chanye.domains.programme.rules.kinds import KINDS, NEEDED, check_rules
from chanye.domains.programme.starter import SUMMARY, TITLE, starter_rules
from chanye.domains.programme.types.calls import Rule
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,31}")
_STATES = {"open": ("draft", "closed"), "closed": ("open",)}


def _tell(actor: Viewer, verb: str, row: Call, **detail: object) -> None:
    detail = {"code": row.code, "version": row.version, **detail}
    record(actor=actor, verb=verb, target=f"call:{row.pk}", detail=detail, organisation_id=row.office_id)


def _locked(actor: Viewer, call_id: int) -> Call:
    row = seen_call(actor, call_id)
    require(actor, "run_calls", row.office_id)
    return Call.objects.select_for_update().get(pk=row.pk)


@transaction.atomic
def create_call(
    *,
    actor: Viewer,
    office_id: int,
    code: str,
    title: str,
    rules: Sequence[Rule],
    summary: str = "",
    authority: str = "",
) -> int:
    """Create a call as a draft and return its id.

    Raises
    ------
    ConfigError
        If the code is taken or cannot be one, or a rule cannot be.
    DeniedError
        If the actor may not run calls of the office.
    """
    require(actor, "run_calls", office_id)
    code, title = code.strip(), title.strip()[:200]
    if not _CODE.fullmatch(code):
        raise ConfigError(_("Give the call a code of letters, digits and hyphens, at most 32."))
    if not title:
        raise ConfigError(_("Give the call a title."))
    if Call.objects.filter(office_id=office_id, code=code).exists():
        raise ConfigError(_("There is a call %(code)s already: choose another code.") % {"code": code})
    check_rules(tuple(rules))
    now = now_us()
    row = Call.objects.create(
        office_id=office_id,
        code=code,
        title=title,
        summary=summary.strip()[:4000],
        authority=authority.strip()[:300],
        created_at=now,
        changed_at=now,
    )
    _keep(row, rules)
    _tell(actor, "create_call", row, rules=len(rules))
    return int(row.pk)


def create_starter_call(*, actor: Viewer, office_id: int, code: str, year: int) -> int:
    """Create the smart upgrade programme of a year as a draft, with its usual rules; return its id.

    Raises
    ------
    ConfigError, DeniedError
        As ``create_call``.
    """
    if not 2000 <= year <= 2100:
        raise ConfigError(_("Give a year like 2026."))
    title = f"{TITLE} {year}"
    return create_call(
        actor=actor, office_id=office_id, code=code, title=title, rules=starter_rules(year), summary=str(SUMMARY)
    )


def _keep(row: Call, rules: Sequence[Rule]) -> None:
    CallRule.objects.bulk_create(
        CallRule(call=row, version=row.version, kind=rule.kind, value=dict(rule.value), clause=rule.clause.strip())
        for rule in rules
    )


@transaction.atomic
def change_call(
    *,
    actor: Viewer,
    call_id: int,
    title: str | None = None,
    summary: str | None = None,
    authority: str | None = None,
    rules: Sequence[Rule] | None = None,
) -> int:
    """Change a call; what is None stays. Other rules make a new version; return the version in force.

    Raises
    ------
    ConfigError, DeniedError
        As ``create_call``.
    """
    row = _locked(actor, call_id)
    if title is not None and not title.strip():
        raise ConfigError(_("Give the call a title."))
    row.title = row.title if title is None else title.strip()[:200]
    row.summary = row.summary if summary is None else summary.strip()[:4000]
    row.authority = row.authority if authority is None else authority.strip()[:300]
    if rules is not None:
        check_rules(tuple(rules))
        held = {one.kind: (one.value, one.clause) for one in CallRule.objects.filter(call=row, version=row.version)}
        if held != {rule.kind: (dict(rule.value), rule.clause.strip()) for rule in rules}:
            row.version += 1
            _keep(row, rules)
            if row.state == "open":
                _require_whole(row)
    row.changed_at = now_us()
    row.save()
    _tell(actor, "change_call", row)
    return int(row.version)


def _require_whole(row: Call) -> None:
    kinds = set(CallRule.objects.filter(call=row, version=row.version).values_list("kind", flat=True))
    missing = [str(KINDS[kind].label) for kind in NEEDED if kind not in kinds]
    if missing:
        raise ConfigError(_("The call needs these rules first: %(rules)s.") % {"rules": ", ".join(missing)})


@transaction.atomic
def set_call_state(*, actor: Viewer, call_id: int, state: str) -> None:
    """Open a call, or close it.

    Raises
    ------
    ConfigError
        If it cannot be, for its state or for rules that are missing.
    DeniedError
        If the actor may not run calls of the office.
    """
    row = _locked(actor, call_id)
    if row.state not in _STATES.get(state, ()):
        raise ConfigError(_("The call cannot be put into that state from where it is."))
    if state == "open":
        _require_whole(row)
    row.state, row.changed_at = state, now_us()
    row.save()
    _tell(actor, "open_call" if state == "open" else "close_call", row)
