"""The schema files a plant supplies (MESA's, or an ERP's own), made into one checker: in memory, never over a wire.

The files refer to each other by name. Every reference is answered from the set itself; one that leads elsewhere is
refused before anything is compiled, so that neither the disk nor the network is ever asked.
"""

from __future__ import annotations

import hashlib
import io
import re
import threading
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from lxml import etree

from chanye.domains.factory.b2mml.document import NAMESPACE, Element, parse_xml
from chanye.kernel.errors import ConfigError

SCHEMA = "http://www.w3.org/2001/XMLSchema"
#: Limits of a set: files, bytes of one and of all of them unpacked, how often an element may be counted.
MOST_FILES, LARGEST_FILE, LARGEST_SET, MOST_COUNTED = 200, 2 << 20, 16 << 20, 10_000
#: Faults that are told of one document.
SHOWN = 5
_NAME = re.compile(r"[\w .()-]{1,120}\.xsd", re.ASCII | re.IGNORECASE)
#: What libxml2 says most often: an element too many, one too few, a value of another type.
_UNEXPECTED = re.compile(
    r"Element '([^']+)': This element is not expected\.(?: Expected is (?:one of )?\( (.+) \)\.)?"
)
_MISSING = re.compile(r"Element '([^']+)': Missing child element\(s\)\. Expected is (?:one of )?\( (.+) \)\.")
_VALUE = re.compile(r"Element '([^']+)': '(.*)' is not a valid value of the \w+ type '([^']+)'", re.DOTALL)
_REFERENCES = tuple(f"{{{SCHEMA}}}{name}" for name in ("include", "import", "redefine"))


