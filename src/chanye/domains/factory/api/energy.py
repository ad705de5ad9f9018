"""Energy and carbon over HTTP: a site's energy, its meters, factors and tariffs."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from chanye.domains.factory.actions import energy as actions
from chanye.domains.factory.api.machines import Figure
from chanye.domains.factory.queries import energy as queries
from chanye.domains.factory.types import energy as types
from chanye.kernel.time import now_us
from chanye.spine import queries as spine
from chanye.spine.api import PROBLEMS, Moment, Number, viewer_of, window

router = Router(tags=["energy"])


class Amount(Schema):
    """Energy with cost and carbon: joules are whole and add up; ``fen`` and ``kg`` null where not known."""

    joule: int
    kwh: float
    fen: int | None
    kg: float | None


class Meter(Schema):
    """A meter: ``total - below = allocated + unallocated`` [J]; ``why`` says what is unallocated."""

    id: int
    name: str
    asset_id: int
    carrier: str
    share: str
    parent_id: int | None
    total: int
    below: int
    allocated: int
    unallocated: int
    why: dict[str, int]
    coverage: float


class EnergyOfAsset(Schema):
    """An asset: energy by state class, idle loss, energy per piece [kWh]."""

    asset_id: int
    name: str
    amount: Amount
    states: dict[str, Amount]
    idle: Amount
    orderless: Amount
    pieces: float | None
    per_piece: Figure
    coverage: float


class Work(Schema):
    """An operation, order or product: energy, pieces, energy per piece [kWh], carbon [kg]."""

    id: int
    name: str
    note: str
    amount: Amount
    pieces: int
    per_piece: Figure
    carbon: Figure


class Slot(Schema):
    """Mean power [W] of a quarter of an hour, us UTC."""

    start: int
    end: int
    watts: float | None
    band: str


class Energy(Schema):
    """A site's energy over a window: ``total = allocated + unallocated``, exactly."""

    site_id: int
    start: int
    end: int
    total: Amount
    allocated: Amount
    unallocated: Amount
    why: dict[str, int]
    carriers: dict[str, Amount]
    states: dict[str, Amount]
    bands: dict[str, Amount]
    idle: Amount
    meters: list[Meter]
    assets: list[EnergyOfAsset]
    operations: list[Work]
    orders: list[Work]
    products: list[Work]
    load: list[Slot]
    coverage: float
    missing: list[str]


class Factor(Schema):
    """An emission factor and where it comes from."""

    carrier: str
    kg_per_kwh: float
    source: str = Field(max_length=300)
    year: int
    valid_from: date


class Period(Schema):
    """A period of a tariff: minutes of the local day, price in fen per MWh."""

    band: str
    start: int
    end: int
    months: list[int] = []
    price: int


class Tariff(Schema):
    """A tariff of a carrier from a day on."""

    carrier: str = "electricity"
    valid_from: date
    periods: list[Period]


class HowMany(Schema):
    """How many there are now."""

    count: int


@router.get("/sites/{site_id}/energy", response={200: Energy, **PROBLEMS}, summary="Energy and carbon of a site")
def get_energy(request: HttpRequest, site_id: Number, start: Moment, end: Moment) -> types.EnergyReport:
    """Return what a site used, by state, machine, order and product, over at most 32 days."""
    window(start, end)
    return queries.site_energy(viewer_of(request), site_id, start, end, now=now_us())


@router.get("/sites/{site_id}/energy/factors", response={200: list[Factor], **PROBLEMS}, summary="Emission factors")
def list_factors(request: HttpRequest, site_id: Number) -> Any:
    """Return the emission factors of the site's organisation with their sources."""
    viewer = viewer_of(request)
    return queries.factors(viewer, spine.asset(viewer, site_id).organisation_id)


@router.post("/sites/{site_id}/energy/factors", response={200: HowMany, **PROBLEMS}, summary="Say what a kWh emits")
def post_factor(request: HttpRequest, site_id: Number, sent: Factor) -> HowMany:
    """Make or correct an emission factor."""
    viewer = viewer_of(request)
    organisation = spine.asset(viewer, site_id).organisation_id
    actions.save_factor(actor=viewer, organisation_id=organisation, **sent.dict())
    return HowMany(count=len(queries.factors(viewer, organisation)))


@router.post("/sites/{site_id}/energy/tariff", response={200: HowMany, **PROBLEMS}, summary="Say what energy costs")
def post_tariff(request: HttpRequest, site_id: Number, sent: Tariff) -> HowMany:
    """Replace the tariff of a carrier from a day on."""
    viewer = viewer_of(request)
    organisation = spine.asset(viewer, site_id).organisation_id
    made = actions.save_tariff(
        actor=viewer,
        organisation_id=organisation,
        valid_from=sent.valid_from,
        carrier=sent.carrier,
        periods=[one.dict() for one in sent.periods],
    )
    return HowMany(count=made)


@router.post("/sites/{site_id}/energy/meters", response={200: HowMany, **PROBLEMS}, summary="Adopt meters")
def post_meters(request: HttpRequest, site_id: Number) -> HowMany:
    """Make meters of the energy counters and powers that machines of the site already send."""
    viewer = viewer_of(request)
    actions.adopt_meters(actor=viewer, site_id=site_id)
    return HowMany(count=len(queries.meters(viewer, site_id)))
