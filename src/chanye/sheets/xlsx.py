"""Workbooks in: a reader that trusts nothing.

XML is read by expat as a stream, without a tree and without document types, so that memory is bounded by what is
kept; how much may be unpacked is counted while unpacking. Only values are read: a formula counts by the value that
the spreadsheet stored with it.

Source: ECMA-376 part 1, 18.2 (workbook), 18.3 (worksheet), 18.4 (shared strings), 18.8.30 (number formats).
"""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import IO, Any
from xml.parsers import expat

from django.utils.translation import gettext as _

from chanye.sheets.faults import FileRefusedError, letters

#: Limits of a file: bytes as sent, bytes unpacked, rows and columns of a sheet, parts of the archive.
FILE, UNPACKED, ROWS, COLUMNS, PARTS = 20 << 20, 200 << 20, 50_000, 200, 2_000
_CELLS = 2_000_000
_CHUNK = 1 << 16
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_REF = re.compile(r"([A-Z]{1,3})(\d{1,7})", re.ASCII)
_BUILTIN_DATES = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')


@dataclass(frozen=True, slots=True)
class Uncached:
    """A formula whose value the spreadsheet did not store."""

    formula: str


@dataclass(frozen=True, slots=True)
class Broken:
    """An error value such as ``#N/A``, or a cell that cannot be understood."""

    text: str


@dataclass(frozen=True, slots=True)
class Percent:
    """A number shown as per cent: 0.5 is read by people as 50."""

    number: float


@dataclass(slots=True)
class Grid:
    """One sheet: row (from 1) -> column (from 0) -> text, number, bool, datetime, timedelta or a class above."""

    name: str
    rows: dict[int, dict[int, Any]] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)


def read_workbook(file: IO[bytes], filename: str) -> list[Grid]:
    """Return the visible sheets of a workbook.

    Raises
    ------
    FileRefusedError
        If it is no workbook, or larger than the limits.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return _Workbook(archive, filename).grids()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise FileRefusedError(
            _("%(file)s is not a readable workbook: save it as .xlsx without a password.") % {"file": filename}
        ) from error
    except (expat.ExpatError, ValueError, KeyError, IndexError, OverflowError) as error:
        raise FileRefusedError(
            _("%(file)s is damaged: open it in a spreadsheet program and save it again.") % {"file": filename}
        ) from error


class _Workbook:
    def __init__(self, archive: zipfile.ZipFile, filename: str) -> None:
        self.archive = archive
        self.filename = filename
        self.left = UNPACKED
        self.cells = _CELLS
        if len(archive.infolist()) > PARTS:
            self.refuse_size()

    def refuse_size(self) -> None:
        raise FileRefusedError(
            _("%(file)s unpacks to more than %(limit)d MB: split it, or delete pictures and unused cells.")
            % {"file": self.filename, "limit": UNPACKED >> 20}
        )

    def parse(self, part: str, handler: Any) -> None:
        """Run a part through expat; ``handler`` has ``start`` and, where it wants them, ``text`` and ``end``."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        # Prefixes are cut off: some programs write them everywhere.
        parser.StartElementHandler = lambda name, attributes: handler.start(name.rpartition(":")[2], attributes)
        if hasattr(handler, "end"):
            parser.EndElementHandler = lambda name: handler.end(name.rpartition(":")[2])
            parser.CharacterDataHandler = handler.text
        parser.StartDoctypeDeclHandler = _no_document_type
        with self.archive.open(part) as stream:
            while chunk := stream.read(_CHUNK):
                self.left -= len(chunk)
                if self.left < 0:
                    self.refuse_size()
                parser.Parse(chunk, False)
        parser.Parse(b"", True)

    def grids(self) -> list[Grid]:
        book, links = _Parts(), _Links()
        self.parse("xl/workbook.xml", book)
        self.parse("xl/_rels/workbook.xml.rels", links)
        parts = set(self.archive.namelist())
        strings, styles = _Strings(), _Styles()
        for kind, part in links.found.values():
            if kind == "sharedStrings" and part in parts:
                self.parse(part, strings)
            if kind == "styles" and part in parts:
                self.parse(part, styles)
        grids = []
        for name, number, hidden in book.sheets:
            kind, part = links.found.get(number, ("", ""))
            if kind == "worksheet" and not hidden:
                reader = _Sheet(self, Grid(name), strings.found, styles.kinds(), since_1904=book.since_1904)
                self.parse(part, reader)
                grids.append(reader.grid)
        return grids


