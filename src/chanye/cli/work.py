"""The work process: runs all processors, each at its own pace, so that one that fails does not stop the others."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from chanye.parties.types import SYSTEM

if TYPE_CHECKING:
    from chanye.spine.history import Reader
    from chanye.spine.processors import Processor

log = structlog.get_logger("work")

#: How often the historian is asked whether anything is new. [s]
LOOK_EVERY = 0.1
#: Wait after a first and at most after any failure. [s]
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
DAY = 86_400.0


@dataclass
class Lane:
    """A processor and how it is doing: ``seen`` is the generation it has worked, ``due`` when it may try again."""

    processor: Processor
    seen: int = -1
    wait: float = 0.0
    due: float = 0.0

    def step(self, reader: Reader, now: float) -> bool:
        """Work one helping if there is any and it is time; return whether there is more to do at once."""
        generation = reader.generation()
        if now < self.due or generation == self.seen:
            return False
        from chanye.spine.frame_actions import run_processor

        try:
            more = run_processor(actor=SYSTEM, processor=self.processor, reader=reader)
        except Exception as error:  # whatever one processor does, the others go on
            self._failed(error, now)
            return False
        if self.wait:
            log.info("processor works again", processor=self.processor.name)
        self.wait = self.due = 0.0
        if not more:
            self.seen = generation
        return more

    def _failed(self, error: Exception, now: float) -> None:
        from django.db import connection

        connection.close()  # a broken connection is opened anew next time
        if not self.wait:
            log.error("processor failed", processor=self.processor.name, error=repr(error), exc_info=error)
        self.wait = min(max(self.wait * 2, FIRST_WAIT), LONGEST_WAIT)
        self.due = now + self.wait


@dataclass
class Chore:
    """Something a room wants done every so many seconds, e.g. looking whether a plan is due."""

    name: str
    every: float
    do: Callable[[], object]
    due: float = 0.0

    def step(self, now: float) -> None:
        """Do it if it is time; one that fails is tried again at its next time."""
        if now < self.due:
            return
        self.due = now + self.every
        try:
            self.do()
        except Exception as error:  # whatever one chore does, the others go on
            from django.db import connection

            connection.close()  # a broken connection is opened anew next time
            log.error("chore failed", chore=self.name, error=repr(error), exc_info=error)


def run(
    processors: Sequence[Processor],
    reader: Reader,
    stop: threading.Event,
    *,
    chores: Sequence[Chore] = (),
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Run processors and chores until ``stop`` is set; the helping in hand is finished first."""
    lanes = [Lane(processor) for processor in processors]
    while not stop.is_set():
        busy = False
        for chore in chores:
            if not stop.is_set():
                chore.step(clock())
        for lane in lanes:
            if not stop.is_set():
                busy |= lane.step(reader, clock())
        if not busy:
            stop.wait(LOOK_EVERY)


def keep_house(stop: threading.Event) -> None:
    """Take away, once a day, stored files that nothing refers to and events told long ago."""
    from django.db import connection

    from chanye.kernel.time import now_us
    from chanye.parties.webhooks.actions import sweep_deliveries
    from chanye.spine.actions import sweep_files

    while not stop.is_set():
        try:
            sweep_files(actor=SYSTEM)
            sweep_deliveries(actor=SYSTEM, now=now_us())
        except Exception as error:  # tomorrow is another day
            log.error("sweeping failed", error=repr(error), exc_info=error)
        connection.close()
        stop.wait(DAY)


def registered() -> list[Processor]:
    """Return the processors of all rooms, in the order they run."""
    from chanye.spine.processors import default_processors

    return default_processors()


def chores() -> list[Chore]:
    """Return what the rooms want done again and again; a room names its own in ``tasks.CHORES``."""
    from chanye.domains.factory import tasks

    return [Chore(name, every, do) for name, every, do in tasks.CHORES]


def main() -> None:
    """Run until SIGTERM or SIGINT, or until the process that started this one is gone."""
    from chanye.parties.webhooks.lane import run as send_events
    from chanye.spine.store import reader

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log.info("work started", pid=os.getpid())
    # Lanes of their own: a receiver that answers slowly never holds up the processors.
    beside = [threading.Thread(target=lane, args=(stop,), daemon=True) for lane in (keep_house, send_events)]
    for lane in beside:
        lane.start()
    run(registered(), reader(), stop, chores=chores())
    for lane in beside:
        lane.join(5)
    log.info("work stopped")
