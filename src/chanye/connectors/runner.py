"""One connection, kept going: what its connector raises decides what happens next.

``TransientError`` and anything unforeseen - degraded, tried again with back-off; ``ConfigError`` and
``PermanentError`` - stopped with the message until the configuration changes; the desk gone - everything ends.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from chanye.connectors.desk import ConnectionSpec
from chanye.connectors.link import RunnerLink, backoff
from chanye.connectors.port import Port
from chanye.connectors.registry import check_options, connector_class
from chanye.connectors.wire import CollectGoneError, FrameError
from chanye.kernel.errors import ConfigError, PermanentError, TransientError
from chanye.kernel.time import now_us

EVERY = 1.0
#: A connector has this long to store what it holds before it is cancelled once more. [s]
AGAIN = 6.0
#: After this long in state active a loss counts as the first one again. [us]
STEADY = 60_000_000
log = structlog.get_logger("connectors")


class Runner:
    """Runs one connection until cancelled.

    Parameters
    ----------
    name
        The connection.
    port
        The way to the desk; the runner closes it.
    pause
        Back-off before try n. [s]
    """

    def __init__(
        self,
        name: str,
        port: Port,
        *,
        clock: Callable[[], int] = now_us,
        pause: Callable[[int], float] = backoff,
    ) -> None:
        self.name = name
        self.link: RunnerLink | None = None
        self.restarts = 0
        self._port = port
        self._clock = clock
        self._pause = pause

    async def run(self) -> None:
        """Serve the connection until cancelled, or until the desk is gone (``CollectGoneError``)."""
        try:
            spec, resume = await self._port.hello(self.name)
            self.link = link = RunnerLink(self.name, self._port, resume, self._clock)
            tasks = [
                asyncio.create_task(step)
                for step in (self._work(spec, link), self._pulse(link), self._tell(spec, link))
            ]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in tasks:
                    await _end(task)
                with contextlib.suppress(CollectGoneError, FrameError, TimeoutError):
                    await asyncio.wait_for(self._say_goodbye(spec, link), 3.0)
        finally:
            await self._port.close()

    async def _work(self, spec: ConnectionSpec, link: RunnerLink) -> None:
        attempt = 0
        link.state("starting")
        while True:
            try:
                options = check_options(spec.kind, dict(spec.options))
                await connector_class(spec.kind)(options, link).run()
                link.state("stopped", "The connector has finished.")
            except (CollectGoneError, FrameError):
                raise
            except (ConfigError, PermanentError) as error:
                link.state("stopped", str(error))
            except Exception as error:
                if not isinstance(error, TransientError):
                    log.exception("connector failed", connection=self.name)
                attempt = await self._lost(link, error, attempt)
                continue
            await self._close_gap(link, "STOPPED")
            await asyncio.Event().wait()

    async def _lost(self, link: RunnerLink, error: Exception, attempt: int) -> int:
        standing = link.standing
        if standing.state == "active" and self._clock() - standing.since > STEADY:
            attempt = 0
        why = str(error) if isinstance(error, TransientError) else f"{type(error).__name__}: {error}"
        link.state("degraded", why)
        await self._close_gap(link, "DEGRADED")
        self.restarts += 1
        await asyncio.sleep(self._pause(attempt))
        return attempt + 1

    async def _close_gap(self, link: RunnerLink, text: str) -> None:
        """Say where knowledge ends, unless the connector has said it."""
        standing = link.standing
        if not standing.gap_open:
            await link.mark_gap(standing.proven + 1 if standing.proven else self._clock())
        await link.pulse(text=text)

    async def _say_goodbye(self, spec: ConnectionSpec, link: RunnerLink) -> None:
        if link.standing.state != "stopped":
            await self._close_gap(link, "STOPPED")
            link.standing.state, link.standing.why = "stopped", "Switched off."
        await self._port.report(link.status(spec, self.restarts))

    async def _tell(self, spec: ConnectionSpec, link: RunnerLink) -> None:
        """Report the status every second, also while storing is stuck."""
        while True:
            await self._port.report(link.status(spec, self.restarts))
            await asyncio.sleep(EVERY)

    async def _pulse(self, link: RunnerLink) -> None:
        """Write the link series when it is due."""
        while True:
            await link.pulse()
            await asyncio.sleep(EVERY)


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel until it has ended: a cancellation that comes just when an inner wait is over is lost (Python 3.11)."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=AGAIN)
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await task
