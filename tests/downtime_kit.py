"""A machine on the real historian whose stops want reasons, and people who give them."""

from __future__ import annotations

from chanye.domains.factory.actions import downtime as actions
from chanye.domains.factory.actions.downtime import Choice
from chanye.domains.factory.actions.inbox import receive_entries
from chanye.domains.factory.actions.link import update_stops
from chanye.domains.factory.models import Reason
from chanye.domains.factory.queries import downtime as queries
from chanye.kernel.time import now_us
from chanye.parties.models import Membership, Person
from chanye.parties.types import SYSTEM, Viewer
from factory_kit import GOOD, HOUR, MINUTE, Plant

REASONS = (
    ("breakdown", "设备故障", "Breakdown", "fault"),
    ("material", "缺料", "No material", ""),
    ("no_order", "无订单", "No order", "planned_off"),
    ("setup", "换型", "Set-up", "setup"),
)


class Floor:
    """A machine on the real historian, an operator, and reasons; times are counted from ``t0``, ten hours ago."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.t0 = (now_us() - 10 * HOUR) // MINUTE * MINUTE
        self.machine = plant.machine()
        self.execution = plant.series(self.machine, "execution")
        self.alarm = plant.series(self.machine, "alarm")
        person = Person.objects.create(username="li", name="李师傅")
        Membership.objects.create(person=person, organisation=plant.firm, role="operator")
        self.operator = Viewer(person.pk, plant.firm.pk, frozenset({"operator"}), name="li")
        for code, name, english, element in REASONS:
            Reason.objects.create(
                organisation=plant.firm, tree="downtime", code=code, name=name, name_en=english, element=element
            )

    def at(self, minute: float) -> int:
        return self.t0 + int(minute * MINUTE)

    def show(self, *rows: tuple[float, str]) -> None:
        self.plant.write(self.execution, [(self.at(m), text, GOOD) for m, text in rows])
        while update_stops(actor=SYSTEM, source=self.plant.reader()):
            pass

    def stops(self, *, missing: bool = False) -> list[queries.StopView]:
        ids = [self.machine.id]
        return queries.stops(self.operator, ids, self.t0, now_us(), missing=missing)

    def stops_of(self, asset_id: int) -> list[queries.StopView]:
        return queries.stops(self.operator, [asset_id], self.t0, now_us())

    def told(self) -> list[list[tuple[float, float | None, str]]]:
        """Return the pieces of each stop in minutes."""

        def minute(at: int | None) -> float | None:
            return None if at is None else (at - self.t0) / MINUTE

        return [[(minute(p.start), minute(p.end), p.reason) for p in s.pieces] for s in self.stops()]

    def report(self, key: str, reason: str, start: float, end: float | None) -> str:
        entry = {
            "key": key,
            "kind": "stop",
            "event_at": self.at(9 * 60),
            "place": self.machine.code,
            "reason": reason,
            "start": self.at(start),
            "end": None if end is None else self.at(end),
        }
        (found,) = receive_entries(
            actor=self.operator, organisation_id=self.plant.firm.pk, terminal="T-1", entries=[entry]
        )
        return found.outcome + found.why

    def say(self, stop_id: int, reason: str, start: int | None = None) -> None:
        actions.classify_stops(actor=self.operator, choices=[Choice(stop_id, start)], reason=reason)
