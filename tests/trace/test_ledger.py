"""The present state of items against a plain table, a row per item: whatever is booked in whatever order."""

from __future__ import annotations

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chanye.kernel.errors import ConfigError
from chanye.parties.models import Organisation
from chanye.trace import actions, queries
from chanye.trace.models import Run
from chanye.trace.types import ContainerDraft, SerialsDraft
from trace_kit import Firm

step = st.tuples(
    st.sampled_from(["boxes", "serials", "pack", "repack", "unpack", "block", "release", "scrap", "ship"]),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.integers(1, 12),
)


class Table:
    """A row per item: [kind, box it is in, why it is blocked, status]."""

    def __init__(self, firm: Firm) -> None:
        self.firm, self.rows = firm, {}

    def play(self, number: int, verb: str, one: int, two: int, size: int) -> None:
        firm = self.firm
        if verb == "boxes":
            drafts = [ContainerDraft(f"B{number}.{i}") for i in range(size)]
            booked = actions.commission_containers(
                actor=firm.viewer, organisation_id=firm.id, containers=drafts, key=firm.key()
            )
            assert [len(r) for r in booked.items] == [1] * size
            self.rows |= {r.start: ["container", None, "", "active"] for r in booked.items}
        elif verb == "serials":
            made = firm.serials(size, f"S{number}.")
            self.rows |= {item: ["serial", None, "", "active"] for item in made}
        elif self.rows:
            everything = sorted(self.rows)
            low = everything[two % len(everything)]
            items = range(low, min(low + size, everything[-1] + 1))
            boxes = [item for item in everything if self.rows[item][0] == "container"]
            if verb in ("pack", "repack", "unpack"):
                if boxes:
                    self._put(verb, boxes[one % len(boxes)], items)
            else:
                self._mark(verb, items, f"why {one % 2}")

    def _ask(self, verb: str, **more) -> bool:
        try:
            getattr(actions, verb)(actor=self.firm.viewer, key=self.firm.key(), **more)
        except ConfigError:
            return False
        return True

    def _put(self, verb: str, box: int, items: range) -> None:
        if self._ask(verb, container=box, items=items):
            for item in items:
                if verb == "unpack":
                    assert self.rows[item][1] == box
                elif verb == "pack":
                    assert self.rows[item][1] in (None, box)
                self.rows[item][1] = None if verb == "unpack" else box

    def inside(self, items: list[int]) -> set[int]:
        found, fresh = set(), set(items)
        while fresh:
            fresh = {i for i, row in self.rows.items() if row[1] in fresh} - found
            found |= fresh
        return found

    def _mark(self, verb: str, items: range, why: str) -> None:
        more = {"block": {"reason": why}, "release": {"reason": "fine"}, "scrap": {}, "ship": {"to": "X"}}
        done = self._ask(verb, items=items, **more[verb])
        assert done or verb not in ("block", "release") or not all(self.rows[item][2] for item in items)
        if not done:
            return
        before = {item: row[2] for item, row in self.rows.items()}
        for item in items:
            row, inside = self.rows[item], self.inside([item])
            if verb == "scrap":
                assert not inside
                row[1], row[3] = None, "scrapped"
            elif verb == "ship":
                for one in (item, *inside):
                    self.rows[one][3] = "shipped"
            elif verb == "block":
                for one in (item, *inside):
                    self.rows[one][2] = why
            else:  # what was blocked with the box is released with it
                for one in (item, *(one for one in inside if before[one] == before[item])):
                    self.rows[one][2] = ""


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(steps=st.lists(step, min_size=2, max_size=25))
def test_states_against_a_row_per_item(steps: list) -> None:
    with transaction.atomic():
        table = Table(Firm(Organisation.objects.create(name="x", code="x").pk))
        table.play(-1, "boxes", 0, 0, 5)
        for number, one in enumerate(steps):
            table.play(number, *one)
        numbers = sorted(table.rows)
        seen = {view.id: view for view in queries.items(table.firm.viewer, numbers)}
        for item, (kind, box, blocked, status) in table.rows.items():
            view = seen[item]
            assert (view.kind, view.container.id if view.container else None, view.blocked, view.status) == (
                kind,
                box,
                blocked,
                status,
            )
        runs = sorted((run.first, run.first + run.count) for run in Run.objects.all())
        assert [n for a, b in runs for n in range(a, b)] == numbers
        transaction.set_rollback(True)


def test_many_boxes_registered_at_once_are_packed_and_recalled_one_by_one(firm: Firm) -> None:
    drafts = [ContainerDraft(f"PAL-{i}") for i in range(40)]
    pallets = actions.commission_containers(
        actor=firm.viewer, organisation_id=firm.id, containers=drafts, key=firm.key()
    ).items
    heat = firm.lot("H1", 120)
    units = firm.consume({heat: 120}, [SerialsDraft("unit", count=120, prefix="U")]).items[0]
    for i, pallet in enumerate(pallets):
        actions.pack(actor=firm.viewer, container=pallet.start, items=units[3 * i : 3 * i + 3], key=firm.key())
    found = queries.recall(firm.viewer, heat)
    rows = [row for row in found.rows if row.material_code == "unit"]
    assert sorted((row.container.code, row.count) for row in rows) == sorted((f"PAL-{i}", 3) for i in range(40))
    assert [event.verb for event in queries.events(firm.viewer, item_id=pallets[39].start)] == ["pack", "commission"]


def test_boxes_blocked_for_different_reasons_are_released_together(firm: Firm) -> None:
    drafts = [ContainerDraft(code) for code in ("A", "B", "PALLET")]
    one, two, pallet = (
        made.start
        for made in actions.commission_containers(
            actor=firm.viewer, organisation_id=firm.id, containers=drafts, key=firm.key()
        ).items
    )
    units = firm.serials(2, "U")
    for box, unit, why in ((one, units[0], "crack"), (two, units[1], "rust")):
        actions.pack(actor=firm.viewer, container=box, items=unit, key=firm.key())
        actions.block(actor=firm.viewer, items=box, reason=why, key=firm.key())
    actions.release(actor=firm.viewer, items=range(one, two + 1), reason="fine", key=firm.key())
    assert [queries.item(firm.viewer, unit).blocked for unit in units] == ["", ""]
    # A pallet and a box on it, named together: what is in the box is in both and changes once.
    actions.pack(actor=firm.viewer, container=pallet, items=one, key=firm.key())
    actions.block(actor=firm.viewer, items=[pallet, one], reason="wet", key=firm.key())
    actions.release(actor=firm.viewer, items=[pallet, one], reason="dry", key=firm.key())
    assert [queries.item(firm.viewer, item).blocked for item in (pallet, one, units[0])] == ["", "", ""]


def test_what_is_named_beside_its_box_changes_once(firm: Firm) -> None:
    units = firm.serials(6, "U")
    box = actions.commission_containers(
        actor=firm.viewer, organisation_id=firm.id, containers=[ContainerDraft("B")], key=firm.key()
    ).item
    actions.pack(actor=firm.viewer, container=box, items=units, key=firm.key())
    actions.block(actor=firm.viewer, items=box, reason="wet", key=firm.key())
    actions.release(actor=firm.viewer, items=[box, units[2:4]], reason="dry", key=firm.key())
    actions.ship(actor=firm.viewer, items=[box, units[1:3]], to="Changan", key=firm.key())
    seen = queries.items(firm.viewer, [box, *units])
    assert {(item.blocked, item.status, item.holder) for item in seen} == {("", "shipped", "Changan")}
