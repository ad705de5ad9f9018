"""Machine code that was kept is of the source that is there now, and is kept where only its owner can write."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

from chanye.engines.jit import digest

CALLER = """
from called import step
from chanye.engines.jit import kernel

@kernel
def run(x):
    return step(x)

print(run(1))
"""
CALLED = """
from chanye.engines.jit import kernel

@kernel
def step(x):
    return x + {}
"""


def said(folder: Path, **settings: str) -> str:
    environment = {
        name: value for name, value in os.environ.items() if name not in {"NUMBA_CACHE_DIR", "XDG_CACHE_HOME"}
    }
    done = subprocess.run(
        [sys.executable, "caller.py"],
        cwd=folder,
        env=environment | settings,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout.strip()


def test_a_changed_step_is_compiled_anew(tmp_path: Path) -> None:
    source, kept = tmp_path / "engine", tmp_path / "kept"
    source.mkdir()
    (source / "caller.py").write_text(CALLER)
    (source / "called.py").write_text(CALLED.format(1))
    assert said(source, XDG_CACHE_HOME=str(kept)) == "2"
    (folder,) = (kept / "chanye" / "kernels").iterdir()
    assert folder.name == f"engine-{digest(source)}"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    code = {path: path.stat().st_mtime_ns for path in folder.rglob("*.nbc")}
    assert code
    assert said(source, XDG_CACHE_HOME=str(kept)) == "2"
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.nbc")} == code  # taken, not compiled again
    (source / "called.py").write_text(CALLED.format(2))
    assert said(source, XDG_CACHE_HOME=str(kept)) == "3"


def test_without_a_folder_to_write_it_compiles_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "caller.py").write_text(CALLER)
    (tmp_path / "called.py").write_text(CALLED.format(1))
    (tmp_path / "file").write_text("")
    assert said(tmp_path, NUMBA_CACHE_DIR=str(tmp_path / "file" / "kept")) == "2"
