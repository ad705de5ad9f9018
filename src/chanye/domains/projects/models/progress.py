"""Tables of progress: milestones with rules of credit, baselines, reports from the site and their photos."""

from __future__ import annotations

from django.db import models

from chanye.domains.projects.models.pipeline import Project


class Milestone(models.Model):
    """A piece of the work with its budget, its time, and the rule by which it earns credit."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="milestones")
    position = models.IntegerField()
    title = models.CharField(max_length=200)
    rule = models.CharField(max_length=16, help_text="0/100, 50/50, steps, units")
    budget = models.BigIntegerField(help_text="Its part of the budget: the weight of its credit [fen].")
    start = models.DateField()
    finish = models.DateField()
    steps = models.JSONField(default=list, blank=True, help_text="[{title, weight}] of the rule steps")
    units = models.FloatField(null=True, blank=True, help_text="How many of the rule units.")
    unit = models.CharField(max_length=32, blank=True)
    status = models.CharField(max_length=16, default="scheduled", help_text="OC4IDS milestone status")
    credit = models.IntegerField(default=0, help_text="Verified [ppm].")
    met_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "position"], name="project_milestone_once")]

    def __str__(self) -> str:
        return self.title


class Baseline(models.Model):
    """The milestones as they were frozen, with what changed and why. Rows are added, never changed."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="baselines")
    version = models.IntegerField()
    milestones = models.JSONField()
    planned_total = models.BigIntegerField(help_text="[fen]")
    reason = models.CharField(max_length=300, blank=True)
    digest = models.CharField(max_length=64)
    frozen_at = models.BigIntegerField()
    frozen_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "version"], name="project_baseline_once")]

    def __str__(self) -> str:
        return f"{self.project_id} v{self.version}"


class Report(models.Model):
    """What somebody saw of a milestone on a day. Only a report that somebody else accepted counts."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="reports")
    milestone = models.ForeignKey(Milestone, null=True, on_delete=models.SET_NULL, related_name="reports")
    title = models.CharField(max_length=200, help_text="Of the milestone as it was then.")
    key = models.CharField(max_length=64)
    on = models.DateField()
    seen = models.JSONField(help_text="What the rule of credit asks for: started, done, steps, units.")
    credit = models.IntegerField(help_text="[ppm]")
    latitude = models.FloatField(null=True, help_text="Where the reporter stood, WGS-84 [deg].")
    longitude = models.FloatField(null=True)
    note = models.CharField(max_length=500, blank=True)
    verdict = models.CharField(max_length=12, blank=True, help_text="accepted, rejected, falsified; empty: open")
    why = models.CharField(max_length=300, blank=True)
    reported_at = models.BigIntegerField()
    reported_by = models.CharField(max_length=150, blank=True)
    reporter = models.BigIntegerField(null=True, help_text="Person who reported it: somebody else verifies.")
    verified_at = models.BigIntegerField(null=True)
    verified_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "key"], name="project_report_once")]
        indexes = [models.Index(fields=["project", "on"], name="project_report_day")]

    def __str__(self) -> str:
        return f"{self.project_id} {self.on}"


class Photo(models.Model):
    """A picture with a report: what it says of its place and time, and what is wrong with it."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="photos")
    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="photos")
    file = models.ForeignKey("spine.StoredFile", on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    look = models.CharField(max_length=16, help_text="Difference hash of what it shows, 64 bits as hex.")
    taken_at = models.BigIntegerField(null=True, help_text="From the picture [us UTC].")
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)
    distance = models.FloatField(null=True, help_text="From the site [m].")
    faults = models.JSONField(default=list)
    like = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "sha256"], name="project_photo_bytes"),
            models.Index(fields=["organisation", "look"], name="project_photo_look"),
        ]

    def __str__(self) -> str:
        return f"{self.project_id} {self.sha256[:8]}"
