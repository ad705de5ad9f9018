"""The inbox: what terminals, scanners and other systems send, booked once each, whatever the network does.

An entry carries a key of the sender's choice and the time it happened. It is stored whatever becomes of it: booked,
or refused with what to do next; a refused one waits for the line leader, who books it anew or discards it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from chanye.domains.factory.actions import (
    andon,
    bookings,
    consumption,
    downtime,
    instructions,
    link,
    maintenance_work,
    quality,
)
from chanye.domains.factory.actions.bookings import Report
from chanye.domains.factory.models import InboxEntry
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import DAY, now_us
from chanye.parties import queries as parties
from chanye.parties.audit import record
from chanye.parties.identity import viewer_for
from chanye.parties.prepared import Prepared
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine

#: How far a sender's clock may be ahead, and how late an entry may come. [us]
AHEAD, LATEST = 120_000_000, 31 * DAY
MOST_ENTRIES = 500
LONGEST_BODY = 20_000
DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing reported. ``body``: the members of its kind, as sent."""

    organisation_id: int
    key: str
    kind: str
    event_at: int
    received_at: int
    place_id: int | None
    person_id: int | None
    terminal: str
    body: Mapping[str, Any]

    @property
    def report(self) -> Report:
        """Who, where and when, as the booking actions take it."""
        note = self.body.get("note")
        note = note if isinstance(note, str) else ""
        return Report(
            self.event_at,
            self.received_at,
            self.place_id,
            self.person_id,
            "terminal",
            note,
        )

    def whole(self, name: str, default: int | None = None) -> int:
        """Return a member that is a whole number."""
        value = self.body.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not -(1 << 53) < value < 1 << 53:
            raise ConfigError(_("“%(name)s” must be a whole number.") % {"name": name})
        return value

    def text(self, name: str, default: str | None = "") -> str:
        """Return a member that is text; None is the default."""
        value = self.body.get(name)
        value = default if value is None else value
        if not isinstance(value, str) or "\x00" in value or len(value) > 2000:
            raise ConfigError(_("“%(name)s” must be text.") % {"name": name})
        return value

    def texts(self, name: str) -> list[str]:
        """Return a member that is a list of texts; none is an empty list."""
        value = self.body.get(name)
        found = [] if value is None else value
        if not isinstance(found, list) or not all(isinstance(one, str) and len(one) <= 100 for one in found):
            raise ConfigError(_("“%(name)s” must be a list of texts.") % {"name": name})
        return found

    def members(self, name: str) -> Mapping[str, Any]:
        """Return a member that is an object; none is an empty one."""
        value = self.body.get(name)
        if value is not None and not isinstance(value, dict):
            raise ConfigError(_("“%(name)s” must be an object.") % {"name": name})
        return value or {}

    def number(self, name: str) -> float:
        """Return a member that is a number."""
        value = self.body.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e15:
            raise ConfigError(_("“%(name)s” must be a number.") % {"name": name})
        return float(value)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an entry: ``booked``, ``already`` or ``refused``; ``target`` names what was made."""

    key: str
    outcome: str
    why: str = ""
    target: str = ""


Handler = Callable[..., str]

_by_key = Prepared(lambda organisation, key: InboxEntry.objects.filter(organisation_id=organisation, key=key))


def receive_entries(
    *,
    actor: Viewer,
    organisation_id: int,
    terminal: str,
    entries: Sequence[Mapping[str, Any]],
    now: int | None = None,
) -> list[Outcome]:
    """Book entries in the order given, each in a transaction of its own; return what became of each.

    Parameters
    ----------
    entries
        Each with ``key``, ``kind``, ``event_at`` [us UTC], ``place`` (code or number of an asset), optional
        ``person`` (badge), and the members of its kind.
    now
        us UTC; the present if not given.

    Raises
    ------
    ConfigError
        If there are too many at once.
    DeniedError
        If the actor may not report there.
    """
    require(actor, "report_output", organisation_id)
    if len(entries) > MOST_ENTRIES:
        raise ConfigError(_("Send at most %(most)s entries at once.") % {"most": MOST_ENTRIES})
    at = now_us() if now is None else now
    return [_receive(actor, organisation_id, terminal, raw, at) for raw in entries]


def _receive(actor: Viewer, organisation_id: int, terminal: str, raw: Mapping[str, Any], now: int) -> Outcome:
    key, kind = raw.get("key"), raw.get("kind")
    if not isinstance(key, str) or not 0 < len(key) <= 64 or "\x00" in key:
        return Outcome(str(key)[:64], "refused", _("Each entry needs a key of 1 to 64 characters."))
    try:
        text = "\\u0000" if _deeper(raw, DEEPEST) else json.dumps(raw, sort_keys=True, allow_nan=False)
    except ValueError:
        return Outcome(key, "refused", _("A number in it is none: NaN and infinity cannot be booked."))
    if len(text) > LONGEST_BODY or "\\u0000" in text:
        return Outcome(key, "refused", _("The entry is too long, or holds characters that cannot be stored."))
    digest = hashlib.sha256(text.encode()).hexdigest()
    row = InboxEntry(
        organisation_id=organisation_id,
        key=key,
        digest=digest,
        kind=str(kind)[:32],
        terminal=terminal[:64],
        body=dict(raw),
        event_at=_moment(raw, now),
        received_at=now,
        outcome="booked",
    )
    try:
        with transaction.atomic():
            known = _by_key.one(organisation=organisation_id, key=key)
            return _again(known, digest) if known else _book(actor, row)
    except IntegrityError:  # the same key came in by another door at the same moment
        known = InboxEntry.objects.filter(organisation_id=organisation_id, key=key).first()
        if known is None:
            raise
        return _again(known, digest)


def _deeper(value: object, levels: int) -> bool:
    """Tell whether lists and objects lie in each other deeper than anything that is reported."""
    inner = list(value.values()) if isinstance(value, Mapping) else value if isinstance(value, list) else []
    return bool(inner) and (levels == 0 or any(_deeper(one, levels - 1) for one in inner))


def _again(known: InboxEntry, digest: str) -> Outcome:
    if known.digest != digest:
        return Outcome(known.key, "refused", _("This key was used for something else: use a new key for each entry."))
    if known.outcome == "refused":
        return Outcome(known.key, "refused", known.why)
    return Outcome(known.key, "already", known.why, known.target)


def _book(actor: Viewer, row: InboxEntry) -> Outcome:
    """Book a new entry and store it; a refusal undoes the booking, never the entry."""
    try:
        with transaction.atomic():
            row.target = _handle(actor, row)
    except (ConfigError, DeniedError) as problem:
        row.outcome, row.why = "refused", str(problem)
    row.save(force_insert=True)
    return Outcome(row.key, row.outcome, row.why, row.target)


def _handle(actor: Viewer, row: InboxEntry) -> str:
    handler = KINDS.get(row.kind)
    if handler is None:
        raise ConfigError(_("There is no kind %(kind)s of entry.") % {"kind": row.kind})
    raw = row.body
    if not isinstance(raw.get("event_at"), int) or isinstance(raw.get("event_at"), bool):
        raise ConfigError(_("Each entry needs event_at: microseconds since 1970 in UTC."))
    if row.event_at > row.received_at + AHEAD:
        raise ConfigError(_("It is dated in the future: set the clock of the terminal, then book again."))
    if row.event_at < row.received_at - LATEST:
        raise ConfigError(_("It is dated more than 31 days back: check the clock of the terminal."))
    row.place_id = _place(actor, row.organisation_id, raw.get("place"))
    row.person_id = _person(actor, row.organisation_id, raw.get("person"))
    entry = Entry(
        row.organisation_id,
        row.key,
        row.kind,
        row.event_at,
        row.received_at,
        row.place_id,
        row.person_id,
        row.terminal,
        raw,
    )
    return handler(actor=actor, entry=entry)


def _moment(raw: Mapping[str, Any], now: int) -> int:
    value = raw.get("event_at")
    return value if isinstance(value, int) and 0 <= value < 1 << 62 else now


def _place(actor: Viewer, organisation_id: int, place: object) -> int | None:
    if place is None or place == "":
        return None
    found = None
    if isinstance(place, int) and not isinstance(place, bool):
        found = spine.asset(actor, place)
    elif isinstance(place, str):
        found = spine.asset_by_code(actor, organisation_id, place)
    if found is None or found.organisation_id != organisation_id:
        raise ConfigError(_("There is no machine or work centre %(place)s: scan its label.") % {"place": place})
    return found.id


def _person(actor: Viewer, organisation_id: int, badge: object) -> int | None:
    if badge is None or badge == "":
        return actor.person_id
    found = parties.member_by_badge(actor, organisation_id, badge) if isinstance(badge, str) else None
    if found is None:
        raise ConfigError(_("Nobody here has the badge %(badge)s: sign in again.") % {"badge": badge})
    return found


@transaction.atomic
def settle_entry(*, actor: Viewer, entry_id: int, note: str, discard: bool = False) -> None:
    """Close a refused entry: what it said was booked otherwise, or is discarded; say which and why.

    Raises
    ------
    ConfigError
        If it is not open, or there is no note.
    DeniedError
        If there is no such entry for the actor, or the permission is missing.
    """
    row = InboxEntry.objects.select_for_update().filter(id=entry_id).first()
    if row is None or not (actor.system or row.organisation_id == actor.organisation_id):
        raise DeniedError(_("There is no such entry, or it belongs to another organisation."))
    require(actor, "settle_entries", row.organisation_id)
    if row.outcome != "refused":
        raise ConfigError(_("This entry is settled already."))
    if not note.strip():
        raise ConfigError(_("Say what was done about it."))
    row.outcome = "discarded" if discard else "settled"
    row.settlement, row.settled_at, row.settled_by_id = note.strip()[:500], now_us(), actor.person_id
    row.save()
    record(
        actor=actor,
        verb="settle_entry",
        target=f"entry:{row.pk}",
        detail={"key": row.key, "outcome": row.outcome, "note": row.settlement},
        organisation_id=row.organisation_id,
    )


def _start(*, actor: Viewer, entry: Entry) -> str:
    phase = entry.text("phase", "run")
    made = bookings.start_operation(actor=actor, operation_id=entry.whole("operation"), at=entry.report, phase=phase)
    return f"booking:{made}"


def _pause(*, actor: Viewer, entry: Entry) -> str:
    reason = entry.text("reason")
    made = bookings.pause_operation(
        actor=actor, operation_id=entry.whole("operation"), at=entry.report, reason=reason
    )
    return f"booking:{made}"


def _leave(*, actor: Viewer, entry: Entry) -> str:
    return bookings.leave_operation(actor=actor, operation_id=entry.whole("operation"), at=entry.report)


def _finish(*, actor: Viewer, entry: Entry) -> str:
    return f"booking:{bookings.finish_operation(actor=actor, operation_id=entry.whole('operation'), at=entry.report)}"


def _output(*, actor: Viewer, entry: Entry) -> str:
    made = bookings.report_output(
        actor=actor,
        operation_id=entry.whole("operation"),
        at=entry.report,
        good=entry.whole("good", 0),
        scrap=entry.whole("scrap", 0),
        rework=entry.whole("rework", 0),
        reason=entry.text("reason"),
        lot=entry.text("lot"),
        serials=entry.texts("serials"),
    )
    return f"booking:{made}"


def _counter(*, actor: Viewer, entry: Entry) -> str:
    first, last, scrap = entry.whole("from"), entry.whole("to"), entry.whole("scrap", 0)
    if first < 0 or last < first:
        raise ConfigError(_("The end reading must not be smaller than the start reading."))
    made = bookings.report_output(
        actor=actor,
        operation_id=entry.whole("operation"),
        at=entry.report,
        good=last - first - scrap,
        scrap=scrap,
        reason=entry.text("reason"),
        lot=entry.text("lot"),
    )
    return f"booking:{made}"


def _correct(*, actor: Viewer, entry: Entry) -> str:
    return f"booking:{bookings.correct_output(actor=actor, booking_id=entry.whole('booking'), at=entry.report)}"


def _hold(*, actor: Viewer, entry: Entry) -> str:
    made = bookings.hold_operation(
        actor=actor, operation_id=entry.whole("operation"), at=entry.report, reason=entry.text("reason")
    )
    return f"operation:{made}"


def _release_hold(*, actor: Viewer, entry: Entry) -> str:
    return f"operation:{bookings.release_hold(actor=actor, operation_id=entry.whole('operation'), at=entry.report)}"


def _consume(*, actor: Viewer, entry: Entry) -> str:
    made = consumption.consume_material(
        actor=actor,
        operation_id=entry.whole("operation"),
        at=entry.report,
        material=entry.text("material"),
        quantity=entry.number("quantity"),
        lot=entry.text("lot"),
    )
    return f"consumption:{made}"


def _correct_consumption(*, actor: Viewer, entry: Entry) -> str:
    made = consumption.correct_consumption(actor=actor, consumption_id=entry.whole("consumption"), at=entry.report)
    return f"consumption:{made}"


def _measure(*, actor: Viewer, entry: Entry) -> str:
    """Values of an inspection: the one named, or the open one of an operation (by plan, if several are)."""
    number = entry.body.get("inspection")
    if number is None:
        number = quality.find_open(actor=actor, operation_id=entry.whole("operation"), plan=entry.text("plan"))
    values = entry.body.get("values")
    if not isinstance(values, dict) or isinstance(number, bool) or not isinstance(number, int):
        raise ConfigError(_("“values” must say characteristic by characteristic what was measured."))
    quality.record_values(
        actor=actor,
        inspection_id=number,
        values=values,
        event_at=entry.event_at,
        received_at=entry.received_at,
        person_id=entry.person_id,
        extra=quality.With(
            entry.text("serial") or entry.text("lot"),
            entry.text("note"),
            entry.members("gauges"),
            entry.members("pictures"),
        ),
    )
    return f"inspection:{number}"


def _call(*, actor: Viewer, entry: Entry) -> str:
    made = andon.raise_call(
        actor=actor,
        organisation_id=entry.organisation_id,
        key=entry.key,
        kind=entry.text("type") or "",
        at=entry.report,
    )
    return f"call:{made}"


def _which_call(entry: Entry) -> int | str:
    """Return the number of a call, or the key of the entry that raised it."""
    call = entry.body.get("call")
    if isinstance(call, bool) or not isinstance(call, int | str) or len(str(call)) > 64:
        raise ConfigError(_("“%(name)s” must be the number of a call, or the key of its entry.") % {"name": "call"})
    return call


def _answer_call(*, actor: Viewer, entry: Entry) -> str:
    call = _which_call(entry)
    made = andon.answer_call(actor=actor, organisation_id=entry.organisation_id, call=call, at=entry.report)
    return f"call:{made}"


def _close_call(*, actor: Viewer, entry: Entry) -> str:
    call = _which_call(entry)
    return f"call:{andon.close_call(actor=actor, organisation_id=entry.organisation_id, call=call, at=entry.report)}"


def _confirm(*, actor: Viewer, entry: Entry) -> str:
    made = instructions.confirm_instruction(
        actor=actor,
        organisation_id=entry.organisation_id,
        operation_id=entry.whole("operation"),
        version=entry.whole("version"),
        at=entry.report,
    )
    return f"instruction:{made}"


def _handover(*, actor: Viewer, entry: Entry) -> str:
    made = andon.write_handover(
        actor=actor, organisation_id=entry.organisation_id, shift=entry.text("shift"), at=entry.report
    )
    return f"handover:{made}"


def _stop(*, actor: Viewer, entry: Entry) -> str:
    end = None if entry.body.get("end") is None else entry.whole("end")
    said = downtime.report_stop(
        actor=actor,
        organisation_id=entry.organisation_id,
        at=entry.report,
        start=entry.whole("start", entry.event_at),
        end=end,
        reason=entry.text("reason"),
    )
    return f"stop_label:{said.pk}"


def _accept(*, actor: Viewer, entry: Entry) -> str:
    made = link.accept_output(
        actor=actor,
        operation_id=entry.whole("operation"),
        at=entry.report,
        good=entry.whole("good", 0),
        scrap=entry.whole("scrap", 0),
        reason=entry.text("reason"),
    )
    return f"booking:{made}"


def _maintenance(*, actor: Viewer, entry: Entry) -> str:
    """Do something on a maintenance order: ``do`` is start, step (default), part, wait or finish."""
    worker = actor
    if entry.person_id is not None and entry.person_id != actor.person_id:
        worker = viewer_for(entry.person_id, entry.organisation_id)
    return maintenance_work.do_entry(
        actor=worker,
        order_id=entry.whole("work_order"),
        do=entry.text("do") or "step",
        members=entry.body,
        note=entry.text("note") or "",
    )


#: Kind of entry -> what books it. Handlers raise ConfigError or DeniedError to refuse.
KINDS: dict[str, Handler] = {
    "start": _start,
    "pause": _pause,
    "leave": _leave,
    "finish": _finish,
    "output": _output,
    "counter": _counter,
    "correct": _correct,
    "hold": _hold,
    "release_hold": _release_hold,
    "consume": _consume,
    "correct_consumption": _correct_consumption,
    "stop": _stop,
    "accept": _accept,
    "measure": _measure,
    "call": _call,
    "call_answer": _answer_call,
    "call_close": _close_call,
    "handover": _handover,
    "confirm": _confirm,
    "maintenance": _maintenance,
}
