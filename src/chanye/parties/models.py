"""Tables of the room: organisations, people, memberships, tokens, sign-in attempts, audit, webhooks."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class Organisation(models.Model):
    """A firm, co-operative, hub or district office: the tenant."""

    name = models.CharField(max_length=200)
    code = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=32, default="firm")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Person(AbstractUser):
    """Somebody who can sign in."""

    name = models.CharField(max_length=100, blank=True)
    language = models.CharField(max_length=10, blank=True)
    organisation = models.ForeignKey(
        "parties.Organisation",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The organisation the person is looking at now.",
    )

    def __str__(self) -> str:
        return self.name or self.username


class Membership(models.Model):
    """A person's role in an organisation."""

    person = models.ForeignKey("parties.Person", on_delete=models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey("parties.Organisation", on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "organisation", "role"], name="one_role_once")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.role}@{self.organisation_id}"


class ApiToken(models.Model):
    """A key for programs; only its hash is kept."""

    person = models.ForeignKey("parties.Person", on_delete=models.CASCADE, related_name="tokens")
    organisation = models.ForeignKey("parties.Organisation", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class SignInAttempt(models.Model):
    """Failed sign-ins of one user name from one address, or of one address; both are kept as a hash only."""

    key = models.CharField(max_length=64, primary_key=True)
    failures = models.IntegerField(default=0)
    last_at = models.BigIntegerField(help_text="[us UTC]")
    blocked_until = models.BigIntegerField(default=0, help_text="[us UTC]")

    def __str__(self) -> str:
        return f"{self.key[:8]} {self.failures}"


class AuditEntry(models.Model):
    """One row of the hash chain: who did what to which thing, when; written by ``audit.record`` alone.

    ``detail`` is canonical JSON kept as text, because the digest is over the very characters.
    """

    sequence = models.BigIntegerField(primary_key=True)
    at = models.BigIntegerField(help_text="[us UTC]")
    actor = models.TextField()
    person_id_at = models.BigIntegerField(null=True)
    organisation_id_at = models.BigIntegerField(null=True, db_index=True)
    verb = models.CharField(max_length=64)
    target = models.TextField()
    detail = models.TextField()
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    class Meta:
        indexes = [models.Index(fields=["target", "sequence"], name="audit_target")]

    def __str__(self) -> str:
        return f"{self.sequence} {self.verb} {self.target}"


class Webhook(models.Model):
    """An address of an organisation's other system that is told of events."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    url = models.CharField(max_length=500)
    secret = models.CharField(max_length=100, help_text="Key of the signature; the receiver holds it too.")
    kinds = models.JSONField(default=list, help_text="Kinds of event, as order.released, order.* or *.")
    active = models.BooleanField(default=True)
    paused_why = models.TextField(blank=True)
    failures = models.IntegerField(default=0, help_text="Failed attempts since the last that was taken.")
    due_at = models.BigIntegerField(default=0, help_text="Nothing is tried before. [us UTC]")
    created_at = models.BigIntegerField(help_text="[us UTC]")
    created_by = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name


class WebhookDelivery(models.Model):
    """One event for one webhook, written with the deed that it tells of: the outbox."""

    webhook = models.ForeignKey("parties.Webhook", on_delete=models.CASCADE, related_name="+")
    event_id = models.CharField(max_length=26)
    kind = models.CharField(max_length=64)
    target = models.CharField(max_length=200)
    body = models.TextField(help_text="What is sent, to the byte.")
    created_at = models.BigIntegerField(help_text="[us UTC]")
    expires_at = models.BigIntegerField(help_text="A failure after this is the last. [us UTC]")
    state = models.CharField(max_length=16, default="waiting")
    attempts = models.IntegerField(default=0)
    tried_at = models.BigIntegerField(null=True, help_text="[us UTC]")
    status = models.IntegerField(null=True, help_text="HTTP status of the last answer, null if there was none.")
    answer = models.TextField(blank=True, help_text="Beginning of the last answer, or why there was none.")

    class Meta:
        indexes = [
            models.Index(
                fields=["webhook", "id"], condition=models.Q(state="waiting"), name="webhook_delivery_waiting"
            ),
            models.Index(fields=["webhook", "state", "id"], name="webhook_delivery_state"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.target} {self.state}"
