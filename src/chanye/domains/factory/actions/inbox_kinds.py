"""What an entry of the inbox says, and what books each kind of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

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
from chanye.kernel.errors import ConfigError
from chanye.parties.identity import viewer_for
from chanye.parties.types import Viewer

Handler = Callable[..., str]


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
