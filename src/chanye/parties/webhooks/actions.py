"""Every write about webhooks. Attempts are the product's own bookkeeping; what people decide is audited."""

from __future__ import annotations

import base64
import secrets

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import DAY, now_us
from chanye.parties import audit
from chanye.parties.models import Webhook, WebhookDelivery
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.parties.webhooks.outbox import put_out
from chanye.parties.webhooks.rules import LIFE, PAUSE_AFTER, check_secret, check_url, read_kinds, wait_after
from chanye.parties.webhooks.types import DEAD, DELIVERED, PING, WAITING, Answer

MOST_WEBHOOKS = 50
#: How long what was taken, and what was given up, is kept. [us]
KEEP_DELIVERED, KEEP_DEAD = 7 * DAY, 90 * DAY
_ANSWER_LENGTH = 2000


@transaction.atomic
def add_webhook(
    *, actor: Viewer, organisation_id: int, name: str, url: str, kinds: str, secret: str = ""
) -> tuple[int, str]:
    """Tell another system of events from now on; return the number of the webhook and its secret.

    Parameters
    ----------
    kinds
        As ``rules.read_kinds`` reads them: ``order.released, lot.*`` or ``*``.
    secret
        ``whsec_…``; a new one is made if it is empty. It is shown this once.

    Raises
    ------
    ConfigError
        If something is malformed, or there are too many webhooks.
    DeniedError
        If the actor may not manage webhooks.
    """
    require(actor, "manage_webhooks", organisation_id)
    if Webhook.objects.filter(organisation_id=organisation_id).count() >= MOST_WEBHOOKS:
        raise ConfigError(_("There are %(n)d webhooks already: delete one that is not used.") % {"n": MOST_WEBHOOKS})
    key = check_secret(secret) if secret.strip() else "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    row = Webhook.objects.create(
        organisation_id=organisation_id,
        name=_name(name),
        url=check_url(url),
        secret=key,
        kinds=read_kinds(kinds),
        created_at=now_us(),
        created_by=actor.name[:200],
    )
    _record(actor, "add_webhook", row, {"name": row.name, "url": row.url, "kinds": row.kinds})
    return int(row.pk), key


@transaction.atomic
def change_webhook(*, actor: Viewer, webhook_id: int, name: str, url: str, kinds: str) -> None:
    """Change name, address and kinds; what waits goes to the new address.

    Raises
    ------
    ConfigError
        If something is malformed.
    DeniedError
        If there is no such webhook for the actor to manage.
    """
    row = _webhook(actor, webhook_id)
    row.name, row.url, row.kinds = _name(name), check_url(url), read_kinds(kinds)
    row.due_at = 0
    row.save(update_fields=["name", "url", "kinds", "due_at"])
    _record(actor, "change_webhook", row, {"name": row.name, "url": row.url, "kinds": row.kinds})


@transaction.atomic
def switch_webhook(*, actor: Viewer, webhook_id: int, active: bool) -> None:
    """Pause a webhook, or let it go on with all that has come meanwhile, in order.

    Raises
    ------
    DeniedError
        If there is no such webhook for the actor to manage.
    """
    row = _webhook(actor, webhook_id)
    row.active, row.paused_why, row.failures, row.due_at = active, "", 0, 0
    row.save(update_fields=["active", "paused_why", "failures", "due_at"])
    _record(actor, "switch_webhook", row, {"active": active})


@transaction.atomic
def delete_webhook(*, actor: Viewer, webhook_id: int) -> None:
    """Delete a webhook and all that waits for it.

    Raises
    ------
    DeniedError
        If there is no such webhook for the actor to manage.
    """
    row = _webhook(actor, webhook_id)
    waiting = WebhookDelivery.objects.filter(webhook=row, state=WAITING).count()
    _record(actor, "delete_webhook", row, {"name": row.name, "url": row.url, "waiting": waiting})
    row.delete()


@transaction.atomic
def ping_webhook(*, actor: Viewer, webhook_id: int) -> None:
    """Send a test event now, past all that waits, even if the webhook is paused; it is tried once.

    Raises
    ------
    DeniedError
        If there is no such webhook for the actor to manage.
    """
    row = _webhook(actor, webhook_id)
    WebhookDelivery.objects.filter(webhook=row, kind=PING, state=WAITING).delete()
    put_out([row.pk], kind=PING, target=f"webhook:{row.pk}", data={"webhook": row.name}, actor=actor, life=0)
    _record(actor, "ping_webhook", row, {})


