"""Reads behind the pages of shift calendars and of machine settings. Each takes the viewer first; times in us UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from chanye.domains.factory.floor import Calendars, Expected, Floor, Look, load, load_calendars, look
from chanye.domains.factory.models import CalendarAssignment, MachineSettings, ShiftCalendar
from chanye.domains.factory.rules.cycle import Cycle, Rises, observed_cycles
from chanye.domains.factory.rules.week import hours, usual_week
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.shifts import ShiftPattern, ShiftRun, shift_pattern_from_dict
from chanye.kernel.time import DAY
from chanye.parties.rules import may, require
from chanye.parties.types import Viewer
from chanye.spine import frame_queries
from chanye.spine import queries as spine
from chanye.spine.types import AssetRef

PLACES = ("enterprise", "site", "area", "work_centre", "work_unit")
MACHINES = ("work_centre", "work_unit")
#: How far ahead the next shift is looked for, and how far back a machine's words and parts are. [us]
AHEAD, BACK = 60 * DAY, 30 * DAY


@dataclass(frozen=True, slots=True)
class CalendarView:
    """A shift calendar: where it holds, planned time of a usual week [us], the shift that runs or comes next."""

    id: int
    name: str
    organisation_id: int
    pattern: ShiftPattern
    changed_at: int
    places: tuple[AssetRef, ...]
    week: int
    run: ShiftRun | None
    may_edit: bool

    @property
    def hours(self) -> str:
        """Planned hours of a usual week."""
        return hours(self.week)


@dataclass(frozen=True, slots=True)
class Place:
    """An asset, and the calendar it gets: ``own`` or from ``source`` above it; 0 and empty where none holds."""

    asset: AssetRef
    depth: int
    own: int
    calendar_id: int
    calendar: str
    source: str


def _rows(viewer: Viewer) -> list[ShiftCalendar]:
    require(viewer, "read_site", viewer.organisation_id)
    return list(ShiftCalendar.objects.filter(organisation_id=viewer.organisation_id or 0).order_by("name"))


def _view(viewer: Viewer, row: ShiftCalendar, places: tuple[AssetRef, ...], now: int) -> CalendarView:
    pattern = shift_pattern_from_dict(row.pattern)
    coming = pattern.runs(now, now + AHEAD)
    may_edit = may(viewer, "edit_calendar", row.organisation_id)
    return CalendarView(
        row.pk,
        row.name,
        row.organisation_id,
        pattern,
        row.changed_at,
        places,
        usual_week(pattern),
        coming[0] if coming else None,
        may_edit,
    )


def calendar_views(viewer: Viewer, *, now: int) -> list[CalendarView]:
    """Return the calendars of the viewer's organisation by name.

    Raises
    ------
    DeniedError
        If the viewer is no member.
    """
    rows = _rows(viewer)
    assets = {asset.id: asset for asset in spine.assets(viewer)}
    held: dict[int, list[AssetRef]] = {}
    for calendar_id, asset_id in CalendarAssignment.objects.filter(calendar__in=rows).values_list(
        "calendar_id", "asset_id"
    ):
        if asset_id in assets:
            held.setdefault(calendar_id, []).append(assets[asset_id])
    return [_view(viewer, row, tuple(held.get(row.pk, ())), now) for row in rows]


def calendar_view(viewer: Viewer, calendar_id: int, *, now: int) -> CalendarView:
    """Return one calendar.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    found = next((view for view in calendar_views(viewer, now=now) if view.id == calendar_id), None)
    if found is None:
        raise DeniedError("There is no such calendar, or it belongs to another organisation.")
    return found


def places(viewer: Viewer) -> list[Place]:
    """Return the viewer's assets from the top down, each with the calendar it gets and from where."""
    names = {row.pk: row.name for row in _rows(viewer)}
    held = load_calendars(viewer)
    assets = spine.assets(viewer, kinds=PLACES)
    known = {asset.id for asset in assets}
    below: dict[int | None, list[AssetRef]] = {}
    for asset in assets:
        below.setdefault(asset.parent_id if asset.parent_id in known else None, []).append(asset)
    by_path = {asset.path: asset.name for asset in spine.assets(viewer)}
    found: list[Place] = []

    def walk(parent: int | None, depth: int) -> None:
        for asset in below.get(parent, ()):
            found.append(_place(asset, depth, held, names, by_path))
            walk(asset.id, depth + 1)

    walk(None, 0)
    return found


def _place(
    asset: AssetRef, depth: int, held: Calendars, names: Mapping[int, str], by_path: Mapping[str, str]
) -> Place:
    number = held.of(asset.path) or 0
    source = asset.path
    while source and source not in held.holds:
        source = source.rpartition("/")[0]
    own = held.holds.get(asset.path, 0)
    return Place(asset, depth, own, number, names.get(number, ""), "" if own else by_path.get(source, ""))


