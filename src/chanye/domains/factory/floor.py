"""What is read at once for any number of machines, so that a board costs a handful of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from django.db.models import Q

from chanye.domains.factory.models import CalendarAssignment, MachineSettings, StopPart
from chanye.domains.factory.rules.downtime import KIND, Named, Pieces, name_pieces
from chanye.domains.factory.rules.kpis import DEFAULT_FLOOR, Output, earned_time, time_elements
from chanye.domains.factory.types.machines import Segment, TimeElements
from chanye.kernel.intervals import I64, Intervals
from chanye.kernel.shifts import shift_pattern_from_dict
from chanye.kernel.time import DAY, from_us, to_us
from chanye.parties.prepared import Prepared
from chanye.parties.types import Viewer
from chanye.spine import frame_queries
from chanye.spine import queries as spine
from chanye.spine.frame_queries import FrameTable, RiseTable
from chanye.spine.frames import tile
from chanye.spine.history.types import Latest, Quality
from chanye.spine.store import reader
from chanye.spine.types import AssetRef, SeriesRef

MACHINE_KINDS = ("work_unit", "work_centre")
_ROLES = ("execution", "program", "part_count", "scrap_count", "power", "link")


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of a machine; see ``MachineSettings``."""

    run_time: float | None = None
    run_times: Mapping[str, float] = field(default_factory=dict)
    floor: float = DEFAULT_FLOOR
    states: Mapping[str, str] = field(default_factory=dict)
    changed_at: int = 0


@dataclass(frozen=True, slots=True)
class Machine:
    """An asset with an execution series, and the first series of each role it has."""

    asset: AssetRef
    series: Mapping[str, SeriesRef]
    links: tuple[SeriesRef, ...]
    numbers: tuple[int, ...]
    expected: Expected
    calendar: int | None

    def number(self, role: str) -> int:
        """Return the number of its series of a role, -1 if it has none."""
        return self.series[role].id if role in self.series else -1


@dataclass(frozen=True, slots=True)
class Calendars:
    """Calendars in use: pattern by number, and where they hold."""

    patterns: Mapping[int, Mapping[str, object]]
    holds: Mapping[str, int]
    changed_at: int

    def of(self, path: str) -> int | None:
        """Return the calendar that holds for an asset: its own or the nearest one above."""
        while path:
            if path in self.holds:
                return self.holds[path]
            path = path.rpartition("/")[0]
        return None

    def planned(self, number: int | None, start: int, end: int) -> Intervals:
        """Return planned busy time; all of it where no calendar holds."""
        if number is None:
            return Intervals.from_pairs([(start, end)])
        return shift_pattern_from_dict(self.patterns[number]).planned(start, end)


@dataclass(frozen=True, slots=True)
class Floor:
    """Machines with everything a window needs."""

    viewer: Viewer
    machines: tuple[Machine, ...]
    calendars: Calendars
    newest: Mapping[int, int]
    latest: Latest
    row: Mapping[int, int]

    def fresh(self) -> Floor:
        """Return the same machines with their newest samples as they are now."""
        latest = reader().latest(list(self.row))
        newest = {
            machine.asset.id: max((int(latest.time[self.row[n]]) for n in machine.numbers), default=0)
            for machine in self.machines
        }
        return replace(self, latest=latest, newest=newest)

    def known_until(self, machine: Machine, now: int) -> int:
        """Return the moment up to which silence of a machine means "unchanged" [us UTC].

        A link that is up vouches for its hold; without one, nothing is known after the newest sample.
        """
        known = self.newest.get(machine.asset.id, 0)
        for link in machine.links:
            i = self.row[link.id]
            if self.latest.time[i] and Quality.is_good(self.latest.quality[i : i + 1])[0]:
                known = max(known, int(self.latest.time[i]) + (link.hold or 0))
        return min(known, now)


_assigned = Prepared(
    lambda: CalendarAssignment.objects.values_list(
        "calendar__organisation_id",
        "asset__path",
        "calendar_id",
        "calendar__pattern",
        "changed_at",
        "calendar__changed_at",
    )
)


