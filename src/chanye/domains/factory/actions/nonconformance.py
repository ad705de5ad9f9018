"""Nonconformance from finding to closing, and corrective action with a later look at its effect."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.factory import gates, quality_lots
from chanye.domains.factory.actions import disposition as dispositions
from chanye.domains.factory.actions.disposition import Decision
from chanye.domains.factory.actions.quality import check_pictures
from chanye.domains.factory.models import CorrectiveAction, Inspection, Material, Nonconformance, Operation, Order
from chanye.domains.factory.types.quality import DISPOSITIONS, ORIGINS, SEVERITIES
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import now_us
from chanye.parties import events
from chanye.parties.audit import record
from chanye.parties.queries import members
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.trace import actions as trace
from chanye.trace import queries as items
from chanye.trace.types import ItemView

events.declare("nonconformance.reported", "A nonconformance was reported")
events.declare("nonconformance.disposed", "It was decided what becomes of nonconforming pieces")
events.declare("nonconformance.closed", "A nonconformance was closed")
#: Lots that one case may block.
MOST_LOTS = 50


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
    origin: str = "hand",
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
    if quantity is not None and not (math.isfinite(quantity) and 0 < quantity < 1e9):
        raise ConfigError(_("The quantity must be more than 0."))
    if "\x00" in f"{title}{detail}{lot}":
        raise ConfigError(_("The text holds characters that cannot be stored."))
    check_pictures(actor=actor, organisation_id=organisation_id, numbers=list(files))
    at = min(found_at or now_us(), now_us())
    inspection = _own_inspection(organisation_id, inspection_id)
    if inspection is not None:
        material, operation_id = material or inspection.material.code, operation_id or inspection.operation_id
        lot = lot or inspection.lot
    operation = _own_operation(organisation_id, operation_id)
    item = _item(actor, organisation_id, inspection, material, lot)
    row = Nonconformance.objects.create(
        organisation_id=organisation_id,
        number=_next_number(organisation_id),
        title=title.strip()[:200],
        detail=detail[:10_000],
        severity=severity,
        origin=origin if origin in ORIGINS else "hand",
        item=item.id if item else None,
        order=operation.order if operation else None,
        operation=operation,
        inspection=inspection,
        material=Material.objects.filter(organisation_id=organisation_id, code=material).first(),
        lot=item.code if item else lot.strip()[:100],
        quantity=quantity,
        files=list(files),
        found_at=at,
        found_by_id=actor.person_id,
    )
    _record_case(actor, "report_nonconformance", row, {"title": row.title, "severity": severity})
    _tell(actor, "nonconformance.reported", row)
    _hold_by_rule(actor, row, operation, at)
    return int(row.pk)


def _own_inspection(organisation_id: int, inspection_id: int | None) -> Inspection | None:
    if inspection_id is None:
        return None
    row = Inspection.objects.filter(id=inspection_id, organisation_id=organisation_id).first()
    if row is None:
        raise DeniedError(_("There is no such inspection, or it belongs to another organisation."))
    return row


def _item(
    actor: Viewer, organisation_id: int, inspection: Inspection | None, material: str, lot: str
) -> ItemView | None:
    """Return the lot in trace that a case is about: the rejected one of its inspection, else the one named."""
    viewer = quality_lots.by_rule(actor)
    if inspection is not None and (inspection.rejected_item or inspection.item):
        return items.item(viewer, inspection.rejected_item or inspection.item or 0)
    found = [one for one in items.find(viewer, lot.strip()) if one.organisation_id == organisation_id] if lot else []
    mine = [one for one in found if not material or one.material_code == material]
    return mine[0] if len(mine) == 1 else None


def _tell(actor: Viewer, kind: str, row: Nonconformance) -> None:
    payload = {
        "number": row.number,
        "title": row.title,
        "severity": row.severity,
        "state": row.state,
        "lot": row.lot,
        "quantity": row.quantity,
        "disposition": row.disposition,
    }
    events.emit(
        actor=actor,
        kind=kind,
        target=f"nonconformance:{row.pk}",
        payload=payload,
        organisation_id=row.organisation_id,
    )


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
    rows = Nonconformance.objects.select_for_update().filter(
        organisation_id=organisation_id, number__startswith="NC-"
    )
    last = rows.order_by("-id").first()
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
def contain_nonconformance(
    *, actor: Viewer, case_id: int, containment: str, lots: Sequence[str] = (), block: bool = True
) -> None:
    """Say what keeps the fault from spreading; the lot of the case and further ones are blocked in trace.

    Parameters
    ----------
    lots
        Numbers of further lots or pieces that may have the same fault.
    block
        Whether the lot of the case itself is blocked.

    Raises
    ------
    ConfigError
        If nothing is said, or a lot is not known.
    """
    row = _case(actor, "handle_nonconformance", case_id)
    if not containment.strip():
        raise ConfigError(_("Say what was done so that it cannot spread."))
    if len(lots) > MOST_LOTS:
        raise ConfigError(_("Block at most %(most)s lots at once.") % {"most": MOST_LOTS})
    wanted = [row.item] if block and row.item is not None else []
    for code in lots:
        found = [one for one in items.find(actor, code) if one.organisation_id == row.organisation_id]
        if not found:
            raise ConfigError(_("There is no lot or piece %(code)s: check the number.") % {"code": code[:100]})
        wanted += [one.id for one in found]
    for number in wanted:
        _block(actor, row, number)
    row.containment = containment.strip()[:5000]
    row.state = "contained" if row.state == "open" else row.state
    row.save()
    _record_case(actor, "contain_nonconformance", row, {"containment": row.containment, "blocked": row.blocked})


def _block(actor: Viewer, row: Nonconformance, number: int) -> None:
    if number not in row.blocked and not items.item(quality_lots.by_rule(actor), number).blocked:
        trace.block(
            actor=quality_lots.by_rule(actor),
            items=number,
            reason=f"{row.number}: {row.title}"[:200],
            key=f"case:{row.pk}:block:{number}",
            reference=row.number,
        )
    if number not in row.blocked:
        row.blocked = [*row.blocked, number]


@transaction.atomic
def release_case_lot(*, actor: Viewer, case_id: int, item: int, reason: str) -> None:
    """Release a lot that a case has blocked: it was found good, or was reworked; say what shows it.

    Raises
    ------
    ConfigError
        If the case has not blocked it, or no reason is given.
    """
    row = _case(actor, "dispose_nonconformance", case_id)
    if item not in row.blocked:
        raise ConfigError(_("This case has not blocked that lot."))
    trace.release(
        actor=quality_lots.by_rule(actor),
        items=item,
        reason=reason,
        key=f"case:{row.pk}:release:{item}",
        reference=row.number,
    )
    row.blocked = [one for one in row.blocked if one != item]
    row.save(update_fields=["blocked"])
    _record_case(actor, "release_case_lot", row, {"item": item, "reason": reason})


@transaction.atomic
def dispose_nonconformance(
    *, actor: Viewer, case_id: int, disposition: str, note: str = "", decision: Decision | None = None
) -> None:
    """Decide what becomes of the pieces, and book it. Who found it does not decide on it alone when it is critical.

    Raises
    ------
    ConfigError
        If it is not contained yet, the disposition is none, or it cannot be booked.
    DeniedError
        If the actor may not decide.
    """
    row = _case(actor, "dispose_nonconformance", case_id)
    if disposition not in DISPOSITIONS:
        raise ConfigError(_("Choose what becomes of the pieces."))
    if row.state == "open":
        raise ConfigError(_("Contain it first: say what keeps it from spreading."))
    if row.state == "disposed":
        raise ConfigError(_("It is decided already: report another case for further pieces."))
    if row.severity == "critical" and row.found_by_id is not None and row.found_by_id == actor.person_id:
        raise ConfigError(_("A critical case is decided by somebody else than who found it."))
    taken = decision or Decision(note)
    row.booked = dispositions.book(actor=actor, row=row, disposition=disposition, decision=taken)
    row.disposition, row.state, row.disposition_note = disposition, "disposed", (taken.note or note)[:500]
    row.disposed_at, row.disposed_by_id = now_us(), actor.person_id
    row.save()
    detail = {"disposition": disposition, "note": row.disposition_note, "booked": row.booked}
    _record_case(actor, "dispose_nonconformance", row, detail)
    _tell(actor, "nonconformance.disposed", row)


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
    if responsible_id is not None and responsible_id not in {
        one.person_id for one in members(actor, row.organisation_id)
    }:
        raise ConfigError(_("The responsible person does not work here: choose one from the list."))
    made = CorrectiveAction.objects.create(
        nonconformance=row,
        kind=kind,
        causes=[str(cause).strip()[:500] for cause in causes if str(cause).strip()][:5],
        action=action.strip()[:5000],
        responsible_id=responsible_id or actor.person_id,
        due_at=due_at,
        check_at=check_at,
    )
    _record_case(actor, "plan_action", row, {"action": made.action, "due_at": due_at, "check_at": check_at})
    return int(made.pk)


@transaction.atomic
def finish_action(*, actor: Viewer, action_id: int, note: str = "") -> None:
    """Say that an action is done; its effect is looked at later."""
    made = CorrectiveAction.objects.select_related("nonconformance").filter(id=action_id).first()
    mine = made is not None and made.responsible_id is not None and made.responsible_id == actor.person_id
    if made is None or not mine or made.nonconformance.organisation_id != actor.organisation_id:
        made, row = _action(actor, action_id)
    else:
        row = _case(actor, "report_nonconformance", made.nonconformance_id)
    if made.done_at is not None:
        raise ConfigError(_("It is done already."))
    made.done_at, made.done_note = now_us(), note.strip()[:500]
    made.save()
    _record_case(actor, "finish_action", row, {"action": made.pk, "note": note})


@transaction.atomic
def check_action(
    *,
    actor: Viewer,
    action_id: int,
    effective: bool,
    evidence: str,
    measured: Mapping[str, object] | None = None,
    now: int | None = None,
) -> None:
    """Say whether an action had its effect, on what evidence; not before its day, and not by who was responsible.

    Parameters
    ----------
    measured
        The defect rate before and after with its coverage, as ``queries.cases.effect`` reckons it.

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
    made.measured = dict(measured or {})
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
    _tell(actor, "nonconformance.closed", row)
