"""Documents of other systems: schedules become orders, definitions become materials; what was made goes out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.factory.actions.master import save_materials
from chanye.domains.factory.actions.orders import change_order, create_order, release_order
from chanye.domains.factory.b2mml.document import parse_xml
from chanye.domains.factory.b2mml.reading import Request, read_materials, read_schedule
from chanye.domains.factory.b2mml.schemas import Checker, compile_schemas, read_files
from chanye.domains.factory.b2mml.writing import write_lots, write_materials, write_performance
from chanye.domains.factory.erp_documents import checker_of, lines_of
from chanye.domains.factory.models import Exchange, Material, Order, SchemaFile
from chanye.domains.factory.rules.erp import KnownOrder, judge_material
from chanye.domains.factory.types.erp import Line, Made
from chanye.domains.factory.types.master import MaterialRow
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import actions as spine_actions
from chanye.spine import queries as spine


class _Check:
    """Asks the schemas of an organisation, and remembers by which set a document was found valid."""

    def __init__(self, organisation_id: int) -> None:
        self.checker: Checker | None = checker_of(organisation_id)
        self.by = ""

    def __call__(self, root: object) -> None:
        """Check a root."""
        if self.checker is not None and self.checker.check(root):  # type: ignore[arg-type]  # lxml's private class
            self.by = self.checker.digest


def _exchanged(
    actor: Viewer, organisation_id: int, verb: str, row: Exchange, data: bytes, detail: Mapping[str, object]
) -> None:
    """Keep what was exchanged, with one row of the audit log."""
    row.organisation_id = organisation_id
    row.at, row.actor = now_us(), actor.name[:200]
    row.size, row.sha256 = len(data), hashlib.sha256(data).hexdigest()
    row.save(force_insert=True)
    record(
        actor=actor,
        verb=verb,
        target=f"organisation:{organisation_id}",
        detail={"document": row.document, "sha256": row.sha256, "schemas": row.schemas, **detail},
        organisation_id=organisation_id,
    )


def take_schedule(
    *, actor: Viewer, site_id: int, data: bytes, release: bool = False, change: bool = False
) -> list[int]:
    """Take the orders of a B2MML operations schedule, all or none; return their ids.

    A document sent again changes nothing: an order is known by its ID. One that says something else of an order
    that is there is refused, unless changes are wanted.

    Parameters
    ----------
    release
        Release the orders that are new.
    change
        Change quantity, due date, priority and note of orders that are there.

    Raises
    ------
    ConfigError
        With line and path of the element that is wrong.
    DeniedError
        If the actor may not plan orders there.
    """
    site = spine.asset(actor, site_id)
    require(actor, "plan_orders", site.organisation_id)
    check = _Check(site.organisation_id)
    schedule = read_schedule(data, check)
    if schedule.faults:
        raise ConfigError(schedule.faults[0])
    # Read and checked before the transaction: a long document keeps nobody else from writing.
    with transaction.atomic():
        found = lines_of(site.organisation_id, site.id, schedule)
        made = []
        for one, known, line in found:
            try:
                made.append(_take(actor, site.id, schedule.id, one, known, line, release=release, change=change))
            except ConfigError as error:
                raise ConfigError(f"{one.path}: {error}") from error
        states = [line.state for _one, _known, line in found]
        row = Exchange(direction="in", kind="schedule", document=schedule.id, entries=len(found), schemas=check.by)
        row.new, row.changed = states.count("new"), states.count("changed")
        detail = {"orders": [one.number for one in schedule.requests][:200]}
        _exchanged(actor, site.organisation_id, "take_schedule", row, data, detail)
    return made


def _take(
    actor: Viewer,
    site_id: int,
    reference: str,
    one: Request,
    known: KnownOrder | None,
    line: Line,
    *,
    release: bool,
    change: bool,
) -> int:
    """Do what a line says; return the id of the order."""
    if line.state == "fault":
        raise ConfigError(line.why)
    if known is None:
        number = create_order(
            actor=actor,
            site_id=site_id,
            number=one.number,
            product=one.product,
            quantity=one.quantity,
            due=one.due,
            priority=one.priority or 50,
            reference=reference,
            note=one.note,
        )
    else:
        number = known.id
    if known is not None and line.state == "changed":
        if not change:
            what = ", ".join(f"{name} {was} → {becomes}" for name, was, becomes in line.changes)
            said = _("Order %(number)s is there with other content (%(what)s): ask for changes, or change it here.")
            raise ConfigError(said % {"number": one.number, "what": what})
        changed = {name for name, _was, _becomes in line.changes}
        change_order(
            actor=actor,
            order_id=number,
            quantity=one.quantity if "quantity" in changed else None,
            due=one.due if "due" in changed else None,
            priority=one.priority if "priority" in changed else None,
            note=one.note if "note" in changed else None,
        )
    if release and Order.objects.values_list("state", flat=True).get(pk=number) == "created":
        release_order(actor=actor, order_id=number)
    return number


def take_materials(*, actor: Viewer, organisation_id: int, data: bytes) -> int:
    """Take the definitions of a B2MML material information, all or none; return how many.

    Raises
    ------
    ConfigError
        With line and path of the element that is wrong.
    DeniedError
        If the actor may not edit master data there.
    """
    require(actor, "edit_master", organisation_id)
    check = _Check(organisation_id)
    materials = read_materials(data, check)
    if materials.faults:
        raise ConfigError(materials.faults[0])
    codes = [row["code"] for _place, row in materials.rows]
    with transaction.atomic():
        known = {
            row.code: MaterialRow(row.pk, row.code, row.name, row.kind, row.unit, row.tracking, None, row.active, "")
            for row in Material.objects.filter(organisation_id=organisation_id)
        }
        states = [judge_material(place, row, known.get(row["code"])).state for place, row in materials.rows]
        wanted = [row for (_place, row), state in zip(materials.rows, states, strict=True) if state != "same"]
        if wanted:
            save_materials(actor=actor, organisation_id=organisation_id, rows=wanted)
        row = Exchange(direction="in", kind="materials", document=materials.id, entries=len(codes), schemas=check.by)
        row.new, row.changed = states.count("new"), states.count("changed")
        _exchanged(actor, organisation_id, "take_materials", row, data, {"codes": codes[:200]})
    return len(codes)


def give_performance(
    *, actor: Viewer, organisation_id: int, made: Sequence[Made], span: tuple[int, int] | None = None
) -> bytes:
    """Return what was made of orders as B2MML operations performance, and keep that it was given out.

    Raises
    ------
    ConfigError
        If there is no order, or the document is not valid by the schemas of the organisation.
    DeniedError
        If the actor may not exchange documents.
    """
    if not made:
        raise ConfigError(_("No order was worked on in this time: choose another one."))
    now = now_us()
    document = f"performance-{now}"
    data = write_performance(document, now, made, span)
    _give(actor, organisation_id, "performance", document, len(made), data)
    return data


def give_materials(*, actor: Viewer, organisation_id: int, rows: Sequence[MaterialRow]) -> bytes:
    """Return material definitions as B2MML, and keep that they were given out; raises as ``give_performance``."""
    now = now_us()
    document = f"materials-{now}"
    data = write_materials(document, now, rows)
    _give(actor, organisation_id, "materials", document, len(rows), data)
    return data


def give_lots(*, actor: Viewer, organisation_id: int, lots: Sequence[tuple[str, str, float, str]]) -> bytes:
    """Return lots (number, material, what is left, unit) as B2MML, and keep that; raises as ``give_performance``."""
    now = now_us()
    document = f"lots-{now}"
    data = write_lots(document, now, lots)
    _give(actor, organisation_id, "lots", document, len(lots), data)
    return data


def _give(actor: Viewer, organisation_id: int, kind: str, document: str, entries: int, data: bytes) -> None:
    require(actor, "exchange_documents", organisation_id)
    check = _Check(organisation_id)
    try:
        check(parse_xml(data))
    except ConfigError as error:
        advice = _("This product writes B2MML V0700. Compare the version of your schemas, or take them away.")
        raise ConfigError(f"{error}\n{advice}") from error
    row = Exchange(direction="out", kind=kind, document=document, entries=entries, schemas=check.by)
    with transaction.atomic():
        _exchanged(actor, organisation_id, f"give_{kind}", row, data, {"entries": entries})


def save_schemas(*, actor: Viewer, organisation_id: int, sent: Iterable[tuple[str, bytes]]) -> int:
    """Make what was sent the set of schemas of an organisation, in place of the one before; return how many files.

    Parameters
    ----------
    sent
        Name and content of ``.xsd`` files, or of ZIP archives of them.

    Raises
    ------
    ConfigError
        If the set is not whole, too large, or not one of B2MML V0700.
    DeniedError
        If the actor may not manage schemas.
    """
    require(actor, "manage_schemas", organisation_id)
    files = read_files(sent)
    checker = compile_schemas(files)
    # Stored before the transaction, as every file: no lock is held meanwhile, and no row comes before its file.
    stored = {
        name: spine_actions.store_file(
            actor=actor, organisation_id=organisation_id, name=name, data=data, kinds=("program",)
        ).id
        for name, data in files.items()
    }
    with transaction.atomic():
        SchemaFile.objects.filter(organisation_id=organisation_id).delete()
        SchemaFile.objects.bulk_create(
            SchemaFile(organisation_id=organisation_id, name=name, file_id=number) for name, number in stored.items()
        )
        record(
            actor=actor,
            verb="save_schemas",
            target=f"organisation:{organisation_id}",
            detail={"files": sorted(files), "digest": checker.digest},
            organisation_id=organisation_id,
        )
    return len(files)


@transaction.atomic
def remove_schemas(*, actor: Viewer, organisation_id: int) -> None:
    """Take the set of schemas of an organisation away: its documents are then checked by the server's, if any.

    Raises
    ------
    DeniedError
        If the actor may not manage schemas.
    """
    require(actor, "manage_schemas", organisation_id)
    gone, _by = SchemaFile.objects.filter(organisation_id=organisation_id).delete()
    record(
        actor=actor,
        verb="remove_schemas",
        target=f"organisation:{organisation_id}",
        detail={"files": gone},
        organisation_id=organisation_id,
    )
