"""``chanye docs``: reference pages made from what the program says of itself, so that they cannot lie."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_HEAD = "<!-- Made by `chanye docs`; change the source, not this page. -->\n\n"


def settings_page() -> str:
    """Return the page of all settings: name, environment variable, default, meaning."""
    from chanye.kernel.settings import Settings

    rows = [
        f"| `{name}` | `CHANYE_{name.upper()}` | {_default(field.default)} | {_cell(field.description or '')} |"
        for name, field in Settings.model_fields.items()
    ]
    return (
        f"{_HEAD}# Settings\n\n"
        "Every setting is a line of `chanye.toml` in the working folder, or a variable of the environment, which\n"
        "wins. A misspelt name in the file is refused at start.\n\n"
        "| Name | Environment | Default | Meaning |\n| --- | --- | --- | --- |\n" + "\n".join(rows) + "\n"
    )


def _default(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "empty" if value == "" else f"`{value}`"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def cli_page(app: Any) -> str:
    """Return the page of all commands of a typer application, with their arguments and options."""
    import typer.main

    lines = [f"{_HEAD}# Command line\n"]
    for path, command in _commands("chanye", typer.main.get_command(app)):
        lines.append(f"## `{path}`\n\n{(command.help or '').strip()}\n")
        rows = [_parameter(parameter) for parameter in command.params if parameter.name != "help"]
        if rows:
            lines += ["| Option | Default | Meaning |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n"]
    return "\n".join(lines)


def _commands(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", {})
    if not children:
        yield path, command
    for name in sorted(children):
        yield from _commands(f"{path} {name}", children[name])


def _parameter(parameter: Any) -> str:
    is_argument = parameter.param_type_name == "argument"
    names = [parameter.name.upper()] if is_argument else [*parameter.opts, *parameter.secondary_opts]
    default = parameter.default
    unset = default is None or default is False or callable(default) or repr(default).startswith("Sentinel")
    shown = "" if unset or default in ("", ()) else f"`{default}`"
    return f"| {', '.join(f'`{name}`' for name in names)} | {shown} | {_cell(getattr(parameter, 'help', '') or '')} |"


def api_page() -> str:
    """Return the page of all operations of the HTTP API, from its OpenAPI document."""
    lines = [f"{_HEAD}# HTTP API\n"]
    if find_spec("chanye.web.api") is None:
        return lines[0] + "\nThis version has no HTTP API.\n"
    from importlib import import_module

    schema: dict[str, Any] = import_module("chanye.web.api").api.get_openapi_schema()
    lines.append(
        "Every call sends `Authorization: Bearer TOKEN`; make a token under *API tokens*. A browser\n"
        "that is signed in may read without one.\n"
    )
    for path, methods in sorted(schema.get("paths", {}).items()):
        for method, operation in sorted(methods.items()):
            lines += _operation(path, method, operation)
    return "\n".join(lines)


def _operation(path: str, method: str, operation: dict[str, Any]) -> list[str]:
    lines = [f"## `{method.upper()} {path}`\n"]
    text = operation.get("description") or operation.get("summary") or ""
    lines.append(f"{text.strip()}\n")
    rows = [
        f"| `{one['name']}` | {one['in']} | {'yes' if one.get('required') else 'no'} "
        f"| {_cell(one.get('description') or one.get('schema', {}).get('description', ''))} |"
        for one in operation.get("parameters", [])
    ]
    if rows:
        lines.append("| Parameter | In | Required | Meaning |\n| --- | --- | --- | --- |\n" + "\n".join(rows) + "\n")
    return lines


def pages(app: Any) -> dict[str, str]:
    """Return every generated page: name below ``docs/reference`` -> text."""
    # Defaults are those of the program, not of the machine on which the page is made.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chanye.web.settings")
    if find_spec("chanye.web.api") is not None:
        from chanye.cli import setup_django

        setup_django()
    return {"settings.md": settings_page(), "cli.md": cli_page(app), "api.md": api_page()}


def stale(folder: Path, app: Any) -> list[Path]:
    """Return the pages in ``folder`` that are missing or not what the program says now."""
    return [
        folder / name
        for name, text in pages(app).items()
        if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != text
    ]


def write(folder: Path, app: Any) -> list[Path]:
    """Write the stale pages and return them."""
    wrong = stale(folder, app)
    folder.mkdir(parents=True, exist_ok=True)
    for path in wrong:
        path.write_text(pages(app)[path.name], encoding="utf-8")
    return wrong
