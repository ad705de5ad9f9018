"""Pages of energy and carbon: a site's day, a machine, an order, and what is said of meters, factors and tariffs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from chanye.domains.factory.actions import energy as actions
from chanye.domains.factory.floor import day_window
from chanye.domains.factory.pages.days import read_day
from chanye.domains.factory.pages.live import by_the_clock_of, viewer_of
from chanye.domains.factory.pages.maintenance import member_of, number_of, whole_of
from chanye.domains.factory.pages.maintenance_words import Words, money
from chanye.domains.factory.queries import energy as queries
from chanye.domains.factory.types.energy import (
    BANDS,
    CARRIERS,
    IDLE,
    JOULE_PER_KWH,
    SHARES,
    Amount,
    AssetEnergy,
    EnergyReport,
    LoadSlot,
    WorkEnergy,
)
from chanye.domains.factory.types.machines import Figure
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import DAY, from_us, now_us
from chanye.parties.rules import may, require
from chanye.parties.types import Viewer
from chanye.sheets import Column, Sheet
from chanye.spine import queries as spine
from chanye.spine.types import STATE_CLASSES, AssetRef

RANGES = {"day": 0, "7d": 7 * DAY, "30d": 30 * DAY}

CARRIER_WORDS: dict[str, Words] = {
    "electricity": pgettext_lazy("carrier", "Electricity"),
    "gas": pgettext_lazy("carrier", "Natural gas"),
    "steam": pgettext_lazy("carrier", "Steam"),
    "compressed_air": pgettext_lazy("carrier", "Compressed air"),
    "heat": pgettext_lazy("carrier", "Heat"),
    "water": pgettext_lazy("carrier", "Water"),
}
BAND_WORDS: dict[str, Words] = {
    "sharp": pgettext_lazy("tariff", "Sharp peak"),
    "peak": pgettext_lazy("tariff", "Peak"),
    "flat": pgettext_lazy("tariff", "Flat"),
    "valley": pgettext_lazy("tariff", "Valley"),
    "": pgettext_lazy("tariff", "No tariff"),
}
SHARE_WORDS: dict[str, Words] = {
    "own": pgettext_lazy("meter", "all of its place"),
    "shares": pgettext_lazy("meter", "by declared shares"),
    "run_time": pgettext_lazy("meter", "by running time"),
    "none": pgettext_lazy("meter", "shared out to nobody"),
}
WHY_WORDS: dict[str, Words] = {
    "nobody": gettext_lazy("not shared out to any machine"),
    "undeclared": gettext_lazy("declared shares are below 100 %"),
    "nothing_ran": gettext_lazy("used while nothing ran"),
    "disagree": gettext_lazy("meters below measured more than the one above"),
}
MISSING_WORDS: dict[str, Words] = {
    "factor": gettext_lazy("No emission factor holds for a part of this energy: carbon is not stated."),
    "tariff": gettext_lazy("No tariff holds for a part of this energy: cost is not stated."),
}


def _of_state(state: str) -> Callable[[AssetEnergy], float]:
    return lambda row: row.states.get(state, Amount()).kwh


MACHINES = Sheet(
    "energy-machines",
    gettext_lazy("Energy of machines"),
    (
        Column("name", gettext_lazy("Machine"), href=lambda row: reverse("energy-machine", args=[row.asset_id])),
        Column(
            "kwh", gettext_lazy("Energy"), kind="quantity", unit="kW.h", decimals=1, total=True,
            read=lambda row: row.amount.kwh,
        ),
        *(
            Column(
                state, word, kind="quantity", unit="kW.h", decimals=1, total=True, filter="none",
                listed=False, read=_of_state(state),
            )
            for state, word in (
                ("running", pgettext_lazy("machine state", "Running")),
                ("setup", pgettext_lazy("machine state", "Set-up")),
                ("waiting", pgettext_lazy("machine state", "Waiting")),
                ("stopped", pgettext_lazy("machine state", "Stopped")),
                ("fault", pgettext_lazy("machine state", "Fault")),
                ("planned_off", pgettext_lazy("machine state", "Planned off")),
                ("unknown", pgettext_lazy("machine state", "Not known")),
            )
        ),
        Column(
            "idle_kwh", gettext_lazy("Idle energy"), kind="quantity", unit="kW.h", decimals=1, total=True,
            read=lambda row: row.idle.kwh,
        ),
        Column("idle", gettext_lazy("Idle loss"), kind="money", total=True, read=lambda row: row.idle.fen),
        Column("cost", gettext_lazy("Cost"), kind="money", total=True, read=lambda row: row.amount.fen),
        Column(
            "carbon", gettext_lazy("Carbon"), kind="quantity", unit="kg", decimals=1, total=True,
            read=lambda row: row.amount.kg,
        ),
        Column("pieces", gettext_lazy("Pieces made"), kind="quantity", unit="{part}", decimals=0, total=True),
        Column(
            "each", gettext_lazy("Energy per piece"), kind="quantity", unit="kW.h", decimals=3,
            read=lambda row: row.per_piece.value,
        ),
        Column(
            "known", gettext_lazy("Known"), kind="quantity", unit="%", decimals=0,
            read=lambda row: 100 * row.coverage,
        ),
    ),
    key=("name",),
    order="-kwh",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """The window of a page: ``name`` of ``RANGES``."""

    name: str
    start: int
    end: int


@require_safe
def energy_home(request: HttpRequest) -> HttpResponse:
    """Go to the first site; teach where there is none."""
    sites = spine.sites(member_of(request))
    if sites:
        return redirect("energy-site", sites[0].id)
    return render(request, "factory/energy_empty.html", {"site": None})


def _span(request: HttpRequest, site: AssetRef, now: int) -> tuple[Span, Any]:
    name = request.GET.get("range", "day")
    if RANGES.get(name):
        first, _end = day_window(site, now - RANGES[name] + DAY)
        return Span(name, first, now), None
    day = read_day(request.GET.get("day"), site, now)
    return Span("day", day.start, day.end), day


def _bar(states: Mapping[str, Amount]) -> list[tuple[str, Amount, float]]:
    """Return state, energy and share of the whole, for the tiling bar."""
    whole = sum(amount.joule for amount in states.values()) or 1
    found = [(state, states[state]) for state in STATE_CLASSES if state in states and states[state].joule > 0]
    return [(state, amount, amount.joule / whole) for state, amount in found]


def _figures(report: EnergyReport, amount: Amount, idle: Amount) -> list[dict[str, Any]]:
    cover = report.coverage
    none = "" if amount.joule else "no_data"

    def figure(value: float | None, unit: str, why: str) -> Figure:
        return Figure(None if none else value, unit, cover, none or why)

    return [
        {"label": _("Energy"), "figure": figure(amount.kwh, "kW.h", "no_data"), "digits": 1},
        {"label": _("Cost"), "money": money(amount.fen) if amount.joule else "–"},
        {"label": _("Carbon"), "figure": figure(amount.kg, "kg", "no_factor"), "digits": 1, "unit": "kgCO₂e"},
        {"label": _("Idle energy"), "figure": figure(idle.kwh, "kW.h", "no_data"), "digits": 1},
        {"label": _("Idle loss"), "money": money(idle.fen) if amount.joule else "–"},
        {
            "label": _("Idle share"),
            "figure": figure(100 * idle.joule / amount.joule if amount.joule else None, "%", "no_data"),
            "digits": 0,
        },
    ]


def _curve(load: tuple[LoadSlot, ...], start: int, end: int) -> dict[str, Any]:
    """Return the load curve as it is drawn, in a box of 1,000 by 100: bars, bands of the tariff, top of the scale."""
    step = max(1, len(load) // 240)
    shown = [load[i : i + step] for i in range(0, len(load), step)]
    joined = [
        (part[0].start, part[-1].end, [s.watts for s in part if s.watts is not None], part[0].band) for part in shown
    ]
    top = max((max(watts) for _a, _b, watts, _c in joined if watts), default=0.0)
    scale = 1000 / max(end - start, 1)
    bars = [
        {
            "x": round((a - start) * scale, 2),
            "w": round((b - a) * scale, 2),
            "h": round(100 * max(0.0, sum(watts) / len(watts)) / top, 2) if watts and top > 0 else 0,
            "y": round(100 - 100 * max(0.0, sum(watts) / len(watts)) / top, 2) if watts and top > 0 else 100,
            "unknown": not watts,
            "band": band,
            "start": a,
            "kw": sum(watts) / len(watts) / 1000 if watts else None,
            "word": BAND_WORDS.get(band, ""),
        }
        for a, b, watts, band in joined
    ]
    bands: list[dict[str, Any]] = []
    for slot in load:
        if bands and bands[-1]["band"] == slot.band and bands[-1]["end"] == slot.start:
            bands[-1]["end"] = slot.end
        else:
            bands.append({"band": slot.band, "start": slot.start, "end": slot.end})
    for band in bands:
        band |= {"x": round((band["start"] - start) * scale, 2), "w": round((band["end"] - band["start"]) * scale, 2)}
    marks = [start + (end - start) * i // 6 for i in range(7)]
    return {"bars": bars, "bands": [b for b in bands if b["band"]], "top": top / 1000, "marks": marks}


@require_safe
def site_page(request: HttpRequest, site_id: int) -> HttpResponseBase:
    """Show a site's energy: by state, load with tariff bands, idle losses, products, orders, meters."""
    viewer, now = viewer_of(request), now_us()
    site = spine.asset(viewer, site_id)
    span, day = _span(request, site, now)
    with by_the_clock_of(site):
        report = queries.site_energy(viewer, site.id, span.start, span.end, now=now)
        if not report.meters:
            context = {"site": site, "may_edit": may(viewer, "edit_energy", site.organisation_id)}
            return render(request, "factory/energy_empty.html", context)
        rows = MACHINES.read(request.GET).apply(list(report.assets))
        idle = sorted(report.assets, key=lambda row: -row.idle.joule)[:8]
        return MACHINES.page(
            request,
            rows,
            template="factory/energy_site.html",
            site=site,
            sites=spine.sites(viewer),
            span=span,
            day=day,
            report=report,
            figures=_figures(report, report.total, report.idle),
            bar=_bar(report.states),
            curve=_curve(report.load, span.start, span.end),
            idle=[(row, money(row.idle.fen), _share(row.idle, idle[0].idle)) for row in idle if row.idle.joule > 0],
            products=_works(report.products),
            orders=_works(report.orders[:20]),
            meters=_meters(report),
            bands=[(BAND_WORDS.get(band, band), one.kwh, money(one.fen), band) for band, one in report.bands.items()],
            missing=[MISSING_WORDS[word] for word in report.missing if word in MISSING_WORDS],
            why=[(WHY_WORDS.get(word, word), joule / JOULE_PER_KWH) for word, joule in report.why.items()],
            long_form="%m-%d" if span.end - span.start > 2 * DAY else "%H:%M",
            may_edit=may(viewer, "edit_energy", site.organisation_id),
        )


