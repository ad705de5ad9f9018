"""Tables that were published, frozen as they were; append-only."""

from __future__ import annotations

from django.db import models


class Release(models.Model):
    """A published table. ``body``: canonical JSON that ``digest`` seals; ``sums``: whose figures each sum adds up."""

    office = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    number = models.IntegerField()
    title = models.CharField(max_length=200)
    figure = models.CharField(max_length=64, help_text="indicator and month: only these can be subtracted")
    body = models.TextField()
    sums = models.TextField(help_text="never published: numbers of the firms in each published sum")
    digest = models.CharField(max_length=64)
    previous = models.CharField(max_length=64)
    published_at = models.BigIntegerField(help_text="[us UTC]")
    published_by = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["office", "number"], name="release_number_once")]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"