def zones(viewer: Viewer) -> list[str]:
    """Return the time zones of the viewer's sites, each once."""
    return list(dict.fromkeys(site.timezone for site in spine.sites(viewer)))


@dataclass(frozen=True, slots=True)
class Word:
    """A word a machine says of its state: its class by its connection, its own class here, its share of the time."""

    text: str
    usual: str
    chosen: str
    share: float

    @property
    def meaning(self) -> str:
        """The class it is read as."""
        return self.chosen or self.usual


@dataclass(frozen=True, slots=True)
class Program:
    """A program, its planned run time [s/part] if one is set, and what was seen of it."""

    name: str
    run_time: float | None
    seen: Cycle | None


@dataclass(frozen=True, slots=True)
class MachineSettingsView:
    """What is expected of a machine beside what it showed over ``[start, end)``; ``known``: share of it, 0..1."""

    asset: AssetRef
    expected: Expected
    start: int
    end: int
    known: float
    words: tuple[Word, ...]
    programs: tuple[Program, ...]
    seen: Cycle | None
    may_edit: bool


def machine_settings(viewer: Viewer, asset_id: int, *, now: int) -> MachineSettingsView:
    """Return what is set for a machine and what it showed in the last 30 days.

    Raises
    ------
    DeniedError
        If there is no such machine for the viewer.
    ConfigError
        If the asset is no machine.
    """
    asset = spine.asset(viewer, asset_id)
    if asset.kind not in MACHINES:
        raise ConfigError("Only machines have these settings; open one of the machines of this place.")
    floor = load(viewer, [asset], site_of(viewer, asset).id)
    start = now - BACK
    expected, known = _expected(asset.id), 0.0
    words: tuple[Word, ...] = ()
    cycles: dict[str, Cycle] = {}
    if floor.machines:
        (seen,) = look(floor, start, now, now)
        expected = seen.machine.expected
        words, cycles, known = _words(floor, seen, start, now), _cycles(viewer, seen, start, now), seen.known / BACK
    names = list(dict.fromkeys([*expected.run_times, *sorted(cycles, key=lambda one: -cycles[one].parts)]))
    programs = tuple(Program(name, expected.run_times.get(name), cycles.get(name)) for name in names if name)
    may_edit = may(viewer, "edit_site", asset.organisation_id)
    return MachineSettingsView(
        asset, expected, start, now, known, words or _unseen(expected), programs, cycles.get(""), may_edit
    )


def _expected(asset_id: int) -> Expected:
    row = MachineSettings.objects.filter(asset_id=asset_id).first()
    if row is None:
        return Expected()
    return Expected(row.run_time, row.run_times, row.coverage_floor, row.states, row.changed_at)


def site_of(viewer: Viewer, asset: AssetRef) -> AssetRef:
    """Return the site an asset belongs to; the topmost asset where no site is above it."""
    while asset.kind != "site" and asset.parent_id is not None:
        asset = spine.asset(viewer, asset.parent_id)
    return asset


def _unseen(expected: Expected) -> tuple[Word, ...]:
    return tuple(Word(text, "", meaning, 0.0) for text, meaning in expected.states.items())


def _words(floor: Floor, seen: Look, start: int, end: int) -> tuple[Word, ...]:
    """Return the machine's words by falling time, those set but not seen last."""
    table = frame_queries.frame_table(floor.viewer, [seen.machine.number("execution")], start, end)
    usual = dict(zip(table.text.tolist(), table.state.tolist(), strict=True))
    spent: dict[str, int] = {}
    for text, length in zip(seen.text.tolist(), np.diff(seen.edge).tolist(), strict=True):
        if text:
            spent[text] = spent.get(text, 0) + length
    chosen = seen.machine.expected.states
    rows = [
        Word(text, str(usual.get(text, "unknown")), chosen.get(text, ""), length / (end - start))
        for text, length in sorted(spent.items(), key=lambda item: -item[1])
    ]
    return (*rows, *(word for word in _unseen(seen.machine.expected) if word.text not in spent))


def _cycles(viewer: Viewer, seen: Look, start: int, end: int) -> dict[str, Cycle]:
    counter, program = seen.machine.number("part_count"), seen.machine.number("program")
    if counter < 0:
        return {}
    table = frame_queries.rise_table(viewer, [counter], start, end)
    at = table.of(counter)
    rises = Rises(table.time[at], table.count[at], table.across_gap[at])
    programs = frame_queries.frame_table(viewer, [program] if program >= 0 else [], start, end)
    ran = programs.of(program)
    return observed_cycles(seen.edge, seen.state, rises, programs.start[ran], programs.text[ran].tolist())
