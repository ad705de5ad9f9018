"""Every write to the spine's records: assets and series. Samples are written by the historian alone."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db import transaction

from chanye.kernel.errors import ConfigError
from chanye.parties.types import Viewer
from chanye.spine.models import Asset, Series
from chanye.spine.refs import asset_ref, series_ref
from chanye.spine.types import ROLES, STATE_CLASSES, AssetRef, SeriesDraft, SeriesRef


@transaction.atomic
def ensure_asset(
    *,
    actor: Viewer,
    organisation_id: int,
    parent_id: int | None,
    kind: str,
    code: str,
    name: str = "",
    timezone: str = "",
    simulated: bool | None = None,
    latitude: float | None = None,
    longitude: float | None = None,
) -> AssetRef:
    """Return the asset with this code below the parent; make it if it is not there.

    An asset made without ``timezone`` or ``simulated`` takes its parent's.

    Raises
    ------
    ConfigError
        If the parent belongs to another organisation or is missing.
    """
    parent = Asset.objects.filter(id=parent_id).first() if parent_id is not None else None
    if parent_id is not None and (parent is None or parent.organisation_id != organisation_id):
        raise ConfigError("The parent asset does not exist in this organisation; choose another parent.")
    path = f"{parent.path}/{code}" if parent else code
    found = Asset.objects.filter(path=path).first()
    if found is not None:
        if found.organisation_id != organisation_id:
            raise ConfigError(f"The name {path} is taken by another organisation; choose another code.")
        return asset_ref(found)
    made = Asset.objects.create(
        organisation_id=organisation_id,
        parent=parent,
        kind=kind,
        code=code,
        name=name or code,
        path=path,
        timezone=timezone or (parent.timezone if parent else "Asia/Shanghai"),
        simulated=parent.simulated if simulated is None and parent else bool(simulated),
        latitude=latitude,
        longitude=longitude,
        position=Asset.objects.filter(parent=parent).count(),
    )
    return asset_ref(made)


def _checked(draft: SeriesDraft) -> dict[str, Any]:
    """Return the draft as columns, or say what is wrong with it."""
    if not draft.unit:
        raise ConfigError(f"Series {draft.code} has no unit; give a UCUM unit, 1 for a pure number.")
    if draft.role is not None and draft.role not in ROLES:
        raise ConfigError(f"Series {draft.code}: unknown role {draft.role}; use one of {', '.join(ROLES)}.")
    wrong = set(draft.states.values()) - set(STATE_CLASSES)
    if wrong:
        raise ConfigError(f"Series {draft.code}: unknown state class {', '.join(sorted(wrong))}.")
    columns = asdict(draft)
    low, high = columns.pop("span") or (None, None)
    return columns | {"span_low": low, "span_high": high}


@transaction.atomic
def ensure_series(*, actor: Viewer, asset_id: int, draft: SeriesDraft) -> SeriesRef:
    """Return the series with this code on the asset; make it if it is not there.

    Raises
    ------
    ConfigError
        If the draft is incomplete, or the series exists with another kind or unit: its samples would change meaning.
    """
    columns = _checked(draft)
    found = Series.objects.filter(asset_id=asset_id, code=draft.code).first()
    if found is None:
        return series_ref(Series.objects.create(asset_id=asset_id, **columns))
    if (found.kind, found.unit) != (draft.kind, draft.unit):
        raise ConfigError(
            f"Series {found.asset.path}/{draft.code} holds {found.kind} in {found.unit}, not {draft.kind} in "
            f"{draft.unit}; use another code, or convert the unit in the mapping."
        )
    return series_ref(found)


@transaction.atomic
def change_series(*, actor: Viewer, series_id: int, draft: SeriesDraft) -> SeriesRef:
    """Change how a series is named and read; kind and unit stay, for its samples keep their meaning."""
    columns = _checked(draft)
    row = Series.objects.select_for_update().get(id=series_id)
    if (row.kind, row.unit) != (draft.kind, draft.unit):
        raise ConfigError("Kind and unit of a series with samples cannot change; make a new series.")
    for name, value in columns.items():
        setattr(row, name, value)
    row.save()
    return series_ref(row)
