"""Why lines stand: which machine makes the others wait. Each takes the viewer first; times in us UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from chanye.domains.factory.floor import MACHINE_KINDS, Look, load, load_calendars, look
from chanye.domains.factory.models import LineLayout, Reason
from chanye.domains.factory.queries.stop_views import places_of
from chanye.domains.factory.reason_names import reason_label
from chanye.domains.factory.rules.kpis import covered_before
from chanye.domains.factory.rules.line_draft import Draft, draft_of
from chanye.domains.factory.rules.lines import (
    DOWN,
    NOBODY,
    OUTSIDE,
    RUN,
    UNKNOWN,
    WAIT,
    Codes,
    Timeline,
    causes,
    codes_of,
    common,
    initial_cell,
    key_reason,
    station,
)
from chanye.domains.factory.types.downtime import LineLosses, StationLoss
from chanye.kernel.errors import DeniedError
from chanye.kernel.intervals import I64
from chanye.kernel.time import now_us
from chanye.parties import queries as parties
from chanye.parties.rules import may
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.spine.types import AssetRef

#: Kinds of places that can be a line.
LINE_KINDS = ("enterprise", "site", "area", "work_centre")
#: So many former layouts are shown.
MOST_FORMER = 6


@dataclass(frozen=True, slots=True)
class Former:
    """A layout as it was saved: number of its row in the audit log, when [us UTC], by whom."""

    sequence: int
    at: int
    who: str
    draft: Draft


@dataclass(frozen=True, slots=True)
class LineView:
    """A place and how it is laid out as a line; ``machines`` by number: those below it, and those in the line.

    ``stored``: None if it is no line; ``former``: newest first, the one that holds included.
    """

    asset: AssetRef
    site: AssetRef
    machines: Mapping[int, AssetRef]
    stored: Draft | None
    changed_at: int
    former: tuple[Former, ...]
    may_edit: bool


def lines(viewer: Viewer) -> dict[int, LineLayout]:
    """Return the lines the viewer may see, by the asset that is the line."""
    rows = LineLayout.objects.all()
    if not viewer.system:
        rows = rows.filter(asset__organisation_id=viewer.organisation_id or 0)
    return {row.asset_id: row for row in rows}


def line_view(viewer: Viewer, asset_id: int) -> LineView:
    """Return how a place is laid out as a line, and with what it could be.

    Raises
    ------
    DeniedError
        If there is no such place for the viewer, or it is a single machine.
    """
    asset = spine.asset(viewer, asset_id)
    if asset.kind not in LINE_KINDS:
        raise DeniedError(_("Only a place with several machines can be a line; open the place this machine is in."))
    row = lines(viewer).get(asset_id)
    stored = None if row is None else draft_of(row.stations, row.key, row.mode)
    every = {ref.id: ref for ref in spine.assets(viewer) if ref.organisation_id == asset.organisation_id}
    inside = sorted(
        (ref for ref in every.values() if ref.path.startswith(f"{asset.path}/")), key=lambda ref: ref.path
    )
    found = [ref for ref in inside if ref.kind in MACHINE_KINDS]
    holders = {ref.path.rpartition("/")[0] for ref in found}
    machines = {ref.id: ref for ref in found if ref.path not in holders}
    machines |= {n: every[n] for n in (stored.machines if stored else ()) if n in every}
    site = next((s for s in spine.sites(viewer) if f"{asset.path}/".startswith(f"{s.path}/")), asset)
    return LineView(
        asset,
        site,
        machines,
        stored,
        0 if row is None else row.changed_at,
        _former(viewer, asset),
        may(viewer, "edit_site", asset.organisation_id),
    )


def _former(viewer: Viewer, asset: AssetRef) -> tuple[Former, ...]:
    deeds = parties.history_of(viewer, asset.organisation_id, f"asset:{asset.id}")
    rows = [deed for deed in deeds if deed.verb == "configure_line"][:MOST_FORMER]
    return tuple(Former(row.sequence, row.at, row.actor, _draft_in(row.detail)) for row in rows)


def _draft_in(detail: Mapping[str, Any]) -> Draft:
    return draft_of(detail.get("stations", []), detail.get("key"), detail.get("mode", "key"))


def line_losses(viewer: Viewer, asset_id: int, start: int, end: int, *, now: int | None = None) -> LineLosses | None:
    """Return what made a line stand in ``[start, end)``; None if the asset is no line, or nothing of it is connected.

    Only planned time of the line counts. A machine without data is unknown, and never a cause.

    Raises
    ------
    DeniedError
        If there is no such asset that the viewer may see.
    """
    line = spine.asset(viewer, asset_id)
    layout = lines(viewer).get(asset_id)
    return (
        None if layout is None else _losses_of(viewer, line, layout, (start, end, now_us() if now is None else now))
    )


def trial_losses(viewer: Viewer, asset_id: int, draft: Draft, start: int, end: int, *, now: int) -> LineLosses | None:
    """Return what a layout that is not stored would say of ``[start, end)``; None if nothing of it is connected.

    Raises
    ------
    DeniedError
        If there is no such asset or machine that the viewer may see.
    """
    line = spine.asset(viewer, asset_id)
    if not draft.stations:
        return None
    return _losses_of(viewer, line, LineLayout(asset_id=asset_id, **draft.plain()), (start, end, now))


def _losses_of(viewer: Viewer, line: AssetRef, layout: LineLayout, when: tuple[int, int, int]) -> LineLosses | None:
    start, end, at = when
    wanted = [n for one in layout.stations for n in one["machines"]]
    places = places_of(viewer, wanted)
    floor = load(viewer, list(places.values()))
    end = max(start + 1, min(end, at))
    seen = {one.machine.asset.id: one for one in look(floor, start, end, at)}
    if not seen:
        return None
    silent = Timeline(np.array([start, end], np.int64), np.array([UNKNOWN], np.int8))
    shown = [_timeline(seen[n]) if n in seen else silent for n in wanted]
    edge, machines = common(shown)
    codes, first = [], 0
    for one in layout.stations:
        codes.append(station(machines[first : first + len(one["machines"])], one["minimum"]))
        first += len(one["machines"])
    calendars = load_calendars(viewer)
    planned = calendars.planned(calendars.of(line.path), start, end)
    busy = np.diff(covered_before(planned, edge))
    names = ["、".join(places[n].name for n in one["machines"] if n in places) for one in layout.stations]
    return _losses(layout, names, edge, np.array(codes, np.int8), busy, seen)


def _timeline(seen: Look) -> Timeline:
    return Timeline(seen.pieces.edge, codes_of(seen.pieces.state.tolist()))


def _losses(
    layout: LineLayout, names: Sequence[str], edge: I64, codes: Codes, busy: I64, seen: Mapping[int, Look]
) -> LineLosses:
    key = len(names) - 1 if layout.key is None else layout.key
    blocked, starved = causes(codes)
    cause = key_reason(codes, key) if layout.mode == "key" else initial_cell(edge, codes, key)
    stands = (codes[key] == DOWN) | (codes[key] == WAIT)
    labels = _labels(seen)
    rows = []
    for i, name in enumerate(names):

        def spent(mask: np.ndarray) -> int:
            return int(busy[mask].sum())

        mine = stands & (cause == i)
        rows.append(
            StationLoss(
                name=name,
                running=spent(codes[i] == RUN),
                down=spent(codes[i] == DOWN),
                blocked=spent(blocked[i] != NOBODY),
                starved=spent(starved[i] != NOBODY),
                waiting=spent((codes[i] == WAIT) & (blocked[i] == NOBODY) & (starved[i] == NOBODY)),
                unknown=spent(codes[i] == UNKNOWN),
                line_lost=spent(mine),
                reasons=_reasons(layout.stations[i]["machines"], edge, busy * mine, seen, labels),
            )
        )
    whole = int(busy.sum())
    known = whole - int(busy[codes[key] == UNKNOWN].sum())
    return LineLosses(
        start=int(edge[0]),
        end=int(edge[-1]),
        key=names[key],
        planned=whole,
        lost=int(busy[stands].sum()),
        outside=int(busy[stands & (cause == OUTSIDE)].sum()),
        unnamed=int(busy[stands & (cause == NOBODY)].sum()),
        coverage=known / whole if whole else 0.0,
        stations=tuple(rows),
    )


def _labels(seen: Mapping[int, Look]) -> dict[int, str]:
    numbers = {int(n) for one in seen.values() for n in np.unique(one.pieces.reason).tolist() if n}
    return {row.pk: reason_label(row) for row in Reason.objects.filter(id__in=numbers)}


def _reasons(
    machines: Sequence[int], edge: I64, weight: I64, seen: Mapping[int, Look], labels: Mapping[int, str]
) -> tuple[tuple[str, int], ...]:
    """Return the reasons given for the stops of a station while the line stood for its sake."""
    total: dict[str, int] = {}
    for number in machines:
        if number not in seen:
            continue
        pieces = seen[number].pieces
        reason = pieces.reason[np.searchsorted(pieces.edge, edge[:-1], side="right") - 1]
        for one in np.unique(reason[weight > 0]).tolist():
            label = labels.get(one, "")
            total[label] = total.get(label, 0) + int(weight[reason == one].sum())
    return tuple(sorted(total.items(), key=lambda item: -item[1]))
