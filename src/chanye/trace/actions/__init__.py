"""Every write of the room: each one transaction, one event, one audit row, once per key."""

from chanye.trace.actions.hold import block, release, scrap
from chanye.trace.actions.make import commission_containers, commission_lot, commission_serials
from chanye.trace.actions.move import move, pack, receive, repack, ship, unpack
from chanye.trace.actions.use import consume, merge, rework, split

__all__ = [
    "block",
    "commission_containers",
    "commission_lot",
    "commission_serials",
    "consume",
    "merge",
    "move",
    "pack",
    "receive",
    "release",
    "repack",
    "rework",
    "scrap",
    "ship",
    "split",
    "unpack",
]
