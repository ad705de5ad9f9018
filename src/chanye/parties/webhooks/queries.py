"""Every read about webhooks; secrets leave only towards the sender."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Count, Min, QuerySet

from chanye.kernel.errors import DeniedError
from chanye.parties.models import Webhook, WebhookDelivery
from chanye.parties.rules import may, require
from chanye.parties.types import Viewer
from chanye.parties.webhooks.types import PING, WAITING, DeliveryRef, Parcel, WebhookRef
from chanye.sheets import Rows, View


def webhooks(viewer: Viewer) -> list[WebhookRef]:
    """Return the webhooks of the organisation looked at, with their counts.

    Raises
    ------
    DeniedError
        If the viewer may not see them.
    """
    require(viewer, "read_webhooks", viewer.organisation_id)
    rows = (
        Webhook.objects.all()
        if viewer.system
        else Webhook.objects.filter(organisation_id=viewer.organisation_id or 0)
    )
    return _refs(rows)


def webhook(viewer: Viewer, webhook_id: int) -> WebhookRef:
    """Return one webhook with its counts.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    rows = Webhook.objects.filter(pk=webhook_id)
    found = _refs(rows)
    if not found or not may(viewer, "read_webhooks", found[0].organisation_id):
        raise DeniedError("There is no such webhook.")
    return found[0]


def deliveries(
    viewer: Viewer, webhook_id: int, *, state: str = "", before: int | None = None, limit: int = 50
) -> list[DeliveryRef]:
    """Return the events for a webhook, newest first.

    Parameters
    ----------
    state
        waiting, delivered or dead; empty for all.
    before
        Only those with a smaller number: the last one of the page before.
    limit
        At most 1000.

    Raises
    ------
    DeniedError
        If there is no such webhook that the viewer may see.
    """
    hook = webhook(viewer, webhook_id)
    rows = WebhookDelivery.objects.filter(webhook_id=hook.id).order_by("-pk")
    if state:
        rows = rows.filter(state=state)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return [_delivery(row) for row in rows[: max(1, min(limit, 1000))]]


def delivery_rows(viewer: Viewer, webhook_id: int, view: View) -> Rows:
    """Return the events for a webhook that a view asks for.

    Raises
    ------
    DeniedError
        If there is no such webhook that the viewer may see.
    """
    hook = webhook(viewer, webhook_id)
    return view.apply(WebhookDelivery.objects.filter(webhook_id=hook.id), make=_delivery)


def delivery(viewer: Viewer, delivery_id: int) -> DeliveryRef:
    """Return one event for a webhook.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    row = WebhookDelivery.objects.filter(pk=delivery_id).select_related("webhook").first()
    if row is None or not may(viewer, "read_webhooks", row.webhook.organisation_id):
        raise DeniedError("There is no such event.")
    return _delivery(row)


def due(viewer: Viewer, now: int, *, busy: Collection[int]) -> list[Parcel]:
    """Return the next event of each webhook that may be tried: tests first, then the oldest that waits.

    Parameters
    ----------
    now
        us UTC.
    busy
        Webhooks that have one under way: the next of theirs waits, so that the order is kept.

    Raises
    ------
    DeniedError
        If the viewer is not the system.
    """
    if not viewer.system:
        raise DeniedError("Only the product itself sends events.")
    waiting = WebhookDelivery.objects.filter(state=WAITING).exclude(webhook_id__in=busy)
    heads = waiting.filter(webhook__active=True, webhook__due_at__lte=now)
    first: dict[int, int] = dict(heads.values_list("webhook_id").annotate(head=Min("pk")))
    first.update(dict(waiting.filter(kind=PING).values_list("webhook_id").annotate(head=Min("pk"))))
    if not first:
        return []
    rows = WebhookDelivery.objects.filter(pk__in=first.values()).select_related("webhook").order_by("pk")
    return [Parcel(r.pk, r.webhook_id, r.event_id, r.body, r.webhook.url, r.webhook.secret) for r in rows]


def _refs(rows: QuerySet[Webhook]) -> list[WebhookRef]:
    found = list(rows.order_by("name", "pk"))
    counts: dict[int, dict[str, int]] = {}
    held = WebhookDelivery.objects.filter(webhook_id__in=[row.pk for row in found])
    for number, state, n in held.values_list("webhook_id", "state").annotate(n=Count("pk")).order_by():
        counts.setdefault(number, {})[state] = n
    return [
        WebhookRef(
            id=row.pk,
            organisation_id=row.organisation_id,
            name=row.name,
            url=row.url,
            kinds=tuple(row.kinds),
            active=row.active,
            paused_why=row.paused_why,
            failures=row.failures,
            due_at=row.due_at,
            created_at=row.created_at,
            created_by=row.created_by,
            **counts.get(row.pk, {}),
        )
        for row in found
    ]


def _delivery(row: WebhookDelivery) -> DeliveryRef:
    return DeliveryRef(
        id=row.pk,
        webhook_id=row.webhook_id,
        event_id=row.event_id,
        kind=row.kind,
        target=row.target,
        body=row.body,
        created_at=row.created_at,
        state=row.state,
        attempts=row.attempts,
        tried_at=row.tried_at,
        status=row.status,
        answer=row.answer,
    )
