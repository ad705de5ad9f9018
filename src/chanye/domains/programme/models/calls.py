"""Tables of calls: what money is offered for, under which rules. The rules are data, kept by version."""

from __future__ import annotations

from django.db import models


class Call(models.Model):
    """An offer of money by the office of a district."""

    office = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=32)
    title = models.CharField(max_length=200)
    summary = models.TextField(blank=True)
    authority = models.CharField(max_length=300, blank=True, help_text="The paper that the rules come from.")
    state = models.CharField(max_length=16, default="draft", help_text="draft, open, closed")
    version = models.IntegerField(default=1, help_text="Of the rules in force; 0 never.")
    created_at = models.BigIntegerField(help_text="[us UTC]")
    changed_at = models.BigIntegerField(help_text="[us UTC]")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["office", "code"], name="call_code_once")]

    def __str__(self) -> str:
        return self.code


class CallRule(models.Model):
    """One rule of one version of a call, with the words of the clause that it stands on."""

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="rules")
    version = models.IntegerField()
    kind = models.CharField(max_length=32, help_text="A key of rules.kinds.KINDS.")
    value = models.JSONField(default=dict)
    clause = models.TextField(help_text="Number and words of the clause.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["call", "version", "kind"], name="call_rule_once")]

    def __str__(self) -> str:
        return f"{self.call_id}.{self.version} {self.kind}"
