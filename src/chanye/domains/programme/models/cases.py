"""Tables of a case in the office: findings, reviews, conflicts, who did which duty, and identities."""

from __future__ import annotations

from django.db import models

from chanye.domains.programme.models.applications import Application


class Finding(models.Model):
    """What a check found in an application; kept so that somebody can answer it."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="findings")
    check_code = models.CharField(max_length=32)
    severity = models.CharField(max_length=8, help_text="stop, ask, note")
    facts = models.JSONField(default=dict, help_text="What the words are filled with.")
    ref = models.CharField(max_length=200, blank=True, help_text="What it is about; the same finding is found again.")
    answer = models.TextField(blank=True, help_text="Why it may stand, in the officer's words.")
    answered_by = models.ForeignKey("parties.Person", null=True, on_delete=models.SET_NULL, related_name="+")
    answered_at = models.BigIntegerField(null=True)
    found_at = models.BigIntegerField()
    gone_at = models.BigIntegerField(null=True, help_text="When a later check did not find it any more.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "check_code", "ref"], name="finding_once")]

    def __str__(self) -> str:
        return f"{self.check_code} {self.ref}"


class Review(models.Model):
    """One person's judgement of one round of an application."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="reviews")
    person = models.ForeignKey("parties.Person", on_delete=models.PROTECT, related_name="+")
    round = models.IntegerField()
    state = models.CharField(max_length=16, default="assigned", help_text="assigned, declared, blocked, given, void")
    scores = models.JSONField(default=dict, help_text="criterion -> {score 0..100, why}")
    raw = models.FloatField(null=True, help_text="Weighted mean of the scores, 0..100.")
    advice = models.CharField(max_length=16, blank=True, help_text="support, support_less, decline")
    comment = models.TextField(blank=True)
    assigned_at = models.BigIntegerField()
    declared_at = models.BigIntegerField(null=True)
    given_at = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "person", "round"], name="review_once")]
        indexes = [models.Index(fields=["person", "state"], name="review_person")]

    def __str__(self) -> str:
        return f"{self.application_id} by {self.person_id}"


class Conflict(models.Model):
    """A tie of a person to an application's firm or suppliers: blocks every duty but ``enter``."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="conflicts")
    person = models.ForeignKey("parties.Person", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, help_text="A key of rules.conflicts.TIES.")
    text = models.TextField(blank=True)
    found = models.BooleanField(default=False, help_text="By shared identifiers; else declared by the person.")
    at = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.application_id} {self.person_id} {self.kind}"


class CaseDeed(models.Model):
    """The one duty that a person has in one case: the database refuses a second."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="deeds")
    person = models.ForeignKey("parties.Person", on_delete=models.PROTECT, related_name="+")
    duty = models.CharField(max_length=16, help_text="enter, review, approve, pay, verify")
    at = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application", "person"], name="one_duty_in_a_case"),
            models.CheckConstraint(
                condition=models.Q(duty__in=("enter", "review", "approve", "pay", "verify")), name="duty_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.person_id} {self.duty}"


class Identity(models.Model):
    """Something that tells a firm, a supplier or a person apart: a code, phone, address, account, name.

    ``value`` is the plain form that is compared (see ``rules.plain``). Exactly one of organisation, person and
    supplier (a credit code or plain name) says whose it is.
    """

    organisation = models.ForeignKey(
        "parties.Organisation", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    person = models.ForeignKey("parties.Person", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    supplier = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=16, help_text="A key of rules.plain.IDENTITIES.")
    value = models.CharField(max_length=200)
    shown = models.CharField(max_length=200, help_text="As it was typed.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "kind", "value"], name="identity_firm_once", condition=models.Q(person=None)
            )
        ]
        indexes = [models.Index(fields=["kind", "value"], name="identity_value")]

    def __str__(self) -> str:
        return f"{self.kind} {self.shown}"
