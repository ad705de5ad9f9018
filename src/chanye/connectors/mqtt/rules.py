"""The rules by which a topic and its payload become readings: data, checked when they are read."""

from __future__ import annotations

from functools import cached_property
from typing import Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from chanye.connectors.mqtt.topics import Path, TopicPattern, field_names, parse_path, parse_pattern
from chanye.spine.history.types import Interpolation, Kind
from chanye.spine.types import ROLES, AssetKind

TimeFormat = Literal["s", "ms", "us", "ns", "iso"]


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TimeRule(_Rule):
    """Where a payload says when it was measured."""

    path: str = Field(description="Path of the time, e.g. `$.ts`; `$$.ts` starts at the whole payload.")
    format: TimeFormat = Field("iso", description="Epoch in s, ms, us or ns, or ISO 8601 text.")
    zone: str = Field("UTC", description="Time zone of ISO times that carry no offset, e.g. `Asia/Shanghai`.")

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"There is no time zone {zone!r}: write one like Asia/Shanghai.") from None
        return zone

    @field_validator("path")
    @classmethod
    def _parses(cls, path: str) -> str:
        return _one(path)

    @cached_property
    def steps(self) -> tuple[bool, Path]:
        """The parsed path."""
        return parse_path(self.path)

    @cached_property
    def zoneinfo(self) -> ZoneInfo:
        """The zone."""
        return ZoneInfo(self.zone)


class ValueRule(_Rule):
    """One value of a payload and the series it becomes."""

    path: str = Field("$", description="Path of the value, e.g. `$.power_kw` or `$.phase[0].u`; `$` is the payload.")
    code: str = Field(min_length=1, max_length=200, description="Tag name of the series; may hold `{fields}`.")
    unit: str = Field(min_length=1, description="UCUM unit, e.g. `kW`; `1` for pure numbers, `{part}` for pieces.")
    kind: Kind = Field("analog", description="analog, state, counter or text.")
    role: str | None = Field(None, description="Meaning for boards and rules, e.g. power, energy, execution.")
    name: str = Field("", description="Name for people; may hold `{fields}`.")
    interpolation: Interpolation = Field("stepped", description="stepped: a value holds; sloped: straight lines.")
    expected_interval_s: float | None = Field(None, gt=0, description="Usual time between values. [s]")
    hold_s: float | None = Field(None, gt=0, description="Longest time a value is trusted without a new one. [s]")
    unit_path: str = Field("", description="Path of the unit the payload states; another unit is refused.")
    states: dict[str, str] = Field(default_factory=dict, description="State text to state class, for state series.")

    @field_validator("path")
    @classmethod
    def _parses(cls, path: str) -> str:
        return _one(path)

    @field_validator("unit_path")
    @classmethod
    def _unit_parses(cls, path: str) -> str:
        return _one(path) if path else path

    @field_validator("role")
    @classmethod
    def _known_role(cls, role: str | None) -> str | None:
        if role is not None and role not in ROLES:
            raise ValueError(f"There is no role {role!r}. Known: {', '.join(ROLES)}.")
        return role

    @cached_property
    def steps(self) -> tuple[bool, Path]:
        """The parsed path."""
        return parse_path(self.path)

    @cached_property
    def unit_steps(self) -> tuple[bool, Path]:
        """The parsed path of the unit."""
        return parse_path(self.unit_path)


class AssetRule(_Rule):
    """One node of the asset path."""

    kind: AssetKind = Field("work_unit", description="Kind of asset, e.g. area, work_centre, work_unit.")
    code: str = Field(min_length=1, description="Its code; may hold `{fields}`.")
    name: str = Field("", description="Its name; may hold `{fields}`; empty: the code.")


class TopicRule(_Rule):
    """What the messages of one topic pattern mean. The first rule that matches a topic decides."""

    topic: str = Field(description="Topic pattern with fields, e.g. `factory/{asset}/{_}/meter`.")
    payload: Literal["json", "plain"] = Field(
        "json", description="json; plain: the whole payload is one number or text."
    )
    each: str = Field("", description="Path of records in the payload, e.g. `$.samples[*]`; paths start at each.")
    fields: dict[str, str] = Field(
        default_factory=dict, description="More fields from the payload: name to path, e.g. `{meter: $.id}`."
    )
    time: TimeRule | None = Field(None, description="Where the time is; none: the time of arrival.")
    assets: tuple[AssetRule, ...] | None = Field(
        None,
        description="Asset path below the site; none: the work unit `{asset}` if that field exists, else the site.",
    )
    values: tuple[ValueRule, ...] = Field(min_length=1, description="The values to read.")

    @field_validator("topic")
    @classmethod
    def _pattern_parses(cls, topic: str) -> str:
        parse_pattern(topic)
        return topic

    @field_validator("each")
    @classmethod
    def _each_parses(cls, each: str) -> str:
        if each:
            parse_path(each)
        return each

    @field_validator("fields")
    @classmethod
    def _fields_parse(cls, fields: dict[str, str]) -> dict[str, str]:
        for name, path in fields.items():
            if not name.isidentifier() or name == "_":
                raise ValueError(f"{name!r} is not a field name: use letters, digits and _.")
            _one(path)
        return fields

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        known = {*self.pattern.fields, *self.fields}
        texts = [text for rule in self.asset_rules for text in (rule.code, rule.name)]
        texts += [text for rule in self.values for text in (rule.code, rule.name)]
        for text in texts:
            for name in field_names(text):
                if name not in known:
                    raise ValueError(f"{{{name}}} in {text!r} is neither in the topic {self.topic!r} nor in fields.")
        if self.payload == "plain":
            plain = len(self.values) == 1 and self.values[0].path == "$"
            if not plain or self.each or self.fields or self.time or self.values[0].unit_path:
                raise ValueError(
                    "A plain payload is one value with the path $ and no each, fields, time or unit_path."
                )
        paths = [(rule.path, rule.code) for rule in self.values]
        if len({path for path, _ in paths}) != len(paths) or len({code for _, code in paths}) != len(paths):
            raise ValueError(f"Two values of {self.topic!r} have the same path or code: each needs its own.")
        return self

    @cached_property
    def pattern(self) -> TopicPattern:
        """The compiled topic pattern."""
        return parse_pattern(self.topic)

    @cached_property
    def each_steps(self) -> tuple[bool, Path] | None:
        """The parsed path of the records."""
        return parse_path(self.each) if self.each else None

    @cached_property
    def field_steps(self) -> dict[str, tuple[bool, Path]]:
        """The parsed paths of the fields."""
        return {name: parse_path(path) for name, path in self.fields.items()}

    @cached_property
    def asset_rules(self) -> tuple[AssetRule, ...]:
        """The asset path with its default."""
        if self.assets is not None:
            return self.assets
        named = "asset" in {*parse_pattern(self.topic).fields, *self.fields}
        return (AssetRule(code="{asset}"),) if named else ()


def _one(path: str) -> str:
    if None in parse_path(path)[1]:
        raise ValueError(f"{path!r} names many values: put the part up to [*] into `each`.")
    return path
