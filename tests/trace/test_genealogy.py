"""Genealogy against a search item by item: shared components, sub-lots, any number of stages."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chanye.trace import actions, queries
from chanye.trace.types import LotDraft, More, Reach, SerialsDraft, Use
from trace_kit import Firm, Oracle


def as_dict(reach: Reach) -> dict[int, int]:
    assert len(set(reach.items.tolist())) == len(reach.items), "an item is in the answer twice"
    return dict(zip(reach.items.tolist(), reach.stage.tolist(), strict=True))


def test_two_paths_to_one_unit_count_it_once(firm: Firm) -> None:
    """A rival links 15,000 units both to a component and to their order and reports 20,000."""
    heat = firm.lot("H1", 1000)
    bolts = firm.consume({heat: 100}, [LotDraft("bolt", "B1", 15_000)]).item
    made = firm.consume({heat: 900, bolts: 15_000}, [SerialsDraft("unit", count=15_000, prefix="U")]).items[0]
    reach = queries.forward(firm.viewer, heat)
    assert (reach.items >= made.start).sum() == 15_000
    assert len(reach.items) == 15_000 + 2
    # All of the heat is in the units: 100 kg came by the bolts.
    assert reach.quantity[reach.items >= made.start].sum() == pytest.approx(1000)


def test_more_than_one_order_deep(firm: Firm) -> None:
    """A rival answers 0 for raw lot -> order 1 -> sub-lot -> order 2 -> unit."""
    raw = firm.lot("R", 10)
    sub = firm.consume({raw: 10}, [LotDraft("blank", "S", 5)]).item
    unit = firm.consume({sub: 1}, [SerialsDraft("unit", serials=("U1",))]).item
    assert as_dict(queries.forward(firm.viewer, raw)) == {raw: 0, sub: 1, unit: 2}
    back = queries.backward(firm.viewer, unit)
    assert as_dict(back) == {unit: 0, sub: 1, raw: 2}
    assert dict(zip(back.items.tolist(), back.quantity.tolist(), strict=True)) == pytest.approx(
        {unit: 1, sub: 1, raw: 2}
    )


def test_the_example_of_the_documentation(firm: Firm) -> None:
    """As docs/explanation/genealogy.md tells it."""
    heat = firm.lot("H1", 100)
    blanks = firm.consume({heat: 60}, [LotDraft("blank", "B1", 12)]).item
    units = firm.consume({blanks: 4, heat: 8}, [SerialsDraft("unit", count=2, prefix="U")]).items[0]
    found = queries.recall(firm.viewer, heat)
    assert dict(zip(found.reach.items.tolist(), found.reach.quantity.tolist(), strict=True)) == pytest.approx(
        {heat: 100, blanks: 60, units[0]: 14, units[1]: 14}
    )
    assert {row.material_code: row.attributed for row in found.rows} == pytest.approx(
        {"steel": 32, "blank": 40, "unit": 28}
    )


def test_each_piece_gets_its_own_parts(firm: Firm) -> None:
    """Four wheels a car, one body a car, one lot of paint for all: booked in one call."""
    wheels = firm.serials(12, "W", "wheel")
    bodies = firm.serials(3, "B", "body")
    paint = firm.lot("P", 6, "paint", "L")
    cars = firm.consume(
        [Use(wheels), Use(bodies), Use(paint, 3)],
        [SerialsDraft("car", serials=("VIN1", "VIN2", "VIN3"))],
        each=True,
    ).items[0]
    back = queries.backward(firm.viewer, cars[1])
    held = dict(zip(back.items.tolist(), back.quantity.tolist(), strict=True))
    assert held == pytest.approx({cars[1]: 1, bodies[1]: 1, paint: 1, **dict.fromkeys(wheels[4:8], 1)})
    assert queries.forward(firm.viewer, wheels[11]).items.tolist() == sorted([wheels[11], cars[2]])


# One operation of a random plant: what it draws from the items made so far, and what it makes.
operation = st.fixed_dictionaries(
    {
        "picks": st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 100)), min_size=1, max_size=4),
        "makes": st.lists(st.sampled_from(["lot", "serials", "grow"]), min_size=1, max_size=2),
        "count": st.integers(1, 4),
        "each": st.booleans(),
    }
)


class RandomPlant:
    """Plays operations through the product and into the oracle alike."""

    def __init__(self, firm: Firm) -> None:
        self.firm, self.oracle = firm, Oracle()
        self.left: dict[int, int] = {}
        self.serials: set[int] = set()
        drafts = [LotDraft("steel", f"R{i}", 60, "kg") for i in range(3)]
        made = actions.commission(actor=firm.viewer, organisation_id=firm.id, drafts=drafts, key=firm.key())
        for items in made.items:
            self.add(items.start, 60)

    def add(self, item: int, quantity: int) -> None:
        self.left[item] = self.oracle.made[item] = quantity

    def play(self, number: int, op: dict) -> None:
        uses: dict[int, int] = {}
        for pick, percent in op["picks"]:
            free = [i for i, left in self.left.items() if left]
            if not free:
                return
            item = free[pick % len(free)]
            uses[item] = 1 if item in self.serials else max(1, self.left[item] * percent // 100)
        count = op["count"]
        each = op["each"] and not any(i in self.serials for i in uses)
        drafts = self._drafts(number, ["serials"] if each else op["makes"], count, uses)
        booked = self.firm.consume(uses, drafts, each=each)
        for item, quantity in uses.items():
            self.left[item] -= quantity
        made = iter(booked.items)
        outs: dict[int, float] = {}
        for draft in drafts:
            if isinstance(draft, More):
                self.left[draft.item] += 3
                self.oracle.made[draft.item] += 3
                outs[draft.item] = outs.get(draft.item, 0) + 3
                continue
            for item in next(made):
                self.add(item, 7 if isinstance(draft, LotDraft) else 1)
                if isinstance(draft, SerialsDraft):
                    self.serials.add(item)
                outs[item] = float(self.oracle.made[item])
        if each:
            share = {i: q / count for i, q in uses.items()}
            self.oracle.ops += [(share, {item: 1.0}) for item in outs]
        else:
            self.oracle.ops.append((dict(uses), outs))

    def _drafts(self, number: int, makes: list[str], count: int, uses: dict[int, int]) -> list:
        drafts: list = []
        lots = [i for i in self.left if i not in self.serials and self.left[i] and i not in uses]
        for i, make in enumerate(makes):
            if make == "grow" and lots:
                drafts.append(More(lots[number % len(lots)], 3))
            elif make == "serials":
                drafts.append(SerialsDraft("part", count=count, prefix=f"S{number}.{i}."))
            else:
                drafts.append(LotDraft("steel", f"L{number}.{i}", 7, "kg"))
        units = {"kg" if not isinstance(d, SerialsDraft) else "{part}" for d in drafts}
        return drafts if len(units) == 1 else drafts[:1]


@pytest.mark.django_db
@settings(max_examples=50, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(ops=st.lists(operation, min_size=2, max_size=12))
def test_against_a_search_item_by_item(ops: list[dict]) -> None:
    from django.db import transaction

    from chanye.parties.models import Organisation

    with transaction.atomic():
        plant = RandomPlant(Firm(Organisation.objects.create(name="x", code="x").pk))
        for number, op in enumerate(ops):
            plant.play(number, op)
        for start in list(plant.left)[:: max(1, len(plant.left) // 3)]:
            for forward in (True, False):
                ask = queries.forward if forward else queries.backward
                found = ask(plant.firm.viewer, start)
                assert as_dict(found) == plant.oracle.reach(start, forward=forward)
                held = plant.oracle.held(start, forward=forward)
                for item, quantity in zip(found.items.tolist(), found.quantity.tolist(), strict=True):
                    assert quantity == pytest.approx(held[item], abs=1e-7), (start, item, forward)
        transaction.set_rollback(True)