def load_calendars(viewer: Viewer) -> Calendars:
    """Return the calendars of the viewer's organisation (of all, for the system)."""
    found = [row for row in _assigned() if viewer.system or row[0] == viewer.organisation_id]
    return Calendars(
        {row[2]: row[3] for row in found},
        {row[1]: row[2] for row in found},
        max((max(row[4], row[5]) for row in found), default=0),
    )


def load(viewer: Viewer, assets: Sequence[AssetRef], site_id: int | None = None) -> Floor:
    """Return the machines among some assets, ready to be looked at. A handful of queries, however many there are."""
    ids = [asset.id for asset in assets]
    upper = [site_id] if site_id is not None and site_id not in ids else []
    refs = spine.series_of(viewer, [*ids, *upper], roles=_ROLES)
    numbers = frame_queries.series_numbers(viewer, ids)
    by_asset: dict[int, dict[str, SeriesRef]] = {}
    links: dict[int, list[SeriesRef]] = {}
    for ref in refs:
        if ref.role == "link":
            links.setdefault(ref.asset_id, []).append(ref)
        elif ref.role is not None:
            by_asset.setdefault(ref.asset_id, {}).setdefault(ref.role, ref)
    settings = {
        row.asset_id: Expected(row.run_time, row.run_times, row.coverage_floor, row.states, row.changed_at)
        for row in MachineSettings.objects.filter(asset_id__in=ids)
    }
    calendars = load_calendars(viewer)
    asked = sorted({number for _, number in numbers} | {ref.id for ref in refs})
    latest = spine.latest(viewer, asked)
    row = {number: i for i, number in enumerate(asked)}
    newest: dict[int, int] = {}
    own: dict[int, list[int]] = {}
    for asset_id, number in numbers:
        own.setdefault(asset_id, []).append(number)
        newest[asset_id] = max(newest.get(asset_id, 0), int(latest.time[row[number]]))
    machines = tuple(
        Machine(
            asset,
            by_asset[asset.id],
            tuple(links.get(asset.id) or links.get(site_id or -1) or ()),
            tuple(own.get(asset.id, ())),
            settings.get(asset.id, Expected()),
            calendars.of(asset.path),
        )
        for asset in assets
        if "execution" in by_asset.get(asset.id, {})
    )
    return Floor(viewer, machines, calendars, newest, latest, row)


@dataclass(frozen=True, slots=True)
class Look:
    """One machine over one window.

    ``pieces`` tile the window, each counted as its reason says; ``shown``: as the machine itself says. ``known``: us
    of it that are known; ``planned``: planned busy time; ``across_gap``: parts seen only after a gap.
    """

    machine: Machine
    known_until: int
    pieces: Pieces
    shown: Pieces
    planned: Intervals
    known: int
    program: str
    elements: TimeElements
    output: Output | None
    across_gap: float

    @property
    def edge(self) -> I64:
        """Moments between the pieces [us UTC]."""
        return self.pieces.edge

    @property
    def state(self) -> npt.NDArray[np.object_]:
        """State classes of the pieces."""
        return self.pieces.state

    @property
    def text(self) -> npt.NDArray[np.object_]:
        """What the machine said in each piece."""
        return self.pieces.text

    def strip(self) -> tuple[Segment, ...]:
        """Return the pieces as values."""
        edge = self.edge.tolist()
        columns = zip(edge[:-1], edge[1:], self.state.tolist(), self.text.tolist(), strict=True)
        return tuple(Segment(*row) for row in columns)


def look(floor: Floor, start: int, end: int, now: int) -> list[Look]:
    """Return what each machine did in ``[start, end)`` (us UTC): two reads of frames, the rest is arithmetic."""
    stateful = [n for m in floor.machines for n in (m.number("execution"), m.number("program")) if n >= 0]
    counters = [n for m in floor.machines for n in (m.number("part_count"), m.number("scrap_count")) if n >= 0]
    table = frame_queries.frame_table(floor.viewer, stateful, start, end)
    rises = frame_queries.rise_table(floor.viewer, counters, start, end)
    planned = {number: floor.calendars.planned(number, start, end) for number in {m.calendar for m in floor.machines}}
    named = _named(floor, start, end)
    return [
        _look(floor, m, table, rises, planned[m.calendar], named.get(m.asset.id), (start, end, now))
        for m in floor.machines
    ]


