"""Bytes in, events out: read what a machine's MTConnect adapter says, without any socket."""

from chanye.protocols.mtconnect.shdr import BadLine, ShdrReader, Value

reader = ShdrReader()
said = (
    b"2026-06-01T08:00:00.1250000Z|execution|ACTIVE|program|O1207|part_count|41\n"
    b"2026-06-01T08:03:10Z|part_count|42|feed_rate|UNAVAILABLE\n"
    b"a line that was cut\n"
)
events = [event for byte in said for event in reader.receive(bytes([byte]))]  # in any pieces, even byte by byte
for event in events:
    print(event)
assert sum(isinstance(event, Value) for event in events) == 5
assert sum(isinstance(event, BadLine) for event in events) == 1
