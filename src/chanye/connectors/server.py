"""The socket of ``collect``: one thread a client, one request at a time, only this user may connect."""

from __future__ import annotations

import os
import socketserver
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import structlog

from chanye.connectors import wire
from chanye.connectors.desk import Desk
from chanye.connectors.port import tag_of
from chanye.connectors.types import ConnectionStatus
from chanye.kernel.errors import ChanyeError

log = structlog.get_logger("collect")
Groups = Callable[[str], Mapping[str, str]]


class Service:
    """Answers requests at a desk.

    Parameters
    ----------
    groups
        Group -> its connections now: name -> fingerprint of the configuration.
    """

    def __init__(self, desk: Desk, groups: Groups) -> None:
        self.desk = desk
        self.groups = groups
        self._answers: dict[str, Callable[[wire.Header], wire.Header]] = {
            "hello": self._hello,
            "group": lambda ask: {"connections": dict(self.groups(ask["name"]))},
            "declare": self._declare,
            "encode": lambda ask: {"codes": self.desk.encode(int(ask["series"]), ask["texts"])},
            "source": lambda ask: {"source": wire.source_header(self.desk.history.source(ask["name"]))},
            "adopt": self._adopt,
            "report": self._report,
        }

    def answer(self, ask: wire.Header, body: bytes) -> wire.Header:
        """Return the answer to a request; errors travel inside it."""
        try:
            if ask.get("op") == "append":
                return {"ok": True} | wire.receipt_header(self.desk.append(wire.unpack_batch(ask, body)))
            handler = self._answers.get(str(ask.get("op")))
            if handler is None:
                raise wire.FrameError(f"There is no request {ask.get('op')!r}.")
            return {"ok": True} | handler(ask)
        except ChanyeError as error:
            return wire.error_header(error)
        except Exception as error:
            log.exception("request failed", op=ask.get("op"))
            return wire.error_header(error)

    def _hello(self, ask: wire.Header) -> wire.Header:
        spec, source = self.desk.hello(ask["name"])
        plain = {"name": spec.name, "kind": spec.kind, "options": dict(spec.options), "group": spec.group}
        return {"spec": plain, "source": wire.source_header(source)}

    def _declare(self, ask: wire.Header) -> wire.Header:
        return {"series": self.desk.declare(ask["name"], [tag_of(tag) for tag in ask["tags"]])}

    def _adopt(self, ask: wire.Header) -> wire.Header:
        files = [Path(name) for name in ask["files"]]
        receipt = self.desk.history.adopt(ask["source"], int(ask["sequence"]), files, ask["counts"], ask["position"])
        return wire.receipt_header(receipt)

    def _report(self, ask: wire.Header) -> wire.Header:
        self.desk.report(ConnectionStatus(**ask["status"]))
        return {}


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    service: Service
    finished: Callable[[], None]


class _Client(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        try:
            while True:
                ask, body = wire.receive(self.request)
                self.request.sendall(wire.pack(self.server.service.answer(ask, body)))
        except (wire.CollectGoneError, OSError):
            pass
        except wire.FrameError as error:
            log.warning("a client broke the format and was cut off", why=str(error))
        finally:
            self.server.finished()


class SocketServer:
    """Serves a ``Service`` on a Unix socket from background threads.

    Parameters
    ----------
    finished
        Called in each client's thread as it ends (to give database handles back).
    """

    def __init__(self, path: Path, service: Service, finished: Callable[[], None] = lambda: None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server = _Server(wire.address(path), _Client)
        finally:
            os.umask(before)
        self._server.service = service
        self._server.finished = finished
        self._path = path
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True, name="socket")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._path.unlink(missing_ok=True)
        self._thread.join(2.0)
