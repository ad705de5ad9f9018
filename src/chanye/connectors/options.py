"""A connector's options as fields of a form, and back. The fields come from the pydantic model alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chanye.connectors.registry import connector_class
from chanye.kernel.errors import ConfigError

Widget = Literal["text", "number", "checkbox", "select", "password", "json"]


@dataclass(frozen=True, slots=True)
class Field:
    """One option as a form shows it. ``value`` is what stands in the input; secrets are never shown."""

    name: str
    label: str
    description: str
    widget: Widget
    required: bool
    value: str
    choices: tuple[Any, ...] = ()
    step: str = "any"


def _widget(schema: Mapping[str, Any]) -> Widget:
    if schema.get("format") == "password" or schema.get("writeOnly"):
        return "password"
    if "enum" in schema or "const" in schema:
        return "select"
    widgets: dict[str, Widget] = {"boolean": "checkbox", "integer": "number", "number": "number", "string": "text"}
    return widgets.get(schema.get("type", ""), "json")


def _plain(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of one option with references and "or null" taken away."""
    found = dict(schema)
    for choice in found.pop("anyOf", []):
        if choice.get("type") != "null":
            found = {**choice, **found}
            break
    reference = str(found.pop("$ref", ""))
    if reference:
        found = {**definitions.get(reference.rpartition("/")[2], {}), **found}
    return found


def _shown(widget: Widget, value: Any) -> str:
    if value is None or widget == "password":
        return ""
    if widget == "checkbox":
        return "on" if value else ""
    return json.dumps(value, ensure_ascii=False, indent=1) if widget == "json" else str(value)


def _schemas(kind: str) -> tuple[dict[str, dict[str, Any]], set[str]]:
    whole = connector_class(kind).Options.model_json_schema()
    definitions = whole.get("$defs", {})
    return (
        {name: _plain(schema, definitions) for name, schema in whole.get("properties", {}).items()},
        set(whole.get("required", [])),
    )


def form_fields(kind: str, options: Mapping[str, Any]) -> list[Field]:
    """Return the fields of a kind's options with the present values or defaults."""
    schemas, required = _schemas(kind)
    fields = []
    for name, schema in schemas.items():
        widget = _widget(schema)
        fields.append(
            Field(
                name=name,
                label=str(schema.get("title", name)),
                description=str(schema.get("description", "")),
                widget=widget,
                required=name in required,
                value=_shown(widget, options.get(name, schema.get("default"))),
                choices=tuple(schema.get("enum", ())),
                step="1" if schema.get("type") == "integer" else "any",
            )
        )
    return fields


def secret_options(kind: str) -> set[str]:
    """Return the names of options that are never shown."""
    return {name for name, schema in _schemas(kind)[0].items() if _widget(schema) == "password"}


def read_form(kind: str, sent: Mapping[str, str], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return options from what a form sent: an empty field means the default, an empty secret the old one.

    Raises
    ------
    ConfigError
        If a field that holds a structure is not JSON.
    """
    options: dict[str, Any] = {}
    for field in form_fields(kind, before):
        text = sent.get(field.name, "").strip()
        if field.widget == "checkbox":
            options[field.name] = bool(text)
        elif field.widget == "password" and not text:
            if before.get(field.name):
                options[field.name] = before[field.name]
        elif text:
            options[field.name] = _parsed(field, text)
    return options


def _parsed(field: Field, text: str) -> Any:
    if field.widget == "select":
        # The choice itself, for it may be a number: whatever is none of them, the model refuses in its own words.
        return {str(choice): choice for choice in field.choices}.get(text, text)
    if field.widget != "json":
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{field.label}: this is not valid JSON ({error}).") from error
