"""Pack, move, ship: where items are and in what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from chanye.kernel.errors import ConfigError
from chanye.parties.types import Viewer
from chanye.trace import rules
from chanye.trace.ledger import Entry, Ledger, Name, book, contents, owner_of
from chanye.trace.rules import CONTAINER, CONTENT, OBJECT, PARENT, Place, State
from chanye.trace.types import Booked, Items


@dataclass(frozen=True, slots=True)
class Facts:
    """What may be said of any of these events. See ``consume``."""

    key: str
    step: str = ""
    reference: str = ""
    place_id: int | None = None
    event_at: int | None = None


def pack(
    *,
    actor: Viewer,
    container: int,
    items: Items,
    key: str,
    step: str = "",
    reference: str = "",
    event_at: int | None = None,
) -> Booked:
    """Put items into a container; an item is in one container at a time. Part of a lot is split off first.

    Raises
    ------
    ConfigError
        If an item is in another container, not here, or would hold itself.
    """
    return _pack(actor, "pack", container, items, Facts(key, step, reference, None, event_at))


def repack(
    *,
    actor: Viewer,
    container: int,
    items: Items,
    key: str,
    step: str = "",
    reference: str = "",
    event_at: int | None = None,
) -> Booked:
    """Put items into a container, out of whatever container they are in.

    Raises
    ------
    ConfigError
        If an item is not here, or would hold itself.
    """
    return _pack(actor, "repack", container, items, Facts(key, step, reference, None, event_at))


def unpack(
    *,
    actor: Viewer,
    container: int,
    key: str,
    items: Items | None = None,
    step: str = "",
    reference: str = "",
    event_at: int | None = None,
) -> Booked:
    """Take items out of a container; all of them if none is named.

    Raises
    ------
    ConfigError
        If an item is not in it.
    """
    holder = range(container, container + 1)
    facts = Facts(key, step, reference, None, event_at)
    content: list[object] = [container, items]

    def fill(ledger: Ledger) -> None:
        ledger.load([holder])
        _check_container(ledger.states(holder)[0])
        inside = [range(s.first, s.end) for s in contents([container]) if s.container_id == container]
        pieces = inside if items is None else rules.ranges_of(items)
        if not pieces:
            raise ConfigError(_("%(name)s is empty: there is nothing to take out.") % {"name": Name(container)})
        ledger.load(pieces)
        ledger.part(PARENT, Place(container, 1, 0, 1))

        def out(state: State) -> State:
            if state.container_id != container:
                words = {"name": Name(state.first), "container": Name(container)}
                raise ConfigError(_("%(name)s is not in %(container)s: look it up.") % words)
            return replace(state, container_id=None, changed_at=max(state.changed_at, ledger.event_at))

        _apply(ledger, pieces, out)

    return _book(actor, "unpack", [holder], facts, content, fill)


def move(
    *,
    actor: Viewer,
    items: Items,
    place_id: int,
    key: str,
    step: str = "",
    reference: str = "",
    event_at: int | None = None,
) -> Booked:
    """Say where items are now; a container takes along what it holds.

    Raises
    ------
    ConfigError
        If an item is not here.
    """
    facts = Facts(key, step, reference, place_id, event_at)

    def change(state: State) -> State:
        _check_here(state)
        return replace(state, place_id=place_id)

    return _carry(actor, "move", items, facts, [place_id], change)


def ship(
    *,
    actor: Viewer,
    items: Items,
    to: str,
    key: str,
    step: str = "",
    reference: str = "",
    place_id: int | None = None,
    event_at: int | None = None,
) -> Booked:
    """Send items away; a container takes along what it holds. Part of a lot is split off first.

    Parameters
    ----------
    to
        Who gets them; the recall names it.
    reference
        The delivery note.

    Raises
    ------
    ConfigError
        If one is blocked, is not here, or is in a container that stays.
    """
    holder = rules.clean_text(to, _("recipient"))
    facts = Facts(key, step, reference, place_id, event_at)

    def change(state: State) -> State:
        rules.check_usable(state, Name(state.first))
        return replace(state, status=rules.SHIPPED, holder=holder, place_id=None)

    return _carry(actor, "ship", items, facts, [holder], change, party=holder, leaves=True)


def receive(
    *,
    actor: Viewer,
    items: Items,
    place_id: int,
    key: str,
    source: str = "",
    step: str = "",
    reference: str = "",
    event_at: int | None = None,
) -> Booked:
    """Take back items that were shipped; what was never here is commissioned with its ``source`` instead.

    Raises
    ------
    ConfigError
        If an item is here already, or no longer exists.
    """
    facts = Facts(key, step, reference, place_id, event_at)

    def change(state: State) -> State:
        if state.status != rules.SHIPPED:
            words = {"name": Name(state.first)}
            raise ConfigError(_("%(name)s was not shipped, so it cannot come back: check the number.") % words)
        return replace(state, status=rules.ACTIVE, holder="", place_id=place_id)

    return _carry(actor, "receive", items, facts, [source], change, party=source, leaves=True)


def _pack(actor: Viewer, verb: str, container: int, items: Items, facts: Facts) -> Booked:
    holder = range(container, container + 1)
    pieces = rules.ranges_of(items)

    def fill(ledger: Ledger) -> None:
        ledger.load([holder, *pieces])
        into = ledger.states(holder)[0]
        _check_container(into)
        for piece in pieces:
            ledger.contradict(piece)
        _check_outside(ledger, container, pieces)
        ledger.part(PARENT, Place(container, 1, 0, 1))

        def change(state: State) -> State:
            rules.check_usable(replace(state, blocked=""), Name(state.first))
            if verb == "pack" and state.container_id not in (None, container):
                words = {"name": Name(state.first), "container": Name(state.container_id or 0)}
                raise ConfigError(_("%(name)s is in %(container)s: take it out first, or repack it.") % words)
            if not ledger.is_news(state):
                return state
            return replace(
                state, container_id=container, place_id=into.place_id or state.place_id, changed_at=ledger.event_at
            )

        _apply(ledger, pieces, change)

    return _book(actor, verb, [holder], facts, [container, items], fill)


def _check_outside(ledger: Ledger, container: int, pieces: Sequence[range]) -> None:
    """Go on only if no item to be packed is the container itself or one around it."""
    around: int | None = container
    while around is not None:
        if any(around in piece for piece in pieces):
            raise ConfigError(_("%(name)s cannot be packed into itself.") % {"name": Name(around)})
        ledger.load([range(around, around + 1)])
        around = ledger.states(range(around, around + 1))[0].container_id


def _check_container(state: State) -> None:
    name = Name(state.first)
    if state.kind != CONTAINER:
        raise ConfigError(_("%(name)s is not a container: scan the box or pallet first.") % {"name": name})
    rules.check_usable(replace(state, blocked=""), name)


def _check_here(state: State) -> None:
    rules.check_usable(replace(state, blocked=""), Name(state.first))


def _carry(
    actor: Viewer,
    verb: str,
    items: Items,
    facts: Facts,
    content: list[object],
    change: Callable[[State], State],
    party: str = "",
    leaves: bool = False,
) -> Booked:
    """Change where items and all that lies in them are, unless something newer is known."""
    pieces = rules.ranges_of(items)

    def fill(ledger: Ledger) -> None:
        ledger.load(pieces)
        boxes = [n for p in pieces for s in ledger.states(p) if s.kind == CONTAINER for n in p if s.holds(n)]
        inside = rules.without((range(s.first, s.end) for s in contents(boxes)), pieces) if boxes else []
        ledger.load(inside)

        def moved(state: State) -> State:
            after = change(state)
            return replace(after, changed_at=ledger.event_at) if ledger.is_news(state) else state

        def named(state: State) -> State:
            if not leaves or state.container_id is None or state.container_id in boxes:
                return moved(state)
            if verb == "ship":
                words = {"name": Name(state.first), "container": Name(state.container_id)}
                raise ConfigError(_("%(name)s is in %(container)s: take it out, or ship that.") % words)
            return moved(replace(state, container_id=None))

        for piece in [*pieces, *inside]:
            ledger.contradict(piece)
        _apply(ledger, pieces, named)
        _apply(ledger, inside, moved, CONTENT)

    return _book(actor, verb, pieces, facts, [items, *content], fill, party)


def _apply(ledger: Ledger, pieces: Sequence[range], change: Callable[[State], State], role: int = OBJECT) -> None:
    for piece in pieces:
        quantity = 0
        for state in ledger.states(piece):
            quantity += state.left * (min(state.end, piece.stop) - max(state.first, piece.start))
        ledger.paint(piece, change)
        ledger.part(role, Place(piece.start, len(piece), 0, 1), quantity)


def _book(
    actor: Viewer,
    verb: str,
    pieces: Sequence[range],
    facts: Facts,
    content: list[object],
    fill: Callable[[Ledger], None],
    party: str = "",
) -> Booked:
    entry = Entry(
        owner_of(actor, pieces),
        verb,
        facts.key,
        [content, facts.step, facts.reference, facts.place_id, facts.event_at],
        "book_item",
        facts.event_at,
        facts.place_id,
        facts.step,
        facts.reference,
        party,
    )
    return book(actor, entry, fill)
