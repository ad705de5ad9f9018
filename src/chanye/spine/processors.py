"""Processors turn samples into frames; they pull what arrived since their cursor, at their own pace.

A processor is asked for the *writes* that follow from some changes: it reads the historian and the records, decides,
and returns one function. The runner (``frame_actions.run_processor``) calls that function and moves the cursor in
one transaction, so every change is worked exactly once, whatever happens in between. No lock is held while a
processor thinks.

Late, shuffled and corrected samples give the same frames as ordered ones: a processor takes the touched interval with
the samples on both sides of it, computes the intervals anew, and joins them to the frames that stand outside.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Protocol

import numpy as np
from django.db import connection

from chanye.spine.frames import OPEN, Runs, increments, state_runs
from chanye.spine.history.types import Changes, Quality, Samples
from chanye.spine.models import Frame, Series
from chanye.spine.refs import series_ref
from chanye.spine.states import alarm_level, classify
from chanye.spine.types import SeriesRef

if TYPE_CHECKING:
    from chanye.spine.history import Reader

FOREVER = 1 << 62
LONGEST_TEXT = 200

Write = Callable[[], None]


class Processor(Protocol):
    """What the work process runs."""

    name: str

    def process(self, changes: Changes, reader: Reader) -> Write | None:
        """Return the writes that follow from the changes; None if there are none.

        Called outside any transaction; the returned function is called inside one, with the cursor.
        """


@dataclass(frozen=True, slots=True)
class FrameEdit:
    """Frames of one series that start in ``[first, last]`` (us UTC) give way to ``rows``."""

    series: int
    first: int
    last: int
    rows: Sequence[Frame]


def apply(edits: Sequence[FrameEdit]) -> None:
    """Replace frames; call inside a transaction."""
    for edit in edits:
        Frame.objects.filter(series_id=edit.series, start__gte=edit.first, start__lte=edit.last).delete()
    _insert([row for edit in edits for row in edit.rows])


#: What is read of a frame, in the order in which it is inserted.
_READ = attrgetter("asset_id", "series_id", "kind", "start", "end", "text", "state", "quantity")
_INSERT = (
    'INSERT INTO spine_frame (asset_id, series_id, kind, start, "end", text, state, quantity, attributes) '
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
)


def _insert(rows: Sequence[Frame]) -> None:
    """Insert frames by one prepared statement: months of history make hundreds of thousands at once."""
    values = [(*_READ(row), json.dumps(row.attributes) if row.attributes else "{}") for row in rows]
    if values:
        with connection.cursor() as cursor:
            cursor.executemany(_INSERT, values)


class SeriesProcessor:
    """A processor that looks at each changed series of some roles and kinds by itself."""

    name = ""
    roles: frozenset[str] | None = None
    kinds: frozenset[str] = frozenset()

    def takes(self, ref: SeriesRef) -> bool:
        """Return whether the series is of its kinds and roles."""
        return ref.kind in self.kinds and (self.roles is None or ref.role in self.roles)

    def process(self, changes: Changes, reader: Reader) -> Write | None:
        """Work all changed series; see ``Processor``."""
        touched = {
            int(s): (int(a), int(b)) for s, a, b in zip(changes.series, changes.first, changes.last, strict=True)
        }
        rows = Series.objects.filter(id__in=list(touched), kind__in=self.kinds) if touched else []
        mine = [ref for ref in map(series_ref, rows) if self.takes(ref)]
        edits = [self.edit(ref, touched[ref.id], reader, changes.cursor) for ref in mine]
        found = [edit for edit in edits if edit is not None]
        return (lambda: apply(found)) if found else None

    def edit(self, ref: SeriesRef, touched: tuple[int, int], reader: Reader, known_at: int) -> FrameEdit | None:
        """Return what changes for one series; ``touched`` are the first and last changed times, both included."""
        raise NotImplementedError


def _around(reader: Reader, ref: SeriesRef, touched: tuple[int, int], known_at: int) -> Samples:
    """Return the touched samples with one more on each side, as known when the changes were listed."""
    return reader.raw([ref.id], touched[0], touched[1] + 1, bounds=True, known_at=known_at)


def _frame_at(series: int, time: int) -> Frame | None:
    """Return the frame of a series that holds at a moment, or that is an instant there."""
    row = Frame.objects.filter(series_id=series, start__lte=time).order_by("-start").first()
    return row if row is not None and (row.end is None or row.end > time) else None


class StateProcessor(SeriesProcessor):
    """State series become frames: one for each stretch of one text.

    The frames of the role ``execution`` are of kind ``state``; those of other roles carry the role as kind, series
    without a role ``value``. ``attributes.until`` of an open frame is the moment up to which it holds without a new
    sample, where the series has such a limit. [us UTC]
    """

    name = "states"
    kinds = frozenset({"state", "text"})
    #: Free texts change too often to be intervals; a program name does not.
    text_roles = frozenset({"program", "execution", "mode", "link", "availability", "emergency_stop"})

    def wants(self, ref: SeriesRef) -> bool:
        """Return whether the series is worked by this processor."""
        return ref.role != "alarm" and (ref.kind == "state" or ref.role in self.text_roles)

    def keeps(self, text: str) -> bool:
        """Return whether a stretch of this text is a frame."""
        return bool(text.strip())

    def describe(self, ref: SeriesRef, text: str) -> tuple[str, dict[str, object]]:
        """Return the kind and the attributes of a frame."""
        return ("state" if ref.role == "execution" else ref.role or "value"), {}

    def edit(self, ref: SeriesRef, touched: tuple[int, int], reader: Reader, known_at: int) -> FrameEdit | None:
        """Compute the runs of the touched interval and join them to the frames on both sides."""
        if not self.wants(ref):
            return None
        samples = _around(reader, ref, touched, known_at)
        if not len(samples):
            return None
        texts = reader.texts(ref.id)
        runs = state_runs(samples.time, samples.value, samples.quality, hold=ref.hold)
        first, last = int(samples.time[0]), int(samples.time[-1])
        left = _frame_at(ref.id, first) if first < touched[0] else None
        right = _frame_at(ref.id, last) if last > touched[1] else None
        rows = [self._row(ref, runs, i, texts, left, right) for i in range(len(runs))]
        return FrameEdit(ref.id, left.start if left else first, last, [row for row in rows if row is not None])

    def _row(
        self, ref: SeriesRef, runs: Runs, i: int, texts: Sequence[str], left: Frame | None, right: Frame | None
    ) -> Frame | None:
        """Return run i as a frame: the first one may have begun earlier, the last one may go on."""
        code = int(runs.code[i])
        text = texts[code] if 0 <= code < len(texts) else str(code)
        if not self.keeps(text):
            return None
        kind, attributes = self.describe(ref, text)
        start, end, until = int(runs.start[i]), int(runs.end[i]), int(runs.until[i])
        if i == 0 and left is not None:
            start = left.start
        going_on = right.attributes.get("until") if right and right.end is None else None
        if end == OPEN and right is not None:
            stop = right.end
            until = going_on if isinstance(going_on, int) else OPEN
        else:
            stop = None if end == OPEN else end
        if stop is None and until != OPEN:
            attributes = attributes | {"until": until}
        state = classify(text, role=ref.role, states=ref.states)
        return Frame(
            asset_id=ref.asset_id,
            series_id=ref.id,
            kind=kind,
            start=start,
            end=stop,
            text=text[:LONGEST_TEXT],
            state=state,
            attributes=attributes,
        )


class AlarmProcessor(StateProcessor):
    """Series of the role ``alarm``: frames of kind ``alarm`` while something is wrong; ``attributes.level``."""

    name = "alarms"
    roles = frozenset({"alarm"})

    def wants(self, ref: SeriesRef) -> bool:
        """Every series of the role."""
        return True

    def keeps(self, text: str) -> bool:
        """Only what is wrong."""
        return alarm_level(text) != ""

    def describe(self, ref: SeriesRef, text: str) -> tuple[str, dict[str, object]]:
        """Return the kind and the level."""
        return "alarm", {"level": alarm_level(text)}


class CountProcessor(SeriesProcessor):
    """Counters of parts become frames: an instant for each rise, of kind ``count`` (or ``scrap``).

    ``quantity`` pieces appeared at ``start``; ``attributes.since`` is the reading before [us UTC];
    ``across_gap`` (and the state ``unknown``) says that for a part of that time nothing was known, ``reset`` that the
    counter restarted.
    """

    name = "counts"
    kinds = frozenset({"counter", "analog"})
    roles = frozenset({"part_count", "scrap_count"})

    def edit(self, ref: SeriesRef, touched: tuple[int, int], reader: Reader, known_at: int) -> FrameEdit | None:
        """Compute the rises between the good readings on both sides of the touched interval."""
        samples = self._between_good(reader, ref, touched, known_at)
        if not len(samples):
            return None
        rises = increments(samples.time, samples.value, samples.quality, hold=ref.hold)
        kind = "scrap" if ref.role == "scrap_count" else "count"
        last = max(touched[1], int(samples.time[-1]))
        rows = []
        for i in range(len(rises)):
            marks = {"across_gap": bool(rises.across_gap[i]), "reset": bool(rises.reset[i])}
            at = int(rises.time[i])
            rows.append(
                Frame(
                    asset_id=ref.asset_id,
                    series_id=ref.id,
                    kind=kind,
                    start=at,
                    end=at,
                    state="unknown" if rises.across_gap[i] else "",
                    quantity=float(rises.count[i]),
                    attributes={"since": int(rises.since[i])} | {name: True for name, on in marks.items() if on},
                )
            )
        return FrameEdit(ref.id, touched[0], last, rows)

    @staticmethod
    def _between_good(reader: Reader, ref: SeriesRef, touched: tuple[int, int], known_at: int) -> Samples:
        """Return the touched samples, and those on both sides up to the next good one.

        Looks twice as far each time, so that a long outage costs a few reads, not one a sample.
        """
        start, end = touched[0], touched[1] + 1
        samples = reader.raw([ref.id], start, end, bounds=True, known_at=known_at)
        for step in range(22):  # 2**21 hours are 239 years
            good = samples.time[Quality.is_good(samples.quality)]
            reach = 3_600_000_000 << step
            back = len(samples) > 0 and samples.time[0] < start and not np.any(good < touched[0])
            on = len(samples) > 0 and samples.time[-1] >= end and not np.any(good > touched[1])
            if not (back or on):
                break
            start, end = (start - reach if back else start), (end + reach if on else end)
            samples = reader.raw([ref.id], start, end, bounds=True, known_at=known_at)
        good = samples.time[Quality.is_good(samples.quality)]
        before, after = good[good < touched[0]], good[good > touched[1]]
        low, high = (before[-1] if len(before) else touched[0]), (after[0] if len(after) else FOREVER)
        keep = (samples.time >= low) & (samples.time <= high)
        return Samples(*(getattr(samples, name)[keep] for name in ("series", "time", "value", "quality", "arrival")))


def default_processors() -> list[Processor]:
    """Return the spine's own processors, in the order they run."""
    return [StateProcessor(), AlarmProcessor(), CountProcessor()]
