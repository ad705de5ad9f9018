"""What a firm writes: a draft is saved as it is typed, filled with lines and papers, and submitted whole."""

from __future__ import annotations

import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, BinaryIO

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.programme import days, evidence_door
from chanye.domains.programme.call_rows import call_ref, seen_call
from chanye.domains.programme.case_facts import rulings_of
from chanye.domains.programme.case_findings import keep_findings
from chanye.domains.programme.case_rows import dossier_of, locked_row
from chanye.domains.programme.case_steps import step
from chanye.domains.programme.models import (
    Application,
    AppliedEquipment,
    Call,
    CostLine,
    Document,
    Quote,
    Review,
    Submission,
)
from chanye.domains.programme.rules.eligibility import FAILS
from chanye.domains.programme.rules.kinds import KINDS, METHOD_WORDS, MOST_FEN
from chanye.domains.programme.rules.moves import OPEN_TO_FIRM
from chanye.domains.programme.rules.pictures import picture_hash
from chanye.domains.programme.rules.plain import plain
from chanye.domains.programme.types.applications import ApplicationDraft, Dossier, Lines
from chanye.domains.programme.words import COST_KINDS, DOCUMENT_KINDS
from chanye.evidence.types import UPGRADE_KINDS
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.sectors import SECTORS
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.spine.actions import store_file

MOST_LINES, MOST_PAPERS = 100, 60
#: Unified code of an investment project: year and month, area, kind, industry, number.
PROJECT_CODE = re.compile(r"\d{4}-\d{6}-\d{2}-\d{2}-\d{6}")


def _open_row(actor: Viewer, application_id: int) -> Application:
    """Return an application that its firm may change now, locked."""
    row = locked_row(actor, application_id)
    require(actor, "apply_funds", row.organisation_id)
    if row.state not in OPEN_TO_FIRM:
        raise ConfigError(_("The application is handed in: it can be changed when the office returns it."))
    return row


def _tell(actor: Viewer, verb: str, row: Application, **detail: object) -> None:
    target = f"application:{row.pk}"
    record(actor=actor, verb=verb, target=target, detail=detail, organisation_id=row.organisation_id)


@transaction.atomic
def start_application(*, actor: Viewer, call_id: int, title: str = "") -> int:
    """Begin an application of the actor's firm under an open call and return its id.

    Raises
    ------
    ConfigError
        If the call takes no applications today.
    DeniedError
        If there is no such call, or the actor may not apply.
    """
    call = seen_call(actor, call_id)
    require(actor, "apply_funds", actor.organisation_id)
    ref = call_ref(call)
    if not ref.takes(days.today()):
        raise ConfigError(_("The call %(code)s takes no applications today.") % {"code": call.code})
    now = now_us()
    row = Application.objects.create(
        call=call,
        office_id=call.office_id,
        organisation_id=actor.organisation_id or 0,
        title=title.strip()[:200],
        rules_version=call.version,
        created_by_id=actor.person_id,
        created_at=now,
        changed_at=now,
    )
    _tell(actor, "start_application", row, call=call.code)
    return int(row.pk)


@transaction.atomic
def save_draft(*, actor: Viewer, application_id: int, draft: ApplicationDraft) -> None:
    """Keep what is typed so far; only what could never be is refused.

    Raises
    ------
    ConfigError
        Naming the field that cannot be.
    DeniedError
        If the actor may not see or change the application, or the asset is not the firm's.
    """
    row = _open_row(actor, application_id)
    _check_choices(draft)
    if draft.asset_id is not None and spine.asset(actor, draft.asset_id).organisation_id != row.organisation_id:
        raise ConfigError(_("The place is not one of your firm."))
    if not 0 <= draft.requested <= MOST_FEN:
        raise ConfigError(_("The amount requested cannot be: type yuan, zero or more."))
    if draft.claim is not None and not (math.isfinite(draft.claim) and 0 < draft.claim <= 10):
        raise ConfigError(_("The claimed effect must be above 0 % and at most 1,000 %."))
    if draft.planned_start and draft.planned_finish and draft.planned_finish < draft.planned_start:
        raise ConfigError(_("The project finishes before it starts: change one of the dates."))
    if (row.asset_id, row.measure, row.planned_start) != (draft.asset_id, draft.measure, draft.planned_start):
        row.detectable = {}  # it was asked of other data
    for name, value in asdict(draft).items():
        setattr(row, name, value.strip() if isinstance(value, str) else value)
    row.title, row.summary = row.title[:200], row.summary[:4000]
    row.project_code = "".join(unicodedata.normalize("NFKC", row.project_code).split()).upper()[:64]
    if row.state == "draft":
        row.rules_version = row.call.version
    row.changed_at = now_us()
    row.save()
    _tell(actor, "save_application", row)


def _check_choices(draft: ApplicationDraft) -> None:
    choices = (
        (draft.sector, SECTORS, _("Sector")),
        (draft.upgrade_kind, UPGRADE_KINDS, _("Kind of upgrade")),
        (draft.method, METHOD_WORDS, _("Method")),
    )
    for value, words, label in choices:
        if value and value not in words:
            raise ConfigError(_("%(label)s: choose one of the list.") % {"label": label})
    if len(draft.measure) > 64:
        raise ConfigError(_("%(label)s: choose one of the list.") % {"label": _("Measure")})


