"""Files in: headers are found, every cell is read, rows are compared with what exists; nothing is written here."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import PurePath
from typing import IO, Any, Literal

from django.utils.translation import gettext as _

from chanye.sheets.cells import RuleError, reader
from chanye.sheets.columns import Column, listing
from chanye.sheets.delimited import read_csv
from chanye.sheets.faults import Fault, Faults, FileRefusedError, refused
from chanye.sheets.table import Table
from chanye.sheets.xlsx import FILE, Broken, Grid, Uncached, read_workbook

#: Among so many rows with something in them the header is looked for.
HEADER_WITHIN = 10
_TEXT = 80
State = Literal["new", "changed", "same"]
Rule = Callable[["ImportRow"], Iterable[tuple[str, str]]]


@dataclass(slots=True)
class ImportRow:
    """One row of a file.

    ``values`` has the columns that the file has, in normal form (see ``columns``); ``before`` what they were in the
    row that exists with the same key, None where there is none.
    """

    sheet: str
    number: int
    places: Mapping[str, int]
    values: dict[str, Any]
    before: dict[str, Any] | None = None
    state: State = "new"
    faulty: bool = False

    def fault(self, column: str, rule: str, seen: str = "") -> Fault:
        """Return a fault at the cell of a column, at the row's first cell if the file has no such column."""
        return Fault(self.sheet, self.number, self.places.get(column, 0), rule, seen)

    def address(self, column: str) -> str:
        """Return where the cell of a column stands: ``C7``."""
        return self.fault(column, "").cell


@dataclass(slots=True)
class Import:
    """A file that was read: its rows, what is wrong with them, and headers that nobody knows."""

    table: Table
    filename: str
    columns: list[Column] = field(default_factory=list)
    rows: list[ImportRow] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    problems: Faults = field(default_factory=Faults)

    @property
    def faults(self) -> list[Fault]:
        """What is wrong: the first 200, by place."""
        return sorted(self.problems.first)

    @property
    def total(self) -> int:
        """How many faults there are in all."""
        return self.problems.total

    @property
    def changes(self) -> list[ImportRow]:
        """The rows without a fault that are new or differ from what exists."""
        return [row for row in self.rows if row.state != "same" and not row.faulty]

    def count(self, state: State) -> int:
        """Return how many rows without a fault are ``new``, ``changed`` or ``same``."""
        return sum(row.state == state and not row.faulty for row in self.rows)

    def raise_if_faulty(self) -> None:
        """Raise ``FileRefusedError`` (a ``ConfigError``) naming cells and rules if anything is wrong."""
        if self.problems.total:
            raise refused(self.problems)


def read_import(
    table: Table,
    file: IO[bytes] | bytes,
    filename: str,
    *,
    existing: Iterable[Any] = (),
    references: Mapping[str, Collection[str]] | None = None,
    check: Rule | None = None,
) -> Import:
    """Read and check a file.

    Parameters
    ----------
    file, filename
        XLSX, or CSV in UTF-8 or GB18030; told apart by content.
    existing
        The rows that are there, as the list shows them; found again by the key of the table.
    references
        Reference column -> codes that exist; a column that is not named here is not checked.
    check
        Takes a row without faults, yields (column, rule) for whatever else is wrong with it.

    Raises
    ------
    FileRefusedError
        If the file cannot be read as a table at all. What is wrong with cells is in ``Import.faults``.
    """
    data = file if isinstance(file, bytes) else file.read(FILE + 1)
    if len(data) > FILE:
        raise FileRefusedError(
            _("%(file)s is larger than %(limit)d MB: split it.") % {"file": filename, "limit": FILE >> 20}
        )
    found = Import(table, filename)
    grid = _grid_of(table, data, PurePath(filename.replace("\\", "/")).name[:100] or "file")
    header = _header_row(table, grid)
    places = _places(found, grid, header)
    found.columns = [column for column in table.columns if column.name in places]
    readers = {column.name: reader(column) for column in found.columns}
    for number in sorted(grid.rows):
        if number > header:
            found.rows.append(_read_row(found, grid, number, places, readers, references or {}))
    _check_merged(found, grid, header, places)
    _check_keys(found)
    _compare(found, existing)
    if check is not None:
        _check_further(found, check)
    return found


def _grid_of(table: Table, data: bytes, filename: str) -> Grid:
    if not data:
        raise FileRefusedError(_("%(file)s is empty.") % {"file": filename})
    if data.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        grids = read_workbook(io.BytesIO(data), filename)
        wanted = {_plain(word) for word in (table.name, *table.titles())}
        filled = [grid for grid in grids if grid.rows]
        if not filled:
            raise FileRefusedError(_("%(file)s has no sheet with anything in it.") % {"file": filename})
        return next((grid for grid in filled if _plain(grid.name) in wanted), filled[0])
    return read_csv(data, filename)


def _plain(text: Any) -> str:
    return "".join(unicodedata.normalize("NFKC", str(text)).casefold().replace("*", "").split())


def _known(table: Table) -> dict[str, Column]:
    found: dict[str, Column] = {}
    for column in table.columns:
        for word in column.headers():
            found.setdefault(_plain(word), column)
    return found


def _header_row(table: Table, grid: Grid) -> int:
    """Return the number of the row with the most names of columns, 0 if no row near the top has any."""
    known = _known(table)
    best, most = 0, 0
    for number in sorted(grid.rows)[:HEADER_WITHIN]:
        hits = sum(isinstance(cell, str) and _plain(cell) in known for cell in grid.rows[number].values())
        if hits > most:
            best, most = number, hits
    if not best:
        wanted = listing(str(column.label) for column in _taken(table))
        raise FileRefusedError(
            _("Sheet %(sheet)s has no header: the first row must name the columns %(columns)s.")
            % {"sheet": grid.name, "columns": wanted[:400]}
        )
    return best


