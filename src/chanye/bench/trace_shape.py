"""The shape of the plant that the trace bench makes."""

from __future__ import annotations

from dataclasses import dataclass

#: Pieces booked in one call: a pallet's worth.
BLOCK = 2_000


@dataclass(frozen=True, slots=True)
class Plant:
    """How much is made: each coil gives ``strips`` strips, each strip ``blocks`` blocks of 2,000 parts and units."""

    strips: int
    blocks: int

    @property
    def units(self) -> int:
        """Units in all; there are as many parts."""
        return self.strips * self.blocks * BLOCK
