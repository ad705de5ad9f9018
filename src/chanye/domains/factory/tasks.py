"""What the factory room wants done again and again by the work process."""

from __future__ import annotations

from collections.abc import Callable

from chanye.domains.factory.actions.maintenance_plans import raise_due_orders
from chanye.parties.types import SYSTEM


def _due_maintenance() -> None:
    raise_due_orders(actor=SYSTEM)


#: Name, seconds between two times, what to do.
CHORES: tuple[tuple[str, float, Callable[[], object]], ...] = (("maintenance plans", 60.0, _due_maintenance),)
