"""Tables of the pipeline: projects, their yearly plans, stages, payments. Money in fen, moments in us UTC."""

from __future__ import annotations

from django.db import models


class Project(models.Model):
    """An investment project of the district.

    The six stages stand apart, each with its own date and amount: a pledge is never investment. ``paid_in``,
    ``paid_out``, ``physical`` and what the list filters by are kept here by the actions that change them.
    """

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=64, help_text="Unified project code.")
    name = models.CharField(max_length=200)
    owner = models.ForeignKey(
        "parties.Organisation", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    owner_name = models.CharField(max_length=200, blank=True, help_text="Where the owner has no account here.")
    asset = models.ForeignKey("spine.Asset", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    part_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="parts")
    status = models.CharField(max_length=16, default="identification", help_text="OC4IDS projectStatus")
    kind = models.CharField(max_length=16, default="construction", help_text="OC4IDS projectType")
    sector = models.CharField(max_length=32, blank=True)
    town = models.CharField(max_length=64, blank=True)
    place = models.CharField(max_length=200, blank=True)
    latitude = models.FloatField(null=True, blank=True, help_text="WGS-84 [deg]")
    longitude = models.FloatField(null=True, blank=True, help_text="WGS-84 [deg]")
    scope = models.TextField(blank=True)
    planned_total = models.BigIntegerField(default=0, help_text="Planned total investment [fen].")
    first_total = models.BigIntegerField(default=0, help_text="As it was first planned [fen].")
    planned_start = models.DateField(null=True, blank=True)
    planned_finish = models.DateField(null=True, blank=True)
    foreign_capital = models.BooleanField(default=False)

    signed_on = models.DateField(null=True, blank=True)
    signed_amount = models.BigIntegerField(default=0, help_text="Contracted [fen].")
    paid_in_on = models.DateField(null=True, blank=True)
    paid_in = models.BigIntegerField(default=0, help_text="Capital that arrived [fen].")
    started_on = models.DateField(null=True, blank=True)
    started_amount = models.BigIntegerField(default=0, help_text="Planned investment of what was started [fen].")
    in_statistics_on = models.DateField(null=True, blank=True)
    in_statistics_amount = models.BigIntegerField(default=0, help_text="Planned investment as registered [fen].")
    in_production_on = models.DateField(null=True, blank=True)
    in_production_amount = models.BigIntegerField(default=0, help_text="Output of the first full year [fen].")
    above_scale_on = models.DateField(null=True, blank=True)
    above_scale_amount = models.BigIntegerField(default=0, help_text="Main-business revenue of the year [fen].")

    paid_out = models.BigIntegerField(default=0, help_text="Spent on the project [fen].")
    physical = models.IntegerField(null=True, blank=True, help_text="Verified physical progress [ppm].")
    effective = models.IntegerField(null=True, blank=True, help_text="Measured share of what was promised [ppm].")
    effects = models.JSONField(default=list, blank=True, help_text="Numbers of the evidence plans linked to it.")
    next_due = models.DateField(null=True, blank=True, help_text="Of the earliest milestone that is not met.")
    overdue = models.IntegerField(default=0, help_text="Milestones met late.")
    reported_on = models.DateField(null=True, blank=True, help_text="Day of the newest report.")
    baseline_version = models.IntegerField(default=0)
    photo_faults = models.IntegerField(default=0)
    falsified = models.IntegerField(default=0, help_text="Reports that were found to be false.")
    created_at = models.BigIntegerField()
    changed_at = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "code"], name="project_code_once")]
        indexes = [
            models.Index(fields=["organisation", "status"], name="project_status"),
            models.Index(fields=["organisation", "changed_at"], name="project_changed"),
            models.Index(fields=["owner"], name="project_owner"),
        ]

    def __str__(self) -> str:
        return self.name


class ProjectYear(models.Model):
    """What was planned to be invested in one year."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="years")
    year = models.IntegerField()
    amount = models.BigIntegerField(help_text="[fen]")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "year"], name="project_year_once")]

    def __str__(self) -> str:
        return f"{self.project_id} {self.year}"


class StageRecord(models.Model):
    """That a project reached a stage: when, how much, and what shows it. Rows are added; the newest one holds."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="stages")
    stage = models.CharField(max_length=16)
    on = models.DateField(null=True, help_text="Empty: the stage was taken back.")
    amount = models.BigIntegerField(default=0, help_text="[fen]")
    evidence = models.CharField(max_length=300, help_text="Number of the contract, permit, certificate …")
    file = models.ForeignKey("spine.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.BigIntegerField()
    recorded_by = models.CharField(max_length=150, blank=True)

    class Meta:
        indexes = [models.Index(fields=["project", "stage"], name="project_stage")]

    def __str__(self) -> str:
        return f"{self.project_id} {self.stage}"


class Payment(models.Model):
    """Money of a project on a day: capital paid in (到资), or paid out for what was built."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="payments")
    key = models.CharField(max_length=64, help_text="Of whoever sends it: the same key books once.")
    kind = models.CharField(max_length=8, help_text="in or out")
    on = models.DateField()
    amount = models.BigIntegerField(help_text="Negative takes back [fen].")
    evidence = models.CharField(max_length=300)
    file = models.ForeignKey("spine.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.BigIntegerField()
    recorded_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "key"], name="project_payment_once")]
        indexes = [models.Index(fields=["project", "on"], name="project_payment_day")]

    def __str__(self) -> str:
        return f"{self.project_id} {self.kind} {self.amount}"
