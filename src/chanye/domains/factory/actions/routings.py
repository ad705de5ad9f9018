"""Revisions with bill and routings: drafts are edited, released ones are revised, retired ones rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from chanye.domains.factory.master_rows import code_of, place_of
from chanye.domains.factory.models import (
    BillLine,
    Instruction,
    Material,
    Program,
    Revision,
    Routing,
    RoutingStep,
    Skill,
    Tool,
)
from chanye.domains.factory.rules.routing import FlowStep, faults_of
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer

Row = Mapping[str, Any]


def _record(actor: Viewer, verb: str, revision: Revision, detail: Mapping[str, object]) -> None:
    record(
        actor=actor,
        verb=verb,
        target=f"revision:{revision.pk}",
        detail={"product": revision.material.code, "revision": revision.code, **detail},
        organisation_id=revision.material.organisation_id,
    )


def _revision(actor: Viewer, revision_id: int) -> Revision:
    row = Revision.objects.select_for_update(of=("self",)).select_related("material").filter(id=revision_id).first()
    if row is None or not (actor.system or row.material.organisation_id == actor.organisation_id):
        raise DeniedError(_("There is no such revision, or it belongs to another organisation."))
    require(actor, "edit_master", row.material.organisation_id)
    return row


def _draft(actor: Viewer, revision_id: int) -> Revision:
    row = _revision(actor, revision_id)
    if row.state != "draft":
        raise ConfigError(
            _("Revision %(code)s of %(product)s is released: make a new revision and change that one.")
            % {"code": row.code, "product": row.material.code}
        )
    return row


@transaction.atomic
def make_revision(*, actor: Viewer, material_id: int, code: str) -> int:
    """Make a draft revision, a copy of the newest one with bill, routings and instructions; return its id.

    Raises
    ------
    ConfigError
        If the code is taken or none.
    DeniedError
        If there is no such material for the actor to edit.
    """
    material = Material.objects.select_for_update().filter(id=material_id).first()
    if material is None or not (actor.system or material.organisation_id == actor.organisation_id):
        raise DeniedError(_("There is no such material, or it belongs to another organisation."))
    require(actor, "edit_master", material.organisation_id)
    if not 0 < len(code.strip()) <= 16:
        raise ConfigError(_("Give the revision a code of 1 to 16 characters, e.g. B."))
    if Revision.objects.filter(material=material, code=code.strip()).exists():
        raise ConfigError(_("There is a revision %(code)s already.") % {"code": code})
    before = Revision.objects.filter(material=material).order_by("-released_at", "-id").first()
    row = Revision.objects.create(material=material, code=code.strip())
    if before is not None:
        _copy(before, row)
    _record(actor, "make_revision", row, {"after": before.code if before else ""})
    return int(row.pk)


def _copy(before: Revision, row: Revision) -> None:
    for line in BillLine.objects.filter(revision=before):
        line.pk, line.revision = None, row
        line.save(force_insert=True)
    for routing in Routing.objects.filter(revision=before):
        steps = list(RoutingStep.objects.filter(routing=routing))
        routing.pk, routing.revision = None, row
        routing.save(force_insert=True)
        for step in steps:
            step.pk, step.routing = None, routing
            step.save(force_insert=True)
    for page in Instruction.objects.filter(revision=before, state="released"):
        page.pk, page.revision, page.version = None, row, 1
        page.save(force_insert=True)


@transaction.atomic
def release_revision(*, actor: Viewer, revision_id: int) -> None:
    """Release a draft: from then on orders can be made after it, and it is no longer changed.

    Raises
    ------
    ConfigError
        If it is no draft, or a routing of it is missing or wrong.
    DeniedError
        If there is no such revision for the actor to edit.
    """
    row = _draft(actor, revision_id)
    routings = list(Routing.objects.filter(revision=row).prefetch_related("steps"))
    if not any(routing.default for routing in routings):
        raise ConfigError(_("Mark one routing as default first: orders are released by it."))
    for routing in routings:
        _check_flow([_flow_step(step) for step in routing.steps.all()])
    numbers = {step.number for routing in routings for step in routing.steps.all()}
    lost = [line for line in BillLine.objects.filter(revision=row) if line.step and line.step not in numbers]
    if lost:
        raise ConfigError(_("The bill names step %(step)s, which no routing has.") % {"step": lost[0].step})
    row.state, row.released_at = "released", now_us()
    row.save()
    _record(actor, "release_revision", row, {})


def release_drafts(*, actor: Viewer, organisation_id: int) -> tuple[list[int], list[tuple[int, str]]]:
    """Release every draft that is complete; return those released, and those that are not with the reason."""
    require(actor, "edit_master", organisation_id)
    done, failed = [], []
    drafts = Revision.objects.filter(material__organisation_id=organisation_id, state="draft").order_by("id")
    for number in list(drafts.values_list("pk", flat=True)):
        try:
            release_revision(actor=actor, revision_id=number)
        except ConfigError as error:
            failed.append((number, str(error)))
        else:
            done.append(number)
    return done, failed


@transaction.atomic
def retire_revision(*, actor: Viewer, revision_id: int) -> None:
    """Take a released revision out of use: no new order can be made after it; orders that exist go on."""
    row = _revision(actor, revision_id)
    if row.state != "released":
        raise ConfigError(_("Only a released revision is retired."))
    row.state = "retired"
    row.save()
    _record(actor, "retire_revision", row, {})


@transaction.atomic
def delete_revision(*, actor: Viewer, revision_id: int) -> None:
    """Delete a draft that nothing refers to."""
    row = _draft(actor, revision_id)
    _record(actor, "delete_revision", row, {})
    try:
        row.delete()
    except ProtectedError as error:
        raise ConfigError(_("An order was made after it: retire it instead.")) from error


@transaction.atomic
def save_bill(*, actor: Viewer, revision_id: int, rows: Sequence[Row]) -> None:
    """Set what one piece of a draft takes; it replaces the bill that was there.

    Parameters
    ----------
    rows
        ``component`` (code) ``, quantity`` (per piece, in the component's unit) ``, scrap_share`` [0..1] ``, step``.

    Raises
    ------
    ConfigError
        If it is no draft, a component is not known or the product itself, or named twice at one step.
    DeniedError
        If there is no such revision for the actor to edit.
    """
    row = _draft(actor, revision_id)
    known = {one.code: one for one in Material.objects.filter(organisation_id=row.material.organisation_id)}
    BillLine.objects.filter(revision=row).delete()
    seen: set[tuple[str, int | None]] = set()
    for line in rows:
        code = code_of(line, "component")
        component, quantity, share = known.get(code), line.get("quantity"), line.get("scrap_share") or 0.0
        if component is None or component.pk == row.material_id:
            raise ConfigError(_("%(code)s is not a material that can go into it.") % {"code": code})
        if (code, line.get("step")) in seen:
            raise ConfigError(_("%(code)s stands twice at the same step: add the quantities.") % {"code": code})
        seen.add((code, line.get("step")))
        if not quantity or not 0 < quantity < 1e9 or not 0 <= share < 1:
            raise ConfigError(_("%(code)s: the quantity must be above 0, the loss from 0 to 1.") % {"code": code})
        BillLine.objects.create(
            revision=row, component=component, quantity=quantity, scrap_share=share, step=line.get("step")
        )
    _record(actor, "save_bill", row, {"lines": len(rows)})


@transaction.atomic
def save_routing(
    *, actor: Viewer, revision_id: int, code: str, rows: Sequence[Row], name: str = "", default: bool | None = None
) -> int:
    """Set a routing of a draft; it replaces the steps that were there. Return its id.

    Parameters
    ----------
    rows
        ``step`` (number) ``, name, kind, work_centre`` (code) ``, run_time`` [s per piece] ``, setup_time`` [s] ``,
        setup_family, scrap_share`` [0..1] ``, skill, tool, gauge, program`` (codes) ``, on_fail, returns_to``
        (numbers) ``, alternatives`` (``code run set-up; …``, s).
    default
        Whether orders take it; the first routing does.

    Raises
    ------
    ConfigError
        Naming the step and what is wrong.
    DeniedError
        If there is no such revision for the actor to edit.
    """
    revision = _draft(actor, revision_id)
    if not 0 < len(code.strip()) <= 32:
        raise ConfigError(_("Give the routing a code of 1 to 32 characters."))
    others = Routing.objects.filter(revision=revision).exclude(code=code.strip())
    first = not others.filter(default=True).exists()
    if default:
        others.update(default=False)
    routing, _made = Routing.objects.get_or_create(revision=revision, code=code.strip())
    routing.name = name[:200] or routing.name
    routing.default = first if default is None else (default or first)
    routing.save()
    RoutingStep.objects.filter(routing=routing).delete()
    codes = _Codes(actor, revision.material.organisation_id)
    steps = [codes.step(routing, row) for row in rows]
    if len({step.number for step in steps}) != len(steps):
        raise ConfigError(_("Two steps have the same number."))
    _check_flow([_flow_step(step) for step in steps])
    RoutingStep.objects.bulk_create(steps)
    _record(actor, "save_routing", revision, {"routing": routing.code, "steps": [step.number for step in steps]})
    return int(routing.pk)


@transaction.atomic
def delete_routing(*, actor: Viewer, routing_id: int) -> None:
    """Delete a routing of a draft."""
    found = Routing.objects.filter(id=routing_id).values_list("revision_id", flat=True).first()
    revision = _draft(actor, found or 0)
    Routing.objects.filter(id=routing_id).delete()
    _record(actor, "delete_routing", revision, {"routing": routing_id})


def _flow_step(step: RoutingStep) -> FlowStep:
    return FlowStep(step.number, step.name, step.kind, step.on_fail, step.returns_to)


def _check_flow(steps: Sequence[FlowStep]) -> None:
    for number, _member, rule in faults_of(steps):
        raise ConfigError(_("Step %(number)s: %(rule)s") % {"number": number, "rule": rule})


class _Codes:
    """Things steps refer to, by code."""

    def __init__(self, actor: Viewer, organisation_id: int) -> None:
        mine = {"organisation_id": organisation_id}
        self.actor, self.organisation_id = actor, organisation_id
        self.skill = dict(Skill.objects.filter(**mine).values_list("code", "pk"))
        self.program = dict(Program.objects.filter(**mine).values_list("code", "pk"))
        self.tool = dict(Tool.objects.filter(**mine).exclude(kind="gauge").values_list("code", "pk"))
        self.gauge = dict(Tool.objects.filter(**mine, kind="gauge").values_list("code", "pk"))

    def find(self, row: Row, name: str) -> int | None:
        """Return the thing a step names; None if it names none."""
        code = row.get(name)
        if not code:
            return None
        found: int | None = getattr(self, name).get(code)
        if found is None:
            raise ConfigError(
                _("Step %(number)s: there is no %(what)s %(code)s.")
                % {"number": row.get("step"), "what": name, "code": code}
            )
        return found

    def step(self, routing: Routing, row: Row) -> RoutingStep:
        """Return the step a row describes."""
        number, run, setup = row.get("step"), row.get("run_time"), row.get("setup_time") or 0.0
        share = row.get("scrap_share") or 0.0
        if number is None or not 0 < number < 100_000:
            raise ConfigError(_("A step needs a number from 1 on."))
        if run is None or not (0 <= run < 1e7 and 0 <= setup < 1e7 and 0 <= share < 1):
            raise ConfigError(
                _("Step %(number)s: times must not be negative, the loss is from 0 to 1.") % {"number": number}
            )
        kind = row.get("kind") or "main"
        return RoutingStep(
            routing=routing,
            number=number,
            name=str(row.get("name") or "").strip()[:200] or str(number),
            kind=kind if kind in ("main", "rework") else "main",
            work_centre_id=place_of(self.actor, self.organisation_id, str(row.get("work_centre") or "")),
            run_time=run,
            setup_time=setup,
            setup_family=str(row.get("setup_family") or "")[:64],
            scrap_share=share,
            skill_id=self.find(row, "skill"),
            tool_id=self.find(row, "tool"),
            gauge_id=self.find(row, "gauge"),
            program_id=self.find(row, "program"),
            on_fail=row.get("on_fail"),
            returns_to=row.get("returns_to"),
            alternatives=self.alternatives(str(row.get("alternatives") or "")),
        )

    def alternatives(self, text: str) -> list[dict[str, object]]:
        """Return the other work centres a text names: ``mill2 70 600; mill3``."""
        found: list[dict[str, object]] = []
        for part in text.replace("；", ";").split(";"):
            words = part.split()
            if not words:
                continue
            one: dict[str, object] = {"work_centre": place_of(self.actor, self.organisation_id, words[0])}
            for name, word in zip(("run_time", "setup_time"), words[1:], strict=False):
                one[name] = _number(word)
            found.append(one)
        return found


def _number(word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e7:
        raise ConfigError(_("“%(word)s” is not a time in seconds.") % {"word": word})
    return value


@transaction.atomic
def import_bills(*, actor: Viewer, organisation_id: int, rows: Sequence[Row]) -> None:
    """Set bills from the rows of a file, each with ``product, revision`` beside the members of ``save_bill``.

    A revision that does not exist is made as a draft; the lines in the file replace or join those that are there.
    """
    for (product, code), own in _by_revision(rows).items():
        row = ensure_draft(actor=actor, organisation_id=organisation_id, product=product, revision=code)
        kept = {(line.component.code, line.step): line for line in BillLine.objects.filter(revision=row)}
        for line in own:
            kept.pop((line["component"], line.get("step")), None)
        old = [
            {
                "component": line.component.code,
                "quantity": line.quantity,
                "scrap_share": line.scrap_share,
                "step": line.step,
            }
            for line in kept.values()
        ]
        save_bill(actor=actor, revision_id=row.pk, rows=[*old, *own])


@transaction.atomic
def import_routings(*, actor: Viewer, organisation_id: int, rows: Sequence[Row]) -> None:
    """Set routings from the rows of a file, each with ``product, revision, routing, default`` beside a step.

    All steps of a routing that is named must be in ``rows``: they replace those that are there.
    """
    for (product, code), own in _by_revision(rows).items():
        revision = ensure_draft(actor=actor, organisation_id=organisation_id, product=product, revision=code)
        routings: dict[str, list[Row]] = {}
        for row in own:
            routings.setdefault(str(row.get("routing") or "main"), []).append(row)
        for routing, steps in routings.items():
            save_routing(
                actor=actor,
                revision_id=revision.pk,
                code=routing,
                rows=steps,
                default=any(step.get("default") for step in steps) or None,
            )


def ensure_draft(*, actor: Viewer, organisation_id: int, product: str, revision: str) -> Revision:
    """Return the draft revision of a product, made if it is not there.

    Raises
    ------
    ConfigError
        If there is no such product, or the revision is released already.
    """
    require(actor, "edit_master", organisation_id)
    material = Material.objects.filter(organisation_id=organisation_id, code=product).first()
    if material is None:
        raise ConfigError(_("There is no material %(code)s.") % {"code": product})
    row = Revision.objects.filter(material=material, code=revision).first()
    if row is None:
        row = Revision.objects.create(material=material, code=code_of({"code": revision})[:16])
        _record(actor, "make_revision", row, {"after": ""})
    return _draft(actor, int(row.pk))


def _by_revision(rows: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((str(row["product"]), str(row.get("revision") or "A")), []).append(row)
    return found
