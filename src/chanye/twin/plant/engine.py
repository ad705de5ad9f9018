"""Plays the plant event by event: a heap of (time, number, event), and each machine decides what to do next.

Pieces flow one by one through lanes of a few places, one lane for each operation; a machine stays with an operation
until nothing of it can come any more. As a machine only begins what has already arrived, lines cannot lock up.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from chanye.twin.parts import MINUTE
from chanye.twin.plant.cell import Cell, Fault, Task
from chanye.twin.plant.flow import SECOND, Flow, Trouble
from chanye.twin.plant.orders import Op
from chanye.twin.plant.people import at_work, next_bell, person_of, shift_at
from chanye.twin.plant.record import Labour, Piece

#: A change within a family takes this share of a full set-up.
SMALL = 0.2
#: Share of full and of small set-ups that come out wrong.
WRONG, WRONG_SMALL = 0.06, 0.015
#: Share of cycles with a minor stop.
MINOR = 0.01
#: Cycle of a piece that is made for no order. [us]
TRYOUT = 150 * SECOND
#: Work is taken by its due date once that is as near as this, whatever is set up. [us]
URGENT = 10 * 60 * MINUTE


class Plant(Flow):
    """The plant from ``start`` (us UTC) on.

    Parameters
    ----------
    practice
        How it is run.
    seed
        Same seed, same customers, same dice of each machine.
    troubles
        Scripted ones, besides those that the dice bring.
    wishes
        A function per line that gives its next order; default: the endless stream of the seed.
    choose
        Which of the operations that can begin a machine takes; default: as the practice says.
    calm
        Nothing happens by chance: no failures, minor stops, defects or wrong set-ups, all times are the mean.
    """

    def run(self, until: int) -> None:
        """Play everything before ``until`` (us UTC)."""
        while self._heap and self._heap[0][0] < until:
            self._now, _, what, index, token = heapq.heappop(self._heap)
            if what == "bell":
                self._bell()
            elif what == "trouble":
                self._trouble(self.troubles[index])
            elif what == "sort":
                self._sort(self.orders[index])
            else:
                cell = self.cells[index]
                if what == "end" and token == cell.token:
                    self._end(cell)
                elif what == "wake":
                    self._decide(cell)
            if self._stirred:
                self._blame()
        self._now = max(self._now, until)
        self.record.now = self._now

    def _bell(self) -> None:
        self._at(next_bell(self._now), "bell", 0)
        for cell in self.cells:
            self._decide(cell)

    def _trouble(self, trouble: Trouble) -> None:
        cell = self.cells[self.index[trouble.machine]]
        if trouble.kind == "tryout":
            cell.trying = trouble.duration // TRYOUT
        else:
            cell.fault = self._failure(cell, trouble.reason, trouble.duration)
            if cell.running:
                self._cut(cell)
        self._decide(cell)

    # ---- what a machine does next ----------------------------------------------------------------------------
    def _decide(self, cell: Cell) -> None:
        """Let a machine do what comes next; harmless if there is nothing."""
        if cell.busy:
            return
        bell = at_work(self._now)
        if bell != "work":
            self._leave(cell)
            down = cell.fault is not None and bell == "rest"
            self._enter(cell, "fault" if down else bell, cell.fault.reason if down and cell.fault else "")
        elif cell.fault is not None:
            self._repair(cell, cell.fault)
        elif cell.want:
            self._serve(cell, cell.want[0])
        elif cell.trying and cell.piece < 0:
            self._try_out(cell)
        elif cell.done >= 0 and not self._pass_on(cell):
            self._enter(cell, "blocked", "BLOCKED")
        elif cell.op is None and not self._take(cell):
            self._idle(cell)
        else:
            self._work(cell)

    def _work(self, cell: Cell) -> None:
        op = cell.op
        assert op is not None
        product = op.order.wish.product
        if cell.product != product.code:
            self._set_up(cell, full=cell.family != product.family)
        elif cell.piece >= 0 or self._load(cell, op):
            self._spin(cell)
        elif op.index == 0 and op.raw:
            self._enter(cell, "material", "MATERIAL")
        else:
            self._enter(cell, "starved", "STARVED")

    def _idle(self, cell: Cell) -> None:
        mine = [op for op in cell.queue if not op.closed and (op.index or op.raw)]
        if any(op.index == 0 and op.raw for op in mine):
            self._enter(cell, "material", "MATERIAL")
        elif mine:
            self._enter(cell, "starved", "STARVED")
        else:
            self._enter(cell, "noorder", "NOORDER")

    def _take(self, cell: Cell) -> bool:
        """Take the next operation, if one can begin."""
        ready = [op for op in cell.queue if op.waiting and not op.closed and self._can_begin(op)]
        if not ready:
            return False
        cell.op = op = (self.choose or self._choose)(cell.index, self._now, ready)
        if op.begun < 0:
            op.begun = self._now
        return True

    def _can_begin(self, op: Op) -> bool:
        only_raw = op.raw == op.waiting
        return not (self.practice.by_family and only_raw and not op.order.arrived(self._now))

    def _choose(self, machine: int, now: int, ready: Sequence[Op]) -> Op:
        """First in, first out on paper; with a dispatch list what is due, then what needs the least set-up."""
        cell = self.cells[machine]
        if not self.practice.by_family:
            return min(ready, key=lambda op: op.order.serial)

        def rank(op: Op) -> tuple[bool, int, int, int]:
            product = op.order.wish.product
            effort = 0 if product.code == cell.product else 1 if product.family == cell.family else 2
            urgent = op.order.due - now < URGENT
            return (not urgent, 0 if urgent else effort, op.order.due, op.order.serial)

        return min(ready, key=rank)

    def _load(self, cell: Cell, op: Op) -> bool:
        """Take a piece into the machine."""
        if op.again:
            cell.piece = op.again.popleft()
            self._tell(op, cell.piece, "mended")
        elif op.lane:
            cell.piece = op.lane.popleft()
            self._decide(self.cells[op.order.ops[op.index - 1].machine])
        elif op.raw and op.order.arrived(self._now):
            cell.piece = op.order.first + op.order.wish.quantity - op.raw
            op.raw -= 1
        else:
            return False
        op.here = 1
        slow = 1 + 0.12 * min(1.0, max(0.0, (cell.wear - 0.7) / 0.6))
        spread = 1.0 if self.calm else cell.dice.uniform(0.98, 1.03) * slow
        cell.left = round(op.step.cycle * spread / 1000) * 1000
        return True

    def _spin(self, cell: Cell) -> None:
        """Run until the piece is done or something gives way."""
        span = cell.left
        if not self.calm:
            span = min(span, cell.to_failure)
            if cell.dice.random() < MINOR:
                span = min(span, max(SECOND, round(cell.left * cell.dice.random() / 1000) * 1000))
        self._enter(cell, "running")
        person = person_of(cell.station.zone, shift_at(self._now).code)
        if cell.labour is not None and cell.labour[0] != person:
            self._leave(cell)  # the next shift takes over
        if cell.op is not None and cell.labour is None:
            cell.labour = (person, cell.op, self._now)
            self._act(cell.op, "run", cell.labour[0])
        self._occupy(cell, span, running=True)

    def _try_out(self, cell: Cell) -> None:
        self._leave(cell)
        held, cell.op = cell.op, None
        self._enter(cell, "running")
        cell.op = held
        cell.task = Task("tryout", "running", "", "", TRYOUT)
        self._occupy(cell, TRYOUT)

    def _occupy(self, cell: Cell, span: int, *, running: bool = False) -> None:
        cell.busy, cell.running, cell.since = True, running, self._now
        cell.token += 1
        self._at(self._now + span, "end", cell.index, cell.token)

    def _cut(self, cell: Cell) -> None:
        """Stop a running machine: what is left of the piece goes on later."""
        spent = self._now - cell.since
        cell.left -= spent
        cell.to_failure -= spent
        cell.busy = cell.running = False
        cell.token += 1

    def _end(self, cell: Cell) -> None:
        if cell.running:
            self._cut(cell)
            if cell.left <= 0:
                self._finish_piece(cell)
            elif cell.to_failure <= 0 and not self.calm:
                self._break_down(cell)
            else:
                pause = cell.dice.randint(15, 100) * SECOND
                cell.want.append(Task("minor", "minor", "MINOR", cell.station.zone, pause))
        else:
            cell.busy = False
            self._accomplish(cell)
        self._decide(cell)

    # ---- people at machines ----------------------------------------------------------------------------------
    def _serve(self, cell: Cell, task: Task) -> None:
        """Let a person do what the machine waits for, as soon as one is free."""
        crew = self.crews[task.crew]
        slot = crew.take(cell.index)
        waits = ("operator", "OPERATOR") if task.what in ("setup", "adjust", "first", "tool") else ("", "")
        if slot is None:
            self._enter(cell, waits[0] or task.state, waits[1] or task.reason)
            return
        person = person_of(task.crew, shift_at(self._now).code, slot)
        cell.task, cell.served = task, (task.crew, slot)
        self._enter(cell, task.state, task.reason, person)
        if task.what == "repair":
            self._help(cell, "answer", person)
        if task.state == "setup" and cell.op is not None:
            self._leave(cell)
            self._act(cell.op, "setup", person)
        self._occupy(cell, task.duration)

    def _repair(self, cell: Cell, fault: Fault) -> None:
        if not fault.called:
            fault.called = True
            self._help(cell, "call", person_of(cell.station.zone, shift_at(self._now).code))
        if self._now < fault.known_at:
            self._enter(cell, "fault", fault.reason)
            self._at(fault.known_at, "wake", cell.index)
            return
        self._serve(cell, Task("repair", "fault", fault.reason, "maintenance", fault.repair))

    def _set_up(self, cell: Cell, *, full: bool) -> None:
        self._leave(cell)
        spread = 1.0 if self.calm else cell.dice.uniform(0.8, 1.35)
        search = 0 if self.calm else cell.dice.randint(*self.practice.search)
        time = round((cell.station.setup * (spread if full else spread * SMALL) + search) / SECOND) * SECOND
        cell.want.append(Task("setup" if full else "adjust", "setup", "SETUP", cell.station.zone, time))
        self._decide(cell)

    def _accomplish(self, cell: Cell) -> None:
        """A task is done: take its effect, and let the person go on to the next machine."""
        task, cell.task = cell.task, None
        assert task is not None
        if task.what == "tryout":
            cell.trying -= 1
            self.record.tell(Piece(self._now, cell.index, -1, -1, -1, "cycle"))
            return
        served, cell.served = cell.served, None
        if task.what == "repair":
            self._repaired(cell)
        else:
            cell.want.popleft()
            self._effect(cell, task)
        if served is not None:
            crew = self.crews[served[0]]
            crew.busy[served[1]] = False
            for index in list(crew.waiting):
                self._decide(self.cells[index])

    def _effect(self, cell: Cell, task: Task) -> None:
        op = cell.op
        if task.what in ("setup", "adjust", "again") and op is not None:
            person = self.record.current[cell.index][1].person
            self.record.labour.append(
                Labour(person, cell.index, op.order.serial, op.index, "setup", cell.since, self._now)
            )
            self._act(op, "pause", person)
        if task.what in ("setup", "adjust") and op is not None:
            wrong = WRONG if task.what == "setup" else WRONG_SMALL
            cell.askew = not self.calm and cell.dice.random() < wrong
            cell.family, cell.product = op.order.wish.product.family, op.order.wish.product.code
            cell.check = self.practice.first_piece
        elif task.what == "first" and cell.askew and cell.dice.random() < 0.9:
            again = Task("again", "setup", "SETUP", cell.station.zone, round(cell.station.setup * 0.4))
            cell.want.append(again)
        elif task.what in ("again", "hold"):
            cell.askew = False
            if cell.wear > 0.7:
                cell.renew()
            if op is not None:
                op.recent.clear()
        elif task.what == "tool":
            cell.renew()

    # ---- failures --------------------------------------------------------------------------------------------
    def _break_down(self, cell: Cell) -> None:
        causes = cell.station.failures
        cause = cell.dice.choices(causes, [one.share for one in causes])[0]
        cell.fault = self._failure(
            cell, cause.reason, cell.dice.randint(cause.low // SECOND, cause.high // SECOND) * SECOND
        )

    def _repaired(self, cell: Cell) -> None:
        assert cell.fault is not None
        if cell.fault.reason == "BREAKAGE":
            cell.renew()
        cell.fault = None
        self._help(cell, "close", self.record.current[cell.index][1].person)
        if cell.to_failure <= 0:
            cell.age()
