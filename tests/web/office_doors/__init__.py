"""What the test of closed doors has to know of each subject of the office; a subject is one module here.

Each module has ``OWN``: names of pages about the viewer's own organisation, ``OPEN``: names of pages for anybody,
and ``numbers(firm) -> {"call_id": 3, ...}``: makes rows that show the
mark ``SECRET <code>`` and returns what stands in addresses, by the name of the argument.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

SUBJECTS: list[ModuleType] = [import_module(f"{__name__}.{one.name}") for one in iter_modules(__path__)]
OWN: set[str] = {name for subject in SUBJECTS for name in subject.OWN}
OPEN: set[str] = {name for subject in SUBJECTS for name in subject.OPEN}
