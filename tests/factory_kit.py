"""A small plant on the real historian, for tests of what is computed from samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chanye.kernel.settings import get_settings
from chanye.parties.models import Organisation
from chanye.parties.types import SYSTEM, Viewer
from chanye.spine.actions import ensure_asset, ensure_series
from chanye.spine.frame_actions import run_processor
from chanye.spine.history import Batch, History, Reader
from chanye.spine.processors import default_processors
from chanye.spine.types import AssetRef, SeriesDraft, SeriesRef

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
GOOD, BAD = 0, 0x8031


class Plant:
    """Writes samples where the product reads them, and works the processors."""

    def __init__(self, history: History, code: str = "plant") -> None:
        self.history = history
        self.firm = Organisation.objects.create(name=code, code=code)
        self.viewer = Viewer(1, self.firm.pk, frozenset({"engineer"}), name="an engineer")
        self.site = self.asset(None, "site", code)
        self._sequence = 0

    def asset(self, parent: AssetRef | None, kind: str, code: str) -> AssetRef:
        return ensure_asset(
            actor=SYSTEM,
            organisation_id=self.firm.pk,
            parent_id=parent.id if parent else None,
            kind=kind,
            code=code,
        )

    def machine(self, code: str = "m1") -> AssetRef:
        return self.asset(self.site, "work_unit", code)

    def series(self, asset: AssetRef, role: str, **options) -> SeriesRef:
        kind = {"part_count": "counter", "scrap_count": "counter", "power": "analog"}.get(role, "state")
        unit = {"part_count": "{part}", "scrap_count": "{part}", "power": "kW"}.get(role, "1")
        draft = SeriesDraft(code=role, kind=kind, unit=unit, role=role, **options)
        return ensure_series(actor=SYSTEM, asset_id=asset.id, draft=draft)

    def write(self, series: SeriesRef, rows: Sequence[tuple[int, object, int]], *, work: bool = True) -> None:
        """Append (time, value or text, quality)."""
        values = [row[1] for row in rows]
        if series.kind in ("state", "text"):
            texts = sorted({v for v in values if isinstance(v, str)})
            codes = dict(zip(texts, self.history.encode(series.id, texts), strict=True))
            values = [codes[v] if isinstance(v, str) else np.nan for v in values]
        self._sequence += 1
        self.history.append(
            Batch(
                source=f"test:{self.firm.code}",
                sequence=self._sequence,
                series=np.full(len(rows), series.id, np.uint32),
                time=np.array([row[0] for row in rows], np.int64),
                value=np.array([np.nan if v is None else v for v in values], np.float64),
                quality=np.array([row[2] for row in rows], np.uint16),
            )
        )
        if work:
            self.work()

    def reader(self) -> Reader:
        return Reader(get_settings().history_folder)

    def work(self) -> None:
        reader = self.reader()
        for processor in default_processors():
            while run_processor(actor=SYSTEM, processor=processor, reader=reader):
                pass
