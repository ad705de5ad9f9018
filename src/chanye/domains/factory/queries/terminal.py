"""What a terminal shows of a machine, in few reads: it is asked for every two seconds by every tablet of a plant."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from hashlib import blake2b
from typing import NamedTuple, TypeVar

from django.db.models import Count
from django.utils.translation import gettext as _

from chanye.domains.factory.kept import keep
from chanye.domains.factory.models import Booking, Consumption, HandoverNote, InboxEntry, Operation, Reason
from chanye.domains.factory.queries import downtime, link
from chanye.domains.factory.queries.andon import open_calls
from chanye.domains.factory.queries.orders import OPEN_STATES
from chanye.domains.factory.queries.terminal_tasks import lots_for, tasks_at
from chanye.domains.factory.types.terminal import (
    Booked,
    Counted,
    Handover,
    Member,
    Place,
    PutIn,
    ReasonOut,
    Stop,
    Task,
    TerminalState,
)
from chanye.kernel.errors import DeniedError
from chanye.kernel.time import DAY
from chanye.parties import queries as parties
from chanye.parties.prepared import Prepared
from chanye.parties.rules import PERMISSIONS, require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.spine.types import AssetRef
from chanye.trace.queries.items import codes as codes_of

KINDS = ("work_unit", "work_centre")
#: How long what seldom changes is kept: places, people, reasons. [s]
KEEP = 20.0
#: How long what the machine says is kept. [s]
KEEP_LIVE = 8.0
#: How long output can be taken back at the terminal, and for how long a note is shown. [us]
UNDO, NOTED = 30 * 60_000_000, DAY
MOST_STOPS = 5
MOST_PLACES = 2_000
#: How late a terminal may show what was done elsewhere, and when it looks again though nothing was done. [us]
LATE, RENEW = 8_000_000, 300_000_000
#: Deeds that concern nobody but the place of their operation; there they are seen at once.
OWN = frozenset({"book_output", "book_correct"})

#: Organisation and place -> number of the newest deed that counts, the mark of the place, and when both were read.
_stamps: dict[tuple[int | None, int], Stamp] = {}
#: Organisation and place -> number of the newest deed of any kind when its mark was looked at last.
_looked: dict[tuple[int | None, int], int] = {}
#: Organisation -> number of its newest deed, and of the newest that is not in ``OWN``.
_deeds: dict[int | None, tuple[int, int]] = {}
T = TypeVar("T")


def _keep(make: Callable[[], T], *key: object) -> T:
    return keep(make, *key, seconds=KEEP)


class Stamp(NamedTuple):
    """How things stood at a place: what was read then holds as long as its stamp does."""

    deed: int
    mark: tuple[object, ...]
    at: int


def place_stamp(viewer: Viewer, place: AssetRef, now: int) -> Stamp:
    """Return a stamp that changes at once with what is reported or arrives at a place, else within ``LATE``.

    Whatever is done anywhere in the organisation may matter here, so its newest deed is part of the stamp; but most
    of it does not, so it is looked at only every few seconds, and output of other places not at all. Every five
    minutes the stamp changes anyway.
    """
    key = viewer.organisation_id, place.id
    newest, deed = _newest(viewer)
    known = _stamps.get(key)
    if known and known.deed == deed and _looked.get(key) == newest and known.at > now - RENEW:
        return known
    mark = _mark(viewer, place)
    same = known and known.mark == mark and known.at > now - (RENEW if known.deed == deed else LATE)
    if not known or not same:
        if len(_stamps) > MOST_PLACES:
            _stamps.clear()
        known = _stamps[key] = Stamp(deed, mark, now)
    _looked[key] = newest
    return known


def _newest(viewer: Viewer) -> tuple[int, int]:
    """Return the number of the organisation's newest deed, and of the newest that may concern any place."""
    known = _deeds.get(viewer.organisation_id)
    since = [] if known is None or viewer.system else parties.deeds_since(viewer, known[0] - 1)
    if known is None or not since or since[-1][0] != known[0]:  # the first look, or too much was done since the last
        newest = parties.newest_deed(viewer)
        known = newest, newest
    else:
        known = since[0][0], max([known[1], *(number for number, verb in since[:-1] if verb not in OWN)])
    _deeds[viewer.organisation_id] = known
    return known


_sent = Prepared(
    lambda place: InboxEntry.objects.filter(place_id=place).order_by("-id").values_list("id")[:1],
)
_stand = Prepared(
    lambda centre: (
        Operation.objects.filter(work_centre_id=centre, state__in=OPEN_STATES)
        .order_by("id")
        .values_list("id", "state", "arrived", "good", "scrap", "rework", "held_at", "place_id")
    )
)


def _mark(viewer: Viewer, place: AssetRef) -> tuple[object, ...]:
    """Return the newest entry from a place, and how the operations that may be worked there stand."""
    here = [tuple(_stand(centre=one.id)) for one in _chain(viewer, place) if one.kind in KINDS]
    return (_sent.one(place=place.id), *here)


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
    place = place_by_code(viewer, code)
    stops, counted = _said(viewer, place, now, language)
    return replace(_terminal(viewer, place, code, now, language), stops=stops, counted=counted)


