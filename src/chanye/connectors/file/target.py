"""Where an import goes: a site, or the site of a connection; and the historian, open here or in ``collect``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from django.db import transaction

from chanye.connectors.binding import declare_below
from chanye.connectors.client import RemoteHistory
from chanye.connectors.models import Connection
from chanye.connectors.types import TagDraft
from chanye.connectors.wire import SOCKET
from chanye.kernel.errors import ConfigError
from chanye.kernel.settings import get_settings
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.spine.history.types import Receipt, SourceState


class BulkHistory(Protocol):
    """What an import asks of the historian."""

    def encode(self, series: int, texts: Sequence[str]) -> list[int]:
        """Return codes of texts."""

    def source(self, name: str) -> SourceState:
        """Return what is known of a source."""

    def adopt(
        self, source: str, sequence: int, files: Sequence[Path], counts: Mapping[str, int], position: str = ""
    ) -> Receipt:
        """Make parts visible, all at once."""


@dataclass(frozen=True, slots=True)
class Target:
    """A site, and the name under which the historian counts what comes from there."""

    organisation_id: int
    site_id: int
    name: str

    def declare(self, tags: Sequence[TagDraft]) -> dict[str, int]:
        """Make assets and series that are missing; return address -> series. All or none."""
        with transaction.atomic():
            return declare_below(self.organisation_id, self.site_id, tags)


def find_target(viewer: Viewer, site: str = "", connection: str = "") -> Target:
    """Return the target that a person names; the only site if none is named.

    Raises
    ------
    ConfigError
        If there is no such site or connection, or none was named and there are several.
    """
    if connection:
        row = Connection.objects.filter(name=connection).first()
        if row is None:
            raise ConfigError(f"There is no connection {connection!r}; see 'chanye connect list'.")
        owner = spine.asset(viewer, row.site_id)
        return Target(owner.organisation_id, owner.id, connection)
    sites = spine.sites(viewer)
    found = [one for one in sites if not site or site in (one.code, one.path, one.name)]
    if len(found) != 1:
        known = ", ".join(one.path for one in sites) or "none yet; make one with 'chanye init'"
        raise ConfigError(f"Say into which site the data go with --site. Sites: {known}.")
    return Target(found[0].organisation_id, found[0].id, f"import:{found[0].code}")


@contextmanager
def open_history() -> Iterator[BulkHistory]:
    """Open the historian through ``collect`` if it runs, else directly.

    Raises
    ------
    ConfigError
        If another process writes it and is not ``collect``.
    """
    settings = get_settings()
    try:
        remote = RemoteHistory(settings.run_folder / SOCKET)
    except OSError:
        from chanye.spine.history import History

        with History(settings.history_folder, min_free_bytes=settings.min_free_mb << 20) as history:
            yield history
    else:
        with remote:
            yield remote
