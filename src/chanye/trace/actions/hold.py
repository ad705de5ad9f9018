"""Block, release, scrap."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext as _

from chanye.kernel.errors import ConfigError
from chanye.parties.types import Viewer
from chanye.trace import rules
from chanye.trace.ledger import Entry, Ledger, Name, Unit, book, contents, owner_of
from chanye.trace.rules import CONTAINER, CONTENT, OBJECT, SCRAPPED, Place, State
from chanye.trace.types import Amount, Booked, Items


def block(
    *, actor: Viewer, items: Items, reason: str, key: str, reference: str = "", event_at: int | None = None
) -> Booked:
    """Forbid items to be used or shipped, wherever they are; what a container holds is blocked with it.

    Raises
    ------
    ConfigError
        If no reason is given.
    """
    why = rules.clean_text(reason, _("reason"))

    def change(state: State) -> State:
        return replace(state, blocked=why)

    return _mark(actor, "block", items, key, reference, event_at, why, change)


def release(
    *, actor: Viewer, items: Items, reason: str, key: str, reference: str = "", event_at: int | None = None
) -> Booked:
    """Let blocked items be used again; ``reason`` says what was found.

    Raises
    ------
    ConfigError
        If one is not blocked, or no reason is given.
    """
    why = rules.clean_text(reason, _("reason"))

    def change(state: State) -> State:
        if not state.blocked:
            raise ConfigError(_("%(name)s is not blocked: reload and look.") % {"name": Name(state.first)})
        return replace(state, blocked="")

    return _mark(actor, "release", items, key, reference, event_at, why, change)


def scrap(
    *,
    actor: Viewer,
    items: Items,
    key: str,
    quantity: Amount | None = None,
    reason: str = "",
    reference: str = "",
    place_id: int | None = None,
    event_at: int | None = None,
) -> Booked:
    """Take items, or some of a lot, out of the world.

    Parameters
    ----------
    quantity
        Of one lot; None scraps all that is left. [unit of the material]

    Raises
    ------
    ConfigError
        If more is scrapped than is there, an item is not here, or a container still holds something.
    """
    pieces = rules.ranges_of(items)
    if quantity is not None and (len(pieces) > 1 or len(pieces[0]) > 1):
        raise ConfigError(_("A quantity is of one lot: name the lots one by one."))
    content = [items, quantity, reason, reference, place_id, event_at]
    entry = Entry(
        owner_of(actor, pieces),
        "scrap",
        key,
        content,
        event_at=event_at,
        place_id=place_id,
        reference=reference,
        detail={"reason": reason[:200]} if reason else {},
    )

    def fill(ledger: Ledger) -> None:
        ledger.load(pieces)
        for piece in pieces:
            ledger.contradict(piece)
            gone = 0

            def change(state: State) -> State:
                nonlocal gone
                after, lost = _scrapped(state, quantity, ledger.event_at)
                gone += lost * state.count
                return after

            ledger.paint(piece, change)
            ledger.part(OBJECT, Place(piece.start, len(piece), 0, 1), gone)

    return book(actor, entry, fill)


def _scrapped(state: State, quantity: Amount | None, event_at: int) -> tuple[State, int]:
    """Return items after some of each is scrapped, and how much of each."""
    name = Name(state.first)
    rules.check_usable(replace(state, blocked=""), name)
    if state.kind == CONTAINER and contents([state.first]):
        raise ConfigError(_("%(name)s is not empty: unpack it first.") % {"name": name})
    lost = state.left if quantity is None else rules.positive(quantity)
    if lost > state.left:
        words = {"left": rules.amount(state.left), "unit": Unit(state.material_id), "name": name}
        raise ConfigError(_("Only %(left)s %(unit)s of %(name)s are left: scrap less.") % words)
    after = replace(state, left=state.left - lost, scrapped=state.scrapped + lost)
    if not after.left:
        changed = max(state.changed_at, event_at)
        after = replace(after, status=SCRAPPED, container_id=None, changed_at=changed)
    return after, lost


def _mark(
    actor: Viewer,
    verb: str,
    items: Items,
    key: str,
    reference: str,
    event_at: int | None,
    why: str,
    change: rules.Change,
) -> Booked:
    pieces = rules.ranges_of(items)
    content = [items, why, reference, event_at]
    entry = Entry(
        owner_of(actor, pieces),
        verb,
        key,
        content,
        "hold_item",
        event_at,
        reference=reference,
        detail={"reason": why},
    )

    def fill(ledger: Ledger) -> None:
        ledger.load(pieces)
        boxes = {
            n: s.blocked for p in pieces for s in ledger.states(p) if s.kind == CONTAINER for n in p if s.holds(n)
        }
        for piece in pieces:
            ledger.paint(piece, change)
            ledger.part(OBJECT, Place(piece.start, len(piece), 0, 1))
        inside = _inside(boxes, pieces, with_reason=verb == "release")
        ledger.load(inside)
        for piece in inside:
            ledger.paint(piece, change)
            ledger.part(CONTENT, Place(piece.start, len(piece), 0, 1))

    return book(actor, entry, fill)


def _inside(boxes: dict[int, str], named: list[range], *, with_reason: bool) -> list[range]:
    """Return what lies in boxes and is not named itself, each once; ``with_reason``: blocked for the box's reason."""
    found = {
        state.first: range(state.first, state.end)
        for box, reason in boxes.items()
        for state in contents([box])
        if not with_reason or state.blocked == reason
    }
    return rules.without(found.values(), named)