@transaction.atomic
def set_lines(*, actor: Viewer, application_id: int, lines: Lines) -> None:
    """Replace the costs, quotes or equipment of an application; kinds that are None stay.

    Raises
    ------
    ConfigError
        Naming the line that cannot be.
    DeniedError
        If the actor may not see or change the application.
    """
    row = _open_row(actor, application_id)
    for some in (lines.costs, lines.quotes, lines.equipment):
        if some is not None and len(some) > MOST_LINES:
            raise ConfigError(_("At most %(n)s lines of a kind.") % {"n": MOST_LINES})
    if lines.costs is not None:
        _replace_costs(row, lines)
    if lines.quotes is not None:
        _replace_quotes(row, lines)
    if lines.equipment is not None:
        _replace_equipment(actor, row, lines)
    row.changed_at = now_us()
    row.save()
    counts = {name: len(some) for name, some in _kinds_of(lines).items() if some is not None}
    _tell(actor, "change_lines", row, **counts)


def _kinds_of(lines: Lines) -> dict[str, Sequence[Any] | None]:
    """Return the kinds of lines by name."""
    return {"costs": lines.costs, "quotes": lines.quotes, "equipment": lines.equipment}


def _require_line(text: str, amount: int, at: int) -> None:
    if not text.strip() or len(text) > 200:
        raise ConfigError(_("Line %(n)s: say what it is, in at most 200 characters.") % {"n": at})
    if not 0 <= amount <= MOST_FEN:
        raise ConfigError(_("Line %(n)s: the amount cannot be; type yuan, zero or more.") % {"n": at})


def _replace_costs(row: Application, lines: Lines) -> None:
    costs = lines.costs or ()
    for at, one in enumerate(costs, 1):
        _require_line(one.text, one.amount, at)
        if one.kind not in COST_KINDS:
            raise ConfigError(_("Line %(n)s: choose a kind of cost.") % {"n": at})
    row.costs.all().delete()
    CostLine.objects.bulk_create(
        CostLine(application=row, kind=one.kind, text=one.text.strip(), amount=one.amount, eligible=one.eligible)
        for one in costs
    )
    row.total_cost = sum(one.amount for one in costs)
    row.eligible_cost = sum(one.amount for one in costs if one.eligible)


def _replace_quotes(row: Application, lines: Lines) -> None:
    quotes = lines.quotes or ()
    for at, one in enumerate(quotes, 1):
        _require_line(one.item, one.amount, at)
        _require_line(one.supplier, one.amount, at)
    row.quotes.all().delete()
    Quote.objects.bulk_create(
        Quote(
            application=row,
            supplier=one.supplier.strip(),
            supplier_code=one.supplier_code.strip()[:32],
            supplier_phone=one.supplier_phone.strip()[:32],
            item=one.item.strip(),
            amount=one.amount,
            number=one.number.strip()[:64],
            plain_number=plain(one.number)[:64],
            dated=one.dated,
            chosen=one.chosen,
        )
        for one in quotes
    )


def _replace_equipment(actor: Viewer, row: Application, lines: Lines) -> None:
    machines = lines.equipment or ()
    own = {one.id for one in spine.assets(actor)}
    for at, one in enumerate(machines, 1):
        _require_line(one.name, one.price, at)
        if not 1 <= one.pieces <= 10_000:
            raise ConfigError(_("Line %(n)s: the number of pieces must be from 1 to 10,000.") % {"n": at})
        if one.asset_id is not None and one.asset_id not in own:
            raise ConfigError(_("Line %(n)s: the machine is not one of your firm.") % {"n": at})
    row.equipment.all().delete()
    AppliedEquipment.objects.bulk_create(
        AppliedEquipment(
            application=row,
            name=one.name.strip(),
            model=one.model.strip()[:100],
            serial=one.serial.strip()[:100],
            plain_serial=plain(one.serial)[:100],
            supplier=one.supplier.strip()[:200],
            price=one.price,
            pieces=one.pieces,
            bought=one.bought,
            asset_id=one.asset_id,
        )
        for one in machines
    )


def add_document(
    *, actor: Viewer, application_id: int, kind: str, name: str, data: BinaryIO, number: str = ""
) -> int:
    """Store a paper or picture with an application and return its id; the same file of the same kind once.

    Raises
    ------
    ConfigError
        If it is no document or picture, too large, or one too many.
    DeniedError
        If the actor may not see or change the application.
    """
    if kind not in DOCUMENT_KINDS:
        raise ConfigError(_("Choose what kind of paper it is."))
    with transaction.atomic():
        organisation_id = _open_row(actor, application_id).organisation_id
    # Before the second transaction: no lock is held while a slow client sends.
    held = store_file(
        actor=actor, organisation_id=organisation_id, name=name, data=data, kinds=("picture", "document")
    )
    digest = ""
    if held.kind == "picture":
        with spine.open_file(actor, held) as stored:
            digest = picture_hash(stored.read())
    with transaction.atomic():
        row = _open_row(actor, application_id)
        if row.documents.count() >= MOST_PAPERS:
            raise ConfigError(_("At most %(n)s papers with one application.") % {"n": MOST_PAPERS})
        paper, new = Document.objects.get_or_create(
            application=row,
            kind=kind,
            sha256=held.sha256,
            defaults={
                "file_id": held.id,
                "number": number.strip()[:64],
                "plain_number": plain(number)[:64],
                "name": held.name,
                "picture_hash": digest,
                "stored_at": now_us(),
            },
        )
        if new:
            _tell(actor, "add_document", row, kind=kind, sha256=held.sha256, name=held.name)
    return int(paper.pk)


