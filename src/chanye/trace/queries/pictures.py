"""The genealogy of an item as it is drawn and listed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Case, F, FloatField, OuterRef, Subquery, Value, When
from django.db.models.fields import CharField

from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.sheets import Rows, View
from chanye.spine import queries as spine
from chanye.trace.graph import Drawing, draw
from chanye.trace.models import Item, Material, Run
from chanye.trace.names import refs
from chanye.trace.queries.genealogy import walk_from
from chanye.trace.queries.items import codes
from chanye.trace.rules import CONTAINER, KINDS, LOT, ONE, STATUSES
from chanye.trace.types import ItemRef


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing with the names of its boxes: number of the first item -> name; material -> (name, unit)."""

    drawing: Drawing
    names: dict[int, ItemRef]
    units: dict[int, str]


@dataclass(frozen=True, slots=True)
class StockRow:
    """A lot or container in the list."""

    id: int
    code: str
    kind: str
    material: str
    name: str
    unit: str
    made: float
    left: float
    status: str
    blocked: str
    place: str
    holder: str
    made_at: int


def picture(viewer: Viewer, item_id: int, opened: frozenset[str] = frozenset()) -> Picture:
    """Return the drawing of all that went into an item and all that it went into.

    Parameters
    ----------
    opened
        Keys of groups that are to be drawn one by one.

    Raises
    ------
    DeniedError
        If there is no such item that the viewer may see.
    """
    sides = [walk_from(viewer, item_id, forward=False), walk_from(viewer, item_id, forward=True)]
    drawing = draw(sides, opened)
    names = refs({group.first for group in drawing.groups})
    materials = {group.material_id for group in drawing.groups}
    units = dict(Material.objects.filter(id__in=materials).values_list("id", "unit"))
    return Picture(drawing, names, units)


def lots(viewer: Viewer, view: View) -> Rows:
    """Return the lots and containers that a view asks for.

    Raises
    ------
    DeniedError
        If the viewer looks at no organisation.
    """
    require(viewer, "read_organisation", viewer.organisation_id)
    rows = Run.objects.filter(organisation_id=viewer.organisation_id or 0, kind__in=(LOT, CONTAINER))
    names = Item.objects.filter(id=OuterRef("first"))
    rows = rows.select_related("material").annotate(
        code=Subquery(names.values("code")[:1]),
        quantity=F("left") * 1.0 / Value(float(ONE), output_field=FloatField()),
        state=_words("status", STATUSES),
        sort=_words("kind", KINDS),
    )
    places = {one.id: one.name for one in spine.assets(viewer)}

    def make(run: Run) -> StockRow:
        return StockRow(
            id=run.first,
            code=run.code,  # type: ignore[attr-defined]  # annotated
            kind=KINDS[run.kind],
            material=run.material.code,
            name=run.material.name,
            unit=run.material.unit,
            made=run.made / ONE,
            left=run.left / ONE,
            status=STATUSES[run.status],
            blocked=run.blocked,
            place=places.get(run.place_id or 0, ""),
            holder=run.holder,
            made_at=run.made_at,
        )

    return view.apply(rows, make=make)


def _words(field: str, words: tuple[str, ...]) -> Case:
    cases = [When(**{field: i}, then=Value(word)) for i, word in enumerate(words)]
    return Case(*cases, default=Value(""), output_field=CharField())


def recall_items(viewer: Viewer, item_id: int) -> Iterator[dict[str, object]]:
    """Yield every item of a recall by name: what, where, who.

    Raises
    ------
    DeniedError
        If there is no such item that the viewer may see.
    """
    found, _walk, states = walk_from(viewer, item_id, forward=True)
    materials = Material.objects.in_bulk({state.material_id for state in states})
    boxes = refs({state.container_id for state in states if state.container_id is not None})
    places = {one.id: one.name for one in spine.assets(viewer)}
    quantity = dict(zip(found.items.tolist(), found.quantity.tolist(), strict=True))
    stage = dict(zip(found.items.tolist(), found.stage.tolist(), strict=True))
    at = 0
    for number, code in codes(viewer, found.ranges):
        while states[at].end <= number:
            at += 1
        state = states[at]
        material, box = materials[state.material_id], boxes.get(state.container_id or 0)
        yield {
            "code": code,
            "material": material.code,
            "name": material.name,
            "stage": stage[number],
            "status": STATUSES[state.status],
            "blocked": state.blocked,
            "place": places.get(state.place_id or 0, ""),
            "holder": state.holder,
            "container": box.code if box else "",
            "left": state.left / ONE,
            "unit": material.unit,
            "attributed": round(quantity[number], 6),
        }