def _terminal(viewer: Viewer, asset: AssetRef, code: str, now: int, language: str) -> TerminalState:
    """Return what a terminal shows of a place, without what the machine itself says."""
    above = _chain(viewer, asset)
    site = next((one.name for one in above if one.kind == "site"), "")
    group = above[1].name if len(above) > 1 else ""
    tasks = tasks_at(viewer, asset, [one.id for one in above], now, language)
    return TerminalState(
        place=Place(asset.id, code, asset.name or asset.code, asset.kind, group),
        viewer=_viewer(viewer),
        site=site,
        simulated=asset.simulated,
        places=places(viewer),
        tasks=tasks,
        lots=lots_for(viewer, tasks),
        booked=_booked(viewer, asset, now),
        put=_put(tasks, now),
        calls=tuple(open_calls(viewer, place_ids=[asset.id])),
        handovers=_handovers(asset, now),
        people=_people(viewer),
        reasons=_keep(lambda: _reasons(viewer, now), "reasons", viewer.organisation_id),
    )


def answer(viewer: Viewer, code: str, *, now: int, language: str) -> tuple[str, bytes]:
    """Return the ETag and the JSON of ``terminal``, or of ``choice`` without a code; made once for each change."""
    stands: tuple[object, ...] = viewer.organisation_id, viewer.person_id, code, language
    if not code:
        return _keep(lambda: _sealed(asdict(choice(viewer))), "answer", *stands)
    place = place_by_code(viewer, code)
    stands += place_stamp(viewer, place, now)
    said = _said(viewer, place, now, language)
    rest = _keep(lambda: asdict(_terminal(viewer, place, code, now, language)), "rest", *stands)
    return keep(lambda: _sealed(rest | _plain(said)), "answer", *stands, said, seconds=KEEP)


def _plain(said: tuple[tuple[Stop, ...], tuple[Counted, ...]]) -> dict[str, object]:
    stops, counted = said
    return {"stops": [asdict(one) for one in stops], "counted": [asdict(one) for one in counted]}


def _sealed(state: dict[str, object]) -> tuple[str, bytes]:
    """Return the ETag and the JSON of a state."""
    body = json.dumps(state, ensure_ascii=False, separators=(",", ":")).encode()
    return f'"{blake2b(body, digest_size=9).hexdigest()}"', body


def _viewer(viewer: Viewer) -> Member:
    me = parties.badge_of(viewer)
    return Member(me[0], me[1]) if me else Member("", viewer.name)


def _chain(viewer: Viewer, asset: AssetRef) -> list[AssetRef]:
    return _keep(lambda: _above(viewer, asset), "above", viewer.organisation_id, asset.id)


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
    newest = _stamps.get((viewer.organisation_id, asset.id), (0, ()))[1]  # a reason just given is seen at once
    key = ("said", viewer.organisation_id, asset.id, language, newest)
    return keep(lambda: _live(viewer, asset, now), *key, seconds=KEEP_LIVE)


def _live(viewer: Viewer, asset: AssetRef, now: int) -> tuple[tuple[Stop, ...], tuple[Counted, ...]]:
    if not spine.series_of(viewer, [asset.id], roles=("execution", "part_count")):
        return (), ()
    wanting = downtime.wanting(viewer, [asset.id], now)  # cheap, and mostly nothing
    stops = tuple(
        Stop(stop.start, stop.end, stop.alarm or stop.text, stop.proposal.reason if stop.proposal else "")
        for stop in (downtime.open_stops(viewer, [asset.id], now=now)[:MOST_STOPS] if wanting else ())
    )
    found = link.proposals(viewer, [asset.id], now=now)
    return stops, tuple(Counted(one.operation_id, one.good, one.last) for one in found if one.bookable and one.good)


_recent = Prepared(
    lambda place, since: (
        Booking.objects.filter(place_id=place, event_at__gte=since, kind="output", reversed_by=None)
        .select_related("person")
        .order_by("-event_at", "-id")[:8]
    )
)
_put_in = Prepared(
    lambda operations, since: (
        Consumption.objects.filter(operation_id__in=operations, event_at__gte=since, reverses=None, reversed_by=None)
        .order_by("-event_at", "-id")
        .values_list(
            "id",
            "operation_id",
            "component__code",
            "lot",
            "quantity",
            "event_at",
            "person__username",
        )[:8]
    )
)
_notes = Prepared(
    lambda place, since: (
        HandoverNote.objects.filter(place_id=place, event_at__gte=since)
        .select_related("person")
        .order_by("-event_at")[:3]
    )
)


def _booked(viewer: Viewer, asset: AssetRef, now: int) -> tuple[Booked, ...]:
    rows = _recent(place=asset.id, since=now - UNDO)
    ranges = {row.pk: [range(first, first + n) for first, n in row.items if not row.lot] for row in rows}
    wanted = [one for own in ranges.values() for one in own]
    codes = dict(codes_of(viewer, wanted)) if wanted else {}
    return tuple(
        Booked(
            row.pk,
            row.operation_id,
            row.good,
            row.scrap,
            row.rework,
            row.event_at,
            row.person.username if row.person else "",
            tuple(codes[number] for own in ranges[row.pk] for number in own if number in codes),
        )
        for row in rows
    )


def _put(tasks: tuple[Task, ...], now: int) -> tuple[PutIn, ...]:
    """Return what was put into operations lately, the newest first."""
    begun = [task.id for task in tasks if task.materials and task.started_at is not None]
    return (
        tuple(PutIn(*row[:-1], row[-1] or "") for row in _put_in(operations=begun, since=now - UNDO)) if begun else ()
    )


def _handovers(asset: AssetRef, now: int) -> tuple[Handover, ...]:
    rows = _notes(place=asset.id, since=now - NOTED)
    return tuple(
        Handover(
            row.pk,
            row.note,
            row.shift,
            row.event_at,
            str(row.person or ""),
            row.person.username if row.person else "",
        )
        for row in rows
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
