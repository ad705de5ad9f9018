"""How the machines of a place follow each other: laid out, tried on the last 7 days, saved, taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods

from chanye.domains.factory.actions.lines import MOST_STATIONS, configure_line
from chanye.domains.factory.pages import live
from chanye.domains.factory.pages.live import viewer_of
from chanye.domains.factory.queries import lines as queries
from chanye.domains.factory.queries.lines import LineView
from chanye.domains.factory.rules.line_draft import Draft, Station, change
from chanye.domains.factory.types.downtime import LineLosses, StationLoss
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import DAY, now_us
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine.types import AssetRef

#: How far back a layout is tried. [us]
BACK = 7 * DAY


@dataclass(frozen=True, slots=True)
class Row:
    """A station as it is drawn; ``before``, ``after``: who feeds it and whom it feeds, empty at the ends."""

    number: int
    machines: tuple[AssetRef, ...]
    minimum: int
    key: bool
    before: str
    after: str
    spent: StationLoss | None
    bar: tuple[tuple[str, str, float], ...]

    @property
    def name(self) -> str:
        """Its machines in a word."""
        return _named(self.machines)

    @property
    def first(self) -> int:
        """Number of its first machine."""
        return self.machines[0].id

    @property
    def codes(self) -> str:
        """Its machines as the form sends them."""
        return ",".join(str(one.id) for one in self.machines)


@require_http_methods(["GET", "HEAD", "POST"])
def line_page(request: HttpRequest, line_id: int) -> HttpResponse:
    """Show a place as a line; change the draft, save it, take it back."""
    viewer = viewer_of(request)
    view = queries.line_view(viewer, line_id)
    draft, fault = view.stored or Draft(), ""
    if request.method == "POST":
        require(viewer, "edit_site", view.asset.organisation_id)
        command = request.POST.get("do", "")
        try:
            if command.partition(":")[0] in ("restore", "remove"):
                return _restore(request, viewer, view, command)
            draft = _read(request.POST, view)
            if command == "save":
                return _save(request, viewer, view, draft)
            draft = _changed(draft, command, view)
        except ConfigError as error:
            fault = str(error)
    context = _context(viewer, view, draft) | {"fault": fault, "wrong": bool(fault)}
    with live.by_the_clock_of(view.site):
        return render(request, "factory/line.html", context, status=400 if fault else 200)


def _read(sent: QueryDict, view: LineView) -> Draft:
    """Return the draft a form holds.

    Raises
    ------
    ConfigError
        If it cannot be one of this place.
    """
    texts, least = sent.getlist("station"), sent.getlist("minimum")
    if len(texts) > MOST_STATIONS or len(texts) != len(least):
        raise ConfigError(_("The layout could not be read: load the page and lay it out again."))
    stations = []
    for text, minimum in zip(texts, least, strict=True):
        machines = tuple(_number(word) for word in text.split(","))
        stations.append(Station(machines, min(len(machines), max(1, _number(minimum)))))
    key = _number(str(sent["key"])) if sent.get("key") else None
    draft = Draft(tuple(stations), key, "initial" if sent.get("mode") == "initial" else "key")
    numbers = draft.machines
    if len(set(numbers)) < len(numbers) or not set(numbers) <= set(view.machines):
        raise ConfigError(_("A machine of the line does not exist here, or stands in it twice."))
    if key is not None and key >= len(stations):
        raise ConfigError(_("The layout could not be read: load the page and lay it out again."))
    return draft


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise ConfigError(_("The layout could not be read: load the page and lay it out again."))
    return int(text)


def _changed(draft: Draft, command: str, view: LineView) -> Draft:
    """Return the draft after a button; ``all`` adds every machine that is not in the line."""
    if command == "all":
        more = [Station((number,)) for number in view.machines if number not in draft.machines]
        return replace(draft, stations=(*draft.stations, *more)[:MOST_STATIONS])
    verb, _colon, number = command.partition(":")
    if verb == "add" and number not in {str(one) for one in view.machines}:
        raise ConfigError(_("A machine of the line does not exist here, or stands in it twice."))
    return change(draft, command)


def _save(request: HttpRequest, viewer: Viewer, view: LineView, draft: Draft) -> HttpResponse:
    if not draft.stations:
        raise ConfigError(_("A line needs a station: add a machine, or take the line away below."))
    configure_line(actor=viewer, asset_id=view.asset.id, **draft.plain())
    messages.success(request, _("Saved. Losses of the line are reckoned by it from now on, those of the past too."))
    return redirect("line", view.asset.id)


def _restore(request: HttpRequest, viewer: Viewer, view: LineView, command: str) -> HttpResponse:
    """Save a former layout again, or none."""
    sequence = command.partition(":")[2]
    former = next((one for one in view.former if str(one.sequence) == sequence), None)
    if command != "remove" and former is None:
        raise ConfigError(_("This layout is no longer listed: load the page and choose again."))
    draft = Draft() if former is None else former.draft
    configure_line(actor=viewer, asset_id=view.asset.id, **draft.plain())
    messages.success(request, _("The former layout holds again.") if former else _("This place is no line any more."))
    return redirect("line", view.asset.id)


def _context(viewer: Viewer, view: LineView, draft: Draft) -> dict[str, Any]:
    now = now_us()
    tried = queries.trial_losses(viewer, view.asset.id, draft, now - BACK, now, now=now)
    return {
        "view": view,
        "line": view.asset,
        "here_site": view.site,
        "draft": draft,
        "rows": _rows(draft, view.machines, tried),
        "left": [ref for number, ref in view.machines.items() if number not in draft.machines],
        "tried": tried,
        "keys": _states(),
        "changed": draft != (view.stored or Draft()),
        "former": [
            {"row": one, "words": _words(one.draft, view.machines), "holds": one.draft == (view.stored or Draft())}
            for one in view.former
        ],
    }


def _rows(draft: Draft, machines: Mapping[int, AssetRef], tried: LineLosses | None) -> list[Row]:
    found = [tuple(machines[n] for n in one.machines if n in machines) for one in draft.stations]
    names = [_named(one) for one in found]
    spent = tried.stations if tried is not None else (None,) * len(found)
    return [
        Row(
            i + 1,
            mine,
            draft.stations[i].minimum,
            i == draft.key_station,
            names[i - 1] if i else "",
            names[i + 1] if i + 1 < len(names) else "",
            spent[i],
            _bar(spent[i]),
        )
        for i, mine in enumerate(found)
        if mine
    ]


def _bar(spent: StationLoss | None) -> tuple[tuple[str, str, float], ...]:
    """Return how the time of a station tiles its bar: (style, words, share of it 0..1)."""
    if spent is None:
        return ()
    lengths = (spent.running, spent.down, spent.blocked, spent.starved, spent.waiting, spent.unknown)
    whole = sum(lengths)
    rows = zip(_states(), lengths, strict=True)
    return tuple((style, words, length / whole) for (style, words), length in rows if length)


def _states() -> tuple[tuple[str, str], ...]:
    """Return what a station's time is made of, as it is drawn: (style, words)."""
    return (
        ("st-running", _("Running")),
        ("st-stopped", _("Own stops")),
        ("blocked", pgettext("line", "Blocked")),
        ("starved", pgettext("line", "Starved")),
        ("waits", _("Waiting, cause unknown")),
        ("st-unknown", _("Not known")),
    )


def _named(machines: tuple[AssetRef, ...]) -> str:
    return " ∥ ".join(one.name for one in machines)


def _words(draft: Draft, machines: Mapping[int, AssetRef]) -> str:
    """Return a layout in a line of words; machines that are gone by their number."""
    names = [
        " ∥ ".join(machines[n].name if n in machines else f"#{n}" for n in one.machines) for one in draft.stations
    ]
    return " → ".join(names)