@transaction.atomic
def send_again(*, actor: Viewer, delivery_id: int) -> None:
    """Send an event once more, under its own number: a dead one, or one that was taken and is wanted again.

    Raises
    ------
    ConfigError
        If it is waiting already.
    DeniedError
        If there is no such event for the actor to manage.
    """
    row = WebhookDelivery.objects.select_for_update().select_related("webhook").filter(pk=delivery_id).first()
    if row is None:
        raise DeniedError("There is no such event.")
    require(actor, "manage_webhooks", row.webhook.organisation_id)
    if row.state == WAITING:
        raise ConfigError(_("This event is waiting to be sent already."))
    row.state, row.attempts, row.expires_at = WAITING, 0, now_us() + (0 if row.kind == PING else LIFE)
    row.save(update_fields=["state", "attempts", "expires_at"])
    Webhook.objects.filter(pk=row.webhook_id).update(due_at=0)
    _record(actor, "send_again", row.webhook, {"event": row.event_id, "kind": row.kind})


@transaction.atomic
def record_attempt(*, actor: Viewer, delivery_id: int, answer: Answer, now: int, spread: float) -> None:
    """Note what a receiver said, and when to try again.

    Parameters
    ----------
    now
        When it was said. [us UTC]
    spread
        Random, in [0, 1): see ``rules.wait_after``.
    """
    row = WebhookDelivery.objects.select_for_update().select_related("webhook").filter(pk=delivery_id).first()
    if row is None or row.state != WAITING:
        return  # deleted meanwhile, or noted already
    hook = row.webhook
    row.attempts += 1
    row.tried_at, row.status, row.answer = now, answer.status, answer.text[:_ANSWER_LENGTH].replace("\x00", "\ufffd")
    if answer.taken:
        row.state = DELIVERED
    elif now >= row.expires_at:
        row.state = DEAD
    row.save(update_fields=["attempts", "tried_at", "status", "answer", "state"])
    if row.kind == PING and not answer.taken:
        return  # a test that fails says nothing about what waits
    _note_health(actor, hook, answer, now, spread)


def _note_health(actor: Viewer, hook: Webhook, answer: Answer, now: int, spread: float) -> None:
    if answer.taken:
        if hook.failures or hook.due_at:
            Webhook.objects.filter(pk=hook.pk).update(failures=0, due_at=0)
        return
    hook.failures += 1
    hook.due_at = now + wait_after(hook.failures, spread)
    if hook.failures >= PAUSE_AFTER or answer.status == 410:
        hook.active = False
        hook.paused_why = f"{answer.status or ''} {answer.text[:200]}".strip()
        _record(actor, "pause_webhook", hook, {"failures": hook.failures, "answer": hook.paused_why})
    hook.save(update_fields=["failures", "due_at", "active", "paused_why"])


@transaction.atomic
def sweep_deliveries(*, actor: Viewer, now: int) -> int:
    """Forget what was taken a week ago or given up three months ago; return how many rows.

    Events of a webhook that stays paused are given up as old, so that its outbox does not grow for ever.

    Raises
    ------
    DeniedError
        If the actor is not the system.
    """
    if not actor.system:
        raise DeniedError("The outbox is swept by the product itself.")
    rows = WebhookDelivery.objects.all()
    gone, _each = rows.filter(state=DELIVERED, created_at__lt=now - KEEP_DELIVERED).delete()
    dead, _each = rows.exclude(state=DELIVERED).filter(created_at__lt=now - KEEP_DEAD).delete()
    if gone + dead:
        audit.record(actor=actor, verb="sweep_deliveries", target="webhooks", detail={"removed": gone + dead})
    return gone + dead


def _webhook(actor: Viewer, webhook_id: int) -> Webhook:
    row = Webhook.objects.select_for_update().filter(pk=webhook_id).first()
    if row is None:
        raise DeniedError("There is no such webhook.")
    require(actor, "manage_webhooks", row.organisation_id)
    return row


def _record(actor: Viewer, verb: str, row: Webhook, detail: dict[str, object]) -> None:
    audit.record(
        actor=actor, verb=verb, target=f"webhook:{row.pk}", detail=detail, organisation_id=row.organisation_id
    )


def _name(text: str) -> str:
    clean = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    if not 1 <= len(clean) <= 100:
        raise ConfigError(_("A name has 1 to %(longest)d characters: change it.") % {"longest": 100})
    return clean
