"""The people of a plant, as load: terminals that book and look, walls and offices that look. A process of its own.

Reads its task as JSON from standard input, plays it, and writes what it measured as JSON to standard output.
"""

from __future__ import annotations

import http.client
import json
import random
import re
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

#: How often a terminal asks what it shows, and books; how often a wall asks, an office opens a page. [s]
LOOK_EVERY, BOOK_EVERY, WALL_EVERY, OFFICE_EVERY, PEER_EVERY = 2.0, 8.0, 0.5, 5.0, 0.5

_TILE = re.compile(rb'class="tile st-(\w+)" id="m(\d+)"')


@dataclass
class Task:
    """What to play: addresses, who plays, for how long.

    ``terminals``: (place code, operation id) of each. ``walls``, ``offices``: how many look. ``pages``: what offices
    open.
    """

    url: str
    token: str
    cookie: str
    site: int
    seconds: float
    terminals: list[tuple[str, int]]
    walls: int
    offices: int
    pages: list[str]
    folder: str


@dataclass
class Found:
    """Latencies by kind [s], answers by status, what went wrong."""

    latency: dict[str, list[float]] = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    booked: int = 0
    shown: list[tuple[float, int, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kind: str, seconds: float, status: int) -> None:
        """Keep one answer."""
        with self.lock:
            self.latency.setdefault(kind, []).append(seconds)
            key = f"{kind} {status}"
            self.status[key] = self.status.get(key, 0) + 1

    def fault(self, text: str) -> None:
        """Keep what went wrong, the first few."""
        with self.lock:
            if len(self.faults) < 50:
                self.faults.append(text[:300])


class Browser:
    """One connection kept open, with its own memory of ETags."""

    def __init__(self, task: Task, found: Found, *, program: bool = False) -> None:
        parts = urlsplit(task.url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        self.found = found
        signed = {"Authorization": f"Bearer {task.token}"} if program else {"Cookie": task.cookie}
        self.headers = signed | {"Accept-Language": "zh-hans"}
        self.tags: dict[str, str] = {}
        self.connection: http.client.HTTPConnection | None = None

    def ask(self, kind: str, path: str, body: object = None) -> bytes:
        """Ask once; return the body, empty when nothing changed or it failed."""
        headers = dict(self.headers)
        if body is None and path in self.tags:
            headers["If-None-Match"] = self.tags[path]
        payload = None
        if body is not None:
            payload = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        begin = time.perf_counter()
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
            self.connection.request("GET" if body is None else "POST", path, payload, headers)
            answer = self.connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as problem:
            self.connection = None
            self.found.fault(f"{kind}: {problem!r}")
            return b""
        self.found.add(kind, time.perf_counter() - begin, answer.status)
        if answer.headers.get("ETag"):
            self.tags[path] = answer.headers["ETag"]
        if answer.status >= 400:
            self.found.fault(f"{kind} {answer.status}: {content[:200]!r}")
        return content


def _every(seconds: float, end: float, phase: float, act: Callable[[], None]) -> None:
    """Act again and again until ``end`` (monotonic), at a steady beat that does not drift."""
    due = time.monotonic() + phase
    while due < end:
        time.sleep(max(0.0, due - time.monotonic()))
        act()
        due = max(due + seconds, time.monotonic())


def _terminal(task: Task, found: Found, index: int, end: float) -> None:
    place, operation = task.terminals[index]
    browser = Browser(task, found, program=True)
    rng = random.Random(index)
    count = 0

    def look() -> None:
        browser.ask("terminal", f"/api/v1/factory/terminal?place={place}")

    def book() -> None:
        nonlocal count
        count += 1
        scrap = rng.random() < 0.1
        entry = {
            "key": f"{task.seconds}-{index}-{count}-{time.time_ns()}",
            "kind": "output",
            "event_at": time.time_ns() // 1000,
            "place": place,
            "operation": operation,
            "good": 1,
            "scrap": int(scrap),
            "reason": "burr" if scrap else None,
        }
        content = browser.ask("booking", "/api/v1/factory/inbox", {"terminal": place, "entries": [entry]})
        outcome = json.loads(content)["outcomes"][0] if content.startswith(b"{") and b"outcomes" in content else {}
        if outcome.get("outcome") == "booked":
            with found.lock:
                found.booked += 1
        else:
            found.fault(f"booking refused: {outcome}")

    turns = round(BOOK_EVERY / LOOK_EVERY)

    def turn() -> None:
        look()
        turn.n += 1  # type: ignore[attr-defined]  # a counter kept on the function
        if turn.n % turns == index % turns:  # type: ignore[attr-defined]  # the same
            book()

    turn.n = 0  # type: ignore[attr-defined]  # the same
    _every(LOOK_EVERY, end, index * LOOK_EVERY / len(task.terminals), turn)


def _wall(task: Task, found: Found, index: int, end: float) -> None:
    browser = Browser(task, found)
    known: dict[int, str] = {}

    def look() -> None:
        content = browser.ask("wall", f"/sites/{task.site}/?part=tiles&wall=1")
        now = time.time()
        for state, number in _TILE.findall(content):
            machine, word = int(number), state.decode()
            if known.get(machine) != word:
                known[machine] = word
                with found.lock:
                    found.shown.append((now, machine, word))

    _every(WALL_EVERY, end, index * WALL_EVERY / max(task.walls, 1), look)


def _office(task: Task, found: Found, index: int, end: float) -> None:
    browser = Browser(task, found)
    rng = random.Random(1000 + index)
    _every(OFFICE_EVERY, end, index * OFFICE_EVERY / max(task.offices, 1), lambda: _open(browser, rng, task.pages))


def _open(browser: Browser, rng: random.Random, pages: list[str]) -> None:
    path = rng.choice(pages)
    browser.tags.clear()  # an office opens pages anew
    browser.ask("page", path)


def _peers(task: Task, found: Found, end: float) -> None:
    """Beside the product in the same run: the emptiest page it has, and one durable insert into a bare SQLite."""
    browser = Browser(task, found)
    with tempfile.TemporaryDirectory(dir=task.folder) as folder:
        bare = sqlite3.connect(Path(folder) / "bare.sqlite3", isolation_level=None)
        bare.execute("PRAGMA journal_mode=WAL")
        bare.execute("PRAGMA synchronous=FULL")
        bare.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)")

        def act() -> None:
            browser.ask("empty page", "/healthz")
            begin = time.perf_counter()
            bare.execute("BEGIN IMMEDIATE")
            bare.execute("INSERT INTO t (text) VALUES (?)", ["x" * 200])
            bare.execute("COMMIT")
            found.add("bare insert", time.perf_counter() - begin, 200)

        _every(PEER_EVERY, end, 0.1, act)
        bare.close()


def play(task: Task) -> Found:
    """Play the task to its end and return what was measured."""
    found = Found()
    end = time.monotonic() + task.seconds
    threads = [threading.Thread(target=_terminal, args=(task, found, i, end)) for i in range(len(task.terminals))]
    threads += [threading.Thread(target=_wall, args=(task, found, i, end)) for i in range(task.walls)]
    threads += [threading.Thread(target=_office, args=(task, found, i, end)) for i in range(task.offices)]
    threads.append(threading.Thread(target=_peers, args=(task, found, end)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def main() -> None:
    """Play the task on standard input."""
    raw: dict[str, Any] = json.load(sys.stdin)
    raw["terminals"] = [tuple(one) for one in raw["terminals"]]
    found = play(Task(**raw))
    json.dump(
        {
            "latency": found.latency,
            "status": found.status,
            "faults": found.faults,
            "booked": found.booked,
            "shown": found.shown,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
