"""Every write: what it does to items, what it refuses, and that the same key books once."""

from __future__ import annotations

from decimal import Decimal

import pytest

from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import DAY, HOUR, now_us
from chanye.parties.audit import verify_chain
from chanye.parties.models import AuditEntry
from chanye.parties.types import Viewer
from chanye.trace import actions, queries
from chanye.trace.models import Event
from chanye.trace.types import ContainerDraft, LotDraft, More, SerialsDraft, Use
from trace_kit import Firm


def act(firm: Firm, verb: str, **more):
    return getattr(actions, verb)(actor=firm.viewer, key=firm.key(), **more)


def boxes(firm: Firm, *codes: str) -> list[int]:
    drafts = [ContainerDraft(code) for code in codes]
    return [r.start for r in act(firm, "commission_containers", organisation_id=firm.id, containers=drafts).items]


def test_what_is_used_can_never_exceed_what_is_there(firm: Firm) -> None:
    lot = firm.lot("H1", "10.5")
    firm.consume({lot: "10.25"}, [LotDraft("blank", "B", 1)])
    with pytest.raises(ConfigError, match=r"0\.25"):
        firm.consume({lot: "0.26"}, [LotDraft("blank", "C", 1)])
    with pytest.raises(ConfigError):
        firm.consume([Use(lot, "0.2"), Use(lot, "0.2")], [LotDraft("blank", "C", 1)])
    firm.consume({lot: None}, [LotDraft("blank", "C", 1)])
    assert queries.item(firm.viewer, lot).status == "consumed"
    with pytest.raises(ConfigError):
        firm.consume({lot: None}, [LotDraft("blank", "D", 1)])


def test_a_refused_booking_leaves_nothing_behind(firm: Firm) -> None:
    lot = firm.lot("H1", 10)
    events, rows = Event.objects.count(), AuditEntry.objects.count()
    with pytest.raises(ConfigError):
        firm.consume({lot: 5}, [SerialsDraft("part", serials=("A", "B", "A"))])
    assert (Event.objects.count(), AuditEntry.objects.count()) == (events, rows)
    assert queries.item(firm.viewer, lot).left == 10
    assert queries.find(firm.viewer, "A") == []


def test_a_reused_serial_is_refused_and_named(firm: Firm) -> None:
    firm.serials(5, "S")
    with pytest.raises(ConfigError, match="S5"):
        act(firm, "commission_serials", organisation_id=firm.id, material_code="part", serials=("X", "S5"))
    # Another material may have the same number.
    firm.serials(1, "S", "other part")
    assert len(queries.find(firm.viewer, "S1")) == 2


@pytest.mark.parametrize("quantity", ["-1", "0", "nan", "inf", "1e30", "0.0000001", "x", None])
def test_wrong_quantities(firm: Firm, quantity: object) -> None:
    with pytest.raises(ConfigError):
        firm.lot("L", quantity)


def test_the_same_key_books_once(firm: Firm) -> None:
    lot = firm.lot("H1", 10)
    call = {"inputs": [Use(lot, 4)], "outputs": [SerialsDraft("part", count=4, prefix="P")], "key": "tap"}
    first = actions.consume(actor=firm.viewer, **call)
    again = actions.consume(actor=firm.viewer, **call)
    assert again.repeated
    assert (again.event_id, again.items) == (first.event_id, first.items)
    assert queries.item(firm.viewer, lot).left == 6
    with pytest.raises(ConfigError):
        actions.consume(actor=firm.viewer, **(call | {"inputs": [Use(lot, 5)]}))
    assert verify_chain().sound


def test_split_and_merge_keep_the_material_and_the_quantity(firm: Firm) -> None:
    lot = firm.lot("H1", 100)
    one, two = (
        r.start
        for r in act(
            firm, "split", item=lot, into=[LotDraft("steel", "H1a", 30, "kg"), LotDraft("steel", "H1b", 20, "kg")]
        ).items
    )
    assert [queries.item(firm.viewer, i).left for i in (lot, one, two)] == [50, 30, 20]
    with pytest.raises(ConfigError):
        act(firm, "split", item=lot, into=[LotDraft("brass", "H1c", 1, "kg")])
    with pytest.raises(ConfigError):
        act(firm, "split", item=lot, into=[LotDraft("steel", "H1c", 51, "kg")])
    whole = act(firm, "merge", inputs=[Use(one), Use(two, 5)], lot="M").item
    assert queries.item(firm.viewer, whole).made == 35
    assert queries.item(firm.viewer, whole).unit == "kg"
    assert set(queries.backward(firm.viewer, whole).items.tolist()) == {lot, one, two, whole}
    with pytest.raises(ConfigError):
        act(firm, "merge", inputs=[Use(whole), Use(firm.lot("X", 1, "brass"))], lot="N")


