"""Trace over HTTP: items, genealogy, recall, bookings, EPCIS 2.0.

Times are us UTC. Quantities are in the unit of the item. Bookings carry a ``key`` of the caller: the same key books
once.
"""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Body, Field, Router

from chanye.kernel.errors import ConfigError, DeniedError, PeerError
from chanye.kernel.time import now_us, parse_iso
from chanye.spine.api import PROBLEMS, Moment, Number, viewer_of
from chanye.trace import actions, queries
from chanye.trace.epcis.write import document
from chanye.trace.shapes import (
    Answer,
    Captured,
    Commission,
    Consume,
    Event,
    Genealogy,
    Hold,
    Item,
    ItemId,
    ItemsIn,
    Move,
    NewLot,
    NewSerials,
    Pack,
    Reached,
    Recall,
    Ship,
    Text,
)
from chanye.trace.types import LotDraft, More, Output, Reach, SerialsDraft, Use

router = Router(tags=["trace"])
#: Items of a walk that are told in one answer.
MOST_TOLD = 10_000


def _item(view: object) -> Item:
    return Item.model_validate(view, from_attributes=True)


@router.get("/trace/items", response={200: list[Item], **PROBLEMS}, summary="Items by identifier")
def find_items(request: HttpRequest, q: Annotated[str, Field(min_length=1, max_length=500)]) -> list[Item]:
    """Return the items that an identifier may mean: a number, a GS1 digital link, an EPC URI, a label's address."""
    return [_item(view) for view in queries.find(viewer_of(request), q)]


@router.get("/trace/items/{item_id}", response={200: Item, **PROBLEMS}, summary="One item")
def get_item(request: HttpRequest, item_id: ItemId) -> Item:
    """Return one item with its state."""
    return _item(queries.item(viewer_of(request), item_id))


@router.get("/trace/items/{item_id}/forward", response={200: Genealogy, **PROBLEMS}, summary="What it went into")
def get_forward(request: HttpRequest, item_id: ItemId, after: Annotated[int, Field(ge=0)] = 0) -> Genealogy:
    """Return all that an item went into, over any number of stages, each item once."""
    return _genealogy(request, queries.forward(viewer_of(request), item_id), after)


@router.get("/trace/items/{item_id}/backward", response={200: Genealogy, **PROBLEMS}, summary="What went into it")
def get_backward(request: HttpRequest, item_id: ItemId, after: Annotated[int, Field(ge=0)] = 0) -> Genealogy:
    """Return all that went into an item, over any number of stages, each item once."""
    return _genealogy(request, queries.backward(viewer_of(request), item_id), after)


def _genealogy(request: HttpRequest, reach: Reach, after: int) -> Genealogy:
    begin = int((reach.items <= after).sum())
    chosen = slice(begin, begin + MOST_TOLD)
    numbers = reach.items[chosen].tolist()
    names = dict(queries.codes(viewer_of(request), [range(n, n + 1) for n in numbers]))
    columns = zip(numbers, reach.stage[chosen].tolist(), reach.quantity[chosen].tolist(), strict=True)
    items = [Reached(id=n, code=names[n], stage=stage, quantity=quantity) for n, stage, quantity in columns]
    more = begin + len(items) < len(reach.items)
    return Genealogy(
        total=len(reach.items), stages=reach.stages, items=items, next_after=numbers[-1] if more else None
    )


@router.get("/trace/items/{item_id}/recall", response={200: Recall, **PROBLEMS}, summary="Recall report")
def get_recall(request: HttpRequest, item_id: ItemId) -> Recall:
    """Return what became of an item: what, where, who, already shipped."""
    return Recall.model_validate(queries.recall(viewer_of(request), item_id), from_attributes=True)


@router.get("/trace/events", response={200: list[Event], **PROBLEMS}, summary="What happened")
def list_events(
    request: HttpRequest,
    item_id: ItemId | None = None,
    verb: Text = "",
    reference: Text = "",
    place_id: Number | None = None,
    start: Moment | None = None,
    end: Moment | None = None,
    limit: Annotated[int, Field(ge=1, le=1_000)] = 200,
) -> list[Event]:
    """Return events, newest first: of an item, an order, a place, a time."""
    found = queries.events(
        viewer_of(request),
        item_id=item_id,
        verb=verb,
        reference=reference,
        place_id=place_id,
        start=start,
        end=end,
        limit=limit,
    )
    return [Event.model_validate(one, from_attributes=True) for one in found]


def _organisation(request: HttpRequest) -> int:
    found = viewer_of(request).organisation_id
    if found is None:
        raise DeniedError("Choose an organisation first.")
    return found


def _drafts(lots: list[NewLot], serials: list[NewSerials]) -> list[LotDraft | SerialsDraft]:
    return [*(LotDraft(**one.dict()) for one in lots), *(SerialsDraft(**one.dict()) for one in serials)]


@router.post("/trace/commission", response={200: Answer, **PROBLEMS}, summary="New lots and serials")
def commission(request: HttpRequest, body: Commission) -> Answer:
    """Make lots and serials known: goods in, opening stock."""
    booked = actions.commission(
        actor=viewer_of(request),
        organisation_id=_organisation(request),
        drafts=_drafts(body.lots, body.serials),
        key=body.key,
        place_id=body.place_id,
        source=body.source,
        reference=body.reference,
        event_at=body.event_at,
    )
    return Answer.of(booked)


