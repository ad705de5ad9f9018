"""``chanye connect`` and ``chanye import``: what a person types, and how progress and faults are shown."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from chanye.connectors import actions, queries
from chanye.connectors.file.faults import ImportRefusedError
from chanye.connectors.file.importer import Imported, import_tables
from chanye.connectors.file.mapping import ImportMap, load_map
from chanye.connectors.file.target import Target, find_target, open_history
from chanye.connectors.options import form_fields
from chanye.connectors.registry import kinds
from chanye.kernel.errors import ConfigError
from chanye.parties.types import SYSTEM

WORDS = {"digest": "Reading", "check": "Checking", "write": "Writing"}


def show_connections() -> None:
    """Print the connections."""
    table = Table("name", "kind", "site", "state", "why", "samples")
    for one in queries.connections(SYSTEM):
        table.add_row(one.name, one.kind, one.site, one.state, one.why, f"{one.samples:,}")
    Console().print(table)


def show_kinds(kind: str = "") -> None:
    """Print the kinds of connectors, or the options of one."""
    if not kind:
        Console().print("Kinds: " + ", ".join(kinds()))
        return
    table = Table("option", "default", "meaning")
    for field in form_fields(kind, {}):
        table.add_row(field.name, "required" if field.required else field.value, field.description)
    Console().print(table)


def _value(text: str) -> Any:
    """Read a value as TOML where it is TOML, else as plain text: ``port=7878``, ``host=box``, ``names={a="b"}``."""
    if text.startswith("@"):
        path = Path(text[1:])
        try:
            return (
                json.loads(path.read_text("utf-8"))
                if path.suffix == ".json"
                else tomllib.loads(path.read_text("utf-8"))
            )
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path} cannot be read: {error}.") from error
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        return text


def read_options(words: Sequence[str]) -> dict[str, Any]:
    """Return ``option=value`` words as options; ``option=@file.toml`` takes the value from a file.

    Raises
    ------
    ConfigError
        If a word has no equals sign.
    """
    options: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise ConfigError(f"Write options as name=value; {word!r} has no equals sign.")
        options[name] = _value(text)
    return options


def add(kind: str, name: str, site: str, group: str, words: Sequence[str]) -> None:
    """Add a connection."""
    target = find_target(SYSTEM, site)
    actions.add_connection(
        actor=SYSTEM, site_id=target.site_id, name=name, kind=kind, options=read_options(words), group=group
    )
    Console().print(f"Connection {name} is added; collect starts it within two seconds.")


@contextmanager
def _bar() -> Iterator[Any]:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("Reading", total=None)
        yield lambda doing, done, of: progress.update(task, description=WORDS[doing], completed=done, total=of)


def import_files(
    files: Sequence[Path],
    *,
    mapping: Path | None,
    form: str,
    site: str,
    connection: str,
    devices: Path | None,
    device: str,
    keep_good: bool,
) -> None:
    """Import files and say what became of them; faults are listed and end the command with status 1."""
    console = Console(stderr=True)
    missing = [str(file) for file in files if not file.is_file()]
    if missing:
        raise ConfigError(f"There is no file {', '.join(missing)}.")
    rules = load_map(mapping) if mapping else None
    form = form or (rules.file.format if rules else "shdr" if devices else "")
    target = find_target(SYSTEM, site, connection)
    try:
        with open_history() as history, _bar() as progress:
            done = list(_each(files, rules, form, devices, device, target, history, keep_good, progress))
    except ImportRefusedError as error:
        for fault in error.faults.first:
            console.print(str(fault), markup=False, highlight=False)
        hidden = error.faults.total - len(error.faults.first)
        console.print(f"… and {hidden} more" if hidden else "", markup=False)
        raise
    for one in done:
        _report(one)


def _each(
    files: Sequence[Path],
    rules: ImportMap | None,
    form: str,
    devices: Path | None,
    device: str,
    target: Target,
    history: Any,
    keep_good: bool,  # passed on by position inside this module only
    progress: Any,
) -> Iterator[Imported]:
    if form == "shdr":
        from chanye.connectors.file.shdr import import_shdr
        from chanye.connectors.mtconnect.adapter import ShdrOptions

        options = ShdrOptions(device=device, devices_xml=devices)
        for file in files:
            yield import_shdr(
                actor=SYSTEM,
                target=target,
                history=history,
                file=file,
                options=options,
                keep_good=keep_good,
                progress=progress,
            )
    elif rules is None:
        raise ConfigError(
            "A table needs a mapping that says what its columns mean: --map MAP.toml "
            "(see the how-to on importing files), or --devices DEVICES.xml for an SHDR recording."
        )
    else:
        rules = rules.model_copy(update={"file": rules.file.model_copy(update={"format": form})})
        yield import_tables(
            actor=SYSTEM,
            target=target,
            history=history,
            files=files,
            mapping=rules,
            keep_good=keep_good,
            progress=progress,
        )


def _report(done: Imported) -> None:
    console = Console()
    if done.already:
        console.print("This content is there already; nothing was changed.")
        return
    console.print(f"{done.stored:,} samples stored, source {done.source}.")
    for reason, n in sorted(done.counts.items()):
        console.print(f"  {reason}: {n:,}", markup=False)
