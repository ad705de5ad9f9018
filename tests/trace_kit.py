"""A firm that books, and its genealogy once more, item by item with nothing clever in it."""

from __future__ import annotations

from itertools import count

import numpy as np

from chanye.parties.types import Viewer
from chanye.spine.actions import ensure_asset
from chanye.trace import actions
from chanye.trace.types import Booked, Use


class Firm:
    """Books in short words; keys are made up."""

    def __init__(self, organisation_id: int) -> None:
        self.id = organisation_id
        self.viewer = Viewer(1, organisation_id, frozenset({"engineer"}), name="an engineer")
        self._numbers = count(1)

    def key(self) -> str:
        return f"k{next(self._numbers)}"

    def place(self, code: str) -> int:
        return ensure_asset(
            actor=self.viewer,
            organisation_id=self.id,
            parent_id=None,
            kind="area",
            code=f"{self.id}-{code}",
            name=code,
        ).id

    def lot(self, code: str, quantity: object = 100, material: str = "steel", unit: str = "kg", **more) -> int:
        return actions.commission_lot(
            actor=self.viewer,
            organisation_id=self.id,
            material_code=material,
            lot=code,
            quantity=quantity,
            unit=unit,
            key=self.key(),
            **more,
        ).item

    def serials(self, number: int, prefix: str, material: str = "part", **more) -> range:
        return actions.commission_serials(
            actor=self.viewer,
            organisation_id=self.id,
            material_code=material,
            count=number,
            prefix=prefix,
            key=self.key(),
            **more,
        ).items[0]

    def consume(self, inputs: dict | list, outputs: list, **more) -> Booked:
        uses = [Use(i, q) for i, q in inputs.items()] if isinstance(inputs, dict) else inputs
        return actions.consume(actor=self.viewer, inputs=uses, outputs=outputs, key=self.key(), **more)


class Oracle:
    """All operations, item by item: ``ops`` are (inputs {item: quantity}, outputs {item: weight})."""

    def __init__(self) -> None:
        self.made: dict[int, float] = {}
        self.ops: list[tuple[dict[int, float], dict[int, float]]] = []

    def reach(self, start: int, *, forward: bool) -> dict[int, int]:
        """Return item -> fewest stages, by search item by item."""
        found, fresh, stage = {start: 0}, {start}, 0
        while fresh:
            stage += 1
            new: set[int] = set()
            for ins, outs in self.ops:
                near, far = (ins, outs) if forward else (outs, ins)
                if fresh & set(near):
                    new |= set(far)
            fresh = new - set(found)
            found |= dict.fromkeys(fresh, stage)
        return found

    def held(self, start: int, *, forward: bool) -> dict[int, float]:
        """Return how much of ``start`` each item holds (or of each item ``start``), all solved at once."""
        items = sorted(self.made)
        at = {item: i for i, item in enumerate(items)}
        flow = np.zeros((len(items), len(items)))  # flow[y, x]: share of x that is in y
        for ins, outs in self.ops:
            whole = sum(outs.values())
            for x, taken in ins.items():
                for y, weight in outs.items():
                    if whole:
                        flow[at[y], at[x]] += taken / self.made[x] * weight / whole
        begin = np.zeros(len(items))
        begin[at[start]] = 1.0
        share = np.linalg.solve(np.eye(len(items)) - (flow if forward else flow.T), begin)
        factor = self.made[start] if forward else np.array([self.made[i] for i in items])
        return dict(zip(items, (share * factor).tolist(), strict=True))
