"""Events for others to read, as EPCIS tells them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.models import Q

from chanye.parties import queries as parties
from chanye.parties.types import Viewer
from chanye.trace.epcis.words import FORMS
from chanye.trace.epcis.write import Happened, Told
from chanye.trace.ledger import load_states
from chanye.trace.models import Event, Item, Material, Part
from chanye.trace.rules import INPUT, KINDS, LOT, OUTPUT, ROLES, VOID, State

#: Events of one page, and items told on it.
MOST_EVENTS = 1_000
MOST_TOLD = 200_000


def happened(
    viewer: Viewer,
    *,
    after_id: int = 0,
    uid: str = "",
    step: str = "",
    event_ids: Sequence[int] | None = None,
    start: int | None = None,
    end: int | None = None,
    limit: int = 100,
) -> tuple[list[Happened], int | None]:
    """Return events in the order they were recorded, and where the next page begins (None at the end).

    Parameters
    ----------
    step
        A word of CBV.
    start, end
        When they happened, ``[start, end)``. [us UTC]
    """
    wanted = Q(organisation_id=viewer.organisation_id or 0, id__gt=after_id)
    if uid:
        wanted &= Q(uid=uid.partition("#")[0])
    if step:
        verbs = [verb for verb, form in FORMS.items() if form.step == step]
        wanted &= Q(detail__bizStep=step) | Q(verb__in=verbs, detail__bizStep=None)
    if event_ids is not None:
        wanted &= Q(id__in=list(event_ids))
    if start is not None:
        wanted &= Q(event_at__gte=start)
    if end is not None:
        wanted &= Q(event_at__lt=end)
    size = max(1, min(limit, MOST_EVENTS))
    rows = list(Event.objects.filter(wanted).order_by("id")[: size + 1])
    out: list[Happened] = []
    told, last = 0, None
    for row in rows[:size]:
        parts = list(Part.objects.filter(event_id=row.pk).order_by("id"))
        told += sum(part.count for part in parts)
        if out and told > MOST_TOLD:
            return out, last
        out += _of(row, parts)
        last = row.pk
    return out, last if len(rows) > size else None


def organisation_code(viewer: Viewer) -> str:
    """Return the code of the organisation looked at, as identifiers carry it."""
    found = parties.organisation(viewer)
    return found.code if found else ""


def _of(row: Event, parts: Sequence[Part]) -> Iterator[Happened]:
    """Yield an event as EPCIS tells it: like operations booked together are one event each."""
    names = _names(parts)
    positions = max((part.pos + part.span for part in parts), default=1) if row.verb == "consume" else 1
    for position in range(positions):
        items = tuple(told for part in parts for told in _at(part, position, positions, names))
        yield Happened(
            uid=row.uid if positions == 1 else f"{row.uid}#{position}",
            verb=row.verb,
            step=row.step,
            reference=row.reference,
            party=row.party,
            place_id=row.place_id,
            event_at=row.event_at,
            recorded_at=row.recorded_at,
            detail=row.detail,
            items=items,
        )


def _at(part: Part, position: int, positions: int, names: dict[int, tuple[State, str, str, str]]) -> Iterator[Told]:
    """Yield the items of a part at one position of an event, or all of them if it has one."""
    first, last, quantity = 0, part.count, part.quantity
    if positions > 1:
        step = position - part.pos
        if not 0 <= step < part.span:
            return
        first, last = step * part.count // part.span, -(-(step + 1) * part.count // part.span)
        quantity = part.quantity // max(part.span, 1)
    for item in range(part.first + first, part.first + last):
        state, material, unit, code = names[item]
        amount = quantity if state.kind == LOT and (part.role % VOID in (INPUT, OUTPUT) or quantity) else None
        yield Told(ROLES[part.role].removeprefix("void_"), KINDS[state.kind], material, code, unit, amount)


def _names(parts: Sequence[Part]) -> dict[int, tuple[State, str, str, str]]:
    """Return state, material, unit and code of each item of some parts."""
    out: dict[int, tuple[State, str, str, str]] = {}
    materials: dict[int, Material] = {}
    for part in parts:
        window = range(part.first, part.first + part.count)
        codes = dict(Item.objects.filter(id__gte=window.start, id__lt=window.stop).values_list("id", "code"))
        for state in load_states([window]):
            if state.material_id not in materials:
                materials[state.material_id] = Material.objects.get(id=state.material_id)
            material = materials[state.material_id]
            for item in range(max(state.first, window.start), min(state.end, window.stop)):
                out[item] = (state, material.code, material.unit, codes[item])
    return out