def _share(part: Amount, whole: Amount) -> float:
    return part.joule / whole.joule if whole.joule else 0.0


def _works(rows: tuple[WorkEnergy, ...]) -> list[dict[str, Any]]:
    return [{"row": row, "money": money(row.amount.fen), "kg": row.amount.kg} for row in rows]


def _meters(report: EnergyReport) -> list[dict[str, Any]]:
    """Return the meters with what was shared out and what was not: it ties to the meter."""
    return [
        {
            "row": one,
            "carrier": CARRIER_WORDS.get(one.carrier, one.carrier),
            "share": SHARE_WORDS.get(one.share, one.share),
            "total": one.total / JOULE_PER_KWH,
            "below": one.below / JOULE_PER_KWH,
            "allocated": one.allocated / JOULE_PER_KWH,
            "left": one.unallocated / JOULE_PER_KWH,
            "why": ", ".join(str(WHY_WORDS.get(word, word)) for word in one.why),
        }
        for one in report.meters
    ]


def _site_of(viewer: Viewer, asset: AssetRef) -> AssetRef:
    while asset.kind != "site" and asset.parent_id is not None:
        asset = spine.asset(viewer, asset.parent_id)
    return asset


@require_safe
def machine_page(request: HttpRequest, asset_id: int) -> HttpResponse:
    """Show one machine's energy: by state, per piece, with and without an order."""
    viewer, now = viewer_of(request), now_us()
    asset = spine.asset(viewer, asset_id)
    site = _site_of(viewer, asset)
    span, day = _span(request, site, now)
    report = queries.site_energy(viewer, site.id, span.start, span.end, now=now)
    row = next((one for one in report.assets if one.asset_id == asset.id), None)
    context = {
        "asset": asset,
        "site": site,
        "span": span,
        "day": day,
        "row": row,
        "figures": _figures(report, row.amount, row.idle) if row else [],
        "bar": _bar(row.states) if row else [],
        "states": _state_rows(row) if row else [],
        "orderless": row.orderless.kwh if row else None,
        "meters": [one for one in _meters(report) if one["row"].asset_id == asset.id],
    }
    with by_the_clock_of(site):
        return render(request, "factory/energy_machine.html", context)


