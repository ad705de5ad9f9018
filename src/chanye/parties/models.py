"""Tables of the room: organisations, people, memberships, tokens, sign-in attempts, audit."""

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

    def __str__(self) -> str:
        return f"{self.sequence} {self.verb} {self.target}"
