"""Whose fault it is that days are missing, as far as the data themselves tell; used inside the room only.

On a day on which other firms' counters spoke the product was there to hear: what is missing was not sent. On a day on
which nobody was heard it was the product that was away. Where there is nobody else to tell by, nothing is said, and
an officer declares it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chanye.engines.effects.days import days_of
from chanye.kernel.time import DAY
from chanye.parties.types import SYSTEM
from chanye.spine import queries as spine
from chanye.spine.store import reader

#: Reasons that missing data can be the cause of.
MISSING = frozenset({"known_since", "baseline_known", "inputs"})
#: Counters of others that are asked, at most, and at least.
MOST, LEAST = 24, 3


def blamed(
    organisation_id: int, content: Mapping[str, Any], since: Mapping[str, Any], table: Mapping[str, Any]
) -> str:
    """Return "firm", "platform", or "" where it cannot be told."""
    found = days_of(content["measure"], table)
    missing = found.day[~found.known]
    if not len(missing):
        return ""
    others = [one.id for one in spine.assets(SYSTEM) if one.organisation_id != organisation_id]
    refs = spine.series_of(SYSTEM, others, roles=("part_count", "energy"))[:MOST]
    if len(refs) < LEAST:
        return ""
    first, last = int(missing.min()), int(missing.max()) + DAY
    told = reader().aggregate(
        [ref.spec for ref in refs], first, last, DAY, ["Count"], known_until=last, known_at=since["known_at"]
    )
    heard = (np.nan_to_num(told.columns["Count"]) > 0).sum(axis=0)
    # others were there at all: of their counters some spoke on other days of this time
    if not (heard > 0).any():
        return ""
    at = (missing - first) // DAY
    return "firm" if float((heard[at] > 0).mean()) >= 0.5 else "platform"
