"""What the factory room wants done again and again by the work process."""

from __future__ import annotations

from collections.abc import Callable

from chanye.domains.factory.actions.link import book_counts, refresh_open_stops, update_stops
from chanye.domains.factory.actions.maintenance_plans import raise_due_orders
from chanye.parties.types import SYSTEM


def _due_maintenance() -> None:
    raise_due_orders(actor=SYSTEM)


def _stops() -> None:
    while update_stops(actor=SYSTEM):
        pass


def _counts() -> None:
    while book_counts(actor=SYSTEM):
        pass


def _open_stops() -> None:
    refresh_open_stops(actor=SYSTEM)


#: Name, seconds between two times, what to do.
CHORES: tuple[tuple[str, float, Callable[[], object]], ...] = (
    ("maintenance plans", 60.0, _due_maintenance),
    ("stops", 0.5, _stops),
    ("counts", 0.5, _counts),
    ("open stops", 300.0, _open_stops),
)
