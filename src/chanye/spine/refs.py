"""Rows of the spine's tables as values that may cross the wall; used inside the room only."""

from __future__ import annotations

from chanye.spine.models import Asset, Series, StoredFile
from chanye.spine.types import AssetRef, FileRef, SeriesRef


def asset_ref(row: Asset) -> AssetRef:
    """Return the row as a value that may cross the wall."""
    return AssetRef(
        id=row.pk,
        parent_id=row.parent_id,
        organisation_id=row.organisation_id,
        kind=row.kind,  # type: ignore[arg-type]  # the column holds one of AssetKind
        code=row.code,
        name=row.name,
        path=row.path,
        timezone=row.timezone,
        simulated=row.simulated,
    )


def series_ref(row: Series) -> SeriesRef:
    """Return the row as a value that may cross the wall."""
    span = None if row.span_low is None or row.span_high is None else (row.span_low, row.span_high)
    return SeriesRef(
        id=row.pk,
        asset_id=row.asset_id,
        code=row.code,
        name=row.name or row.code,
        kind=row.kind,  # type: ignore[arg-type]  # the column holds one of Kind
        unit=row.unit,
        role=row.role,
        interpolation=row.interpolation,  # type: ignore[arg-type]  # the column holds one of Interpolation
        expected_interval=row.expected_interval,
        hold=row.hold,
        span=span,
        states=dict(row.states),
    )


def file_ref(row: StoredFile) -> FileRef:
    """Return the row as a value that may cross the wall."""
    return FileRef(
        id=row.pk,
        organisation_id=row.organisation_id,
        sha256=row.sha256,
        kind=row.kind,
        media_type=row.media_type,
        size=row.size,
        name=row.name,
        stored_at=row.stored_at,
        stored_by=row.stored_by,
    )
