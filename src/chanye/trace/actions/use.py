"""Transform: items go into other items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.utils.translation import gettext as _

from chanye.kernel.errors import ConfigError
from chanye.parties.types import Viewer
from chanye.trace import rules
from chanye.trace.drafts import add_output, book_outputs
from chanye.trace.ledger import Entry, Ledger, Name, Unit, book, owner_of
from chanye.trace.rules import INPUT, ONE, OUTPUT, Place, State
from chanye.trace.types import Amount, Booked, LotDraft, Output, SerialsDraft, Use


def consume(
    *,
    actor: Viewer,
    inputs: Sequence[Use],
    outputs: Sequence[Output],
    key: str,
    each: bool = False,
    step: str = "",
    reference: str = "",
    place_id: int | None = None,
    event_at: int | None = None,
) -> Booked:
    """Use inputs up and make outputs of them.

    Parameters
    ----------
    inputs
        Lots with the quantity taken, and serials. All of one organisation.
    outputs
        New lots and serials, or ``More`` of a lot that is there.
    each
        False: every input went into every output. True: this is one like operation per serial made, booked
        together; serial inputs go evenly to them in order (four wheels a car), and a lot gives each its share.
    step
        What was done, e.g. the operation.
    reference
        The work order, as text.

    Raises
    ------
    ConfigError
        If more is used than is there, something is blocked, a number is in use, or ``each`` does not come out even.
    DeniedError
        If the actor may not, or an item or the place is not the organisation's.
    """
    return _transform(actor, "consume", inputs, outputs, key, each, step, reference, place_id, event_at)


def split(
    *,
    actor: Viewer,
    item: int,
    into: Sequence[LotDraft | SerialsDraft],
    key: str,
    step: str = "",
    reference: str = "",
    place_id: int | None = None,
    event_at: int | None = None,
) -> Booked:
    """Divide a lot: sub-lots or single pieces of the same material are taken out of it; the rest stays.

    Raises
    ------
    ConfigError
        If the parts are of another material, or are more than the lot has left.
    """
    total = sum(
        rules.positive(d.quantity) if isinstance(d, LotDraft) else ONE * len(rules.serial_codes(d)) for d in into
    )
    if not into:
        raise ConfigError(_("Name the parts that the lot is divided into."))
    inputs = [Use(item, rules.amount(total))]
    return _transform(actor, "split", inputs, into, key, False, step, reference, place_id, event_at, same=True)


def merge(
    *,
    actor: Viewer,
    inputs: Sequence[Use],
    lot: str,
    key: str,
    step: str = "",
    reference: str = "",
    place_id: int | None = None,
    event_at: int | None = None,
) -> Booked:
    """Put lots of one material together under a new lot number.

    Raises
    ------
    ConfigError
        If they are of different materials.
    """
    rules.clean_code(lot, _("lot number"))
    return _transform(actor, "merge", inputs, lot, key, False, step, reference, place_id, event_at, same=True)


def rework(
    *,
    actor: Viewer,
    item: int,
    key: str,
    added: Sequence[Use] = (),
    removed: Sequence[LotDraft | SerialsDraft] = (),
    step: str = "",
    reference: str = "",
    place_id: int | None = None,
    event_at: int | None = None,
) -> Booked:
    """Work on a piece or lot again: it keeps its number; parts may be put in and taken out.

    Parameters
    ----------
    added
        What goes in: the item is then found from it, forward.
    removed
        What comes out, under numbers of its own; use another number than the part had before it was built in.

    Raises
    ------
    ConfigError
        If the item was scrapped or is used up.
    """
    owner = owner_of(actor, [range(item, item + 1)])
    content = [item, list(added), list(removed), step, reference, place_id, event_at]
    entry = Entry(owner, "rework", key, content, "book_item", event_at, place_id, step, reference)

    def fill(ledger: Ledger) -> None:
        here = range(item, item + 1)
        ledger.load([here])
        state = ledger.states(here)[0]
        if state.status != rules.ACTIVE:
            rules.check_usable(replace(state, blocked=""), Name(item))
        ledger.contradict(here)
        for use in added:
            _take(ledger, use, 1, avoid=here)
        # The item takes up all that is added; what is taken out comes from it without lessening it.
        ledger.part(OUTPUT, Place(item, 1, 0, 1), 0, ONE)
        if removed:
            ledger.part(INPUT, Place(item, 1, 1, 1), 0)
            for draft in removed:
                made = add_output(ledger, draft)
                ledger.part(OUTPUT, Place(made.items.start, len(made.items), 1, 1), made.quantity)

    return book(actor, entry, fill)


def _transform(
    actor: Viewer,
    verb: str,
    inputs: Sequence[Use],
    outputs: Sequence[Output] | str,
    key: str,
    each: bool,
    step: str,
    reference: str,
    place_id: int | None,
    event_at: int | None,
    same: bool = False,
) -> Booked:
    """Book a transformation; ``outputs`` as text is the number of the one lot that gets all that is taken."""
    if not inputs:
        raise ConfigError(_("Nothing goes in: name what was used, or commission what is new."))
    owner = owner_of(actor, rules.ranges_of(inputs[0].items))
    content = [list(inputs), outputs, each, step, reference, place_id, event_at]
    entry = Entry(owner, verb, key, content, "book_item", event_at, place_id, step, reference)

    def fill(ledger: Ledger) -> None:
        positions = _positions(outputs) if each and not isinstance(outputs, str) else 1
        taken = sum(_take(ledger, use, positions) for use in inputs)
        drafts = outputs
        if isinstance(drafts, str):
            material = ledger.material_of(rules.ranges_of(inputs[0].items)[0].start)
            drafts = [LotDraft(material.code, drafts, rules.amount(taken), material.unit)]
        if same:
            _check_same(ledger, inputs, drafts)
        made = [add_output(ledger, draft) for draft in drafts]
        if made:
            book_outputs(ledger, made, positions)

    return book(actor, entry, fill)


def _positions(outputs: Sequence[Output]) -> int:
    """Return how many like operations a booking of each piece consists of."""
    counts = {len(d.serials) or d.count for d in outputs if isinstance(d, SerialsDraft)}
    if len(counts) != 1:
        raise ConfigError(_("Booking each piece needs outputs with serial numbers, the same number of each."))
    found = counts.pop()
    if not 0 < found <= rules.MOST_ITEMS:
        raise ConfigError(_("Make 1 to 100,000 pieces in one call."))
    return found


def _take(ledger: Ledger, use: Use, positions: int, avoid: range = range(0)) -> int:
    """Take one input; return what was taken, in 1e-6 unit."""
    pieces = rules.ranges_of(use.items)
    ledger.load(pieces)
    total = 0
    taken: list[tuple[range, int]] = []
    for piece in pieces:
        ledger.contradict(piece)
        if piece.start in avoid:
            raise ConfigError(_("%(name)s cannot go into itself.") % {"name": Name(piece.start)})
        if use.quantity is not None and (len(pieces) > 1 or len(piece) > 1):
            raise ConfigError(_("A quantity is of one lot: name the lots one by one."))
        amounts = _Taken(ledger, use.quantity)
        ledger.paint(piece, amounts)
        taken += amounts.found
    for place in rules.align(pieces, positions):
        quantity = _of(taken, range(place.first, place.first + place.count))
        ledger.part(INPUT, place, quantity)
        total += quantity
    return total


class _Taken:
    """Takes from each run it is given, and remembers how much."""

    def __init__(self, ledger: Ledger, quantity: Amount | None) -> None:
        self.ledger, self.quantity = ledger, quantity
        self.found: list[tuple[range, int]] = []

    def __call__(self, state: State) -> State:
        got, after = rules.take(state, self.quantity, Name(state.first), Unit(state.material_id))
        self.found.append((range(state.first, state.end), got))
        if after.status != state.status:
            after = replace(after, changed_at=max(state.changed_at, self.ledger.event_at))
        return after


def _of(taken: list[tuple[range, int]], items: range) -> int:
    """Return how much was taken of some of the items; what is taken of a run is the same of each of its items."""
    out = 0
    for run, got in taken:
        both = min(run.stop, items.stop) - max(run.start, items.start)
        out += got * both // len(run) if both > 0 else 0
    return out


def _check_same(ledger: Ledger, inputs: Sequence[Use], outputs: Sequence[Output]) -> None:
    """Go on only if all that goes in and comes out is one material."""
    found = {ledger.material_of(r.start).code for use in inputs for r in rules.ranges_of(use.items)}
    found |= {draft.material_code.strip() for draft in outputs if not hasattr(draft, "item")}
    if len(found) > 1:
        raise ConfigError(
            _("These are different materials (%(codes)s): book this as consumption.")
            % {"codes": ", ".join(sorted(found)[:5])}
        )
