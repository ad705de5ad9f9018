"""What the plant's people report: taps at terminals as work goes on, or a foreman's totals of the shift on paper.

A terminal may be offline for a while: it keeps what was tapped and sends it when it is back, perhaps twice. Its clock
may be off by seconds. Nobody reports what he cannot see.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chanye.twin.parts import MINUTE
from chanye.twin.plant.engine import Plant
from chanye.twin.plant.flow import SECOND
from chanye.twin.plant.layout import STATIONS, ZONES
from chanye.twin.plant.people import person_of, shift_at
from chanye.twin.plant.record import Act, Piece, Span

#: Good pieces are tapped in at least this often; shorter stops are not asked about; how long after the end of a stop
#: its reason is given. [us]
TAP, SHORTEST, ANSWER = 10 * MINUTE, MINUTE, 40 * SECOND
#: How late the foreman's sheet is typed in. [us]
SHEET = 60 * MINUTE
#: States whose reason somebody on the spot knows.
KNOWN = frozenset({"setup", "first", "tool", "fault", "hold", "material", "operator", "minor"})


@dataclass(frozen=True, slots=True)
class Offline:
    """A terminal has no network in ``[start, end)`` (us UTC); ``twice``: then it sends its queue two times."""

    terminal: str
    start: int
    end: int
    twice: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """Something reported: it leaves ``terminal`` at ``send_at`` (us UTC); ``operation`` is (order, step, mending)."""

    send_at: int
    terminal: str
    operation: tuple[int, int, bool] | None
    body: Mapping[str, Any]


@dataclass(slots=True)
class _Pending:
    """Good pieces that the operator has not tapped in yet."""

    order: int
    step: int
    good: int
    first: int
    last: int


@dataclass(slots=True)
class Clerks:
    """Everybody who reports. Ask again and again; each thing is told once.

    Parameters
    ----------
    offline
        When terminals have no network.
    sheets
        On paper: when the foreman counts [us UTC]; the sheet is typed in ``late`` us later.
    skew
        How far each terminal's clock is off [us]; default: up to three seconds either way.
    """

    plant: Plant
    offline: Sequence[Offline] = ()
    sheets: Sequence[int] = ()
    late: int = SHEET
    skew: Mapping[str, int] = field(
        default_factory=lambda: {f"T-{zone}": (i % 7 - 3) * SECOND for i, zone in enumerate(ZONES)}
    )
    _pieces: int = 0
    _acts: int = 0
    _spans: list[int] = field(default_factory=lambda: [0] * len(STATIONS))
    _pending: dict[int, _Pending] = field(default_factory=dict)
    _working: dict[int, tuple[int, int]] = field(default_factory=dict)
    _calls: dict[int, str] = field(default_factory=dict)
    _told: list[Note] = field(default_factory=list)
    _sheet: int = 0

    def collect(self, until: int, *, last: bool = False) -> list[Note]:
        """Return what is reported of everything before ``until`` (us UTC), as far as the plant was played.

        Parameters
        ----------
        last
            Everybody taps in what is left, for nobody asks again.
        """
        self._told = []
        if self.plant.practice.mode == "before":
            self._fill_sheets(until)
        else:
            self._listen(until)
            if last:
                for machine in sorted(self._pending):
                    self._tap(machine, until)
        self._told.sort(key=lambda note: note.send_at)
        return self._told

    # ---- at terminals ----------------------------------------------------------------------------------------
    def _listen(self, until: int) -> None:
        """Go through what happened in the order it happened; people's acts before pieces of the same instant."""
        record = self.plant.record
        acts, pieces = record.acts, record.pieces
        while True:
            act = acts[self._acts] if self._acts < len(acts) and acts[self._acts].time < until else None
            piece = pieces[self._pieces] if self._pieces < len(pieces) and pieces[self._pieces].time < until else None
            if act is not None and (piece is None or act.time <= piece.time):
                self._acts += 1
                self._on_act(act)
            elif piece is not None:
                self._pieces += 1
                self._on_piece(piece)
            else:
                break
        for machine in range(len(STATIONS)):
            self._tell_stops(machine, until)

    def _on_act(self, act: Act) -> None:
        if act.order < 0:
            self._on_help(act)
            return
        self._tap(act.machine, act.time)
        if act.what == "pause":
            self._working.pop(act.machine, None)
            body = {"kind": "pause"}
        else:
            self._working[act.machine] = (act.order, act.step)
            body = {"kind": "start", "phase": act.what}
        self._say(act.time, act.machine, (act.order, act.step, False), body, act.person)

    def _on_help(self, act: Act) -> None:
        """The operator calls maintenance; the technician says that he is there, and that he is done."""
        if act.what == "call":
            body = {"kind": "call", "type": "MAINTENANCE"}
            self._calls[act.machine] = _key(STATIONS[act.machine].code, act.time, None, body)
        else:
            body = {"kind": f"call_{act.what}", "call": self._calls[act.machine]}
        self._say(act.time, act.machine, None, body, act.person)

    def _on_piece(self, one: Piece) -> None:
        if one.what not in ("good", "scrap", "rework", "mended") or one.order < 0:
            return
        where = (one.order, one.step)
        pending = self._pending.get(one.machine)
        if pending is not None and (pending.order, pending.step) != where:
            self._tap(one.machine, one.time)
            pending = None
        if one.what == "good":
            if pending is None:
                pending = self._pending[one.machine] = _Pending(*where, 0, one.time, one.time)
            pending.good += 1
            pending.last = one.time
            if one.time - pending.first >= TAP or self._working.get(one.machine) != where:
                self._tap(one.machine, one.time)
            return
        self._tap(one.machine, one.time)
        if one.what == "mended":
            self._say(one.time, one.machine, (*where, True), {"kind": "output", "good": 1})
        else:
            self._say(one.time, one.machine, (*where, False), {"kind": "output", one.what: 1, "reason": one.reason})

    def _tap(self, machine: int, now: int) -> None:
        """The operator taps in the good pieces since the last tap."""
        pending = self._pending.pop(machine, None)
        if pending is not None:
            where = (pending.order, pending.step, False)
            body = {"kind": "output", "good": pending.good}
            self._say(pending.last, machine, where, body, wait=now - pending.last)

    def _tell_stops(self, machine: int, until: int) -> None:
        """Give the reason of every stop that is over."""
        spans = self.plant.record.spans[machine]
        now = self.plant.record.current[machine][1]
        at = self._spans[machine]
        while at < len(spans):
            stop, following = whole_stop(spans, at)
            goes_on = following == len(spans) and (now.state, now.reason) == (stop.doing.state, stop.doing.reason)
            if goes_on or stop.end >= until:
                break
            at = following
            if stop.doing.state in KNOWN and stop.end - stop.start >= SHORTEST:
                body = {
                    "kind": "stop",
                    "start": stop.start + self._skew(machine),
                    "end": stop.end + self._skew(machine),
                    "reason": stop.doing.reason,
                }
                self._say(stop.end, machine, None, body, wait=ANSWER)
        self._spans[machine] = at

    # ---- on paper --------------------------------------------------------------------------------------------
    def _fill_sheets(self, until: int) -> None:
        """Write the totals of each operation since the last sheet; what was mended counts after it was found bad."""
        pieces = self.plant.record.pieces
        while self._sheet < len(self.sheets) and self.sheets[self._sheet] <= until:
            end = self.sheets[self._sheet]
            upto = bisect_right(pieces, end - 1, key=lambda piece: piece.time)
            totals: dict[tuple[int, int], Counter[str]] = {}
            machines: dict[tuple[int, int], int] = {}
            for one in pieces[self._pieces : upto]:
                if one.order >= 0:
                    totals.setdefault((one.order, one.step), Counter())[one.what] += 1
                    machines[one.order, one.step] = one.machine
            for where in sorted(totals):
                self._write(where, machines[where], totals[where], end - SECOND)  # still in the shift it is about
            self._pieces, self._sheet = upto, self._sheet + 1

    def _write(self, where: tuple[int, int], machine: int, total: Counter[str], end: int) -> None:
        """Write one operation's line of the sheet: what was found bad first, what was mended, what left."""
        foreman = person_of(f"foreman-{STATIONS[machine].line}", shift_at(end).code)
        unknown = {"kind": "output", "reason": "UNKNOWN"}
        if total["rework"]:
            self._say(end, machine, (*where, False), unknown | {"rework": total["rework"]}, foreman, wait=self.late)
        if total["mended"]:
            self._say(
                end, machine, (*where, True), {"kind": "output", "good": total["mended"]}, foreman, wait=self.late
            )
        if total["good"] or total["scrap"]:
            body = {"good": total["good"], "scrap": total["scrap"]}
            self._say(end, machine, (*where, False), unknown | body, foreman, wait=self.late)

    # ---- sending ---------------------------------------------------------------------------------------------
    def _skew(self, machine: int) -> int:
        paper = self.plant.practice.mode == "before"
        return 0 if paper else self.skew.get(f"T-{STATIONS[machine].zone}", 0)

    def _say(
        self,
        time: int,
        machine: int,
        operation: tuple[int, int, bool] | None,
        body: Mapping[str, Any],
        person: str = "",
        wait: int = 0,
    ) -> None:
        station = STATIONS[machine]
        terminal = f"T-{station.zone}"
        mending = operation is not None and operation[2]
        entry = dict(body) | {
            "key": _key(station.code, time, operation, body),
            "event_at": time + self._skew(machine),
            "place": None if mending else station.code.lower(),
            "person": person or person_of(station.zone, shift_at(time).code),
        }
        out = next((o for o in self.offline if o.terminal == terminal and o.start <= time + wait < o.end), None)
        send_at = out.end if out else time + wait
        note = Note(send_at, terminal, operation, entry)
        self._told += [note, note] if out and out.twice else [note]


def _key(machine: str, time: int, operation: tuple[int, int, bool] | None, body: Mapping[str, Any]) -> str:
    """Return a key that is the same however often the plant is played: one machine, one moment, one thing."""
    what = next((word for word in ("rework", "scrap", "good") if body.get(word)), body.get("phase", ""))
    where = "" if operation is None else f"{operation[0]}.{operation[1]}{'m' if operation[2] else ''}"
    return f"{machine}-{time}-{body['kind']}-{what}-{where}"


def whole_stop(spans: Sequence[Span], at: int) -> tuple[Span, int]:
    """Return the span at ``at`` joined with those after it in the same state for the same reason, and the next."""
    first = spans[at]
    following = at + 1
    while following < len(spans):
        doing = spans[following].doing
        if (doing.state, doing.reason) != (first.doing.state, first.doing.reason):
            break
        following += 1
    return Span(first.start, spans[following - 1].end, first.doing), following