def _named(floor: Floor, start: int, end: int) -> dict[int, Named]:
    """Return the time of stops with a reason by machine."""
    rows = StopPart.objects.filter(asset_id__in=[m.asset.id for m in floor.machines], start__lt=end)
    rows = rows.filter(Q(end=None) | Q(end__gt=start), stop__until__gt=start).exclude(reason=None)
    columns = ("asset_id", "start", "end", "stop__until", "reason_id", "reason__element", "stop__state")
    found: dict[int, list[tuple[int, int, int, str, str]]] = {}
    for asset_id, low, high, until, reason, element, state in rows.order_by("start", "id").values_list(*columns):
        last = until if high is None else high
        found.setdefault(asset_id, []).append((low, last, reason, element, KIND.get(state, "")))
    return {asset_id: _columns(parts) for asset_id, parts in found.items()}


def _columns(parts: Sequence[tuple[int, int, int, str, str]]) -> Named:
    low, high, reason, element, kind = zip(*parts, strict=True)
    start, end, number = (np.array(column, np.int64) for column in (low, high, reason))
    return Named(start, end, number, np.array(element, object), np.array(kind, object))


def _look(
    floor: Floor,
    machine: Machine,
    table: FrameTable,
    rises: RiseTable,
    planned: Intervals,
    named: Named | None,
    when: tuple[int, int, int],
) -> Look:
    start, end, now = when
    at = table.of(machine.number("execution"))
    known_until = floor.known_until(machine, now)
    pieces = tile(table.start[at], table.end[at], (start, end), known_until=known_until)
    # one more entry at the end, which -1 picks: what no frame covers
    texts = np.append(table.text[at], "")
    states = np.append(table.state[at], "unknown")
    for word, meaning in machine.expected.states.items():
        states[:-1][texts[:-1] == word] = meaning
    text = texts[pieces.which]
    shown = Pieces(pieces.edge, states[pieces.which], text, np.zeros(len(text), np.int64))
    counted = shown if named is None else name_pieces(shown.edge, shown.state, text, named)
    elements = time_elements(counted.edge, counted.state, planned)
    known = int(np.diff(counted.edge)[counted.state != "unknown"].sum()) if len(counted.state) else 0
    program = table.of(machine.number("program"))
    output, across_gap = _output(machine, rises, planned, (table.start[program], table.text[program]))
    running = int(np.searchsorted(table.start[program], min(known_until, end), side="right")) - 1
    held = running >= 0 and table.end[program][running] >= min(known_until, end)
    return Look(
        machine,
        known_until,
        counted,
        shown,
        planned,
        known,
        str(table.text[program][running]) if held else "",
        elements,
        output,
        across_gap,
    )


def _output(
    machine: Machine, rises: RiseTable, planned: Intervals, programs: tuple[I64, npt.NDArray[np.object_]]
) -> tuple[Output | None, float]:
    """Return what the counters of a machine say of the window, and how much of it was seen only after a gap."""
    if "part_count" not in machine.series:
        return None, 0.0
    at = rises.of(machine.number("part_count"))
    time, count, gap = rises.time[at], rises.count[at], rises.across_gap[at]
    regular = planned.contains(time) & ~gap
    scrapped = None
    if "scrap_count" in machine.series:
        bad = rises.of(machine.number("scrap_count"))
        mine = planned.contains(rises.time[bad]) & ~rises.across_gap[bad]
        scrapped = float(rises.count[bad][mine].sum())
    start, text = programs
    ran = (
        np.searchsorted(start, time[regular], side="left") - 1
    )  # the program before the rise, not one that begins then
    names = [str(text[i]) if i >= 0 else "" for i in ran.tolist()]
    expected = machine.expected
    earned = earned_time(names, count[regular].tolist(), expected.run_time, dict(expected.run_times))
    if not names and expected.run_time is None and not expected.run_times:
        earned = None
    output = Output(float(count.sum()), float(count[regular].sum()), float(count[~gap].sum()), scrapped, earned)
    return output, float(count[gap].sum())


def day_window(site: AssetRef, now: int) -> tuple[int, int]:
    """Return the calendar day of the site that contains ``now``, midnight to midnight by its own clock."""
    zone = ZoneInfo(site.timezone)
    midnight = from_us(now, zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    following = from_us(to_us(midnight) + DAY + DAY // 4, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return to_us(midnight), to_us(following)
