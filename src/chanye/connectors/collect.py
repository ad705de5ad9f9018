"""The collect process: the one writer of history, and the parent of every process that talks to devices."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Sequence

import numpy as np
import structlog
from django.db import DatabaseError, close_old_connections, connections

from chanye.connectors.binding import RecordsBook, fingerprint
from chanye.connectors.desk import ConnectionSpec, Desk
from chanye.connectors.groups import GroupProcesses
from chanye.connectors.server import Service, SocketServer
from chanye.connectors.status import write_statuses
from chanye.connectors.types import ConnectionStatus
from chanye.connectors.wire import SOCKET
from chanye.kernel.errors import ChanyeError
from chanye.kernel.settings import Settings, get_settings
from chanye.kernel.time import now_us
from chanye.parties.types import SYSTEM
from chanye.spine import queries
from chanye.spine.history import History, Reader
from chanye.spine.history.types import Batch, Quality, SeriesSpec

log = structlog.get_logger("collect")
LOOK_EVERY = 1.0
MAINTAIN_EVERY = 5.0


def series_specs(numbers: Sequence[int]) -> dict[int, SeriesSpec]:
    """Return how series are read, for roll-ups. Called by the historian in its maintenance thread."""
    return queries.specs(SYSTEM, numbers)


def mark_unclean_ends(desk: Desk, reader: Reader) -> list[str]:
    """Close what a killed process left open; return the connections it found so.

    A connection whose link series still says ACTIVE was not stopped in order: from the last such sample on
    (or from its newest data on, if they are newer) nothing is known of its series. Running it twice adds nothing,
    for the link then no longer says ACTIVE.
    """
    found = []
    for spec in desk.book.specs():
        bound = desk.book.bound(spec.name)
        links = [series for series, role in bound.values() if role == "link"]
        if not links:
            continue
        latest = reader.latest(links)
        texts = [reader.texts(series) for series in links]
        ends = [
            int(t)
            for t, code, names in zip(latest.time, latest.value, texts, strict=True)
            if t and np.isfinite(code) and int(code) < len(names) and names[int(code)] == "ACTIVE"
        ]
        if ends:
            data = [series for series, role in bound.values() if role != "link"]
            newest = min(now_us(), int(reader.latest(data).time.max(initial=0)))
            _mark_gap(desk, spec.name, data, links, max(newest, *ends) + 1)
            found.append(spec.name)
    return found


def _mark_gap(desk: Desk, name: str, data: list[int], links: list[int], at: int) -> None:
    stopped = [desk.encode(series, ["STOPPED"])[0] for series in links]
    quality = [Quality.BAD_NO_COMMUNICATION] * len(data) + [Quality.GOOD] * len(links)
    state = desk.history.source(name)
    desk.append(
        Batch(
            source=name,
            sequence=state.last_sequence + 1,
            series=np.array(data + links, np.uint32),
            time=np.full(len(quality), at, np.int64),
            value=np.array([np.nan] * len(data) + [float(code) for code in stopped]),
            quality=np.array(quality, np.uint16),
            counts={"noted:unclean_end": 1},
            position=state.position,
        )
    )


class Collect:
    """Runs until told to stop.

    Parameters
    ----------
    settings
        Of this installation.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stopping = threading.Event()
        self._problems: dict[str, str] = {}
        self._mute = ""
        self._specs: list[ConnectionSpec] = []
        self._book = RecordsBook()

    def run(self) -> None:
        """Serve connections until ``stopping`` is set, then end in order.

        Raises
        ------
        ConfigError
            If another process already writes this history.
        """
        settings = self.settings
        with History(
            settings.history_folder,
            flush_rows=settings.flush_rows,
            flush_seconds=settings.flush_seconds,
            min_free_bytes=settings.min_free_mb << 20,
        ) as history:
            desk = Desk(history, self._book)
            for name in mark_unclean_ends(desk, Reader(settings.history_folder)):
                log.warning("connection was not stopped in order; its gap is marked", connection=name)
            path = settings.run_folder / SOCKET
            self._look()
            with SocketServer(path, Service(desk, self._members), connections.close_all):
                upkeep = threading.Thread(target=self._maintain, args=(history,), daemon=True, name="maintain")
                upkeep.start()
                self._serve(desk, GroupProcesses(path))
                upkeep.join(5.0)

    def _members(self, group: str) -> dict[str, str]:
        return {spec.name: fingerprint(spec) for spec in self._specs if spec.group == group}

    def _look(self) -> None:
        """Read which connections there are; keep what is known if the records cannot be read now."""
        try:
            close_old_connections()
            self._specs = self._book.specs()
            self._problems.pop("records", None)
        except DatabaseError as error:
            self._problems["records"] = f"The records cannot be read: {error}"

    def _serve(self, desk: Desk, groups: GroupProcesses) -> None:
        log.info("collecting", data=str(self.settings.data))
        try:
            while True:
                groups.follow(spec.group for spec in self._specs)
                self._publish(desk, groups)
                if self.stopping.wait(LOOK_EVERY):
                    return
                self._look()
        finally:
            groups.close()
            self._publish(desk, groups, ended=True)
            log.info("collecting has ended")

    def _publish(self, desk: Desk, groups: GroupProcesses, *, ended: bool = False) -> None:
        now = now_us()
        statuses = [
            desk.statuses.get(spec.name) or ConnectionStatus(spec.name, spec.kind, "starting", "", now, 0, 0)
            for spec in self._specs
        ]
        try:
            problems = self._problems | groups.problems()
            write_statuses(self.settings.run_folder, statuses, 0 if ended else now, problems)
            self._mute = ""
        except OSError as error:
            # A full disk must not end the process that can still say so; it says so once.
            if self._mute != str(error):
                log.warning("status cannot be written", why=str(error))
            self._mute = str(error)

    def _maintain(self, history: History) -> None:
        while not self.stopping.wait(MAINTAIN_EVERY):
            try:
                history.maintain(series_specs, retention_days=self.settings.retention_days)
                self._problems.pop("history", None)
            except (ChanyeError, OSError, DatabaseError) as error:
                if self._problems.get("history") != str(error):
                    log.warning("maintenance of history failed", why=str(error))
                self._problems["history"] = str(error)
            except Exception:
                log.exception("maintenance of history failed")
        connections.close_all()


def configure_logs(level: str) -> None:
    """Log one line an event to standard error."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=("timestamp", "level", "event")),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping().get(level, logging.INFO)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def main() -> None:
    """Run collect as a process: SIGTERM and Ctrl-C end it in order."""
    settings = get_settings()
    configure_logs(settings.log_level)
    collect = Collect(settings)
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: collect.stopping.set())
    collect.run()
