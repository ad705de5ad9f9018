"""What a bench prints."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number, the peer's number beside it, and the bar it must reach."""

    name: str
    value: float
    unit: str
    peer: str = ""
    peer_value: float | None = None
    ratio: float | None = None
    bar: str = ""
    holds: bool | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """All figures of one bench."""

    bench: str
    machine: str
    figures: tuple[Figure, ...]

    def as_dict(self) -> dict[str, object]:
        """Return what ``--json`` prints."""
        return asdict(self)


def machine() -> str:
    """Describe the machine: cores, processor, memory, system, Python."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    return (
        f"{os.cpu_count()} cores, {model}, {memory} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}"
    )


def reset_peak() -> float:
    """Forget the peak of resident memory; return what is resident now. [MB]."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def peak() -> float:
    """Return the peak of resident memory since ``reset_peak``. [MB]."""
    return _status("VmHWM")


def _status(key: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) / 1024
    return 0.0
