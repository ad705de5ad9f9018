"""Every read of the spine: assets, series, latest values, trends, files. Each takes the viewer first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from django.db.models import Q, QuerySet

from chanye.kernel.errors import DeniedError, TransientError
from chanye.kernel.settings import get_settings
from chanye.parties.prepared import Prepared
from chanye.parties.types import Viewer
from chanye.spine import files as store
from chanye.spine.history.types import Aggregates, Latest, Samples, SeriesSpec
from chanye.spine.models import Asset, Series, StoredFile
from chanye.spine.refs import asset_ref, file_ref, series_ref
from chanye.spine.store import reader
from chanye.spine.types import AssetRef, FileRef, SeriesRef

_asset = Prepared(lambda asset: Asset.objects.filter(id=asset))
_named = Prepared(
    lambda organisation, code: Asset.objects.filter(Q(code=code) | Q(path=code), organisation_id=organisation)[:2]
)
_all = Prepared(lambda organisation: Asset.objects.filter(organisation_id=organisation))
_series_of = Prepared(
    lambda assets, organisation: Series.objects.filter(
        asset_id__in=assets, asset__organisation_id=organisation
    ).order_by("asset_id", "code")
)


def _visible_assets(viewer: Viewer) -> QuerySet[Asset]:
    return Asset.objects.all() if viewer.system else Asset.objects.filter(organisation_id=viewer.organisation_id or 0)


def _visible_series(viewer: Viewer) -> QuerySet[Series]:
    rows = Series.objects.all()
    return rows if viewer.system else rows.filter(asset__organisation_id=viewer.organisation_id or 0)


def sites(viewer: Viewer) -> list[AssetRef]:
    """Return the sites the viewer may see."""
    return [asset_ref(row) for row in _visible_assets(viewer).filter(kind="site")]


def asset(viewer: Viewer, asset_id: int) -> AssetRef:
    """Return one asset.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    row = _asset.one(asset=asset_id)
    if row is None or not (viewer.system or row.organisation_id == viewer.organisation_id):
        raise DeniedError("There is no such asset, or it belongs to another organisation.")
    return asset_ref(row)


def asset_by_code(viewer: Viewer, organisation_id: int, code: str) -> AssetRef | None:
    """Return the asset of an organisation with a code or path; None if there is none, or several."""
    found = _named(organisation=organisation_id, code=code)
    if not (viewer.system or viewer.organisation_id == organisation_id):
        return None
    return asset_ref(found[0]) if len(found) == 1 else None


def assets(viewer: Viewer, *, below: int | None = None, kinds: Sequence[str] = ()) -> list[AssetRef]:
    """Return the assets the viewer may see: all, or those below one asset (itself included), of some kinds."""
    if below is None and not viewer.system:
        found = _all(organisation=viewer.organisation_id or 0)
        return [asset_ref(row) for row in found if not kinds or row.kind in kinds]
    rows = _visible_assets(viewer)
    if below is not None:
        path = asset(viewer, below).path
        rows = rows.filter(Q(path=path) | Q(path__startswith=f"{path}/"))
    if kinds:
        rows = rows.filter(kind__in=kinds)
    return [asset_ref(row) for row in rows]


