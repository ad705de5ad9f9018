"""Trends as a table: what is seen, point by point."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from chanye.sheets import Column, Sheet
from chanye.spine.history.types import Quality
from chanye.spine.queries import Trend

POINTS = Sheet(
    "points",
    _("Trend"),
    (
        Column("series", _("series"), width=30),
        Column("unit", _("unit"), width=10),
        Column("time", _("time"), "moment", width=24, milliseconds=True),
        Column("minimum", _("minimum"), "quantity"),
        Column("value", _("value or mean"), "quantity"),
        Column("maximum", _("maximum"), "quantity"),
        Column("text", _("text")),
        Column("known", _("known"), "quantity", unit="%"),
    ),
)


def _row(*cells: Any) -> dict[str, Any]:
    return dict(zip((column.name for column in POINTS.columns), cells, strict=True))


def table_rows(trend: Trend) -> Iterator[dict[str, Any]]:
    """Yield the rows of a trend: series, unit, time, minimum, value or mean, maximum, text, known [%]."""
    name, unit = trend.series.name or trend.series.code, trend.series.unit
    if trend.raw is not None:
        samples = trend.raw
        bad = Quality.is_bad(samples.quality)
        for i in range(len(samples)):
            at = int(samples.time[i])
            if not trend.start <= at < trend.end:
                continue
            value = None if bad[i] else float(samples.value[i])
            text = ""
            if trend.texts and value is not None and value - value == 0 and 0 <= int(value) < len(trend.texts):
                text = trend.texts[int(value)]
            yield _row(name, unit, at, None, value, None, text, 0 if bad[i] else 100)
    elif trend.buckets is not None:
        table = trend.buckets
        columns = {key: column[0] for key, column in table.columns.items()}
        keys = ("min", "mean", "max")
        for i, at in enumerate(table.start.tolist()):
            yield _row(
                name, unit, at, *(float(columns[key][i]) for key in keys), "", float(columns["percent_known"][i])
            )
