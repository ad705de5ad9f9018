"""The spine over HTTP: assets, series, their newest and past values, aggregates, frames.

Times are microseconds since 1970-01-01T00:00Z. What is not known is ``null``, never 0.
"""

from __future__ import annotations

import math
from typing import Annotated, Any
from zlib import crc32

import numpy as np
from django.http import HttpRequest
from django.views.decorators.http import condition
from ninja import Field, Query, Router, Schema
from ninja.decorators import decorate_view

from chanye.kernel.errors import ConfigError
from chanye.parties.types import Viewer
from chanye.spine import frame_queries, queries
from chanye.spine.history.types import F64
from chanye.spine.store import reader
from chanye.spine.types import AssetRef, SeriesRef

router = Router(tags=["spine"])


class Problem(Schema):
    """What went wrong and what to do next."""

    error: str
    what_to_do: str


#: What every operation may answer besides its result.
PROBLEMS: dict[Any, Any] = {frozenset({401, 404, 422, 503}): Problem}

Moment = Annotated[int, Field(ge=0, le=4_102_444_800_000_000, description="us UTC, up to the year 2100")]
Number = Annotated[int, Field(ge=1, le=4_294_967_295, description="number of an asset or a series")]
MOST_SAMPLES = 10_000
MOST_CELLS = 20_000
MOST_SERIES = 500
MOST_FRAMES = 5_000


class Asset(Schema):
    """A node of the asset tree."""

    id: int
    parent_id: int | None
    kind: str
    code: str
    name: str
    path: str
    timezone: str
    simulated: bool


class Series(Schema):
    """A measured or counted quantity; ``unit`` is a UCUM code, durations are in us."""

    id: int
    asset_id: int
    code: str
    name: str
    kind: str
    unit: str
    role: str | None
    interpolation: str
    expected_interval: int | None
    hold: int | None
    span: list[float] | None
    states: dict[str, str]


class Sample(Schema):
    """One sample; ``quality`` is the upper half of an OPC UA StatusCode, 0 is good."""

    time: int
    value: float | None
    text: str | None
    quality: int


class SamplePage(Schema):
    """Samples in time order; go on at ``next_start`` if it is there."""

    series: Series
    samples: list[Sample]
    next_start: int | None


class Newest(Schema):
    """The newest sample of a series; ``time`` is null if it has none."""

    series: int
    time: int | None
    value: float | None
    text: str | None
    quality: int


class AggregateTable(Schema):
    """``columns``: name -> per series, per interval; null where unknown."""

    series: list[int]
    start: list[int]
    end: list[int]
    columns: dict[str, list[list[float | None]]]


class FrameOut(Schema):
    """An interval: a state held, parts made, an alarm raised; ``end`` is null while it is open."""

    asset_id: int
    series_id: int
    kind: str
    start: int
    end: int | None
    text: str
    state: str
    quantity: float | None
    attributes: dict[str, Any]


def viewer_of(request: HttpRequest) -> Viewer:
    """Return who asks."""
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]  # put there by the viewer middleware
    return viewer


def history_tag(request: HttpRequest, **_: object) -> str:
    """Return an ETag that changes with any new sample, and with who asks for what."""
    viewer = viewer_of(request)
    return f'"{reader().generation():x}-{viewer.organisation_id}-{crc32(request.get_full_path().encode()):x}"'


def window(start: int, end: int) -> None:
    """Refuse a window that ends before it begins."""
    if end < start:
        raise ConfigError("The window ends before it begins; give start <= end, in microseconds UTC.")


def asset_out(ref: AssetRef) -> Asset:
    """Return an asset as the API shows it."""
    return Asset.model_validate(ref, from_attributes=True)


def series_out(ref: SeriesRef) -> Series:
    """Return a series as the API shows it."""
    return Series.model_validate(ref, from_attributes=True)


def number(value: float) -> float | None:
    """Return a number JSON can carry: null for what is unknown."""
    return value if math.isfinite(value) else None


def _text(ref: SeriesRef, value: float, texts: list[str]) -> str | None:
    return texts[int(value)] if ref.kind in ("state", "text") and 0 <= value < len(texts) else None


@router.get("/assets", response={200: list[Asset], **PROBLEMS}, summary="Assets of your organisation")
def list_assets(request: HttpRequest, below: Number | None = None, kind: str = "") -> list[Asset]:
    """Return the assets you may see: all, or those below one asset (itself included), of one kind."""
    found = queries.assets(viewer_of(request), below=below, kinds=[kind] if kind else ())
    return [asset_out(ref) for ref in found]


@router.get("/assets/{asset_id}", response={200: Asset, **PROBLEMS}, summary="One asset")
def get_asset(request: HttpRequest, asset_id: Number) -> Asset:
    """Return one asset."""
    return asset_out(queries.asset(viewer_of(request), asset_id))


