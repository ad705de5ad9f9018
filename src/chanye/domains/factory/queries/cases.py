"""Reads of nonconformances and their actions."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from chanye.domains.factory.models import CorrectiveAction, Nonconformance, Order, Reason
from chanye.domains.factory.quality_lots import by_rule
from chanye.domains.factory.queries.measures import measures
from chanye.domains.factory.types.quality import ActionRow, CaseRecord, CaseRow, Effect
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import DAY, now_us
from chanye.parties import queries as parties
from chanye.parties.types import Viewer
from chanye.sheets import Rows, View
from chanye.spine import queries as spine
from chanye.trace import queries as trace

#: Longest window over which a defect rate is reckoned. [us]
WINDOW = 30 * DAY
FIELDS = {
    "material": "material__code",
    "order": "order__number",
    "operation": "operation__number",
    "found_by": "found_by__name",
}


def _rows(viewer: Viewer) -> QuerySet[Nonconformance]:
    now = now_us()
    overdue = CorrectiveAction.objects.filter(nonconformance=OuterRef("pk"), checked_at=None).filter(
        Q(done_at=None, due_at__lt=now) | Q(check_at__lt=now)
    )
    rows = Nonconformance.objects.select_related("material", "order", "operation__order", "found_by", "disposed_by")
    rows = rows.annotate(late=Exists(overdue))
    return rows if viewer.system else rows.filter(organisation_id=viewer.organisation_id or 0)


def _row(row: Nonconformance) -> CaseRow:
    operation = row.operation
    return CaseRow(
        id=row.pk,
        organisation_id=row.organisation_id,
        number=row.number,
        title=row.title,
        severity=row.severity,
        state=row.state,
        origin=row.origin,
        material=row.material.code if row.material else "",
        material_name=row.material.name if row.material else "",
        order_id=row.order_id,
        order=row.order.number if row.order else "",
        operation_id=row.operation_id,
        operation=f"{operation.number} {operation.name}" if operation else "",
        inspection_id=row.inspection_id,
        lot=row.lot,
        quantity=row.quantity,
        disposition=row.disposition,
        found_at=row.found_at,
        found_by=row.found_by.name if row.found_by else "",
        closed_at=row.closed_at,
        late=bool(getattr(row, "late", False)),
    )


def case_table(viewer: Viewer, view: View) -> Rows:
    """Return the cases that a view asks for."""
    return view.apply(_rows(viewer), fields=FIELDS, make=_row)


def open_cases(viewer: Viewer, limit: int = 200) -> list[CaseRow]:
    """Return the cases that are not closed, the oldest in front."""
    return [_row(row) for row in _rows(viewer).exclude(state="closed").order_by("found_at", "id")[:limit]]


def case(viewer: Viewer, case_id: int) -> CaseRow:
    """Return one case.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    return _row(_one(viewer, case_id))


def _one(viewer: Viewer, case_id: int) -> Nonconformance:
    row = _rows(viewer).filter(id=case_id).first()
    if row is None:
        raise DeniedError(_("There is no such nonconformance, or it belongs to another organisation."))
    return row


