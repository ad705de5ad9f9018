"""The process of one group: ``python -m chanye.connectors.group GROUP SOCKET``.

It knows neither the records nor the historian, only the socket of ``collect``. It asks once a second which
connections the group has and starts, restarts and stops their runners; when the socket closes it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from pathlib import Path

import structlog

from chanye.connectors.port import SocketPort
from chanye.connectors.runner import Runner
from chanye.connectors.wire import CollectGoneError

ASK_EVERY = 1.0
DRAIN = 7.0
#: Exit status when ``collect`` is gone.
GONE = 3
log = structlog.get_logger("connectors")


class Group:
    """Keeps the runners of a group in step with its configuration."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = path
        self._running: dict[str, tuple[str, asyncio.Task[None]]] = {}

    async def run(self) -> None:
        """Serve until cancelled; ``CollectGoneError`` when the desk is gone."""
        control = SocketPort(self.path)
        try:
            while True:
                await self._follow(await control.group(self.name))
                await asyncio.sleep(ASK_EVERY)
        finally:
            await control.close()
            await self._stop(list(self._running))

    async def _follow(self, wanted: dict[str, str]) -> None:
        for name, (print_, task) in list(self._running.items()):
            if task.done() and not task.cancelled() and isinstance(task.exception(), CollectGoneError):
                raise CollectGoneError("The collect process is gone.")
            if wanted.get(name) != print_ or task.done():
                await self._stop([name])
        for name, print_ in wanted.items():
            if name not in self._running:
                runner = Runner(name, SocketPort(self.path))
                self._running[name] = (print_, asyncio.create_task(runner.run(), name=name))

    async def _stop(self, names: list[str]) -> None:
        tasks = [self._running.pop(name)[1] for name in names]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=DRAIN)
        for task in tasks:
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                log.warning("runner ended", connection=task.get_name(), why=str(error))


async def serve(name: str, path: Path) -> int:
    """Run the group until SIGTERM or SIGINT; return the exit status."""
    work = asyncio.create_task(Group(name, path).run())
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        try:
            await work
        except CollectGoneError:
            return GONE
    return 0


def main() -> None:
    """Run as a process."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=("timestamp", "level", "event")),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    sys.exit(asyncio.run(serve(sys.argv[1], Path(sys.argv[2]))))


if __name__ == "__main__":
    main()
