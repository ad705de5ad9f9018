"""Every read of the room; each takes the viewer first and shows only what is the organisation's."""

from chanye.trace.queries.genealogy import backward, forward
from chanye.trace.queries.items import find, item, items

__all__ = ["backward", "find", "forward", "item", "items"]
