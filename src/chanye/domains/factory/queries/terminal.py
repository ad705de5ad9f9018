"""What a terminal shows of a machine, in few reads: it is asked for every two seconds by every tablet of a plant."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from hashlib import blake2b
from typing import TypeVar

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from chanye.domains.factory.models import Booking, HandoverNote, Instruction, Operation, Reason
from chanye.domains.factory.queries import downtime, link
from chanye.domains.factory.queries.andon import open_calls
from chanye.domains.factory.queries.dispatch import dispatch_list
from chanye.domains.factory.queries.orders import OPEN_STATES
from chanye.domains.factory.types.dispatch import DispatchRow
from chanye.domains.factory.types.terminal import (
    Booked,
    Counted,
    Handover,
    Member,
    Page,
    Place,
    ReasonOut,
    Stop,
    Task,
    TerminalState,
)
from chanye.kernel.errors import DeniedError
from chanye.kernel.time import DAY
from chanye.parties import queries as parties
from chanye.parties.rules import PERMISSIONS, require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.spine.types import AssetRef

KINDS = ("work_unit", "work_centre")
#: How long what seldom changes is kept: places, people, reasons. [s]
KEEP = 20.0
#: How long what the machine says is kept. [s]
KEEP_LIVE = 4.0
#: How long output can be taken back at the terminal, and for how long a note is shown. [us]
UNDO, NOTED = 30 * 60_000_000, DAY
MOST_TASKS = 30
MOST_STOPS = 5
_FIRST = {"running": 0, "setup": 1, "paused": 2}
#: What the list says in words; whether pieces are here and whether it is held shows anyway.
_TOLD = frozenset({"machine", "material", "tool", "gauge", "program", "skill"})

_kept: dict[tuple[object, ...], tuple[float, object]] = {}
T = TypeVar("T")


def _keep(make: Callable[[], T], *key: object, seconds: float = KEEP) -> T:
    found = _kept.get(key)
    if found is None or found[0] < time.monotonic():
        if len(_kept) > 2_000:
            _kept.clear()
        found = _kept[key] = (time.monotonic() + seconds, make())
    return found[1]  # type: ignore[return-value]  # what make() returned under this key


def forget(viewer: Viewer) -> None:
    """Drop what is kept between requests, for all organisations."""
    _kept.clear()


def terminal_tag(viewer: Viewer, now: int) -> str:
    """Return a word that changes with everything done in the organisation, and every five minutes."""
    return f"{parties.newest_deed(viewer)}-{now // 300_000_000}"


def places(viewer: Viewer) -> tuple[Place, ...]:
    """Return the machines and work centres of the viewer's organisation, by the line or site above and by name."""
    require(viewer, "read_site", viewer.organisation_id)
    return _keep(lambda: _places(viewer), "places", viewer.organisation_id)


def _places(viewer: Viewer) -> tuple[Place, ...]:
    every = {asset.id: asset for asset in spine.assets(viewer)}
    codes = [asset.code for asset in every.values()]
    found = [
        Place(
            asset.id,
            asset.code if codes.count(asset.code) == 1 and "/" not in asset.code else asset.path,
            asset.name or asset.code,
            asset.kind,
            every[asset.parent_id].name if asset.parent_id in every else "",
        )
        for asset in every.values()
        if asset.kind in KINDS
    ]
    return tuple(sorted(found, key=lambda one: (one.group, one.name)))


