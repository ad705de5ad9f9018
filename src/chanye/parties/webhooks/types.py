"""What may cross the wall about webhooks. Times in us UTC."""

from __future__ import annotations

from dataclasses import dataclass

WAITING, DELIVERED, DEAD = "waiting", "delivered", "dead"
#: Kind of the event that a test sends.
PING = "webhook.ping"


@dataclass(frozen=True, slots=True)
class WebhookRef:
    """A webhook without its secret, and how many events wait, were taken and are dead."""

    id: int
    organisation_id: int
    name: str
    url: str
    kinds: tuple[str, ...]
    active: bool
    paused_why: str
    failures: int
    due_at: int
    created_at: int
    created_by: str
    waiting: int = 0
    delivered: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True)
class DeliveryRef:
    """An event for one webhook and what became of it; ``status`` None: no answer came, ``answer`` then says why."""

    id: int
    webhook_id: int
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


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is to be sent now: a delivery with the address and key of its webhook."""

    delivery_id: int
    webhook_id: int
    event_id: str
    body: str
    url: str
    secret: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said: HTTP status and the beginning of the body; or None and why there was no answer."""

    status: int | None
    text: str

    @property
    def taken(self) -> bool:
        """Tell whether the receiver took the event."""
        return self.status is not None and 200 <= self.status < 300
