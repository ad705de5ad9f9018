"""What a disposition books: scrap, rework, return, sorting, release. Inside the transaction of the decision."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from chanye.domains.factory import quality_lots
from chanye.domains.factory.actions import bookings
from chanye.domains.factory.actions.bookings import Report
from chanye.domains.factory.actions.orders import create_order
from chanye.domains.factory.models import Nonconformance, Order
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.types import Viewer
from chanye.trace import actions as trace
from chanye.trace import queries
from chanye.trace.types import ItemView


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided: how many, why (code of a reason), who allowed it or gets it back, in words."""

    note: str = ""
    quantity: float | None = None
    reason: str = ""
    party: str = ""


def book(*, actor: Viewer, row: Nonconformance, disposition: str, decision: Decision) -> dict[str, object]:
    """Book what was decided and return what was booked, for people to read.

    Raises
    ------
    ConfigError
        If something it needs is missing, or the pieces are elsewhere.
    """
    quantity = decision.quantity
    if quantity is not None and not (math.isfinite(quantity) and 0 < quantity < 1e9):
        raise ConfigError(_("The quantity must be more than 0."))
    if disposition == "use_as_is" and not decision.party.strip():
        raise ConfigError(_("Say who allowed it to be used as it is."))
    item = queries.item(quality_lots.by_rule(actor), row.item) if row.item is not None else None
    if item is not None and quantity is not None and quantity > float(item.left):
        words = {"left": f"{item.left:g}", "lot": item.code}
        raise ConfigError(_("Only %(left)s of %(lot)s are left: give a smaller quantity.") % words)
    return _BOOK[disposition](actor, row, item, decision)


def _key(row: Nonconformance, word: str) -> str:
    return f"case:{row.pk}:{word}"


def _release(actor: Viewer, row: Nonconformance, item: ItemView, why: str, word: str = "release") -> None:
    if item.blocked:
        trace.release(
            actor=quality_lots.by_rule(actor),
            items=item.id,
            reason=why[:200],
            key=_key(row, word),
            reference=row.number,
        )


def _use_as_is(actor: Viewer, row: Nonconformance, item: ItemView | None, decision: Decision) -> dict[str, object]:
    if item is None:
        return {"allowed_by": decision.party}
    why = _("%(number)s: use as is, allowed by %(who)s") % {"number": row.number, "who": decision.party.strip()}
    _release(actor, row, item, why)
    return {"allowed_by": decision.party, "released": item.code}


def _scrap(actor: Viewer, row: Nonconformance, item: ItemView | None, decision: Decision) -> dict[str, object]:
    if item is not None:
        quantity = float(item.left) if decision.quantity is None else decision.quantity
        trace.scrap(
            actor=quality_lots.by_rule(actor),
            items=item.id,
            quantity=None if decision.quantity is None else round(quantity, 6),
            reason=row.title[:200],
            key=_key(row, "scrap"),
            reference=row.number,
        )
        return {"scrapped": quantity, "lot": item.code}
    return _report(actor, row, decision, "scrap")


def _report(actor: Viewer, row: Nonconformance, decision: Decision, word: str) -> dict[str, object]:
    """Book pieces of an operation as scrap or rework, at the time they were found: the hold came after them."""
    if row.operation is None or decision.quantity is None:
        return {}
    pieces = _pieces(decision.quantity)
    now = now_us()
    held = row.operation.held_at if row.operation.state == "held" else None
    at = Report(min(now, held - 1) if held else now, now, None, actor.person_id, "office", row.number)
    made = bookings.report_output(
        actor=actor,
        operation_id=row.operation.pk,
        at=at,
        scrap=pieces if word == "scrap" else 0,
        rework=pieces if word == "rework" else 0,
        reason=decision.reason,
    )
    return {"booking": made, word: pieces}


def _pieces(quantity: float) -> int:
    if quantity != int(quantity):
        raise ConfigError(_("Pieces are whole numbers."))
    return int(quantity)


def _rework(actor: Viewer, row: Nonconformance, item: ItemView | None, decision: Decision) -> dict[str, object]:
    if item is None and row.operation is not None and row.operation.on_fail is not None:
        return _report(actor, row, decision, "rework")
    order = _order_of(row)
    if order is None:
        raise ConfigError(_("Only pieces of an order are reworked here: report the case from its operation."))
    if decision.quantity is None:
        raise ConfigError(_("Say how many pieces are reworked."))
    made = create_order(
        actor=quality_lots.by_rule(actor),
        site_id=order.site_id,
        number=f"{row.number}-RW",
        product=order.revision.material.code,
        revision=order.revision.code,
        quantity=_pieces(decision.quantity),
        reference=row.number,
        note=_("Rework of %(order)s: %(title)s") % {"order": order.number, "title": row.title},
    )
    if item is not None:
        trace.rework(
            actor=quality_lots.by_rule(actor),
            item=item.id,
            key=_key(row, "rework"),
            step=_("Rework"),
            reference=f"{row.number}-RW",
        )
    return {"order": made, "number": f"{row.number}-RW", "rework": decision.quantity}


def _return(actor: Viewer, row: Nonconformance, item: ItemView | None, decision: Decision) -> dict[str, object]:
    if item is None:
        raise ConfigError(_("Only a lot that is followed can be sent back: name the lot."))
    to = decision.party.strip() or item.source
    if not to:
        raise ConfigError(_("Say who gets it back."))
    why = _("%(number)s: back to %(to)s") % {"number": row.number, "to": to}
    number, code = item.id, item.code
    if decision.quantity is not None and decision.quantity < float(item.left):
        number = quality_lots.divide(actor, item.id, decision.quantity, why[:200], _key(row, "part"), release=False)
        code = queries.item(quality_lots.by_rule(actor), number).code
    part = queries.item(quality_lots.by_rule(actor), number)
    _release(actor, row, part, why, "return")
    trace.ship(
        actor=quality_lots.by_rule(actor), items=number, to=to[:200], key=_key(row, "ship"), reference=row.number
    )
    return {"returned": float(part.left), "lot": code, "to": to}


def _sort(actor: Viewer, row: Nonconformance, item: ItemView | None, decision: Decision) -> dict[str, object]:
    if item is None or decision.quantity is None:
        raise ConfigError(_("Sorting divides a lot: name the lot, and how much of it is bad."))
    if decision.quantity >= float(item.left):
        raise ConfigError(_("If all of it is bad, nothing is left to sort: choose scrap or return."))
    why = _("%(number)s: sorted out") % {"number": row.number}
    part = quality_lots.divide(actor, item.id, decision.quantity, why, _key(row, "sort"))
    return {"lot": item.code, "bad": decision.quantity, "part": queries.item(quality_lots.by_rule(actor), part).code}


_BOOK: dict[str, Callable[[Viewer, Nonconformance, ItemView | None, Decision], dict[str, object]]] = {
    "use_as_is": _use_as_is,
    "scrap": _scrap,
    "rework": _rework,
    "return": _return,
    "sort": _sort,
}


def _order_of(row: Nonconformance) -> Order | None:
    """Return the order a case is about, by its operation or its inspection."""
    return row.order or (row.inspection.operation.order if row.inspection and row.inspection.operation else None)
