"""Rates that costs are reckoned with."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.factory.models import Rate
from chanye.domains.factory.types.measures import RATE_KINDS
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine

MOST = 10**11


@transaction.atomic
def set_rate(
    *,
    actor: Viewer,
    organisation_id: int,
    kind: str,
    amount: int,
    valid_from: int,
    source: str,
    asset_id: int | None = None,
) -> int:
    """Say what something costs from a day on; earlier days keep the rate they had. Return the row.

    Parameters
    ----------
    kind
        ``labour`` or ``machine`` [fen per hour], ``scrap`` [fen per piece, negative if it is sold].
    asset_id
        Where it holds; None: everywhere.
    valid_from
        us UTC.
    source
        Where the number comes from, e.g. a wage agreement or an asset account.

    Raises
    ------
    ConfigError
        If something is missing or cannot be.
    DeniedError
        If the actor may not.
    """
    require(actor, "edit_rates", organisation_id)
    if kind not in RATE_KINDS:
        raise ConfigError(_("A rate is of labour, machine or scrap."))
    if abs(amount) > MOST or (amount < 0 and kind != "scrap"):
        raise ConfigError(_("The rate must not be negative."))
    if not source.strip():
        raise ConfigError(_("Say where the rate comes from."))
    if asset_id is not None and spine.asset(actor, asset_id).organisation_id != organisation_id:
        raise DeniedError(_("There is no such place in this organisation."))
    row = Rate.objects.create(
        organisation_id=organisation_id,
        kind=kind,
        asset_id=asset_id,
        amount=amount,
        valid_from=valid_from,
        source=source.strip()[:200],
    )
    record(
        actor=actor,
        verb="set_rate",
        target=f"rate:{row.pk}",
        detail={"kind": kind, "amount": amount, "asset": asset_id, "source": row.source},
        organisation_id=organisation_id,
    )
    return int(row.pk)


@transaction.atomic
def delete_rate(*, actor: Viewer, rate_id: int) -> None:
    """Delete a rate; the one before it holds again. The audit row keeps it."""
    row = Rate.objects.filter(id=rate_id).first()
    if row is None or not (actor.system or row.organisation_id == actor.organisation_id):
        raise DeniedError(_("There is no such rate, or it belongs to another organisation."))
    require(actor, "edit_rates", row.organisation_id)
    record(
        actor=actor,
        verb="delete_rate",
        target=f"rate:{row.pk}",
        detail={"kind": row.kind, "amount": row.amount, "valid_from": row.valid_from, "source": row.source},
        organisation_id=row.organisation_id,
    )
    row.delete()
