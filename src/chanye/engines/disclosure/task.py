"""What is to be protected."""

from __future__ import annotations

from dataclasses import dataclass

from chanye.engines.disclosure.rules import Rules
from chanye.engines.disclosure.table import Table
from chanye.engines.linear import F64, Flags


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A table to protect: what must go, what may, how far cells stay open, what each costs."""

    table: Table
    rules: Rules
    primary: Flags
    level: F64
    weight: F64
    never: Flags
