"""Tell other systems what happened: one call inside an action's transaction, delivered later by the work process."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connection

from chanye.parties.models import Webhook
from chanye.parties.prepared import Prepared
from chanye.parties.types import Viewer
from chanye.parties.webhooks.kinds import check_kind, declare
from chanye.parties.webhooks.outbox import put_out
from chanye.parties.webhooks.rules import wants

__all__ = ["declare", "emit"]


_hooks = Prepared(
    lambda organisation: Webhook.objects.filter(organisation_id=organisation).values_list("pk", "kinds")
)


def emit(*, actor: Viewer, kind: str, target: str, payload: Mapping[str, object], organisation_id: int) -> str:
    """Put an event into the outbox of each webhook that wants it; one short read where there is none.

    Parameters
    ----------
    actor
        Who did it.
    kind
        What happened, as ``noun.past_participle``, e.g. ``order.released``.
    target
        The thing, as ``kind:id``, e.g. ``order:12``.
    payload
        What a receiver needs, as plain data; never a secret.
    organisation_id
        Whose event it is; only its own webhooks are told.

    Returns
    -------
    str
        Number of the event, the same for all receivers and every attempt; empty if nobody wants it.

    Raises
    ------
    RuntimeError
        Outside a transaction, where the event would not be tied to the deed; or if the kind is malformed.
    """
    if not connection.in_atomic_block:
        msg = "events.emit must be called inside the action's transaction"
        raise RuntimeError(msg)
    check_kind(kind)
    wanting = [number for number, kinds in _hooks(organisation=organisation_id) if wants(kinds, kind)]
    if not wanting:
        return ""
    return put_out(wanting, kind=kind, target=target, data=payload, actor=actor)