def _state_rows(row: AssetEnergy) -> list[dict[str, Any]]:
    return [
        {"state": state, "kwh": amount.kwh, "share": share, "money": money(amount.fen), "idle": state in IDLE}
        for state, amount, share in _bar(row.states)
    ]


@require_safe
def order_page(request: HttpRequest, order_id: int) -> HttpResponse:
    """Show an order's energy and carbon: in all, per piece, by operation."""
    viewer, now = viewer_of(request), now_us()
    report, entry = queries.order_energy(viewer, order_id, now=now)
    number = entry.name if entry else ""
    mine = [one for one in report.operations if one.name.startswith(f"{number} / ")] if report and entry else []
    site = spine.asset(viewer, report.site_id) if report else None
    context = {
        "report": report,
        "entry": entry,
        "site": site,
        "operations": _works(tuple(mine)),
        "figures": _figures(report, entry.amount, Amount())[:3] if report and entry else [],
    }
    return render(request, "factory/energy_order.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def settings_page(request: HttpRequest, site_id: int) -> HttpResponse:
    """Show and take what is said of meters, emission factors and tariffs."""
    viewer = viewer_of(request)
    site = spine.asset(viewer, site_id)
    fault, status = "", 200
    if request.method == "POST":
        require(viewer, "edit_energy", site.organisation_id)
        doing = DEEDS.get(request.POST.get("do", ""))
        try:
            if doing is None:
                raise ConfigError(_("This button is not known; reload the page."))
            messages.success(request, doing(viewer, site, request.POST))
        except ConfigError as error:
            fault, status = str(error), 400
        else:
            return redirect("energy-settings", site.id)
    machines = spine.assets(viewer, below=site.id)
    used = queries.meters(viewer, site.id)
    taken = {row.series_id for row in used}
    series = [
        one
        for one in spine.series_of(viewer, [asset.id for asset in machines])
        if one.kind in ("counter", "analog") and one.id not in taken and one.role not in ("part_count", "scrap_count")
    ]
    names = {asset.id: asset.name for asset in machines}
    rates = queries.tariff(viewer, site.organisation_id)
    context = {
        "site": site,
        "meters": [(row, CARRIER_WORDS[row.carrier], SHARE_WORDS[row.share]) for row in used],
        "assets": machines,
        "series": [(one, names[one.asset_id]) for one in series],
        "factors": [
            (one, CARRIER_WORDS.get(one.carrier, "")) for one in queries.factors(viewer, site.organisation_id)
        ],
        "periods": [
            {
                "carrier": CARRIER_WORDS.get(carrier, carrier),
                "band": BAND_WORDS.get(one.band, ""),
                "hours": f"{_clock(one.start)} – {_clock(one.end or 1440)}",
                "months": one.months,
                "price": f"{one.price / 100_000:.4f}",
                "valid_from": one.valid_from,
            }
            for carrier, rows in rates.items()
            for one in rows
        ],
        "tariff_text": _tariff_text(rates.get("electricity", [])),
        "carriers": [(one, CARRIER_WORDS[one]) for one in CARRIERS],
        "ways": [(one, SHARE_WORDS[one]) for one in SHARES],
        "bands": [(one, BAND_WORDS[one]) for one in BANDS],
        "today": from_us(now_us(), ZoneInfo(site.timezone)).date().isoformat(),
        "fault": fault,
        "sent": request.POST,
        "may_edit": may(viewer, "edit_energy", site.organisation_id),
    }
    return render(request, "factory/energy_settings.html", context, status=status)


def _tariff_text(periods: list[Any]) -> str:
    """Return the newest tariff as lines ``peak 08:00-12:00 0.95 7,8``."""
    newest = max((one.valid_from for one in periods), default=None)
    lines = []
    for one in periods:
        if one.valid_from == newest:
            months = " " + ",".join(str(month) for month in one.months) if one.months else ""
            lines.append(
                f"{one.band} {_clock(one.start)}-{_clock(one.end or 1440)} {one.price / 100_000:.4f}{months}"
            )
    return "\n".join(lines)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _minute(text: str) -> int:
    hour, colon, minute = text.partition(":")
    if not (colon and hour.isdigit() and minute.isdigit() and int(hour) <= 24 and int(minute) < 60):
        raise ConfigError(_("“%(text)s” is not a time of day; write it like 08:30.") % {"text": text[:20]})
    return (int(hour) * 60 + int(minute)) % 1440


def _read_tariff(text: str) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.split()
        if not cells:
            continue
        first, dash, last = cells[1].partition("-") if len(cells) > 1 else ("", "", "")
        if len(cells) not in (3, 4) or not dash:
            raise ConfigError(
                _("Line %(n)s: write band, from-to and yuan per kWh, e.g. peak 08:00-12:00 0.95") % {"n": number}
            )
        price = number_of(cells[2])
        months = [whole_of(month) or 0 for month in cells[3].split(",")] if len(cells) == 4 else []
        rows.append(
            {
                "band": cells[0],
                "start": _minute(first),
                "end": _minute(last),
                "price": round((price or 0) * 100_000),
                "months": months,
            }
        )
    return rows


def _day(text: str | None) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        raise ConfigError(_("Choose the day from which it holds.")) from None


def _adopt(viewer: Viewer, site: AssetRef, sent: Mapping[str, str]) -> str:
    made = actions.adopt_meters(actor=viewer, site_id=site.id)
    if not made:
        raise ConfigError(_("No machine here sends energy or power that is not a meter yet; connect one first."))
    return _("%(n)s meters made of what machines send.") % {"n": made}


def _meter(viewer: Viewer, site: AssetRef, sent: Mapping[str, str]) -> str:
    series = spine.series(viewer, whole_of(sent.get("series")) or 0)
    shares = {}
    for part in sent.get("shares", "").replace("\n", ",").split(","):
        code, _sign, value = part.partition("=")
        if code.strip():
            found = spine.asset_by_code(viewer, site.organisation_id, code.strip())
            if found is None:
                raise ConfigError(_("There is no machine with the code %(code)s.") % {"code": code.strip()[:40]})
            shares[found.id] = (number_of(value.replace("%", "")) or 0.0) / 100
    actions.save_meter(
        actor=viewer,
        asset_id=whole_of(sent.get("asset")) or series.asset_id,
        series_id=series.id,
        name=sent.get("name", ""),
        carrier=sent.get("carrier", "electricity"),
        share=sent.get("share", "own"),
        shares=shares,
        parent_id=whole_of(sent.get("parent")),
        kwh_per_unit=number_of(sent.get("kwh_per_unit")) or 0.0,
    )
    return _("Saved.")


def _drop(viewer: Viewer, site: AssetRef, sent: Mapping[str, str]) -> str:
    actions.delete_meter(actor=viewer, meter_id=whole_of(sent.get("meter")) or 0)
    return _("The meter is gone; its samples are kept.")


def _factor(viewer: Viewer, site: AssetRef, sent: Mapping[str, str]) -> str:
    kg = number_of(sent.get("kg_per_kwh"))
    if kg is None:
        raise ConfigError(_("Type the factor in kgCO2e per kWh."))
    actions.save_factor(
        actor=viewer,
        organisation_id=site.organisation_id,
        carrier=sent.get("carrier", "electricity"),
        kg_per_kwh=kg,
        source=sent.get("source", ""),
        year=whole_of(sent.get("year")) or 0,
        valid_from=_day(sent.get("valid_from")),
    )
    return _("Saved.")


def _tariff(viewer: Viewer, site: AssetRef, sent: Mapping[str, str]) -> str:
    actions.save_tariff(
        actor=viewer,
        organisation_id=site.organisation_id,
        valid_from=_day(sent.get("valid_from")),
        periods=_read_tariff(sent.get("periods", "")),
        carrier=sent.get("carrier", "electricity"),
    )
    return _("Saved.")


DEEDS = {"adopt": _adopt, "meter": _meter, "drop": _drop, "factor": _factor, "tariff": _tariff}
