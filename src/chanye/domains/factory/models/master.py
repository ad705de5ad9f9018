"""Master data: materials and their revisions, bills, routings, tools, programs, skills, reasons (ISA-95 part 2)."""

from __future__ import annotations

from django.db import models

from chanye.domains.factory.types.master import (
    ELEMENTS,
    MATERIAL_KINDS,
    RELEASE_STATES,
    TOOL_KINDS,
    TOOL_STATES,
    TRACKING,
    TREES,
)


def _choices(words: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(word, word) for word in words]


def _organisation() -> models.ForeignKey[models.Model]:
    return models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")


class Material(models.Model):
    """A material definition: what is bought, made or used up."""

    organisation = _organisation()
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=16, choices=_choices(MATERIAL_KINDS))
    unit = models.CharField(max_length=32, default="{part}", help_text="UCUM code.")
    tracking = models.CharField(max_length=8, choices=_choices(TRACKING), default="none")
    cost = models.BigIntegerField(null=True, help_text="Standard cost of one unit [fen]")
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "code"], name="material_code_once")]

    def __str__(self) -> str:
        return self.code


class Revision(models.Model):
    """A revision of a product: what is made after it has its bill and its routings."""

    material = models.ForeignKey(Material, on_delete=models.PROTECT, related_name="revisions")
    code = models.CharField(max_length=16)
    state = models.CharField(max_length=16, choices=_choices(RELEASE_STATES), default="draft")
    released_at = models.BigIntegerField(null=True, help_text="[us UTC]")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["material", "code"], name="revision_code_once")]

    def __str__(self) -> str:
        return f"{self.material_id}/{self.code}"


class BillLine(models.Model):
    """What one piece of a revision takes; ``step`` is the number of the step that uses it; null: the first."""

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="bill")
    component = models.ForeignKey(Material, on_delete=models.PROTECT, related_name="+")
    quantity = models.FloatField(help_text="Per piece, in the unit of the component.")
    scrap_share = models.FloatField(default=0.0, help_text="Lost in use, share of the quantity, 0..1")
    step = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["revision", "component", "step"], name="bill_line_once"),
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="bill_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.revision_id} {self.component_id}"


class Skill(models.Model):
    """Something a person must be able to do, e.g. weld, set a press, inspect."""

    organisation = _organisation()
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "code"], name="skill_code_once")]

    def __str__(self) -> str:
        return self.code


class PersonSkill(models.Model):
    """A person has a skill, perhaps until a date. Level 1 learns, 2 works alone, 3 sets up, 4 teaches."""

    person = models.ForeignKey("parties.Person", on_delete=models.CASCADE, related_name="+")
    skill = models.ForeignKey(Skill, on_delete=models.CASCADE, related_name="people")
    level = models.PositiveSmallIntegerField(default=2)
    until = models.BigIntegerField(null=True, help_text="[us UTC]")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "skill"], name="person_skill_once")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.skill_id}"


class Tool(models.Model):
    """A tool, gauge, fixture or mould; ``used`` counts pieces against ``life``."""

    organisation = _organisation()
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=16, choices=_choices(TOOL_KINDS))
    state = models.CharField(max_length=16, choices=_choices(TOOL_STATES), default="ready")
    life = models.BigIntegerField(null=True, help_text="Pieces until it is worn out.")
    used = models.BigIntegerField(default=0, help_text="Pieces since it was new or ground.")
    calibrated_until = models.BigIntegerField(null=True, help_text="Gauges: [us UTC]")
    place = models.ForeignKey("spine.Asset", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "code"], name="tool_code_once")]

    def __str__(self) -> str:
        return self.code


class Program(models.Model):
    """An NC program or recipe, whatever its version."""

    organisation = _organisation()
    code = models.CharField(max_length=100)
    name = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "code"], name="program_code_once")]

    def __str__(self) -> str:
        return self.code


class ProgramVersion(models.Model):
    """One version of a program; ``digest`` is SHA-256 of its content and is bound to the parts made with it."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    file = models.BigIntegerField(null=True, help_text="Number of the stored file that holds it.")
    state = models.CharField(max_length=16, choices=_choices(RELEASE_STATES), default="draft")
    released_at = models.BigIntegerField(null=True, help_text="[us UTC]")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["program", "version"], name="program_version_once")]

    def __str__(self) -> str:
        return f"{self.program_id} v{self.version}"


class Routing(models.Model):
    """A way to make a revision; the default one is taken unless the order names another."""

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="routings")
    code = models.CharField(max_length=32)
    name = models.CharField(max_length=200, blank=True)
    default = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["revision", "code"], name="routing_code_once"),
            models.UniqueConstraint(
                fields=["revision"], condition=models.Q(default=True), name="routing_one_default"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.revision_id}/{self.code}"


class RoutingStep(models.Model):
    """A step of a routing. A rework step stands outside the main flow: pieces come by ``on_fail`` of another step.

    ``alternatives``: list of ``{"work_centre": asset id, "run_time": s, "setup_time": s}``.
    """

    routing = models.ForeignKey(Routing, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=8, default="main", choices=_choices(("main", "rework")))
    work_centre = models.ForeignKey("spine.Asset", on_delete=models.PROTECT, related_name="+")
    run_time = models.FloatField(help_text="Planned run time per item, PRI [s]")
    setup_time = models.FloatField(default=0.0, help_text="Planned unit set-up time [s]")
    setup_family = models.CharField(max_length=64, blank=True)
    scrap_share = models.FloatField(default=0.0, help_text="Planned scrap ratio, 0..1")
    skill = models.ForeignKey(Skill, null=True, on_delete=models.PROTECT, related_name="+")
    tool = models.ForeignKey(Tool, null=True, on_delete=models.PROTECT, related_name="+")
    gauge = models.ForeignKey(Tool, null=True, on_delete=models.PROTECT, related_name="+")
    program = models.ForeignKey(Program, null=True, on_delete=models.PROTECT, related_name="+")
    on_fail = models.PositiveIntegerField(null=True, help_text="Number of the rework step for pieces that fail here.")
    returns_to = models.PositiveIntegerField(null=True, help_text="Rework: number of the step that takes them back.")
    alternatives = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["routing", "number"], name="step_number_once")]

    def __str__(self) -> str:
        return f"{self.routing_id}/{self.number}"


class Instruction(models.Model):
    """A version of the work instruction of a step: pages in order, some of which must be confirmed.

    ``pages``: list of ``{"text": str, "file": number of a stored picture or null, "confirm": bool}``.
    """

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="instructions")
    step = models.PositiveIntegerField(help_text="Number of the routing step.")
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=16, choices=_choices(RELEASE_STATES), default="draft")
    title = models.CharField(max_length=200)
    pages = models.JSONField(default=list)
    released_at = models.BigIntegerField(null=True, help_text="[us UTC]")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["revision", "step", "version"], name="instruction_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.revision_id}/{self.step} v{self.version}"


class Reason(models.Model):
    """A node of a reason tree. Only leaves are booked; ``element`` says what a stop with it counts as."""

    organisation = _organisation()
    tree = models.CharField(max_length=16, choices=_choices(TREES))
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200, blank=True)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    element = models.CharField(max_length=16, blank=True, choices=_choices(ELEMENTS))
    position = models.IntegerField(default=0)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["tree", "position", "code"]
        constraints = [models.UniqueConstraint(fields=["organisation", "tree", "code"], name="reason_code_once")]

    def __str__(self) -> str:
        return f"{self.tree}:{self.code}"