def _no_document_type(*_words: Any) -> None:
    msg = "a workbook has no document type"
    raise ValueError(msg)


class _Links:
    """Which part of the archive is what: number -> kind, part."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[str, str]] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            target = attributes["Target"]
            part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            self.found[attributes["Id"]] = attributes.get("Type", "").rpartition("/")[2], part


class _Parts:
    """Names of the sheets, and which year days are counted from."""

    def __init__(self) -> None:
        self.sheets: list[tuple[str, str, bool]] = []
        self.since_1904 = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            number = next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id"), "")
            self.sheets.append((attributes["name"], number, attributes.get("state", "visible") != "visible"))
        elif name == "workbookPr":
            self.since_1904 = attributes.get("date1904", "0") in ("1", "true", "on")


class _Strings:
    """The shared texts: runs are joined, readings (phonetic) left out."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.pieces: list[str] = []
        self.reading = 0
        self.inside = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "si":
            self.pieces = []
        self.reading += name == "rPh"
        self.inside = name == "t" and not self.reading

    def text(self, text: str) -> None:
        if self.inside:
            self.pieces.append(text)

    def end(self, name: str) -> None:
        self.reading -= name == "rPh"
        self.inside = False
        if name == "si":
            self.found.append(unescape("".join(self.pieces)))


class _Styles:
    """What the number formats make of a number: ``date``, ``span``, ``percent`` or nothing."""

    def __init__(self) -> None:
        self.codes: dict[int, str] = {}
        self.formats: list[int] = []
        self.in_cells = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name in ("cellXfs", "cellStyleXfs", "dxfs", "cellStyles"):
            self.in_cells = name == "cellXfs"
        elif name == "numFmt":
            self.codes[int(attributes["numFmtId"])] = attributes.get("formatCode", "")
        elif name == "xf" and self.in_cells:
            self.formats.append(int(attributes.get("numFmtId", "0")))

    def kinds(self) -> list[str]:
        return [_kind_of_format(number, self.codes.get(number, "")) for number in self.formats]


def _kind_of_format(number: int, code: str) -> str:
    if not code:
        if number in (9, 10):
            return "percent"
        return "span" if number == 46 else "date" if number in _BUILTIN_DATES else ""
    if re.match(r"\[(h+|m+|s+)\]", code, re.IGNORECASE):
        return "span"
    bare = _LITERAL.sub("", code.split(";", 1)[0]).lower()
    if "%" in bare:
        return "percent"
    return "date" if re.search(r"[ymdhs年月日]", bare.replace("general", "")) else ""


