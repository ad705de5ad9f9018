"""Every read of the factory room. Each takes the viewer first; times in us UTC."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from chanye.domains.factory import board_cache
from chanye.domains.factory.floor import (
    MACHINE_KINDS,
    Floor,
    Look,
    Machine,
    day_window,
    load,
    load_calendars,
    look,
)
from chanye.domains.factory.models import MachineSettings, ShiftCalendar
from chanye.domains.factory.queries.floor_work import stop_marks, work_on
from chanye.domains.factory.rules.kpis import Kpis, key_figures, sum_elements, sum_outputs
from chanye.domains.factory.types.machines import Board, Figure, MachineDetail, MachineKpis, MachineTile, Segment
from chanye.kernel.errors import DeniedError
from chanye.kernel.shifts import shift_pattern_from_dict
from chanye.kernel.time import now_us
from chanye.parties.prepared import Prepared
from chanye.parties.types import Viewer
from chanye.spine import frame_queries
from chanye.spine import queries as spine
from chanye.spine.history.types import Quality
from chanye.spine.store import reader
from chanye.spine.types import AssetRef

#: So long the machines of a site may be taken for the same while people book on them. [s]
SETTLED = 5.0
#: A power reading older than this is not shown as the present one, where its series names no hold. [us]
STALE = 60_000_000


def _figures(seen: Look) -> Kpis:
    return key_figures(
        seen.elements,
        seen.output,
        known=seen.known,
        floor=seen.machine.expected.floor,
        calendar=seen.machine.calendar is not None,
    )


def _kpis(asset_id: int, start: int, end: int, seen: Look, figures: Kpis) -> MachineKpis:
    return MachineKpis(
        asset_id=asset_id,
        start=start,
        end=end,
        elements=seen.elements,
        produced=figures.produced,
        good=figures.good,
        availability=figures.availability,
        effectiveness=figures.effectiveness,
        quality_ratio=figures.quality_ratio,
        oee=figures.oee,
        throughput=figures.throughput,
        nee=figures.nee,
        across_gap=seen.across_gap,
    )


def _one(viewer: Viewer, asset_id: int, start: int, end: int, now: int | None) -> tuple[AssetRef, Look]:
    asset = spine.asset(viewer, asset_id)
    floor = load(viewer, [asset], _site_of(viewer, asset))
    if not floor.machines:
        raise DeniedError("This is not a machine: it has no series of the role execution.")
    (seen,) = look(floor, start, max(start, end), now_us() if now is None else now)
    return asset, seen


def _site_of(viewer: Viewer, asset: AssetRef) -> int | None:
    for site in spine.sites(viewer):
        if asset.path == site.path or asset.path.startswith(f"{site.path}/"):
            return site.id
    return None


def strip(viewer: Viewer, asset_id: int, start: int, end: int, *, now: int | None = None) -> tuple[Segment, ...]:
    """Return what a machine did: pieces that tile ``[start, end)`` exactly, unknown time included.

    Raises
    ------
    DeniedError
        If there is no such machine for the viewer.
    """
    return _one(viewer, asset_id, start, end, now)[1].strip()


def machine_kpis(viewer: Viewer, asset_id: int, start: int, end: int, *, now: int | None = None) -> MachineKpis:
    """Return the ISO 22400-2 figures of a machine over ``[start, end)``; see ``rules.key_figures``.

    Raises
    ------
    DeniedError
        If there is no such machine for the viewer.
    """
    _, seen = _one(viewer, asset_id, start, end, now)
    return _kpis(asset_id, start, end, seen, _figures(seen))


def machine(viewer: Viewer, asset_id: int, start: int, end: int, *, now: int | None = None) -> MachineDetail:
    """Return all that a machine's page shows of ``[start, end)``.

    Raises
    ------
    DeniedError
        If there is no such machine for the viewer.
    """
    asset, seen = _one(viewer, asset_id, start, end, now)
    shares: dict[tuple[str, str], int] = {}
    for text, state, length in zip(seen.text.tolist(), seen.state.tolist(), np.diff(seen.edge).tolist(), strict=True):
        shares[text, state] = shares.get((text, state), 0) + length
    frames = frame_queries.frames(viewer, [asset.id], start, end, kinds=("program", "alarm"), limit=500)
    return MachineDetail(
        asset=asset,
        start=start,
        end=end,
        known_until=seen.known_until,
        kpis=_kpis(asset.id, start, end, seen, _figures(seen)),
        strip=seen.strip(),
        shares=tuple((t, s, us) for (t, s), us in sorted(shares.items(), key=lambda item: -item[1])),
        programs=tuple(frame for frame in frames if frame.kind == "program"),
        alarms=tuple(frame for frame in frames if frame.kind == "alarm"),
        series=tuple(spine.series_of(viewer, [asset.id])),
    )


def site_kpis(viewer: Viewer, site_id: int, start: int, end: int, *, now: int | None = None) -> MachineKpis:
    """Return the figures of all machines of a site together: times and pieces are added, never ratios averaged.

    Raises
    ------
    DeniedError
        If the site has no machine for the viewer to see.
    """
    floor = load(viewer, spine.assets(viewer, below=site_id, kinds=MACHINE_KINDS), site_id)
    seen = look(floor, start, max(start, end), now_us() if now is None else now)
    if not seen:
        raise DeniedError("There is no machine here: connect one, or give a series the role execution.")
    elements = sum_elements(one.elements for one in seen)
    outputs = [one.output for one in seen]
    counted = [output for output in outputs if output is not None]
    figures = key_figures(
        elements,
        sum_outputs(counted) if len(counted) == len(seen) else None,
        known=sum(one.known for one in seen),
        floor=max(one.machine.expected.floor for one in seen),
        calendar=all(one.machine.calendar is not None for one in seen),
    )
    return MachineKpis(
        site_id,
        start,
        end,
        elements,
        figures.produced,
        figures.good,
        figures.availability,
        figures.effectiveness,
        figures.quality_ratio,
        figures.oee,
        figures.throughput,
        figures.nee,
        sum(one.across_gap for one in seen),
    )


def _power(floor: Floor, machine: Machine, now: int) -> Figure:
    ref = machine.series.get("power")
    if ref is None:
        return Figure(None, "W", 0.0, "no_meter")
    i = floor.row[ref.id]
    time, good = int(floor.latest.time[i]), bool(Quality.is_good(floor.latest.quality[i : i + 1])[0])
    if not time or not good:
        return Figure(None, ref.unit, 0.0, "no_data")
    if now - time > (ref.hold or max(STALE, 3 * (ref.expected_interval or 0))):
        return Figure(None, ref.unit, 0.0, "stale")
    return Figure(float(floor.latest.value[i]), ref.unit, 1.0)


def _tile(floor: Floor, seen: Look, now: int) -> MachineTile:
    asset, figures, pieces = seen.machine.asset, _figures(seen), seen.strip()
    newest = floor.newest.get(asset.id, 0)
    last = pieces[-1] if pieces else None
    return MachineTile(
        asset_id=asset.id,
        name=asset.name,
        state=last.state if last else "unknown",
        state_text=last.text if last else "",
        since=last.start if last else None,
        program=seen.program,
        parts_today=figures.produced,
        rate=figures.throughput,
        availability=figures.availability,
        oee=figures.oee,
        power=_power(floor, seen.machine, now),
        age=max(0, now - newest) if newest else None,
        strip=pieces,
    )


def tile(viewer: Viewer, asset_id: int, *, now: int) -> MachineTile:
    """Return one machine as the board of its site shows it.

    Raises
    ------
    DeniedError
        If there is no such machine for the viewer.
    """
    asset = spine.asset(viewer, asset_id)
    site_id = _site_of(viewer, asset)
    start, end = day_window(asset if site_id is None else spine.asset(viewer, site_id), now)
    floor = load(viewer, [asset], site_id)
    if not floor.machines:
        raise DeniedError("This is not a machine: it has no series of the role execution.")
    (seen,) = look(floor, start, min(now, end), now)
    return _tile(floor, seen, now)


def board(viewer: Viewer, site_id: int, *, now: int) -> Board:
    """Return a site's machines over the day of the site that contains ``now``.

    ``start`` and ``end`` are the whole day; strips and figures reach up to ``now``.

    Raises
    ------
    DeniedError
        If there is no such site for the viewer.
    """
    site = spine.asset(viewer, site_id)
    start, end = day_window(site, now)
    tag = board_tag(viewer, now)  # taken before reading: what arrives meanwhile changes the next one
    floor = _machines_of(viewer, site).fresh()
    tiles = _tiles(floor, site.id, (start, min(now, end), now))
    work = work_on(viewer, [tile.asset_id for tile in tiles], now)
    newest = floor.newest
    tiles = tuple(
        replace(
            tile,
            power=_power(floor, machine, now),
            age=max(0, now - newest[tile.asset_id]) if newest.get(tile.asset_id) else None,
            work=work[tile.asset_id],
        )
        for tile, machine in zip(tiles, floor.machines, strict=True)
    )
    changed = max([floor.calendars.changed_at, *(m.expected.changed_at for m in floor.machines)])
    return Board(
        site_id=site.id,
        site_name=site.name,
        simulated=site.simulated,
        now=now,
        start=start,
        end=end,
        tiles=tiles,
        tag=f"{site.id}-{len(tiles)}-{changed:x}-{tag}",
    )


#: Machines of sites, and tiles, as they were read last.
_sites, _kept_tiles = board_cache.Kept(64), board_cache.Kept()


_newest_settings = Prepared(
    lambda: MachineSettings.objects.order_by("-changed_at").values_list("changed_at")[:1],
)


def _machines_of(viewer: Viewer, site: AssetRef) -> Floor:
    """Return the machines of a site; read anew when somebody wrote something, but not for every booking."""
    marks = _newest_settings.one()
    key = (
        board_cache.place(),
        viewer.organisation_id,
        viewer.system,
        site.id,
        marks,
        load_calendars(viewer).changed_at,
    )
    held = _sites.peek(key)
    at, written = time.monotonic(), board_cache.written()
    if isinstance(held, _Held) and (held.written == written or at - held.at < SETTLED):
        return held.floor
    floor = load(viewer, spine.assets(viewer, below=site.id, kinds=MACHINE_KINDS), site.id)
    _sites.put(key, _Held(floor, written, at))
    return floor


@dataclass(frozen=True, slots=True)
class _Held:
    floor: Floor
    written: int
    at: float


def _tiles(floor: Floor, site_id: int, when: tuple[int, int, int]) -> tuple[MachineTile, ...]:
    """Return the tiles of machines; only those of which something changed are looked at."""
    start, end, now = when
    era, touched = board_cache.touches.look()
    parts = stop_marks(floor.viewer, [machine.asset.id for machine in floor.machines], start)
    keys: list[tuple[object, ...]] = []
    for machine in floor.machines:
        known = floor.known_until(machine, now)
        keys.append(
            (
                board_cache.place(),
                site_id,
                machine.asset.id,
                start,
                era,
                tuple(touched.get(number, 0) for number in machine.numbers),
                board_cache.minute_of(machine.asset.id, now),
                known if known < now else 0,
                parts.get(machine.asset.id),
                machine.expected.changed_at,
                floor.calendars.changed_at,
            )
        )
    missing = [i for i, key in enumerate(keys) if _kept_tiles.peek(key) is None]
    some = replace(floor, machines=tuple(floor.machines[i] for i in missing))
    seen = look(some, start, end, now) if missing else []
    for i, one in zip(missing, seen, strict=True):
        _kept_tiles.put(keys[i], replace(_tile(floor, one, now), stamp=board_cache.stamp()))
    found = [_kept_tiles.peek(key) for key in keys]
    return tuple(tile for tile in found if isinstance(tile, MachineTile))


def past_tile(viewer: Viewer, asset_id: int, start: int, end: int, *, now: int) -> MachineTile:
    """Return one machine as it stood over ``[start, end)``, which is over.

    Raises
    ------
    DeniedError
        If there is no such machine for the viewer.
    """
    asset = spine.asset(viewer, asset_id)
    floor = load(viewer, [asset], _site_of(viewer, asset))
    if not floor.machines:
        raise DeniedError("This is not a machine: it has no series of the role execution.")
    (seen,) = look(floor, start, end, now)
    return _stood(_tile(floor, seen, now))


def past_board(viewer: Viewer, site_id: int, start: int, end: int, *, now: int) -> Board:
    """Return a site's machines over ``[start, end)``, a day that is over; see ``MachineTile.as_of``.

    Raises
    ------
    DeniedError
        If there is no such site for the viewer.
    """
    site = spine.asset(viewer, site_id)
    tag = board_tag(viewer, now)
    floor = load(viewer, spine.assets(viewer, below=site.id, kinds=MACHINE_KINDS), site.id)
    tiles = tuple(_stood(_tile(floor, seen, now)) for seen in look(floor, start, end, now))
    return Board(site.id, site.name, site.simulated, now, start, end, tiles, f"{site.id}-{start:x}-{tag}")


def _stood(tile: MachineTile) -> MachineTile:
    """Return a tile in the last state that is known in its strip, without what is only known of the present."""
    last = next((piece for piece in reversed(tile.strip) if piece.state != "unknown"), None)
    return replace(
        tile,
        state=last.state if last else "unknown",
        state_text=last.text if last else "",
        since=last.start if last else None,
        as_of=last.end if last else None,
        power=Figure(None, "W", 0.0, "no_meter"),
    )


def board_tag(viewer: Viewer, now: int) -> str:
    """Return a word that changes with any sample, frame or deed, and each minute: figures move by themselves."""
    figures = f"{reader().generation():x}-{frame_queries.frames_tag()}-{now // 60_000_000:x}"
    return f"{figures}-{board_cache.written():x}"


def calendars(viewer: Viewer) -> list[tuple[int, str, dict[str, object]]]:
    """Return number, name and pattern of the organisation's shift calendars."""
    rows = ShiftCalendar.objects.order_by("name")
    if not viewer.system:
        rows = rows.filter(organisation_id=viewer.organisation_id or 0)
    return list(rows.values_list("id", "name", "pattern"))


def shift_runs(viewer: Viewer, asset_id: int, start: int, end: int) -> list[tuple[str, int, int]]:
    """Return name, start and end of the shifts that touch ``[start, end)`` at an asset, in order."""
    asset = spine.asset(viewer, asset_id)
    held = load_calendars(viewer)
    number = held.of(asset.path)
    if number is None:
        return []
    return [(run.name, run.start, run.end) for run in shift_pattern_from_dict(held.patterns[number]).runs(start, end)]
