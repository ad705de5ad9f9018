"""MTConnect: SHDR adapter lines, agent documents and the client's side of a session with an agent.

Bytes in, events out; nothing here opens a socket or reads a clock.
"""
