"""Why pieces go wrong, and what sorting a finished order finds."""

from __future__ import annotations

from collections.abc import Iterator

from chanye.twin.plant.cell import Cell
from chanye.twin.plant.orders import Op, Order, Spoiled

#: Share of pieces a wrong set-up spoils, and of mended pieces that are beyond help.
ASKEW, HOPELESS = 0.22, 0.08


def draw_defect(cell: Cell, op: Op, piece: int) -> str:
    """Draw whether the piece that a machine has just worked is spoiled; return the reason or nothing.

    Chance grows with the tool's wear beyond 70 % of its life (sevenfold at 170 %), and a wrong set-up adds its own.
    """
    order, dice = op.order, cell.dice
    if piece in order.spoiled:
        return ""
    if piece in order.mending:
        order.mending.discard(piece)
        if dice.random() < HOPELESS:
            order.spoiled[piece] = Spoiled("PROCESS", mends=False)
            return "PROCESS"
        return ""
    process = op.step.defect
    wear = process * 6 * max(0.0, cell.wear - 0.7)
    askew = ASKEW if cell.askew else 0.0
    draw = dice.random()
    mends = dice.random() < op.step.mends
    if draw >= process + wear + askew:
        return ""
    reason = "PROCESS" if draw < process else "WEAR" if draw < process + wear else "ADJUST"
    order.spoiled[piece] = Spoiled(reason, mends)
    return reason


def sort_batch(order: Order) -> Iterator[tuple[int, str]]:
    """Yield every piece of the batch with its verdict, ``good``, ``rework`` or ``scrap``; the batch is empty then."""
    batch, order.batch = order.batch, []
    for piece in batch:
        spoiled = order.spoiled.get(piece)
        yield piece, "good" if spoiled is None else "rework" if spoiled.mends else "scrap"
