"""Two firms and the people of one of them."""

from dataclasses import dataclass

from chanye.parties.types import Viewer

PASSWORD = "a long enough secret"


@dataclass(frozen=True)
class Firms:
    a: int
    b: int
    admin: Viewer
    manager: Viewer
    engineer: Viewer
    operator: Viewer
    stranger: Viewer
