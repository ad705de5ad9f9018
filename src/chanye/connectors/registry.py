"""One line a connector: ``name -> (module, class)``, imported when it is first needed.

Other packages add connectors through the entry-point group ``chanye.connectors``: the entry's name is the kind,
its value ``package.module:Class``. A built-in name cannot be replaced.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import cast

from pydantic import BaseModel, ValidationError

from chanye.connectors.types import Connector
from chanye.kernel.errors import ConfigError

BUILT_IN: dict[str, tuple[str, str]] = {
    "mtconnect": ("chanye.connectors.mtconnect.agent", "MtconnectAgent"),
    "shdr": ("chanye.connectors.mtconnect.adapter", "ShdrAdapter"),
    "mqtt": ("chanye.connectors.mqtt.connector", "MqttConnector"),
    "file": ("chanye.connectors.file.connector", "FolderConnector"),
}


def table() -> dict[str, tuple[str, str]]:
    """Return every known kind with the module and class that serve it."""
    found = {entry.name: (entry.module, entry.attr) for entry in entry_points(group="chanye.connectors")}
    return {**found, **BUILT_IN}


def kinds() -> list[str]:
    """Return the known kinds, sorted."""
    return sorted(table())


def connector_class(kind: str) -> type[Connector]:
    """Import and return the class of a kind.

    Raises
    ------
    ConfigError
        If no connector has that name, or what it needs is not installed.
    """
    known = table()
    if kind not in known:
        raise ConfigError(f"There is no connector {kind!r}. Known kinds: {', '.join(sorted(known))}.")
    module, name = known[kind]
    try:
        return cast("type[Connector]", getattr(import_module(module), name))
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"The connector {kind!r} cannot be loaded ({error}). Is its package installed?") from error


def check_options(kind: str, options: dict[str, object]) -> BaseModel:
    """Return the options of a kind, checked.

    Raises
    ------
    ConfigError
        Naming each wrong option and what is wrong with it.
    """
    model = connector_class(kind).Options
    try:
        return model.model_validate(options)
    except ValidationError as error:
        faults = [
            f"{'.'.join(str(part) for part in fault['loc']) or 'options'}: {fault['msg']}" for fault in error.errors()
        ]
        raise ConfigError(f"Options of {kind!r} are not valid. " + "; ".join(faults)) from error
