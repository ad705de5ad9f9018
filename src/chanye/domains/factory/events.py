"""Events of orders that other systems may be told of."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from chanye.domains.factory.models import Booking, Operation, Order
from chanye.parties import events
from chanye.parties.types import Viewer
from chanye.parties.webhooks.kinds import declare

declare("order.released", _("An order was released"))
declare("order.closed", _("An order was closed"))
declare("operation.finished", _("An operation was finished"))
declare("output.booked", _("Output was booked, or taken back"))


def _order(order: Order) -> dict[str, object]:
    return {
        "number": order.number,
        "product": order.revision.material.code,
        "reference": order.reference,
        "planned": order.quantity,
        "good": order.good,
        "scrap": order.scrap,
        "rework": order.rework,
    }


def tell_order(actor: Viewer, kind: str, order: Order) -> None:
    """Tell of an order that was released or closed."""
    organisation = order.organisation_id
    target = f"order:{order.pk}"
    events.emit(actor=actor, kind=kind, target=target, payload=_order(order), organisation_id=organisation)


def tell_finished(actor: Viewer, order: Order, operation: Operation) -> None:
    """Tell of an operation that was finished; ``finished_at`` in us UTC."""
    payload = _order(order) | {
        "operation": operation.number,
        "operation_good": operation.good,
        "finished_at": operation.finished_at,
    }
    events.emit(
        actor=actor,
        kind="operation.finished",
        target=f"operation:{operation.pk}",
        payload=payload,
        organisation_id=order.organisation_id,
    )


def tell_output(actor: Viewer, order: Order, booking: Booking) -> None:
    """Tell of output that was booked or (negative) taken back; ``event_at`` in us UTC."""
    payload = _order(order) | {
        "operation": booking.operation.number,
        "booked": {"good": booking.good, "scrap": booking.scrap, "rework": booking.rework},
        "lot": booking.lot,
        "event_at": booking.event_at,
        "program_digest": booking.operation.program.digest if booking.operation.program else "",
    }
    events.emit(
        actor=actor,
        kind="output.booked",
        target=f"booking:{booking.pk}",
        payload=payload,
        organisation_id=order.organisation_id,
    )