class _Set(etree.Resolver):
    """Answers references from the set; what is not in it is an error."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files

    def resolve(self, url: str, _public: str, context: Any) -> Any:  # type: ignore[override]  # stubs lack context
        """Return the file of that name."""
        name = _last(url)
        if name not in self.files:
            raise ConfigError(_not_there(name))
        return self.resolve_string(self.files[name], context, base_url=name)


class Checker:
    """A set of schemas, compiled. ``digest``: of names and contents; ``roots``: the documents it describes."""

    def __init__(self, digest: str, roots: frozenset[str], schema: etree.XMLSchema) -> None:
        self.digest, self.roots = digest, roots
        self._schema = schema
        # The log of faults belongs to the schema, not to the call: one document at a time.
        self._turn = threading.Lock()

    def check(self, root: Element) -> bool:
        """Tell whether a document was checked: not if the set does not describe its root.

        Raises
        ------
        ConfigError
            With the line of every fault, at most five, and what to do.
        """
        if etree.QName(root).localname not in self.roots:
            return False
        with self._turn:
            if self._schema.validate(root):
                return True
            log: Iterable[Any] = self._schema.error_log  # type: ignore[assignment]  # the stubs do not let it iterate
            faults = [(one.line, _told(one.message)) for one in log]
        said = "\n".join(_("Line %(n)d: %(why)s") % {"n": line, "why": why} for line, why in faults[:SHOWN])
        more = len(faults) - SHOWN
        if more > 0:
            said += "\n" + _("… and %(n)d more.") % {"n": more}
        raise ConfigError(
            _("The document is not valid by your schemas.") + "\n" + said + "\n" + _("Correct it where it is made.")
        )


def _told(message: str) -> str:
    """Return what the validator says in words that say what to do; what is not known is said as it came."""
    plain = message.replace(f"{{{NAMESPACE}}}", "")
    if found := _UNEXPECTED.match(plain):
        said = (
            _("%(name)s does not belong here; expected is %(wanted)s.")
            if found[2]
            else _("%(name)s is one too many.")
        )
        return said % {"name": found[1], "wanted": found[2]}
    if found := _MISSING.match(plain):
        return _("%(name)s lacks %(wanted)s.") % {"name": found[1], "wanted": found[2]}
    if found := _VALUE.match(plain):
        words = {"name": found[1], "value": found[2][:60], "kind": found[3]}
        return _("%(name)s: %(value)s is no %(kind)s.") % words
    return plain[:300]


def read_files(sent: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    """Return schema files by name from what was sent: ``.xsd`` files, or ZIP archives of them.

    Raises
    ------
    ConfigError
        If there is nothing, too much, or something else.
    """
    found: dict[str, bytes] = {}
    for name, data in sent:
        inside = _unzip(name, data) if data[:4] == b"PK\x03\x04" else [(name, data)]
        for path, content in inside:
            own = _last(path)
            if not _NAME.fullmatch(own):
                raise ConfigError(_("%(name)s is no schema file: its name must end in .xsd.") % {"name": own[:100]})
            if found.setdefault(own, content) != content:
                raise ConfigError(_("There are two different files called %(name)s.") % {"name": own})
            _check_size(found)
    if not found:
        raise ConfigError(_("No schema file (.xsd) is in what was sent."))
    return found


def _unzip(name: str, data: bytes) -> list[tuple[str, bytes]]:
    """Unpack the schema files of an archive; sizes are counted while unpacking, not believed."""
    found: list[tuple[str, bytes]] = []
    room = LARGEST_SET
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                if entry.is_dir() or not entry.filename.lower().endswith(".xsd"):
                    continue
                if len(found) >= MOST_FILES:
                    raise ConfigError(_too_much())
                with archive.open(entry) as file:
                    content = file.read(min(LARGEST_FILE, room) + 1)
                room -= len(content)
                if room < 0 or len(content) > LARGEST_FILE:
                    raise ConfigError(_too_much())
                found.append((entry.filename, content))
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        OSError,
        EOFError,
        ValueError,
        zlib.error,
    ) as error:
        raise ConfigError(_("%(name)s cannot be unpacked: make the archive anew.") % {"name": name[:100]}) from error
    return found


def _check_size(files: Mapping[str, bytes]) -> None:
    sizes = [len(content) for content in files.values()]
    if len(sizes) > MOST_FILES or max(sizes) > LARGEST_FILE or sum(sizes) > LARGEST_SET:
        raise ConfigError(_too_much())


def _too_much() -> str:
    return _("A set has at most %(n)d files, %(one)d MB each and %(all)d MB together.") % {
        "n": MOST_FILES,
        "one": LARGEST_FILE >> 20,
        "all": LARGEST_SET >> 20,
    }


def read_folder(folder: Path) -> dict[str, bytes]:
    """Return the schema files of a folder; empty if it is not there or holds none.

    Raises
    ------
    ConfigError
        If they cannot be read, or are too many or too large.
    """
    try:
        paths = sorted(path for path in folder.glob("*.xsd") if path.is_file()) if folder.is_dir() else []
        if len(paths) > MOST_FILES or any(path.stat().st_size > LARGEST_FILE for path in paths):
            raise ConfigError(_too_much())
        return read_files((path.name, path.read_bytes()) for path in paths) if paths else {}
    except OSError as error:
        raise ConfigError(
            _("The schemas in %(folder)s cannot be read (setting b2mml_schemas): %(why)s")
            % {"folder": folder, "why": error.strerror or error}
        ) from error


def digest_of(files: Mapping[str, bytes]) -> str:
    """Return SHA-256 over names and contents."""
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(f"{name}\n{len(files[name])}\n".encode() + files[name])
    return whole.hexdigest()


def compile_schemas(files: Mapping[str, bytes]) -> Checker:
    """Return the checker of a set of schema files; a set is compiled once.

    Raises
    ------
    ConfigError
        Naming the file and what is wrong with it.
    """
    return _compile(digest_of(files), tuple(sorted(files.items())))


@lru_cache(maxsize=4)
def _compile(digest: str, files: tuple[tuple[str, bytes], ...]) -> Checker:
    names = {name for name, _content in files}
    ready: dict[str, bytes] = {}
    roots: set[str] = set()
    own = []
    for name, content in files:
        root = _read_schema(name, content, names)
        ready[name] = etree.tostring(root)
        if root.get("targetNamespace") == NAMESPACE:
            own.append(name)
            roots |= {one.get("name", "") for one in root.findall(f"{{{SCHEMA}}}element")}
    if not own:
        raise ConfigError(
            _("None of the files describes %(wanted)s: take the schemas of B2MML V0700.") % {"wanted": NAMESPACE}
        )
    whole = etree.Element(f"{{{SCHEMA}}}schema", targetNamespace=NAMESPACE)
    for name in own:
        etree.SubElement(whole, f"{{{SCHEMA}}}include", schemaLocation=name)
    parser = etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False)
    parser.resolvers.add(_Set(ready))
    try:
        schema = etree.XMLSchema(etree.fromstring(etree.tostring(whole), parser, base_url="set-of-schemas.xsd"))
    except (etree.XMLSchemaParseError, etree.XMLSyntaxError) as error:
        raise ConfigError(_("The schemas do not fit together: %(why)s") % {"why": str(error)[:300]}) from error
    return Checker(digest, frozenset(roots), schema)


def _read_schema(name: str, content: bytes, names: set[str]) -> Element:
    """Read one file; what it refers to must be in the set, and is from now on called by its plain name."""
    try:
        root = parse_xml(content)
    except ConfigError as error:
        raise ConfigError(f"{name}: {error}") from error
    if root.tag != f"{{{SCHEMA}}}schema":
        raise ConfigError(_("%(name)s is no XML schema.") % {"name": name})
    for one in root.iter(*_REFERENCES):
        location = one.get("schemaLocation")
        if location is None:
            continue
        if _last(location) not in names:
            raise ConfigError(f"{name}: {_not_there(_last(location))}")
        one.set("schemaLocation", _last(location))
    for one in root.iter():
        counted = one.get("maxOccurs", "") if isinstance(one.tag, str) else ""
        if counted.strip().isdigit() and int(counted[:9]) > MOST_COUNTED:
            raise ConfigError(_("%(name)s: maxOccurs is above %(n)d.") % {"name": name, "n": MOST_COUNTED})
    return root


def _last(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


def _not_there(name: str) -> str:
    return _("it refers to %(name)s, which is not in the set: add that file.") % {"name": name[:100] or "–"}
