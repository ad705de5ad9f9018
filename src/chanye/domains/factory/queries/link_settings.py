"""What a machine's link is set to, and what a threshold would have made of its last days. Viewer first; us UTC."""

from __future__ import annotations

from dataclasses import dataclass

from chanye.domains.factory.downtime_rows import settings_of, shown_stops
from chanye.domains.factory.floor import load, look
from chanye.domains.factory.queries.link import proposals
from chanye.domains.factory.types.link import OutputProposal
from chanye.kernel.time import DAY
from chanye.parties.rules import may
from chanye.parties.types import Viewer
from chanye.spine.frames import OPEN
from chanye.spine.types import AssetRef

#: How far back the stops of the preview are looked for. [us]
BACK = 7 * DAY


@dataclass(frozen=True, slots=True)
class LinkView:
    """How stops and counts of a machine are taken, and what it showed in the last 7 days.

    ``lost``: planned time in each stop, however short [us]; ``known``: share of these days that is known, 0..1;
    ``waiting``: what is counted and not booked now; ``counts``: it has a counter of parts.
    """

    threshold: int
    auto_book: bool
    connected: bool
    counts: bool
    lost: tuple[int, ...]
    known: float
    waiting: tuple[OutputProposal, ...]
    may_edit: bool


def link_view(viewer: Viewer, asset: AssetRef, *, now: int) -> LinkView:
    """Return how a machine is linked; the stops are found as those of the list are, but none is left out."""
    row = settings_of(asset.id)
    floor = load(viewer, [asset])
    lost: tuple[int, ...] = ()
    known = 0.0
    for seen in look(floor, now - BACK, now, now):
        stops = shown_stops(floor, now - BACK, now, now)
        # one that goes on counts as long as it has lasted, as in the list
        lost = tuple(s.lost if s.end != OPEN else seen.planned.clip(s.start, now).total for s in stops)
        known = seen.known / BACK
    return LinkView(
        row.threshold,
        row.auto_book,
        bool(floor.machines),
        any("part_count" in machine.series for machine in floor.machines),
        lost,
        known,
        tuple(one for one in proposals(viewer, [asset.id], now=now) if one.bookable and one.good),
        may(viewer, "edit_site", asset.organisation_id),
    )
