"""Every write to the spine's records: assets, series and files. Samples are written by the historian alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from io import BytesIO
from typing import Any, BinaryIO

from django.db import transaction

from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.ids import check_segment
from chanye.kernel.settings import get_settings
from chanye.kernel.time import now_us
from chanye.kernel.units import parse_unit
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import files
from chanye.spine.models import Asset, Series, StoredFile
from chanye.spine.refs import asset_ref, file_ref, series_ref
from chanye.spine.types import ROLES, STATE_CLASSES, AssetRef, FileRef, SeriesDraft, SeriesRef


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
        If the parent belongs to another organisation or is missing, or the code is not a path segment.
    DeniedError
        If the actor may not edit sites of the organisation.
    """
    require(actor, "edit_site", organisation_id)
    check_segment(code)
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
    record(
        actor=actor,
        verb="ensure_asset",
        target=f"asset:{made.pk}",
        detail={"path": path, "kind": kind},
        organisation_id=organisation_id,
    )
    return asset_ref(made)


def _checked(draft: SeriesDraft) -> dict[str, Any]:
    """Return the draft as columns, or say what is wrong with it."""
    if not draft.unit:
        raise ConfigError(f"Series {draft.code} has no unit; give a UCUM unit, 1 for a pure number.")
    parse_unit(draft.unit)
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
    asset = Asset.objects.get(id=asset_id)
    require(actor, "edit_site", asset.organisation_id)
    found = Series.objects.filter(asset=asset, code=draft.code).first()
    if found is None:
        made = Series.objects.create(asset=asset, **columns)
        record(
            actor=actor,
            verb="ensure_series",
            target=f"series:{made.pk}",
            detail={"path": f"{asset.path}/{draft.code}", "kind": draft.kind, "unit": draft.unit},
            organisation_id=asset.organisation_id,
        )
        return series_ref(made)
    if (found.kind, found.unit) != (draft.kind, draft.unit):
        raise ConfigError(
            f"Series {asset.path}/{draft.code} holds {found.kind} in {found.unit}, not {draft.kind} in "
            f"{draft.unit}; use another code, or convert the unit in the mapping."
        )
    return series_ref(found)


@transaction.atomic
def change_series(*, actor: Viewer, series_id: int, draft: SeriesDraft) -> SeriesRef:
    """Change how a series is named and read; kind and unit stay, for its samples keep their meaning."""
    columns = _checked(draft)
    row = Series.objects.select_for_update().select_related("asset").get(id=series_id)
    require(actor, "edit_site", row.asset.organisation_id)
    if (row.kind, row.unit) != (draft.kind, draft.unit):
        raise ConfigError("Kind and unit of a series with samples cannot change; make a new series.")
    for name, value in columns.items():
        setattr(row, name, value)
    row.save()
    record(
        actor=actor,
        verb="change_series",
        target=f"series:{row.pk}",
        detail={"role": draft.role, "interpolation": draft.interpolation, "hold": draft.hold},
        organisation_id=row.asset.organisation_id,
    )
    return series_ref(row)


def store_file(
    *,
    actor: Viewer,
    organisation_id: int,
    name: str,
    data: bytes | BinaryIO,
    kinds: Collection[str] = ("picture",),
) -> FileRef:
    """Store a picture, NC program or document; the same content is kept once and answered as it was first stored.

    Parameters
    ----------
    name
        What people read; folders and invisible characters are taken off.
    data
        The bytes, or something to read them from.
    kinds
        What is wanted here: of ``files.KINDS`` (picture, program, document). The content decides, not the name.

    Raises
    ------
    ConfigError
        If the content is empty, too large or of no such kind.
    TransientError
        If the disk is full.
    DeniedError
        If the actor may not store files in the organisation.
    """
    require(actor, "store_file", organisation_id)
    settings = get_settings()
    stream = BytesIO(data) if isinstance(data, bytes) else data
    # Before the transaction: no lock is held while a slow client sends, and the row never comes before its file.
    kept = files.keep(settings.files_folder, stream, kinds, min_free=settings.min_free_mb << 20)
    with transaction.atomic():
        row, made = StoredFile.objects.get_or_create(
            organisation_id=organisation_id,
            sha256=kept.sha256,
            defaults={
                "kind": kept.kind,
                "media_type": kept.media_type,
                "size": kept.size,
                "name": files.clean_name(name),
                "stored_at": now_us(),
                "stored_by": actor.name[:200],
            },
        )
        if made:
            record(
                actor=actor,
                verb="store_file",
                target=f"file:{row.pk}",
                detail={"name": row.name, "sha256": kept.sha256, "size": kept.size, "media_type": kept.media_type},
                organisation_id=organisation_id,
            )
    return file_ref(row)


def sweep_files(*, actor: Viewer, older: float = files.GRACE) -> int:
    """Take away files that no row refers to and that are older than ``older`` [s]; return how many.

    Raises
    ------
    DeniedError
        If the actor is not the system.
    """
    if not actor.system:
        raise DeniedError("Files are swept by the product itself.")

    def referred(digests: Collection[str]) -> set[str]:
        return set(StoredFile.objects.filter(sha256__in=digests).values_list("sha256", flat=True))

    gone = files.sweep(get_settings().files_folder, referred, older=older)
    if gone:
        with transaction.atomic():
            record(actor=actor, verb="sweep_files", target="files", detail={"removed": gone})
    return gone
