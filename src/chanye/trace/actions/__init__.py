"""Every write of the room: each one transaction, one event, one audit row, once per key."""

from chanye.trace.actions.make import commission_containers, commission_lot, commission_serials
from chanye.trace.actions.use import consume, merge, rework, split

__all__ = [
    "commission_containers",
    "commission_lot",
    "commission_serials",
    "consume",
    "merge",
    "rework",
    "split",
]
