"""Write down that items were seen, or belong to a business document, without changing them."""

from __future__ import annotations

from typing import Literal

from django.utils.translation import gettext as _

from chanye.kernel.errors import ConfigError
from chanye.parties.types import Viewer
from chanye.trace import rules
from chanye.trace.ledger import Entry, Ledger, book, owner_of
from chanye.trace.rules import OBJECT, PARENT, Place
from chanye.trace.types import Booked, Items


def note(
    *,
    actor: Viewer,
    verb: Literal["observe", "transact", "associate"],
    key: str,
    items: Items = (),
    parent: int | None = None,
    step: str = "",
    reference: str = "",
    party: str = "",
    place_id: int | None = None,
    event_at: int | None = None,
) -> Booked:
    """Keep an event about items that changes nothing of them.

    Parameters
    ----------
    verb
        observe: they were seen. transact: they belong to the document ``reference``. associate: they were fitted to
        ``parent``, e.g. a sensor to a box, which is no packing.

    Raises
    ------
    ConfigError
        If no item is named.
    DeniedError
        If the actor may not, or an item is not the organisation's.
    """
    pieces = rules.ranges_of(items) if items else []
    holder = [range(parent, parent + 1)] if parent is not None else []
    if not pieces and not holder:
        raise ConfigError(_("No item is named: name at least one."))
    content = [verb, items, parent, step, reference, party, place_id, event_at]
    owner = owner_of(actor, [*holder, *pieces])
    entry = Entry(owner, verb, key, content, "book_item", event_at, place_id, step, reference, party)

    def fill(ledger: Ledger) -> None:
        ledger.load([*holder, *pieces])
        for role, some in ((PARENT, holder), (OBJECT, pieces)):
            for piece in some:
                ledger.part(role, Place(piece.start, len(piece), 0, 1))

    return book(actor, entry, fill)