@router.post("/trace/consume", response={200: Answer, **PROBLEMS}, summary="Inputs go into outputs")
def consume(request: HttpRequest, body: Consume) -> Answer:
    """Use lots and serials up and make others of them."""
    outputs: list[Output] = [*_drafts(body.lots, body.serials), *(More(m.item, m.quantity) for m in body.more)]
    booked = actions.consume(
        actor=viewer_of(request),
        inputs=[Use(range(u.item, u.item + u.count), u.quantity) for u in body.inputs],
        outputs=outputs,
        key=body.key,
        each=body.each,
        step=body.step,
        reference=body.reference,
        place_id=body.place_id,
        event_at=body.event_at,
    )
    return Answer.of(booked)


def _facts(request: HttpRequest, body: ItemsIn) -> dict[str, Any]:
    return {
        "actor": viewer_of(request),
        "items": body.ranges,
        "key": body.key,
        "reference": body.reference,
        "event_at": body.event_at,
    }


@router.post("/trace/pack", response={200: Answer, **PROBLEMS}, summary="Pack")
def pack(request: HttpRequest, body: Pack) -> Answer:
    """Put items into a container."""
    return Answer.of(actions.pack(container=body.container, **_facts(request, body)))


@router.post("/trace/unpack", response={200: Answer, **PROBLEMS}, summary="Unpack")
def unpack(request: HttpRequest, body: Pack) -> Answer:
    """Take items out of a container."""
    return Answer.of(actions.unpack(container=body.container, **_facts(request, body)))


@router.post("/trace/move", response={200: Answer, **PROBLEMS}, summary="Move")
def move(request: HttpRequest, body: Move) -> Answer:
    """Say where items are now."""
    return Answer.of(actions.move(place_id=body.place_id, **_facts(request, body)))


@router.post("/trace/ship", response={200: Answer, **PROBLEMS}, summary="Ship")
def ship(request: HttpRequest, body: Ship) -> Answer:
    """Send items away."""
    return Answer.of(actions.ship(to=body.to, **_facts(request, body)))


@router.post("/trace/block", response={200: Answer, **PROBLEMS}, summary="Block")
def block(request: HttpRequest, body: Hold) -> Answer:
    """Forbid items to be used or shipped."""
    return Answer.of(actions.block(reason=body.reason, **_facts(request, body)))


@router.post("/trace/release", response={200: Answer, **PROBLEMS}, summary="Release")
def release(request: HttpRequest, body: Hold) -> Answer:
    """Let blocked items be used again."""
    return Answer.of(actions.release(reason=body.reason, **_facts(request, body)))


@router.post("/trace/scrap", response={200: Answer, **PROBLEMS}, summary="Scrap")
def scrap(request: HttpRequest, body: Hold) -> Answer:
    """Take items, or some of a lot, out of the world."""
    return Answer.of(actions.scrap(reason=body.reason, quantity=body.quantity, **_facts(request, body)))


@router.post("/trace/epcis/capture", response={200: Captured, **PROBLEMS}, summary="EPCIS 2.0 capture")
def capture(request: HttpRequest, told: Annotated[dict[str, Any], Body()]) -> Captured:
    """Take over every event of an EPCIS 2.0 document (JSON-LD), or none; known ``eventID`` are passed over."""
    found = actions.capture(actor=viewer_of(request), organisation_id=_organisation(request), document=told)
    return Captured.model_validate(found, from_attributes=True)


@router.get(
    "/trace/epcis/events",
    response={200: dict[str, Any], **PROBLEMS},
    summary="EPCIS 2.0 query",
    openapi_extra={"responses": {200: {"content": {"application/ld+json": {"schema": {"type": "object"}}}}}},
)
def epcis_events(
    request: HttpRequest,
    EQ_bizStep: Text = "",  # noqa: N803  # the standard's name
    EQ_eventID: Text = "",  # noqa: N803  # the standard's name
    MATCH_anyEPC: Annotated[str, Field(max_length=500)] = "",  # noqa: N803  # the standard's name
    GE_eventTime: Text = "",  # noqa: N803  # the standard's name
    LT_eventTime: Text = "",  # noqa: N803  # the standard's name
    perPage: Annotated[int, Field(ge=1, le=1_000)] = 100,  # noqa: N803  # the standard's name
    nextPageToken: Annotated[int, Field(ge=0)] = 0,  # noqa: N803  # the standard's name
) -> HttpResponse:
    """Return events as an EPCISQueryDocument in JSON-LD; ``nextPageToken`` of the next page is in the Link header."""
    viewer = viewer_of(request)
    ids = None
    if MATCH_anyEPC:
        found = queries.find(viewer, MATCH_anyEPC)
        ids = [event.id for item in found for event in queries.events(viewer, item_id=item.id, limit=1_000)]
    told, after = queries.happened(
        viewer,
        after_id=nextPageToken,
        uid=EQ_eventID,
        step=EQ_bizStep.removeprefix("https://ref.gs1.org/cbv/BizStep-"),
        event_ids=ids,
        start=_moment(GE_eventTime),
        end=_moment(LT_eventTime),
        limit=perPage,
    )
    answer = JsonResponse(document(queries.organisation_code(viewer), told, now_us(), query=True))
    answer["Content-Type"] = "application/ld+json"
    answer["GS1-EPCIS-Version"] = "2.0.0"
    if after is not None:
        address = request.GET.copy()
        address["nextPageToken"] = str(after)
        answer["Link"] = f'<{request.path}?{address.urlencode()}>; rel="next"'
    return answer


def _moment(text: str) -> int | None:
    try:
        return parse_iso(text.replace(" ", "+")) if text else None
    except (PeerError, ValueError):
        raise ConfigError("Give a time such as 2026-05-04T08:30:00Z.") from None
