"""Saying how the machines of a line follow each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.factory.models import LineLayout
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine

MOST_STATIONS = 100


@transaction.atomic
def configure_line(
    *, actor: Viewer, asset_id: int, stations: Sequence[Mapping[str, Any]], key: int | None = None, mode: str = "key"
) -> None:
    """Lay machines out as a line; replaces what was said before, and no stations take the line away.

    Parameters
    ----------
    stations
        In order of flow, each ``{"machines": [numbers], "minimum": n}``; so many of them must run, 1 if not given.
    key
        The station whose stops are stops of the line, from 0; None: the last.
    mode
        ``key``: a stop is put down to whoever makes the key station wait; ``initial``: to who went down first.

    Raises
    ------
    ConfigError
        If a machine is not there, stands twice, or a number cannot be.
    DeniedError
        If the actor may not edit the site.
    """
    asset = spine.asset(actor, asset_id)
    require(actor, "edit_site", asset.organisation_id)
    known = {ref.id for ref in spine.assets(actor) if ref.organisation_id == asset.organisation_id}
    seen: set[int] = set()
    clean = []
    for one in stations:
        machines = one.get("machines")
        if not isinstance(machines, list) or not machines or not all(type(n) is int for n in machines):
            raise ConfigError(_("Each station of a line needs a list of machine numbers."))
        if not set(machines) <= known or len(set(machines)) < len(machines) or seen & set(machines):
            raise ConfigError(_("A machine of the line does not exist here, or stands in it twice."))
        minimum = one.get("minimum", 1)
        if type(minimum) is not int or not 1 <= minimum <= len(machines):
            raise ConfigError(_("At least one machine of a station must run, and at most all."))
        seen |= set(machines)
        clean.append({"machines": machines, "minimum": minimum})
    if len(clean) > MOST_STATIONS or mode not in ("key", "initial") or not 0 <= (key or 0) < max(1, len(clean)):
        raise ConfigError(_("The key station must be one of the line, the mode key or initial."))
    if clean:
        values = {"stations": clean, "key": key, "mode": mode, "changed_at": now_us()}
        LineLayout.objects.update_or_create(asset_id=asset.id, defaults=values)
    else:
        LineLayout.objects.filter(asset_id=asset.id).delete()
    record(
        actor=actor,
        verb="configure_line",
        target=f"asset:{asset.id}",
        detail={"stations": clean, "key": key, "mode": mode},
        organisation_id=asset.organisation_id,
    )
