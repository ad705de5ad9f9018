"""Bytes in, events out: device protocols without sockets, clocks or threads."""
