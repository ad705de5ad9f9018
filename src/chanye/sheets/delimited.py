"""CSV in: the encoding and the delimiter are found out, not asked for."""

from __future__ import annotations

import csv
import io
from pathlib import PurePath

from django.utils.translation import gettext as _

from chanye.sheets.faults import FileRefusedError
from chanye.sheets.writing import RUNS
from chanye.sheets.xlsx import COLUMNS, ROWS, Grid, too_many_rows

_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def decode(data: bytes, filename: str) -> str:
    """Return the text of a file: UTF-8, with or without a byte order mark, UTF-16 with one, or GB18030.

    Raises
    ------
    FileRefusedError
        If it is text in none of them.
    """
    marked = [name for mark, name in _BOMS if data.startswith(mark)]
    for encoding in marked or ("utf-8", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileRefusedError(
        _("%(file)s is neither UTF-8 nor GB18030 text: save it as “CSV UTF-8” or as .xlsx.") % {"file": filename}
    )


def read_csv(data: bytes, filename: str) -> Grid:
    """Return the cells of a CSV file; the sheet is called as the file. A row is a record, as a spreadsheet counts."""
    text = decode(data, filename)
    grid = Grid(PurePath(filename).stem[:100] or "CSV")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(text))
    try:
        for number, cells in enumerate(reader, 1):
            if len(cells) > COLUMNS and any(cells[COLUMNS:]):
                raise FileRefusedError(
                    _("Sheet %(sheet)s, row %(row)d: more than %(limit)d columns; is it separated by commas?")
                    % {"sheet": grid.name, "row": number, "limit": COLUMNS}
                )
            kept = {i: plain(cell) for i, cell in enumerate(cells[:COLUMNS]) if cell.strip()}
            if kept:
                grid.rows[number] = dict(kept)
            if len(grid.rows) > ROWS + 10:
                raise FileRefusedError(too_many_rows(grid.name))
    except csv.Error as error:
        raise FileRefusedError(
            _("Sheet %(sheet)s, after row %(row)d: a cell does not end; look for a quotation mark too many.")
            % {"sheet": grid.name, "row": reader.line_num}
        ) from error
    return grid


def plain(cell: str) -> str:
    """Return a cell without the apostrophe that keeps spreadsheets from running it."""
    return cell[1:] if cell.startswith("'") and RUNS.match(cell) else cell


def delimiter(text: str) -> str:
    """Return what separates the cells of the first line: comma, semicolon or tabulator."""
    line = text[: text.find("\n")] if "\n" in text else text
    outside = "".join(line[:100_000].split('"')[::2])  # what stands between quotation marks does not separate
    return max((",", ";", "\t", "，"), key=outside.count) if line else ","
