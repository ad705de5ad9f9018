"""What the machine itself says on its terminal: stops that want a reason, pieces that nobody has booked."""

from __future__ import annotations

import json

from chanye.domains.factory.actions.inbox import receive_entries
from chanye.domains.factory.kept import forget
from chanye.domains.factory.queries import terminal as queries
from chanye.kernel.time import now_us
from downtime_kit import Floor
from factory.test_link import Line
from factory_kit import Plant


def test_a_stop_is_asked_for_until_its_reason_is_given(plant: Plant) -> None:
    forget()
    floor = Floor(plant)
    floor.show((0, "ACTIVE"), (10, "FAULT"), (30, "ACTIVE"))
    who, code = floor.operator, floor.machine.code

    def stops() -> list[dict[str, object]]:
        return json.loads(queries.answer(who, code, now=now_us(), language="en")[1])["stops"]

    (stop,) = stops()
    assert (stop["start"], stop["end"], stop["text"]) == (floor.at(10), floor.at(30), "FAULT")
    entry = {"key": "s", "kind": "stop", "event_at": now_us(), "place": code, "reason": "material"}
    entry |= {"start": stop["start"], "end": stop["end"]}
    (said,) = receive_entries(actor=who, organisation_id=plant.firm.pk, terminal="T", entries=[entry])
    assert said.outcome == "booked", said.why
    assert stops() == []  # at once: the tablet forgets what it sent when newer data come


def test_what_the_machine_counted_is_one_tap(db: object, history: object) -> None:
    line = Line(history)
    line.start(10)
    line.show(line.count, (20, 105), (30, 112))
    (count,) = queries.terminal(line.mes.operator, "mes-mill", now=now_us()).counted
    assert (count.operation, count.good) == (line.operation, 12)
    entry = {"key": "a", "kind": "accept", "event_at": now_us(), "place": "mes-mill"}
    entry |= {"operation": line.operation, "good": 12}
    sent = [entry, entry | {"key": "b", "good": 1}]
    found = receive_entries(actor=line.mes.operator, organisation_id=line.mes.firm.pk, terminal="T", entries=sent)
    assert [one.outcome for one in found] == ["booked", "refused"]
    forget()
    assert queries.terminal(line.mes.operator, "mes-mill", now=now_us()).counted == ()
