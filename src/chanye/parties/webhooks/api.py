"""Webhooks over HTTP: add, change, test, read what became of events, send again. Times in us UTC."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from chanye.kernel.errors import DeniedError
from chanye.parties.types import Viewer
from chanye.parties.webhooks import actions, queries
from chanye.parties.webhooks.types import DeliveryRef, WebhookRef

router = Router(tags=["webhooks"])
Number = Annotated[int, Field(ge=1, le=9_223_372_036_854_775_807)]


class Refusal(Schema):
    """What went wrong and what to do next."""

    error: str
    what_to_do: str


REFUSALS: dict[Any, Any] = {frozenset({401, 404, 422, 503}): Refusal}


class WebhookIn(Schema):
    """What is told to whom: ``kinds`` as ``order.released``, ``order.*`` or ``*``."""

    name: str = Field(max_length=100)
    url: str = Field(max_length=500)
    kinds: list[str] = Field(max_length=50)


class NewWebhookIn(WebhookIn):
    """The same with a secret; an empty one is made up."""

    secret: str = Field("", max_length=100)


class Webhook(Schema):
    """A webhook and how it is doing; ``failures`` are attempts in a row, nothing is tried before ``due_at``."""

    id: int
    name: str
    url: str
    kinds: list[str]
    active: bool
    paused_why: str
    failures: int
    due_at: int
    waiting: int
    delivered: int
    dead: int


class NewWebhook(Webhook):
    """The same with its secret, which is told this once."""

    secret: str


class Delivery(Schema):
    """An event for one webhook; ``state`` is waiting, delivered or dead; ``status`` null: no answer came."""

    id: int
    event_id: str
    kind: str
    target: str
    body: str
    created_at: int
    state: str
    attempts: int
    tried_at: int | None
    status: int | None
    answer: str


def _viewer(request: HttpRequest) -> Viewer:
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]  # set by viewer_middleware
    return viewer


def _told(ref: WebhookRef) -> dict[str, Any]:
    names = Webhook.model_fields
    return {name: getattr(ref, name) for name in names} | {"kinds": list(ref.kinds)}


@router.get("/webhooks", response={200: list[Webhook], **REFUSALS})
def list_webhooks(request: HttpRequest) -> list[dict[str, Any]]:
    """List the webhooks of the organisation."""
    return [_told(one) for one in queries.webhooks(_viewer(request))]


@router.post("/webhooks", response={201: NewWebhook, **REFUSALS})
def add_webhook(request: HttpRequest, body: NewWebhookIn) -> Status[dict[str, Any]]:
    """Tell another system of events from now on; the secret is answered this once."""
    viewer = _viewer(request)
    if viewer.organisation_id is None:
        raise DeniedError("Webhooks belong to an organisation.")
    number, secret = actions.add_webhook(
        actor=viewer,
        organisation_id=viewer.organisation_id,
        name=body.name,
        url=body.url,
        kinds=",".join(body.kinds),
        secret=body.secret,
    )
    return Status(201, _told(queries.webhook(viewer, number)) | {"secret": secret})


@router.put("/webhooks/{webhook_id}", response={200: Webhook, **REFUSALS})
def change_webhook(request: HttpRequest, webhook_id: Number, body: WebhookIn) -> dict[str, Any]:
    """Change name, address and kinds."""
    viewer = _viewer(request)
    actions.change_webhook(
        actor=viewer, webhook_id=webhook_id, name=body.name, url=body.url, kinds=",".join(body.kinds)
    )
    return _told(queries.webhook(viewer, webhook_id))


@router.delete("/webhooks/{webhook_id}", response={204: None, **REFUSALS})
def delete_webhook(request: HttpRequest, webhook_id: Number) -> Status[None]:
    """Delete a webhook and all that waits for it."""
    actions.delete_webhook(actor=_viewer(request), webhook_id=webhook_id)
    return Status(204, None)


@router.get("/webhooks/{webhook_id}/events", response={200: list[Delivery], **REFUSALS})
def list_events(
    request: HttpRequest,
    webhook_id: Number,
    state: Literal["", "waiting", "delivered", "dead"] = "",
    before: Annotated[Number | None, Query()] = None,
    limit: Annotated[int, Field(ge=1, le=1000)] = 100,
) -> list[DeliveryRef]:
    """List the events for a webhook, newest first; ``before`` is the last number of the page before."""
    return queries.deliveries(_viewer(request), webhook_id, state=state, before=before, limit=limit)


@router.post("/webhooks/{webhook_id}/{deed}", response={200: Webhook, **REFUSALS})
def do_webhook(request: HttpRequest, webhook_id: Number, deed: Literal["test", "pause", "resume"]) -> dict[str, Any]:
    """Send a test event now, pause, or go on."""
    viewer = _viewer(request)
    if deed == "test":
        actions.ping_webhook(actor=viewer, webhook_id=webhook_id)
    else:
        actions.switch_webhook(actor=viewer, webhook_id=webhook_id, active=deed == "resume")
    return _told(queries.webhook(viewer, webhook_id))


@router.post("/events/{event_number}/again", response={200: Delivery, **REFUSALS})
def send_again(request: HttpRequest, event_number: Number) -> DeliveryRef:
    """Send an event once more, under its own ``event_id``."""
    viewer = _viewer(request)
    actions.send_again(actor=viewer, delivery_id=event_number)
    return queries.delivery(viewer, event_number)