def _taken(table: Table) -> Iterator[Column]:
    return (column for column in table.columns if column.imported and column.read is None)


def _places(found: Import, grid: Grid, header: int) -> dict[str, int]:
    """Return column name -> place, and note what is wrong with the header."""
    known = _known(found.table)
    places: dict[str, int] = {}
    unknown: dict[str, int] = {}
    for at, cell in sorted(grid.rows[header].items()):
        column = known.get(_plain(cell))
        if column is None:
            unknown[str(cell)[:_TEXT]] = at
        elif column.name in places:
            before = Fault(grid.name, header, places[column.name], "").cell
            rule = _("the column %(label)s stands already in %(cell)s") % {"label": column.label, "cell": before}
            found.problems.add(Fault(grid.name, header, at, rule, str(cell)[:_TEXT]))
        elif column.imported and column.read is None:
            places[column.name] = at
    for column in _taken(found.table):
        if column.name not in places and (column.required or column.name in found.table.key):
            near = get_close_matches(str(column.label), list(unknown), 1, 0.6)
            rule = _("the column %(label)s is missing") % {"label": column.label}
            if near:
                rule = _("the column %(label)s is missing; is it this one?") % {"label": column.label}
            found.problems.add(Fault(grid.name, header, unknown.get(near[0], 0) if near else 0, rule))
    found.ignored = list(unknown)
    return places


def _read_row(
    found: Import,
    grid: Grid,
    number: int,
    places: Mapping[str, int],
    readers: Mapping[str, Callable[[Any], Any]],
    references: Mapping[str, Collection[str]],
) -> ImportRow:
    cells = grid.rows[number]
    row = ImportRow(grid.name, number, places, {})
    for column in found.columns:
        cell = cells.get(places[column.name])
        try:
            value = readers[column.name](cell)
            _check_value(found.table, column, value, references.get(column.name))
        except RuleError as error:
            found.problems.add(row.fault(column.name, str(error), _seen(cell)))
            row.faulty = True
            value = None
        row.values[column.name] = value
    return row


def _check_value(table: Table, column: Column, value: Any, codes: Collection[str] | None) -> None:
    if value is None:
        if column.required or column.name in table.key:
            raise RuleError(_("%(label)s is missing") % {"label": column.label})
    elif codes is not None and value not in codes:
        near = get_close_matches(value, list(codes), 1) if len(codes) <= 2000 else []
        words = {"label": column.label, "value": value[:_TEXT], "near": near[0] if near else ""}
        if near:
            raise RuleError(_("%(label)s %(value)s does not exist; is %(near)s meant?") % words)
        raise RuleError(_("%(label)s %(value)s does not exist: create it first") % words)


def _seen(cell: Any) -> str:
    if isinstance(cell, Uncached):
        return f"={cell.formula}"[:_TEXT]
    if isinstance(cell, Broken):
        return cell.text[:_TEXT]
    if isinstance(cell, float):
        return f"{cell:.15g}"
    return "" if cell is None else str(cell)[:_TEXT]


def _check_merged(found: Import, grid: Grid, header: int, places: Mapping[str, int]) -> None:
    last = max(grid.rows)
    columns = set(places.values())
    for top, left, bottom, right in grid.merged:
        if bottom < header or top > last or columns.isdisjoint(range(left, min(right, max(columns, default=0)) + 1)):
            continue
        fault = Fault(grid.name, top, left, _("cells are merged here: unmerge them and fill in each one"))
        found.problems.add(fault)
        for row in found.rows:
            row.faulty = row.faulty or top <= row.number <= bottom


def _key(table: Table, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
    key = tuple(values.get(name) for name in table.key)
    return None if not key or None in key else key


def _check_keys(found: Import) -> None:
    first: dict[tuple[Any, ...], ImportRow] = {}
    name = found.table.key[0] if found.table.key else ""
    for row in found.rows:
        key = _key(found.table, row.values)
        if key is None:
            continue
        before = first.setdefault(key, row)
        if before is not row:
            rule = _("%(key)s stands already in %(cell)s: a row of its own may be there once") % {
                "key": " · ".join(str(part)[:_TEXT] for part in key),
                "cell": before.address(name),
            }
            found.problems.add(row.fault(name, rule))
            row.faulty = before.faulty = True


def _compare(found: Import, existing: Iterable[Any]) -> None:
    there = {
        key: values
        for one in existing
        for values in [{column.name: column.value(one) for column in found.table.columns}]
        if (key := _key(found.table, values)) is not None
    }
    for row in found.rows:
        key = _key(found.table, row.values)
        before = there.get(key) if key is not None else None
        if before is None:
            continue
        row.before = {name: before[name] for name in row.values}
        for column in found.columns:
            if _same(column, row.values[column.name], before[column.name]):
                row.values[column.name] = before[column.name]
        row.state = "same" if row.values == row.before else "changed"


def _same(column: Column, new: Any, old: Any) -> bool:
    """Tell whether two values are one, as far as a spreadsheet can keep them: 15 figures, milliseconds."""
    if new is None or old is None:
        return new is old
    if column.kind == "quantity":
        return bool(abs(new - old) <= 1e-14 * max(abs(new), abs(old)))
    if column.kind in ("moment", "duration"):
        return bool(abs(new - old) <= 500)
    return bool(new == old)


def _check_further(found: Import, check: Rule) -> None:
    for row in found.rows:
        if not row.faulty:
            for column, rule in check(row):
                found.problems.add(row.fault(column, rule))
                row.faulty = True
