"""Every read of the room; each takes the viewer first and shows only what is the organisation's."""

from chanye.trace.queries.epcis import happened, organisation_code
from chanye.trace.queries.events import balance, events
from chanye.trace.queries.genealogy import backward, forward
from chanye.trace.queries.items import codes, find, item, items
from chanye.trace.queries.pictures import lots, picture, recall_items
from chanye.trace.queries.recall import recall

__all__ = [
    "backward",
    "balance",
    "codes",
    "events",
    "find",
    "forward",
    "happened",
    "item",
    "items",
    "lots",
    "organisation_code",
    "picture",
    "recall",
    "recall_items",
]
