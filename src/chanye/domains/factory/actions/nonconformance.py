"""Nonconformance from finding to closing, and corrective action with a later look at its effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.factory import gates
from chanye.domains.factory.models import CorrectiveAction, Inspection, Material, Nonconformance, Operation, Order
from chanye.domains.factory.types.quality import DISPOSITIONS, SEVERITIES
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer


@transaction.atomic
def report_nonconformance(
    *,
    actor: Viewer,
    organisation_id: int,
    title: str,
    detail: str = "",
    severity: str = "minor",
    operation_id: int | None = None,
    inspection_id: int | None = None,
    material: str = "",
    lot: str = "",
    quantity: float | None = None,
    files: Sequence[int] = (),
    found_at: int | None = None,
) -> int:
    """Report that something is not as it must be; return the id. By rule it holds the operation.

    Raises
    ------
    ConfigError
        If the title is missing, or a thing it names is not there.
    DeniedError
        If the actor may not report there.
    """
    require(actor, "report_nonconformance", organisation_id)
    if not title.strip():
        raise ConfigError(_("Say in a few words what is wrong."))
    if severity not in SEVERITIES:
        raise ConfigError(_("The severity is minor, major or critical."))
    operation = _own_operation(organisation_id, operation_id)
    inspection = None
    if inspection_id is not None:
        inspection = Inspection.objects.filter(id=inspection_id, organisation_id=organisation_id).first()
    at = found_at or now_us()
    row = Nonconformance.objects.create(
        organisation_id=organisation_id,
        number=_next_number(organisation_id),
        title=title.strip()[:200],
        detail=detail,
        severity=severity,
        order=operation.order if operation else None,
        operation=operation,
        inspection=inspection,
        material=Material.objects.filter(organisation_id=organisation_id, code=material).first(),
        lot=lot.strip()[:100],
        quantity=quantity,
        files=list(files),
        found_at=at,
        found_by_id=actor.person_id,
    )
    _record_case(actor, "report_nonconformance", row, {"title": row.title, "severity": severity})
    _hold_by_rule(actor, row, operation, at)
    return int(row.pk)


def _hold_by_rule(actor: Viewer, row: Nonconformance, operation: Operation | None, at: int) -> None:
    if operation is None or operation.state in ("held", "finished"):
        return
    if gates.hold_rules(operation.order, operation, "nonconformance"):
        gates.hold(actor, operation.order, operation, at, _("Nonconformance %(number)s") % {"number": row.number})


def _own_operation(organisation_id: int, operation_id: int | None) -> Operation | None:
    if operation_id is None:
        return None
    row = Operation.objects.filter(id=operation_id, order__organisation_id=organisation_id).first()
    if row is None:
        raise DeniedError(_("There is no such operation, or it belongs to another organisation."))
    Order.objects.select_for_update().get(id=row.order_id)
    return row


def _next_number(organisation_id: int) -> str:
    last = Nonconformance.objects.filter(organisation_id=organisation_id).order_by("-id").first()
    return f"NC-{(int(last.number.removeprefix('NC-')) if last else 0) + 1:05d}"


def _record_case(actor: Viewer, verb: str, row: Nonconformance, detail: Mapping[str, object]) -> None:
    record(
        actor=actor,
        verb=verb,
        target=f"nonconformance:{row.pk}",
        detail={"number": row.number, **detail},
        organisation_id=row.organisation_id,
    )


def _case(actor: Viewer, permission: str, case_id: int) -> Nonconformance:
    row = Nonconformance.objects.select_for_update().filter(id=case_id).first()
    if row is None or not (actor.system or row.organisation_id == actor.organisation_id):
        raise DeniedError(_("There is no such nonconformance, or it belongs to another organisation."))
    require(actor, permission, row.organisation_id)
    if row.state == "closed":
        raise ConfigError(_("The nonconformance %(number)s is closed.") % {"number": row.number})
    return row


@transaction.atomic
def contain_nonconformance(*, actor: Viewer, case_id: int, containment: str) -> None:
    """Say what keeps the fault from spreading: what was blocked, sorted, recalled."""
    row = _case(actor, "handle_nonconformance", case_id)
    if not containment.strip():
        raise ConfigError(_("Say what was done so that it cannot spread."))
    row.containment = containment.strip()
    row.state = "contained" if row.state == "open" else row.state
    row.save()
    _record_case(actor, "contain_nonconformance", row, {"containment": row.containment})


@transaction.atomic
def dispose_nonconformance(*, actor: Viewer, case_id: int, disposition: str, note: str = "") -> None:
    """Decide what becomes of the pieces. Who found it does not decide on it alone when it is critical.

    Raises
    ------
    ConfigError
        If it is not contained yet, or the disposition is none.
    DeniedError
        If the actor may not decide.
    """
    row = _case(actor, "dispose_nonconformance", case_id)
    if disposition not in DISPOSITIONS:
        raise ConfigError(_("Choose what becomes of the pieces."))
    if row.state == "open":
        raise ConfigError(_("Contain it first: say what keeps it from spreading."))
    if row.severity == "critical" and row.found_by_id is not None and row.found_by_id == actor.person_id:
        raise ConfigError(_("A critical case is decided by somebody else than who found it."))
    row.disposition, row.state = disposition, "disposed"
    row.disposed_at, row.disposed_by_id = now_us(), actor.person_id
    row.save()
    _record_case(actor, "dispose_nonconformance", row, {"disposition": disposition, "note": note})


@transaction.atomic
def plan_action(
    *,
    actor: Viewer,
    case_id: int,
    action: str,
    due_at: int,
    check_at: int,
    kind: str = "corrective",
    causes: Sequence[str] = (),
    responsible_id: int | None = None,
) -> int:
    """Plan a corrective or preventive action and the day its effect is looked at; return its id."""
    row = _case(actor, "handle_nonconformance", case_id)
    if not action.strip():
        raise ConfigError(_("Say what will be done."))
    if kind not in ("corrective", "preventive") or check_at <= due_at:
        raise ConfigError(_("The effect is looked at after the action is done: choose a later day."))
    made = CorrectiveAction.objects.create(
        nonconformance=row,
        kind=kind,
        causes=[str(cause) for cause in causes],
        action=action.strip(),
        responsible_id=responsible_id or actor.person_id,
        due_at=due_at,
        check_at=check_at,
    )
    _record_case(actor, "plan_action", row, {"action": made.action, "due_at": due_at, "check_at": check_at})
    return int(made.pk)


@transaction.atomic
def finish_action(*, actor: Viewer, action_id: int, note: str = "") -> None:
    """Say that an action is done; its effect is looked at later."""
    made, row = _action(actor, action_id)
    if made.done_at is not None:
        raise ConfigError(_("It is done already."))
    made.done_at = now_us()
    made.save()
    _record_case(actor, "finish_action", row, {"action": made.pk, "note": note})


@transaction.atomic
def check_action(*, actor: Viewer, action_id: int, effective: bool, evidence: str, now: int | None = None) -> None:
    """Say whether an action had its effect, on what evidence; not before its day, and not by who was responsible.

    Raises
    ------
    ConfigError
        If it is too early, not done, or nothing is said that shows it.
    """
    made, row = _action(actor, action_id)
    at = now_us() if now is None else now
    if made.done_at is None:
        raise ConfigError(_("The action is not done yet."))
    if at < made.check_at:
        raise ConfigError(_("It is too early to tell: look at the effect on its day."))
    if made.responsible_id is not None and made.responsible_id == actor.person_id:
        raise ConfigError(_("The effect is judged by somebody else than who was responsible."))
    if not evidence.strip():
        raise ConfigError(_("Say what shows it: a number before and after, a check, a document."))
    made.effective, made.evidence, made.checked_at, made.checked_by_id = effective, evidence, at, actor.person_id
    made.save()
    _record_case(actor, "check_action", row, {"action": made.pk, "effective": effective})


def _action(actor: Viewer, action_id: int) -> tuple[CorrectiveAction, Nonconformance]:
    made = CorrectiveAction.objects.filter(id=action_id).first()
    if made is None:
        raise DeniedError(_("There is no such action, or it belongs to another organisation."))
    return made, _case(actor, "handle_nonconformance", made.nonconformance_id)


@transaction.atomic
def close_nonconformance(*, actor: Viewer, case_id: int) -> None:
    """Close a case: it has a disposition, and each action was found effective.

    Raises
    ------
    ConfigError
        Saying what is still missing.
    """
    row = _case(actor, "dispose_nonconformance", case_id)
    if row.state != "disposed":
        raise ConfigError(_("Decide what becomes of the pieces first."))
    actions = list(row.actions.all())
    if any(one.checked_at is None for one in actions):
        raise ConfigError(_("The effect of an action has not been looked at yet."))
    if actions and not any(one.effective for one in actions):
        raise ConfigError(_("No action had its effect: plan another one."))
    row.state, row.closed_at = "closed", now_us()
    row.save()
    _record_case(actor, "close_nonconformance", row, {})
