"""What taking documents in and giving them out share: the schemas of an organisation, and what is there already."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from django.db.models import F

from chanye.domains.factory.b2mml.reading import Request, Schedule
from chanye.domains.factory.b2mml.schemas import Checker, compile_schemas, read_folder
from chanye.domains.factory.models import Order, Revision, SchemaFile
from chanye.domains.factory.rules.erp import KnownOrder, judge_request
from chanye.domains.factory.types.erp import Line
from chanye.kernel.settings import get_settings
from chanye.parties.types import SYSTEM
from chanye.spine import queries as spine

_KEPT = 8
_compiled: OrderedDict[tuple[object, ...], Checker] = OrderedDict()


def schema_folder() -> Path:
    """Return the folder of the server's schemas: as set, else in the data folder."""
    settings = get_settings()
    return Path(settings.b2mml_schemas) if settings.b2mml_schemas else settings.data / "schemas" / "b2mml"


def own_files(organisation_id: int) -> list[tuple[str, int, str, int]]:
    """Return the schema files of an organisation: name, number of the stored file, digest, size."""
    rows = SchemaFile.objects.filter(organisation_id=organisation_id).order_by("name")
    return list(rows.values_list("name", "file_id", "file__sha256", "file__size"))


def checker_of(organisation_id: int) -> Checker | None:
    """Return what documents of an organisation are checked with: its own set, else the server's, else None.

    Raises
    ------
    ConfigError
        If there is a set that cannot be used.
    """
    rows = own_files(organisation_id)
    key: tuple[object, ...] = tuple((name, digest) for name, _file, digest, _size in rows)
    if not rows:
        key = _stamps(schema_folder())
        if not key:
            return None
    if key not in _compiled:
        files = _contents(rows) if rows else read_folder(schema_folder())
        _compiled[key] = compile_schemas(files)
        while len(_compiled) > _KEPT:
            _compiled.popitem(last=False)
    return _compiled.get(key)


def _stamps(folder: Path) -> tuple[object, ...]:
    """Return what tells whether the files of a folder changed; empty if there are none."""
    try:
        found = [(path, path.stat()) for path in sorted(folder.glob("*.xsd"))]
    except OSError:
        return ()
    return tuple((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in found)


def _contents(rows: Iterable[tuple[str, int, str, int]]) -> dict[str, bytes]:
    refs = spine.files_by_id(SYSTEM, [row[1] for row in rows])
    found = {}
    for name, number, _digest, _size in rows:
        with spine.open_file(SYSTEM, refs[number]) as file:
            found[name] = file.read()
    return found


def lines_of(organisation_id: int, site_id: int, schedule: Schedule) -> list[tuple[Request, KnownOrder | None, Line]]:
    """Return what each request of a schedule would do, with the order that is there."""
    known = _known(organisation_id, [one.number for one in schedule.requests])
    rows = Revision.objects.filter(material__organisation_id=organisation_id, state="released")
    products = set(rows.values_list("material__code", flat=True))
    return [
        (one, known.get(one.number), judge_request(one, known.get(one.number), site_id, products))
        for one in schedule.requests
    ]


def _known(organisation_id: int, numbers: Sequence[str]) -> dict[str, KnownOrder]:
    found = {}
    for some in _parts(numbers):
        rows = Order.objects.filter(organisation_id=organisation_id, number__in=some).annotate(
            product=F("revision__material__code")
        )
        values = rows.values_list("number", "id", "site_id", "product", "ordered", "due", "priority", "note", "state")
        found.update({number: KnownOrder(*rest) for number, *rest in values})
    return found


def _parts(items: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), 500):
        yield items[start : start + 500]
