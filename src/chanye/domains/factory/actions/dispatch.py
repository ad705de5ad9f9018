"""The sequence of a work centre: set by hand or by the plan, and the rule that holds until there is one."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.factory.models import DispatchSetting, Operation
from chanye.domains.factory.types.dispatch import DISPATCH_RULES
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine


@transaction.atomic
def sequence_operations(*, actor: Viewer, work_centre_id: int, operation_ids: Sequence[int]) -> None:
    """Give the operations of a work centre their places: as they stand in ``operation_ids``, first first.

    Those not named keep following by the rule. An empty sequence takes all places away: the rule holds again.

    Raises
    ------
    ConfigError
        If one of them is not open at this work centre, or is named twice.
    DeniedError
        If the actor may not plan orders there.
    """
    centre = spine.asset(actor, work_centre_id)
    require(actor, "plan_orders", centre.organisation_id)
    wanted = list(operation_ids)
    rows = {row.pk: row for row in Operation.objects.filter(work_centre_id=centre.id).exclude(state="finished")}
    if len(set(wanted)) != len(wanted) or not set(wanted) <= set(rows):
        raise ConfigError(_("The list has changed meanwhile: look at it again, then sort."))
    for row in rows.values():
        row.position = None
    for i, number in enumerate(wanted):
        rows[number].position = float(i + 1)
    Operation.objects.bulk_update(rows.values(), ["position"], batch_size=500)
    record(
        actor=actor,
        verb="sequence_operations",
        target=f"asset:{centre.id}",
        detail={"operations": wanted},
        organisation_id=centre.organisation_id,
    )


@transaction.atomic
def choose_rule(*, actor: Viewer, work_centre_id: int, rule: str) -> None:
    """Keep the rule by which a work centre's list is sorted until a plan exists.

    Raises
    ------
    ConfigError
        If there is no such rule.
    DeniedError
        If the actor may not plan orders there.
    """
    centre = spine.asset(actor, work_centre_id)
    require(actor, "plan_orders", centre.organisation_id)
    if rule not in DISPATCH_RULES:
        raise ConfigError(_("There is no such rule: choose one of the list."))
    DispatchSetting.objects.update_or_create(
        work_centre_id=centre.id, defaults={"rule": rule, "changed_at": now_us()}
    )
    record(
        actor=actor,
        verb="choose_rule",
        target=f"asset:{centre.id}",
        detail={"rule": rule},
        organisation_id=centre.organisation_id,
    )
