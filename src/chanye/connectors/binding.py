"""The book of connections in the product's records."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from django.db import transaction

from chanye.connectors.desk import ConnectionSpec
from chanye.connectors.models import Connection, Tag
from chanye.connectors.types import TagDraft
from chanye.kernel.errors import ConfigError
from chanye.parties.types import SYSTEM
from chanye.spine.actions import ensure_asset, ensure_series

Path = tuple[tuple[str, str, str], ...]


def fingerprint(spec: ConnectionSpec) -> str:
    """Return a short word that changes when the configuration does."""
    plain = json.dumps([spec.name, spec.kind, spec.group, dict(spec.options)], sort_keys=True)
    return hashlib.sha256(plain.encode()).hexdigest()[:16]


class RecordsBook:
    """Connections and bindings as the records hold them."""

    def specs(self) -> list[ConnectionSpec]:
        """Return the enabled connections."""
        rows = Connection.objects.filter(enabled=True).order_by("id").values_list("name", "kind", "options", "group")
        return [ConnectionSpec(name, kind, options, group) for name, kind, options, group in rows]

    @transaction.atomic
    def declare(self, name: str, tags: Sequence[TagDraft]) -> dict[str, int]:
        """Bind addresses, all or none; a binding made before stays while its kind and unit are the same.

        Raises
        ------
        ConfigError
            If an address now means another kind or unit than the series it is bound to.
        """
        connection = Connection.objects.select_related("site").get(name=name)
        bound = {tag.address: tag for tag in connection.tags.select_related("series")}
        assets: dict[Path, int] = {(): connection.site_id}
        answer: dict[str, int] = {}
        fresh: list[Tag] = []
        for tag in tags:
            held = bound.get(tag.address)
            if held is not None:
                if (held.series.kind, held.series.unit) != (tag.series.kind, tag.series.unit):
                    raise ConfigError(
                        f"Address {tag.address} of {name} is bound to a {held.series.kind} series in "
                        f"{held.series.unit}, but the device now says {tag.series.kind} in {tag.series.unit}. "
                        "Change the mapping or bind the address to another series."
                    )
                answer[tag.address] = held.series_id
            elif tag.address not in answer:
                asset = _asset(connection.organisation_id, tag.asset, assets)
                answer[tag.address] = ensure_series(actor=SYSTEM, asset_id=asset, draft=tag.series).id
                fresh.append(Tag(connection=connection, address=tag.address, series_id=answer[tag.address]))
        Tag.objects.bulk_create(fresh)
        return answer

    def bound(self, name: str) -> dict[str, tuple[int, str]]:
        """Return what is bound so far."""
        rows = Tag.objects.filter(connection__name=name).values_list("address", "series_id", "series__role")
        return {address: (series, role or "") for address, series, role in rows}


def declare_below(organisation_id: int, site_id: int, tags: Sequence[TagDraft]) -> dict[str, int]:
    """Make what is missing below a site; return address -> series. The caller holds the transaction."""
    assets: dict[Path, int] = {(): site_id}
    return {
        tag.address: ensure_series(
            actor=SYSTEM, asset_id=_asset(organisation_id, tag.asset, assets), draft=tag.series
        ).id
        for tag in tags
    }


def _asset(organisation_id: int, path: Path, made: dict[Path, int]) -> int:
    """Return the asset at a path below the site, making what is missing on the way."""
    for depth in range(1, len(path) + 1):
        kind, code, name = path[depth - 1]
        if path[:depth] not in made:
            made[path[:depth]] = ensure_asset(
                actor=SYSTEM,
                organisation_id=organisation_id,
                parent_id=made[path[: depth - 1]],
                kind=kind,
                code=code,
                name=name,
            ).id
    return made[path]
