"""Tables out: CSV and XLSX, streamed."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
from django.utils import timezone

from chanye.spine.history.types import Quality
from chanye.spine.queries import Trend

CHUNK = 64 << 10
# A spreadsheet runs cells that begin so as formulas.
FORMULA = ("=", "+", "-", "@")


def _cell(value: Any) -> Any:
    """Defuse text that a spreadsheet would run."""
    return "'" + value if isinstance(value, str) and value.lstrip().startswith(FORMULA) else value


def _time(us: int) -> str:
    return timezone.localtime(datetime.fromtimestamp(us / 1e6, tz=UTC)).isoformat(timespec="milliseconds")


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value


def table_rows(trend: Trend) -> Iterator[list[Any]]:
    """Yield the rows of a trend: series, unit, time, minimum, value or mean, maximum, text, known [%]."""
    name, unit = trend.series.name or trend.series.code, trend.series.unit
    if trend.raw is not None:
        samples = trend.raw
        bad = Quality.is_bad(samples.quality)
        for i in range(len(samples)):
            at = int(samples.time[i])
            if not trend.start <= at < trend.end:
                continue
            value = None if bad[i] else _number(float(samples.value[i]))
            text = ""
            if trend.texts and value is not None and 0 <= int(value) < len(trend.texts):
                text = trend.texts[int(value)]
            yield [name, unit, _time(at), None, value, None, text, 0 if bad[i] else 100]
    elif trend.buckets is not None:
        table = trend.buckets
        columns = {key: column[0] for key, column in table.columns.items()}
        for i, at in enumerate(table.start.tolist()):
            numbers = [_number(float(columns[key][i])) for key in ("min", "mean", "max")]
            yield [name, unit, _time(at), *numbers, "", _number(float(columns["percent_known"][i]))]


def write_csv(head: list[str], rows: Iterable[list[Any]]) -> Iterator[bytes]:
    """Stream CSV that spreadsheets open as UTF-8."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(head)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        if buffer.tell() > CHUNK:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def write_xlsx(head: list[str], rows: Iterable[list[Any]]) -> Iterator[bytes]:
    """Stream a workbook; it is written to a temporary file first, because its directory stands at its end."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("chanye")
    sheet.append(head)
    for row in rows:
        sheet.append([_cell(value) for value in row])
    with tempfile.TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        while chunk := file.read(CHUNK):
            yield chunk
