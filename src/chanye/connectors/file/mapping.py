"""The mapping of an import: which column is which series, and how times are written. A TOML file.

A column is never guessed: without unit and kind a number has no meaning.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from chanye.connectors.types import TagDraft
from chanye.kernel.errors import ConfigError
from chanye.spine.history.types import Interpolation, Kind
from chanye.spine.types import SeriesDraft

Format = Literal["csv", "parquet", "shdr"]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"there is no time zone {name!r}; use e.g. Asia/Shanghai") from error
    return name


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FilePart(_Part):
    """How the file is written."""

    format: Format = Field("csv", description="csv, parquet or shdr.")
    layout: Literal["wide", "long"] = Field("wide", description="wide: one column a tag; long: one row a reading.")
    delimiter: str = Field(",", min_length=1, max_length=1, description="What separates the columns of a CSV file.")
    encoding: str = Field("utf-8", description="Of a CSV file, e.g. gb18030.")
    skip_rows: int = Field(0, ge=0, description="Rows before the header. [rows]")


class TimePart(_Part):
    """Where the time is and how it is written."""

    column: str = Field("time", description="Name of the column.")
    zone: Annotated[str, AfterValidator(_known_zone)] = Field(
        "UTC", description="Time zone of times that do not say theirs."
    )
    format: str = Field("iso", description="iso; unix_s, unix_ms, unix_us; or a pattern such as %d.%m.%Y %H:%M:%S.")


class LongPart(_Part):
    """The columns of a long file beside the time."""

    tag: str = Field("tag", description="Column with the tag.")
    value: str = Field("value", description="Column with the value.")
    quality: str = Field("", description="Column with good/uncertain/bad or 192/64/0; empty: all are good.")


class SeriesPart(_Part):
    """What one column, or one tag of a long file, means."""

    column: str = Field(description="Column of a wide file, tag of a long one.")
    code: str = Field("", description="Code of the series; empty: the column's name.")
    name: str = Field("", description="What people call it.")
    asset: list[str] = Field(
        default_factory=list,
        description="Assets below the site, outermost first, each kind/code or kind/code/name; empty: the site.",
    )
    unit: str = Field(description="UCUM unit that is stored: 1 for pure numbers, {part} for pieces.")
    source_unit: str = Field("", description="UCUM unit in the file if it is another one.")
    kind: Kind = Field("analog", description="analog, counter, state or text.")
    role: str | None = Field(None, description="What boards know it as, e.g. power.")
    interpolation: Interpolation = Field("stepped", description="stepped or sloped.")
    expected_interval: float | None = Field(None, gt=0, description="Usual time between samples. [s]")
    hold: float | None = Field(None, gt=0, description="Longest time a value is trusted. [s]")
    span: tuple[float, float] | None = Field(None, description="Low and high end of its scale.")
    states: dict[str, str] = Field(default_factory=dict, description="State text -> class of state.")
    missing: list[str] = Field(default_factory=lambda: [""], description="Cells that mean: no reading.")

    def draft(self) -> TagDraft:
        """Return it as a declaration."""
        path = [[*one.split("/", 2), ""][:3] for one in self.asset]
        series = SeriesDraft(
            code=self.code or self.column,
            kind=self.kind,
            unit=self.unit,
            name=self.name,
            role=self.role,
            interpolation=self.interpolation,
            expected_interval=_us(self.expected_interval),
            hold=_us(self.hold),
            span=self.span,
            states=self.states,
        )
        return TagDraft(self.column, series, tuple((kind, code, name) for kind, code, name in path))


def _us(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1e6)


class ImportMap(_Part):
    """A whole mapping."""

    file: FilePart = Field(default_factory=FilePart, description="How the file is written.")
    time: TimePart = Field(default_factory=TimePart, description="Where the time is.")
    long: LongPart = Field(default_factory=LongPart, description="Columns of a long file.")
    series: list[SeriesPart] = Field(min_length=1, description="What each column or tag means.")

    @model_validator(mode="after")
    def _plain(self) -> ImportMap:
        columns = [part.column for part in self.series]
        twice = sorted({name for name in columns if columns.count(name) > 1})
        if twice:
            raise ValueError(f"these columns are mapped twice: {', '.join(twice)}")
        for part in self.series:
            if any(len(one.split("/", 2)) < 2 for one in part.asset):
                raise ValueError(f"asset of {part.column}: write kind/code or kind/code/name")
            part_factor(part)
        return self


def part_factor(part: SeriesPart) -> tuple[float, float]:
    """Return factor and offset from the file's unit to the stored one: stored = read * factor + offset."""
    if not part.source_unit or part.source_unit == part.unit:
        return 1.0, 0.0
    from chanye.kernel.units import convert

    try:
        offset = float(convert(0.0, part.source_unit, part.unit))
        return float(convert(1.0, part.source_unit, part.unit)) - offset, offset
    except ConfigError as error:
        raise ValueError(f"unit of {part.column}: {error}") from error


def parse_map(text: str, origin: str = "the mapping") -> ImportMap:
    """Return the mapping in TOML.

    Raises
    ------
    ConfigError
        Naming the entry that is wrong.
    """
    try:
        return ImportMap.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{origin} is not valid TOML: {error}.") from error
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'mapping'}: {fault['msg']}" for fault in error.errors()]
        raise ConfigError(f"{origin} is not a valid mapping. " + "; ".join(faults)) from error


def load_map(path: Path) -> ImportMap:
    """Return the mapping in a file; ``ConfigError`` if it cannot be read."""
    try:
        return parse_map(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The mapping {path} cannot be read: {error}.") from error