def place_by_code(viewer: Viewer, code: str) -> AssetRef:
    """Return the machine or work centre with a code, path or number.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    require(viewer, "read_site", viewer.organisation_id)
    organisation_id = viewer.organisation_id or 0
    found = _keep(lambda: spine.asset_by_code(viewer, organisation_id, code), "place", organisation_id, code)
    if found is None or found.kind not in KINDS:
        raise DeniedError(
            _("There is no machine or work centre %(code)s: scan its label, or choose it from the list.")
            % {"code": code}
        )
    return found


def choice(viewer: Viewer) -> TerminalState:
    """Return what a terminal shows before a machine is chosen."""
    return TerminalState(place=None, viewer=_viewer(viewer), places=places(viewer), people=_people(viewer))


def terminal(viewer: Viewer, code: str, *, now: int, language: str = "") -> TerminalState:
    """Return all that a terminal shows of a machine or work centre.

    Parameters
    ----------
    code
        Code or path of the machine or work centre.
    now
        us UTC.

    Raises
    ------
    DeniedError
        If there is no such place for the viewer.
    """
    asset = place_by_code(viewer, code)
    above = _keep(lambda: _above(viewer, asset), "above", viewer.organisation_id, asset.id)
    stops, counted = _said(viewer, asset, now, language)
    site = next((one.name for one in above if one.kind == "site"), "")
    group = above[1].name if len(above) > 1 else ""
    return TerminalState(
        place=Place(asset.id, code, asset.name or asset.code, asset.kind, group),
        viewer=_viewer(viewer),
        site=site,
        simulated=asset.simulated,
        places=places(viewer),
        tasks=_tasks(viewer, asset, [one.id for one in above], now),
        booked=_booked(asset, now),
        stops=stops,
        counted=counted,
        calls=tuple(open_calls(viewer, place_ids=[asset.id])),
        handovers=_handovers(asset, now),
        people=_people(viewer),
        reasons=_keep(lambda: _reasons(viewer, now), "reasons", viewer.organisation_id),
    )


def answer(viewer: Viewer, code: str, *, now: int, language: str) -> tuple[str, bytes]:
    """Return the ETag and the JSON of ``terminal``, or of ``choice`` without a code; made once for each change."""
    stands: tuple[object, ...] = (viewer.organisation_id, viewer.person_id, code, language, terminal_tag(viewer, now))
    if code:
        stands += _said(viewer, place_by_code(viewer, code), now, language)

    def make() -> tuple[str, bytes]:
        state = terminal(viewer, code, now=now, language=language) if code else choice(viewer)
        body = json.dumps(asdict(state), ensure_ascii=False, separators=(",", ":")).encode()
        return f'"{blake2b(body, digest_size=9).hexdigest()}"', body

    return _keep(make, "answer", *stands)


def _viewer(viewer: Viewer) -> Member:
    me = parties.badge_of(viewer)
    return Member(me[0], me[1]) if me else Member("", viewer.name)


def _above(viewer: Viewer, asset: AssetRef) -> list[AssetRef]:
    """Return an asset and what it is part of, nearest first."""
    chain = [asset]
    while chain[-1].parent_id is not None:
        chain.append(spine.asset(viewer, chain[-1].parent_id))
    return chain


def _people(viewer: Viewer) -> tuple[Member, ...]:
    return _keep(lambda: _members(viewer), "people", viewer.organisation_id)


def _members(viewer: Viewer) -> tuple[Member, ...]:
    reporters = PERMISSIONS["report_output"]
    found = parties.members(viewer, viewer.organisation_id or 0)
    return tuple(Member(one.username, one.name) for one in found if one.active and reporters.intersection(one.roles))


def _said(viewer: Viewer, asset: AssetRef, now: int, language: str) -> tuple[tuple[Stop, ...], tuple[Counted, ...]]:
    """Return what the machine itself says: stops that want a reason, pieces counted and not booked."""
    key = ("said", viewer.organisation_id, asset.id, language)
    return _keep(lambda: _live(viewer, asset, now), *key, seconds=KEEP_LIVE)


def _live(viewer: Viewer, asset: AssetRef, now: int) -> tuple[tuple[Stop, ...], tuple[Counted, ...]]:
    if not spine.series_of(viewer, [asset.id], roles=("execution", "part_count")):
        return (), ()
    stops = tuple(
        Stop(stop.start, stop.end, stop.alarm or stop.text, stop.proposal.reason if stop.proposal else "")
        for stop in downtime.open_stops(viewer, [asset.id], now=now)[:MOST_STOPS]
    )
    found = link.proposals(viewer, [asset.id], now=now)
    return stops, tuple(Counted(one.operation_id, one.good, one.last) for one in found if one.bookable and one.good)


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


def _tasks(viewer: Viewer, asset: AssetRef, centres: Sequence[int], now: int) -> tuple[Task, ...]:
    """Return what can be worked on at a place: what runs first, then as dispatched, what misses something last."""
    instead, planned = _keep(lambda: _lent(viewer), "lent", viewer.organisation_id)
    borrowed = set().union(*(instead.get(centre, set()) for centre in centres))
    elsewhere = {planned[number] for number in borrowed} - set(centres)
    rows = [
        row
        for part in dispatch_list(viewer, [*centres, *sorted(elsewhere)], now=now)
        for row in part.rows
        if part.work_centre_id in centres or row.operation.id in borrowed
    ]
    rows = sorted(rows, key=lambda row: _turn(row, asset))[:MOST_TASKS]
    more = {one.pk: one for one in _with_revision([row.operation.id for row in rows])}
    pages = _instructions(list(more.values()))
    return tuple(_task(row, more[row.operation.id], asset, pages) for row in rows if row.operation.id in more)


def _with_revision(numbers: Sequence[int]) -> QuerySet[Operation]:
    return Operation.objects.filter(id__in=numbers).select_related("order", "place")


def _turn(row: DispatchRow, asset: AssetRef) -> tuple[int, int]:
    """Return where an operation stands in the list; within the same, the order of the dispatch list holds."""
    one = row.operation
    begun = one.state in ("running", "setup", "paused")
    if begun and one.place_id in (None, asset.id):
        return (0, _FIRST[one.state])
    return (1, 0) if row.can_run and not begun and one.here > 0 else (2, 0)


def _task(row: DispatchRow, more: Operation, asset: AssetRef, pages: Mapping[tuple[int, int], Instruction]) -> Task:
    one = row.operation
    instruction = pages.get((more.order.revision_id, one.number))
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
        instruction=_pages(instruction),
        instruction_title=instruction.title if instruction else "",
        instruction_version=instruction.version if instruction else 0,
    )


def _instructions(rows: Iterable[Operation]) -> dict[tuple[int, int], Instruction]:
    """Return the released instruction of each revision and step, the newest version."""
    wanted = {(row.order.revision_id, row.number) for row in rows}
    if not wanted:
        return {}
    found = Instruction.objects.filter(revision_id__in={one for one, _step in wanted}, state="released")
    return {
        (row.revision_id, row.step): row for row in found.order_by("version") if (row.revision_id, row.step) in wanted
    }


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


def _booked(asset: AssetRef, now: int) -> tuple[Booked, ...]:
    rows = (
        Booking.objects.filter(place_id=asset.id, event_at__gte=now - UNDO, kind="output", reversed_by=None)
        .select_related("person")
        .order_by("-event_at", "-id")[:8]
    )
    return tuple(
        Booked(
            row.pk,
            row.operation_id,
            row.good,
            row.scrap,
            row.rework,
            row.event_at,
            row.person.username if row.person else "",
        )
        for row in rows
    )


def _handovers(asset: AssetRef, now: int) -> tuple[Handover, ...]:
    rows = HandoverNote.objects.filter(place_id=asset.id, event_at__gte=now - NOTED).select_related("person")
    return tuple(
        Handover(
            row.pk,
            row.note,
            row.shift,
            row.event_at,
            str(row.person or ""),
            row.person.username if row.person else "",
        )
        for row in rows.order_by("-event_at")[:3]
    )


def _reasons(viewer: Viewer, now: int) -> dict[str, list[ReasonOut]]:
    """Return the active reasons of all trees, in each the most used first."""
    rows = Reason.objects.filter(organisation_id=viewer.organisation_id or 0, active=True).select_related("parent")
    booked = Booking.objects.filter(reason__organisation_id=viewer.organisation_id or 0, event_at__gte=now - 30 * DAY)
    used = dict(booked.values_list("reason_id").annotate(n=Count("id")))
    trees: dict[str, list[ReasonOut]] = {}
    for row in rows:
        above = row.parent.code if row.parent else ""
        out = ReasonOut(row.code, row.name, row.name_en or row.name, above, used.get(row.pk, 0))
        trees.setdefault(row.tree, []).append(out)
    return {tree: _by_use(found) for tree, found in trees.items()}


def _by_use(reasons: list[ReasonOut]) -> list[ReasonOut]:
    """Sort by use; a group is used as often as all in it."""
    below: dict[str, int] = {}
    for one in reasons:
        below[one.parent] = below.get(one.parent, 0) + one.used
    whole = [replace(one, used=one.used + below.get(one.code, 0)) for one in reasons]
    return sorted(whole, key=lambda one: -one.used)
