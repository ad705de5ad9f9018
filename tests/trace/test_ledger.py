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
from chanye.trace.types import ContainerDraft
from trace_kit import Firm

step = st.tuples(
    st.sampled_from(["boxes", "serials", "pack", "repack", "unpack", "block", "release", "scrap", "ship", "receive"]),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.integers(1, 12),
)


class Table:
    """A row per item: [kind, box it is in, blocked, status]."""

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
            self.rows |= {r.start: ["container", None, False, "active"] for r in booked.items}
        elif verb == "serials":
            made = firm.serials(size, f"S{number}.")
            self.rows |= {item: ["serial", None, False, "active"] for item in made}
        elif self.rows:
            everything = sorted(self.rows)
            low = everything[two % len(everything)]
            items = range(low, min(low + size, everything[-1] + 1))
            boxes = [item for item in everything if self.rows[item][0] == "container"]
            if verb in ("pack", "repack", "unpack"):
                if boxes:
                    self._put(verb, boxes[one % len(boxes)], items)
            else:
                self._mark(verb, items)

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

    def inside(self, items) -> set[int]:
        found, fresh = set(), set(items)
        while fresh:
            fresh = {i for i, row in self.rows.items() if row[1] in fresh} - found
            found |= fresh
        return found

    def _mark(self, verb: str, items: range) -> None:
        more = {"block": {"reason": "r"}, "release": {"reason": "r"}, "scrap": {}, "ship": {"to": "X"}}
        if verb == "receive" or not self._ask(verb, items=items, **more[verb]):
            return
        inside = self.inside(items) - set(items)
        for item in items:
            row = self.rows[item]
            if verb == "scrap":
                assert not self.inside([item])
                row[1], row[3] = None, "scrapped"
            elif verb == "ship":
                row[3] = "shipped"
            else:
                row[2] = verb == "block"
        for item in inside:
            if verb == "ship":
                self.rows[item][3] = "shipped"
            elif verb in ("block", "release"):
                self.rows[item][2] = verb == "block"


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
            assert (view.kind, view.container.id if view.container else None, bool(view.blocked), view.status) == (
                kind, box, blocked, status
            )
        runs = sorted((run.first, run.first + run.count) for run in Run.objects.all())
        assert [n for a, b in runs for n in range(a, b)] == numbers
        transaction.set_rollback(True)
