"""By which rule the dispatch list of a work centre is sorted until a plan exists."""

from __future__ import annotations

from django.db import models

from chanye.domains.factory.types.dispatch import DISPATCH_RULES


class DispatchSetting(models.Model):
    """The rule of one work centre."""

    work_centre = models.OneToOneField("spine.Asset", on_delete=models.CASCADE, related_name="+")
    rule = models.CharField(max_length=8, default="edd", choices=[(rule, rule) for rule in DISPATCH_RULES])
    changed_at = models.BigIntegerField(default=0, help_text="[us UTC]")

    def __str__(self) -> str:
        return f"{self.work_centre_id} {self.rule}"
