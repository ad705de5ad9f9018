"""The operations that a terminal shows at a place, with what is missing and how they are done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chanye.domains.factory.kept import keep
from chanye.domains.factory.models import Instruction, Operation, OperationMaterial, WorkSpan
from chanye.domains.factory.queries.dispatch import dispatch_list
from chanye.domains.factory.queries.orders import OPEN_STATES
from chanye.domains.factory.types.dispatch import DispatchRow
from chanye.domains.factory.types.terminal import LotLeft, Need, Page, Task
from chanye.kernel.unit_names import unit_label
from chanye.parties.prepared import Prepared
from chanye.parties.types import Viewer
from chanye.spine.types import AssetRef
from chanye.trace.queries.stock import newest_lots

MOST_TASKS = 30
MOST_LOTS = 30
#: How long it is kept which operations may be worked at other machines. [s]
KEEP = 20.0
_FIRST = {"running": 0, "setup": 1, "paused": 2}
#: What the list says in words; whether pieces are here and whether it is held shows anyway.
_TOLD = frozenset({"machine", "material", "tool", "gauge", "program", "skill"})


_lines = Prepared(
    lambda operations: (
        OperationMaterial.objects.filter(operation_id__in=operations)
        .select_related("component")
        .order_by("component__code")
    )
)
_at_work = Prepared(
    lambda operations: (
        WorkSpan.objects.filter(operation_id__in=operations, end=None)
        .exclude(person=None)
        .order_by("start")
        .values_list("operation_id", "person__username")
    )
)
_released = Prepared(
    lambda revisions: Instruction.objects.filter(revision_id__in=revisions, state="released").order_by("version")
)
_whole = Prepared(
    lambda operations: Operation.objects.filter(id__in=operations).select_related(
        "order__revision__material", "place"
    )
)


def _lent(viewer: Viewer) -> tuple[dict[int, set[int]], dict[int, int]]:
    """Return which operations may be worked at a work centre instead, and where each of them is planned."""
    rows = Operation.objects.filter(
        state__in=OPEN_STATES,
        order__state__in=("released", "held"),
        order__organisation_id=viewer.organisation_id or 0,
    ).exclude(alternatives=[])
    instead: dict[int, set[int]] = {}
    planned: dict[int, int] = {}
    for number, centre, alternatives in rows.values_list("id", "work_centre_id", "alternatives"):
        planned[number] = centre
        for one in alternatives:
            instead.setdefault(one["work_centre"], set()).add(number)
    return instead, planned


def tasks_at(
    viewer: Viewer, asset: AssetRef, centres: Sequence[int], now: int, language: str = ""
) -> tuple[Task, ...]:
    """Return what can be worked on at a place: what runs first, then as dispatched, what misses something last.

    Parameters
    ----------
    centres
        The place and what it is part of.
    now
        us UTC.
    """
    instead, planned = keep(lambda: _lent(viewer), "lent", viewer.organisation_id, seconds=KEEP)
    borrowed = set().union(*(instead.get(centre, set()) for centre in centres))
    elsewhere = {planned[number] for number in borrowed} - set(centres)
    rows = [
        row
        for part in dispatch_list(viewer, [*centres, *sorted(elsewhere)], now=now)
        for row in part.rows
        if part.work_centre_id in centres or row.operation.id in borrowed
    ]
    rows = sorted(rows, key=lambda row: _turn(row, asset))[:MOST_TASKS]
    more = {one.pk: one for one in _whole(operations=[row.operation.id for row in rows])}
    beside = _Beside(_instructions(list(more.values())), _materials(more, language), _people(more))
    return tuple(_task(row, more[row.operation.id], asset, beside) for row in rows if row.operation.id in more)


def lots_for(viewer: Viewer, tasks: Iterable[Task]) -> dict[str, list[LotLeft]]:
    """Return what is here of the followed materials of some operations, the newest of each first."""
    codes = {one.code for task in tasks for one in task.materials if one.tracking != "none"}
    found = newest_lots(viewer, viewer.organisation_id or 0, codes, most=MOST_LOTS)
    return {code: [LotLeft(*one) for one in lots] for code, lots in found.items()}


@dataclass(frozen=True, slots=True)
class _Beside:
    """What is shown beside operations, by number of the operation (instructions: of the revision and step)."""

    pages: Mapping[tuple[int, int], Instruction]
    materials: Mapping[int, list[Need]]
    people: Mapping[int, list[str]]


def _materials(rows: Mapping[int, Operation], language: str) -> dict[int, list[Need]]:
    """Return what operations take, for all pieces of the order."""
    found: dict[int, list[Need]] = {}
    for line in _lines(operations=list(rows)):
        one, wanted = line.component, line.quantity * rows[line.operation_id].order.quantity
        need = Need(
            one.code,
            one.name,
            unit_label(one.unit, language),
            one.tracking,
            round(wanted, 6),
            round(line.consumed, 6),
        )
        found.setdefault(line.operation_id, []).append(need)
    return found


def _people(rows: Iterable[int]) -> dict[int, list[str]]:
    """Return the badges of those who work on operations now, who began first standing first."""
    found: dict[int, list[str]] = {}
    for number, badge in _at_work(operations=list(rows)):
        if badge not in found.setdefault(number, []):
            found[number].append(badge)
    return found


def _turn(row: DispatchRow, asset: AssetRef) -> tuple[int, int]:
    """Return where an operation stands in the list; within the same, the order of the dispatch list holds."""
    one = row.operation
    begun = one.state in ("running", "setup", "paused")
    if begun and one.place_id in (None, asset.id):
        return (0, _FIRST[one.state])
    return (1, 0) if row.can_run and not begun and one.here > 0 else (2, 0)


def _task(row: DispatchRow, more: Operation, asset: AssetRef, beside: _Beside) -> Task:
    one = row.operation
    instruction = beside.pages.get((more.order.revision_id, one.number))
    busy = one.state in ("running", "setup", "paused") and more.place is not None and one.place_id != asset.id
    return Task(
        id=one.id,
        order=one.order,
        product=one.product,
        product_name=one.product_name,
        revision=one.revision,
        number=one.number,
        name=one.name,
        kind=one.kind,
        state="held" if more.order.state == "held" else one.state,
        place=more.place.name if busy and more.place else "",
        planned=one.planned,
        arrived=one.arrived,
        good=one.good,
        scrap=one.scrap,
        rework=one.rework,
        here=one.here,
        due=one.due,
        priority=one.priority,
        run_time=one.run_time,
        setup_time=one.setup_time,
        started_at=one.started_at,
        hold_reason=one.hold_reason,
        reworkable=more.on_fail is not None,
        missing=tuple(f"{need.what} {need.why}" for need in row.missing if need.kind in _TOLD),
        warnings=tuple(
            f"{need.what} {need.why}" for need in row.notes if need.kind in _TOLD and need.state == "warn"
        ),
        materials=tuple(beside.materials.get(one.id, ())),
        people=tuple(beside.people.get(one.id, ())),
        serial=one.last and more.order.revision.material.tracking == "serial",
        instruction=_pages(instruction),
        instruction_title=instruction.title if instruction else "",
        instruction_version=instruction.version if instruction else 0,
    )


def _instructions(rows: Iterable[Operation]) -> dict[tuple[int, int], Instruction]:
    """Return the released instruction of each revision and step, the newest version."""
    wanted = {(row.order.revision_id, row.number) for row in rows}
    if not wanted:
        return {}
    found = _released(revisions=sorted({one for one, _step in wanted}))
    return {(row.revision_id, row.step): row for row in found if (row.revision_id, row.step) in wanted}


def _pages(instruction: Instruction | None) -> tuple[Page, ...]:
    pages = instruction.pages if instruction else []
    return tuple(
        Page(
            str(page.get("text") or ""),
            f"/files/{page['file']}/page" if isinstance(page.get("file"), int) else "",
            bool(page.get("confirm")),
        )
        for page in pages
        if isinstance(page, dict)
    )
