"""Calls as other parts see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: a kind of ``rules.kinds.KINDS``, its values, and the clause it stands on."""

    kind: str
    value: Mapping[str, Any]
    clause: str = ""


@dataclass(frozen=True, slots=True)
class CallRef:
    """A call with the rules of one version. Moments in us UTC."""

    id: int
    office_id: int
    office: str
    code: str
    title: str
    summary: str
    authority: str
    state: str
    version: int
    rules: tuple[Rule, ...]

    def rule(self, kind: str) -> Mapping[str, Any]:
        """Return the values of a rule; empty if the call has none of the kind."""
        return next((one.value for one in self.rules if one.kind == kind), {})

    @property
    def opens(self) -> date | None:
        """First day on which it takes applications."""
        return _day(self.rule("window").get("from"))

    @property
    def closes(self) -> date | None:
        """Last day on which it takes applications."""
        return _day(self.rule("window").get("to"))

    def takes(self, today: date) -> bool:
        """Tell whether it takes applications on a day."""
        return self.state == "open" and (self.opens or today) <= today <= (self.closes or today)


def _day(text: object) -> date | None:
    return date.fromisoformat(text) if isinstance(text, str) and text else None
