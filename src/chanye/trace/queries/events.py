"""What happened to items, and where their quantity went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import Q

from chanye.parties.types import Viewer
from chanye.trace import store
from chanye.trace.ledger import load_states
from chanye.trace.models import Event, Material, Part
from chanye.trace.names import refs
from chanye.trace.queries.items import item, place_names, visible_state
from chanye.trace.rules import INPUT, ROLES, SHIPPED, amount
from chanye.trace.types import Balance, EventPart, EventView, ItemRef
from chanye.trace.walk import spans_of

#: Parts of one event that are told; the rest is counted.
MOST_PARTS = 40
MOST_EVENTS = 1000


def events(
    viewer: Viewer,
    *,
    item_id: int | None = None,
    verb: str = "",
    reference: str = "",
    place_id: int | None = None,
    uid: str = "",
    start: int | None = None,
    end: int | None = None,
    after_id: int | None = None,
    limit: int = 200,
) -> list[EventView]:
    """Return events, newest first by their own time.

    Parameters
    ----------
    item_id
        Only those in which this item took part.
    start, end
        Only those that happened in ``[start, end)``. [us UTC]
    after_id
        Only those recorded after this one, oldest recorded first: for whoever follows along.

    Raises
    ------
    DeniedError
        If the viewer may not see the item.
    """
    rows = Event.objects.all()
    if not viewer.system:
        rows = rows.filter(organisation_id=viewer.organisation_id or 0)
    if item_id is not None:
        visible_state(viewer, item_id)
        rows = rows.filter(id__in=store.events_of(spans_of([range(item_id, item_id + 1)]))[-MOST_EVENTS:])
    wanted = Q()
    for name, value in (("verb", verb), ("reference", reference), ("place_id", place_id), ("uid", uid)):
        if value not in ("", None):
            wanted &= Q(**{name: value})
    for name, moment in (("event_at__gte", start), ("event_at__lt", end), ("id__gt", after_id)):
        if moment is not None:
            wanted &= Q(**{name: moment})
    order = ("id",) if after_id is not None else ("-event_at", "-id")
    found = list(rows.filter(wanted).order_by(*order)[: max(1, min(limit, MOST_EVENTS))])
    return _views(viewer, found)


def balance(viewer: Viewer, item_id: int) -> Balance:
    """Return where the quantity of an item went.

    Raises
    ------
    DeniedError
        If there is no such item that the viewer may see.
    """
    here = item(viewer, item_id)
    state = load_states([range(item_id, item_id + 1)])[0]
    gone = state.status == SHIPPED
    return Balance(
        unit=here.unit,
        made=here.made,
        left=amount(0) if gone else here.left,
        shipped=here.left if gone else amount(0),
        consumed=here.consumed,
        scrapped=here.scrapped,
    )


def _views(viewer: Viewer, found: Sequence[Event]) -> list[EventView]:
    parts: dict[int, list[Part]] = {}
    for part in Part.objects.filter(event_id__in=[e.pk for e in found]).order_by("event_id", "role", "first"):
        parts.setdefault(part.event_id, []).append(part)
    told = {e.pk: parts.get(e.pk, [])[:MOST_PARTS] for e in found}
    names = refs({n for some in told.values() for p in some for n in (p.first, p.first + p.count - 1)})
    units = _units(p.first for some in told.values() for p in some)
    places = place_names(viewer, {e.place_id for e in found if e.place_id is not None})
    return [
        EventView(
            id=e.pk,
            uid=e.uid,
            verb=e.verb,
            step=e.step,
            reference=e.reference,
            place_id=e.place_id,
            place=places.get(e.place_id or 0, ""),
            party=e.party,
            event_at=e.event_at,
            recorded_at=e.recorded_at,
            actor=e.actor,
            detail=dict(e.detail),
            contradictions=tuple(e.contradictions),
            parts=tuple(_part(p, names, units) for p in told[e.pk]),
            more_parts=len(parts.get(e.pk, [])) - len(told[e.pk]),
        )
        for e in found
    ]


def _units(numbers: Iterable[int]) -> dict[int, str]:
    """Return the units of items by number."""
    wanted = sorted(set(numbers))
    states = load_states([range(n, n + 1) for n in wanted])
    units = dict(Material.objects.filter(id__in={s.material_id for s in states}).values_list("id", "unit"))
    out, at = {}, 0
    for number in wanted:
        while states[at].end <= number:
            at += 1
        out[number] = units[states[at].material_id]
    return out


def _part(part: Part, names: dict[int, ItemRef], units: dict[int, str]) -> EventPart:
    return EventPart(
        role=ROLES[part.role],
        first=names[part.first],
        last=names[part.first + part.count - 1],
        count=part.count,
        quantity=amount(part.quantity) if part.quantity or part.role == INPUT else None,
        unit=units[part.first],
    )
