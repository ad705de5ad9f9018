"""What flows through the plant: pieces between machines, orders to their end, and who is to blame if nothing does."""

from __future__ import annotations

import heapq
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chanye.twin.parts import MINUTE
from chanye.twin.plant.cell import Cell, Crew, Fault, Task
from chanye.twin.plant.layout import LANE, LINES, STATIONS, ZONES
from chanye.twin.plant.orders import OPEN, Op, Order, Wish, stream
from chanye.twin.plant.people import INSPECTORS, TECHNICIANS
from chanye.twin.plant.practice import AFTER, Practice
from chanye.twin.plant.quality import draw_defect, sort_batch
from chanye.twin.plant.record import Act, Doing, Labour, Piece, Record, power

SECOND = 1_000_000

Choose = Callable[[int, int, Sequence[Op]], Op]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something scripted at ``at`` (us UTC).

    ``failure`` of a machine with ``reason`` and a repair of ``duration`` [us], or a ``tryout``: as soon as it is free
    the machine makes pieces for no order, as many as fit into ``duration``.
    """

    kind: str
    machine: str
    at: int
    duration: int
    reason: str = ""


class Flow(ABC):
    """The plant's state and its flow; what a machine does next is decided by the engine."""

    def __init__(
        self,
        practice: Practice = AFTER,
        seed: int = 1,
        start: int = 0,
        *,
        troubles: Sequence[Trouble] = (),
        wishes: dict[str, Callable[[], Wish | None]] | None = None,
        choose: Choose | None = None,
        calm: bool = False,
    ) -> None:
        self.practice, self.choose, self.calm = practice, choose, calm
        self.record = Record(start)
        self.orders: list[Order] = []
        self._wishes = wishes or {line.code: stream(line.code, seed) for line in LINES}
        self._heap: list[tuple[int, int, str, int, int]] = []
        self._number = 0
        self._pieces = 0
        self._now = start
        self._stirred = False
        self.troubles = tuple(troubles)
        self.index = {station.code: i for i, station in enumerate(STATIONS)}
        self.cells = [
            Cell(i, station, random.Random(f"{seed}:{station.code}"))  # noqa: S311  # a model, not a secret
            for i, station in enumerate(STATIONS)
        ]
        self.crews = {zone: Crew([False]) for zone in ZONES}
        self.crews |= {"maintenance": Crew([False] * TECHNICIANS), "quality": Crew([False] * INSPECTORS)}
        for cell in self.cells:
            cell.age()
            cell.renew()
            cell.used = 0 if calm else cell.dice.randrange(max(1, cell.station.tool_life // 2))
        for number, trouble in enumerate(self.troubles):
            self._at(trouble.at, "trouble", number)
        for line in LINES:
            self._release(line.code)
        self._at(start, "bell", 0)

    # ---- time ------------------------------------------------------------------------------------------------
    def _at(self, time: int, what: str, index: int, token: int = 0) -> None:
        self._number += 1
        heapq.heappush(self._heap, (time, self._number, what, index, token))

    @abstractmethod
    def _decide(self, cell: Cell) -> None:
        """Let a machine do what comes next."""

    # ---- words -----------------------------------------------------------------------------------------------
    def _enter(self, cell: Cell, state: str, reason: str = "", person: str = "", cause: int = -1) -> None:
        op = cell.op
        where = (-1, -1) if op is None or state in ("off", "rest", "noorder") else (op.order.serial, op.index)
        before = self.record.current[cell.index][1]
        if state == before.state and state in ("blocked", "starved") and cause < 0:
            cause = before.cause
        doing = Doing(state, reason, cause, *where, person, power(cell.index, state))
        if self.record.enter(cell.index, self._now, doing) and cause < 0:
            self._stirred = True

    def _tell(self, op: Op, piece: int, what: str, reason: str = "") -> None:
        self.record.tell(Piece(self._now, op.machine, op.order.serial, op.index, piece, what, reason))

    def _act(self, op: Op, what: str, person: str) -> None:
        self.record.acts.append(Act(self._now, op.machine, op.order.serial, op.index, what, person))

    def _help(self, cell: Cell, what: str, person: str) -> None:
        self.record.acts.append(Act(self._now, cell.index, -1, -1, what, person))

    def _state(self, cell: Cell) -> str:
        return self.record.current[cell.index][1].state

    def _leave(self, cell: Cell) -> None:
        """The person at a machine stops working on its operation."""
        if cell.labour is not None:
            person, op, since = cell.labour
            self._act(op, "pause", person)
            if self._now > since:
                self.record.labour.append(
                    Labour(person, cell.index, op.order.serial, op.index, "run", since, self._now)
                )
            cell.labour = None

    def _failure(self, cell: Cell, reason: str, repair: int) -> Fault:
        low, high = self.practice.call
        return Fault(reason, repair, self._now + (low if self.calm else cell.dice.randint(low, high)))

    # ---- pieces ----------------------------------------------------------------------------------------------
    def _finish_piece(self, cell: Cell) -> None:
        """The machine has worked a piece: it wears, the piece is good or not, and somebody looks at it or not."""
        op, piece = cell.op, cell.piece
        assert op is not None
        cell.piece = -1
        op.cycles += 1
        self._tell(op, piece, "cycle")
        defect = "" if self.calm else draw_defect(cell, op, piece)
        if defect:
            self._tell(op, piece, "spoiled", defect)
        self._wear(cell)
        last = op.index == len(op.order.ops) - 1
        if self.practice.sorts_at_end:
            if last:
                op.order.batch.append(piece)
                op.here = 0
                self._settle(op)
            else:
                cell.done = piece
            return
        self._judge(cell, op, piece)
        if cell.check:
            cell.check = False
            cell.want.append(Task("first", "first", "FIRST", cell.station.zone, 4 * MINUTE))

    def _judge(self, cell: Cell, op: Op, piece: int) -> None:
        """The operator looks at the piece at once."""
        order = op.order
        spoiled = order.spoiled.get(piece)
        op.recent.append(spoiled is not None)
        if spoiled is None:
            cell.done = piece
        else:
            self._reject(op, piece, mend=spoiled.mends)
            self._settle(op)
        if self.practice.hold_at and sum(op.recent) >= self.practice.hold_at:
            op.recent.clear()
            cell.want.append(Task("hold", "hold", "QUALITY", "quality", cell.dice.randint(6, 15) * MINUTE))

    def _reject(self, op: Op, piece: int, *, mend: bool) -> None:
        reason = op.order.spoiled[piece].reason
        op.here = 0
        if mend:
            op.rework += 1
            op.again.append(piece)
            op.order.mending.add(piece)
            del op.order.spoiled[piece]
            self._tell(op, piece, "rework", reason)
        else:
            op.scrap += 1
            self._tell(op, piece, "scrap", reason)

    def _wear(self, cell: Cell) -> None:
        cell.used += 1
        life = cell.station.tool_life
        if not life or self.calm:
            return
        if self.practice.tool_change:
            if cell.used >= life:
                cell.want.append(Task("tool", "tool", "TOOL", cell.station.zone, 5 * MINUTE))
        elif cell.used >= cell.snaps:
            cell.fault = self._failure(cell, "BREAKAGE", cell.dice.randint(12, 30) * MINUTE)

    def _pass_on(self, cell: Cell) -> bool:
        """Put a worked piece where it belongs; False if there is no place."""
        op, piece = cell.op, cell.done
        assert op is not None
        if op.index + 1 < len(op.order.ops):
            following = op.order.ops[op.index + 1]
            if len(following.lane) >= LANE:
                return False
            following.lane.append(piece)
            wake: Cell | None = self.cells[following.machine]
        else:
            wake = None
        cell.done = -1
        op.here = 0
        op.good += 1
        self._tell(op, piece, "good")
        self._settle(op)
        if wake is not None:
            self._decide(wake)
        return True

    def _settle(self, op: Op) -> None:
        """Close an operation of which nothing can come any more, and those behind it."""
        order = op.order
        behind = op.index == 0 or order.ops[op.index - 1].closed
        if op.closed or not behind or op.waiting or op.here:
            return
        cell = self.cells[op.machine]
        if cell.op is op:
            self._leave(cell)
            cell.op = None
        last = op.index == len(order.ops) - 1
        if last and order.batch:
            self._at(self._now + 30 * MINUTE + 15 * SECOND * len(order.batch), "sort", order.serial)
            return
        op.closed = True
        cell.queue.remove(op)
        if not last:
            self._settle(order.ops[op.index + 1])
            self._decide(self.cells[order.ops[op.index + 1].machine])
            return
        order.finished = self._now
        self._release(order.wish.product.line)

    def _sort(self, order: Order) -> None:
        """The inspector sorts a whole order: on paper this is when bad pieces are found."""
        op = order.ops[-1]
        for piece, verdict in sort_batch(order):
            if verdict == "good":
                op.good += 1
                self._tell(op, piece, "good")
            else:
                self._reject(op, piece, mend=verdict == "rework")
        self._settle(op)
        self._decide(self.cells[op.machine])

    # ---- orders ----------------------------------------------------------------------------------------------
    def _release(self, line: str) -> None:
        """Release what customers want next, as long as the line has room."""
        while sum(o.finished < 0 and o.wish.product.line == line for o in self.orders[-4 * OPEN :]) < OPEN:
            wish = self._wishes[line]()
            if wish is None:
                return
            order = Order(wish, len(self.orders), self._pieces, self._now, self._now + wish.late)
            self._pieces += wish.quantity
            self.orders.append(order)
            for index, step in enumerate(wish.product.steps):
                machine = self._least_loaded(line, step.stage)
                op = Op(order, index, machine)
                order.ops.append(op)
                self.cells[machine].queue.append(op)
            order.ops[0].raw = wish.quantity
            self._at(order.material_at, "wake", order.ops[0].machine)

    def _least_loaded(self, line: str, stage: str) -> int:
        def load(index: int) -> tuple[int, int]:
            queue = self.cells[index].queue
            return sum(op.step.cycle * (op.order.wish.quantity - op.cycles) for op in queue), index

        return min((i for i, s in enumerate(STATIONS) if s.line == line and s.stage == stage), key=load)

    # ---- who is to blame -------------------------------------------------------------------------------------
    def _neighbour(self, cell: Cell) -> int:
        """Return the machine that a blocked or starved one waits for."""
        op = cell.op
        if self._state(cell) == "blocked":
            assert op is not None
            return op.order.ops[op.index + 1].machine
        if op is None:
            waiting = [one for one in cell.queue if not one.closed and one.index]
            op = min(waiting, key=lambda one: one.order.serial) if waiting else None
        return op.order.ops[op.index - 1].machine if op is not None and op.index else cell.index

    def _blame(self) -> None:
        """Find for each blocked or starved machine the one whose trouble it is."""
        self._stirred = False
        waiting = {c.index for c in self.cells if self._state(c) in ("blocked", "starved")}
        for index in waiting:
            seen, at = {index}, self._neighbour(self.cells[index])
            while at in waiting and at not in seen:
                seen.add(at)
                at = self._neighbour(self.cells[at])
            cell = self.cells[index]
            self._enter(cell, self._state(cell), self.record.current[index][1].reason, cause=at)
        self._stirred = False
