"""Names and states of items by number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from chanye.trace.ledger import load_states
from chanye.trace.models import Item, Material
from chanye.trace.rules import KINDS, State
from chanye.trace.types import ItemRef


def states_of(numbers: Iterable[int]) -> list[State]:
    """Return the runs that hold any of some items."""
    return load_states([range(n, n + 1) for n in sorted(set(numbers)) if 0 <= n < 2**62])


def numbers_in(state: State, numbers: Sequence[int]) -> list[int]:
    """Return those of some items that a run holds."""
    table = np.array(numbers, np.int64)
    found: list[int] = table[(table >= state.first) & (table < state.end)].tolist()
    return found


def refs(numbers: Iterable[int]) -> dict[int, ItemRef]:
    """Return the names of items by number."""
    wanted = list(numbers)
    kinds = {n: KINDS[state.kind] for state in states_of(wanted) for n in numbers_in(state, wanted)}
    rows = list(Item.objects.filter(id__in=wanted).values_list("id", "code", "material_id"))
    materials = Material.objects.in_bulk({row[2] for row in rows})
    return {
        n: ItemRef(n, kinds[n], code, materials[material_id].code, materials[material_id].name)
        for n, code, material_id in rows
    }
