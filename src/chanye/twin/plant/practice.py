"""How the plant is run: on paper ("before") or with terminals ("after"). Nothing else differs between the two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chanye.twin.parts import MINUTE

Mode = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Practice:
    """What people do.

    ``by_family``: work is taken in the dispatch list's sequence, same set-up first, and only if its material is
    there; otherwise first in, first out. ``search``: how long a set-up waits for its drawing, tool and program [us].
    ``call``: how long until maintenance knows of a failure [us].
    ``first_piece``: the first piece after a set-up is measured. ``hold_at``: this many bad among the last
    ``hold_of`` pieces stop the machine; 0: nobody looks. ``sorts_at_end``: bad pieces are found only when the whole
    order is inspected after its last step. ``tool_change``: tools are changed when their life is over; otherwise they
    run until they break.
    """

    mode: Mode
    by_family: bool
    search: tuple[int, int]
    call: tuple[int, int]
    first_piece: bool
    hold_at: int
    hold_of: int
    sorts_at_end: bool
    tool_change: bool


BEFORE = Practice("before", False, (4 * MINUTE, 15 * MINUTE), (6 * MINUTE, 22 * MINUTE), False, 0, 10, True, False)
AFTER = Practice("after", True, (0, MINUTE), (MINUTE, 3 * MINUTE), True, 3, 10, False, True)
PRACTICES: dict[str, Practice] = {"before": BEFORE, "after": AFTER}
