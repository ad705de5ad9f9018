"""The dispatch list: what to work on next at a work centre, what can run, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from chanye.domains.factory.models import DispatchSetting, Operation, OperationMaterial, PersonSkill, Tool
from chanye.domains.factory.order_rows import operation_ref, step_of
from chanye.domains.factory.queries.orders import OPEN_STATES
from chanye.domains.factory.queries.stock import stock_of
from chanye.domains.factory.rules import dispatch as rules
from chanye.domains.factory.rules.orders import Step, main_steps
from chanye.domains.factory.types.dispatch import DISPATCH_RULES, DispatchList, DispatchRow, DispatchRule, Need
from chanye.kernel.time import now_us
from chanye.parties.prepared import Prepared
from chanye.parties.types import Viewer
from chanye.spine import frame_queries
from chanye.spine import queries as spine
from chanye.spine.types import AssetRef

#: Kinds of assets at which operations are worked.
CENTRE_KINDS = ("work_centre", "work_unit")


_chosen = Prepared(
    lambda centres: DispatchSetting.objects.filter(work_centre_id__in=centres).values_list("work_centre_id", "rule")
)
_open = Prepared(
    lambda centres: Operation.objects.filter(
        work_centre_id__in=centres, state__in=OPEN_STATES, order__state__in=("released", "held")
    ).select_related("order__revision__material", "tool", "gauge", "skill", "program__program")
)
_of_orders = Prepared(lambda orders: Operation.objects.filter(order_id__in=orders))
_lines = Prepared(
    lambda operations: OperationMaterial.objects.filter(operation_id__in=operations).select_related("component")
)


def work_centres(viewer: Viewer, *, site_id: int | None = None) -> list[AssetRef]:
    """Return the places at which operations can be worked, of one site or all."""
    return spine.assets(viewer, below=site_id, kinds=CENTRE_KINDS)


def busy_centres(viewer: Viewer, *, site_id: int | None = None) -> list[AssetRef]:
    """Return the work centres at which operations are waiting or running."""
    rows = Operation.objects.filter(state__in=OPEN_STATES, order__state__in=("released", "held"))
    if not viewer.system:
        rows = rows.filter(order__organisation_id=viewer.organisation_id or 0)
    busy = set(rows.order_by().values_list("work_centre_id", flat=True).distinct())
    return [asset for asset in work_centres(viewer, site_id=site_id) if asset.id in busy]


def centres_of(viewer: Viewer, place_id: int) -> list[int]:
    """Return the work centres whose operations can be worked at a place: it and those it stands in."""
    place = spine.asset(viewer, place_id)
    around = [asset for asset in work_centres(viewer) if f"{place.path}/".startswith(f"{asset.path}/")]
    return [asset.id for asset in around if asset.organisation_id == place.organisation_id]


@dataclass(slots=True)
class _Facts:
    """All that the needs of the operations are judged by, read at once."""

    now: int
    person_id: int | None
    steps: Mapping[int, Mapping[int, Step]]
    times: Mapping[int, Mapping[int, tuple[float, float, bool]]]
    materials: Mapping[int, Sequence[OperationMaterial]]
    stock: Mapping[str, float]
    levels: Mapping[int, Sequence[int]]
    machines: Mapping[int, Sequence[str]]


def dispatch_list(
    viewer: Viewer,
    work_centre_ids: Sequence[int],
    *,
    person_id: int | None = None,
    rule: DispatchRule | None = None,
    now: int | None = None,
) -> list[DispatchList]:
    """Return the lists of some work centres; a handful of queries however many operations there are.

    Parameters
    ----------
    person_id
        Whose skills count; anybody's if not given.
    rule
        Sort by this rule even where a plan exists; else by the plan, or the rule kept for the work centre.
    now
        us UTC.
    """
    at = now_us() if now is None else now
    everywhere = work_centres(viewer)
    places = {asset.id: asset for asset in everywhere if asset.id in set(work_centre_ids)}
    kept = dict(_chosen(centres=list(places)))
    rows = _operations(places)
    facts = _facts(viewer, rows, places, person_id, at)
    facts.machines = _machine_states(viewer, places, everywhere, at)
    came = {row.pk: row.order.released_at or row.order.created_at for row in rows}
    found = []
    for number in work_centre_ids:
        if number not in places:
            continue
        own = [_row(row, facts) for row in rows if row.work_centre_id == number]
        own = [one for one in own if one.operation.kind == "main" or one.left or one.operation.state == "running"]
        chosen: DispatchRule = rule if rule is not None else _kept(kept.get(number))
        jobs = [_job(one, came) for one in own]
        order = {job.id: i for i, job in enumerate(rules.in_sequence(jobs, chosen, at, plan=rule is None))}
        own.sort(key=lambda one: order[one.operation.id])
        planned = rule is None and rules.is_planned(jobs)
        place = places[number]
        found.append(DispatchList(number, place.name, place.code, chosen, planned, tuple(own)))
    return found


def _kept(word: str | None) -> DispatchRule:
    for known in DISPATCH_RULES:
        if known == word:
            return known
    return "edd"


def _operations(places: Mapping[int, AssetRef]) -> list[Operation]:
    return _open(centres=list(places))


def _facts(
    viewer: Viewer, rows: Sequence[Operation], places: Mapping[int, AssetRef], person_id: int | None, now: int
) -> _Facts:
    steps: dict[int, dict[int, Step]] = {}
    times: dict[int, dict[int, tuple[float, float, bool]]] = {}
    for other in _of_orders(orders=sorted({row.order_id for row in rows})):
        steps.setdefault(other.order_id, {})[other.number] = step_of(other)
        begun = other.started_at is not None
        times.setdefault(other.order_id, {})[other.number] = other.run_time, other.setup_time, begun
    materials: dict[int, list[OperationMaterial]] = {}
    for line in _lines(operations=[row.pk for row in rows]):
        materials.setdefault(line.operation_id, []).append(line)
    organisation = next((place.organisation_id for place in places.values()), 0)
    tracked = {line.component.code for own in materials.values() for line in own if line.component.tracking != "none"}
    return _Facts(
        now,
        person_id,
        steps,
        times,
        materials,
        stock_of(viewer, organisation, tracked) if tracked else {},
        _levels({row.skill_id for row in rows if row.skill_id}, person_id, now),
        {},
    )


def _levels(skills: set[int], person_id: int | None, now: int) -> dict[int, list[int]]:
    """Return the levels at which each skill is held now, by one person or by anybody who works here."""
    held: dict[int, list[int]] = {}
    if not skills:
        return held
    rows = PersonSkill.objects.filter(Q(until=None) | Q(until__gt=now), skill_id__in=skills, person__is_active=True)
    if person_id is not None:
        rows = rows.filter(person_id=person_id)
    for skill, level in rows.values_list("skill_id", "level"):
        held.setdefault(skill, []).append(level)
    return held


def _machine_states(
    viewer: Viewer, places: Mapping[int, AssetRef], everywhere: Sequence[AssetRef], now: int
) -> dict[int, list[str]]:
    """Return the present states of the machines at each work centre, where they say any."""
    machines = [
        (asset.id, [number for number, place in places.items() if f"{asset.path}/".startswith(f"{place.path}/")])
        for asset in everywhere
    ]
    inside = {asset: at for asset, at in machines if at}
    found: dict[int, list[str]] = {}
    for asset, state in frame_queries.states_at(viewer, list(inside), now):
        for number in inside[asset]:
            found.setdefault(number, []).append(state)
    return found


def _row(row: Operation, facts: _Facts) -> DispatchRow:
    steps, times = facts.steps[row.order_id], facts.times[row.order_id]
    left = rules.pieces_left(steps, row.number)
    ref = operation_ref(row, last=main_steps(steps)[-1] == row.number)
    remaining = rules.remaining_time(steps, times, row.number)
    ratio = rules.critical_ratio(rules.Job(row.pk, ref.due, 0, remaining, 0), facts.now)
    return DispatchRow(
        operation=ref,
        left=left,
        work_time=rules.work_time(left, *times[row.number]),
        remaining_time=remaining,
        ratio=ratio,
        late=ref.due is not None and ref.due < facts.now + remaining * 1e6,
        needs=tuple(_needs(row, left, steps[row.number].here, facts)),
    )


def _job(row: DispatchRow, came: Mapping[int, int]) -> rules.Job:
    one = row.operation
    return rules.Job(
        one.id,
        one.due,
        row.work_time,
        row.remaining_time,
        came[one.id],
        one.priority,
        one.position,
        one.planned_start,
    )


def _needs(row: Operation, left: int, here: int, facts: _Facts) -> list[Need]:
    running = row.state in ("running", "setup")
    held = row.state == "held" or row.order.state == "held"
    found = [
        rules.judge_hold(row.hold_reason or row.order.hold_reason, held),
        rules.judge_pieces(here),
        rules.judge_machine(facts.machines.get(row.work_centre_id, ())),
    ]
    for line in facts.materials.get(row.pk, ()):
        code, tracked = line.component.code, line.component.tracking != "none"
        spare = max(
            0.0, line.consumed - line.quantity * (row.good + row.scrap + row.rework)
        )  # put in for later pieces
        wanted = max(0.0, round(line.quantity * left - spare, 6))
        found.append(rules.judge_material(code, tracked, wanted, line.component.unit, facts.stock.get(code)))
    if row.tool:
        found.append(rules.judge_tool(_tool(row.tool), left, running))
    if row.gauge:
        found.append(rules.judge_gauge(_tool(row.gauge), facts.now))
    if row.program:
        found.append(rules.judge_program(row.program.program.code, row.program.version, row.program.state))
    if row.skill:
        levels = facts.levels.get(row.skill.pk, ())
        found.append(rules.judge_skill(row.skill.name, levels, person=facts.person_id is not None))
    return [need for need in found if need is not None]


def _tool(row: Tool) -> rules.ToolFacts:
    return rules.ToolFacts(row.code, row.state, row.life, row.used, row.calibrated_until)
