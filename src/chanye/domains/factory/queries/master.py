"""Reads of master data: as the tables that lists, files and the API show."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from chanye.domains.factory.models import (
    BillLine,
    Instruction,
    Material,
    PersonSkill,
    Program,
    ProgramVersion,
    Reason,
    Revision,
    RoutingStep,
    Skill,
    Tool,
)
from chanye.domains.factory.types.master import (
    BillRow,
    InstructionRow,
    MaterialRow,
    ProgramRow,
    QualificationRow,
    ReasonRow,
    RevisionRow,
    RoutingRow,
    SkillRow,
    ToolRow,
    VersionRow,
)
from chanye.kernel.errors import DeniedError
from chanye.kernel.time import now_us
from chanye.parties.types import Viewer
from chanye.spine import queries as spine


def _mine(viewer: Viewer, path: str = "organisation_id") -> Q:
    return Q() if viewer.system else Q(**{path: viewer.organisation_id or 0})


def materials(viewer: Viewer) -> list[MaterialRow]:
    """Return all materials by code."""
    newest = Revision.objects.filter(material=OuterRef("pk"), state="released").order_by("-released_at", "-id")
    rows = Material.objects.filter(_mine(viewer)).annotate(revision=Subquery(newest.values("code")[:1]))
    return [
        MaterialRow(
            row.pk,
            row.code,
            row.name,
            row.kind,
            row.unit,
            row.tracking,
            row.cost,
            row.active,
            getattr(row, "revision", None) or "",
        )
        for row in rows.order_by("code")
    ]


def material(viewer: Viewer, material_id: int) -> MaterialRow:
    """Return one material.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    for row in materials(viewer):
        if row.id == material_id:
            return row
    raise DeniedError(_("There is no such material, or it belongs to another organisation."))


def revisions(viewer: Viewer, *, material_id: int | None = None) -> list[RevisionRow]:
    """Return revisions, newest first: of one material or all."""
    rows = Revision.objects.filter(_mine(viewer, "material__organisation_id")).select_related("material")
    rows = rows.annotate(
        routing_count=Count("routings", distinct=True), line_count=Count("bill", distinct=True)
    ).order_by("material__code", "-id")
    if material_id is not None:
        rows = rows.filter(material_id=material_id)
    return [
        RevisionRow(
            row.pk,
            row.material_id,
            row.material.code,
            row.material.name,
            row.code,
            row.state,
            row.released_at,
            row.routing_count,
            row.line_count,
        )
        for row in rows
    ]


