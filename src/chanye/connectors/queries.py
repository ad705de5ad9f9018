"""Every read of the room: configured connections, how they are doing, what was counted."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import QuerySet

from chanye.connectors.models import Connection, Tag
from chanye.connectors.status import read_statuses
from chanye.connectors.types import ConnectionStatus, State
from chanye.kernel.errors import DeniedError
from chanye.kernel.settings import get_settings
from chanye.parties.rules import may, require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.spine.store import reader
from chanye.spine.types import SeriesRef

#: A status file older than this says that ``collect`` does not run. [us]
STALE = 10_000_000
HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """A connection with its health. ``state`` is ``stopped`` where nothing runs; times in us UTC."""

    id: int
    name: str
    kind: str
    site_id: int
    site: str
    group: str
    enabled: bool
    state: State
    why: str
    since: int
    last_data: int
    samples: int
    restarts: int
    may_change: bool


@dataclass(frozen=True, slots=True)
class HourCounts:
    """What happened to a connection's samples in one hour of arrival: received = stored + duplicates + rejected."""

    hour: int
    received: int
    stored: int
    duplicates: int
    rejected: int
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class TagView:
    """An address with its series and newest value; ``time`` 0 where there is none, in us UTC."""

    address: str
    series: SeriesRef
    asset: str
    time: int
    value: float | None
    text: str
    known: bool


@dataclass(frozen=True, slots=True)
class ConnectionDetail:
    """All that the connection's page shows."""

    view: ConnectionView
    options: Mapping[str, Any]
    hours: list[HourCounts]
    tags: list[TagView]
    problems: Mapping[str, str]


def _visible(viewer: Viewer) -> QuerySet[Connection]:
    require(viewer, "read_connection", viewer.organisation_id)
    rows = Connection.objects.select_related("site").order_by("name")
    return rows if viewer.system else rows.filter(organisation_id=viewer.organisation_id or 0)


def _view(viewer: Viewer, row: Connection, status: ConnectionStatus | None, written: int) -> ConnectionView:
    now = time.time_ns() // 1000
    state: State = "stopped"
    why = ""
    if not row.enabled:
        why = "off"
    elif now - written > STALE:
        why = "no_collect"
    elif status is None:
        state = "starting"
    else:
        state, why = status.state, status.why
    return ConnectionView(
        id=row.pk,
        name=row.name,
        kind=row.kind,
        site_id=row.site_id,
        site=row.site.name,
        group=row.group,
        enabled=row.enabled,
        state=state,
        why=why,
        since=status.since if status else 0,
        last_data=status.last_data if status else 0,
        samples=status.samples if status else 0,
        restarts=status.restarts if status else 0,
        may_change=may(viewer, "edit_connection", row.organisation_id),
    )


def connections(viewer: Viewer) -> list[ConnectionView]:
    """Return the connections the viewer may see, by name; ``DeniedError`` if none may be read at all."""
    written, statuses, _ = read_statuses(get_settings().run_folder)
    return [_view(viewer, row, statuses.get(row.name), written) for row in _visible(viewer)]


def connection_id(viewer: Viewer, name: str) -> int:
    """Return the number of the connection called ``name``; ``DeniedError`` if there is none to be seen."""
    found = _visible(viewer).filter(name=name).first()
    if found is None:
        raise DeniedError(f"There is no connection {name!r}, or it belongs to another organisation.")
    return found.pk


def connection(viewer: Viewer, connection_id: int, *, hours: int = 48, tags: int = 500) -> ConnectionDetail:
    """Return one connection with its counts of the last ``hours`` and at most ``tags`` of its addresses.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    row = _visible(viewer).filter(id=connection_id).first()
    if row is None:
        raise DeniedError("There is no such connection, or it belongs to another organisation.")
    written, statuses, problems = read_statuses(get_settings().run_folder)
    view = _view(viewer, row, statuses.get(row.name), written)
    return ConnectionDetail(view, row.options, _hours(row.name, hours), _tags(viewer, row, tags), problems)


def _hours(source: str, hours: int) -> list[HourCounts]:
    """Return the counts of a source and of imports into it, newest hour first."""
    now = time.time_ns() // 1000
    totals: dict[int, Counter[str]] = defaultdict(Counter)
    reasons: dict[int, Counter[str]] = defaultdict(Counter)
    for audit in reader().audit(start=now - hours * HOUR, end=now + HOUR):
        if audit.source == source or audit.source.startswith(f"{source}/"):
            totals[audit.hour].update(received=audit.received, stored=audit.stored, duplicates=audit.duplicates)
            reasons[audit.hour].update(audit.reasons)
    return [
        HourCounts(
            hour=hour,
            received=totals[hour]["received"],
            stored=totals[hour]["stored"],
            duplicates=totals[hour]["duplicates"],
            rejected=sum(n for reason, n in reasons[hour].items() if reason.startswith("rejected:")),
            reasons=dict(sorted(reasons[hour].items())),
        )
        for hour in sorted(totals, reverse=True)
    ]


def _tags(viewer: Viewer, row: Connection, limit: int) -> list[TagView]:
    bound = list(Tag.objects.filter(connection=row).exclude(address__startswith="@link/").order_by("address")[:limit])
    numbers = list(dict.fromkeys(tag.series_id for tag in bound))
    refs = spine.series_by_id(viewer, numbers)
    assets = {asset.id: asset.name for asset in spine.assets(viewer, below=row.site_id)}
    latest = spine.latest(viewer, numbers)
    where = {number: i for i, number in enumerate(numbers)}
    texts: dict[int, list[str]] = defaultdict(list)
    views = []
    for tag in bound:
        ref, i = refs[tag.series_id], where[tag.series_id]
        at, value = int(latest.time[i]), float(latest.value[i])
        known = bool(at) and (int(latest.quality[i]) & 0xC000) != 0x8000 and bool(np.isfinite(value))
        if known and ref.kind in ("state", "text") and not texts[ref.id]:
            texts[ref.id] = reader().texts(ref.id)
        names = texts[ref.id]
        text = names[int(value)] if known and 0 <= value < len(names) else ""
        views.append(
            TagView(tag.address, ref, assets.get(ref.asset_id, ""), at, value if known else None, text, known)
        )
    return views
