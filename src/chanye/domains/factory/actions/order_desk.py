"""What the office does with many orders, and taking a release back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from chanye.domains.factory.actions.orders import change_order, create_order, release_order
from chanye.domains.factory.models import Booking, Operation, Order, WorkSpan
from chanye.domains.factory.order_rows import locked_order
from chanye.kernel.errors import ConfigError
from chanye.parties.audit import record
from chanye.parties.types import Viewer
from chanye.spine import queries as spine


@transaction.atomic
def withdraw_order(*, actor: Viewer, order_id: int) -> None:
    """Take the release of an order back, as long as nobody has done anything on it: its operations go away.

    Raises
    ------
    ConfigError
        If work on it was begun, or something else refers to it.
    DeniedError
        If the actor may not release orders.
    """
    row = locked_order(actor, "release_orders", order_id)
    if row.state not in ("released", "held"):
        raise ConfigError(_("The order %(number)s is not released.") % {"number": row.number})
    mine = Operation.objects.filter(order=row)
    begun = (
        Booking.objects.filter(operation__in=mine).exists() or WorkSpan.objects.filter(operation__in=mine).exists()
    )
    used = mine.filter(materials__consumed__gt=0).exists()
    if begun or used:
        raise ConfigError(_("Work on it was begun: hold it, or close it short."))
    try:
        mine.delete()
    except ProtectedError as error:
        raise ConfigError(_("Something refers to its operations already: hold it instead.")) from error
    row.state, row.released_at, row.held_at, row.hold_reason = "created", None, None, ""
    row.save()
    record(
        actor=actor,
        verb="withdraw_order",
        target=f"order:{row.pk}",
        detail={"number": row.number},
        organisation_id=row.organisation_id,
    )


def release_orders(*, actor: Viewer, order_ids: Iterable[int]) -> tuple[list[int], list[tuple[int, str]]]:
    """Release orders one by one; return those released, and those that could not be with the reason.

    Raises
    ------
    DeniedError
        If one of them may not be released by the actor.
    """
    done, failed = [], []
    for number in order_ids:
        try:
            release_order(actor=actor, order_id=number)
        except ConfigError as error:
            failed.append((number, str(error)))
        else:
            done.append(number)
    return done, failed


@transaction.atomic
def import_orders(*, actor: Viewer, site_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Create or change orders from rows of a file, all or none.

    Parameters
    ----------
    site_id
        Where orders are made that name no site.
    rows
        With ``number, product, quantity`` and optional ``revision, routing, due`` [us UTC] ``, priority, customer,
        reference, note, site`` (code).

    Raises
    ------
    ConfigError
        Naming the order and what is wrong with it.
    DeniedError
        If the actor may not plan orders there.
    """
    organisation = spine.asset(actor, site_id).organisation_id
    known = {
        row.number: row
        for row in Order.objects.filter(organisation_id=organisation, number__in=[str(row["number"]) for row in rows])
    }
    for values in rows:
        try:
            _import(actor, organisation, site_id, values, known.get(str(values["number"])))
        except ConfigError as error:
            raise ConfigError(f"{values['number']}: {error}") from error


def _import(actor: Viewer, organisation: int, site_id: int, values: Mapping[str, Any], known: Order | None) -> None:
    if known is not None:
        change_order(
            actor=actor,
            order_id=known.pk,
            quantity=values["quantity"],
            due=values.get("due"),
            priority=values.get("priority"),
            note=values.get("note") or "",
        )
        return
    site = spine.asset_by_code(actor, organisation, values["site"]) if values.get("site") else None
    create_order(
        actor=actor,
        site_id=site.id if site else site_id,
        number=values["number"],
        product=values["product"],
        quantity=values["quantity"],
        revision=values.get("revision") or "",
        routing=values.get("routing") or "",
        due=values.get("due"),
        priority=values.get("priority") or 50,
        customer=values.get("customer") or "",
        reference=values.get("reference") or "",
        note=values.get("note") or "",
    )
