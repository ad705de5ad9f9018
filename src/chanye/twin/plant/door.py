"""The plant's way into the product: its own HTTP interface, with a token, as any other system would use it."""

from __future__ import annotations

import heapq
import http.client
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Protocol
from urllib.parse import urlsplit

from chanye.twin.plant.clerks import Note
from chanye.twin.plant.orders import Order

#: Entries sent at once.
BATCH = 50


class DoorError(Exception):
    """The product answered something that the plant did not expect."""


class Asks(Protocol):
    """Anything that answers requests of the product's interface."""

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request and return the answer."""


@dataclass(slots=True)
class Door:
    """A connection that is kept open.

    Parameters
    ----------
    url
        Address of the product.
    token
        What lets the plant's gateway in.
    """

    url: str
    token: str
    _line: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request and return the answer.

        Raises
        ------
        DoorError
            For any answer but success.
        """
        address = urlsplit(self.url)
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        for attempt in (1, 2):
            if self._line is None:
                self._line = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
            try:
                self._line.request(method, f"/api/v1{path}", data, headers)
                answer = self._line.getresponse()
                text = answer.read()
            except (http.client.HTTPException, ConnectionError, OSError) as error:
                self._line.close()
                self._line = None
                if attempt == 2:
                    raise DoorError(f"{method} {path}: {error}") from error
                continue
            break
        if answer.status != 200:
            raise DoorError(f"{method} {path} said {answer.status}: {text[:300].decode(errors='replace')}")
        return json.loads(text)


@dataclass(slots=True)
class Office:
    """Brings the plant's orders in and carries what its people report, at their time.

    ``book``: all orders of the plant by serial. ``operations``: numbers of the product's operations by (order, step,
    mending). ``outcomes`` counts what became of what was sent; ``refused`` keeps what was refused and why.
    """

    door: Asks
    site: int
    book: Sequence[Order] = ()
    operations: dict[tuple[int, int, bool], int] = field(default_factory=dict)
    orders: dict[int, int] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[str, str]] = field(default_factory=list)
    _queue: list[tuple[int, int, Note]] = field(default_factory=list)
    _number: int = 0

    def order(self, order: Order) -> None:
        """Create and release an order, and learn the numbers of its operations."""
        body = {
            "site_id": self.site,
            "number": order.wish.number,
            "product": order.wish.product.code,
            "quantity": order.wish.quantity,
            "due": order.due,
            "release": True,
        }
        made = self.door.ask("POST", "/factory/orders", body)["id"]
        self.orders[order.serial] = made
        steps = {step.number: index for index, step in enumerate(order.wish.product.steps)}
        for one in self.door.ask("GET", f"/factory/orders/{made}/operations"):
            mending = one["kind"] == "rework"
            index = steps[one["number"] - 5 if mending else one["number"]]
            self.operations[order.serial, index, mending] = one["id"]

    def take(self, notes: Iterable[Note]) -> None:
        """Keep notes until they leave."""
        for note in notes:
            self._number += 1
            heapq.heappush(self._queue, (note.send_at, self._number, note))

    def send(self, now: int) -> int:
        """Send what has to leave before ``now`` (us UTC), terminal by terminal; return how many entries that were.

        Raises
        ------
        DoorError
            If the product cannot be reached; what was not sent is kept.
        """
        due: list[tuple[int, int, Note]] = []
        while self._queue and self._queue[0][0] < now:
            due.append(heapq.heappop(self._queue))
        sent = 0
        try:
            for terminal, rows in groupby(due, key=lambda row: row[2].terminal):
                entries = [self._entry(note) for _, _, note in rows]
                for first in range(0, len(entries), BATCH):
                    self._post(terminal, entries[first : first + BATCH])
                    sent += len(entries[first : first + BATCH])
        except DoorError:
            for row in due[sent:]:  # the queue of a terminal survives; what was booked already books once
                heapq.heappush(self._queue, row)
            raise
        return sent

    def forget(self, before: int) -> None:
        """Leave out what had to leave before a moment (us UTC): it was told then."""
        while self._queue and self._queue[0][0] < before:
            heapq.heappop(self._queue)

    def _entry(self, note: Note) -> Mapping[str, Any]:
        entry = {name: value for name, value in note.body.items() if value is not None}
        if note.operation is None:
            return entry
        if note.operation not in self.operations:
            self.order(self.book[note.operation[0]])
        return entry | {"operation": self.operations[note.operation]}

    def _post(self, terminal: str, entries: Sequence[Mapping[str, Any]]) -> None:
        answer = self.door.ask("POST", "/factory/inbox", {"terminal": terminal, "entries": entries})
        for entry, outcome in zip(entries, answer["outcomes"], strict=True):
            self.outcomes[outcome["outcome"]] += 1
            if outcome["outcome"] == "refused":
                self.refused.append((str(entry["kind"]), outcome["why"]))
