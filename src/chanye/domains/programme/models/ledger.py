"""The ledger: journals and their lines. The database refuses to change them, and a journal that does not balance.

The lines of a journal are stored before it, under the number it is going to have; storing the journal itself checks
them and closes it (``append_only``).
"""

from __future__ import annotations

from django.db import models


class Journal(models.Model):
    """One deed of bookkeeping of an office; sealed with the digest of the journal before it."""

    number = models.BigIntegerField(primary_key=True)
    office = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    at = models.BigIntegerField(help_text="[us UTC]")
    kind = models.CharField(max_length=16)
    words = models.CharField(max_length=300)
    person_id_at = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=200)
    reverses = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="reversed_by")
    key = models.CharField(max_length=64, null=True, help_text="Client key; the same books once.")
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["office", "key"], name="journal_key_once")]

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"


class Posting(models.Model):
    """A line of a journal. Debit is positive, credit negative. [fen]."""

    journal = models.ForeignKey("programme.Journal", on_delete=models.PROTECT, related_name="postings")
    office = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    line = models.PositiveSmallIntegerField()
    account = models.CharField(max_length=16)
    year = models.PositiveSmallIntegerField()
    amount = models.BigIntegerField(help_text="[fen]")
    after = models.BigIntegerField(help_text="Balance of the account in that year after this line. [fen]")
    application = models.BigIntegerField(null=True, help_text="Number of the application it is about.")
    organisation = models.ForeignKey(
        "parties.Organisation", null=True, on_delete=models.PROTECT, related_name="+", help_text="The firm."
    )
    claim = models.BigIntegerField(null=True, help_text="Number of the claim it is about.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["journal", "line"], name="posting_line_once"),
            models.CheckConstraint(condition=~models.Q(amount=0), name="posting_not_nothing"),
        ]
        indexes = [
            models.Index(fields=["office", "account", "year"], name="posting_account_year"),
            models.Index(fields=["application", "account"], name="posting_application"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.year} {self.amount}"