def test_more_of_a_lot_that_is_there(firm: Firm) -> None:
    raw = firm.lot("R", 10)
    lot = firm.consume({raw: 4}, [LotDraft("steel", "F", 2, "kg")]).item
    firm.consume({lot: 2}, [LotDraft("box", "B", 1)])
    assert queries.item(firm.viewer, lot).status == "consumed"
    firm.consume({raw: 6}, [More(lot, 3)])
    seen = queries.item(firm.viewer, lot)
    assert (seen.made, seen.left, seen.status) == (5, 3, "active")


def test_rework_keeps_the_number_and_the_new_part_is_found(firm: Firm) -> None:
    motor, spare = firm.serials(2, "M", "motor")
    unit = firm.consume([Use(motor)], [SerialsDraft("unit", serials=("U",))]).item
    taken_out = act(
        firm,
        "rework",
        item=unit,
        added=[Use(spare)],
        removed=[SerialsDraft("motor", serials=("M1-used",))],
    ).item
    assert set(queries.forward(firm.viewer, spare).items.tolist()) == {spare, unit, taken_out}
    assert set(queries.backward(firm.viewer, unit).items.tolist()) == {motor, spare, unit}
    assert queries.item(firm.viewer, unit).status == "active"
    with pytest.raises(ConfigError):
        act(firm, "rework", item=unit, added=[Use(unit)])


def test_an_item_is_in_one_container_at_a_time(firm: Firm) -> None:
    units = firm.serials(10, "U")
    one, two = boxes(firm, "BOX-1", "106141412345678908")
    act(firm, "pack", container=one, items=units[:5])
    with pytest.raises(ConfigError, match="BOX-1"):
        act(firm, "pack", container=two, items=units[4:])
    act(firm, "repack", container=two, items=units[4:])
    assert queries.item(firm.viewer, units[4]).container.id == two
    act(firm, "unpack", container=two, items=units[5])
    assert queries.item(firm.viewer, units[5]).container is None
    with pytest.raises(ConfigError):
        act(firm, "unpack", container=two, items=units[5])
    act(firm, "pack", container=one, items=two)
    with pytest.raises(ConfigError, match="itself"):
        act(firm, "pack", container=two, items=one)
    assert set(queries.forward(firm.viewer, one).items.tolist()) == {*units[:5], *units[6:]}


def test_a_wrong_sscc_is_refused(firm: Firm) -> None:
    with pytest.raises(ConfigError, match="should end with 8"):  # check digit: GS1's own example 1 0614141 234567890
        boxes(firm, "106141412345678901")


def test_shipping_takes_along_what_is_inside_and_a_return_brings_it_back(firm: Firm) -> None:
    units = firm.serials(10, "U")
    box, pallet = boxes(firm, "B", "P")
    act(firm, "pack", container=box, items=units)
    act(firm, "pack", container=pallet, items=box)
    with pytest.raises(ConfigError):
        act(firm, "ship", items=units[3], to="Changan")
    act(firm, "block", items=units[3], reason="crack")
    with pytest.raises(ConfigError, match="crack"):
        act(firm, "ship", items=pallet, to="Changan")
    act(firm, "release", items=units[3], reason="rechecked")
    act(firm, "ship", items=pallet, to="Changan", reference="DN-7")
    seen = queries.item(firm.viewer, units[9])
    assert (seen.status, seen.holder, seen.container.id) == ("shipped", "Changan", box)
    with pytest.raises(ConfigError, match="Changan"):
        firm.consume([Use(units[0])], [LotDraft("x", "x", 1)])
    with pytest.raises(ConfigError):
        act(firm, "move", items=units[0], place_id=firm.place("store"))
    act(firm, "receive", items=box, place_id=firm.place("store"), source="Changan")
    seen = queries.item(firm.viewer, units[9])
    assert (seen.status, seen.holder, seen.place) == ("active", "", "store")
    assert queries.item(firm.viewer, pallet).status == "shipped"
    assert queries.item(firm.viewer, box).container is None


def test_blocked_items_cannot_be_used(firm: Firm) -> None:
    lot = firm.lot("H1", 10)
    act(firm, "block", items=lot, reason="wrong alloy")
    with pytest.raises(ConfigError, match="wrong alloy"):
        firm.consume({lot: 1}, [LotDraft("x", "x", 1)])
    with pytest.raises(ConfigError):
        act(firm, "release", items=lot, reason="")
    act(firm, "release", items=lot, reason="measured again")
    with pytest.raises(ConfigError):
        act(firm, "release", items=lot, reason="twice")
    firm.consume({lot: 1}, [LotDraft("x", "x", 1)])


