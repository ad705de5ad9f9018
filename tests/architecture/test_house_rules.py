"""The product keeps the rules of the house, and each check is able to say that it does not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from architecture import checks

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "chanye"
Check = Callable[[Path], list[str]]

# check, where a violation is planted, the violation
PLANTED: list[tuple[Check, str, str]] = [
    (checks.long_modules, "spine/long.py", "x = 1\n" * 601),
    (checks.long_functions, "spine/long.py", "def f():\n" + "    x = 1\n" * 80),
    (checks.silencers_without_reason, "web/a.py", "x = 1  # type: ignore\n"),
    (checks.silencers_without_reason, "web/a.py", "x = 1  # type: ignore[misc]\n"),
    (checks.silencers_without_reason, "web/a.py", "x = 1  # noqa: S608\n"),
    (checks.silencers_without_reason, "web/a.py", "x = 1  # noqa  # because\n"),
    (checks.undocumented, "engines/a.py", "def think():\n    return 1\n"),
    (checks.undocumented, "protocols/a.py", 'class A:\n    """Say."""\n    def b(self):\n        return 1\n'),
    (checks.impure_imports, "kernel/a.py", "import django\n"),
    (checks.impure_imports, "engines/a.py", "def f():\n    from django.db import models\n"),
    (checks.too_much_javascript, "web/static/a.js", "x\n" * 2001),
    (checks.actions_without_actor, "spine/actions.py", "def do_it(actor): ...\n"),
    (checks.actions_without_actor, "domains/factory/actions/part.py", "def do_it(*, who): ...\n"),
    (checks.queries_without_viewer, "spine/queries.py", "def ask(series, viewer): ...\n"),
    (checks.sql_by_formatting, "spine/a.py", 'c.execute(f"SELECT {x}")\n'),
    (checks.sql_by_formatting, "spine/a.py", 'c.execute("SELECT %s" % x)\n'),
    (checks.sql_by_formatting, "spine/a.py", 'c.execute("SELECT {}".format(x))\n'),
    (checks.sql_by_formatting, "spine/a.py", 'T.objects.raw("SELECT " + x)\n'),
    (checks.sql_by_formatting, "spine/a.py", 'def f(x):\n    s = f"SELECT {x}"\n    c.execute(s)\n'),
    (checks.sql_by_formatting, "spine/a.py", 'def f(x):\n    s: str = "SELECT %s" % x\n    c.execute(s)\n'),
    (checks.sql_by_formatting, "spine/a.py", 's = "SELECT {}".format(x)\nT.objects.raw(s)\n'),
    (checks.sql_by_formatting, "spine/a.py", 'def f(x):\n    s = "SELECT 1"\n    s += x\n    c.execute(s)\n'),
    (checks.sql_by_formatting, "spine/a.py", 'def f(x):\n    c.execute(s := f"SELECT {x}")\n'),
    (checks.models_across_rooms, "domains/factory/a.py", "from chanye.spine.models import Asset\n"),
    (checks.models_across_rooms, "domains/factory/a.py", "from chanye.spine import models\n"),
    (checks.models_across_rooms, "web/a.py", "def f():\n    import chanye.parties.models\n"),
]

FINE = '''"""Fine."""

z = 1  # noqa: S608, E501  # the statement is a constant
x = y  # type: ignore[misc]  # the stub is wrong


def ask(viewer, series):
    """Ask."""
    cursor.execute("SELECT %s", [series])
    plain = "SELECT 1"
    cursor.execute(plain)
    own = f"SELECT {column}"  # noqa: S608  # a column of our own
    cursor.execute(own)
    said = f"{series}"
'''


@pytest.mark.parametrize("check", sorted({row[0] for row in PLANTED}, key=lambda c: c.__name__))
def test_the_product_keeps_the_rule(check: Check) -> None:
    assert check(PACKAGE) == []


@pytest.mark.parametrize(("check", "path", "text"), PLANTED)
def test_a_planted_violation_is_reported(check: Check, path: str, text: str, tmp_path: Path) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    fine = tmp_path / "spine" / "queries_of.py"
    fine.parent.mkdir(exist_ok=True)
    fine.write_text(FINE)
    assert check(tmp_path) == []
    (tmp_path / path).write_text(text)
    found = check(tmp_path)
    assert len(found) >= 1
    assert "queries_of" not in "".join(found)


def test_the_95th_percentile_is_a_limit_too(tmp_path: Path) -> None:
    (tmp_path / "spine").mkdir()
    for i in range(20):
        (tmp_path / "spine" / f"m{i}.py").write_text("x = 1\n" * (401 if i < 2 else 5))
        (tmp_path / "spine" / f"f{i}.py").write_text("def f():\n" + "    x = 1\n" * (41 if i < 2 else 2))
    assert [w for w in checks.long_modules(tmp_path) if "95 %" in w] == []
    (tmp_path / "spine" / "m5.py").write_text("x = 1\n" * 401)
    assert "95 % of modules have up to 401" in checks.long_modules(tmp_path)[0]
    assert "95 % of functions have up to 42" in checks.long_functions(tmp_path)[0]


def test_a_percentile_by_hand() -> None:
    assert checks.percentile_95(list(range(1, 101))) == 95
    assert checks.percentile_95([7]) == 7


def _contracts(root: Path) -> subprocess.CompletedProcess[str]:
    code = (
        "import sys; from importlinter.cli import lint_imports; "
        "sys.exit(lint_imports(config_filename='.importlinter', no_cache=True))"
    )
    env = os.environ | {"PYTHONPATH": str(root / "src"), "COLUMNS": "200"}
    return subprocess.run([sys.executable, "-c", code], cwd=root, env=env, capture_output=True, text=True)


def test_imports_go_down() -> None:
    done = _contracts(ROOT)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


@pytest.mark.slow
def test_planted_imports_are_reported(tmp_path: Path) -> None:
    """One copy, one wrong import for each contract."""
    shutil.copy(ROOT / ".importlinter", tmp_path)
    shutil.copytree(PACKAGE, tmp_path / "src" / "chanye", ignore=shutil.ignore_patterns("__pycache__", "static"))
    package = tmp_path / "src" / "chanye"
    (package / "kernel" / "planted.py").write_text("import sqlite3\n")  # pure
    (package / "parties" / "planted.py").write_text("import chanye.spine.types\n")  # layers
    (package / "web" / "planted.py").write_text("import chanye.connectors.types\n")  # devices
    (package / "twin" / "planted.py").write_text("import chanye.spine.types\n")  # twin
    (package / "unplaced").mkdir()  # layers are exhaustive
    (package / "unplaced" / "__init__.py").write_text("")
    (package / "spine" / "one.py").write_text("import chanye.spine.two\n")  # no cycles
    (package / "spine" / "two.py").write_text("import chanye.spine.one\n")
    (package / "domains" / "orchard").mkdir(exist_ok=True)  # rooms that do not know each other
    (package / "domains" / "orchard" / "__init__.py").write_text("import chanye.domains.factory.types\n")
    said = " ".join(_contracts(tmp_path).stdout.split())
    for contract in (
        "Kernel, engines and protocols are pure BROKEN",
        "The house: imports go down only BROKEN",
        "Domains, scoreboard and web never touch devices BROKEN",
        "The twin knows the product only by its protocols BROKEN",
        "No cycles BROKEN",
        "Domain rooms do not know each other BROKEN",
    ):
        assert contract in said, said[:4000]
