"""What the machine link keeps up to date by itself: stops behind the frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chanye.domains.factory.downtime_rows import reconcile
from chanye.domains.factory.models import Stop
from chanye.kernel.time import now_us
from chanye.parties.types import SYSTEM, Viewer
from chanye.spine import queries as spine
from chanye.spine.frame_actions import run_follower
from chanye.spine.history.types import Changes
from chanye.spine.store import reader

if TYPE_CHECKING:
    from chanye.spine.history import Reader

#: Series whose changes can change a stop.
_STOP_ROLES = frozenset({"execution", "alarm"})


def update_stops(*, actor: Viewer, source: Reader | None = None) -> bool:
    """Derive the stops of machines of which something new is known; return whether there is more at once."""
    return run_follower(
        actor=actor,
        name="stops",
        after=("states", "alarms"),
        work=_stops_of,
        reader=source or reader(),
    )


def _stops_of(changes: Changes) -> None:
    touched = {int(s): (int(a), int(b)) for s, a, b in zip(changes.series, changes.first, changes.last, strict=True)}
    machines: dict[int, tuple[int, int]] = {}
    for ref in spine.series_by_id(SYSTEM, touched).values():
        if ref.role in _STOP_ROLES:
            first, last = touched[ref.id]
            low, high = machines.get(ref.asset_id, (first, last))
            machines[ref.asset_id] = min(low, first), max(high, last)
    now = now_us()
    for asset_id, (first, last) in machines.items():
        reconcile(spine.asset(SYSTEM, asset_id), first, last, now=now)


def refresh_open_stops(*, actor: Viewer) -> int:
    """Derive stops that go on anew, for planned time begins and ends without a sample; return how many machines."""
    now = now_us()
    rows = Stop.objects.filter(end=None).order_by("asset_id", "start").values_list("asset_id", "start")
    starts: dict[int, int] = {}
    for asset_id, start in rows:
        starts.setdefault(asset_id, start)
    for asset_id, start in starts.items():
        reconcile(spine.asset(SYSTEM, asset_id), start, start, now=now)
    return len(starts)