def test_the_balance_adds_up(firm: Firm) -> None:
    lot = firm.lot("H1", 10)
    firm.consume({lot: "2.5"}, [LotDraft("x", "x", 1)])
    act(firm, "scrap", items=lot, quantity="0.5", reason="rust")
    found = queries.balance(firm.viewer, lot)
    assert (found.made, found.left, found.consumed, found.scrapped) == (10, 7, Decimal("2.5"), Decimal("0.5"))
    with pytest.raises(ConfigError):
        act(firm, "scrap", items=lot, quantity=8)
    act(firm, "ship", items=lot, to="Customer")
    assert queries.balance(firm.viewer, lot).shipped == 7


def test_late_events_are_taken_and_what_they_contradict_is_said(firm: Firm) -> None:
    now = now_us()
    lot = firm.lot("H1", 10, event_at=now - HOUR)
    late = firm.consume({lot: 1}, [LotDraft("x", "x", 1)], event_at=now - 2 * HOUR)
    assert len(late.contradictions) == 1
    assert "H1" in late.contradictions[0]
    assert queries.item(firm.viewer, lot).left == 9
    act(firm, "ship", items=lot, to="Customer", event_at=now - HOUR // 2)
    # A clock that is a day ahead is refused.
    with pytest.raises(ConfigError, match="clock"):
        firm.lot("H2", 1, event_at=now + DAY)


def test_recall_says_what_where_who_and_what_was_shipped(firm: Firm) -> None:
    heat = firm.lot("H1", 100)
    made = firm.consume({heat: 80}, [SerialsDraft("unit", count=8, prefix="U")]).items[0]
    (box,) = boxes(firm, "P1")
    act(firm, "pack", container=box, items=made[:3])
    act(firm, "ship", items=box, to="Changan", reference="DN-7")
    act(firm, "scrap", items=made[7], reason="dropped")
    found = queries.recall(firm.viewer, heat)
    assert (found.unused, found.here, found.shipped, found.scrapped) == pytest.approx((20, 40, 30, 10))
    shipped = next(r for r in found.rows if r.status == "shipped")
    assert (shipped.count, shipped.holder, shipped.container.code) == (3, "Changan", "P1")
    assert shipped.quantity == 3


def test_history_of_an_item(firm: Firm) -> None:
    heat = firm.lot("H1", 100, source="Baosteel", reference="PO-1")
    made = firm.consume(
        {heat: 80}, [SerialsDraft("unit", count=8, prefix="U")], step="forge", reference="WO-1"
    ).items[0]
    act(firm, "block", items=made[2], reason="crack")
    found = queries.events(firm.viewer, item_id=made[2])
    assert [e.verb for e in found] == ["block", "consume"]
    parts = {p.role: p for p in found[1].parts}
    assert (parts["input"].first.code, parts["input"].quantity, parts["input"].unit) == ("H1", 80, "kg")
    assert (parts["output"].count, parts["output"].last.code) == (8, "U8")
    assert [e.verb for e in queries.events(firm.viewer, reference="WO-1")] == ["consume"]
    assert queries.item(firm.viewer, heat).source == "Baosteel"


def test_nobody_sees_or_uses_what_is_anothers(firm: Firm, other: Firm) -> None:
    lot = firm.lot("H1", 10)
    assert queries.find(other.viewer, "H1") == []
    for ask in (queries.item, queries.forward, queries.backward, queries.recall, queries.balance):
        with pytest.raises(DeniedError):
            ask(other.viewer, lot)
    with pytest.raises(DeniedError):
        other.consume({lot: 1}, [LotDraft("x", "x", 1)])
    mine = other.lot("O1", 1)
    with pytest.raises(DeniedError):
        other.consume({mine: 1, lot: 1}, [LotDraft("x", "x", 1)])
    with pytest.raises(DeniedError):
        queries.item(firm.viewer, 10**15)


def test_roles(firm: Firm) -> None:
    driver = Viewer(2, firm.id, frozenset({"driver"}))
    operator = Viewer(3, firm.id, frozenset({"operator"}))
    lot = firm.lot("H1", 10)
    with pytest.raises(DeniedError):
        actions.scrap(actor=driver, items=lot, key="a")
    with pytest.raises(DeniedError):
        actions.block(actor=operator, items=lot, reason="r", key="a")


@pytest.mark.parametrize(
    "identifier",
    [
        "SN-1",
        " SN-1 ",
        "https://id.gs1.org/01/09506000134352/21/SN-1",
        "https://example.com/01/09506000134352/10/L7/21/SN-1",
        "urn:chanye:item:jia:09506000134352:SN-1",
        "http://plant.local/trace/of/09506000134352/SN-1/",
    ],
)
def test_found_by_any_identifier(firm: Firm, identifier: str) -> None:
    act(firm, "commission_serials", organisation_id=firm.id, material_code="09506000134352", serials=("SN-1", "SN-2"))
    assert [i.code for i in queries.find(firm.viewer, identifier)] == ["SN-1"]