@router.get("/assets/{asset_id}/series", response={200: list[Series], **PROBLEMS}, summary="Series of an asset")
def list_series(request: HttpRequest, asset_id: Number, role: str = "") -> list[Series]:
    """Return the series of one asset, of one role if given."""
    viewer = viewer_of(request)
    asset = queries.asset(viewer, asset_id)
    return [series_out(ref) for ref in queries.series_of(viewer, [asset.id], roles=[role] if role else ())]


@router.get("/series/{series_id}", response={200: Series, **PROBLEMS}, summary="One series")
def get_series(request: HttpRequest, series_id: Number) -> Series:
    """Return one series."""
    return series_out(queries.series(viewer_of(request), series_id))


@router.get("/latest", response={200: list[Newest], **PROBLEMS}, summary="Newest samples")
@decorate_view(condition(etag_func=history_tag))
def get_latest(request: HttpRequest, series: Annotated[list[Number], Query(max_length=MOST_SERIES)]) -> list[Newest]:
    """Return the newest sample of up to 500 series, in the order asked. Send the ETag back to learn if it changed."""
    viewer = viewer_of(request)
    refs = {number: queries.series(viewer, number) for number in dict.fromkeys(series)}
    found = queries.latest(viewer, series)
    out = []
    for i, key in enumerate(series):
        seen, value = int(found.time[i]) != 0, float(found.value[i])
        texts = reader().texts(key) if refs[key].kind in ("state", "text") else []
        out.append(
            Newest(
                series=key,
                time=int(found.time[i]) if seen else None,
                value=number(value) if seen else None,
                text=_text(refs[key], value, texts) if seen else None,
                quality=int(found.quality[i]),
            )
        )
    return out


@router.get("/series/{series_id}/samples", response={200: SamplePage, **PROBLEMS}, summary="Raw samples")
@decorate_view(condition(etag_func=history_tag))
def get_samples(
    request: HttpRequest,
    series_id: Number,
    start: Moment,
    end: Moment,
    limit: Annotated[int, Field(ge=1, le=MOST_SAMPLES)] = 1_000,
) -> SamplePage:
    """Return the samples in ``[start, end)``, the newest version of each, up to 10,000 a page."""
    window(start, end)
    ref = queries.series(viewer_of(request), series_id)
    found = reader().raw([ref.id], start, end, limit=limit + 1)
    texts = reader().texts(ref.id) if ref.kind in ("state", "text") else []
    columns = zip(found.time.tolist(), found.value.tolist(), found.quality.tolist(), strict=True)
    samples = [Sample(time=t, value=number(v), text=_text(ref, v, texts), quality=q) for t, v, q in columns]
    more = samples[limit].time if len(samples) > limit else None
    return SamplePage(series=series_out(ref), samples=samples[:limit], next_start=more)


@router.get("/aggregate", response={200: AggregateTable, **PROBLEMS}, summary="Aggregates with coverage")
def get_aggregate(
    request: HttpRequest,
    series: Annotated[list[Number], Query(max_length=MOST_SERIES)],
    start: Moment,
    end: Moment,
    step: Annotated[int, Field(ge=1_000, le=4_102_444_800_000_000, description="us")],
    names: Annotated[list[str], Query(max_length=20)] = ["TimeAverage"],  # noqa: B006  # ninja copies it
) -> AggregateTable:
    """Return OPC UA Part 13 aggregates of series over intervals; ``percent_known`` is always among the columns."""
    window(start, end)
    if end == start:
        raise ConfigError("The window is empty; give start < end, in microseconds UTC.")
    if -(-(end - start) // step) * len(series) > MOST_CELLS:
        raise ConfigError(f"More than {MOST_CELLS} intervals times series; take a longer step or a shorter window.")
    viewer = viewer_of(request)
    specs = [queries.series(viewer, key).spec for key in series]
    table = reader().aggregate(specs, start, end, step, names)
    return AggregateTable(
        series=[int(key) for key in table.series],
        start=table.start.tolist(),
        end=table.end.tolist(),
        columns={name: _rows(column) for name, column in table.columns.items()},
    )


def _rows(column: F64) -> list[list[float | None]]:
    rows: list[list[float | None]] = np.where(np.isfinite(column), column, None).tolist()  # type: ignore[call-overload]  # an object array is meant
    return rows


@router.get("/frames", response={200: list[FrameOut], **PROBLEMS}, summary="States, counts, alarms as intervals")
def get_frames(
    request: HttpRequest,
    asset: Annotated[list[Number], Query(max_length=MOST_SERIES)],
    start: Moment,
    end: Moment,
    kind: Annotated[list[str], Query(max_length=20)] = [],  # noqa: B006  # ninja copies it
    limit: Annotated[int, Field(ge=1, le=MOST_FRAMES)] = 1_000,
) -> list[FrameOut]:
    """Return the frames of assets that touch ``[start, end)``, in time order."""
    window(start, end)
    viewer = viewer_of(request)
    ids = [queries.asset(viewer, key).id for key in dict.fromkeys(asset)]
    found = frame_queries.frames(viewer, ids, start, end, kinds=kind, limit=limit)
    return [FrameOut.model_validate(frame, from_attributes=True) for frame in found]
