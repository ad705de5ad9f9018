"""Simulated plants with counters of a year or two, whose true effect is known."""

from __future__ import annotations

import numpy as np

from chanye.evidence.types import PlanDraft
from chanye.kernel.time import DAY, HOUR
from chanye.parties.models import Organisation
from chanye.parties.types import SYSTEM, Viewer
from chanye.spine.actions import ensure_asset, ensure_series
from chanye.spine.history import Batch, History
from chanye.spine.types import AssetRef, SeriesDraft, SeriesRef

#: Local midnight of 2024-01-01 in Shanghai. [us UTC]
START = 1_704_038_400_000_000
UNITS = {"part_count": "{part}", "scrap_count": "{part}", "energy": "kW.h", "labour": "h", "cost": "CNY"}


def day(n: int) -> int:
    """Return the local midnight of the n-th day. [us UTC]"""
    return START + n * DAY


def memory(rng: np.random.Generator, n: int, rho: float, sigma: float) -> np.ndarray:
    """Return an AR(1) of n steps."""
    error = np.empty(n)
    error[0] = rng.normal(0, sigma)
    for i in range(1, n):
        error[i] = rho * error[i - 1] + rng.normal(0, sigma * np.sqrt(1 - rho**2))
    return error


class Firm:
    """A firm with one site and its counters; daily amounts become two readings a day."""

    def __init__(self, history: History, code: str, *, office: bool = False) -> None:
        self.history, self.code = history, code
        kind = "district" if office else "firm"
        self.id = Organisation.objects.create(name=code.title(), code=code, kind=kind).pk
        roles = frozenset({"officer", "auditor"} if office else {"engineer", "manager"})
        self.viewer = Viewer(None, self.id, roles, name=f"{code} person", kind=kind)
        self.sequence = 0
        self.site = self.asset("site", f"{code}-site") if not office else None

    def asset(self, kind: str, code: str, parent: AssetRef | None = None) -> AssetRef:
        parent_id = parent.id if parent else None
        return ensure_asset(actor=SYSTEM, organisation_id=self.id, parent_id=parent_id, kind=kind, code=code)

    def counter(
        self, role: str, amounts: np.ndarray, *, asset: AssetRef | None = None, unheard: tuple[int, int] | None = None
    ) -> SeriesRef:
        """Write what a counter shows three times a day; ``unheard``: days on which nobody hears it."""
        place = asset or self.site
        assert place is not None
        draft = SeriesDraft(code=role, kind="counter", unit=UNITS[role], role=role, interpolation="stepped")
        ref = ensure_series(actor=SYSTEM, asset_id=place.id, draft=draft)
        total = np.cumsum(amounts)
        before = total - amounts
        days = START + np.arange(len(amounts)) * DAY
        times = np.column_stack([days + HOUR, days + 12 * HOUR, days + 23 * HOUR])
        values = np.column_stack([before, (before + total) / 2, total])
        spoken = np.ones(len(amounts), bool)
        if unheard:
            spoken[unheard[0] : unheard[1]] = False
        self.write(ref, times[spoken].ravel(), values[spoken].ravel())
        return ref

    def write(self, ref: SeriesRef, times: np.ndarray, values: np.ndarray) -> None:
        self.sequence += 1
        n = len(times)
        self.history.append(
            Batch(
                source=f"test:{self.code}",
                sequence=self.sequence,
                series=np.full(n, ref.id, np.uint32),
                time=times.astype(np.int64),
                value=values.astype(np.float64),
                quality=np.zeros(n, np.uint16),
            )
        )

    def run(
        self,
        *,
        days: int = 500,
        upgrade: int = 330,
        effect: float = 0.0,
        seed: int = 1,
        trend: np.ndarray | None = None,
        dark: tuple[int, int] | None = None,
        noise: float = 0.05,
    ) -> None:
        """Make pieces and use energy: ``effect`` is the share saved from the day ``upgrade`` on."""
        rng = np.random.default_rng(seed)
        pieces = np.round(1000 * (1 + 0.1 * rng.normal(size=days)))
        level = np.exp(memory(rng, days, 0.5, noise)) * np.where(np.arange(days) >= upgrade, 1 - effect, 1.0)
        level = level if trend is None else level * trend
        energy = (200 + 1.8 * pieces) * level
        self.counter("part_count", pieces)
        self.counter("energy", energy, unheard=dark)


def energy_plan(**changes: object) -> PlanDraft:
    """Return a plan over the first 300 days for the energy per piece."""
    values: dict[str, object] = {
        "title": "New compressors",
        "measure": "factory.energy_per_piece",
        "upgrade_kind": "energy",
        "method": "baseline",
        "baseline_start": day(0),
        "baseline_end": day(300),
        "claim": 0.10,
    }
    return PlanDraft(**(values | changes))