def revision(viewer: Viewer, revision_id: int) -> RevisionRow:
    """Return one revision.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    owner = Revision.objects.filter(id=revision_id).values_list("material_id", flat=True).first()
    for row in revisions(viewer, material_id=owner or 0):
        if row.id == revision_id:
            return row
    raise DeniedError(_("There is no such revision, or it belongs to another organisation."))


def bills(viewer: Viewer, *, revision_id: int | None = None) -> list[BillRow]:
    """Return lines of bills by product, revision and step: of one revision or all."""
    rows = BillLine.objects.filter(_mine(viewer, "revision__material__organisation_id"))
    if revision_id is not None:
        rows = rows.filter(revision_id=revision_id)
    rows = rows.select_related("revision__material", "component")
    return [
        BillRow(
            row.revision.material.code,
            row.revision.code,
            row.revision.state,
            row.step,
            row.component.code,
            row.component.name,
            row.quantity,
            row.component.unit,
            row.scrap_share,
        )
        for row in rows.order_by("revision__material__code", "revision__code", "step", "component__code")
    ]


def routings(viewer: Viewer, *, revision_id: int | None = None) -> list[RoutingRow]:
    """Return steps of routings by product, revision, routing and number: of one revision or all."""
    rows = RoutingStep.objects.filter(_mine(viewer, "routing__revision__material__organisation_id"))
    if revision_id is not None:
        rows = rows.filter(routing__revision_id=revision_id)
    rows = rows.select_related("routing__revision__material", "work_centre", "skill", "tool", "gauge", "program")
    order = ("routing__revision__material__code", "routing__revision__code", "routing__code", "number")
    found = list(rows.order_by(*order))
    numbers = {one["work_centre"] for row in found for one in row.alternatives}
    codes = {asset.id: asset.code for asset in spine.assets(viewer) if asset.id in numbers} if numbers else {}
    return [_routing_row(row, codes) for row in found]


def _routing_row(row: RoutingStep, codes: dict[int, str]) -> RoutingRow:
    revision_row = row.routing.revision
    return RoutingRow(
        product=revision_row.material.code,
        revision=revision_row.code,
        state=revision_row.state,
        routing=row.routing.code,
        default=row.routing.default,
        step=row.number,
        name=row.name,
        kind=row.kind,
        work_centre=row.work_centre.code,
        run_time=row.run_time,
        setup_time=row.setup_time,
        setup_family=row.setup_family,
        scrap_share=row.scrap_share,
        skill=row.skill.code if row.skill else "",
        tool=row.tool.code if row.tool else "",
        gauge=row.gauge.code if row.gauge else "",
        program=row.program.code if row.program else "",
        on_fail=row.on_fail,
        returns_to=row.returns_to,
        alternatives=_written(row.alternatives, codes),
    )


def _written(alternatives: Iterable[dict[str, object]], codes: dict[int, str]) -> str:
    """Return alternatives as files hold them: ``mill2 70 600; mill3``."""
    parts = []
    for one in alternatives:
        words = [codes.get(int(str(one["work_centre"])), str(one["work_centre"]))]
        if "run_time" in one:
            words.append(f"{one['run_time']:g}")
            if "setup_time" in one:
                words.append(f"{one['setup_time']:g}")
        parts.append(" ".join(words))
    return "; ".join(parts)


def tools(viewer: Viewer, *, now: int | None = None) -> list[ToolRow]:
    """Return tools, gauges, fixtures and moulds by code; ``due``: worn, broken, not calibrated at ``now`` [us]."""
    at = now_us() if now is None else now
    rows = Tool.objects.filter(_mine(viewer)).select_related("place").order_by("code")
    return [
        ToolRow(
            row.pk,
            row.code,
            row.name,
            row.kind,
            row.state,
            row.life,
            row.used,
            row.calibrated_until,
            row.place.code if row.place else "",
            row.state in ("worn", "broken")
            or (row.life is not None and row.used >= row.life)
            or (row.calibrated_until is not None and row.calibrated_until <= at),
        )
        for row in rows
    ]


def skills(viewer: Viewer) -> list[SkillRow]:
    """Return skills by code."""
    able = Count("people", filter=Q(people__level__gte=2))
    rows = Skill.objects.filter(_mine(viewer)).annotate(able=able).order_by("code")
    return [SkillRow(row.pk, row.code, row.name, row.able) for row in rows]


def qualifications(viewer: Viewer) -> list[QualificationRow]:
    """Return who has which skill."""
    rows = PersonSkill.objects.filter(_mine(viewer, "skill__organisation_id")).select_related("person", "skill")
    return [
        QualificationRow(row.person.username, str(row.person), row.skill.code, row.level, row.until)
        for row in rows.order_by("person__username", "skill__code")
    ]


def reasons(viewer: Viewer) -> list[ReasonRow]:
    """Return the reason trees, each parent before its children."""
    rows = list(Reason.objects.filter(_mine(viewer)).order_by("tree", "position", "code"))
    children: dict[int | None, list[Reason]] = {}
    for row in rows:
        children.setdefault(row.parent_id, []).append(row)
    codes = {row.pk: row.code for row in rows}
    found: list[ReasonRow] = []

    def walk(above: int | None, depth: int) -> None:
        for row in children.get(above, ()):
            leaf = row.pk not in children
            found.append(
                ReasonRow(
                    row.pk,
                    row.tree,
                    row.code,
                    row.name,
                    row.name_en,
                    codes.get(row.parent_id or 0, ""),
                    row.element,
                    row.position,
                    row.active,
                    depth,
                    leaf,
                )
            )
            walk(row.pk, depth + 1)

    walk(None, 0)
    return found


def programs(viewer: Viewer) -> list[ProgramRow]:
    """Return programs by code, with the version that orders take."""
    released = ProgramVersion.objects.filter(program=OuterRef("pk"), state="released").order_by("-version")
    rows = Program.objects.filter(_mine(viewer)).annotate(
        current=Subquery(released.values("version")[:1]),
        digest=Subquery(released.values("digest")[:1]),
        number=Count("versions"),
    )
    return [
        ProgramRow(row.pk, row.code, row.name, row.current, row.digest or "", row.number)
        for row in rows.order_by("code")
    ]


def program(viewer: Viewer, program_id: int) -> ProgramRow:
    """Return one program.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    for row in programs(viewer):
        if row.id == program_id:
            return row
    raise DeniedError(_("There is no such program, or it belongs to another organisation."))


def versions(viewer: Viewer, program_id: int) -> list[VersionRow]:
    """Return the versions of a program, newest first."""
    rows = ProgramVersion.objects.filter(_mine(viewer, "program__organisation_id"), program_id=program_id)
    found = list(rows.order_by("-version"))
    files = spine.files_by_id(viewer, [row.file for row in found if row.file])
    return [
        VersionRow(
            row.pk,
            row.version,
            row.digest,
            row.file if row.file in files else None,
            files[row.file].name if row.file in files else "",
            files[row.file].size if row.file in files else 0,
            row.state,
            row.released_at,
        )
        for row in found
    ]


def instructions(viewer: Viewer, *, revision_id: int, states: Iterable[str] = ()) -> list[InstructionRow]:
    """Return the work instructions of a revision by step, newest version first; only some states if asked."""
    rows = Instruction.objects.filter(_mine(viewer, "revision__material__organisation_id"), revision_id=revision_id)
    wanted = list(states)
    rows = rows.filter(state__in=wanted) if wanted else rows
    return [_instruction(row) for row in rows.order_by("step", "-version")]


def instruction(viewer: Viewer, instruction_id: int) -> InstructionRow:
    """Return one version of a work instruction.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    rows = Instruction.objects.filter(_mine(viewer, "revision__material__organisation_id"), id=instruction_id)
    row = rows.first()
    if row is None:
        raise DeniedError(_("There is no such instruction, or it belongs to another organisation."))
    return _instruction(row)


def _instruction(row: Instruction) -> InstructionRow:
    pages = tuple((str(p.get("text", "")), p.get("file"), bool(p.get("confirm"))) for p in row.pages)
    return InstructionRow(
        row.pk, row.revision_id, row.step, row.version, row.state, row.title, pages, row.released_at
    )
