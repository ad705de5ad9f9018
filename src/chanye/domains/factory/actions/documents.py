"""NC programs and work instructions: versions are drafts until they are released, and then never change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.factory.master_rows import code_of
from chanye.domains.factory.models import Instruction, Program, ProgramVersion, Revision
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import actions as spine_actions
from chanye.spine import queries as spine

MOST_PAGES = 100


@transaction.atomic
def save_program(*, actor: Viewer, organisation_id: int, code: str, name: str = "") -> int:
    """Make or rename an NC program or recipe; return its id."""
    require(actor, "edit_master", organisation_id)
    row, _made = Program.objects.get_or_create(organisation_id=organisation_id, code=code_of({"code": code}))
    row.name = name.strip()[:200] or row.name
    row.save()
    _record(actor, "save_program", f"program:{row.pk}", organisation_id, {"code": row.code})
    return int(row.pk)


@transaction.atomic
def add_version(*, actor: Viewer, program_id: int, name: str, data: BinaryIO | bytes) -> int:
    """Store a file as the next version of a program, a draft; return its id. The same content is the same version.

    Raises
    ------
    ConfigError
        If the file is no program.
    DeniedError
        If there is no such program for the actor to edit.
    """
    program = Program.objects.select_for_update().filter(id=program_id).first()
    if program is None or not (actor.system or program.organisation_id == actor.organisation_id):
        raise DeniedError(_("There is no such program, or it belongs to another organisation."))
    require(actor, "edit_master", program.organisation_id)
    kept = spine_actions.store_file(
        actor=actor, organisation_id=program.organisation_id, name=name, data=data, kinds=("program",)
    )
    last = ProgramVersion.objects.filter(program=program).order_by("-version").first()
    if last is not None and last.digest == kept.sha256:
        return int(last.pk)
    row = ProgramVersion.objects.create(
        program=program, version=last.version + 1 if last else 1, digest=kept.sha256, file=kept.id
    )
    detail = {"code": program.code, "version": row.version, "digest": row.digest}
    _record(actor, "add_version", f"program:{program.pk}", program.organisation_id, detail)
    return int(row.pk)


@transaction.atomic
def release_version(*, actor: Viewer, version_id: int) -> None:
    """Release a version of a program: orders released from now on run it; those released before keep theirs."""
    row = _version(actor, version_id)
    if row.state != "draft":
        raise ConfigError(_("Only a draft is released."))
    row.state, row.released_at = "released", now_us()
    row.save()
    _record_version(actor, "release_version", row)


@transaction.atomic
def retire_version(*, actor: Viewer, version_id: int) -> None:
    """Take a version out of use: operations that were to run it are stopped from starting."""
    row = _version(actor, version_id)
    if row.state == "retired":
        raise ConfigError(_("It is retired already."))
    row.state = "retired"
    row.save()
    _record_version(actor, "retire_version", row)


def _version(actor: Viewer, version_id: int) -> ProgramVersion:
    row = ProgramVersion.objects.select_related("program").filter(id=version_id).first()
    if row is None or not (actor.system or row.program.organisation_id == actor.organisation_id):
        raise DeniedError(_("There is no such program, or it belongs to another organisation."))
    require(actor, "edit_master", row.program.organisation_id)
    return row


def _record_version(actor: Viewer, verb: str, row: ProgramVersion) -> None:
    detail = {"code": row.program.code, "version": row.version, "digest": row.digest}
    _record(actor, verb, f"program:{row.program_id}", row.program.organisation_id, detail)


def _record(actor: Viewer, verb: str, target: str, organisation_id: int, detail: Mapping[str, object]) -> None:
    record(actor=actor, verb=verb, target=target, detail=detail, organisation_id=organisation_id)


@transaction.atomic
def save_instruction(
    *, actor: Viewer, revision_id: int, step: int, title: str, pages: Sequence[Mapping[str, Any]]
) -> int:
    """Write the draft of a step's work instruction, a new version if the newest is released; return its id.

    Parameters
    ----------
    pages
        ``text, file`` (number of a stored picture or None) ``, confirm``: whether it must be confirmed.

    Raises
    ------
    ConfigError
        If there is no page, or a page has neither text nor picture.
    DeniedError
        If there is no such revision, or a picture is not the organisation's.
    """
    revision = Revision.objects.select_related("material").filter(id=revision_id).first()
    if revision is None or not (actor.system or revision.material.organisation_id == actor.organisation_id):
        raise DeniedError(_("There is no such revision, or it belongs to another organisation."))
    require(actor, "edit_master", revision.material.organisation_id)
    clean = [
        {
            "text": str(page.get("text") or "").strip()[:5000],
            "file": page.get("file"),
            "confirm": bool(page["confirm"]),
        }
        for page in pages
    ]
    if not 0 < len(clean) <= MOST_PAGES or any(not page["text"] and page["file"] is None for page in clean):
        raise ConfigError(_("An instruction has 1 to 100 pages, each with words or a picture."))
    for page in clean:
        if page["file"] is not None and spine.file(actor, int(page["file"])).kind != "picture":
            raise ConfigError(_("Only pictures can stand on a page."))
    last = Instruction.objects.filter(revision=revision, step=step).order_by("-version").first()
    if last is None or last.state != "draft":
        last = Instruction(revision=revision, step=step, version=last.version + 1 if last else 1)
    last.title, last.pages = title.strip()[:200] or str(step), clean
    last.save()
    detail = {"step": step, "version": last.version, "pages": len(clean)}
    _record(actor, "save_instruction", f"revision:{revision.pk}", revision.material.organisation_id, detail)
    return int(last.pk)


@transaction.atomic
def release_instruction(*, actor: Viewer, instruction_id: int) -> None:
    """Release an instruction; the version before it is retired, so that the floor sees one."""
    row = Instruction.objects.select_related("revision__material").filter(id=instruction_id).first()
    if row is None or not (actor.system or row.revision.material.organisation_id == actor.organisation_id):
        raise DeniedError(_("There is no such instruction, or it belongs to another organisation."))
    require(actor, "edit_master", row.revision.material.organisation_id)
    if row.state != "draft":
        raise ConfigError(_("Only a draft is released."))
    Instruction.objects.filter(revision=row.revision, step=row.step, state="released").update(state="retired")
    row.state, row.released_at = "released", now_us()
    row.save()
    detail = {"step": row.step, "version": row.version}
    target = f"revision:{row.revision_id}"
    _record(actor, "release_instruction", target, row.revision.material.organisation_id, detail)
