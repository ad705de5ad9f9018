"""What of a table may be published, so that no one's own figure can be worked out from it."""

from chanye.engines.disclosure.attack import Audit, audit
from chanye.engines.disclosure.differencing import Refusal, refusals
from chanye.engines.disclosure.protect import Protected, protect
from chanye.engines.disclosure.rules import Rules, primary, protection
from chanye.engines.disclosure.table import Dimension, Table, flat, tabulate

__all__ = [
    "Audit",
    "Dimension",
    "Protected",
    "Refusal",
    "Rules",
    "Table",
    "audit",
    "flat",
    "primary",
    "protect",
    "protection",
    "refusals",
    "tabulate",
]
