"""How the pieces of an order are followed in trace. For the actions of the room, inside their transaction.

An order whose product or material is tracked has an item *in work*: a lot of as many pieces as are still to leave
the order. Material that is consumed goes into it, and so makes a new one out of it: what leaves the order later
contains that material, what left before does not. Good pieces of the last operation leave it as a lot or as serials,
scrap leaves it for nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from chanye.domains.factory.models import Booking, Material, Operation, Order
from chanye.kernel.errors import ConfigError
from chanye.parties.types import Viewer
from chanye.trace import queries as trace
from chanye.trace.actions import commission_lot, consume, rework
from chanye.trace.actions import take_back as trace_take_back
from chanye.trace.types import Booked, ItemView, LotDraft, More, Output, SerialsDraft, Use


@dataclass(frozen=True, slots=True)
class Moment:
    """When [us UTC] and where something happened, under which key it is booked in trace."""

    key: str
    time: int
    place_id: int | None


def is_tracked(order: Order) -> bool:
    """Tell whether the pieces of an order are followed."""
    return order.revision.material.tracking != "none" or order.wip_item is not None


def find_item(actor: Viewer, organisation_id: int, material: Material, identifier: str) -> ItemView:
    """Return the lot or piece of a material that an identifier names.

    Raises
    ------
    ConfigError
        If there is none, or it is of another material.
    """
    found = [
        item
        for item in trace.find(actor, identifier)
        if item.organisation_id == organisation_id and item.kind != "container"
    ]
    mine = [item for item in found if item.material_code == material.code]
    if mine:
        return mine[0]
    if found:
        raise ConfigError(
            _("%(lot)s is %(found)s, not %(wanted)s: take the right material.")
            % {"lot": identifier, "found": found[0].material_code, "wanted": material.code}
        )
    raise ConfigError(
        _("There is no lot %(lot)s of %(material)s: receive it first, or scan it again.")
        % {"lot": identifier, "material": material.code}
    )


def take_up(actor: Viewer, operation: Operation, item: ItemView, quantity: float, at: Moment) -> None:
    """Let material go into what is in work on an order; from now on the pieces that leave it contain it.

    A report that comes late counts at the time it happened: pieces that left since then contain the material too,
    each its share.
    """
    order = operation.order
    amount = Decimal(repr(quantity))
    later = _left_since(order, at.time)
    left = int(trace.item(actor, order.wip_item).left) if order.wip_item is not None else _to_come(order)
    if not left and not later:  # booked after the last piece: which of them took it is not known, so all may hold it
        later = _left_since(order, -1)
    whole = sum(pieces for _item, pieces in later) + left
    for number, pieces in later:
        share = round(amount * pieces / whole, 6)
        if share:
            key = f"{at.key}:{number}"
            rework(
                actor=actor,
                item=number,
                key=key,
                added=[Use(item.id, share)],
                step=operation.name,
                reference=order.number,
                place_id=at.place_id,
                event_at=at.time,
            )
            amount -= share
            whole -= pieces
    if left and amount:
        inputs = [Use(item.id, amount)]
        if order.wip_item is not None:
            inputs.append(Use(order.wip_item))
        _renew(actor, order, inputs, left, at, operation.name)


def give_back(actor: Viewer, order: Order, item: int, taken: int, back: int) -> None:
    """Let material that was booked by mistake be in its lot again; no piece of the order holds it any more.

    That goes for pieces in work and for those that left and are still here. ``taken`` and ``back`` are the numbers of
    the rows that booked it and take it back.

    Raises
    ------
    ConfigError
        If a piece that holds it was shipped, or the lot is blocked or was shipped.
    """
    trace_take_back(
        actor=actor, item=item, was=f"consumption:{taken}", reference=order.number, key=f"consumption:{back}"
    )


def _to_come(order: Order) -> int:
    """Return how many pieces are still to leave an order, good or not."""
    return max(order.quantity - order.good - order.scrap, 0)


def _left_since(order: Order, at: int) -> list[tuple[int, int]]:
    """Return the items that left an order after a moment, each with its pieces."""
    rows = Booking.objects.filter(operation__order=order, kind="output", event_at__gt=at, reversed_by=None)
    found: dict[int, int] = {}
    for good, items in rows.values_list("good", "items"):
        for start, count in items:
            for number in range(start, start + count):
                found[number] = found.get(number, 0) + good // count
    return sorted(found.items())


def _renew(actor: Viewer, order: Order, inputs: Sequence[Use], pieces: int, at: Moment, step: str = "") -> None:
    """Make a new item in work out of some inputs; without any, out of nothing that is known."""
    order.wip_count += 1
    name = _("%(product)s, in work") % {"product": order.revision.material.name}
    code, lot = f"{order.revision.material.code}*", f"{order.number}/{order.wip_count}"
    if inputs:
        draft = LotDraft(code, lot, pieces, material_name=name, attributes={"order": order.number})
        made = consume(
            actor=actor,
            inputs=inputs,
            outputs=[draft],
            key=at.key,
            step=step,
            reference=order.number,
            place_id=at.place_id,
            event_at=at.time,
        )
    else:
        made = commission_lot(
            actor=actor,
            organisation_id=order.organisation_id,
            material_code=code,
            material_name=name,
            lot=lot,
            quantity=pieces,
            key=at.key,
            reference=order.number,
            event_at=at.time,
            attributes={"order": order.number},
        )
    order.wip_item = made.item
    order.save(update_fields=["wip_item", "wip_count"])


def leave(
    actor: Viewer, order: Order, operation: Operation, booking: Booking, serials: Sequence[str], last: bool
) -> None:
    """Let the pieces of an output booking leave what is in work: good ones as lot or serials, scrap for nowhere.

    Raises
    ------
    ConfigError
        If the product needs a serial number for each good piece, or a lot belongs to another order.
    """
    material = order.revision.material
    out = booking.good if last else 0
    if serials and (material.tracking != "serial" or len(serials) != out):
        raise ConfigError(
            _("%(count)s serial numbers for %(good)s good pieces: give one for each.")
            % {"count": len(serials), "good": out}
        )
    if not (out or booking.scrap) or not is_tracked(order):
        return
    _fill_up(actor, order, out + booking.scrap, Moment(f"more:{booking.pk}", booking.event_at, booking.place_id))
    if booking.scrap:
        _send(actor, order, operation, booking, booking.scrap, [], "scrap")
    if out and material.tracking != "none":
        draft = _draft(actor, order, booking, operation, serials, out)
        made = _send(actor, order, operation, booking, out, [draft], "output")
        booking.items = [[draft.item, 1]] if isinstance(draft, More) else [[r.start, len(r)] for r in made.items]
        booking.save(update_fields=["items"])
    elif out:
        _send(actor, order, operation, booking, out, [], "output")


def _fill_up(actor: Viewer, order: Order, pieces: int, at: Moment) -> None:
    """Make sure that enough pieces are in work: nothing was consumed yet, or the order was raised since."""
    left = int(trace.item(actor, order.wip_item).left) if order.wip_item is not None else 0
    if left < pieces:
        inputs = [Use(order.wip_item)] if order.wip_item is not None and left else []
        _renew(actor, order, inputs, _to_come(order) + pieces, at)


def _send(
    actor: Viewer,
    order: Order,
    operation: Operation,
    booking: Booking,
    pieces: int,
    outputs: Sequence[Output],
    word: str,
) -> Booked:
    return consume(
        actor=actor,
        inputs=[Use(order.wip_item or 0, pieces)],
        outputs=outputs,
        key=f"{word}:{booking.pk}",
        step=operation.name,
        reference=order.number,
        place_id=booking.place_id,
        event_at=booking.event_at,
    )


def _draft(
    actor: Viewer, order: Order, booking: Booking, operation: Operation, serials: Sequence[str], good: int
) -> Output:
    material = order.revision.material
    attributes: dict[str, object] = {"order": order.number, "operation": operation.number}
    if operation.program is not None:
        attributes["program"] = operation.program.digest
    if material.tracking == "serial":
        if len(serials) != good:
            raise ConfigError(
                _("%(product)s is followed piece by piece: give %(good)s serial numbers.")
                % {"product": material.code, "good": good}
            )
        return SerialsDraft(material.code, tuple(serials), material_name=material.name, attributes=attributes)
    code = booking.lot or order.number
    for item in trace.find(actor, code):
        if item.organisation_id == order.organisation_id and item.material_code == material.code:
            if item.attributes.get("order") != order.number:
                raise ConfigError(
                    _("The lot %(lot)s belongs to another order: give it a number of its own.") % {"lot": code}
                )
            return More(item.id, good)
    return LotDraft(material.code, code, good, material_name=material.name, attributes=attributes)


def take_back(actor: Viewer, order: Order, first: Booking, booking: Booking) -> None:
    """Put what a booking made back into work: a new item in work takes it up, so that nothing is lost or doubled.

    Scrap that had left for nowhere comes back as pieces in work. A serial number that was given stays used.

    Raises
    ------
    ConfigError
        If the pieces have gone further: packed, shipped, used.
    """
    if not is_tracked(order):
        return
    inputs = []
    for start, count in first.items:
        inputs.append(Use(start, first.good) if count == 1 and first.good > 1 else Use(range(start, start + count)))
    left = int(trace.item(actor, order.wip_item).left) if order.wip_item is not None else 0
    if order.wip_item is not None and left:
        inputs.append(Use(order.wip_item))
    back = left + (first.good if first.items else 0) + first.scrap
    if back:
        _renew(actor, order, inputs, back, Moment(f"back:{booking.pk}", booking.event_at, booking.place_id))
