"""The lane of the work process that empties the outbox: several receivers at once, one event of each at a time."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait

import structlog
from django.db import connection

from chanye.kernel.settings import get_settings
from chanye.kernel.time import now_us
from chanye.parties.types import SYSTEM
from chanye.parties.webhooks import actions, queries
from chanye.parties.webhooks.sending import deliver
from chanye.parties.webhooks.types import Answer, Parcel

log = structlog.get_logger("webhooks")

#: Receivers that are spoken to at the same time.
ABREAST = 8
#: How often the outbox is looked into, and how long to wait after a failure of its own. [s]
LOOK_EVERY, AFTER_FAILURE = 0.5, 10.0


class Sender:
    """Sends what is due and notes the answers; requests run in threads, records are touched by the caller's alone."""

    def __init__(self, send: Callable[[Parcel], Answer] | None = None) -> None:
        private = get_settings().webhook_private_addresses
        self._send = send or (lambda parcel: deliver(parcel, private=private))
        self._under_way: dict[Future[Answer], Parcel] = {}

    def step(self, patience: float) -> bool:
        """Note answers, send what is due, wait up to ``patience`` [s] for an answer; tell if more is under way."""
        for future in [one for one in self._under_way if one.done()]:
            parcel = self._under_way.pop(future)
            actions.record_attempt(
                actor=SYSTEM,
                delivery_id=parcel.delivery_id,
                answer=future.result(),
                now=now_us(),
                spread=random.random(),  # noqa: S311  # spreads load, guards nothing
            )
        busy = [parcel.webhook_id for parcel in self._under_way.values()]
        for parcel in queries.due(SYSTEM, now_us(), busy=busy)[: ABREAST - len(busy)]:
            self._under_way[self._start(parcel)] = parcel
        if self._under_way:
            wait(self._under_way, patience, FIRST_COMPLETED)
        return bool(self._under_way)

    def _start(self, parcel: Parcel) -> Future[Answer]:
        """Send in a thread that ends with the process: what is under way then is sent again, under its number."""
        future: Future[Answer] = Future()

        def work() -> None:
            try:
                future.set_result(self._send(parcel))
            except Exception as error:  # whatever an address can make the network say
                future.set_result(Answer(None, f"{type(error).__name__}: {error}"))

        threading.Thread(target=work, name="webhook", daemon=True).start()
        return future


def run(stop: threading.Event) -> None:
    """Send until ``stop`` is set."""
    sender = Sender()
    while not stop.is_set():
        try:
            if not sender.step(LOOK_EVERY):
                stop.wait(LOOK_EVERY)
        except Exception as error:  # records that cannot be reached now: later
            log.error("sending events failed", error=repr(error), exc_info=error)
            connection.close()
            stop.wait(AFTER_FAILURE)
    connection.close()
