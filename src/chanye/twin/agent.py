"""An MTConnect agent over HTTP on loopback: probe, current, sample, streaming; MTConnect part 1, REST protocol."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from chanye.twin.buffer import Buffer, Observation, OutOfRangeError, Window
from chanye.twin.devices import VERSION, Item, devices_element, items_of, select
from chanye.twin.parts import MACHINES, Machine

MAX_COUNT = 20_000


def stamp(time_us: int) -> str:
    """Return ``time_us`` (us UTC) as the protocol writes times."""
    return datetime.fromtimestamp(time_us // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + (
        f"{time_us % 1_000_000:06d}Z"
    )


class RequestError(Exception):
    """A request the agent must refuse, with the code of the standard."""

    def __init__(self, code: str, text: str, status: int) -> None:
        super().__init__(text)
        self.code, self.status = code, status


class Agent:
    """The agent's state and documents; ``serve`` puts it on a port.

    Parameters
    ----------
    clock
        The agent's own clock; the floor that plays it sets its own. [us UTC]
    size
        Observations kept in the buffer.
    """

    def __init__(
        self,
        clock: Callable[[], int] = int,
        machines: Sequence[Machine] = MACHINES,
        *,
        size: int = 131_072,
        port: int = 0,
    ) -> None:
        self.clock = clock
        self.machines = {machine.code: machine for machine in machines}
        self.items: dict[str, Item] = {item.id: item for machine in machines for item in items_of(machine).values()}
        self.size = size
        self.port = port
        self.devices = devices_element(machines)
        self.last_told = 0
        self._server: ThreadingHTTPServer | None = None
        self._instance = 0
        self.forget()

    def forget(self) -> None:
        """Start anew: a new instance, an empty buffer, everything UNAVAILABLE until the adapters speak again."""
        self._instance = max(self._instance + 1, time.time_ns() // 1_000_000_000)
        self.buffer = Buffer(self.items, self.size, self.clock())

    # ---- documents -------------------------------------------------------------------------------------------
    def _document(self, kind: str, body: str, header: str) -> bytes:
        space = f"urn:mtconnect.org:MTConnect{kind}:{VERSION}"
        self.last_told = now = self.clock()
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<MTConnect{kind} xmlns:m="{space}" xmlns="{space}" '
            'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            f'xsi:schemaLocation="{space} http://schemas.mtconnect.org/schemas/MTConnect{kind}_{VERSION}.xsd">'
            f'<Header creationTime="{stamp(now)}" sender="chanye-twin" instanceId="{self._instance}" '
            f'version="{VERSION}.0.0" bufferSize="{self.size}"{header}/>{body}</MTConnect{kind}>'
        ).encode()

    def probe(self, device: str | None = None) -> bytes:
        """Return the MTConnectDevices document."""
        nodes = [node for node in self.devices if device in (None, node.get("name"))]
        body = b"".join(etree.tostring(node, encoding="utf-8") for node in nodes).decode()
        header = ' assetBufferSize="0" assetCount="0"'
        return self._document("Devices", f"<Devices>{body}</Devices>", header)

    def streams(self, window: Window, wanted: set[str] | None = None) -> bytes:
        """Return a window of the buffer as a MTConnectStreams document."""
        tree: dict[str, dict[str, dict[str, list[Observation]]]] = {}
        for observation in window.observations:
            if wanted is not None and observation.item not in wanted:
                continue
            item = self.items[observation.item]
            component = tree.setdefault(item.device, {}).setdefault(item.component_id, {})
            component.setdefault(item.category, []).append(observation)
        body = "".join(self._device_stream(device, components) for device, components in tree.items())
        header = f' nextSequence="{window.next}" firstSequence="{window.first}" lastSequence="{window.last}"'
        return self._document("Streams", f"<Streams>{body}</Streams>", header)

    def _device_stream(self, device: str, components: dict[str, dict[str, list[Observation]]]) -> str:
        parts = [f'<DeviceStream name="{device}" uuid="chanye-twin-{device}">']
        for component_id, categories in components.items():
            some = self.items[next(iter(categories.values()))[0].item]
            name = some.component_name or device
            parts.append(f'<ComponentStream component="{some.component}" name="{name}" componentId="{component_id}">')
            for category, tag in (("SAMPLE", "Samples"), ("EVENT", "Events"), ("CONDITION", "Condition")):
                if category in categories:
                    parts += [f"<{tag}>", *map(self._observation, categories[category]), f"</{tag}>"]
            parts.append("</ComponentStream>")
        return "".join([*parts, "</DeviceStream>"])

    def _observation(self, observation: Observation) -> str:
        item = self.items[observation.item]
        common = (
            f'dataItemId="{item.id}" name="{item.name}" sequence="{observation.sequence}" '
            f'timestamp="{stamp(observation.time)}"'
        )
        if item.sub_type:
            common += f' subType="{item.sub_type}"'
        if item.category != "CONDITION":
            return f"<{item.tag} {common}>{escape(observation.value)}</{item.tag}>"
        level, _, text = observation.value.partition("|")
        code, _, text = text.partition("|")
        native = f" nativeCode={quoteattr(code)}" if code else ""
        return f'<{level.capitalize()} {common} type="{item.type}"{native}>{escape(text)}</{level.capitalize()}>'

    def error(self, code: str, text: str) -> bytes:
        """Return an MTConnectError document."""
        body = f'<Errors><Error errorCode="{code}">{escape(text)}</Error></Errors>'
        return self._document("Error", body, "")

    # ---- requests --------------------------------------------------------------------------------------------
    def wanted(self, device: str | None, path: str | None) -> set[str] | None:
        """Return the data items a request is about; None: all.

        Raises
        ------
        RequestError
            For an unknown device or a bad path.
        """
        if device is not None and device not in self.machines:
            raise RequestError("NO_DEVICE", f"Could not find the device '{device}'", 404)
        ids = None if device is None else {i for i, item in self.items.items() if item.device == device}
        if path is None:
            return ids
        try:
            chosen = select(self.devices, path)
        except ValueError as error:
            raise RequestError("INVALID_XPATH", f"The path could not be parsed: {error}", 400) from error
        return chosen if ids is None else chosen & ids

    # ---- life ------------------------------------------------------------------------------------------------
    @property
    def url(self) -> str:
        """Where the agent answers."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def serving(self) -> bool:
        """Whether the port is open."""
        return self._server is not None

    def serve(self) -> None:
        """Open the port (the same as before, if it was open before) and answer in threads."""
        agent = self

        class Handler(_Handler):
            served = agent

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False
            allow_reuse_address = True
            stopping = False

        server = Server(("127.0.0.1", self.port), Handler)
        self.port = server.server_address[1]
        self._server = server
        threading.Thread(target=server.serve_forever, args=(0.05,), name="agent", daemon=True).start()

    def hang_up(self) -> None:
        """Close the port and every open stream; the buffer lives on."""
        server, self._server = self._server, None
        if server is not None:
            with self.buffer.changed:
                self.buffer.changed.notify_all()
            server.shutdown()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """One request; keeps no state."""

    served: Agent
    protocol_version = "HTTP/1.1"
    timeout = 30

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Say nothing on the terminal."""

    def do_GET(self) -> None:
        """Answer probe, current and sample, for all devices or for one."""
        if not self.served.serving:
            self.close_connection = True
            return
        url = urlsplit(self.path)
        words = [unquote(word) for word in url.path.split("/") if word]
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        try:
            self._answer(words, query)
        except RequestError as error:
            self._send(self.served.error(error.code, str(error)), error.status)
        except OutOfRangeError as error:
            self._send(self.served.error("OUT_OF_RANGE", str(error)), 404)
        except (BrokenPipeError, ConnectionError):
            self.close_connection = True

    def _answer(self, words: list[str], query: dict[str, str]) -> None:
        verb = words[-1] if words and words[-1] in {"probe", "current", "sample"} else "probe"
        rest = words[:-1] if words and words[-1] == verb else words
        if len(rest) > 1:
            raise RequestError("UNSUPPORTED", "ask for probe, current or sample", 404)
        device = rest[0] if rest else None
        wanted = self.served.wanted(device, query.get("path"))
        buffer = self.served.buffer
        if verb == "probe":
            self._send(self.served.probe(device))
        elif "interval" in query:
            self._stream(self._parts(verb, query, wanted))
        elif verb == "current":
            at = _number(query, "at", None, 0)
            self._send(self.served.streams(buffer.current(at), wanted))
        else:
            start, count = _number(query, "from", None, 0), _number(query, "count", 100, 1)
            self._send(self.served.streams(buffer.sample(start, count or 100, wanted), wanted))

    def _parts(self, verb: str, query: dict[str, str], wanted: set[str] | None) -> Iterator[bytes]:
        """Yield the documents of a stream: news as they come, at most every interval; a heartbeat in silence."""
        agent, buffer = self.served, self.served.buffer
        interval = (_number(query, "interval", 0, 0) or 0) / 1000
        heartbeat = (_number(query, "heartbeat", 10_000, 1) or 10_000) / 1000
        count = _number(query, "count", 100, 1) or 100
        position = _number(query, "from", None, 0)
        while agent.serving and buffer is agent.buffer:
            if verb == "current":
                yield agent.streams(buffer.current(), wanted)
            else:
                window = buffer.sample(position, count, wanted)
                position = window.next
                yield agent.streams(window, wanted)
                if len(window.observations) < count:
                    self._wait(buffer, position, heartbeat)
            time.sleep(interval)

    def _wait(self, buffer: Buffer, position: int, heartbeat: float) -> None:
        with buffer.changed:
            buffer.changed.wait_for(
                lambda: buffer.sample(position, 1).next > position or not self.served.serving, heartbeat
            )

    def _send(self, document: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(document)))
        self.end_headers()
        self.wfile.write(document)

    def _stream(self, parts: Iterator[bytes]) -> None:
        first = next(parts, None)  # an out of range request is refused before the stream begins
        boundary = uuid.uuid4().hex
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace;boundary={boundary}")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        document = first
        with suppress(OutOfRangeError):  # a reader that fell out of the buffer is hung up on, as agents do
            while document is not None:
                head = f"--{boundary}\r\nContent-type: text/xml\r\nContent-length: {len(document)}\r\n\r\n".encode()
                part = head + document + b"\r\n"
                self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                self.wfile.flush()
                document = next(parts, None)
        self.wfile.write(b"0\r\n\r\n")


def _number(query: dict[str, str], name: str, default: int | None, least: int) -> int | None:
    """Read a whole number from a query.

    Raises
    ------
    RequestError
        If it is not one, or out of its bounds.
    """
    text = query.get(name)
    if text is None:
        return default
    if not text.isdecimal() or len(text) > 18 or int(text) < least:
        raise RequestError("INVALID_REQUEST", f"'{name}' must be a whole number of at least {least}", 400)
    return min(int(text), MAX_COUNT) if name == "count" else int(text)
