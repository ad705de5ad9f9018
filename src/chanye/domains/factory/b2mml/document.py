"""XML of strangers, read safely: no entities, no network, limits, and a path in every error."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.utils.translation import gettext as _
from lxml import etree

from chanye.kernel.errors import ConfigError

NAMESPACE = "http://www.mesa.org/xml/B2MML"
#: Largest document [bytes], and most entries that one holds: they are written all or none, and others wait meanwhile.
LARGEST, MOST = 20 << 20, 1_000
#: Most tags of a document: what a small one can blow up to in memory is bounded as well.
DENSEST = 1_500_000
#: Verbs of transactions that bring something to be taken; Cancel, Get and answers mean something else.
VERBS = ("Process", "Sync", "Show")
Element = etree._Element  # noqa: SLF001  # lxml's only name for the type


def tag(name: str) -> str:
    """Return a name in the namespace of B2MML."""
    return f"{{{NAMESPACE}}}{name}"


def parse_xml(data: bytes) -> Element:
    """Return the root of a document: no entity is resolved, nothing is fetched, no document type is taken.

    Raises
    ------
    ConfigError
        If it is too large or too dense, not well formed, or has a document type.
    """
    if len(data) > LARGEST or data.count(b"<") > DENSEST:
        raise ConfigError(_("The document is larger than %(n)d MB: send it in parts.") % {"n": LARGEST >> 20})
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise ConfigError(_("This is not well-formed XML: %(why)s") % {"why": str(error)[:200]}) from error
    if getattr(root.getroottree().docinfo, "doctype", ""):
        raise ConfigError(_("A document type (DOCTYPE) is not allowed: send the document without it."))
    return root


def read_root(data: bytes) -> Element:
    """Return the root of a B2MML document.

    Raises
    ------
    ConfigError
        As ``parse_xml``, or if it is in another namespace.
    """
    root = parse_xml(data)
    if etree.QName(root).namespace != NAMESPACE:
        raise ConfigError(
            _("The namespace must be %(wanted)s (B2MML V0700), not %(seen)s.")
            % {"wanted": NAMESPACE, "seen": etree.QName(root).namespace or "–"}
        )
    return root


def part_of(root: Element, name: str) -> Element | None:
    """Return the element ``name``: the root, or the one inside a transaction that brings it; None if neither.

    Raises
    ------
    ConfigError
        If a transaction holds several: what the others say must not be lost.
    """
    if root.tag == tag(name):
        return root
    if root.tag not in [tag(verb + name) for verb in VERBS]:
        return None
    found = root.findall(f"{tag('DataArea')}/{tag(name)}")
    if len(found) > 1:
        raise ConfigError(_("There are %(n)d %(name)s in it: send each by itself.") % {"n": len(found), "name": name})
    return found[0] if found else None


def read_document(data: bytes, name: str, check: Callable[[Element], object] | None = None) -> Element:
    """Return the element ``name`` of a document: its root, or inside a transaction.

    Parameters
    ----------
    check
        Asked before anything is read from it, with the root; raises ConfigError if the document is not valid.

    Raises
    ------
    ConfigError
        As ``read_root``, or if it is another document or not valid.
    """
    root = read_root(data)
    found = part_of(root, name)
    if found is None:
        raise ConfigError(
            _("%(wanted)s is expected, not %(seen)s.") % {"wanted": name, "seen": etree.QName(root).localname}
        )
    if check is not None:
        check(root)
    return found


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


def where(element: Element) -> str:
    """Return line and path of an element."""
    return _("Line %(n)d: %(why)s") % {"n": element.sourceline or 0, "why": path_of(element)}


def fault(element: Element, why: str) -> ConfigError:
    """Return the error that says what is wrong with an element."""
    return ConfigError(f"{where(element)}: {why}")


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
