"""Take back that something went in: it was booked by mistake.

The event that said so stays as it was told, but its parts no longer count; an event with the same time and place and
without the mistake stands for it. In EPCIS the first carries an error declaration that names the second (EPCIS 2.0,
section 7.4.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from chanye.kernel.errors import ConfigError
from chanye.parties.types import Viewer
from chanye.trace import rules, store
from chanye.trace.ledger import Entry, Ledger, Name, book, load_states, owner_of
from chanye.trace.models import Event, Part
from chanye.trace.rules import INPUT, OBJECT, OUTPUT, VOID, Place, State
from chanye.trace.types import Booked
from chanye.trace.walk import reach, spans_of

#: Verb of an event that a mistake is left out of -> its verb if nothing else went in.
_BARE = {"consume": "commission", "rework": "observe"}


@transaction.atomic
def take_back(*, actor: Viewer, item: int, was: str, reference: str, key: str) -> list[Booked]:
    """Take back that a lot or piece went into something; it is there again, and what it went into is without it.

    Parameters
    ----------
    item
        What did not go in.
    was
        Key under which that was booked; keys that go on after it with a colon belong to it.
    reference
        Order of those bookings.
    key
        Of this call; the same key books once.

    Returns
    -------
    The events that stand for the wrong ones, in their order.

    Raises
    ------
    ConfigError
        If it was not booked so, or was taken back already; if the item is blocked or was shipped, or something it
        went into was shipped: what left the house stays as it was told.
    DeniedError
        If the actor may not, or the item is not the organisation's.
    """
    owner = owner_of(actor, [range(item, item + 1)])
    rows = Event.objects.filter(organisation_id=owner, reference=reference, key__startswith=was, verb__in=_BARE)
    events = [row for row in rows.order_by("id") if row.key == was or row.key.startswith(f"{was}:")]
    if not events:
        raise ConfigError(_("%(name)s was not booked into this: look it up in trace.") % {"name": Name(item)})
    return [_take_back(actor, row, item, f"{key}:{row.pk}") for row in events]


def _take_back(actor: Viewer, wrong: Event, item: int, key: str) -> Booked:
    told = [part for part in Part.objects.filter(event_id=wrong.pk) if part.role % VOID in (INPUT, OUTPUT)]
    gone = [part for part in told if part.role % VOID == INPUT and part.first == item]
    rest = [part for part in told if part not in gone]
    verb = wrong.verb if any(part.role % VOID == INPUT for part in rest) else _BARE[wrong.verb]
    entry = Entry(
        wrong.organisation_id,
        verb,
        key,
        ["take_back", wrong.pk, item],
        event_at=wrong.event_at,
        place_id=wrong.place_id,
        step=wrong.step,
        reference=wrong.reference,
        detail={"corrects": wrong.uid},
    )

    def fill(ledger: Ledger) -> None:
        if not gone or any(part.role != INPUT or part.count > 1 or part.span > 1 or part.pos for part in gone):
            words = {"name": Name(item)}
            raise ConfigError(_("%(name)s is not in it, or was taken back already: look it up in trace.") % words)
        _check_here([part for part in rest if part.role == OUTPUT])
        here = range(item, item + 1)
        ledger.load([here])
        quantity = sum(part.quantity for part in gone)
        ledger.paint(here, lambda state: _restored(state, quantity))
        for part in rest:
            role = OBJECT if verb == "observe" else part.role
            ledger.part(role, Place(part.first, part.count, part.pos, part.span), part.quantity, part.weight)
        Part.objects.filter(event_id=wrong.pk, role__in=(INPUT, OUTPUT)).update(role=F("role") + VOID)

    made = book(actor, entry, fill)
    if not made.repeated:
        right = Event.objects.get(id=made.event_id)
        wrong.detail = {**wrong.detail, "wrong": {"at": right.recorded_at, "by": right.uid}}
        wrong.save(update_fields=["detail"])
    return made


def _restored(state: State, quantity: int) -> State:
    """Return the state of an item that did not go in after all."""
    back = state if state.status == rules.SHIPPED else replace(state, status=rules.ACTIVE)
    rules.check_usable(back, Name(state.first))  # blocked: what it went into has to stay known until it is released
    return replace(back, left=state.left + quantity)


def _check_here(outputs: Sequence[Part]) -> None:
    """Go on only if nothing that has it in it has left the house."""
    start = spans_of([range(part.first, part.first + part.count) for part in outputs])
    found = reach(store.toucher(), store.of_events, start, forward=True).items
    pieces = [range(a, b) for a, b in zip(found.low.tolist(), found.high.tolist(), strict=True)]
    for state in load_states(pieces):
        if state.status == rules.SHIPPED:
            inside = next(chain.from_iterable(p for p in pieces if p.start < state.end and state.first < p.stop))
            words = {"name": Name(max(inside, state.first)), "holder": state.holder}
            raise ConfigError(
                _(
                    "%(name)s was made with it and shipped to %(holder)s: that stays on record. "
                    "Book its return first, or put the right material in as well and tell quality."
                )
                % words
            )