def case_record(viewer: Viewer, case_id: int) -> CaseRecord:
    """Return one case with its lots, actions and history.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    row = _one(viewer, case_id)
    pictures = spine.files_by_id(viewer, row.files)
    wanted = dict.fromkeys([*([row.item] if row.item else []), *row.blocked])
    lots = trace.items(by_rule(viewer), list(wanted))
    deeds = parties.history_of(viewer, row.organisation_id, f"nonconformance:{row.pk}")
    actions = row.actions.select_related("responsible", "checked_by", "nonconformance").order_by("id")
    return CaseRecord(
        row=_row(row),
        detail=row.detail,
        containment=row.containment,
        disposition_note=row.disposition_note,
        booked=tuple((name, str(value)) for name, value in row.booked.items()),
        disposed_by=row.disposed_by.name if row.disposed_by else "",
        disposed_at=row.disposed_at,
        pictures=tuple((one.id, one.name) for one in pictures.values()),
        lots=tuple((one.id, one.code, one.blocked, float(one.left), one.unit) for one in lots),
        item=row.item,
        actions=tuple(_action(one, viewer) for one in actions),
        deeds=tuple((one.at, one.verb, one.actor, str(one.detail.get("reason", ""))) for one in deeds),
    )


def _action(row: CorrectiveAction, viewer: Viewer) -> ActionRow:
    now = now_us()
    waits = row.done_at is None and row.due_at < now
    return ActionRow(
        id=row.pk,
        case_id=row.nonconformance_id,
        case=row.nonconformance.number,
        kind=row.kind,
        causes=tuple(row.causes),
        action=row.action,
        responsible=row.responsible.name if row.responsible else "",
        mine=row.responsible_id is not None and row.responsible_id == viewer.person_id,
        due_at=row.due_at,
        done_at=row.done_at,
        done_note=row.done_note,
        check_at=row.check_at,
        checked_at=row.checked_at,
        checked_by=row.checked_by.name if row.checked_by else "",
        effective=row.effective,
        evidence=row.evidence,
        measured=_effect(row.measured) if row.measured else None,
        late=waits or (row.checked_at is None and row.check_at < now),
    )


def _effect(stored: dict[str, object]) -> Effect:
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}
    return Effect(**values)  # type: ignore[arg-type]  # written by effect() below


def action_case(viewer: Viewer, action_id: int) -> int:
    """Return the case of an action.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    row = CorrectiveAction.objects.filter(id=action_id).first()
    if row is None:
        raise DeniedError(_("There is no such action, or it belongs to another organisation."))
    return _one(viewer, row.nonconformance_id).pk


def overdue_actions(viewer: Viewer) -> list[ActionRow]:
    """Return the actions that should be done or looked at by now, the oldest in front."""
    now = now_us()
    rows = CorrectiveAction.objects.filter(checked_at=None).filter(
        Q(done_at=None, due_at__lt=now) | Q(check_at__lt=now)
    )
    if not viewer.system:
        rows = rows.filter(nonconformance__organisation_id=viewer.organisation_id or 0)
    rows = rows.exclude(nonconformance__state="closed").select_related("responsible", "checked_by", "nonconformance")
    return [_action(row, viewer) for row in rows.order_by("due_at")[:100]]


def effect(viewer: Viewer, action_id: int, *, now: int) -> Effect | None:
    """Return the defect rate of the product before the case and since the action was done, as long on both sides.

    None where the case names no product or site, or the action is not done.

    Raises
    ------
    DeniedError
        If there is no such action for the viewer.
    """
    row = _one(viewer, action_case(viewer, action_id))
    done_at = CorrectiveAction.objects.filter(id=action_id).values_list("done_at", flat=True).first()
    site = row.order.site_id if row.order else _site(row)
    if done_at is None or row.material_id is None or site is None or now <= done_at:
        return None
    length = min(WINDOW, now - done_at)
    before, after = (row.found_at - length, row.found_at), (now - length, now)
    rates = []
    for start, end in (before, after):
        try:
            found = measures(viewer, site, start, end, "product", now=now)
        except ConfigError:
            found = []
        mine = [one for one in found if one.key == str(row.material_id)]
        figure = mine[0].figures["defect_rate"] if mine else None
        rates.append((figure.value, figure.coverage) if figure else (None, 0.0))
    return Effect(before, after, rates[0][0], rates[1][0], rates[0][1], rates[1][1])


def _site(row: Nonconformance) -> int | None:
    rows = Order.objects.filter(organisation_id=row.organisation_id, revision__material=row.material_id)
    return rows.order_by("-id").values_list("site_id", flat=True).first()


def scrap_reasons(viewer: Viewer) -> list[tuple[str, str]]:
    """Return the reasons of scrap and rework as (code, name), for the decision on a case."""
    rows = Reason.objects.filter(tree__in=("scrap", "rework"), active=True).order_by("tree", "position", "code")
    rows = rows if viewer.system else rows.filter(organisation_id=viewer.organisation_id or 0)
    return list(dict(rows.values_list("code", "name")).items())
