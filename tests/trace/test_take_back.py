"""Material taken back leaves everything as if it had never been booked: the oracle is a firm that never booked it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import now_us
from chanye.parties.models import Organisation
from chanye.trace import actions, queries
from chanye.trace.epcis.write import document
from chanye.trace.models import Event, Part
from chanye.trace.queries.epcis import happened
from chanye.trace.types import LotDraft, SerialsDraft, Use
from trace_kit import Firm

pytestmark = pytest.mark.django_db
PIECES = 100

step = st.one_of(
    st.tuples(st.just("put"), st.integers(0, 1), st.integers(1, 9)),
    st.tuples(st.just("leave"), st.integers(1, 20), st.just(0)),
    st.tuples(st.just("late"), st.integers(0, 1), st.integers(1, 9)),
)


class Plant:
    """Books steps of an order: material goes into what is in work, pieces leave; ``never`` is a step not booked."""

    def __init__(self, code: str, steps: list[tuple[str, int, int]], never: int | None = None) -> None:
        self.firm = Firm(Organisation.objects.create(name=code, code=code).pk)
        self.raw = [self.firm.lot(f"R{n}", 200) for n in range(2)]
        self.work, self.left, self.gone = 0, PIECES, []
        for n, (kind, one, two) in enumerate(steps):
            getattr(self, kind)(n, one, two, n != never)

    def put(self, n: int, raw: int, quantity: int, real: bool) -> None:
        inputs = [Use(self.work)] if self.work else []
        draft = LotDraft("work", f"W{n}", self.left)
        facts: dict[str, Any] = {"actor": self.firm.viewer, "key": f"put:{n}", "reference": "O"}
        if real:
            inputs = [Use(self.raw[raw], quantity), *inputs]
        if inputs:
            self.work = actions.consume(inputs=inputs, outputs=[draft], **facts).item
        else:
            made = actions.commission(organisation_id=self.firm.id, drafts=[draft], **facts)
            self.work = made.item

    def leave(self, n: int, pieces: int, _two: int, _real: bool) -> None:
        pieces = min(pieces, self.left - 1)
        if self.work and pieces:
            self.left -= pieces
            self.gone.append(self.firm.consume({self.work: pieces}, [LotDraft("part", f"L{n}", pieces)]).item)

    def late(self, n: int, raw: int, quantity: int, real: bool) -> None:
        for lot in self.gone[-2:] if real else ():
            added = [Use(self.raw[raw], quantity)]
            actions.rework(actor=self.firm.viewer, item=lot, key=f"put:{n}:{lot}", added=added, reference="O")

    def told(self) -> dict[str, object]:
        """Return of every item its balance, what it went into and what went into it, with quantities, by name."""
        out: dict[str, object] = {}
        for number in [*self.raw, self.work, *self.gone]:
            if not number:
                continue
            item = queries.item(self.firm.viewer, number)
            found = [item.left, item.made, item.consumed, item.status]
            for walk in (queries.forward, queries.backward):
                reach = walk(self.firm.viewer, number)
                names = [one.code for one in queries.items(self.firm.viewer, reach.items.tolist())]
                found.append(dict(zip(names, reach.quantity.round(6).tolist(), strict=True)))
            out[item.code] = found
        return out


@settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(step, min_size=1, max_size=8), which=st.integers(0, 7))
def test_all_is_as_if_it_had_never_been_booked(db: None, steps: list[tuple[str, int, int]], which: int) -> None:
    number = Organisation.objects.count()
    mine = Plant(f"real-{number}", steps)
    booked = [n for n, (kind, _one, _two) in enumerate(steps) if _is_booked(mine, n, kind)]
    if not booked:
        return
    wrong = booked[which % len(booked)]
    actions.take_back(
        actor=mine.firm.viewer, item=mine.raw[steps[wrong][1]], was=f"put:{wrong}", reference="O", key="back"
    )
    assert mine.told() == Plant(f"never-{number}", steps, wrong).told()


def _is_booked(plant: Plant, n: int, kind: str) -> bool:
    keys = Event.objects.filter(organisation_id=plant.firm.id).values_list("key", flat=True)
    return kind != "leave" and any(key == f"put:{n}" or key.startswith(f"put:{n}:") for key in keys)


@pytest.fixture
def plant() -> Plant:
    return Plant("one", [("put", 0, 60), ("put", 1, 5), ("leave", 40, 0)])


def back(plant: Plant, n: int = 0, item: int | None = None, **more: Any) -> Any:
    facts = {"was": f"put:{n}", "reference": "O", "key": f"back:{n}"} | more
    return actions.take_back(actor=plant.firm.viewer, item=plant.raw[n] if item is None else item, **facts)


def test_it_is_taken_back_once_and_a_repetition_changes_nothing(plant: Plant) -> None:
    (first,) = back(plant)
    parts = Part.objects.count()
    assert queries.item(plant.firm.viewer, plant.raw[0]).left == 200
    with pytest.raises(ConfigError, match="taken back already"):
        back(plant, key="again")
    with pytest.raises(ConfigError, match="taken back already"):
        back(plant, item=plant.raw[1], key="other")
    assert (queries.item(plant.firm.viewer, plant.raw[0]).left, Part.objects.count()) == (200, parts)
    (again,) = back(plant)
    assert (again.event_id, again.repeated) == (first.event_id, True)


def test_what_it_did_not_go_into_is_refused(plant: Plant) -> None:
    other = Firm(Organisation.objects.create(name="two", code="two").pk)
    with pytest.raises(DeniedError):
        actions.take_back(actor=other.viewer, item=plant.raw[0], was="put:0", reference="O", key="x")
    for more in ({"was": "put:9"}, {"was": "put:00"}, {"reference": "P"}):
        with pytest.raises(ConfigError, match="was not booked into this"):
            back(plant, **more)


def test_what_left_the_house_or_is_blocked_stays_on_record(plant: Plant) -> None:
    firm = plant.firm
    actions.block(actor=firm.viewer, items=plant.raw[0], reason="cracks", key="b")
    with pytest.raises(ConfigError, match="R0 is blocked"):
        back(plant)
    actions.release(actor=firm.viewer, items=plant.raw[0], reason="fine", key="r")
    actions.ship(actor=firm.viewer, items=plant.gone[0], to="长安", key="s")
    with pytest.raises(ConfigError, match="L2 was made with it and shipped to 长安"):
        back(plant)
    assert queries.item(firm.viewer, plant.raw[0]).left == 140
    actions.receive(actor=firm.viewer, items=plant.gone[0], place_id=firm.place("dock"), key="c")
    assert back(plant)
    assert queries.item(firm.viewer, plant.raw[0]).left == 200


def test_a_lot_used_up_and_a_serial_are_here_again(plant: Plant) -> None:
    firm = plant.firm
    lot, piece = firm.lot("ALL", 3), firm.serials(1, "N")[0]
    actions.consume(
        actor=firm.viewer,
        inputs=[Use(lot), Use(piece)],
        outputs=[SerialsDraft("unit", serials=("U",))],
        key="put:5",
        reference="O",
    )
    back(plant, 0, lot, was="put:5", key="a")
    with pytest.raises(ConfigError, match="taken back already"):
        back(plant, 0, lot, was="put:5", key="b")
    found = queries.items(firm.viewer, [lot, piece])
    assert [(one.left, one.status) for one in found] == [(3, "active"), (0, "consumed")]


def test_the_wrong_event_is_told_with_an_error_declaration(plant: Plant) -> None:
    """EPCIS 2.0, 7.4.1: the event as it was, declared wrong, and the identifier of the one that corrects it."""
    (made,) = back(plant)
    told = document("one", happened(plant.firm.viewer)[0], now_us())["epcisBody"]["eventList"]
    (wrong,) = [one for one in told if "errorDeclaration" in one]
    right = told[-1]
    assert wrong["errorDeclaration"]["correctiveEventIDs"] == [right["eventID"]]
    assert wrong["inputQuantityList"][0]["quantity"] == 60
    assert (right["eventTime"], right["type"]) == (wrong["eventTime"], "ObjectEvent")
    assert right["quantityList"] == wrong["outputQuantityList"]
    assert made.event_id == Event.objects.order_by("id").last().pk
    roles = {part.role for one in queries.events(plant.firm.viewer, item_id=plant.raw[0]) for part in one.parts}
    assert "void_input" in roles
    other = Firm(Organisation.objects.create(name="two", code="two").pk)
    events = [{k: v for k, v in one.items() if k != "bizLocation"} for one in told]
    body = {
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "epcisBody": {"eventList": [*events[:2], *_sorted(events)]},
    }
    actions.capture(actor=other.viewer, organisation_id=other.id, document=body)
    (raw,) = queries.find(other.viewer, "R0")
    assert raw.left == 200
    stands = Event.objects.get(organisation_id=other.id, uid=events[3]["eventID"])
    assert stands.verb == "consume"


def _sorted(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what follows the raw lots, the correction before what was made of it."""
    return [events[-1], *events[2:-1]]
