"""Outputs of an event, made in the ledger."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from chanye.kernel.errors import ConfigError
from chanye.trace import rules
from chanye.trace.ledger import Ledger, Name
from chanye.trace.rules import LOT, ONE, OUTPUT, SERIAL, State
from chanye.trace.types import LotDraft, More, Output, SerialsDraft

#: Serials are counted in pieces.
PIECES = "{part}"


@dataclass(frozen=True, slots=True)
class Made:
    """Items that came out; ``quantity`` of all together in 1e-6 unit."""

    items: range
    quantity: int
    unit: str


def add_output(ledger: Ledger, draft: Output) -> Made:
    """Make what a draft asks for, or grow a lot that is there."""
    if isinstance(draft, More):
        return _grow(ledger, draft)
    if isinstance(draft, LotDraft):
        quantity = rules.positive(draft.quantity)
        code = rules.clean_code(draft.lot, _("lot number"))
        material = ledger.material(draft.material_code, draft.material_name, draft.unit)
        return Made(ledger.make(LOT, material, [code], quantity, draft.attributes), quantity, material.unit)
    codes = rules.serial_codes(draft)
    material = ledger.material(draft.material_code, draft.material_name, PIECES)
    return Made(ledger.make(SERIAL, material, codes, ONE, draft.attributes), ONE * len(codes), material.unit)


def make_output(ledger: Ledger, draft: LotDraft | SerialsDraft, positions: int) -> Made:
    """Make an output and let it take part at all positions of the event."""
    made = add_output(ledger, draft)
    book_outputs(ledger, [made], positions)
    return made


def book_outputs(ledger: Ledger, made: list[Made], positions: int) -> None:
    """Let outputs take part in the event.

    They share what went in by their quantities if all are counted in one unit, else item by item.
    """
    alike = len({one.unit for one in made}) == 1
    for one in made:
        count = len(one.items)
        for place in rules.align([one.items], positions):
            quantity = one.quantity * place.count // count
            ledger.part(OUTPUT, place, quantity, quantity if alike else ONE * place.count)


def _grow(ledger: Ledger, draft: More) -> Made:
    quantity = rules.positive(draft.quantity)
    items = range(draft.item, draft.item + 1)
    ledger.load([items])

    def more(state: State) -> State:
        name = Name(state.first)
        if state.kind != LOT:
            raise ConfigError(_("%(name)s is not a lot: only lots grow.") % {"name": name})
        if state.status != rules.CONSUMED:
            rules.check_usable(state, name)
        return replace(state, made=state.made + quantity, left=state.left + quantity, status=rules.ACTIVE)

    ledger.paint(items, more)
    material_id = ledger.states(items)[0].material_id
    return Made(items, quantity, ledger.unit(material_id))
