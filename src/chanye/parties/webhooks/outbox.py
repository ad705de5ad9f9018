"""The outbox: events are written with the deeds they tell of, and sent later."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence

from chanye.kernel.ids import short_id
from chanye.kernel.time import format_iso, now_us
from chanye.parties.models import WebhookDelivery
from chanye.parties.types import Viewer
from chanye.parties.webhooks.rules import LIFE


def put_out(
    webhooks: Sequence[int], *, kind: str, target: str, data: Mapping[str, object], actor: Viewer, life: int = LIFE
) -> str:
    """Write one event for each of the webhooks and return its number; ``life`` is how long to try [us]."""
    now = now_us()
    event_id = short_id(now, secrets.token_bytes(10))
    told = {
        "id": event_id,
        "type": kind,
        "timestamp": format_iso(now),
        "target": target,
        "actor": actor.name,
        "data": dict(data),
    }
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":"), default=str)
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            webhook_id=number,
            event_id=event_id,
            kind=kind,
            target=target[:200],
            body=body,
            created_at=now,
            expires_at=now + life,
        )
        for number in webhooks
    )
    return event_id
