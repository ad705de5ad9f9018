"""What machines counted against what was booked, as it crosses the wall. Times in us UTC, quantities in pieces."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OutputProposal:
    """What a machine counted for an operation beyond what was booked, to be booked with one tap.

    ``counted`` all pieces, of which ``counted_scrap`` are scrap; ``booked`` good, scrap and rework. ``good`` and
    ``scrap`` are proposed. More booked than counted is a ``difference`` below zero and nothing to book.
    ``across_gap``: pieces among ``counted`` that were seen only after a gap. ``last``: when the last one was counted.
    """

    place_id: int
    place: str
    operation_id: int
    order: str
    product: str
    number: int
    name: str
    counted: int
    counted_scrap: int
    booked: int
    good: int
    scrap: int
    across_gap: int
    last: int
    bookable: bool

    @property
    def difference(self) -> int:
        """Pieces counted beyond those booked; negative where more was booked."""
        return self.counted - self.booked


@dataclass(frozen=True, slots=True)
class Unassigned:
    """Pieces that a machine made while no order was on it: ``start`` first piece, ``end`` last piece.

    ``settled`` of ``counted`` were assigned or dismissed; ``good`` and ``scrap`` are left. ``orders``: numbers of the
    orders that were on the machine before and after.
    """

    place_id: int
    place: str
    start: int
    end: int
    counted: int
    settled: int
    good: int
    scrap: int
    across_gap: int
    orders: tuple[str, ...] = ()