def unescape(text: str) -> str:
    """Return text with ``_x0041_`` as the character it stands for."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


class _Sheet:
    """The cells of a worksheet."""

    def __init__(
        self, book: _Workbook, grid: Grid, strings: list[str], kinds: list[str], *, since_1904: bool
    ) -> None:
        self.book, self.grid, self.strings, self.kinds = book, grid, strings, kinds
        self.since_1904 = since_1904
        self.row = 0
        self.column = -1
        self.type = self.style = ""
        self.pieces: list[str] = []
        self.formula: list[str] | None = None
        self.inside: list[str] | None = None
        self.reading = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._begin(attributes)
        elif name in ("v", "t"):
            self.inside = None if self.reading else self.pieces
        elif name == "f":
            self.formula = self.inside = []
        elif name == "rPh":
            self.reading += 1
        elif name == "row":
            self.row = int(attributes.get("r", self.row + 1))
            self.column = -1
        elif name == "mergeCell":
            self._merge(attributes["ref"])

    def text(self, text: str) -> None:
        if self.inside is not None:
            self.inside.append(text)

    def end(self, name: str) -> None:
        self.inside = None
        if name == "rPh":
            self.reading -= 1
        if name == "c":
            value = self._value("".join(self.pieces))
            if value is not None and value != "":
                self._put(value)

    def _begin(self, attributes: dict[str, str]) -> None:
        if "r" in attributes:
            self.row, self.column = cell_of(attributes["r"])
        else:
            self.column += 1
        self.type, self.style = attributes.get("t", "n"), attributes.get("s", "0")
        self.pieces, self.formula = [], None

    def _put(self, value: Any) -> None:
        if self.column >= COLUMNS:
            raise FileRefusedError(
                _("Sheet %(sheet)s, %(cell)s: a sheet may have at most %(limit)d columns; delete what lies beyond.")
                % {"sheet": self.grid.name, "cell": f"{letters(self.column)}{self.row}", "limit": COLUMNS}
            )
        cells = self.grid.rows.setdefault(self.row, {})
        cells[self.column] = value
        self.book.cells -= 1
        # The header, and a few rows that may stand above it, are not counted.
        if len(self.grid.rows) > ROWS + 10 or self.book.cells < 0:
            raise FileRefusedError(too_many_rows(self.grid.name))

    def _merge(self, ref: str) -> None:
        first, _colon, last = ref.partition(":")
        (top, left), (bottom, right) = cell_of(first), cell_of(last or first)
        if len(self.grid.merged) < _CHUNK:
            self.grid.merged.append((top, left, bottom, right))

    def _value(self, text: str) -> Any:
        if self.type == "s":
            return self.strings[int(text)] if text else None
        if self.type in ("inlineStr", "str"):
            return Uncached("".join(self.formula)) if self.formula and not text else unescape(text)
        if self.type == "b":
            return text.strip() in ("1", "true") if text else None
        if self.type == "e":
            return Broken(text)
        if not text.strip():
            return None if self.formula is None else Uncached("".join(self.formula))
        if self.type == "d":
            return datetime.fromisoformat(text)
        return self._number(float(text))

    def _number(self, number: float) -> Any:
        at = int(self.style)
        kind = self.kinds[at] if 0 <= at < len(self.kinds) else ""
        if number - number != 0:
            return Broken(str(number))
        if kind == "percent":
            return Percent(number)
        if kind == "span":
            return timedelta(milliseconds=round(number * 86_400_000)) if abs(number) < 10**6 else Broken(str(number))
        if kind == "date":
            return serial_date(number, since_1904=self.since_1904)
        return number


def too_many_rows(sheet: str) -> str:
    """Say that a sheet is too long."""
    return _("Sheet %(sheet)s: more than %(limit)d rows; split the file and import one part after the other.") % {
        "sheet": sheet,
        "limit": ROWS,
    }


def cell_of(ref: str) -> tuple[int, int]:
    """Return row (from 1) and column (from 0) of an address such as ``C7``."""
    found = _REF.fullmatch(ref.replace("$", ""))
    if found is None:
        raise ValueError(ref)
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return int(found[2]), column - 1


def serial_date(number: float, *, since_1904: bool = False) -> datetime | Broken:
    """Return the date and time that a spreadsheet counts as days; ``Broken`` outside its calendar.

    The first two months of 1900 are refused: spreadsheets count a 29 February there that never was.
    """
    low, high = (0, 2_957_004) if since_1904 else (61, 2_958_466)
    if not low <= number < high:
        return Broken(f"{number:g}")
    start = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30)  # noqa: DTZ001  # a spreadsheet's clock has no zone
    return start + timedelta(milliseconds=round(number * 86_400_000))
