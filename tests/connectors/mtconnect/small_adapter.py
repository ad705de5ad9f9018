"""A small SHDR adapter on a free loopback port: says its lines to whoever connects."""

import asyncio
from contextlib import suppress


class SmallAdapter:
    def __init__(self, chunks=(), pong=None, stay=False):
        self.chunks, self.pong, self.stay = list(chunks), pong, stay
        self.port = 0
        self.writers = []
        self.server = None

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()
        for writer in self.writers:
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader, writer):
        self.writers.append(writer)
        with suppress(OSError):
            for chunk in self.chunks:
                writer.write(chunk)
                await writer.drain()
            while self.stay and (line := await reader.readline()):
                if line.startswith(b"* PING") and self.pong:
                    writer.write(f"* PONG {self.pong}\n".encode())
            if not self.stay:
                writer.write_eof()
                await reader.read()
        writer.close()

    def say(self, text):
        for writer in self.writers:
            writer.write(text.encode())
