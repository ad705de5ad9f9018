"""A small MTConnect agent on a free loopback port, which tests can drive, stop, restart and starve."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

PROBE = """<?xml version="1.0"?>
<MTConnectDevices xmlns="urn:mtconnect.org:MTConnectDevices:1.8">
 <Header instanceId="{instance}" version="1.8" bufferSize="{size}" creationTime="{now}" sender="t"/>
 <Devices><Agent id="a1" name="agent" uuid="agent-1"><DataItems><DataItem id="port" category="EVENT"
  type="PORT"/></DataItems></Agent><Device id="d1" name="Mill" uuid="mill-1"><Description>Mill one</Description>
  <DataItems><DataItem id="avail" category="EVENT" type="AVAILABILITY"/></DataItems>
  <Components><Controller id="c1" name="ctrl"><DataItems>
   <DataItem id="exec" name="execution" category="EVENT" type="EXECUTION"/>
   <DataItem id="count" name="parts" category="EVENT" type="PART_COUNT"/>
   <DataItem id="feed" name="feed" category="SAMPLE" type="PATH_FEEDRATE" units="MILLIMETER/SECOND"/>
   <DataItem id="prog" name="prog" category="EVENT" type="PROGRAM"/>
   <DataItem id="sys" category="CONDITION" type="SYSTEM"/>
   <DataItem id="odd" category="SAMPLE" type="x:FLUX" units="x:FURLONG"/>
  </DataItems></Controller></Components></Device></Devices></MTConnectDevices>"""
ELEMENT = {"exec": "Execution", "count": "PartCount", "feed": "PathFeedrate", "prog": "Program",
           "avail": "Availability", "odd": "Flux", "port": "Port"}  # fmt: skip
GROUP = {"feed": "Samples", "odd": "Samples", "sys": "Condition"}


def iso(us):
    return datetime.fromtimestamp(us // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{us % 1_000_000:06d}Z"


class SmallAgent:
    def __init__(self, clock, size=1000, tells_past=True, streams=True):
        self.clock, self.size, self.tells_past, self.streams = clock, size, tells_past, streams
        self.instance, self.port, self.server = 7, 0, None
        self.override = None  # bytes sent instead of every answer
        self.asked = []
        self.open = set()
        self.forget(7)

    def forget(self, instance):
        self.instance, self.buffer, self.next = instance, [], 1

    def tell(self, item, time, value):
        """Put an observation into the buffer; a condition's value is ``level|code``."""
        self.buffer.append((self.next, item, time, value))
        self.next += 1

    @property
    def first(self):
        return max(1, self.next - self.size)

    async def start(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self):
        self.server.close()
        for writer in list(self.open):
            writer.transport.abort()
        await asyncio.sleep(0.01)

    def document(self, rows, following):
        body = "".join(self._row(*row) for row in rows)
        return self._wrap("Streams", f'nextSequence="{following}" firstSequence="{self.first}" '
                          f'lastSequence="{self.next - 1}"',
                          f'<Streams><DeviceStream name="Mill" uuid="mill-1"><ComponentStream>{body}'
                          "</ComponentStream></DeviceStream></Streams>")  # fmt: skip

    def error(self, code):
        return self._wrap("Error", "", f'<Errors><Error errorCode="{code}">no</Error></Errors>')

    def _wrap(self, kind, header, body):
        head = f'<Header instanceId="{self.instance}" creationTime="{iso(self.clock())}" bufferSize="{self.size}" '
        name = f"MTConnect{kind}"
        return f'<{name} xmlns="urn:mtconnect.org:{name}:1.8">{head}{header}/>{body}</{name}>'.encode()

    def _row(self, sequence, item, time, value):
        common = f'dataItemId="{item}" sequence="{sequence}" timestamp="{iso(time)}"'
        if item == "sys":
            level, _, code = value.partition("|")
            inner = f'<{level} {common} nativeCode="{code}"/>'
        else:
            inner = f"<{ELEMENT[item]} {common}>{escape(value)}</{ELEMENT[item]}>"
        group = GROUP.get(item, "Events")
        return f"<{group}>{inner}</{group}>"

    def current(self, at=None):
        rows = {}
        for row in self.buffer:
            if at is None or row[0] <= at:
                rows[row[1]] = row
        return self.document(sorted(rows.values()), self.next)

    def sample(self, start, count):
        rows = [row for row in self.buffer if row[0] >= start][:count]
        return self.document(rows, rows[-1][0] + 1 if rows else self.next)

    def answer(self, path, query):
        kind = path.rpartition("/")[2]
        if "Mill" not in path and path.count("/") > 1:
            return self.error("NO_DEVICE")
        if kind == "probe":
            return PROBE.format(instance=self.instance, size=self.size, now=iso(self.clock())).encode()
        place = int(query.get("at", query.get("from", self.first)))
        if not self.first <= place <= self.next:
            return self.error("OUT_OF_RANGE")
        if kind == "current":
            if "at" in query and not self.tells_past:
                return self.error("INVALID_REQUEST")
            return self.current(place if "at" in query else None)
        return self.sample(place, int(query["count"]))

    async def _serve(self, reader, writer):
        self.open.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            target = urlsplit(head.split()[1].decode())
            query = dict(parse_qsl(target.query))
            self.asked.append((target.path, query))
            if self.override is not None:
                writer.write(self.override)
            elif "interval" in query and self.streams:
                await self._stream(writer, target.path, query)
            else:
                body = self.answer(target.path, query)
                writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            await writer.drain()
        self.open.discard(writer)
        writer.close()

    async def _stream(self, writer, path, query):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=xyz\r\n"
                     b"Transfer-Encoding: chunked\r\n\r\n")  # fmt: skip
        place, instance = int(query["from"]), self.instance
        while self.instance == instance:
            body = self.answer(path, {**query, "from": str(place)})
            part = f"--xyz\r\nContent-type: text/xml\r\nContent-length: {len(body)}\r\n\r\n".encode() + body + b"\r\n"
            writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            await writer.drain()
            rows = [row[0] for row in self.buffer if row[0] >= place][: int(query["count"])]
            place = rows[-1] + 1 if rows else place
            await asyncio.sleep(int(query["interval"]) / 1000)
        writer.write(b"0\r\n\r\n")
