"""Lines: the order of machines through which parts flow."""

from __future__ import annotations

from django.db import models


class LineLayout(models.Model):
    """A work centre or area as a line.

    ``stations``: list in order of flow of ``{"machines": [asset ids], "minimum": machines that must run}``.
    ``key``: number of the station whose stops are stops of the line, from 0; null: the last.
    """

    asset = models.OneToOneField("spine.Asset", on_delete=models.CASCADE, related_name="+")
    stations = models.JSONField(default=list)
    key = models.PositiveIntegerField(null=True)
    mode = models.CharField(max_length=8, default="key", choices=[("key", "key"), ("initial", "initial")])
    changed_at = models.BigIntegerField(default=0, help_text="[us UTC]")

    def __str__(self) -> str:
        return f"{self.asset_id}"
