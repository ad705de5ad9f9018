"""A JSON document that knows where each of its members stands, so that a refusal names the member."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

from django.utils.translation import gettext as _

from chanye.kernel.errors import ConfigError

LONGEST = 1_000


class Node:
    """A value of the document and its path, e.g. ``epcisBody.eventList[3].epcList``."""

    def __init__(self, value: Any, path: str = "") -> None:
        self.value = value
        self.path = path

    def refuse(self, why: str) -> NoReturn:
        """Refuse the document, naming this member."""
        raise ConfigError(_("%(path)s: %(why)s") % {"path": self.path or _("document"), "why": why})

    def has(self, name: str) -> bool:
        """Tell whether an object has a member that says something."""
        return isinstance(self.value, dict) and self.value.get(name) not in (None, [], "")

    def get(self, name: str) -> Node:
        """Return a member, which may be missing."""
        if not isinstance(self.value, dict):
            self.refuse(_("an object is expected here."))
        return Node(self.value.get(name), f"{self.path}.{name}" if self.path else name)

    def items(self) -> Iterator[Node]:
        """Yield the members of a list; none if it is missing."""
        if self.value is None:
            return
        if not isinstance(self.value, list):
            self.refuse(_("a list is expected here."))
        for i, value in enumerate(self.value):
            yield Node(value, f"{self.path}[{i}]")

    def text(self, default: str | None = None) -> str:
        """Return a text; missing, the default if there is one."""
        if self.value is None and default is not None:
            return default
        if not isinstance(self.value, str) or not self.value.strip() or len(self.value) > LONGEST:
            self.refuse(_("a text is expected here."))
        if "\x00" in self.value:
            self.refuse(_("the text holds a character that cannot be kept."))
        return str(self.value).strip()

    def number(self) -> float | int:
        """Return a number above zero."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float) or not 0 < self.value < 1e11:
            self.refuse(_("a number above 0 is expected here."))
        return self.value
