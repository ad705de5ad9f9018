"""What a page of stops and losses looks at: a site, line or machine, over a shift, a day or more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from chanye.domains.factory.floor import MACHINE_KINDS, day_window
from chanye.domains.factory.pages.days import Day, read_day
from chanye.domains.factory.queries import machines as queries
from chanye.kernel.time import DAY
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.spine.types import AssetRef

#: Ranges beside the shift and the day: name -> (words, days).
RANGES: Mapping[str, tuple[str | Promise, int]] = {"7d": (_("7 d"), 7), "30d": (_("30 d"), 30)}


@dataclass(frozen=True, slots=True)
class Scope:
    """A place with its machines and ``[start, end)`` us UTC; ``name``: ``shift``, ``day`` or one of ``RANGES``."""

    site: AssetRef
    place: AssetRef
    machines: tuple[AssetRef, ...]
    choices: tuple[tuple[AssetRef, int], ...]
    start: int
    end: int
    name: str
    day: Day
    shift: str = ""

    @property
    def ids(self) -> list[int]:
        """Numbers of its machines."""
        return [machine.id for machine in self.machines]

    def address(self, **changes: object) -> str:
        """Return the query that shows the same, with some of it changed (None: left out)."""
        held: dict[str, object] = {"scope": self.place.id, "range": self.name}
        if self.name == "day" and self.day.past:
            held["day"] = self.day.name
        held |= changes
        return "?" + urlencode({name: value for name, value in held.items() if value is not None})


def read_scope(request: HttpRequest, viewer: Viewer, now: int) -> Scope | None:
    """Return what a request looks at; None if the viewer has no site. What cannot be read is the usual."""
    sites = spine.sites(viewer)
    if not sites:
        return None
    every = {ref.id: ref for ref in spine.assets(viewer)}
    asked = request.GET.get("scope", "")
    place = every.get(int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 12 else 0, sites[0])
    site = next((s for s in sites if place.path == s.path or place.path.startswith(f"{s.path}/")), sites[0])
    inside = sorted((r for r in every.values() if _below(r, site)), key=lambda ref: ref.path)
    machines = tuple(ref for ref in inside if ref.kind in MACHINE_KINDS and _below(ref, place))
    places = [ref for ref in inside if any(_below(m, ref) for m in inside if m.kind in MACHINE_KINDS)]
    choices = tuple((ref, ref.path.count("/") - site.path.count("/")) for ref in places)
    name = request.GET.get("range", "day")
    day = read_day(request.GET.get("day"), site, now)
    start, end, shift = day.start, day.end, ""
    if name in RANGES:
        start, end = day_window(site, now)[1] - RANGES[name][1] * DAY, now
    elif name == "shift":
        runs = queries.shift_runs(viewer, (machines[0] if machines else site).id, now - 2 * DAY, now + 1)
        if runs:
            shift, start, end = max(runs, key=lambda run: run[1])
        else:
            name = "day"
    else:
        name = "day"
    return Scope(site, place, machines, choices, start, end, name, day, shift)


def _below(ref: AssetRef, above: AssetRef) -> bool:
    return ref.path == above.path or ref.path.startswith(f"{above.path}/")