@transaction.atomic
def remove_document(*, actor: Viewer, application_id: int, document_id: int) -> None:
    """Take a paper out of an application that is not handed in.

    Raises
    ------
    ConfigError
        If it is handed in.
    DeniedError
        If the actor may not see or change the application.
    """
    row = _open_row(actor, application_id)
    for paper in row.documents.filter(pk=document_id):
        detail = {"kind": paper.kind, "sha256": paper.sha256, "name": paper.name}
        paper.delete()
        _tell(actor, "remove_document", row, **detail)


@transaction.atomic
def detect_effect(*, actor: Viewer, application_id: int) -> dict[str, Any]:
    """Ask how small an effect the firm's data can show, and keep the answer with the application.

    Raises
    ------
    DeniedError
        If the actor may not see or change the application.
    """
    row = _open_row(actor, application_id)
    row.detectable = evidence_door.detect(actor, row)
    row.save(update_fields=["detectable"])
    return dict(row.detectable)


@transaction.atomic
def submit_application(*, actor: Viewer, application_id: int) -> str:
    """Hand an application in, or in again after it was returned, and return its number.

    It is sealed as it is, judged by the rules of its call and checked; earlier reviews are void. A plan to measure
    the effect is drafted with it. Submitting twice what is handed in already changes nothing.

    Raises
    ------
    ConfigError
        Naming what is missing, or each rule that fails with its clause.
    DeniedError
        If the actor may not see or submit it.
    """
    row = locked_row(actor, application_id)
    require(actor, "apply_funds", row.organisation_id)
    if row.state == "submitted":
        return row.number
    row = _open_row(actor, application_id)
    if row.round == 0:
        row.rules_version = row.call.version
    row.detectable = evidence_door.detect(actor, row)
    dossier = dossier_of(row)
    _require_whole(dossier)
    _require_rules(row, dossier)
    if not row.number:
        Call.objects.select_for_update().get(pk=row.call_id)  # numbers are given one after the other
        count = Application.objects.filter(call_id=row.call_id).exclude(number="").count()
        row.number = f"{row.call.code}-{count + 1:03d}"
    row.round += 1
    row.submitted_at = now_us()
    row.score = None
    Review.objects.filter(application=row).exclude(state="blocked").update(state="void")
    row.plan_id = evidence_door.draft_plan(actor, row)
    digest = _seal(actor, row)
    step(actor, row, "submit", round=row.round, digest=digest, rules_version=row.rules_version)
    keep_findings(row)
    return row.number


def _require_whole(dossier: Dossier) -> None:
    head = dossier.head
    needed = {
        _("Title"): head.title,
        _("Place of the upgrade"): head.asset_id,
        _("Project code"): head.project_code,
        _("Sector"): head.sector,
        _("Kind of upgrade"): head.upgrade_kind,
        _("Costs"): dossier.costs,
        _("Amount requested"): head.requested,
        _("Measure"): head.measure,
        _("Method"): head.method,
        _("Claimed effect"): head.claim,
        _("Start"): head.planned_start,
        _("Finish"): head.planned_finish,
    }
    missing = [label for label, value in needed.items() if not value]
    if missing:
        raise ConfigError(_("Still missing: %(fields)s.") % {"fields": ", ".join(missing)})
    if not PROJECT_CODE.fullmatch(head.project_code):
        raise ConfigError(
            _("The project code is not one of the national platform: write it like 2601-500112-04-02-123456.")
        )


def _require_rules(row: Application, dossier: Dossier) -> None:
    failed = [one for one in rulings_of(row, dossier) if one.state == FAILS]
    if failed:
        told = "; ".join(f"{KINDS[one.kind].label}: {one.seen} ({one.clause})" for one in failed)
        raise ConfigError(_("These rules of the call are not met: %(rules)s") % {"rules": told})


def _seal(actor: Viewer, row: Application) -> str:
    """Keep what is handed in as it is, and return its digest: SHA-256 of its canonical JSON."""
    content = json.loads(json.dumps(asdict(dossier_of(row)), default=str, sort_keys=True))
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(text.encode()).hexdigest()
    Submission.objects.create(
        application=row,
        round=row.round,
        content=content,
        digest=digest,
        rules_version=row.rules_version,
        at=row.submitted_at or now_us(),
        person=actor.name[:200],
    )
    return digest
