"""Every write of the room: each one transaction, one event, one audit row, once per key."""

from chanye.trace.actions.capture import Captured, capture
from chanye.trace.actions.hold import block, release, scrap
from chanye.trace.actions.make import commission, commission_containers, commission_lot, commission_serials
from chanye.trace.actions.move import move, pack, receive, repack, ship, unpack
from chanye.trace.actions.note import note
from chanye.trace.actions.take_back import take_back
from chanye.trace.actions.use import consume, merge, rework, split

__all__ = [
    "Captured",
    "block",
    "capture",
    "commission",
    "commission_containers",
    "commission_lot",
    "commission_serials",
    "consume",
    "merge",
    "move",
    "note",
    "pack",
    "receive",
    "release",
    "repack",
    "rework",
    "scrap",
    "ship",
    "split",
    "take_back",
    "unpack",
]
