"""Tables of the room: configured connections and what their addresses mean."""

from __future__ import annotations

from django.db import models


class Connection(models.Model):
    """One configured connector: a device, an agent, a broker, a folder."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey("spine.Asset", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=100, unique=True, help_text="Also the source name in the historian.")
    kind = models.CharField(max_length=32)
    options = models.JSONField(default=dict)
    enabled = models.BooleanField(default=True)
    group = models.CharField(max_length=32, default="default", help_text="Connections of a group share a process.")

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """An address of a connection, bound to a series."""

    connection = models.ForeignKey("connectors.Connection", on_delete=models.CASCADE, related_name="tags")
    address = models.CharField(max_length=500)
    series = models.ForeignKey("spine.Series", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "address"], name="address_once")]

    def __str__(self) -> str:
        return self.address
