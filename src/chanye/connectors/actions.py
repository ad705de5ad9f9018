"""Every write to the room's tables: connections and what their addresses mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from chanye.connectors.models import Connection, Tag
from chanye.connectors.options import secret_options
from chanye.connectors.registry import check_options
from chanye.connectors.rules import check_name
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine


def _record(actor: Viewer, verb: str, row: Connection, detail: Mapping[str, Any]) -> None:
    record(
        actor=actor, verb=verb, target=f"connection:{row.name}", detail=detail, organisation_id=row.organisation_id
    )


def _shown(kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as the audit log may show them: without secrets."""
    hidden = secret_options(kind)
    return {name: "***" if name in hidden and value else value for name, value in options.items()}


def _mine(actor: Viewer, connection_id: int) -> Connection:
    row = Connection.objects.select_for_update().filter(id=connection_id).first()
    if row is None:
        raise DeniedError("There is no such connection, or it belongs to another organisation.")
    require(actor, "edit_connection", row.organisation_id)
    return row


@transaction.atomic
def add_connection(
    *,
    actor: Viewer,
    site_id: int,
    name: str,
    kind: str,
    options: Mapping[str, Any],
    group: str = "default",
    enabled: bool = True,
) -> int:
    """Add a connection and return its number; ``collect`` picks it up within two seconds.

    Raises
    ------
    ConfigError
        If the kind, an option or the name is wrong, or the name is taken.
    DeniedError
        If the actor may not configure connections there.
    """
    site = spine.asset(actor, site_id)
    require(actor, "edit_connection", site.organisation_id)
    check_name(name)
    check_name(group)
    check_options(kind, dict(options))
    if Connection.objects.filter(name=name).exists():
        raise ConfigError(f"The name {name!r} is taken by another connection; choose another.")
    row = Connection.objects.create(
        organisation_id=site.organisation_id,
        site_id=site.id,
        name=name,
        kind=kind,
        options=dict(options),
        group=group,
        enabled=enabled,
    )
    _record(actor, "add_connection", row, {"kind": kind, "options": _shown(kind, options)})
    return row.pk


@transaction.atomic
def change_connection(
    *, actor: Viewer, connection_id: int, options: Mapping[str, Any], group: str | None = None
) -> None:
    """Change the options of a connection; it starts again with them within two seconds.

    Bindings are made afresh at that start, for changed options may name other assets and series. Series and
    their history stay.
    """
    row = _mine(actor, connection_id)
    check_options(row.kind, dict(options))
    if group is not None:
        row.group = check_name(group)
    if row.options != dict(options):
        row.tags.all().delete()
    row.options = dict(options)
    row.save()
    _record(actor, "change_connection", row, {"options": _shown(row.kind, options), "group": row.group})


@transaction.atomic
def set_enabled(*, actor: Viewer, connection_id: int, enabled: bool) -> None:
    """Switch a connection on or off."""
    row = _mine(actor, connection_id)
    if row.enabled == enabled:
        return
    row.enabled = enabled
    row.save()
    _record(actor, "enable_connection" if enabled else "disable_connection", row, {})


@transaction.atomic
def bind_tag(*, actor: Viewer, connection_id: int, address: str, series_id: int) -> None:
    """Bind an address to an existing series, in place of the one its connector would make.

    Takes effect when the connection starts next. Kind and unit are compared with the device's then.

    Raises
    ------
    ConfigError
        If the series lies outside the connection's site.
    """
    row = _mine(actor, connection_id)
    series = spine.series(actor, series_id)
    inside = {asset.id for asset in spine.assets(actor, below=row.site_id)}
    if series.asset_id not in inside:
        raise ConfigError("The series belongs to an asset outside the connection's site; choose one inside it.")
    Tag.objects.update_or_create(connection=row, address=address, defaults={"series_id": series_id})
    _record(actor, "bind_tag", row, {"address": address, "series": series_id})
