"""XML of strangers, read safely: no entities, no network, limits, and a path in every error."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from django.utils.translation import gettext as _
from lxml import etree

from chanye.kernel.errors import ConfigError

NAMESPACE = "http://www.mesa.org/xml/B2MML"
#: Largest document [bytes] and most entries that one holds.
LARGEST, MOST = 20 << 20, 10_000
Element = etree._Element  # noqa: SLF001  # lxml's only name for the type


def tag(name: str) -> str:
    """Return a name in the namespace of B2MML."""
    return f"{{{NAMESPACE}}}{name}"


def read_document(data: bytes, name: str, *, schemas: str = "") -> Element:
    """Return the element ``name`` of a document: its root, or inside a transaction (``ProcessX``, ``SyncX``).

    Parameters
    ----------
    schemas
        Folder with the schema files of B2MML; the document is validated against them if it is given.

    Raises
    ------
    ConfigError
        If it is too large, not well formed, has a document type, is in another namespace or not valid.
    """
    if len(data) > LARGEST:
        raise ConfigError(_("The document is larger than %(n)d MB: send it in parts.") % {"n": LARGEST >> 20})
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ConfigError(_("This is not well-formed XML: %(why)s") % {"why": str(error)[:200]}) from error
    if getattr(root.getroottree().docinfo, "doctype", ""):
        raise ConfigError(_("A document type (DOCTYPE) is not allowed: send the document without it."))
    if etree.QName(root).namespace != NAMESPACE:
        raise ConfigError(
            _("The namespace must be %(wanted)s (B2MML V0700), not %(seen)s.")
            % {"wanted": NAMESPACE, "seen": etree.QName(root).namespace or "–"}
        )
    found = root if root.tag == tag(name) else root.find(f"{tag('DataArea')}/{tag(name)}")
    if found is None:
        raise ConfigError(
            _("%(wanted)s is expected, not %(seen)s.") % {"wanted": name, "seen": etree.QName(root).localname}
        )
    if schemas:
        _validate(root, schemas)
    return found


def _validate(root: Element, folder: str) -> None:
    try:
        _schema(folder).assertValid(root)
    except etree.DocumentInvalid as error:
        raise ConfigError(_("It is not valid by the schema: %(why)s") % {"why": str(error)[:300]}) from error


@lru_cache(maxsize=2)
def _schema(folder: str) -> etree.XMLSchema:
    path = Path(folder) / "AllSchemas.xsd"
    try:
        return etree.XMLSchema(etree.parse(str(path), etree.XMLParser(no_network=True, resolve_entities=False)))
    except (OSError, etree.XMLSchemaParseError, etree.XMLSyntaxError) as error:
        raise ConfigError(
            _("The schemas in %(folder)s cannot be read (setting b2mml_schemas): %(why)s")
            % {"folder": folder, "why": str(error)[:200]}
        ) from error


def path_of(element: Element) -> str:
    """Return where an element stands: ``/OperationsSchedule/OperationsRequest[2]/ID``."""
    steps = []
    at: Element | None = element
    while at is not None:
        name = etree.QName(at).localname
        above = at.getparent()
        twins = [] if above is None else above.findall(str(at.tag))
        steps.append(f"{name}[{twins.index(at) + 1}]" if len(twins) > 1 else name)
        at = above
    return "/" + "/".join(reversed(steps))


def fault(element: Element, why: str) -> ConfigError:
    """Return the error that says what is wrong with an element."""
    return ConfigError(f"{path_of(element)}: {why}")


def children(element: Element, name: str) -> Iterator[Element]:
    """Yield the children of a name."""
    yield from element.findall(tag(name))


def text_of(element: Element, name: str, *, required: bool = False, most: int = 200) -> str:
    """Return the text of a child, empty if there is none.

    Raises
    ------
    ConfigError
        If it is required and missing, too long, or holds what cannot be stored.
    """
    found = element.find(tag(name))
    text = (found.text or "").strip() if found is not None else ""
    if required and not text:
        raise fault(element, _("%(name)s is missing.") % {"name": name})
    if len(text) > most or not text.isprintable():
        raise fault(element, _("%(name)s is too long, or holds characters that cannot be shown.") % {"name": name})
    return text
