"""Commission: give a number to what was not yet known here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from chanye.kernel.errors import ConfigError
from chanye.parties.types import Viewer
from chanye.trace import rules
from chanye.trace.drafts import make_output
from chanye.trace.ledger import Entry, Ledger, book
from chanye.trace.rules import CONTAINER, MOST_ITEMS, OUTPUT, Place
from chanye.trace.types import Amount, Booked, ContainerDraft, LotDraft, SerialsDraft


def commission_lot(
    *,
    actor: Viewer,
    organisation_id: int,
    material_code: str,
    lot: str,
    quantity: Amount,
    key: str,
    material_name: str = "",
    unit: str = "{part}",
    place_id: int | None = None,
    source: str = "",
    reference: str = "",
    event_at: int | None = None,
    attributes: Mapping[str, object] | None = None,
) -> Booked:
    """Make a lot out of nothing that is known here: goods in, or an opening stock.

    Parameters
    ----------
    quantity
        [unit]
    unit
        UCUM code; the same for all lots of a material.
    place_id
        The asset where it lies.
    source
        Who supplied it.
    reference
        Order or delivery note.
    event_at
        When it happened, us UTC; now if not given.
    key
        Of the caller; the same key books once.

    Raises
    ------
    ConfigError
        If the lot number is in use for this material, or a value cannot be.
    DeniedError
        If the actor may not, or the place is not the organisation's.
    """
    draft = LotDraft(material_code, lot, quantity, unit, material_name, attributes or {})
    return commission(
        actor=actor,
        organisation_id=organisation_id,
        drafts=[draft],
        key=key,
        place_id=place_id,
        source=source,
        reference=reference,
        event_at=event_at,
    )


def commission_serials(
    *,
    actor: Viewer,
    organisation_id: int,
    material_code: str,
    key: str,
    serials: Sequence[str] = (),
    count: int = 0,
    prefix: str = "",
    start: int = 1,
    width: int = 0,
    material_name: str = "",
    place_id: int | None = None,
    source: str = "",
    reference: str = "",
    event_at: int | None = None,
    attributes: Mapping[str, object] | None = None,
) -> Booked:
    """Make pieces with serial numbers of their own; they get consecutive item numbers.

    Give ``serials``, or ``count`` with ``prefix`` and ``start``. The other parameters and errors are those of
    ``commission_lot``.
    """
    draft = SerialsDraft(material_code, tuple(serials), count, prefix, start, width, material_name, attributes or {})
    return commission(
        actor=actor,
        organisation_id=organisation_id,
        drafts=[draft],
        key=key,
        place_id=place_id,
        source=source,
        reference=reference,
        event_at=event_at,
    )


def commission(
    *,
    actor: Viewer,
    organisation_id: int,
    drafts: Sequence[LotDraft | SerialsDraft],
    key: str,
    place_id: int | None = None,
    source: str = "",
    reference: str = "",
    event_at: int | None = None,
) -> Booked:
    """Make several lots and serials in one event; each draft gives one range of items.

    The other parameters and errors are those of ``commission_lot``.
    """
    if not drafts:
        raise ConfigError(_("Name what is to be made."))
    entry = Entry(
        organisation_id,
        "commission",
        key,
        [list(drafts), place_id, source, reference, event_at],
        event_at=event_at,
        place_id=place_id,
        reference=reference,
        party=source,
    )
    return book(actor, entry, lambda ledger: _make(ledger, drafts))


def commission_containers(
    *,
    actor: Viewer,
    organisation_id: int,
    containers: Sequence[ContainerDraft],
    key: str,
    place_id: int | None = None,
    reference: str = "",
    event_at: int | None = None,
) -> Booked:
    """Make containers known; each draft gives one item, in order.

    Raises
    ------
    ConfigError
        If a number is in use, or looks like an SSCC with a wrong check digit.
    """
    if not 0 < len(containers) <= MOST_ITEMS:
        raise ConfigError(_("Name the containers to be made, at most 100,000 at a time."))
    content = [list(containers), place_id, reference, event_at]
    entry = Entry(
        organisation_id,
        "commission",
        key,
        content,
        event_at=event_at,
        place_id=place_id,
        reference=reference,
    )

    def fill(ledger: Ledger) -> None:
        for draft in containers:
            code = rules.clean_code(draft.code, _("container number"))
            rules.check_sscc(code)
            material = ledger.material(draft.material_code, draft.material_name, "{box}")
            items = ledger.make(CONTAINER, material, [code], rules.ONE, draft.attributes)
            ledger.part(OUTPUT, Place(items.start, 1, 0, 1), rules.ONE)

    return book(actor, entry, fill)


def _make(ledger: Ledger, drafts: Sequence[LotDraft | SerialsDraft]) -> None:
    for draft in drafts:
        make_output(ledger, draft, 1)
