"""Documents of other systems: schedules become orders, material definitions become materials."""

from __future__ import annotations

from django.db import transaction

from chanye.domains.factory.actions.master import save_materials
from chanye.domains.factory.actions.orders import create_order, release_order
from chanye.domains.factory.b2mml.reading import read_materials, read_schedule
from chanye.domains.factory.models import Order
from chanye.kernel.errors import ConfigError
from chanye.kernel.settings import get_settings
from chanye.parties.audit import record
from chanye.parties.types import Viewer
from chanye.spine import queries as spine


@transaction.atomic
def take_schedule(*, actor: Viewer, site_id: int, data: bytes, release: bool = False) -> list[int]:
    """Take the orders of a B2MML operations schedule, all or none; return their ids.

    A document sent again changes nothing: an order is known by its ID. One that says something else of an order
    that is there is refused.

    Parameters
    ----------
    release
        Release the orders that are new.

    Raises
    ------
    ConfigError
        With the path of the element that is wrong.
    DeniedError
        If the actor may not plan orders there.
    """
    site = spine.asset(actor, site_id)
    schedule = read_schedule(data, schemas=get_settings().b2mml_schemas)
    made = []
    for one in schedule.requests:
        try:
            number = create_order(
                actor=actor,
                site_id=site.id,
                number=one.number,
                product=one.product,
                quantity=one.quantity,
                due=one.due,
                priority=one.priority,
                reference=schedule.id,
                note=one.note,
            )
            if release and Order.objects.get(pk=number).state == "created":
                release_order(actor=actor, order_id=number)
        except ConfigError as error:
            raise ConfigError(f"{one.path}: {error}") from error
        made.append(number)
    record(
        actor=actor,
        verb="take_schedule",
        target=f"organisation:{site.organisation_id}",
        detail={"schedule": schedule.id, "orders": [one.number for one in schedule.requests][:200]},
        organisation_id=site.organisation_id,
    )
    return made


def take_materials(*, actor: Viewer, organisation_id: int, data: bytes) -> int:
    """Take the definitions of a B2MML material information, all or none; return how many.

    Raises
    ------
    ConfigError
        With the path of the element that is wrong.
    DeniedError
        If the actor may not edit master data there.
    """
    rows = read_materials(data, schemas=get_settings().b2mml_schemas)
    save_materials(actor=actor, organisation_id=organisation_id, rows=rows)
    return len(rows)
