"""Items by identifier and by number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from chanye.kernel.errors import DeniedError
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.trace import identify, ranges
from chanye.trace.models import Batch, Item, Material
from chanye.trace.names import numbers_in, refs, states_of
from chanye.trace.rules import STATUSES, State, amount
from chanye.trace.types import ItemRef, ItemView

MOST_FOUND = 20
_CODES = (
    "SELECT i.id, i.code, i.organisation_id FROM {ranges} CROSS JOIN trace_item i WHERE i.id BETWEEN f.lo AND f.hi"
)


def find(viewer: Viewer, identifier: str) -> list[ItemView]:
    """Return the items that an identifier may mean: as typed, or as read from a label.

    A number alone, a GS1 digital link, an EPC URI or an address of this product; several items if several materials
    use the same lot number.
    """
    said = identify.identity(identifier)
    code, material = said.code, said.material
    rows = Item.objects.filter(code=code)
    if not viewer.system:
        rows = rows.filter(organisation_id=viewer.organisation_id or 0)
    if material:
        rows = rows.filter(material_id__in=Material.objects.filter(code=material).values("id"))
    return items(viewer, list(rows.order_by("id").values_list("id", flat=True)[:MOST_FOUND]))


def item(viewer: Viewer, item_id: int) -> ItemView:
    """Return one item.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    found = items(viewer, [item_id])
    if not found:
        raise DeniedError(_("There is no such item, or it belongs to another organisation."))
    return found[0]


def visible_state(viewer: Viewer, item_id: int) -> State:
    """Return the state of an item, its run whole; cheaper than the item.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    states = states_of([item_id])
    if not states or states[0].end <= item_id or not _visible(viewer, states[0]):
        raise DeniedError(_("There is no such item, or it belongs to another organisation."))
    return states[0]


def items(viewer: Viewer, numbers: Sequence[int]) -> list[ItemView]:
    """Return items by number, in the order given; those that do not exist or may not be seen are left out."""
    states = {number: state for state in states_of(numbers) for number in numbers_in(state, numbers)}
    seen = [n for n in numbers if n in states and _visible(viewer, states[n])]
    names = refs(seen)
    batches = Batch.objects.in_bulk({states[n].batch_id for n in seen})
    held = refs({c for n in seen if (c := states[n].container_id) is not None})
    units = dict(Material.objects.filter(id__in={states[n].material_id for n in seen}).values_list("id", "unit"))
    places = place_names(viewer, {p for n in seen if (p := states[n].place_id) is not None})
    return [
        _view(states[n], names[n], batches[states[n].batch_id], units[states[n].material_id], held, places)
        for n in seen
    ]


def codes(viewer: Viewer, wanted: Iterable[range]) -> list[tuple[int, str]]:
    """Return the number and name of each of many items, ascending."""
    low, high = ranges.bounds(wanted)
    owner = None if viewer.system else viewer.organisation_id or 0
    return sorted((n, code) for n, code, org in ranges.rows(_CODES, low, high) if owner is None or org == owner)


def _visible(viewer: Viewer, state: State) -> bool:
    return viewer.system or viewer.organisation_id == state.organisation_id


def place_names(viewer: Viewer, places: Iterable[int]) -> dict[int, str]:
    """Return the names of assets by number."""
    wanted = set(places)
    return {one.id: one.name for one in spine.assets(viewer) if one.id in wanted} if wanted else {}


def _view(
    state: State, ref: ItemRef, batch: Batch, unit: str, held: dict[int, ItemRef], places: dict[int, str]
) -> ItemView:
    return ItemView(
        id=ref.id,
        organisation_id=state.organisation_id,
        kind=ref.kind,
        code=ref.code,
        material_code=ref.material_code,
        material_name=ref.material_name,
        unit=unit,
        made=amount(state.made),
        left=amount(state.left),
        scrapped=amount(state.scrapped),
        status=STATUSES[state.status],
        blocked=state.blocked,
        place_id=state.place_id,
        place=places.get(state.place_id or 0, ""),
        holder=state.holder,
        container=held.get(state.container_id or 0),
        attributes=dict(batch.attributes),
        reference=batch.reference,
        source=batch.source,
        made_at=state.made_at,
        changed_at=state.changed_at,
        event_id=batch.event_id,
    )