def series(viewer: Viewer, series_id: int) -> SeriesRef:
    """Return one series.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    row = _visible_series(viewer).filter(id=series_id).first()
    if row is None:
        raise DeniedError("There is no such series, or it belongs to another organisation.")
    return series_ref(row)


def series_of(viewer: Viewer, asset_ids: Iterable[int], *, roles: Sequence[str] = ()) -> list[SeriesRef]:
    """Return the series of some assets, only those with one of the roles if any is given."""
    if viewer.system:
        rows = list(_visible_series(viewer).filter(asset_id__in=list(asset_ids)).order_by("asset_id", "code"))
    else:
        rows = _series_of(assets=list(asset_ids), organisation=viewer.organisation_id or 0)
    return [series_ref(row) for row in rows if not roles or row.role in roles]


def series_by_id(viewer: Viewer, series_ids: Iterable[int]) -> dict[int, SeriesRef]:
    """Return series by number; those that do not exist or may not be seen are left out."""
    return {row.pk: series_ref(row) for row in _visible_series(viewer).filter(id__in=list(series_ids))}


def specs(viewer: Viewer, series_ids: Iterable[int]) -> dict[int, SeriesSpec]:
    """Return how each of the series is read; those that do not exist or may not be seen are left out."""
    return {row.pk: series_ref(row).spec for row in _visible_series(viewer).filter(id__in=list(series_ids))}


def latest(viewer: Viewer, series_ids: Sequence[int]) -> Latest:
    """Return the newest sample of each series, in the order asked.

    Raises
    ------
    DeniedError
        If one of them may not be seen.
    """
    _check(viewer, series_ids)
    return reader().latest(series_ids)


def values_at(viewer: Viewer, series_ids: Sequence[int], moment: int) -> Latest:
    """Return the newest sample of each series before ``moment`` (us UTC), in the order asked.

    Raises
    ------
    DeniedError
        If one of them may not be seen.
    """
    _check(viewer, series_ids)
    found = reader().raw(series_ids, moment - 1, moment, bounds=True)
    before = found.time < moment
    # of each series, the last one before the moment: samples are sorted by series and time
    row = {int(number): i for i, number in enumerate(found.series.tolist()) if before[i]}
    at = [row.get(number, -1) for number in series_ids]
    known = np.array(at) >= 0 if at else np.zeros(0, bool)
    return Latest(
        np.array(series_ids, np.uint32),
        np.where(known, np.append(found.time, 0)[at], 0),
        np.where(known, np.append(found.value, np.nan)[at], np.nan),
        np.where(known, np.append(found.quality, 0)[at], 0).astype(np.uint16),
        np.where(known, np.append(found.arrival, 0)[at], 0),
    )


def _check(viewer: Viewer, series_ids: Sequence[int]) -> None:
    wanted = set(series_ids)
    if _visible_series(viewer).filter(id__in=wanted).count() != len(wanted):
        raise DeniedError("One of the series does not exist or belongs to another organisation.")


#: Samples of a state series that one chart reads; a machine that says its state each second fills eleven days.
MOST_STATES = 1_000_000


@dataclass(frozen=True, slots=True)
class Trend:
    """What a chart draws of one series over ``[start, end)``.

    Exactly one of ``raw`` (few samples in view; with one bounding sample on each side) and ``buckets``
    (minimum, maximum, mean and percent_known per interval) is there. ``texts`` names codes of state and text series.
    """

    series: SeriesRef
    start: int
    end: int
    raw: Samples | None
    buckets: Aggregates | None
    texts: list[str]


def trend(viewer: Viewer, series_id: int, start: int, end: int, points: int = 500) -> Trend:
    """Return what a chart of ``points`` pixels (at most 500) needs of a series. Times in us UTC."""
    ref = series(viewer, series_id)
    points = max(10, min(points, 500))
    texts = reader().texts(ref.id) if ref.kind in ("state", "text") else []
    if ref.kind in ("state", "text"):
        raw = reader().raw([ref.id], start, end, bounds=True, limit=MOST_STATES)
        return Trend(ref, start, end, raw, None, texts)
    raw = reader().raw([ref.id], start, end, bounds=True, limit=points + 2)
    if np.count_nonzero((raw.time >= start) & (raw.time < end)) <= points:
        return Trend(ref, start, end, raw, None, texts)
    return Trend(ref, start, end, None, reader().buckets(ref.spec, start, end, points), texts)


def gains(viewer: Viewer, series_id: int, start: int, end: int, points: int = 100) -> Aggregates:
    """Return what a counter gained in each of at most ``points`` intervals: column ``Increase``, safe over resets."""
    ref = series(viewer, series_id)
    step = max(1, -(-(end - start) // max(points, 1)))
    return reader().aggregate([ref.spec], start, max(end, start + 1), step, ["Increase"])


def _visible_files(viewer: Viewer) -> QuerySet[StoredFile]:
    rows = StoredFile.objects.all()
    return rows if viewer.system else rows.filter(organisation_id=viewer.organisation_id or 0)


def file(viewer: Viewer, file_id: int) -> FileRef:
    """Return one stored file.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    row = _visible_files(viewer).filter(id=file_id).first()
    if row is None:
        raise DeniedError("There is no such file, or it belongs to another organisation.")
    return file_ref(row)


def files_by_id(viewer: Viewer, file_ids: Iterable[int]) -> dict[int, FileRef]:
    """Return stored files by number; those that do not exist or may not be seen are left out."""
    return {row.pk: file_ref(row) for row in _visible_files(viewer).filter(id__in=list(file_ids))}


def open_file(viewer: Viewer, ref: FileRef) -> BinaryIO:
    """Return the content of a stored file, open for reading.

    Raises
    ------
    DeniedError
        If there is no such file that the viewer may see.
    TransientError
        If its content is not on the disk.
    """
    held = file(viewer, ref.id)
    try:
        return store.place(get_settings().files_folder, held.sha256).open("rb")
    except FileNotFoundError as error:
        message = f"The content of the file {held.name} is not on the disk: bring it back from a backup."
        raise TransientError(message) from error


def stored_files(viewer: Viewer) -> Iterator[FileRef]:
    """Yield every stored file the viewer may see, in the order they came."""
    for row in _visible_files(viewer).order_by("id").iterator(chunk_size=2000):
        yield file_ref(row)
